"""The application: REST, websocket and web page over a manager of sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from twin.errors import InputError, TwinError
from twin.server.answers import PROBLEMS
from twin.server.commands import Forbidden, error_body
from twin.server.elsewhere import Elsewhere, allowed_methods
from twin.server.guard import Guard
from twin.server.head import Head
from twin.server.keeping import Busy, Gone, Taken
from twin.server.manager import Manager
from twin.server.metrics import rest_metrics
from twin.server.opening import Opener
from twin.server.painter import Unavailable
from twin.server.queries import Queries
from twin.server.rest_docs import rest_docs
from twin.server.rest_history import rest_history
from twin.server.rest_live import rest_live
from twin.server.rest_mesh import rest_mesh
from twin.server.rest_one_line import rest_one_line
from twin.server.rest_redfish import rest_redfish
from twin.server.rest_sessions import rest_health, rest_sessions
from twin.server.rest_transient import rest_transient
from twin.server.state import ServerState, Settings
from twin.server.stream import serve_stream

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>AI factory twin</title>
<body style="font-family:system-ui;max-width:40em;margin:3em auto;line-height:1.5">
<h1>AI factory twin</h1><p>The server is running; the browser client is not built here.
Look at <a href="docs">the REST interface</a>, <a href="api/sessions">sessions</a>,
<a href="api/kpis">key figures</a>, <a href="metrics">metrics</a>,
or run <code>twin view</code>.</p></body></html>"""

REDFISH_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": f"{problem['description']}; in the form of the Redfish standard"}
    for status, problem in PROBLEMS.items()
}
STATUS = ((Forbidden, 403), (Gone, 404), (Taken, 409), (Busy, 503), (Unavailable, 501))


def create_app(
    manager: Manager,
    settings: Settings | None = None,
    opener: Opener | None = None,
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
) -> FastAPI:
    """Application over sessions.

    Parameters
    ----------
    manager : sessions, closed by the caller
    settings : how it behaves
    opener : opens sessions created over REST; None keeps them in memory only
    background : what runs beside requests until the server ends, such as a bridge to a broker
    """
    settings = settings or Settings()
    state = ServerState(manager, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work()) for work in background]
        yield
        state.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app = FastAPI(
        title="AI factory twin",
        version="1",
        lifespan=lifespan,
        dependencies=[Depends(Queries().check)],
        openapi_url=None,  # rest_docs has it, and a page that loads nothing from elsewhere
        description="Live sessions of a digital twin of an AI factory. The stream of values is the "
        "websocket `/ws` (subprotocol `twin.v1`), described in docs/PROTOCOL.md.",
    )
    app.state.twin = state

    async def stream(websocket: WebSocket) -> None:
        await serve_stream(websocket, state)

    app.router.routes.append(WebSocketRoute("/ws", stream))
    app.include_router(rest_health(state))
    app.include_router(rest_metrics(state))
    app.include_router(rest_live(state))
    app.include_router(rest_mesh(state))
    app.include_router(rest_one_line(state))
    app.include_router(rest_history(state))
    app.include_router(rest_sessions(state, opener or Opener(manager)))
    app.include_router(rest_transient(state))

    if settings.redfish:
        app.include_router(rest_redfish(state), responses=REDFISH_ERRORS)

    rest_docs(app, state)
    _add_page(app, settings)
    _add_errors(app)
    app.add_middleware(Head)
    app.add_middleware(Guard, access=settings.access, limits=settings.limits)
    return app


def _add_page(app: FastAPI, settings: Settings) -> None:
    """The web page for whatever is not an address of the interface, so that those keep theirs."""
    files = None
    if settings.web_folder is not None:
        files = StaticFiles(directory=settings.web_folder, html=True)
    app.router.redirect_slashes = False
    app.router.default = Elsewhere(app, files)
    if files is None:

        @app.get("/", include_in_schema=False)
        async def page() -> HTMLResponse:
            return HTMLResponse(PAGE)


def _add_errors(app: FastAPI) -> None:
    """Every error is answered as a Problem."""

    @app.exception_handler(TwinError)
    async def refused(request: Request, error: TwinError) -> JSONResponse:
        status = 422
        for kind, code in STATUS:
            if isinstance(error, kind):
                status = code
        return JSONResponse(error_body(error), status_code=status)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        found = repr(first.get("input"))[:80]
        problem = InputError(first["msg"], key=key, found=found)
        return JSONResponse(error_body(problem), status_code=422)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        body = {"message": str(error.detail)}
        headers = dict(error.headers or {})
        if error.status_code == 404:
            body = {"message": "there is nothing at this address", "found": request.url.path[:100]}
        elif error.status_code == 405:
            known = allowed_methods(app, request.scope)
            headers["Allow"] = ", ".join(known or ["GET", "HEAD"])  # files of the web page
            body = {"message": f"{request.method} is not taken here", "allowed": headers["Allow"]}
        return JSONResponse(body, status_code=error.status_code, headers=headers)

    @app.exception_handler(OSError)
    async def disk(request: Request, error: OSError) -> JSONResponse:
        return JSONResponse({"message": f"not stored: {error.strerror}"}, status_code=503)
