"""REST: a fast window that starts from a session's present state."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from physics.electrical.spectrum import BandLimit, UtilityLimit
from physics.electrical.waveform import SwingShape
from twin.errors import InputError
from twin.power import transient
from twin.power.one_line import Floats
from twin.server import answers
from twin.server.guard import Viewing
from twin.server.keeping import Busy
from twin.server.painter import Unavailable
from twin.server.rest_live import on_session
from twin.server.state import ServerState
from twin.server.subject import SimulationSubject
from twin.state import StateBuffer, counts_of

AT_ONCE = 1
"""Windows that are computed at a time; each takes a core for as long as it lasts."""
WAITING = 4
"""Requests that may wait for their turn; more are told to come again."""
MOST_VALUES = 3_000_000
"""Steps times groups of racks of one window: a few seconds and some 100 MB."""
MOST_STEPS = 60_000
SPECTRUM_LINES = 400

PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "Window, or its picture"}
}


class Interrupted(BaseModel):
    """The racks' shelves lose their input."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    at: float = Field(ge=0, le=600, description="s into the window")
    duration: float = Field(gt=0, le=600, description="s")


class AllowedBand(BaseModel):
    """Greatest amplitude of the swing between two frequencies."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    from_hz: float = Field(ge=0, le=500)
    to_hz: float = Field(gt=0, le=500)
    amplitude_w: float = Field(gt=0, le=1e12)


class Allowed(BaseModel):
    """What the grid's operator allows; left out: the layout's ramp limit."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    ramp_rate_w_per_s: float | None = Field(default=None, gt=0, le=1e12)
    ramp_window_s: float = Field(default=1.0, gt=0, le=600)
    dynamic_range_w: float | None = Field(default=None, gt=0, le=1e12)
    range_window_s: float = Field(default=60.0, gt=0, le=600)
    bands: list[AllowedBand] = Field(default=[], max_length=20)


class TransientRequest(BaseModel):
    """A window to compute. Accelerators' present power is that of the iteration's compute part."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    scope: str | None = Field(
        default=None, max_length=1000, description="site, hall, row or rack; left out: first site"
    )
    seconds: float = Field(default=20.0, ge=1, le=300, description="length of the window")
    step: float = Field(default=0.01, ge=0.001, le=0.02, description="s")
    frequency: float = Field(default=1.0, gt=0, le=20, description="iterations a second")
    compute_share: float = Field(default=0.6, ge=0, le=1, description="of an iteration")
    communication_level: float = Field(
        default=0.35, ge=0, le=2, description="power while communicating over that while computing"
    )
    peak_level: float = Field(default=1.0, ge=0, le=3, description="at the gradients' exchange")
    jitter: float = Field(default=0.0, ge=0, le=0.5, description="of an iteration's length")
    skew: float = Field(default=0.05, ge=0, le=60, description="s over which racks are spread")
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    capacitors: float = Field(default=1.0, ge=0, le=1, description="share of capacitors that works")
    battery: bool = Field(default=True, description="with the site battery")
    interruption: Interrupted | None = None
    limit: Allowed | None = None
    points: int = Field(default=1000, ge=50, le=5000, description="of each series in the answer")


class Trace(BaseModel):
    """A power over time, by intervals of equal length [W]."""

    mean: list[float]
    lowest: list[float]
    highest: list[float]


class Series(BaseModel):
    """Traces of the window."""

    interval_s: float = Field(description="length of one interval; the step, if points allow")
    time_s: list[float] = Field(description="middle of each interval, from the window's start")
    load_w: Trace = Field(description="racks behind their shelves")
    before_battery_w: Trace
    connection_w: Trace


class Spectra(BaseModel):
    """Density of the swing; of lines that fall together the largest."""

    frequency_hz: list[float]
    load: list[float] = Field(description="W per root hertz")
    before_battery: list[float]
    connection: list[float]


class TransientAnswer(BaseModel):
    """A window: figures (as `twin transient --json`), judgement, series and spectra."""

    session: str
    time: float = Field(description="simulated seconds of the state that it starts from")
    battery_charge: float | None = Field(description="of the site battery at the start")
    met: bool = Field(description="whether all limits are met")
    figures: dict[str, Any] = Field(description="powers in W, energies in J; `limits` judges")
    series: Series
    spectrum: Spectra


def rest_transient(state: ServerState) -> APIRouter:
    """Route that computes fast windows beside running sessions."""
    router = APIRouter(prefix="/api", responses=answers.PROBLEMS, tags=["power"])
    turn = asyncio.Semaphore(AT_ONCE)
    waiting = 0

    @router.post("/sessions/{id}/transient", response_model=TransientAnswer, responses=PICTURE)
    async def window(
        id: str,
        body: TransientRequest,
        request: Request,
        user: Viewing,
        picture: Annotated[bool, Query(description="PNG instead of JSON")] = False,
    ) -> TransientAnswer | Response:
        """Milliseconds of a training job's swings, from the session's present state on.

        The session goes on untouched. Ends when the caller hangs up.
        """
        nonlocal waiting
        session = state.manager.get(id)
        if not isinstance(session.subject, SimulationSubject):
            raise Unavailable("recordings hold no state to start from")
        if waiting >= WAITING:
            raise Busy("too many windows are asked for; try again")
        waiting += 1
        stop = threading.Event()
        watcher = asyncio.create_task(_hung_up(request, stop))
        try:
            async with turn:
                if stop.is_set():
                    raise Busy("the caller hung up")
                subject = session.subject
                plant = subject.simulation.plant
                _refuse_large(body, plant)
                time, values = await on_session(
                    session, lambda: (subject.time, subject.simulation.state.snapshot())
                )
                return await asyncio.to_thread(
                    _answer, body, session.id, plant, time, values, stop, picture
                )
        finally:
            waiting -= 1
            watcher.cancel()

    return router


async def _hung_up(request: Request, stop: threading.Event) -> None:
    """Set ``stop`` when the caller is gone."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.2)
    stop.set()


def _refuse_large(body: TransientRequest, plant: Any) -> None:
    steps = round(body.seconds / body.step)
    level, index = plant.levels.find(body.scope or plant.levels.path("site", 0))
    group = transient.grouped(plant, level, index)
    allowed = min(MOST_STEPS, MOST_VALUES // max(group.count, 1))
    if steps > allowed:
        raise InputError(
            "window too long for its step",
            key="seconds",
            found=f"{steps:,} steps of {group.count} groups of racks",
            allowed=f"{allowed * body.step:g} s at this step and scope",
        )


def _answer(
    body: TransientRequest,
    session: str,
    plant: Any,
    time: float,
    values: Floats,
    stop: threading.Event,
    picture: bool,
) -> TransientAnswer | Response:
    """The whole answer, on a thread of its own."""
    buffer = StateBuffer(counts_of(plant.constants))
    buffer.restore(values)
    try:
        shape = SwingShape(
            period=1.0 / body.frequency,
            compute_share=body.compute_share,
            communication_level=body.communication_level,
            peak_level=body.peak_level,
            peak_share=0.0 if body.peak_level == 1.0 else 0.05,
            jitter=body.jitter,
        )
    except ValueError as error:
        raise InputError(f"the job's iteration: {error}", key="compute_share") from None
    limit = _limit(body.limit)
    scope = body.scope or plant.levels.path("site", 0)
    charge = transient.battery_charge(plant, buffer, *plant.levels.find(scope))
    lost = body.interruption

    def check() -> None:
        if stop.is_set():
            raise Busy("the caller hung up")

    found = transient.window(
        plant, buffer, scope, body.seconds, body.step, shape, body.skew, body.seed, limit,
        None if lost is None else transient.Interruption(lost.at, lost.duration),
        body.capacitors, body.battery, charge, check,
    )  # fmt: skip
    check()
    if picture:
        from twin.power.transient_plot import plot

        drawn = io.BytesIO()
        plot(found, drawn, limit)
        return Response(drawn.getvalue(), media_type="image/png")
    return TransientAnswer(
        session=session,
        time=time,
        battery_charge=charge,
        met=all(row.met for row in found.checks),
        figures=_finite(found.as_dict()),
        series=_series(found, body.points),
        spectrum=_spectra(found),
    )


def _limit(allowed: Allowed | None) -> UtilityLimit | None:
    if allowed is None:
        return None
    for band in allowed.bands:
        if band.to_hz <= band.from_hz:
            raise InputError("a band's end must lie above its beginning", key="limit.bands")
    return UtilityLimit(
        np.inf if allowed.ramp_rate_w_per_s is None else allowed.ramp_rate_w_per_s,
        allowed.ramp_window_s,
        np.inf if allowed.dynamic_range_w is None else allowed.dynamic_range_w,
        allowed.range_window_s,
        tuple(BandLimit(band.from_hz, band.to_hz, band.amplitude_w) for band in allowed.bands),
    )


def _series(window: transient.Window, points: int) -> Series:
    """Mean, lowest and highest of intervals, so that no swing is lost between points."""
    steps = len(window.time)
    each = -(-steps // points)
    starts = np.arange(0, steps, each)
    counts = np.diff(np.append(starts, steps))

    def trace(power: Floats) -> Trace:
        return Trace(
            mean=np.round(np.add.reduceat(power, starts) / counts, 1).tolist(),
            lowest=np.round(np.minimum.reduceat(power, starts), 1).tolist(),
            highest=np.round(np.maximum.reduceat(power, starts), 1).tolist(),
        )

    result = window.result
    return Series(
        interval_s=each * window.step,
        time_s=np.round((starts + 0.5 * counts) * window.step, 6).tolist(),
        load_w=trace(result.load_power),
        before_battery_w=trace(result.site_power),
        connection_w=trace(result.grid_power),
    )


def _spectra(window: transient.Window) -> Spectra:
    """Spectra with at most so many lines, evenly spaced in the logarithm of frequency."""
    result = window.result
    frequency, _ = window.spectrum(result.grid_power)
    lines = np.arange(1, len(frequency))
    edges = np.geomspace(1, len(frequency), SPECTRUM_LINES + 1)
    starts = np.unique(np.searchsorted(lines, edges[:-1], side="left"))
    starts = starts[starts < len(lines)]

    def spectrum(power: Floats) -> list[float]:
        density = np.sqrt(np.maximum(window.spectrum(power)[1][1:], 0.0))
        return [float(f"{value:.5g}") for value in np.maximum.reduceat(density, starts)]

    return Spectra(
        frequency_hz=[float(f"{value:.6g}") for value in frequency[1:][starts]],
        load=spectrum(result.load_power),
        before_battery=spectrum(result.site_power),
        connection=spectrum(result.grid_power),
    )


def _finite(value: Any) -> Any:
    """Plain data with null for what is not finite."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
