"""REST: the past of one element, values as a stream of JSON lines, pictures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from numpy.typing import NDArray

from twin.errors import InputError, near_matches
from twin.protocol import Frame
from twin.replay import Recording
from twin.server import answers
from twin.server.costly import while_connected
from twin.server.guard import Viewing
from twin.server.keeping import Busy, Gone
from twin.server.painter import Painter
from twin.server.recorded import RecordingSubject
from twin.server.rest_live import SessionName, finite, numbers, on_session
from twin.server.session import Session
from twin.server.state import ServerState
from twin.server.subscription import Slice, Subscription, resolve

MOST_JSON_VALUES = 20_000  # per line of a JSON stream
MOST_JSON_STREAMS = 32  # at a time; the websocket serves as many viewers as are allowed


def rest_history(state: ServerState) -> APIRouter:
    """Routes under ``/api``."""
    router = APIRouter(prefix="/api", responses=answers.PROBLEMS, tags=["state"])
    manager = state.manager
    painter = Painter(state.settings.picture)
    state.on_close.append(painter.close)

    @router.get("/history")
    async def history(
        request: Request,
        user: Viewing,
        path: Annotated[str, Query(max_length=1000)],
        channel: Annotated[str, Query(max_length=100)],
        session: SessionName = None,
        start: Annotated[float, Query(ge=0, le=1e12, allow_inf_nan=False)] = 0.0,
        stop: Annotated[float, Query(ge=0, le=1e12, allow_inf_nan=False)] = 1e12,
        limit: Annotated[int, Query(ge=2, le=10_000)] = 1000,
    ) -> answers.History:
        """One channel of one element over time, at most ``limit`` moments, from the recording."""
        chosen = manager.get(session)
        level, row = chosen.subject.levels.find(path)
        known = [c for c in chosen.subject.channels if c.level == level]
        found = next((c for c in known if c.name == channel), None)
        if found is None:
            raise InputError(
                "no such channel of this element",
                key="channel",
                found=channel,
                allowed=near_matches(channel, [c.name for c in known]),
            )
        wanted = (found.name, row, start, stop, limit)
        subject = chosen.subject
        if isinstance(subject, RecordingSubject):  # one thread at a time may read it
            times, values = await state.costly.read(
                request, chosen, lambda: subject.recording.history(*wanted)
            )
        else:
            folder = _folder(chosen)
            times, values = await state.costly.run(
                request, lambda: Recording(folder).history(*wanted)
            )
        return answers.History(
            path=path,
            channel=channel,
            unit=found.unit,
            times=times.tolist(),
            values=finite(values.astype(np.float64), found.resolution),
        )

    @router.get(
        "/stream",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"application/x-ndjson": {}}, "description": "One JSON object a line"}
        },
    )
    async def stream(
        user: Viewing,
        channel: Annotated[list[str], Query(max_length=20, description="names, or level.*")],
        session: SessionName = None,
        region: Annotated[str | None, Query(max_length=1000)] = None,
        rate: Annotated[float, Query(ge=0.01, le=10, allow_inf_nan=False)] = 1.0,
        lines: Annotated[int | None, Query(ge=1, le=1_000_000, description="end after")] = None,
    ) -> StreamingResponse:
        """Values as lines of JSON, for ``curl -N`` and scripts; the websocket is for viewers."""
        chosen = manager.get(session)
        slices = await asyncio.to_thread(
            resolve, chosen.subject, Subscription(tuple(channel), region)
        )
        count = sum(part.stop - part.start for part in slices)
        if count > MOST_JSON_VALUES:
            raise InputError(
                "too many values for JSON",
                key="channel",
                found=str(count),
                allowed=f"{MOST_JSON_VALUES}; name a region or use the websocket",
            )
        if state.viewers() + state.lines >= state.settings.maximum_viewers:
            raise Busy("too many viewers; try again")
        if state.lines >= MOST_JSON_STREAMS:
            raise Busy(f"more than {MOST_JSON_STREAMS} streams of lines; try again")
        return StreamingResponse(
            _lines(state, chosen, slices, rate, lines), media_type="application/x-ndjson"
        )

    @router.get(
        "/picture",
        response_class=Response,
        responses={
            200: {"content": {"image/png": {}}, "description": "Picture"},
            501: {"model": answers.Problem, "description": "Nothing that can draw is installed"},
        },
    )
    async def picture(
        request: Request,
        user: Viewing,
        session: SessionName = None,
        channel: Annotated[str, Query(max_length=100)] = "rack.temperature",
        width: Annotated[int, Query(ge=64, le=1920)] = 1280,
        height: Annotated[int, Query(ge=64, le=1080)] = 720,
    ) -> Response:
        """The factory now as PNG, coloured by a channel."""
        chosen = manager.get(session)
        names = [c.name for c in chosen.subject.channels]
        if channel not in names:
            raise InputError(
                "unknown channel",
                key="channel",
                found=channel,
                allowed=near_matches(channel, names),
            )
        frame = await state.costly.read(request, chosen, lambda: _frame(chosen, channel))
        scene = await state.costly.run(request, chosen.subject.scene)
        png = await while_connected(request, painter.draw(scene, frame, channel, width, height))
        return Response(png, media_type="image/png", headers={"Cache-Control": "no-store"})

    return router


def _folder(session: Session) -> Path:
    """Where a session is recorded."""
    if session.keeper is None:
        raise InputError(
            "this session is not recorded",
            key="session",
            found=session.id,
            allowed="a server started with --state DIR",
        )
    return session.keeper.folder


async def _lines(
    state: ServerState,
    session: Session,
    slices: tuple[Slice, ...],
    rate: float,
    most: int | None,
) -> AsyncIterator[bytes]:
    state.lines += 1
    try:
        shown, sent = -1, 0
        while most is None or sent < most:
            steps = session.subject.steps
            if steps != shown:
                shown = steps
                head, values = await on_session(session, lambda: _present(session, slices))
                yield await asyncio.to_thread(_line, head, slices, values)
                sent += 1
            await asyncio.sleep(1.0 / rate)
            if state.stopping:
                return
    except Gone:
        return
    finally:
        state.lines -= 1


def _present(
    session: Session, slices: tuple[Slice, ...]
) -> tuple[dict[str, Any], list[NDArray[np.float64]]]:
    head = {
        "time": session.subject.time,
        "paused": session.paused,
        "kpi": numbers(session.subject.kpis()),
    }
    return head, [session.read(part.channel.name)[part.start : part.stop] for part in slices]


def _line(
    head: dict[str, Any], slices: tuple[Slice, ...], values: list[NDArray[np.float64]]
) -> bytes:
    channels = {
        part.channel.name: finite(column, part.channel.resolution)
        for part, column in zip(slices, values, strict=True)
    }
    return msgspec.json.encode({**head, "channels": channels}) + b"\n"


def _frame(session: Session, channel: str) -> Frame:
    values = session.read(channel).astype(np.float32)
    return Frame(
        session.subject.time,
        {channel: values},
        numbers(session.subject.kpis()),
        {channel: 0},
        digest=session.subject.digest,
    )
