"""REST: sessions, health."""

from __future__ import annotations

import asyncio
import math
from functools import partial

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from physics.factory.arrays import Floats
from twin.errors import InputError
from twin.plant.levels import Levels
from twin.server import answers
from twin.server.guard import Administering, Operating, Viewing
from twin.server.kept import shown
from twin.server.opening import Opener
from twin.server.rest_live import numbers, on_session
from twin.server.session import Session
from twin.server.state import ServerState
from twin.server.subscription import Slice, Subscription, parse_speed, resolve


def rest_sessions(state: ServerState, opener: Opener) -> APIRouter:
    """Routes that create, list, branch, compare and close sessions."""
    router = APIRouter(prefix="/api", responses=answers.PROBLEMS, tags=["sessions"])
    manager = state.manager

    @router.get("/sessions")
    async def sessions(user: Viewing) -> list[answers.SessionStatus]:
        """All sessions; the first is the one meant when none is named."""
        return [answers.SessionStatus(**session.status()) for session in manager.list()]

    @router.post("/sessions", status_code=201)
    async def create(request: answers.NewSession, user: Administering) -> answers.SessionStatus:
        """Create a session from a bundled layout and scenario, or those of the folder --layouts."""
        speed = parse_speed(request.speed)
        origin = await asyncio.to_thread(
            state.settings.files.origin, request.layout, request.scenario, request.seed
        )
        session = await asyncio.to_thread(
            partial(
                opener.open,
                origin,
                id=request.id,
                title=request.title,
                speed=speed,
                paused=request.paused,
            )
        )
        return answers.SessionStatus(**session.status())

    @router.get("/sessions/{id}")
    async def status(id: str, user: Viewing) -> answers.SessionStatus:
        """Where a session stands."""
        return answers.SessionStatus(**manager.get(id).status())

    @router.delete("/sessions/{id}", status_code=204)
    async def close(id: str, user: Administering) -> Response:
        """Close a session and its viewers' connections."""
        manager.get(id)
        await asyncio.to_thread(manager.remove, id)
        return Response(status_code=204)

    @router.post("/sessions/{id}/branch", status_code=201)
    async def branch(id: str, request: answers.Branch, user: Operating) -> answers.SessionStatus:
        """Begin a new session from a moment of this one, which goes on untouched."""
        parent = manager.get(id)
        if request.time is not None and not math.isfinite(request.time):
            raise InputError("time is not finite", key="time")
        session = await opener.branch(
            parent,
            request.time,
            id=request.id,
            title=request.title,
            paused=request.paused,
            undone=request.undone,
        )
        return answers.SessionStatus(**session.status())

    @router.get("/sessions/{id}/undone")
    async def undone(id: str, user: Viewing) -> list[answers.UndoneRow]:
        """Futures that the session left by going back, the oldest first; none is lost."""
        chosen = manager.get(id)
        rows = await on_session(chosen, chosen.journal.left)
        return [
            answers.UndoneRow(
                number=row.number,
                time=row.left.time,
                back_to=float(row.left.value or 0.0),
                wall=row.left.wall,
                who=row.left.who,
                changes=len(row.changes),
            )
            for row in rows
        ]

    @router.get("/unopened")
    async def unopened(user: Administering) -> list[answers.UnopenedRow]:
        """Sessions kept from before that are not open, and why; those set aside come first."""
        return [
            answers.UnopenedRow(
                id=one.id,
                reason=one.reason,
                folder=shown("/".join(one.folder.parts[-2 if one.set_aside else -1 :])),
                set_aside=one.set_aside,
                since=one.since,
            )
            for one in await asyncio.to_thread(opener.unopened)
        ]

    @router.get("/compare")
    async def compare(
        request: Request,
        user: Viewing,
        a: str,
        b: str,
        channel: list[str] = Query(default=["site.*"], max_length=50),  # noqa: B008
    ) -> answers.Comparison:
        """Two sessions of one layout side by side: figures, and channels with their differences."""
        first, second = manager.get(a), manager.get(b)
        return await _compare(request, state, first, second, channel)

    return router


def rest_health(state: ServerState) -> APIRouter:
    """``/healthz`` (alive) and ``/readyz`` (a session runs)."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str | float]:
        """The process answers."""
        return {"status": "ok", "uptime_s": state.uptime()}

    @router.get("/readyz", responses={503: {"description": "No session runs"}})
    async def readyz() -> JSONResponse:
        """At least one session can be looked at and the server is not going down."""
        good = [session for session in state.manager.list() if not session.failure]
        ready = bool(good) and not state.stopping
        return JSONResponse(
            {"status": "ready" if ready else "not ready", "sessions": len(good)},
            status_code=200 if ready else 503,
        )

    return router


async def _compare(
    request: Request, state: ServerState, first: Session, second: Session, names: list[str]
) -> answers.Comparison:
    if first.subject.digest != second.subject.digest:
        raise InputError(
            "the two sessions are of different layouts",
            key="b",
            found=second.subject.name,
            allowed=first.subject.name,
        )
    slices = await asyncio.to_thread(resolve, first.subject, Subscription(tuple(names)))

    def read(session: Session) -> tuple[float, dict[str, float], dict[str, Floats]]:
        values = {part.channel.name: session.read(part.channel.name) for part in slices}
        return session.subject.time, session.subject.kpis(), values

    time_a, kpi_a, values_a = await state.costly.read(request, first, lambda: read(first))
    time_b, kpi_b, values_b = await state.costly.read(request, second, lambda: read(second))
    levels = first.subject.levels

    def compared() -> list[answers.ComparedChannel]:
        return [
            _compared(part, values_a[part.channel.name], values_b[part.channel.name], levels)
            for part in slices
        ]

    rows = await state.costly.run(request, compared)
    return answers.Comparison(
        a=first.id,
        b=second.id,
        time_a=time_a,
        time_b=time_b,
        kpi_a=numbers(kpi_a),
        kpi_b=numbers(kpi_b),
        channels=rows,
    )


def _compared(part: Slice, one: Floats, other: Floats, levels: Levels) -> answers.ComparedChannel:
    difference = np.abs(one - other)
    known = np.isfinite(difference)
    row = int(np.argmax(np.where(known, difference, -1.0))) if known.any() else None
    return answers.ComparedChannel(
        name=part.channel.name,
        unit=part.channel.unit,
        mean_a=_mean(one),
        mean_b=_mean(other),
        largest_difference=None if row is None else float(difference[row]),
        at=None if row is None else levels.path(part.channel.level, row),
    )


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
