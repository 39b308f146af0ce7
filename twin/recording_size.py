"""How much of the disk a recording will take: what cannot fit is refused before the run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from twin.errors import InputError
from twin.recording_store import CHUNK_ELEMENTS, CHUNK_FRAMES

USUAL_COMPRESSION, BEST_COMPRESSION = 10, 50
"""Raw over compressed bytes: of faults and swings, and of a factory that stands still."""
WORTH_TELLING = 10**9  # bytes


def expected_size(path: Path, frames: int, counts: Sequence[int]) -> int:
    """Bytes that a recording of so many frames takes, to be made at a path.

    counts : elements of every channel

    Raises
    ------
    InputError : the disk cannot hold it
    OSError : the folder is not there
    """
    disk = os.statvfs(path.absolute().parent)
    chunks = -(-frames // CHUNK_FRAMES)
    files = chunks * sum(-(-count // CHUNK_ELEMENTS) for count in counts)
    raw = chunks * CHUNK_FRAMES * 4 * sum(counts)
    least = files * disk.f_frsize + raw // BEST_COMPRESSION  # every file takes a block
    free = disk.f_bavail * disk.f_frsize
    if least > free:
        raise InputError(
            "the recording cannot be written: No space left on device for all of it",
            path,
            found=f"{frames:,} frames, at least {size_text(least)}",
            allowed=f"{size_text(free)} are free: fewer frames (--every), a shorter time (--for)",
        )
    if disk.f_files and files > disk.f_favail:
        raise InputError(
            "the recording cannot be written: it has more files than the disk takes",
            path,
            found=f"{frames:,} frames, {files:,} files",
            allowed=f"{disk.f_favail:,} files: fewer frames (--every), a shorter time (--for)",
        )
    return files * disk.f_frsize + raw // USUAL_COMPRESSION


def size_text(size: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000.0:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1000.0
    return f"{size:,.0f} PB"
