"""What the grid gives for a power of the racks, by the same laws as the coupled step.

Around an operating point: the racks' power is scaled, cooling and house load stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physics.electrical.conversion import StageCurve, efficiency_table, group_input_power
from physics.factory.electricity import bank_loss
from twin.plant import Plant
from twin.power.one_line import Floats, Ints
from twin.state import StateBuffer

SAMPLES = 61
"""Points at which a whole chain is laid into one curve; its efficiency is linear between them."""
GREATEST = 2.0
"""Greatest power of a curve over that of its operating point."""


@dataclass(frozen=True, eq=False)
class Chain:
    """From the racks' inlets to a hall's or a site's connection.

    Attributes
    ----------
    plant, state : at which operating point
    halls : which are behind the connection
    site : of the connection, or None where the chain ends above the halls' transformers
    """

    plant: Plant
    state: StateBuffer
    halls: Ints
    site: int | None

    @property
    def racks_power(self) -> float:
        """At the racks' inlets, at the operating point [W]."""
        return float(self._feed()[self.halls].sum())

    @property
    def other_power(self) -> float:
        """Cooling, and at a site house load, at the operating point [W]."""
        s = self.state.view
        if self.site is not None:
            return float(s.site.cooling_power[self.site] + s.site.house_power[self.site])
        return float(s.hall.cooling_power[self.halls].sum())

    def _feed(self) -> Floats:
        rows = self.plant.constants.row
        feed = np.zeros(len(self.plant.constants.hall.site))
        np.add.at(feed, rows.hall, self.state.view.row.feed_power)
        return feed

    def power(self, racks_power: float) -> float:
        """At the connection while the racks take so much [W]."""
        c, s = self.plant.constants, self.state.view
        scale = racks_power / max(self.racks_power, 1e-9)
        feed, panels = self._feed(), np.zeros(len(c.hall.site))
        np.add.at(panels, c.row.hall, s.row.panel_loss)
        total = 0.0
        for h in self.halls.tolist():
            behind = s.hall.ups_output[h] if s.hall.ups_output[h] > 0.0 else feed[h] + panels[h]
            changed = behind + (scale - 1.0) * feed[h] + (scale**2 - 1.0) * panels[h]
            through = self._through_ups(h, changed) - self._through_ups(h, behind)
            passed = s.hall.power[h] - s.hall.transformer_loss[h] + through
            total += passed + self._transformers(h, passed)
        if self.site is None:
            return total
        # without battery and sun, which are no part of what lies between racks and connection
        bus = s.site.bus_power[self.site]
        bus += total - s.hall.power[self.halls].sum()
        return float(bus + self._main_transformers(self.site, bus))

    def _through_ups(self, h: int, power: float) -> float:
        c, hall = self.plant.constants, self.plant.constants.hall
        online = self.state.view.ups.online[hall.first_ups[h] : hall.first_ups[h + 1]]
        if online.sum() == 0.0:
            return power
        eco = self.state.view.hall.ups_mode[h] == 2.0
        stage = int(hall.eco_stage[h] if eco else hall.ups_stage[h])
        return float(group_input_power(power, 25.0, stage, c.stages, int(online.sum())))

    def _transformers(self, h: int, power: float) -> float:
        c = self.plant.constants
        first = c.hall.first_transformer
        units = self.state.view.hall_transformer.online[first[h] : first[h + 1]].sum()
        loss, _ = bank_loss(
            power, float(units), float(c.site.power_factor[c.hall.site[h]]),
            float(c.hall.transformer_rating[h]), float(c.hall.transformer_no_load_loss[h]),
            float(c.hall.transformer_load_loss[h]),
        )  # fmt: skip
        return float(loss)

    def _main_transformers(self, s: int, power: float) -> float:
        c = self.plant.constants.site
        units = self.state.view.site_transformer.online[
            c.first_transformer[s] : c.first_transformer[s + 1]
        ].sum()
        loss, _ = bank_loss(
            power, float(units), float(c.power_factor[s]), float(c.transformer_rating[s]),
            float(c.transformer_no_load_loss[s]), float(c.transformer_load_loss[s]),
        )  # fmt: skip
        return float(loss)

    def curve(self) -> StageCurve:
        """The chain as one conversion stage over racks' and other power together."""
        other = self.other_power
        rated = self.racks_power + other
        shares = np.linspace(0.02, GREATEST, SAMPLES)
        racks = shares * self.racks_power
        totals = racks + other
        drawn = np.array([self.power(float(value)) for value in racks])
        return efficiency_table((totals / rated).tolist(), (totals / drawn).tolist(), rated)
