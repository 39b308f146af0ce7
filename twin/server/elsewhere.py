"""Addresses that no part of the interface has: the web page's files, or a slash too many."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from twin.server.guard import PROTECTED

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Elsewhere:
    """ASGI application for what the routes of ``app`` do not know."""

    def __init__(self, app: FastAPI, files: StaticFiles | None):
        self.app, self.files, self.not_found = app, files, app.router.default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.not_found(scope, receive, send)
            return
        path = scope["path"]
        other = path[:-1] if path.endswith("/") else f"{path}/"
        if len(path) > 1 and allowed_methods(self.app, {**scope, "path": other}):
            query = scope.get("query_string", b"").decode("latin-1")
            target = quote(other) + (f"?{query}" if query else "")
            await RedirectResponse(target)(scope, receive, send)
            return
        if self.files is None or path.startswith(PROTECTED) or not path.isprintable():
            raise HTTPException(404)
        await self.files(scope, receive, send)


def allowed_methods(app: FastAPI, scope: Scope) -> list[str]:
    """Methods that a request's address takes; none if there is no such address."""
    found = [
        method
        for method in METHODS
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in app.router.routes
        )
    ]
    return [*found, "HEAD"] if "GET" in found else found
