"""What the parts of a server share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from twin.server.allowed_files import AllowedFiles
from twin.server.costly import Costly
from twin.server.hub import Hub
from twin.server.limits import Limits
from twin.server.manager import Manager
from twin.server.security import Access
from twin.server.session import Session

HANDSHAKES_AT_ONCE = 4  # websockets being opened; more wait for a moment
Picture = Callable[..., bytes]


@dataclass(frozen=True)
class Settings:
    """How a server behaves.

    Attributes
    ----------
    access : tokens and allowed web pages
    web_folder : built web page to serve at ``/``, or None
    state_folder : where sessions are kept over restarts, or None
    maximum_viewers : websocket connections of all sessions
    limits : of connections, requests and messages
    redfish : whether the read-only Redfish tree is offered
    files : what may be asked for by name over REST
    picture : draws a scene and a frame as PNG, or None where nothing installed can
    """

    access: Access = field(default_factory=Access)
    web_folder: Path | None = None
    state_folder: Path | None = None
    maximum_viewers: int = 1000
    limits: Limits = field(default_factory=Limits)
    files: AllowedFiles = field(default_factory=AllowedFiles)
    picture: Picture | None = None
    redfish: bool = False


class ServerState:
    """Sessions and their hubs."""

    def __init__(self, manager: Manager, settings: Settings):
        self.manager = manager
        self.settings = settings
        self.costly = Costly(settings.limits.costly_at_once, settings.limits.costly_waiting)
        self._started = time.monotonic()
        self.stopping = False
        self.on_close: list[Callable[[], None]] = []
        self.handshakes = asyncio.Semaphore(HANDSHAKES_AT_ONCE)
        self.lines = 0  # streams of JSON lines
        self.scenes: dict[str, tuple[str, bytes, bytes]] = {}
        self._hubs: dict[str, Hub] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        manager.on_remove.append(self._removed)

    def hub(self, session: Session) -> Hub:
        """Hub of a session; made on first use, on the event loop."""
        self._loop = asyncio.get_running_loop()
        hub = self._hubs.get(session.id)
        if hub is None or hub.session is not session:
            hub = self._hubs[session.id] = Hub(session, self._loop)
        return hub

    def hub_of(self, session: Session) -> Hub | None:
        """Hub of a session if it has had a viewer."""
        return self._hubs.get(session.id)

    def hubs(self) -> list[Hub]:
        """All hubs."""
        return list(self._hubs.values())

    def viewers(self) -> int:
        """Connections of all sessions."""
        return sum(len(hub.viewers) for hub in self._hubs.values())

    def close(self, reason: str = "server is going down") -> None:
        """Tell all viewers that it ends."""
        self.stopping = True
        for hub in self.hubs():
            hub.close(reason)
        for hook in self.on_close:
            hook()
        self.costly.close()

    def _removed(self, session: Session) -> None:
        """A session was closed, on any thread."""
        hub = self._hubs.pop(session.id, None)
        if hub is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(hub.close, "session closed")

    def uptime(self) -> float:
        """Seconds since the server began."""
        return round(time.monotonic() - self._started, 1)
