"""All sessions of a server."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from twin.errors import InputError
from twin.server.keeping import Gone
from twin.server.session import Session

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass
class Manager:
    """Sessions by id, in the order of their creation; the first is what is meant by default."""

    maximum: int = 8
    sessions: dict[str, Session] = field(default_factory=dict)
    on_add: list[Callable[[Session], None]] = field(default_factory=list)
    on_remove: list[Callable[[Session], None]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, session: Session) -> Session:
        """Start a session. Raises InputError: id taken or malformed, too many sessions."""
        with self._lock:
            self.check_name(session.id)
            if len(self.sessions) >= self.maximum:
                raise InputError("too many sessions", allowed=f"{self.maximum}; close one first")
            self.sessions[session.id] = session
        for hook in self.on_add:
            hook(session)
        session.start()
        return session

    def check_name(self, id: str) -> None:
        """Raises InputError when a session cannot be called so."""
        if not NAME.fullmatch(id):
            raise InputError(
                "not a session name",
                key="id",
                found=id[:60],
                allowed="up to 40 letters a-z, digits and hyphens",
            )
        if id in self.sessions:
            raise InputError("a session of that name exists", key="id", found=id)

    def get(self, id: str | None) -> Session:
        """A session by id, or the first; raises Gone."""
        with self._lock:
            if id is None:
                for session in self.sessions.values():
                    return session
                raise Gone("no session is open")
            if id not in self.sessions:
                raise Gone(f"no session '{id[:60]}'")
            return self.sessions[id]

    def list(self) -> list[Session]:
        """All sessions."""
        with self._lock:
            return list(self.sessions.values())

    def free_name(self, wish: str) -> str:
        """A name not in use that begins with ``wish``."""
        base = re.sub(r"[^a-z0-9]+", "-", wish.lower()).strip("-")[:32].rstrip("-") or "session"
        with self._lock:
            name, number = base, 2
            while name in self.sessions:
                name, number = f"{base}-{number}", number + 1
            return name

    def remove(self, id: str) -> None:
        """Close a session for good; raises Gone."""
        session = self.get(id)
        session.final = True
        with self._lock:
            self.sessions.pop(id, None)
        for hook in self.on_remove:
            hook(session)
        session.close()

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
