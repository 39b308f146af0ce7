"""What a session asks of whoever keeps it, and how it refuses."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from twin.errors import InputError, TwinError

if TYPE_CHECKING:
    from twin.server.journal import Entry
    from twin.server.rewind import Cut
    from twin.server.session import Session


class Busy(TwinError):
    """The session cannot take the request now; the same request may succeed later."""


class Taken(InputError):
    """A session of that name exists, is being opened or closed, or is kept."""


class Gone(TwinError):
    """The session is closed or does not exist."""


class Keeper(Protocol):
    """Where a session is kept: recording and checkpoints. Called on the session's thread."""

    folder: Path
    checkpoints: int
    lost_frames: int

    def after_step(self, session: Session) -> None:
        """Take what has to be kept of this step; must not wait for the disk."""
        ...

    def at_rest(self, session: Session) -> float | None:
        """Nothing moves; seconds after which to be called again, or None."""
        ...

    def begin(self, session: Session) -> None:
        """The session begins to run."""
        ...

    def after_change(self, session: Session, entry: Entry) -> Future[None]:
        """A command was carried out; the future ends when that is kept."""
        ...

    def rewound(self, session: Session, cut: Cut) -> None:
        """Time was set back; what was kept of later times is to go."""
        ...

    @property
    def behind(self) -> bool:
        """Whether it is better to wait than to take more."""
        ...

    def close(self, session: Session, final: bool = False) -> None:
        """Write what is open and end."""
        ...
