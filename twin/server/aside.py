"""Recordings set aside: those of earlier sessions of a name, and of futures that were undone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from twin.server.journal import COMMANDS
from twin.server.meta import META

UNDONE = "undone-"
MAXIMUM_UNDONE = 20  # recordings of undone futures kept; the command log has all of them


def move_aside(folder: Path) -> Path:
    """Give a closed session's folder, and its undone futures, a name that no session can have.

    Raises OSError.
    """
    number = max(_asides(folder, ""), default=0) + 1
    aside = folder.with_name(f"{folder.stem}.{number}.zarr")
    for future, undone in _asides(folder, UNDONE).items():
        undone.rename(folder.with_name(f"{folder.stem}.{number}.{UNDONE}{future}.zarr"))
    folder.rename(aside)
    return aside


def move_back(aside: Path, folder: Path) -> None:
    """Take :func:`move_aside` back. Raises OSError."""
    for future, undone in _asides(aside, UNDONE).items():
        undone.rename(undone_folder(folder, future))
    aside.rename(folder)


def undone_folder(folder: Path, number: int) -> Path:
    """Where the recording of a session's undone future of that number lies."""
    return folder.with_name(f"{folder.stem}.{UNDONE}{number}.zarr")


def undone_folders(folder: Path) -> list[Path]:
    """Recordings of a session's undone futures, the oldest first."""
    return list(_asides(folder, UNDONE).values())


def keep_undone(folder: Path, number: int, lines: int) -> Path:
    """Keep a recording as it is now as that of an undone future, before it is cut. Raises OSError.

    Files that are only ever replaced (chunks, checkpoints) are shared, so that nothing but what is
    cut off takes space; those that grow are copied, the command log up to ``lines`` lines. What was
    kept before stays as it is.
    """
    aside = undone_folder(folder, number)
    if aside.exists():
        return aside
    partial = aside.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        shutil.copytree(
            folder, partial, copy_function=_share, ignore=shutil.ignore_patterns("*.partial")
        )
        log = partial / COMMANDS
        if log.is_file():
            log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:lines]))
        meta = partial / META
        facts = json.loads(meta.read_text(encoding="utf-8"))
        meta.write_text(json.dumps(facts | {"closed": True}), encoding="utf-8")
        partial.rename(aside)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise OSError(getattr(error, "errno", None) or 5, f"not kept: {error}") from None
    for old in undone_folders(folder)[:-MAXIMUM_UNDONE]:
        shutil.rmtree(old, ignore_errors=True)
    return aside


def _asides(folder: Path, prefix: str) -> dict[int, Path]:
    """Recordings set aside, by number."""
    head = f"{folder.stem}.{prefix}"
    found = {}
    for aside in folder.parent.iterdir():
        number = aside.name.removeprefix(head).removesuffix(".zarr")
        if aside.name == f"{head}{number}.zarr" and number.isdecimal() and number.isascii():
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
