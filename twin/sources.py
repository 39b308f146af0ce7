"""Where a viewer gets its scene and frames: a live server, a recording, or a simulation of its own.

All three look the same: a scene description, the newest frame, commands. None of them blocks:
frames come on a thread behind, and :meth:`SceneSource.latest` returns what is there.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from twin.addresses import is_address
from twin.channels import BY_NAME, CHANNELS
from twin.errors import InputError, TwinError, near_matches
from twin.protocol import Frame, Singles

if TYPE_CHECKING:
    from twin.client import Client
    from twin.simulation import Simulation

ANSWERS_WITHIN = 5.0  # s: who waits for an answer of a server sees nothing new meanwhile
SMALL = 50_000  # accelerators up to which accelerator channels are subscribed to by default
MOST_EVENTS = 10_000  # a server keeps no more


class SceneSource(Protocol):
    """Scene and frames of one factory.

    Attributes
    ----------
    scene : scene description (``twin.scene/1``)
    version : goes up when the scene is another one (the server began to serve another layout)
    """

    scene: Mapping[str, Any]
    version: int

    def select(self, channels: Sequence[str], rate: float = 10.0) -> None:
        """Which channels frames shall hold; raises InputError for unknown names."""
        ...

    def latest(self) -> Frame | None:
        """The newest frame, or None before the first. Never waits."""
        ...

    def wait(self, timeout: float = 10.0) -> Frame:
        """The newest frame, waiting for the first; raises TwinError when none comes in time."""
        ...

    def command(
        self,
        name: str,
        path: str | None = None,
        key: str | None = None,
        value: float | str | None = None,
    ) -> Mapping[str, Any]:
        """pause, resume, step, speed, seek, set, inject, clear; raises InputError."""
        ...

    def events(self) -> list[dict[str, Any]]:
        """What happened, oldest first: time, path, kind, message."""
        ...

    def close(self) -> None:
        """End."""
        ...


def open_source(address: str) -> SceneSource:
    """A source by what people type: an address, a recording's folder, or a layout.

    A server that wants a token is given that of the environment, ``TWIN_TOKEN``. Raises InputError.
    """
    if is_address(address):
        return LiveSource(address, os.environ.get("TWIN_TOKEN") or None)
    if (Path(address) / "zarr.json").is_file() or address.endswith(".zarr"):
        return RecordingSource(address)
    return SimulationSource(address)


def default_selection(scene: Mapping[str, Any]) -> list[str]:
    """Channels to show first: the main ones of every level the scene has elements of."""
    counts = {name: int(level["count"]) for name, level in scene["levels"].items()}
    large = counts.get("gpu", 0) > SMALL
    wanted = ["gpu.temperature", "gpu.power", "rack.power", "rack.temperature"]
    if not large:
        wanted.append("gpu.hbm_temperature")
    known = [row["name"] for row in scene["channels"]]
    rest = [name for name in known if not name.startswith("gpu.") and name not in wanted]
    return [
        name for name in (*wanted, *rest) if name in known and counts.get(name.split(".")[0], 0)
    ]


class LiveSource:
    """A factory on a server. The client reconnects by itself."""

    def __init__(self, url: str, token: str | None = None):
        from twin.client import Client

        self._client: Client = Client(url, token)
        self._past: list[dict[str, Any]] | None = None
        self._set_back = 0
        try:
            self.scene: Mapping[str, Any] = self._client.get("/api/scene")
            self.version = 0
            self.select(default_selection(self.scene))
        except BaseException:
            self._client.close()
            raise

    @property
    def connected(self) -> bool:
        """Whether the server is reached now."""
        return self._client.connected

    @property
    def hello(self) -> Mapping[str, Any]:
        """The server's first message: session, levels, speed."""
        return self._client.hello

    def select(self, channels: Sequence[str], rate: float = 10.0) -> None:
        """Which channels frames shall hold."""
        self._client.subscribe(channels, timeout=ANSWERS_WITHIN, rate=rate)

    def latest(self) -> Frame | None:
        """The newest frame; of another layout than the scene's, the new scene is fetched first."""
        frame = self._client.latest()
        if frame is None:
            if self._client.failure is not None:
                raise self._client.failure
            return None
        if frame.digest and frame.digest != self.scene["digest"]:
            self.scene = self._client.get("/api/scene")
            self.version += 1
            if frame.digest != self.scene["digest"]:
                return None
        return frame

    def wait(self, timeout: float = 10.0) -> Frame:
        """The newest frame, waiting for the first."""
        if self._client.received == 0:
            self._client.wait_frame(0, timeout)
        frame = self.latest()
        return frame if frame is not None else self._client.wait_frame(None, timeout)

    def command(
        self,
        name: str,
        path: str | None = None,
        key: str | None = None,
        value: float | str | None = None,
    ) -> Mapping[str, Any]:
        """Carry out a command on the server."""
        return self._client.command(name, path, key, value, ANSWERS_WITHIN)

    def events(self) -> list[dict[str, Any]]:
        """What happened: what the server knew when this was first asked, and what came since."""
        if self._past is None or self._set_back != self._client.set_back:
            self._set_back = self._client.set_back
            self._past = list(self._client.get("/api/events", limit=MOST_EVENTS))
        last = max((int(event.get("number", 0)) for event in self._past), default=0)
        fresh = (e for e in self._client.events if int(e.get("number", last + 1)) > last)
        return [*self._past, *fresh]

    def close(self) -> None:
        """End the connection."""
        self._client.close()


class SimulationSource:
    """A factory simulated here, by a session on threads of its own, without a network.

    Parameters
    ----------
    layout : file or bundled name, or a simulation made before
    scenario : file or bundled name
    speed : simulated seconds per second; inf is as fast as it goes
    paused : begin standing still; :meth:`advance` then moves it
    """

    def __init__(
        self,
        layout: str | Path | Simulation,
        scenario: str | Path | None = None,
        *,
        speed: float = 1.0,
        paused: bool = False,
        seed: int | None = None,
    ):
        from twin.scene import scene
        from twin.server.session import Session
        from twin.server.subject import SimulationSubject

        if isinstance(layout, str | Path):
            from twin.factory import Factory

            simulation = Factory.load(layout).simulation(scenario, seed=seed)
        else:
            simulation = layout
        self.simulation = simulation
        self.scene: Mapping[str, Any] = scene(simulation.plant)
        self.version = 0
        self._session = Session(
            "local", SimulationSubject(simulation), speed=speed, paused=paused
        ).start()
        self._selection: tuple[str, ...] = ()
        self._interval = 0.1
        self._taken = 0.0
        self._frame: Frame | None = None
        self.select(default_selection(self.scene))

    def select(self, channels: Sequence[str], rate: float = 10.0) -> None:
        """Which channels frames shall hold."""
        self._selection = _expand(channels, [channel.name for channel in CHANNELS])
        self._interval = 1.0 / rate
        self._frame = None

    def latest(self) -> Frame:
        """The state now, taken between two steps; at most ``rate`` times a second anew."""
        now = time.monotonic()
        frame = self._frame
        if frame is None or now - self._taken >= self._interval:
            frame = self._frame = self._session.call(self._take).result(60.0)
            self._taken = now
        return frame

    def wait(self, timeout: float = 10.0) -> Frame:
        """The state now."""
        return self.latest()

    def advance(self, seconds: float) -> Frame:
        """Move on by whole steps, as fast as it goes, and return the state then."""
        count = max(1, round(seconds / self.simulation.step))
        self._session.call(lambda: self._session.run_steps(count, "local")).result().result()
        self._frame = None
        return self.latest()

    def command(
        self,
        name: str,
        path: str | None = None,
        key: str | None = None,
        value: float | str | None = None,
    ) -> Mapping[str, Any]:
        """Carry out a command."""
        import asyncio

        from twin.server.commands import carry_out
        from twin.server.security import Role, User

        message = {"name": name, "path": path, "key": key, "value": value}
        answer = asyncio.run(
            carry_out(
                self._session,
                {k: v for k, v in message.items() if v is not None},
                User("local", Role.admin),
            )
        )
        self._frame = None
        return answer

    def events(self) -> list[dict[str, Any]]:
        """What happened."""
        return self._session.call(lambda: list(self._session.events)).result(60.0)

    def close(self) -> None:
        """End the simulation."""
        self._session.close()

    def _take(self) -> Frame:
        session = self._session
        values: dict[str, Singles] = {
            name: session.subject.channel(name).astype(np.float32) for name in self._selection
        }
        return Frame(
            time=session.subject.time,
            values=values,
            kpi=session.subject.kpis(),
            start=dict.fromkeys(values, 0),
            wall=time.time(),
            speed=float(session.status()["achieved_speed"]),
            paused=session.paused,
            digest=session.subject.digest,
            sequence=session.steps_done,
        )


class RecordingSource:
    """A recording, with time controls: pause, resume, speed, seek, step (frames).

    Standing still at its first frame until ``resume``. Frames between two recorded ones show the
    earlier.
    """

    def __init__(self, path: str | Path, *, speed: float = 1.0):
        from twin.replay import Recording

        self.recording = Recording(path)
        self.scene: Mapping[str, Any] = self.recording.scene
        self.version = 0
        self.times = self.recording.times
        self.speed = speed
        self.paused = True
        self._lock = threading.Lock()
        self._anchor = (time.monotonic(), float(self.times[0]))
        self._index = -1
        self._frame: Frame | None = None
        self._selection: tuple[str, ...] = ()
        self.select(default_selection(self.scene))

    def select(self, channels: Sequence[str], rate: float = 10.0) -> None:
        """Which channels frames shall hold; those that were not recorded are left out."""
        known = [channel.name for channel in self.recording.channels]
        wanted = [
            name for name in channels if name.endswith(".*") or name in known or name not in BY_NAME
        ]
        with self._lock:
            self._selection = _expand(wanted, known)
            self._index = -1

    def latest(self) -> Frame:
        """The frame of the present time."""
        with self._lock:
            index = self.recording.index_at(self._now())
            if index != self._index or self._frame is None:
                self._frame = self._read(index)
                self._index = index
            elif self._frame.paused != self.paused:
                self._frame = self._read(index)
            return self._frame

    def wait(self, timeout: float = 10.0) -> Frame:
        """The frame of the present time."""
        return self.latest()

    def at(self, moment: float) -> Frame:
        """Stand still at a recorded time and return its frame."""
        self.command("pause")
        self.command("seek", value=moment)
        return self.latest()

    def command(
        self,
        name: str,
        path: str | None = None,
        key: str | None = None,
        value: float | str | None = None,
    ) -> Mapping[str, Any]:
        """pause, resume, speed, seek, step; the past cannot be changed."""
        with self._lock:
            now = self._now()
            if name in ("pause", "resume"):
                self.paused = name == "pause"
            elif name == "speed":
                self.speed = _number(value, "value", 0.1, 1e6)
            elif name == "seek":
                now = _number(value, "value", -np.inf, np.inf)
            elif name == "step":
                count = int(_number(1 if value is None else value, "value", -1e6, 1e6))
                index = self.recording.index_at(now) + count
                now = float(self.times[min(max(index, 0), len(self.times) - 1)])
            else:
                raise InputError(
                    "a recording cannot be changed",
                    key="name",
                    found=name,
                    allowed="pause, resume, speed, seek, step",
                )
            self._anchor = (time.monotonic(), self._clamped(now))
            return {"ok": True, "time": self._anchor[1], "paused": self.paused}

    def events(self) -> list[dict[str, Any]]:
        """What had happened by the present time."""
        now = self._now()
        return [event for event in self.recording.events if event["time"] <= now]

    def close(self) -> None:
        """End."""

    def _clamped(self, moment: float) -> float:
        return float(min(max(moment, self.times[0]), self.times[-1]))

    def _now(self) -> float:
        clock, moment = self._anchor
        if self.paused:
            return moment
        return self._clamped(moment + (time.monotonic() - clock) * self.speed)

    def _read(self, index: int) -> Frame:
        values = self.recording.frame(index, self._selection)
        return Frame(
            time=float(self.times[index]),
            values=values,
            kpi=self.recording.kpis(index),
            start=dict.fromkeys(values, 0),
            wall=time.time(),
            speed=self.speed,
            paused=self.paused,
            digest=self.recording.digest,
            sequence=index,
        )


def _expand(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Channel names with ``level.*`` written out; raises InputError for unknown ones."""
    found: dict[str, None] = {}
    for name in names:
        matches = [
            other
            for other in known
            if other == name or (name.endswith(".*") and other.startswith(name[:-1]))
        ]
        if not matches:
            raise InputError(
                "unknown channel", key="channel", found=name, allowed=near_matches(name, [*known])
            )
        found.update(dict.fromkeys(matches))
    return tuple(found)


def _number(value: Any, key: str, low: float, high: float) -> float:
    with contextlib.suppress(TypeError, ValueError):
        number = float(value)
        if low <= number <= high and not np.isnan(number):
            return number
    raise InputError(
        "not a number in range", key=key, found=repr(value)[:80], allowed=f"{low:g} to {high:g}"
    )


__all__ = [
    "LiveSource",
    "RecordingSource",
    "SceneSource",
    "SimulationSource",
    "TwinError",
    "default_selection",
    "open_source",
]
