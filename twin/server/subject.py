"""What a session runs: a simulation, or anything else that has a state moving in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from physics.factory.arrays import Floats
from twin.channels import CHANNELS, Channel
from twin.controls import CONTROLS, FAULTS, Applied, Command
from twin.plant.levels import Levels

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.simulation import Event, Simulation, Snapshot


class Subject(Protocol):
    """A state of a factory that moves in steps of simulated time. One thread owns it."""

    name: str
    digest: str
    levels: Levels
    channels: Sequence[Channel]
    repeatable: bool  # whether it can be set back, branched and recorded

    @property
    def step(self) -> float:
        """Simulated seconds to the next state."""
        ...

    @property
    def time(self) -> float:
        """Simulated seconds since the start."""
        ...

    @property
    def steps(self) -> int:
        """Steps done since the start."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing follows (the end of a recording)."""
        ...

    @property
    def recorded(self) -> tuple[float, float] | None:
        """First and last time of a recording [simulated s]; None of a simulation."""
        ...

    def advance(self) -> None:
        """Do one step. Always one: how steps are grouped must not show in the results."""
        ...

    def apply(self, command: Command) -> Applied:
        """Carry a command out; raises InputError and changes nothing when it cannot be."""
        ...

    def channel(self, name: str) -> Floats:
        """Values of a channel; may be a view of the state."""
        ...

    def kpis(self) -> dict[str, float]:
        """Key figures now."""
        ...

    def events_since(self, number: int) -> tuple[int, list[Event]]:
        """Count of all events so far, and those after the first ``number`` that are still kept."""
        ...

    def scene(self) -> dict[str, Any]:
        """Scene description."""
        ...

    def controls(self) -> list[dict[str, Any]]:
        """What can be set, injected and cleared."""
        ...


@dataclass
class SimulationSubject:
    """A simulation as a subject of a session."""

    simulation: Simulation
    repeatable: bool = field(default=True, init=False)
    finished: bool = field(default=False, init=False)
    recorded: None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.name = self.simulation.plant.name
        self.digest = self.simulation.plant.digest
        self.levels = self.simulation.plant.levels
        self.channels: Sequence[Channel] = CHANNELS

    @property
    def step(self) -> float:
        """Simulated seconds of a step."""
        return float(self.simulation.step)

    @property
    def time(self) -> float:
        """Simulated seconds since the start."""
        return self.simulation.time

    @property
    def steps(self) -> int:
        """Steps done since the start."""
        return self.simulation.steps

    def advance(self) -> None:
        """One step."""
        self.simulation.advance(self.step)

    def apply(self, command: Command) -> Applied:
        """Carry a command out; raises InputError."""
        return self.simulation.apply(command)

    def channel(self, name: str) -> Floats:
        """Values of a channel."""
        return self.simulation.channel(name)

    def kpis(self) -> dict[str, float]:
        """Key figures now."""
        return self.simulation.kpis()

    def field(self, name: str) -> Floats:
        """A field of the state, ``group.field``; a view."""
        return self.simulation.state.field(name)

    def control_value(self, field: str, row: int) -> float:
        """Present value of a control's field for one element."""
        return float(self.simulation.state.field(field)[row])

    def branch(self, snapshot: Snapshot) -> SimulationSubject:
        """Another simulation of the same plant and scenario, at a snapshot."""
        from twin.simulation import Simulation

        other = Simulation(self.simulation.plant, self.simulation.scenario)
        other.restore(snapshot)
        return SimulationSubject(other)

    def snapshot(self) -> Snapshot:
        """Everything needed to go on from now."""
        return self.simulation.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Go to a snapshot."""
        self.simulation.restore(snapshot)

    def events_since(self, number: int) -> tuple[int, list[Event]]:
        """Count of all events, and those after the first ``number``."""
        logged = self.simulation.logged
        fresh = min(logged - number, len(self.simulation.events))
        return logged, list(self.simulation.events)[-fresh:] if fresh > 0 else []

    def scene(self) -> dict[str, Any]:
        """Scene description."""
        from twin.scene import scene

        return scene(self.simulation.plant)

    def controls(self) -> list[dict[str, Any]]:
        """What can be set, injected and cleared."""
        return control_table(self.simulation.plant)


def control_table(plant: Plant) -> list[dict[str, Any]]:
    """Controls and faults of a plant as plain data, without those for which it has nothing.

    Limits are the widest of any element; infinite ones are None.
    """
    idle = {
        (control.level, control.key)
        for control in CONTROLS
        if control.fitted is not None and not control.fitted(plant).any()
    }
    rows: list[dict[str, Any]] = []
    for control in CONTROLS:
        if (control.level, control.key) in idle:
            continue
        low, high = control.low, control.high
        count = plant.levels[control.level].count
        if control.limits is not None and count:
            low, high = control.limits(plant, np.arange(count))
        rows.append(
            {
                "kind": "set",
                "level": control.level,
                "key": control.key,
                "unit": control.unit,
                "low": _limit(low),
                "high": _limit(high),
                "description": control.description,
                "example": control.example,
            }
        )
    rows += [
        {"kind": "fault", "level": fault.level, "key": fault.name, "description": fault.description}
        for fault in FAULTS
        if not any((fault.level, key) in idle for key, *_ in fault.writes)
    ]
    return rows


def _limit(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
