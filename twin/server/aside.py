"""Recordings set aside: those of earlier sessions of a name, and of futures that were undone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from twin.server.journal import COMMANDS

UNDONE = "undone-"
MAXIMUM_UNDONE = 20  # recordings of undone futures kept; the command log has all of them


def name_aside(folder: Path, prefix: str = "") -> Path:
    """A free name beside a session's folder that no session can have; numbers rise."""
    number = max(_asides(folder, prefix), default=0) + 1
    return folder.with_name(f"{folder.stem}.{prefix}{number}.zarr")


def keep_undone(folder: Path, entries: int) -> Path:
    """Keep a recording as it is now under another name, before it is cut. Raises OSError.

    Files that are only ever replaced (chunks, checkpoints) are shared, so that nothing but what is
    cut off takes space; those that grow are copied, the command log up to ``entries`` lines.
    """
    aside = name_aside(folder, UNDONE)
    partial = aside.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        shutil.copytree(
            folder, partial, copy_function=_share, ignore=shutil.ignore_patterns("*.partial")
        )
        log = partial / COMMANDS
        if log.is_file():
            lines = log.read_bytes().splitlines(keepends=True)
            log.write_bytes(b"".join(lines[:entries]))
        meta = partial / "session.json"
        facts = json.loads(meta.read_text(encoding="utf-8"))
        meta.write_text(json.dumps(facts | {"closed": True}), encoding="utf-8")
        partial.rename(aside)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise OSError(getattr(error, "errno", None) or 5, f"not kept: {error}") from None
    _drop_oldest(folder)
    return aside


def _asides(folder: Path, prefix: str) -> dict[int, Path]:
    """Recordings set aside, by number."""
    head = f"{folder.stem}.{prefix}"
    found = {}
    for aside in folder.parent.glob(f"{head}*.zarr"):
        number = aside.stem.removeprefix(head)
        if number.isdigit():
            found[int(number)] = aside
    return dict(sorted(found.items()))


def _share(source: str, target: str) -> None:
    if source.endswith((".json", ".jsonl")):
        shutil.copyfile(source, target)
        return
    try:
        os.link(source, target)
    except OSError:  # a disk without links
        shutil.copyfile(source, target)


def _drop_oldest(folder: Path) -> None:
    for aside in list(_asides(folder, UNDONE).values())[:-MAXIMUM_UNDONE]:
        shutil.rmtree(aside, ignore_errors=True)
