"""What is compared: recordings, or layouts with a scenario, which are run and recorded first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.bounds import check_time
from twin.errors import InputError
from twin.replay import Recording
from twin.report.summary import Summary, summarise


@dataclass(frozen=True)
class Side:
    """One of the runs compared: its name for people, and what it comes to."""

    label: str
    summary: Summary

    @property
    def recording(self) -> Recording:
        """Where its values are."""
        return self.summary.recording


@dataclass(frozen=True)
class Asked:
    """How layouts are run: scenario of those that name none, duration and frame interval [s]."""

    scenario: str | None = None
    duration: float | None = None
    every: float = 10.0


def open_sides(
    targets: Sequence[str],
    asked: Asked,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> list[Side]:
    """Open what people name: ``run.zarr``, ``LAYOUT`` or ``LAYOUT@SCENARIO``.

    Layouts are run and recorded into ``folder``.

    Raises
    ------
    InputError : fewer than two, or anything wrong with one of them
    """
    if len(targets) < 2:
        raise InputError(
            "needs two or more to compare",
            key="targets",
            found=", ".join(targets),
            allowed="recordings (run.zarr), layouts, or LAYOUT@SCENARIO",
        )
    sides = []
    for number, target in enumerate(targets):
        path = Path(target)
        if path.suffix == ".zarr" or (path / "zarr.json").is_file():
            recorded = path
        else:
            say(f"running {target}")
            recorded = run(target, asked, folder / f"{number}.zarr")
        sides.append(Side("", summarise(Recording(recorded))))
    return [
        Side(label, side.summary)
        for label, side in zip(_labels(targets, sides), sides, strict=True)
    ]


def run(target: str, asked: Asked, path: Path) -> Path:
    """Run ``LAYOUT`` or ``LAYOUT@SCENARIO`` and record it; returns the recording's folder."""
    from twin.cli.run import frame_interval
    from twin.factory import Factory
    from twin.recording import Recorder

    layout, _, scenario = target.partition("@")
    simulation = Factory.load(layout).simulation(scenario or asked.scenario)
    total = asked.duration if asked.duration is not None else simulation.scenario.duration
    check_time(total, simulation.step, "--for")
    frame_interval(asked.every, simulation.step, "--every")
    simulation.ends_at(total)
    frames = math.ceil(total / asked.every - 1e-9) + 1
    with Recorder(path, simulation, frames=frames, interval=asked.every) as recorder:
        recorder.append()
        while simulation.time < total - 1e-9:
            simulation.advance(min(asked.every, total - simulation.time))
            recorder.append()
        recorder.write_figures()
    return path


def _labels(targets: Sequence[str], sides: Sequence[Side]) -> list[str]:
    """Short names: what differs between them, or what people typed."""
    layouts = [str(side.recording.attributes.get("layout", "")) for side in sides]
    scenarios = [str(side.summary.scenario.get("name") or "") for side in sides]
    if len(set(scenarios)) == len(sides):
        names = scenarios
    elif len(set(layouts)) == len(sides):
        names = layouts
    else:
        names = [f"{a}@{b}" for a, b in zip(layouts, scenarios, strict=True)]
    if len(set(names)) < len(sides) or not all(names):
        names = [Path(target).stem or target for target in targets]
    if len(set(names)) < len(sides):
        names = [f"{name} ({number})" for number, name in enumerate(names, start=1)]
    return names
