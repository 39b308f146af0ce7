"""Addresses of a twin server as people type them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from twin.errors import InputError

SCHEMES = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
PORT = 8000
"""Where ``twin serve`` listens if nothing else is said."""
EXAMPLES = "such as ws://127.0.0.1:8000 or https://host/prefix/?session=ID"


@dataclass(frozen=True)
class Address:
    """Where a server and one of its sessions are.

    Attributes
    ----------
    http : such as ``http://127.0.0.1:8000`` or, behind a proxy, ``https://host:443/prefix``
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


def is_address(text: str) -> bool:
    """Whether a text is meant as an address: with a scheme, or ``host:port`` and no such file."""
    if "://" in text:
        return True
    plain = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d+([/?].*)?", text)
    return plain is not None and not Path(text).exists()


def parse_address(text: str) -> Address:
    """Read ``ws://host:port``, ``https://host/prefix/``, ``host:port``, with ``?session=ID``.

    A path is that of a reverse proxy's prefix. Without a port, addresses with TLS have 443, those
    with a path 80, and others 8000.

    Raises
    ------
    InputError : anything else; what is shown of it holds no password
    """
    trimmed = text.strip()
    try:
        parts = urlsplit(trimmed if "://" in trimmed else f"ws://{trimmed}")
        port = parts.port
    except ValueError:
        raise _wrong("not the address of a twin server", trimmed) from None
    if parts.username is not None or parts.password is not None:
        raise InputError(
            "an address holds no user name or password",
            key="address",
            found=parts.netloc.rpartition("@")[2],
            allowed="the address alone; a token is given by TWIN_TOKEN",
        )
    if parts.scheme not in SCHEMES or not parts.hostname or not _printable(trimmed) or port == 0:
        raise _wrong("not the address of a twin server", trimmed)
    scheme = SCHEMES[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    prefix = parts.path.rstrip("/").removesuffix("/ws").rstrip("/")
    usual = 443 if scheme == "https" else 80 if prefix else PORT
    return Address(f"{scheme}://{host}:{port or usual}{prefix}", _session(parts))


def _session(parts: SplitResult) -> str | None:
    """The session that a query names; raises InputError for any other query or fragment."""
    query = parse_qs(parts.query, keep_blank_values=True)
    others = [*sorted(set(query) - {"session"}), *(["#..."] if parts.fragment else [])]
    if others or len(query.get("session", [])) > 1:
        raise InputError(  # values stay unsaid: one may be a token
            "an address says no more than which session",
            key="address",
            found=", ".join(others) or "session twice",
            allowed="?session=ID; a token is given by TWIN_TOKEN",
        )
    return query.get("session", [""])[0] or None


def _printable(text: str) -> bool:
    return text.isprintable() and not any(letter.isspace() for letter in text)


def _wrong(message: str, text: str) -> InputError:
    shown = re.sub(r"//[^/@]*@", "//", text)[:200]
    return InputError(message, key="address", found=shown, allowed=EXAMPLES)
