"""The door for HTTP requests: host, origin, token, size and rate, before anything else runs."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin.server.commands import Forbidden
from twin.server.redfish_service import OPEN as REDFISH_OPEN
from twin.server.security import Access, Bucket, Role, User, bearer

PROTECTED = ("/api", "/metrics", "/redfish", "/docs", "/redoc", "/openapi")
REQUESTS_PER_SECOND = 200.0
REQUESTS_AT_ONCE = 400.0
MAXIMUM_CLIENTS = 10_000
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]


class Guard:
    """ASGI middleware; puts the user into ``scope["state"]["user"]``."""

    def __init__(self, app: ASGIApp, access: Access, maximum_body: int):
        self.app = app
        self.access = access
        self.maximum_body = maximum_body
        self._buckets: dict[str, Bucket] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        address = scope["client"][0] if scope.get("client") else "?"
        refusal = self._refusal(scope, headers, address)
        if refusal is not None:
            await _answer(send, *refusal)
            return
        await self.app(scope, self._limited(receive), _with_headers(send))

    def _refusal(
        self, scope: Scope, headers: Headers, address: str
    ) -> tuple[int, dict[str, Any], list[tuple[bytes, bytes]]] | None:
        host = headers.get("host")
        if not self.access.allows_host(host):
            return 403, {"message": "not the name of this server", "found": host or ""}, []
        if not self.access.allows_origin(headers.get("origin"), host):
            return 403, {"message": "origin not allowed", "found": headers.get("origin", "")}, []
        if not self._bucket(address).take(time.monotonic()):
            return 429, {"message": "too many requests"}, [(b"retry-after", b"1")]
        user = self.access.user(bearer(headers.get("authorization")), address)
        path = scope["path"]
        needs_user = path.startswith(PROTECTED) and path not in REDFISH_OPEN
        if user is None and needs_user:
            return (
                401,
                {"message": "token missing or wrong", "allowed": "Authorization: Bearer TOKEN"},
                [(b"www-authenticate", b"Bearer")],
            )
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.maximum_body:
            return (
                413,
                {"message": "request body too large", "allowed": f"{self.maximum_body} bytes"},
                [],
            )
        scope.setdefault("state", {})["user"] = user
        return None

    def _bucket(self, address: str) -> Bucket:
        bucket = self._buckets.get(address)
        if bucket is None:
            if len(self._buckets) >= MAXIMUM_CLIENTS:
                self._buckets.clear()
            bucket = Bucket(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE, time.monotonic())
            self._buckets[address] = bucket
        return bucket

    def _limited(self, receive: Receive) -> Receive:
        """Bodies without a length are cut off at the limit."""
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.maximum_body:
                raise HTTPException(413, "request body too large")
            return message

        return limited


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *SECURITY_HEADERS]
        await send(message)

    return with_headers


async def _answer(
    send: Send, status: int, body: dict[str, Any], headers: list[tuple[bytes, bytes]]
) -> None:
    data = json.dumps(body).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(data)).encode()),
                *headers,
                *SECURITY_HEADERS,
            ],
        }
    )
    await send({"type": "http.response.body", "body": data})


def _user(request: Request) -> User:
    user: User | None = getattr(request.state, "user", None)
    if user is None:
        raise Forbidden("token missing or wrong")
    return user


def _at_least(role: Role) -> Any:
    def check(request: Request) -> User:
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
