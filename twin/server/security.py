"""Who may do what: tokens with roles, and which web pages may talk to the server."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from twin.errors import InputError
from twin.protocol import TOKEN_PROTOCOL

SHORTEST_TOKEN = 16


class Role(IntEnum):
    """What a token allows; each role may also do what those before it may."""

    view = 1
    operate = 2
    admin = 3


@dataclass(frozen=True)
class User:
    """Someone who may do something. ``name`` goes into logs, the token never."""

    name: str
    role: Role


@dataclass(frozen=True)
class Access:
    """Tokens, by their SHA-256, and the origins of web pages that may connect.

    Without tokens everyone who reaches the server is admin; that is only allowed on loopback.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()

    def user(self, token: str | None, address: str) -> User | None:
        """The user of a token; None when it is missing or wrong."""
        if not self.users:
            return User(f"local:{address}", Role.admin)
        if not token:
            return None
        digest = _digest(token)
        found = None
        for known, user in self.users.items():  # all of them, so that time tells nothing
            if hmac.compare_digest(known, digest):
                found = user
        return found

    def refusal(
        self, hosts: Sequence[str], origins: Sequence[str]
    ) -> tuple[int, dict[str, str]] | None:
        """Status and reason for refusing a request with these headers; None when it may pass."""
        if len(hosts) > 1 or len(origins) > 1:
            return 400, {"message": "more than one Host or Origin"}
        host, origin = next(iter(hosts), None), next(iter(origins), None)
        try:
            ours = self.allows_host(host)
        except ValueError:
            message = "Host is not a name with or without a port"
            return 400, {"message": message, "key": "host", "found": (host or "")[:100]}
        try:
            invited = self.allows_origin(origin, host)
        except ValueError:
            message = "Origin is not one of a web page"
            return 400, {"message": message, "key": "origin", "found": (origin or "")[:100]}
        if not ours:
            return 403, {"message": "not the name of this server", "found": (host or "")[:100]}
        if not invited:
            return 403, {"message": "origin not allowed", "found": (origin or "")[:100]}
        return None

    def allows_origin(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of ``origin`` may talk to us, who were addressed as ``host``.

        No origin means no browser. A page may talk to the host it came from, and listed origins to
        us by any name. Raises ValueError when it is not an origin at all.
        """
        if origin is None or origin.rstrip("/") in self.origins:
            return True
        if origin in ("null", "file://"):
            return False
        parts = _address(origin)
        return parts.scheme in ("http", "https") and bool(host) and parts.netloc == host

    def allows_host(self, host: str | None) -> bool:
        """Whether the name we were addressed by is ours.

        Without tokens only loopback names are: a web page elsewhere could otherwise point its own
        name at 127.0.0.1 and pass for the same origin. Raises ValueError when it is not a name.
        """
        name = _address(f"//{host}").hostname if host else None
        if self.users:
            return True
        return name is not None and (is_loopback(name) or name in self.hosts)


def _address(text: str) -> SplitResult:
    """Parts of an address of host and port; raises ValueError when it is not one."""
    if not text.isascii() or not text.isprintable() or set(text) & set(' \\"<>^`{|}@'):
        raise ValueError("characters that no address has")
    parts = urlsplit(text)
    if not parts.hostname or parts.port == 0:
        raise ValueError("no host, or no port")
    if parts.query or parts.fragment or parts.path.strip("/"):
        raise ValueError("more than a host and a port")
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host name or address stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bearer(authorization: str | None, subprotocols: Sequence[str] = ()) -> str | None:
    """Token of an ``Authorization: Bearer`` header, or of the websocket's subprotocols."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return token.strip()
    for name in subprotocols:
        if name.startswith(TOKEN_PROTOCOL):
            return name[len(TOKEN_PROTOCOL) :]
    return None


def read_tokens(file: Path) -> dict[str, User]:
    """Read a token file: lines of ``role name token``, or ``role name sha256:<hex>``; # comments.

    Raises
    ------
    InputError : unreadable, readable by others, unknown role, name used twice, token too short
    """
    try:
        mode = file.stat().st_mode
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"token file cannot be read: {reason}", file) from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(
            "token file is open to other users",
            file,
            found=stat.filemode(mode),
            allowed="chmod 600",
        )
    users: dict[str, User] = {}
    names: set[str] = set()
    for number, line in enumerate(lines, start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if len(words) != 3:
            raise InputError("not a token line", file, number, allowed="role name token")
        role, name, token = words
        if role not in Role.__members__:
            raise InputError(
                "unknown role", file, number, found=role, allowed=", ".join(Role.__members__)
            )
        if name in names:
            raise InputError("name used twice", file, number, found=name)
        if token.startswith("sha256:"):
            digest = token.removeprefix("sha256:").lower()
            if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
                raise InputError("not a SHA-256 in hexadecimal", file, number)
        elif len(token) < SHORTEST_TOKEN:
            raise InputError(
                "token too short", file, number, allowed=f"at least {SHORTEST_TOKEN} characters"
            )
        else:
            digest = _digest(token)
        names.add(name)
        users[digest] = User(name, Role[role])
    if not users:
        raise InputError("token file holds no tokens", file, allowed="role name token")
    return users


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
