"""REST: what a session is made of, its present state, and commands."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from fastapi import APIRouter, Query, Request, Response

from physics.factory.arrays import Floats
from twin.channels import Channel
from twin.controls import CONTROLS
from twin.errors import InputError, near_matches
from twin.plant.levels import Levels
from twin.server import answers
from twin.server.commands import carry_out
from twin.server.guard import Operating, Viewing
from twin.server.session import Session
from twin.server.state import ServerState
from twin.server.subscription import Slice, Subscription, region_rows, resolve

T = TypeVar("T")
BLOCK = 8192  # values
MOST_PATHS = 10_000  # of each channel in one answer
SessionName = Annotated[
    str | None, Query(max_length=60, description="session; left out: the first")
]
PathText = Annotated[str, Query(max_length=1000)]


async def on_session(session: Session, function: Callable[[], T]) -> T:
    """Run ``function`` on the session's thread."""
    return await asyncio.wrap_future(session.call(function))


def finite(values: Floats, resolution: float | None = None) -> list[float | None]:
    """Values as JSON takes them, rounded to a tenth of the resolution."""
    if resolution is not None:
        decimals = max(0, 1 - math.floor(math.log10(resolution)))
        values = np.round(values, decimals)
    return [value if math.isfinite(value) else None for value in values.tolist()]


def encoded(values: Floats, resolution: float) -> bytes:
    """JSON of :func:`finite` values, a block at a time: nothing else runs during one."""
    decimals = max(0, 1 - math.floor(math.log10(resolution)))
    blocks = (
        msgspec.json.encode(np.round(values[first : first + BLOCK], decimals).tolist())[1:-1]
        for first in range(0, len(values), BLOCK)
    )
    return b"[" + b",".join(blocks) + b"]"  # msgspec writes null for what is not finite


def numbers(kpis: dict[str, float]) -> dict[str, float]:
    """Key figures without those that are not finite."""
    return {key: float(value) for key, value in kpis.items() if math.isfinite(value)}


def rest_live(state: ServerState) -> APIRouter:
    """Routes under ``/api`` that read and command one session."""
    router = APIRouter(prefix="/api", responses=answers.PROBLEMS)
    manager = state.manager

    @router.get(
        "/scene",
        tags=["scene"],
        response_class=Response,
        responses={
            200: {"content": {"application/json": {}}, "description": "Scene description"},
            304: {"description": "Not changed"},
        },
    )
    async def scene(request: Request, user: Viewing, session: SessionName = None) -> Response:
        """Scene description: what stands where. Cached by the layout's digest."""
        chosen = manager.get(session)
        found = state.scenes.get(chosen.subject.digest)
        if found is None:
            found = await state.costly.run(request, lambda: _scene_bytes(state, chosen))
        etag, plain, packed = found
        headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return state.costly.large(packed, "application/json", headers)
        return state.costly.large(plain, "application/json", headers)

    @router.get("/channels", tags=["scene"])
    async def channels(user: Viewing, session: SessionName = None) -> list[dict[str, Any]]:
        """The channel table: every value that can be seen."""
        return [channel.as_dict() for channel in manager.get(session).subject.channels]

    @router.get("/paths", tags=["scene"], response_model=answers.PathsAnswer)
    async def paths(
        request: Request,
        user: Viewing,
        level: Annotated[str, Query(max_length=60)],
        session: SessionName = None,
        region: Annotated[str | None, Query(max_length=1000)] = None,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> Response:
        """Elements of a level, in order."""
        levels = manager.get(session).subject.levels
        if level not in levels:
            raise InputError(
                "unknown level", key="level", found=level, allowed=near_matches(level, [*levels])
            )
        start, stop = region_rows(levels, region, level) or (0, 0)
        rows = range(start + offset, min(stop, start + offset + limit))

        def table() -> bytes:
            found = [
                {"path": levels.path(level, row), "level": level, "index": row} for row in rows
            ]
            return msgspec.json.encode({"total": stop - start, "paths": found})

        return await state.costly.answer(request, table)

    @router.get("/state", tags=["state"], response_model=answers.StateAnswer)
    async def present(
        request: Request,
        user: Viewing,
        channel: Annotated[list[str], Query(max_length=50, description="names, or level.*")],
        session: SessionName = None,
        region: Annotated[str | None, Query(max_length=1000)] = None,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=300_000)] = 1000,
        with_paths: bool = False,
    ) -> Response:
        """Values of channels now; ``limit`` rows of each, from ``offset`` of the region on."""
        chosen = manager.get(session)
        slices = await asyncio.to_thread(
            resolve, chosen.subject, Subscription(tuple(channel), region)
        )

        def read() -> tuple[dict[str, Any], list[Floats]]:
            values = [
                chosen.read(part.channel.name)[part.start + offset : part.stop][:limit]
                for part in slices
            ]
            head = {
                "session": chosen.id,
                "time": chosen.subject.time,
                "paused": chosen.paused,
                "kpi": numbers(chosen.subject.kpis()),
            }
            return head, values

        head, values = await state.costly.read(request, chosen, read)
        levels = chosen.subject.levels if with_paths else None
        return await state.costly.answer(
            request, lambda: _state(head, slices, values, offset, levels)
        )

    @router.get("/element", tags=["state"])
    async def element(
        user: Viewing, path: PathText, session: SessionName = None
    ) -> answers.ElementAnswer:
        """Every channel and control of one element now."""
        chosen = manager.get(session)
        level, row = chosen.subject.levels.find(path)
        return await on_session(chosen, lambda: _element(chosen, level, row))

    @router.get("/kpis", tags=["state"])
    async def kpis(user: Viewing, session: SessionName = None) -> dict[str, float]:
        """Key figures of the whole factory now."""
        chosen = manager.get(session)
        figures = await on_session(
            chosen, lambda: {**chosen.subject.kpis(), "time_s": chosen.subject.time}
        )
        return numbers(figures)

    @router.get("/events", tags=["state"], response_model=list[answers.EventRow])
    async def events(
        request: Request,
        user: Viewing,
        session: SessionName = None,
        since: Annotated[int, Query(ge=0, le=2**53, description="number of the last one seen")] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> Response:
        """What happened, oldest first, after event number ``since``."""
        chosen = manager.get(session)
        rows = await on_session(
            chosen, lambda: list(islice((e for e in chosen.events if e["number"] > since), limit))
        )
        known = answers.EventRow.model_fields
        return await state.costly.answer(
            request,
            lambda: msgspec.json.encode([{key: row[key] for key in known} for row in rows]),
        )

    @router.get("/controls", tags=["commands"])
    async def controls(user: Viewing, session: SessionName = None) -> list[dict[str, Any]]:
        """What can be set, injected and cleared, by level."""
        return manager.get(session).subject.controls()

    @router.post("/commands", tags=["commands"])
    async def command(
        request: answers.CommandRequest, user: Operating, session: SessionName = None
    ) -> answers.CommandAnswer:
        """Carry out one command."""
        chosen = manager.get(session)
        answer = await carry_out(chosen, request.model_dump(exclude_none=True), user)
        return answers.CommandAnswer(**answer)

    @router.get("/commands", tags=["commands"], response_model=list[answers.LogRow])
    async def command_log(
        request: Request,
        user: Viewing,
        session: SessionName = None,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> Response:
        """The command log: who changed what, when, before and after."""
        chosen = manager.get(session)
        entries = await on_session(chosen, lambda: chosen.journal.entries[offset : offset + limit])
        known = answers.LogRow.model_fields

        def rows() -> bytes:
            found = [_row(asdict(entry)) for entry in entries]
            return msgspec.json.encode([{key: row[key] for key in known} for row in found])

        return await state.costly.answer(request, rows)

    return router


def _state(
    head: dict[str, Any],
    slices: tuple[Slice, ...],
    values: list[Floats],
    offset: int,
    levels: Levels | None,
) -> bytes:
    """The answer of ``/api/state``, a channel at a time so that other threads get their turn."""
    channels = []
    for part, column in zip(slices, values, strict=True):
        level, first = part.channel.level, part.start + offset
        named = range(first, first + min(len(column), MOST_PATHS))
        answer = {
            "name": part.channel.name,
            "level": level,
            "unit": part.channel.unit,
            "start": first,
            "count": part.stop - part.start,
            "values": msgspec.Raw(encoded(column, part.channel.resolution)),
            "paths": [levels.path(level, row) for row in named] if levels is not None else None,
        }
        channels.append(msgspec.Raw(msgspec.json.encode(answer)))
    return msgspec.json.encode({**head, "channels": channels})


def _row(row: dict[str, Any]) -> dict[str, Any]:
    for key in ("before", "after", "value"):
        value = row[key]
        if isinstance(value, float) and not math.isfinite(value):
            row[key] = None
    return row


def _scene_bytes(state: ServerState, session: Session) -> tuple[str, bytes, bytes]:
    """ETag, JSON and gzipped JSON of a session's scene; made once per layout."""
    digest = session.subject.digest
    cached = state.scenes.get(digest)
    if cached is None:
        plain = json.dumps(session.subject.scene(), separators=(",", ":")).encode()
        etag = f'"{hashlib.sha256(plain).hexdigest()[:32]}"'
        cached = (etag, plain, gzip.compress(plain, 6, mtime=0))
        if len(state.scenes) >= state.manager.maximum:
            state.scenes.pop(next(iter(state.scenes)))
        state.scenes[digest] = cached
    return cached


def _element(session: Session, level: str, row: int) -> answers.ElementAnswer:
    subject = session.subject
    own: list[Channel] = [c for c in subject.channels if c.level == level]
    values = {
        c.name: finite(np.array([subject.channel(c.name)[row]]), c.resolution)[0] for c in own
    }
    field = getattr(subject, "control_value", None)
    controls: dict[str, float | None] = {}
    if field is not None:
        for control in CONTROLS:
            if control.level == level:
                value = float(field(control.source, row))
                controls[control.key] = value if math.isfinite(value) else None
    return answers.ElementAnswer(
        path=subject.levels.path(level, row),
        level=level,
        index=row,
        time=subject.time,
        values=values,
        controls=controls,
    )
