"""What must be true of every run, asked for or not: energy, mass, bounds, no NaN.

Each check looks at one moment and names the worst element. Limits are those of arithmetic and of
nature, not of good operation; those an engineer writes down as expectations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physics.factory.arrays import Floats
from twin.channels import CHANNELS, Channel
from twin.regression.outcome import Outcome
from twin.regression.series import Frame

if TYPE_CHECKING:
    from twin.simulation import Simulation

RESIDUAL_LIMIT = 1e-6  # of the energy that went through
SUM_LIMIT = 1e-6  # relative difference of a sum and its parts
COLDEST, HOTTEST = -60.0, 300.0  # degC of anything in a factory
SHARE_SLACK = 1e-9
EVERY = 10  # frames between looks at bounds and sums

NOT_NEGATIVE = (
    "power",
    "flow",
    "water_use",
    "throttled",
    "load",
    "tokens_per_second",
    "differential_pressure",
    "pump_power",
    "fan_power",
    "chiller_power",
)
"""Last parts of channel names whose values are never negative."""


@dataclass
class Invariant:
    """One check: its name and the first violation found, if any."""

    name: str
    broken: str = ""


@dataclass
class Invariants:
    """Checks a simulation at every call of :meth:`look`."""

    simulation: Simulation
    frames: int = 0
    energy: Invariant = field(
        default_factory=lambda: Invariant(
            f"energy: residual below {RESIDUAL_LIMIT:g} of throughput"
        )
    )
    numbers: Invariant = field(default_factory=lambda: Invariant("numbers: no NaN in the state"))
    bounds: Invariant = field(
        default_factory=lambda: Invariant("bounds: temperatures, shares and signs")
    )
    mass: Invariant = field(
        default_factory=lambda: Invariant("mass: flows through a CDU's racks add up to its own")
    )
    power: Invariant = field(
        default_factory=lambda: Invariant(
            "power: racks add up to their hall, and a site's parts to the site"
        )
    )

    @property
    def all(self) -> tuple[Invariant, ...]:
        """Every check."""
        return (self.energy, self.numbers, self.bounds, self.mass, self.power)

    def look(self) -> None:
        """Check the simulation as it is now; the first violation of each check is kept."""
        simulation = self.simulation
        self._note(self.energy, self._energy)
        self._note(self.numbers, self._numbers)
        if self.frames % EVERY == 0:
            frame = Frame(simulation)
            self._note(self.bounds, lambda: self._bounds(frame))
            self._note(self.mass, lambda: self._mass(frame))
            self._note(self.power, lambda: self._power(frame))
        self.frames += 1

    def outcomes(self) -> list[Outcome]:
        """How the checks came out."""
        return [
            Outcome(check.name, "failed" if check.broken else "passed", check.broken or "held")
            for check in self.all
        ]

    def _note(self, check: Invariant, find: Callable[[], str]) -> None:
        if not check.broken:
            found = find()
            if found:
                check.broken = f"{found}, {self.simulation.time:.0f} s"

    def _energy(self) -> str:
        residual = self.simulation.energy_residual()
        return "" if abs(residual) <= RESIDUAL_LIMIT else f"residual {residual:.3g}"

    def _numbers(self) -> str:
        buffer = self.simulation.state.buffer
        if not np.isnan(buffer).any():
            return ""
        for channel in CHANNELS:
            values = channel.read_all(self.simulation.plant, self.simulation.state)
            if np.isnan(values).any():
                return f"{channel.name} at {self._path(channel, int(np.isnan(values).argmax()))}"
        return "a value of the state"

    def _path(self, channel: Channel, row: int) -> str:
        return self.simulation.plant.levels.path(channel.level, row)

    def _bounds(self, frame: Frame) -> str:
        for channel in CHANNELS:
            low, high = self._limits(channel)
            if low == -np.inf and high == np.inf:
                continue  # reading some channels costs a solution; nothing would be looked at
            values = frame.channel(channel.name)
            if np.isnan(values).all():  # there are none, or it applies to none
                continue
            for row in (int(np.nanargmin(values)), int(np.nanargmax(values))):
                if not low <= values[row] <= high:
                    return (
                        f"{channel.name} is {values[row]:.6g} {channel.unit} at "
                        f"{self._path(channel, row)}"
                    )
        pue, it_power = frame.channel("site.pue"), frame.channel("site.it_power")
        short = (it_power > 0.0) & (pue < 1.0 - SHARE_SLACK)
        if short.any():
            return f"PUE is {pue[short].min():.6g}, below 1"
        return ""

    @staticmethod
    def _limits(channel: Channel) -> tuple[float, float]:
        if channel.unit == "degC":
            return COLDEST, HOTTEST
        if channel.unit == "" and channel.colours == "share":
            return -SHARE_SLACK, 1.0 + SHARE_SLACK
        if channel.low < 0.0:  # it can charge
            return -np.inf, np.inf
        if channel.name.partition(".")[2] in NOT_NEGATIVE or channel.name.endswith("_flow"):
            return -1e-9, np.inf
        return -np.inf, np.inf

    def _mass(self, frame: Frame) -> str:
        cdu = self.simulation.plant.constants.rack.cdu
        total = frame.channel("cdu.secondary_flow")
        liquid = cdu >= 0
        parts = _summed(cdu[liquid], frame.channel("rack.coolant_flow")[liquid], len(total))
        return self._apart("cdu", "flow through the racks", parts, total, 1e-7)

    def _power(self, frame: Frame) -> str:
        constants = self.simulation.plant.constants
        total = frame.channel("hall.it_power")
        parts = _summed(constants.rack.hall, frame.channel("rack.power"), len(total))
        found = self._apart("hall", "power of the racks", parts, total, 1.0)
        if found:
            return found
        total = frame.channel("site.power")
        parts = (
            frame.channel("site.it_power")
            + frame.channel("site.cooling_power")
            + frame.channel("site.loss_power")
            + self.simulation.state.view.site.house_power
        )
        return self._apart("site", "IT, cooling, losses and house power", parts, total, 1.0)

    def _apart(self, level: str, what: str, parts: Floats, total: Floats, smallest: float) -> str:
        difference = np.abs(parts - total)
        allowed = SUM_LIMIT * np.maximum(np.abs(total), smallest)
        bad = np.flatnonzero(difference > allowed)
        if len(bad) == 0:
            return ""
        row = int(bad[0])
        return (
            f"{what} is {parts[row]:.6g}, not {total[row]:.6g}, at "
            f"{self.simulation.plant.levels.path(level, row)}"
        )


def _summed(owner: NDArray[np.int64], values: Floats, count: int) -> Floats:
    """Sum of the values of each owner, shape [count]."""
    return np.bincount(owner, weights=values, minlength=count).astype(np.float64)
