"""Sessions kept from before: one door through which each comes back or is told why it does not.

Whatever is wrong with one, the others are opened. What is damaged is set aside with the reason, and
its name is free again; what cannot be opened for a reason outside of it (a full disk, a layout that
is not there) is left where it lies, untouched, for the next start.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from twin.errors import TwinError
from twin.server.aside import undone_folders

log = logging.getLogger("twin.server")
T = TypeVar("T")

SET_ASIDE = "set-aside"
REASON = "reason.json"
MOST_TOLD = 100  # newest of those set aside, earlier ones included
# what the machine refuses now and may allow later
OUTSIDE = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE,
    errno.ENFILE, errno.ENOMEM, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT,
)  # fmt: skip


class NotNow(TwinError):
    """A kept session cannot be opened for a reason that lies outside of it."""


@dataclass(frozen=True)
class Unopened:
    """A kept session that is not open.

    Attributes
    ----------
    id : its name, as its folder has it
    reason : why, for people
    folder : where it lies now
    set_aside : whether it was moved there because it is damaged; else it waits for the next start
    since : seconds since 1970 at which it was set aside; of others None
    """

    id: str
    reason: str
    folder: Path
    set_aside: bool
    since: float | None = None


def through_the_door(folder: Path, work: Callable[[], T]) -> T | Unopened:
    """What ``work`` makes of a kept session's folder, or why it does not come back.

    Anything that can go wrong ends here, and nowhere else: files are whatever a crash, another
    program or another version left.
    """
    try:
        return work()
    except Exception as error:
        reason = _reason(error)
        if not isinstance(error, TwinError | OSError):
            log.debug("unexpected: %s", reason, exc_info=error)
        if _from_outside(error):
            return leave(folder, reason)
        return set_aside(folder, reason)


def leave(folder: Path, reason: str) -> Unopened:
    """Leave a kept session where it lies; tells so."""
    id = name_of(folder)
    log.warning("session '%s' is kept and not opened: %s", id, reason)
    return Unopened(id, reason, folder, set_aside=False)


def set_aside(folder: Path, reason: str) -> Unopened:
    """Move a kept session, and its undone futures, out of the way with the reason; tells so.

    ``set-aside/<id>-<number>/`` then holds its folder under its own name, so that moving it back is
    all it takes to have it tried again. Where that cannot be done it is left.
    """
    id, since = name_of(folder), time.time()
    try:
        place = _free_place(folder)
        facts = {"id": id, "reason": reason, "since": since}
        (place / REASON).write_text(json.dumps(facts, indent=1), encoding="utf-8")
        for undone in undone_folders(folder):
            undone.rename(place / undone.name)
        folder.rename(place / folder.name)
    except OSError as error:
        return leave(folder, f"{reason} (and cannot be set aside: {error.strerror})")
    log.error("session '%s' is set aside in %s: %s", id, shown(str(place)), reason)
    return Unopened(id, reason, place, set_aside=True, since=since)


def set_aside_before(state: Path) -> list[Unopened]:
    """Those set aside, at this start or earlier, the newest last."""
    found = []
    for file in (state / SET_ASIDE).glob(f"*/{REASON}"):
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            id, reason, since = str(facts["id"]), str(facts["reason"]), float(facts["since"])
            if not math.isfinite(since):
                raise ValueError("no time")
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            id, reason, since = file.parent.name, "its reason cannot be read", 0.0
        found.append(Unopened(id, reason, file.parent, set_aside=True, since=since))
    return sorted(found, key=lambda one: (one.since or 0.0, one.folder))[-MOST_TOLD:]


def name_of(folder: Path) -> str:
    """The name of a session's folder, as text that can be shown wherever it came from."""
    return shown(folder.stem)[:80]


def _free_place(folder: Path) -> Path:
    base = re.sub(r"[^a-z0-9-]+", "-", folder.stem.lower())[:40].strip("-") or "session"
    number = 1
    while True:
        place = folder.parent / SET_ASIDE / f"{base}-{number}"
        try:
            place.mkdir(parents=True)
        except FileExistsError:
            if not place.exists():  # not this place is in the way but a file called set-aside
                raise
            number += 1
            continue
        return place


def _from_outside(error: BaseException) -> bool:
    """Whether the machine, and not what is kept, stands behind an error."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NotNow | MemoryError):
            return True
        if isinstance(cause, OSError) and cause.errno in OUTSIDE:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _reason(error: Exception) -> str:
    """One line of text that can be shown."""
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif not isinstance(error, TwinError):
        text = f"{type(error).__name__}: {text}"
    return shown("; ".join(line.strip() for line in text.splitlines()))[:2000]


def shown(text: str) -> str:
    """Text in which nothing is left that no encoding takes, as names of files may have."""
    return text.encode(errors="replace").decode()
