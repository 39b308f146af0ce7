"""All sessions of a server."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from twin.errors import InputError
from twin.server.keeping import Busy, Gone, Taken
from twin.server.session import Session

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
# no folder can have these names on some systems, whatever follows a dot
RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)
OPENING, CLOSING = "is being opened", "is still being closed"


@dataclass(frozen=True, eq=False)
class Hold:
    """Why nobody can have a name though no session of that name is open."""

    why: str


@dataclass
class Manager:
    """Sessions by id, in the order of their creation; the first is what is meant by default.

    A name belongs to one session from before anything of it is made until nothing of it runs.

    Attributes
    ----------
    maximum : sessions at a time
    held : names that nobody can have, beside those of the open sessions
    """

    maximum: int = 8
    sessions: dict[str, Session] = field(default_factory=dict)
    held: dict[str, Hold] = field(default_factory=dict)
    on_add: list[Callable[[Session], None]] = field(default_factory=list)
    on_remove: list[Callable[[Session], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def reserve(self, id: str | None, wish: str = "session") -> Iterator[str]:
        """Hold a name, and a place among the sessions, while one is made; given up at the end.

        ``wish`` is what the name begins with when no ``id`` is asked for. Raises InputError: name
        malformed, too many sessions; Taken.
        """
        with self._lock:
            name = self._free_name(wish) if id is None else id
            self._check(name)
            hold = self.held[name] = Hold(OPENING)
        try:
            yield name
        finally:
            self._let_go(name, hold)

    def add(self, session: Session) -> Session:
        """Start a session. Raises InputError: name malformed, too many sessions; Taken."""
        with self._lock:
            if not self._is_opening(session.id):
                self._check(session.id)
            self.sessions[session.id] = session
        try:
            for hook in self.on_add:
                hook(session)
            session.start()
        except BaseException:
            with self._lock:
                self.sessions.pop(session.id, None)
            session.close()
            raise
        return session

    def check(self, id: str | None) -> None:
        """Refuse early what :meth:`reserve` would refuse."""
        with self._lock:
            self._check(self._free_name("session") if id is None else id)

    def _is_opening(self, name: str) -> bool:
        hold = self.held.get(name)
        return hold is not None and hold.why == OPENING

    def _check(self, name: str) -> None:
        if not is_name(name):
            raise InputError(
                "not a session name",
                key="id",
                found=name[:60],
                allowed="up to 40 letters a-z, digits and hyphens, and not a name such as 'con'",
            )
        if name in self.sessions:
            raise Taken("a session of that name exists", key="id", found=name)
        if name in self.held:
            raise Taken(f"a session of that name {self.held[name].why}", key="id", found=name)
        opening = {name for name in self.held if self._is_opening(name)}
        if len(opening | self.sessions.keys()) >= self.maximum:
            raise InputError("too many sessions", allowed=f"{self.maximum}; close one first")

    def get(self, id: str | None) -> Session:
        """A session by id, or the first; raises Gone."""
        with self._lock:
            if id is None:
                for session in self.sessions.values():
                    return session
                raise Gone("no session is open")
            if id in self.sessions:
                return self.sessions[id]
            if self._is_opening(id):
                raise Busy(f"session '{id}' is still being opened; try again")
            raise Gone(f"no session '{id[:60]}'")

    def list(self) -> list[Session]:
        """All sessions."""
        with self._lock:
            return list(self.sessions.values())

    def _free_name(self, wish: str) -> str:
        base = re.sub(r"[^a-z0-9]+", "-", wish.lower()).strip("-")[:32].rstrip("-") or "session"
        name, number = base, 2
        while name in self.sessions or name in self.held or not is_name(name):
            name, number = f"{base}-{number}", number + 1
        return name

    def remove(self, id: str) -> None:
        """Close a session for good; its name is free when nothing of it runs. Raises Gone."""
        session = self.get(id)
        with self._lock:
            if self.sessions.get(id) is not session:
                raise Gone(f"no session '{id[:60]}'")
            del self.sessions[id]
            hold = self.held[id] = Hold(CLOSING)
        session.final = True
        for hook in self.on_remove:
            hook(session)
        session.close()
        if session.ended:
            self._let_go(id, hold)
            return

        def wait() -> None:  # its disk takes its time
            while not session.ended:
                session.close(60.0)
            self._let_go(id, hold)

        threading.Thread(target=wait, name=f"close-{id}", daemon=True).start()

    def _let_go(self, name: str, hold: Hold) -> None:
        with self._lock:
            if self.held.get(name) is hold:
                del self.held[name]

    def close(self, timeout: float = 3.0) -> None:
        """Close all sessions."""
        sessions = self.list()
        threads = [
            threading.Thread(target=session.close, args=(timeout,), daemon=True)
            for session in sessions
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout)


def is_name(text: str) -> bool:
    """Whether a session, and its folder on any file system, can be called so."""
    return bool(NAME.fullmatch(text)) and text not in RESERVED
