"""What sets the racks' workload while a simulation runs, and the plain profile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.scenario import Load
    from twin.simulation import Simulation
    from twin.tabular.span import Foreign

RAMP_INTERVAL = 1.0  # s between values of a profile that is ramping
USUAL_SHARES = {"compute_share": 1.0, "memory_share": 0.6}
INPUTS = ("utilisation", "compute_share", "memory_share")
Rows = NDArray[np.int64]


class Driver(Protocol):
    """Sets workload inputs of racks; decides by simulated time only, however a caller cuts it."""

    def set(self, simulation: Simulation, starting: bool) -> None:
        """Write the inputs for the step that begins now; ``starting``: before time runs."""
        ...

    @property
    def foreign(self) -> Foreign | None:
        """Clock of the table that it follows, where it is another than the site's."""
        ...

    def next_change(self, now: float) -> float:
        """Time of the next change after ``now`` [s]; infinite when there is none."""
        ...

    def snapshot(self) -> Any:
        """Plain data that a later :meth:`restore` needs; None when time decides all."""
        ...

    def restore(self, kept: Any) -> None:
        """Go back to a snapshot."""
        ...

    @classmethod
    def figures(cls, drivers: Sequence[Any], simulation: Simulation) -> dict[str, float]:
        """Key figures of the work that drivers of this kind did so far, together.

        In SI, shares as 0..1.
        """
        ...


class Stateless:
    """Parts of a driver that time alone decides."""

    foreign: Foreign | None = None

    def snapshot(self) -> Any:
        """Nothing is kept."""
        return None

    def restore(self, kept: Any) -> None:
        """Nothing to go back to."""

    @classmethod
    def figures(cls, drivers: Sequence[Any], simulation: Simulation) -> dict[str, float]:
        """None of its own."""
        return {}


class ProfileDriver(Stateless):
    """Points in time with ramps between them; a value set by a command stays until the next.

    Parameters
    ----------
    rows : racks that are left to it, by input
    profile : its points
    hidden : its path where other entries drive all its racks, which is told
    """

    def __init__(self, rows: Mapping[str, Rows], profile: Sequence[Load], hidden: str | None):
        self.rows = rows
        self.profile = tuple(profile)
        self._hidden = hidden

    def set(self, simulation: Simulation, starting: bool) -> None:
        """See :class:`Driver`."""
        if simulation.steps == 0 and not starting:
            return  # written when the simulation was made; a command may have come since
        if starting:
            self._complete(simulation)
            self._tell(simulation)
        for key in INPUTS:
            value = profile_value(self.profile, key, simulation.time, simulation.step, starting)
            if value is not None:
                simulation.state.field(f"rack.{key}")[self.rows[key]] = value

    def _tell(self, simulation: Simulation) -> None:
        if self._hidden is None:
            return
        from twin.simulation import Event

        message = "a profile has no effect here: other entries of the workload drive all its racks"
        simulation.log(Event(simulation.time, self._hidden, "data", message))
        self._hidden = None

    def _complete(self, simulation: Simulation) -> None:
        """Shares that neither this profile nor an entry before it speaks of are those of full work.

        Being busy with nothing is hardly what somebody means who gives a utilisation alone.
        """
        for key, usual in USUAL_SHARES.items():
            if all(getattr(point, key) is None for point in self.profile):
                complete(simulation, key, self.rows["utilisation"], usual)

    def next_change(self, now: float) -> float:
        """See :class:`Driver`."""
        return min((_next_change(point, now) for point in self.profile), default=math.inf)


def complete(simulation: Simulation, key: str, rows: Rows, usual: float) -> None:
    """Set an input of racks at the start where no entry before has said anything of it."""
    field = simulation.state.field(f"rack.{key}")
    field[rows] = np.where(field[rows] == 0.0, usual, field[rows])


def _next_change(point: Load, now: float) -> float:
    """Time of a point's next change after ``now`` [s]; infinite when it is over."""
    if point.at > now + 1e-9:
        return float(point.at)
    if now >= point.at + point.ramp - 1e-9:
        return math.inf
    passed = math.floor((now - point.at) / RAMP_INTERVAL + 1e-9)
    return float(min(point.at + (passed + 1) * RAMP_INTERVAL, point.at + point.ramp))


def profile_value(
    profile: Sequence[Load], key: str, now: float, step: float, everything: bool
) -> float | None:
    """Value of a profile at a time; None when nothing is due.

    A point is due in the step that begins at or next after its time, and through its ramp, whose
    values move every ``RAMP_INTERVAL``.
    """
    previous = None
    current = None
    for point in profile:
        if getattr(point, key) is None or point.at > now + 1e-9:
            continue
        previous, current = current, point
    if current is None:
        return None
    value = float(getattr(current, key))
    since = now - current.at
    if since < current.ramp - 1e-9 and previous is not None:
        before = float(getattr(previous, key))
        passed = math.floor(since / RAMP_INTERVAL + 1e-9) * RAMP_INTERVAL
        return float(before + (value - before) * passed / current.ramp)
    over = since - current.ramp if previous is not None else since
    return value if everything or over < step - 1e-9 else None


def racks_at(plant: Plant, path: str) -> Rows:
    """Racks at or below a path, or on the CDU of a path.

    Raises InputError for an unknown path, or one without racks.
    """
    if path.strip() == "/":
        return np.arange(plant.levels["rack"].count, dtype=np.int64)
    level, row = plant.levels.find(path)
    if level == "cdu":
        rows = np.flatnonzero(plant.constants.rack.cdu == row).astype(np.int64)
    else:
        rows = plant.levels.below(level, row, "rack")
    if len(rows) == 0:
        raise InputError(
            "there is no rack at or below this path",
            key="path",
            found=path,
            allowed="the path of a rack, or above racks, or of a CDU",
        )
    return rows


def drivers_of(simulation: Simulation) -> list[Driver]:
    """Drivers of everything in a scenario's workload, in its order, jobs last.

    Raises InputError, also for entries that drive the same racks.
    """
    from twin.tabular.span import refuse_apart
    from twin.workload.claims import claims_of, left_to, racks_of_entry, refuse_shared

    scenario, plant = simulation.scenario, simulation.plant
    clock, duration = simulation.clock, scenario.duration
    drivers: list[Driver | None] = []
    racks: list[Rows] = []
    for number, entry in enumerate(scenario.workload):
        rows = racks_of_entry(plant, scenario, entry.path, ("workload", number))
        racks.append(rows)
        if entry.series is not None:
            from twin.workload.series import SeriesDriver

            series = SeriesDriver(plant, entry.series, entry.path, rows, clock, duration)
            drivers.append(series)
            # columns and lines may speak of a part of the path's racks
            racks[-1] = np.concatenate([part.rows for part in series.parts])
        elif entry.training is not None:
            from twin.workload.training import TrainingDriver

            drivers.append(TrainingDriver(plant, entry.training, rows))
        elif entry.inference is not None:
            from twin.workload.inference import InferenceDriver

            drivers.append(
                InferenceDriver(plant, entry.inference, entry.path, rows, scenario, clock)
            )
        else:
            drivers.append(None)  # a profile has what the others leave
    if scenario.jobs is not None:
        from twin.workload.job_driver import JobDriver

        racks.append(racks_of_entry(plant, scenario, scenario.jobs.path, ("jobs",)))
        drivers.append(JobDriver(plant, scenario.jobs, racks[-1], clock, duration))
    refuse_apart((driver.foreign for driver in drivers if driver is not None), clock)
    claims = claims_of(scenario, racks)
    refuse_shared(plant, scenario, claims)
    for number, entry in enumerate(scenario.workload):
        if entry.profile:
            left, mine = left_to(claims, number), claims[number]
            hidden = not mine.idle and not any(len(left[name]) for name in mine.inputs)
            drivers[number] = ProfileDriver(left, entry.profile, entry.path if hidden else None)
    return [driver for driver in drivers if driver is not None]
