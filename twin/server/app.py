"""The application: REST, websocket and web page over a manager of sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from twin.errors import InputError, TwinError
from twin.server.commands import Forbidden, error_body
from twin.server.guard import Guard
from twin.server.keeping import Busy, Gone, Taken
from twin.server.manager import Manager
from twin.server.metrics import rest_metrics
from twin.server.opening import Opener
from twin.server.painter import Unavailable
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
        description="Live sessions of a digital twin of an AI factory. The stream of values is the "
        "websocket `/ws` (subprotocol `twin.v1`), described in docs/PROTOCOL.md.",
    )
    app.state.twin = state
    app.include_router(rest_health(state))
    app.include_router(rest_metrics(state))
    app.include_router(rest_live(state))
    app.include_router(rest_mesh(state))
    app.include_router(rest_one_line(state))
    app.include_router(rest_history(state))
    app.include_router(rest_sessions(state, opener or Opener(manager)))
    app.include_router(rest_transient(state))

    if settings.redfish:
        app.include_router(rest_redfish(state))

    @app.websocket("/ws")
    async def stream(websocket: WebSocket) -> None:
        await serve_stream(websocket, state)

    _add_page(app, settings)
    _add_errors(app)
    app.add_middleware(Guard, access=settings.access, maximum_body=settings.maximum_message)
    return app


def _add_page(app: FastAPI, settings: Settings) -> None:
    if settings.web_folder is not None:
        app.mount("/", StaticFiles(directory=settings.web_folder, html=True), name="web")
        return

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
        return JSONResponse(
            {"message": str(error.detail)}, status_code=error.status_code, headers=error.headers
        )

    @app.exception_handler(OSError)
    async def disk(request: Request, error: OSError) -> JSONResponse:
        return JSONResponse({"message": f"not stored: {error.strerror}"}, status_code=503)
