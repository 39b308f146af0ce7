"""Prices and carbon by the hour: what a run cost hour by hour, and when it had been cheapest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from physics.factory.arrays import Floats
from twin.errors import InputError
from twin.money import name_of

if TYPE_CHECKING:
    from twin.layout.models import LayoutModel, Site
    from twin.scenario import Scenario
    from twin.simulation import Simulation

HOURS = 24
LOOK = 60.0
"""Shortest time between moments that are kept, s."""
DAY = 86_400.0
JOULES_PER_KILOWATT_HOUR = 3.6e6


def by_hour(site: Site, scenario: Scenario) -> tuple[Floats | None, Floats | None]:
    """Price [money/J] and carbon intensity [kg/J] of every hour of the day, shape [24]; None where
    they do not change. Those of the scenario go before those of the layout."""
    prices = scenario.tariff.price_by_hour or site.grid.price_by_hour
    carbon = scenario.tariff.carbon_by_hour or site.grid.carbon_by_hour
    return (
        None if prices is None else np.array([price.value for price in prices]),
        None if carbon is None else np.array(carbon, dtype=np.float64),
    )


class Tariffs:
    """Writes the hour's price and carbon intensity into the state when an hour begins.

    What a command sets in between stays until the next hour.

    Attributes
    ----------
    profiles : of every site, as :func:`by_hour` gives them
    currency : code of the currency of all prices; None if there are none
    """

    def __init__(self, layout: LayoutModel, sites: tuple[Site, ...], scenario: Scenario):
        self.profiles = [by_hour(site, scenario) for site in sites]
        self.start = scenario.start
        own = scenario.tariff.currency
        self.currency = layout.currency or own
        if own is not None and own != self.currency:
            raise scenario.located(
                InputError(
                    "prices in another currency than the layout's",
                    found=name_of(own),
                    allowed=f"{name_of(self.currency or own)}, as in the layout '{layout.name}'; "
                    "there is no rate between them",
                ),
                ("tariff", "price_by_hour"),
            )

    @property
    def any(self) -> bool:
        """Whether anything changes by the hour."""
        return any(part is not None for pair in self.profiles for part in pair)

    def hour(self, time: float) -> int:
        """Hour of the day so many seconds after the start."""
        return (self.start + timedelta(seconds=time)).hour

    def set(self, simulation: Simulation, since: float | None) -> None:
        """Write what is true now, if the hour is another than ``since`` [s after the start]."""
        hour = self.hour(simulation.time)
        if since is not None and self.hour(since) == hour:
            return
        site = simulation.state.view.site
        for s, (prices, carbon) in enumerate(self.profiles):
            if prices is not None:
                site.price[s] = prices[hour]
            if carbon is not None:
                site.carbon_intensity[s] = carbon[hour]


@dataclass
class HourlyBill:
    """Energy, cost and carbon of a run by the hour of the day; ``take`` adds what came since.

    What lies between two moments goes to the hour of their middle.
    """

    simulation: Simulation
    time: list[float] = field(default_factory=list)
    totals: list[tuple[float, float, float]] = field(default_factory=list)
    energies: list[Floats] = field(default_factory=list)

    def take(self, last: bool = False) -> None:
        """Note the moment, at most once a minute but for the ``last``."""
        if self.time:
            passed = self.simulation.time - self.time[-1]
            if passed < LOOK - 1e-9 and not (last and passed > 0.0):
                return
        ledger = self.simulation.state.view.ledger
        self.time.append(self.simulation.time)
        self.energies.append(ledger.grid_energy.copy())
        self.totals.append(
            (float(ledger.grid_energy.sum()), float(ledger.cost.sum()), float(ledger.carbon.sum()))
        )

    def hours(self) -> list[dict[str, float]]:
        """What each hour of the day took, in the order of the day."""
        tariffs = self.simulation.tariffs
        sums = np.zeros((HOURS, 3))
        for k, change in enumerate(np.diff(np.array(self.totals), axis=0)):
            sums[tariffs.hour(0.5 * (self.time[k] + self.time[k + 1]))] += change
        return [
            {
                "hour": hour,
                "grid_energy_kwh": float(sums[hour, 0]) / JOULES_PER_KILOWATT_HOUR,
                "energy_cost": float(sums[hour, 1]),
                "carbon_kg": float(sums[hour, 2]),
            }
            for hour in range(HOURS)
            if sums[hour].any()
        ]

    def shift(self) -> dict[str, Any]:
        """What the same energy, drawn from another hour of the day on, had cost and emitted.

        Of a deferrable run up to a day; cooling at another hour is taken to need the same. Starts
        go by whole hours from the run's own.
        """
        seconds = self.time[-1] - self.time[0]
        if seconds > DAY or len(self.time) < 2:
            return {}
        found: dict[str, Any] = {}
        for which, name in ((0, "energy_cost"), (1, "carbon_kg")):
            if all(pair[which] is None for pair in self.simulation.tariffs.profiles):
                continue
            totals = [self._shifted(which, delay) for delay in range(HOURS)]
            best = int(np.argmin(totals))
            start = self.simulation.scenario.start + timedelta(hours=best, seconds=self.time[0])
            found[name] = {
                "now": totals[0],
                "best": totals[best],
                "saving": totals[0] - totals[best],
                "saving_share": 1.0 - totals[best] / totals[0] if totals[0] > 0.0 else 0.0,
                "start": start.strftime("%H:%M"),
                "delay_h": best,
            }
        return found

    def _shifted(self, which: int, delay: int) -> float:
        """Cost or carbon of the run's energy by the profiles, begun some hours later."""
        tariffs, site = self.simulation.tariffs, self.simulation.state.view.site
        flat = (site.price, site.carbon_intensity)[which]
        total = 0.0
        middle = [0.5 * (a + b) for a, b in zip(self.time[:-1], self.time[1:], strict=True)]
        hours = [tariffs.hour(moment + 3600.0 * delay) for moment in middle]
        for s, change in enumerate(np.diff(np.array(self.energies), axis=0).T):
            profile = tariffs.profiles[s][which]
            rate = np.full(len(hours), flat[s]) if profile is None else profile[hours]
            total += float(change @ rate)
        return total
