"""Addresses of a twin server as people type them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from twin.errors import InputError

SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}


@dataclass(frozen=True)
class Address:
    """Where a server and one of its sessions are.

    Attributes
    ----------
    http : such as ``http://127.0.0.1:8000``, for REST
    session : id of the session; None is the server's first
    """

    http: str
    session: str | None = None

    @property
    def stream(self) -> str:
        """Address of the websocket."""
        query = "?" + urlencode({"session": self.session}) if self.session else ""
        return "ws" + self.http.removeprefix("http") + "/ws" + query

    def rest(self, path: str, **query: str | int | None) -> str:
        """Address of a REST resource of the session, such as ``/api/scene``."""
        values = {"session": self.session, **query}
        text = urlencode({key: value for key, value in values.items() if value is not None})
        return f"{self.http}{path}" + (f"?{text}" if text else "")


def parse_address(text: str) -> Address:
    """Read ``ws://host:port``, ``http://host:port``, ``host:port``, with ``?session=ID`` if wanted.

    Raises
    ------
    InputError : anything else
    """
    wrong = InputError(
        "not the address of a twin server",
        key="address",
        found=text[:200],
        allowed="such as ws://127.0.0.1:8000",
    )
    try:
        parts = urlsplit(text.strip() if "://" in text else f"ws://{text.strip()}")
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in SCHEMES or not parts.hostname or any(c.isspace() for c in text.strip()):
        raise wrong
    if parts.path.rstrip("/") not in ("", "/ws"):
        raise wrong
    scheme = SCHEMES[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    session = parse_qs(parts.query).get("session", [None])[0]
    return Address(f"{scheme}://{host}:{port or (443 if scheme == 'https' else 8000)}", session)
