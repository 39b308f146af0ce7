"""The door for requests and websockets: host, origin, token, size and rate, before all else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin.server.commands import Forbidden
from twin.server.headers import ONLY_ENCRYPTED, SECURITY_HEADERS
from twin.server.limits import Limits
from twin.server.rates import Buckets
from twin.server.redfish_service import OPEN as REDFISH_OPEN
from twin.server.security import Access, Role, User, bearer, is_loopback

PROTECTED = ("/api", "/metrics", "/redfish", "/docs", "/openapi")
Pair = tuple[bytes, bytes]
Refusal = tuple[int, dict[str, Any], list[Pair]]


class Guard:
    """ASGI middleware; puts the user into ``scope["state"]["user"]``."""

    def __init__(self, app: ASGIApp, access: Access, limits: Limits):
        self.app = app
        self.access = access
        self.limits = limits
        self._requests = Buckets(limits.requests_per_second, limits.requests_at_once)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        address = scope["client"][0] if scope.get("client") else "?"
        added = [*SECURITY_HEADERS]
        refusal = self._refusal(scope, headers, address)
        if scope.get("scheme") in ("https", "wss") and not refers_to_loopback(headers):
            added.append(ONLY_ENCRYPTED)
        if refusal is not None:
            await _answer(scope, send, *refusal, added)
            return
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        await self.app(scope, self._limited(receive), _with_headers(send, added))

    def _refusal(self, scope: Scope, headers: Headers, address: str) -> Refusal | None:
        """Status, body and headers of why not; None when it may go on."""
        foreign = self.access.refusal(headers.getlist("host"), headers.getlist("origin"))
        if foreign is not None:
            return *foreign, []
        websocket = scope["type"] == "websocket"
        if not (websocket or self._requests.take(address)):
            slower: list[Pair] = [(b"retry-after", b"1"), (b"connection", b"close")]
            return 429, {"message": "too many requests"}, slower
        offered: list[str] = scope.get("subprotocols", [])
        user = self.access.user(bearer(headers.get("authorization"), offered), address)
        path = scope["path"]
        needs_user = websocket or (path.startswith(PROTECTED) and path not in REDFISH_OPEN)
        if user is None and needs_user:
            return (
                401,
                {"message": "token missing or wrong", "allowed": "Authorization: Bearer TOKEN"},
                [(b"www-authenticate", b"Bearer")],
            )
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return 400, {"message": "not a length", "key": "content-length"}, []
        if int(length) > self.limits.body_bytes:
            most = f"{self.limits.body_bytes} bytes"
            return 413, {"message": "request body too large", "allowed": most}, []
        scope.setdefault("state", {})["user"] = user
        return None

    def _limited(self, receive: Receive) -> Receive:
        """Bodies without a length are cut off at the limit."""
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.limits.body_bytes:
                raise HTTPException(413, "request body too large")
            return message

        return limited


def refers_to_loopback(headers: Headers) -> bool:
    """Whether we are addressed as this machine; browsers would keep to TLS for all its servers."""
    host = headers.get("host", "")
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return is_loopback(name.lower())


def _with_headers(send: Send, added: Iterable[Pair]) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *added]
        await send(message)

    return with_headers


async def _answer(
    scope: Scope,
    send: Send,
    status: int,
    body: dict[str, Any],
    headers: Iterable[Pair],
    added: Iterable[Pair],
) -> None:
    data = json.dumps(body).encode()
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    await send(
        {
            "type": f"{kind}.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(data)).encode()),
                *headers,
                *added,
            ],
        }
    )
    await send({"type": f"{kind}.body", "body": data})


def _user(request: Request) -> User:
    user: User | None = getattr(request.state, "user", None)
    if user is None:
        raise Forbidden("token missing or wrong")
    return user


def _at_least(role: Role) -> Any:
    async def check(request: Request) -> User:  # async: it needs no thread of its own
        user = _user(request)
        if user.role < role:
            raise Forbidden(
                "the token's role does not allow this", found=user.role.name, allowed=role.name
            )
        return user

    return Depends(check)


Viewing = Annotated[User, _at_least(Role.view)]
Operating = Annotated[User, _at_least(Role.operate)]
Administering = Annotated[User, _at_least(Role.admin)]
