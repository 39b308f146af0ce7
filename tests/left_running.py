"""Processes that tests started and did not end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

_BECOME_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux' prctl
_OF_PYTHON = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "execnet")
"""Helpers of Python's own, which end with the process that they help."""
PATIENCE = 20.0  # s


def adopt() -> None:
    """Become the parent of processes whose own parent ends first, so that they can be found."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1, 0, 0, 0)


def left_running() -> set[int]:
    """Processes below this one that have not ended, whoever of them started them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z" and not _helps_python(entry):
                parents[int(entry.name)] = int(parent)
    found = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


def _helps_python(entry: Path) -> bool:
    words = (entry / "cmdline").read_bytes().decode(errors="replace")
    return any(name in words for name in _OF_PYTHON)


def end_all(found: set[int]) -> list[str]:
    """Kill the processes that do not end by themselves; returns their command lines."""
    end = time.monotonic() + PATIENCE
    while found & left_running() and time.monotonic() < end:
        time.sleep(0.05)  # what was just told to end may still be at it
    found = found & left_running()
    told = []
    for process in sorted(found):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ")
            told.append(f"{process} {words.decode(errors='replace')[:200].strip()}")
            os.kill(process, signal.SIGKILL)
    return told
