"""What is closed, which source carries each bus, and what each load draws, at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physics.electrical.switch import SOURCE_A, SOURCE_B
from physics.electrical.ups import BATTERY as UPS_BATTERY
from physics.electrical.ups import DOUBLE_CONVERSION, ECO, MAINTENANCE_BYPASS, STATIC_BYPASS
from physics.factory.power_sources import BATTERY, GENERATORS, GRID
from twin.power.one_line import Floats, Ints, OneLine
from twin.state import StateBuffer

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Operating:
    """An operating point of a one-line model, in the order of its tables.

    Attributes
    ----------
    power, reactive : of each load [W, var], shape [loads]
    source_voltage : per unit, shape [sources]
    lines, transformers, switches, sources : closed
    """

    power: Floats
    reactive: Floats
    source_voltage: Floats
    lines: Bools
    transformers: Bools
    switches: Bools
    sources: Bools

    def rounded(self, share: float, scale: Floats) -> Operating:
        """The same with loads rounded to ``share`` of their scale [W]: equal for loads that hardly
        differ, so that a solution serves until something has moved."""
        if share <= 0.0:
            return self
        quantum = share * scale
        factor = np.divide(self.reactive, self.power, where=self.power != 0.0,
                           out=np.zeros_like(self.power))  # fmt: skip
        power = np.round(self.power / quantum) * quantum
        return Operating(
            power, power * factor, self.source_voltage, self.lines, self.transformers,
            self.switches, self.sources,
        )  # fmt: skip

    def key(self) -> bytes:
        """Equal for equal operating points."""
        return b"".join(
            np.ascontiguousarray(part).tobytes()
            for part in (
                self.power, self.source_voltage, self.lines, self.transformers, self.switches,
                self.sources,
            )
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Places:
    """Rows of each kind and the elements that they stand for."""

    kinds: dict[str, tuple[Ints, Ints]] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> tuple[Ints, Ints]:
        return self.kinds[kind]


def _past_the_ups(mode: Floats) -> Bools:
    """Whether the load is on the bypass; as three comparisons, a tenth of numpy.isin's time."""
    return np.asarray((mode == ECO) | (mode == STATIC_BYPASS) | (mode == MAINTENANCE_BYPASS))


class Reader:
    """Reads operating points of one plant's one-line model from states."""

    def __init__(self, model: OneLine) -> None:
        self.model = model
        self.plant = model.plant

        def places(table: str) -> _Places:
            rows = getattr(model, table)
            return _Places(
                {kind: (at, rows.index[at]) for kind in set(rows.kind) for at in [rows.rows(kind)]}
            )

        self._load, self._line = places("loads"), places("lines")
        self._transformer, self._switch = places("transformers"), places("switches")
        self._source = places("sources")
        c = self.plant.constants
        self._panel_rating = c.row.panel_rating[self.plant.levels["panel"].parent_index]
        self._has_ups = np.diff(c.hall.first_ups) > 0
        site = self.plant.levels["site_transformer"].parent_index
        hall = self.plant.levels["hall_transformer"].parent_index
        self._bank_site, self._bank_hall = site, hall
        self._bank_plant = self.plant.levels["plant_transformer"].parent_index

    def read(self, state: StateBuffer) -> Operating:
        """Operating point of a state."""
        power = np.zeros(len(self.model.loads))
        for kind, values in self._powers(state).items():
            if kind not in self._load.kinds:
                continue
            at, index = self._load[kind]
            power[at] = values[index]
        lines, transformers, switches, sources = self._closed(state)
        voltage = np.ones(len(self.model.sources))
        at, index = self._source["supply"]
        voltage[at] = np.maximum(state.view.site.grid_voltage[index], 1e-3)
        return Operating(
            power, power * self.model.load_tangent, voltage, lines, transformers, switches, sources
        )

    def _powers(self, state: StateBuffer) -> dict[str, Floats]:
        """Power of every element that is a load [W], by kind of load."""
        c, s = self.plant.constants.hall, state.view
        hall, plant, site = s.hall, s.plant, s.site
        behind_cdu = self._has_ups & (c.ups_carries_cdus > 0)
        behind_air = self._has_ups & (c.ups_carries_crahs > 0)
        cdu = hall.cooling_power - hall.crah_power
        no_ups = ~self._has_ups
        beside = np.where(behind_cdu, 0.0, cdu) + np.where(behind_air, 0.0, hall.crah_power)
        behind = np.where(behind_cdu, cdu, 0.0) + np.where(behind_air, hall.crah_power, 0.0)
        taken = np.maximum(hall.power - hall.transformer_loss - beside, 0.0)
        # through the bypass the racks' load is the low-voltage bus's own, only losses stay there
        through = _past_the_ups(hall.ups_mode)
        rectifier = np.where(through, np.maximum(taken - hall.ups_output, 0.0), taken)
        rectifier = np.where(no_ups, 0.0, rectifier)
        fed = (site.source > 0).astype(np.float64)
        return {
            "house": site.house_power * fed,
            "battery": -site.battery_power * (site.source != BATTERY),
            "solar": -site.solar_power,
            "rectifier": rectifier,
            "system-rectifier": self._system_inputs(state),
            "system-coolant": s.ups_system.cooling,
            "air": beside,
            "coolant": behind,
            "racks": s.panel.load * self._panel_rating,
            "drives": plant.pump_power + plant.fan_power,
            "chillers": plant.chiller_power,
        }

    @staticmethod
    def _system_inputs(state: StateBuffer) -> Floats:
        """What UPS systems draw beside what goes through their bypass [W]."""
        system = state.view.ups_system
        through = _past_the_ups(system.mode)
        own: Floats = np.where(
            through, np.maximum(system.drawn - system.output, 0.0), system.drawn
        ) * (system.fed > 0)
        return own

    def _closed(self, state: StateBuffer) -> tuple[Bools, Bools, Bools, Bools]:
        s, model = state.view, self.model
        lines = np.zeros(len(model.lines), dtype=np.bool_)
        online = {
            "panel": (s.panel.online > 0) & (s.panel.tripped == 0),
            "feeder": s.feeder.online > 0,
        }
        for kind, (at, index) in self._line.kinds.items():
            lines[at] = online[kind][index]
        on_grid = s.site.source == GRID
        banks = {
            "main-transformer": (s.site_transformer.online > 0) & on_grid[self._bank_site],
            "hall-transformer": (s.hall_transformer.online > 0)
            & (s.hall.live > 0)[self._bank_hall],
            "plant-transformer": (s.plant_transformer.online > 0)
            & (s.plant.fed > 0)[self._bank_plant],
        }
        transformers = np.zeros(len(model.transformers), dtype=np.bool_)
        for kind, (at, index) in self._transformer.kinds.items():
            transformers[at] = banks[kind][index]
        switches = np.zeros(len(model.switches), dtype=np.bool_)
        for kind, (at, index) in self._switch.kinds.items():
            if kind == "supply":
                switches[at] = on_grid[index]
            elif kind in ("preferred", "alternate"):
                wanted = SOURCE_A if kind == "preferred" else SOURCE_B
                switches[at] = (s.panel.fed[index] > 0) & (s.panel.target[index] == wanted)
            elif kind == "system-bypass":
                switches[at] = _past_the_ups(s.ups_system.mode[index])
            elif kind == "bypass":
                switches[at] = _past_the_ups(s.hall.ups_mode[index])
            else:
                switches[at] = self._feeder_closed(kind, at, index, state)
        sources = np.zeros(len(model.sources), dtype=np.bool_)
        for kind, (at, index) in self._source.kinds.items():
            if kind == "supply":
                sources[at] = s.site.grid_available[index] > 0
            elif kind == "system-inverter":
                sources[at] = (s.ups_system.fed[index] > 0) & np.isin(
                    s.ups_system.mode[index], (DOUBLE_CONVERSION, UPS_BATTERY)
                )
            elif kind == "inverter":
                sources[at] = (s.hall.fed[index] > 0) & np.isin(
                    s.hall.ups_mode[index], (DOUBLE_CONVERSION, UPS_BATTERY)
                )
            else:
                sources[at] = np.isin(s.site.source[index], (GENERATORS, BATTERY))
        return lines, transformers, switches, sources

    def _feeder_closed(self, kind: str, at: Ints, index: Ints, state: StateBuffer) -> Bools:
        """Whether halls and plants are switched to their own or to their other feeder."""
        closed = np.zeros(len(at), dtype=np.bool_)
        levels = self.model.switches.level
        for k, (row, element) in enumerate(zip(at, index, strict=True)):
            level = levels[row]
            constants = getattr(self.plant.constants, level)
            feeder = constants.feeder if kind == "own-feeder" else constants.other_feeder
            in_use = getattr(state.view, level).feeder_in_use
            closed[k] = in_use[element] == feeder[element]
        return closed
