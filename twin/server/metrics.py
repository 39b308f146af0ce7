"""``/metrics`` for Prometheus: one name per kind of figure, sessions and elements as labels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from twin.server.guard import Viewing
from twin.server.hub import Hub
from twin.server.keeping import Gone
from twin.server.session import Session
from twin.server.state import ServerState

MOST_ELEMENTS = 64  # levels with more are left to the stream and the recording


@dataclass(frozen=True)
class Reading:
    """What one session shows."""

    session: Session
    hub: Hub | None
    kpis: dict[str, float]
    channels: list[tuple[str, str, float]]  # channel, path, value


class _Once(Collector):
    """Hands metrics gathered before to the exposition."""

    def __init__(self, metrics: list[Metric]):
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def rest_metrics(state: ServerState) -> APIRouter:
    """Route ``/metrics``."""
    router = APIRouter(tags=["health"])
    process = CollectorRegistry()
    ProcessCollector(registry=process)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text format"}},
    )
    async def metrics(request: Request, user: Viewing) -> Response:
        """Figures of the server, its sessions and their main channels, for Prometheus."""
        readings = []
        for session in state.manager.list():
            try:
                readings.append(await _read(request, state, session))
            except Gone:
                continue
        known = _metrics(readings)

        def text() -> bytes:
            registry = CollectorRegistry()
            registry.register(_Once(known))
            return generate_latest(registry) + generate_latest(process)

        return await state.costly.answer(request, text, CONTENT_TYPE_LATEST)

    return router


async def _read(request: Request, state: ServerState, session: Session) -> Reading:
    subject = session.subject
    shown = [c for c in subject.channels if 0 < subject.levels[c.level].count <= MOST_ELEMENTS]

    def read() -> tuple[dict[str, float], list[np.ndarray[Any, Any]]]:
        return subject.kpis(), [session.read(channel.name) for channel in shown]

    kpis, columns = await state.costly.read(request, session, read)

    def rows() -> list[tuple[str, str, float]]:
        paths = {level: list(subject.levels.paths(level)) for level in {c.level for c in shown}}
        return [
            (channel.name, path, float(value))
            for channel, column in zip(shown, columns, strict=True)
            for path, value in zip(paths[channel.level], column, strict=True)
            if math.isfinite(value)
        ]

    channels = await state.costly.run(request, rows)
    return Reading(session, state.hub_of(session), kpis, channels)


_SESSION: tuple[tuple[str, str, str, bool], ...] = (
    # name, attribute of the status, help, whether it only grows
    ("twin_session_time_seconds", "time", "Simulated time", False),
    ("twin_session_speed", "achieved_speed", "Simulated seconds per second achieved", False),
    ("twin_session_skipped_seconds", "skipped_s", "Given up as steps took too long", True),
    ("twin_session_commands", "commands", "Lines of the command log", True),
    ("twin_session_events", "events", "Events", True),
)


def _metrics(readings: list[Reading]) -> list[Metric]:
    metrics: list[Metric] = []

    def add(
        name: str,
        text: str,
        grows: bool,
        values: list[tuple[list[str], float]],
        labels: tuple[str, ...] = ("session",),
    ) -> None:
        family: CounterMetricFamily | GaugeMetricFamily
        family = (CounterMetricFamily if grows else GaugeMetricFamily)(name, text, labels=labels)
        for row, value in values:
            family.add_metric(row, value)
        metrics.append(family)

    statuses = [(reading.session, reading.session.status()) for reading in readings]
    for name, key, text, grows in _SESSION:
        add(name, text, grows, [([s.id], float(status[key])) for s, status in statuses])
    sessions = [session for session, _ in statuses]
    add(
        "twin_session_speed_wanted",
        "Simulated seconds per second asked for",
        False,
        [([s.id], s.speed) for s in sessions],
    )
    add(
        "twin_session_paused",
        "1 while time stands still",
        False,
        [([s.id], float(s.paused)) for s in sessions],
    )
    add(
        "twin_session_failed",
        "1 after a failure",
        False,
        [([s.id], float(bool(s.failure))) for s in sessions],
    )
    add(
        "twin_session_held",
        "1 while the disk is full",
        False,
        [([s.id], float(bool(s.hold))) for s in sessions],
    )
    add(
        "twin_session_step_seconds",
        "Duration of the last step",
        False,
        [([s.id], s.step_seconds) for s in sessions],
    )
    add(
        "twin_session_steps",
        "Steps computed",
        True,
        [([s.id], float(s.steps_done)) for s in sessions],
    )
    counters = [(s.id, s.publisher.counters) for s in sessions]
    add(
        "twin_frames_encoded", "Frames encoded", True, [([i], float(c.frames)) for i, c in counters]
    )
    add(
        "twin_frame_encoded_bytes",
        "Bytes of frames encoded",
        True,
        [([i], float(c.bytes)) for i, c in counters],
    )
    add(
        "twin_encode_seconds",
        "Time spent encoding",
        True,
        [([i], c.encode_seconds) for i, c in counters],
    )
    add(
        "twin_states_replaced",
        "States that a newer one replaced before they were encoded",
        True,
        [([i], float(c.replaced)) for i, c in counters],
    )
    hubs = [(reading.session.id, reading.hub) for reading in readings]
    add(
        "twin_viewers",
        "Connected viewers",
        False,
        [([i], float(len(h.viewers)) if h else 0.0) for i, h in hubs],
    )
    totals = [(i, h.totals() if h else (0, 0, 0)) for i, h in hubs]
    for column, (name, text) in enumerate(
        (
            ("twin_frames_sent", "Frames sent to viewers"),
            ("twin_frame_sent_bytes", "Bytes of frames sent to viewers"),
            ("twin_frames_dropped", "Frames that a viewer was too slow for"),
        )
    ):
        add(name, text, True, [([i], float(total[column])) for i, total in totals])
    keepers = [(s.id, s.keeper) for s in sessions if s.keeper is not None]
    add(
        "twin_checkpoints",
        "Checkpoints written",
        True,
        [([i], float(k.checkpoints)) for i, k in keepers],
    )
    add(
        "twin_recording_frames_lost",
        "Frames that the disk was too slow for",
        True,
        [([i], float(k.lost_frames)) for i, k in keepers],
    )
    add(
        "twin_kpi",
        "Key figures of the factory",
        False,
        [
            ([r.session.id, key], value)
            for r in readings
            for key, value in r.kpis.items()
            if math.isfinite(value)
        ],
        ("session", "name"),
    )
    add(
        "twin_channel",
        f"Channels of levels with up to {MOST_ELEMENTS} elements",
        False,
        [([r.session.id, name, path], value) for r in readings for name, path, value in r.channels],
        ("session", "channel", "path"),
    )
    return metrics
