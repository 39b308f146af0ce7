"""The one-line model of a plant: buses, transformers, feeders, busways, UPS and loads as a network.

Every element of the power chain that a layout names becomes a row of
:class:`physics.electrical.network.Network`, and every row knows the element it came from. What is
closed, which source carries the bus and what each load draws belongs to a moment and is read from
the state of a simulation (:mod:`twin.power.operating`).

From the grid down: the connection's bus, main transformers, the site's medium-voltage bus with
generators and battery, feeders, unit transformers, each hall's low-voltage bus, the UPS output
(its bypass is a switch, its inverter a source), panels or busways, and the racks on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.electrical import network as nw
from twin.catalog.specs import Transformer, Ups
from twin.layout import power_models
from twin.plant import Plant
from twin.plant.power import medium_voltage
from twin.power.one_line_tables import TITLES, Rows, Table
from twin.power.phase_shares import has_phases, panel_phases

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

RACK_POWER_FACTOR = 0.99
"""Rack shelves and UPS rectifiers with active correction (engineering estimate)."""
DRIVE_POWER_FACTOR = 0.95
"""Pumps and fans behind frequency converters, lighting and offices (engineering estimate)."""
CHILLER_POWER_FACTOR = 0.90
"""Compressors (engineering estimate)."""
PANEL_REACTANCE_RATIO = 0.8
"""Reactance over resistance of busways and panel cables (engineering estimate)."""
GRID_RX_RATIO = 0.1
"""Resistance over reactance of the public grid (IEC 60909-0, 8.3.2.1, where nothing is known)."""
UNKNOWN_LEVEL = 20.0
"""Short-circuit power over contract power where the layout gives none."""
FORMING_LEVEL = 1e3
"""Short-circuit power over rating of a source whose voltage is regulated at its terminals."""
USUALLY_CLOSED = ("supply", "own-feeder", "preferred")
"""Switches that are closed while nothing is out."""
CAPACITORS = {level: f"{level}-capacitors" for level in ("site", "hall", "plant")}
"""Kind of load that is the capacitor bank of each level: a shunt, its reactive power negative."""
BYPASSES = ("bypass", "system-bypass")


@dataclass(frozen=True, eq=False)
class OneLine:
    """The electrical network of a plant at design, with its elements.

    Attributes
    ----------
    plant : what it was made of
    network : tables for the solvers; closed and loads as in normal operation at design
    buses, lines, transformers, switches, sources, loads : elements of the rows
    load_tangent : reactive over active power of each load [-], shape [loads]
    bus_of : (kind, index) of an element to its bus
    direct : lines with direct current, solved as the balanced three-phase line of equal power and
        loss at the same voltage, shape [lines]
    unevenness : current of the most loaded conductor over that of a balanced load, shape [lines];
        1 where racks do not hang on single phases
    """

    plant: Plant
    network: nw.Network
    buses: Rows
    lines: Rows
    transformers: Rows
    switches: Rows
    sources: Rows
    loads: Rows
    load_tangent: Floats
    bus_of: dict[tuple[str, int], int]
    direct: NDArray[np.bool_]
    unevenness: Floats

    def name(self, table: str, row: int) -> str:
        """Path of a row's element, with what it is where the path alone does not say."""
        rows: Rows = getattr(self, table)
        level, kind = rows.level[row], rows.kind[row]
        path = self.plant.levels.path(level, int(rows.index[row]))
        itself = kind == level or kind == "panel" or level.endswith("transformer")
        return path if itself else f"{path} ({TITLES[kind]})"


def tangent(power_factor: float) -> float:
    """Reactive over active power at a power factor [-]."""
    return math.sqrt(1.0 / power_factor**2 - 1.0)


class _Builder:
    """Puts a plant's network together, from the grid down."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.result = plant.design.expansion
        self.bus, self.line, self.transformer = Table(), Table(), Table()
        self.switch, self.source, self.load = Table(), Table(), Table()
        self.bus_of: dict[tuple[str, int], int] = {}
        self.direct: set[int] = set()

    def add_bus(self, kind: str, level: str, index: int, voltage: float) -> int:
        number = self.bus.add(kind, level, index, voltage)
        self.bus_of[kind, index] = number
        return number

    def same_bus(self, kind: str, index: int, number: int) -> int:
        self.bus_of[kind, index] = number
        return number

    def voltage(self, bus: int) -> float:
        return float(self.bus.values[bus][0])

    def add_load(self, kind: str, level: str, index: int, bus: int, power_factor: float) -> None:
        self.load.add(kind, level, index, bus, tangent(power_factor))

    def add_capacitors(
        self, level: str, index: int, bus: int, bank: power_models.CapacitorBank | None
    ) -> None:
        if bank is not None:
            self.add_load(CAPACITORS[level], level, index, bus, 1.0)

    def add_transformers(
        self, kind: str, level: str, first: Ints, owner: int, bank: power_models.TransformerBank,
        from_bus: int, low: tuple[str, str],
    ) -> int:  # fmt: skip
        """A bank in parallel between a bus and a new one; returns the new bus."""
        unit = self.result.layout.product(bank.product, Transformer)
        to_bus = self.add_bus(low[0], low[1], owner, unit.secondary_voltage)
        for i in range(int(first[owner]), int(first[owner + 1])):
            self.transformer.add(
                kind, level, i, from_bus, to_bus, unit.primary_voltage, unit.secondary_voltage,
                unit.rated_power, unit.impedance_voltage, unit.load_loss, unit.no_load_loss,
                bank.tap, unit.tap_step * unit.primary_voltage,
            )  # fmt: skip
        return to_bus

    def site(self, s: int) -> None:
        """Connection, main transformers, bus, its other sources, and feeders of a site."""
        c = self.plant.constants
        model = self.plant.sites[s]
        grid = self.add_bus("grid", "site", s, model.grid.voltage)
        level = model.grid.short_circuit_power or UNKNOWN_LEVEL * model.grid.contract_power
        self.source.add("supply", "site", s, grid, level)
        if model.transformers is not None:
            mv = self.add_transformers(
                "main-transformer", "site_transformer", c.site.first_transformer, s,
                model.transformers, grid, ("mv", "site"),
            )  # fmt: skip
        else:
            # an incomer's switch, open while generators or battery carry the bus
            mv = self.add_bus("mv", "site", s, model.grid.voltage)
            self.switch.add("supply", "site", s, grid, mv)
        if model.generators is not None or model.battery is not None:
            self.source.add("generators", "site", s, mv, FORMING_LEVEL * model.grid.contract_power)
        self.add_load("house", "site", s, mv, DRIVE_POWER_FACTOR)
        self.add_load("battery", "site", s, mv, 1.0)
        self.add_capacitors("site", s, mv, model.capacitors)
        self.add_load("solar", "site", s, mv, 1.0)
        if model.feeders is None:
            return
        feeder = model.feeders
        current = feeder.rated_power / math.sqrt(3.0) / self.voltage(mv)
        count = self.result.levels["feeder"].first(len(self.plant.sites))
        for f in range(int(count[s]), int(count[s + 1])):
            end = self.add_bus("feeder-end", "feeder", f, self.voltage(mv))
            self.line.add(
                "feeder", "feeder", f, mv, end, feeder.resistance * feeder.length,
                feeder.reactance * feeder.length, current,
            )  # fmt: skip

    def on_feeder(self, level: str, index: int, site: int, own: int, other: int) -> int:
        """Medium-voltage bus of a hall or plant: the site's, or one behind its feeders."""
        mv = self.bus_of["mv", site]
        if own < 0:
            return mv
        bus = self.add_bus(f"{level}-mv", level, index, self.voltage(mv))
        self.switch.add("own-feeder", level, index, self.bus_of["feeder-end", own], bus)
        if other >= 0:
            self.switch.add("other-feeder", level, index, self.bus_of["feeder-end", other], bus)
        return bus

    def hall(self, h: int) -> None:
        """Transformers, UPS, panels and loads of a hall."""
        c, model = self.plant.constants, self.result.hall[h]
        site = int(c.hall.site[h])
        bus = self.on_feeder("hall", h, site, int(c.hall.feeder[h]), int(c.hall.other_feeder[h]))
        if model.transformers is not None:
            low = self.add_transformers(
                "hall-transformer", "hall_transformer", c.hall.first_transformer, h,
                model.transformers, bus, ("hall-lv", "hall"),
            )  # fmt: skip
        else:
            low = self.same_bus("hall-lv", h, bus)
        critical = self.critical_bus(h, low)
        self.add_capacitors("hall", h, low, model.capacitors)
        self.add_load("air", "hall", h, low, DRIVE_POWER_FACTOR)
        for w in range(int(c.hall.first_row[h]), int(c.hall.first_row[h + 1])):
            self.row(w, critical, h in self.direct)

    def critical_bus(self, h: int, low: int) -> int:
        """The racks' bus of a hall, behind its UPS; of several systems the first one's."""
        c, model = self.plant.constants.hall, self.result.hall[h]
        direct = None
        if model.ups is not None:
            direct = self.result.layout.product(model.ups.product, Ups).output_voltage
            if direct is not None:
                self.direct.add(h)
        drives = 1.0 if h in self.direct else DRIVE_POWER_FACTOR
        rating = float(self.plant.constants.stages.rated_power[c.ups_stage[h]])
        volts = direct or self.voltage(low)
        systems = range(int(c.first_system[h]), int(c.first_system[h + 1]))
        for k in systems:
            first_ups = self.plant.constants.ups_system.first_ups
            bus = self.add_bus("ups-system", "ups_system", k, volts)
            if direct is None:
                self.switch.add("system-bypass", "ups_system", k, low, bus)
            level = FORMING_LEVEL * rating * int(first_ups[k + 1] - first_ups[k])
            self.source.add("system-inverter", "ups_system", k, bus, level)
            self.add_load("system-rectifier", "ups_system", k, low, RACK_POWER_FACTOR)
            self.add_load("system-coolant", "ups_system", k, bus, drives)
        if systems:
            return self.same_bus("ups", h, self.bus_of["ups-system", systems[0]])
        if model.ups is None:
            critical = self.same_bus("ups", h, low)
        else:
            critical = self.add_bus("ups", "hall", h, volts)
            if direct is None:
                self.switch.add("bypass", "hall", h, low, critical)
            units = int(c.first_ups[h + 1] - c.first_ups[h])
            self.source.add("inverter", "hall", h, critical, FORMING_LEVEL * rating * units)
        self.add_load("rectifier", "hall", h, low, RACK_POWER_FACTOR)
        self.add_load("coolant", "hall", h, critical, drives)
        return critical

    def panel_source(self, i: int, critical: int) -> int:
        """Bus that feeds a panel: the racks' bus, its UPS system's, or behind its switch."""
        panels = self.plant.constants.panel
        own, other = int(panels.system[i]), int(panels.alternate[i])
        if own < 0:
            return critical
        preferred = self.bus_of["ups-system", own]
        if other < 0:
            return preferred
        bus = self.add_bus("panel-source", "panel", i, self.voltage(preferred))
        self.switch.add("preferred", "panel", i, preferred, bus)
        self.switch.add("alternate", "panel", i, self.bus_of["ups-system", other], bus)
        return bus

    def row(self, w: int, critical: int, direct: bool) -> None:
        """Panels of a row, each with the racks' share that it carries."""
        rows = self.plant.constants.row
        volts, rating = self.voltage(critical), float(rows.panel_rating[w])
        # the loss of three conductors at the rating, and the current there
        resistance = max(float(rows.panel_loss_share[w]), 1e-6) * volts**2 / rating
        reactance = 0.0 if direct else PANEL_REACTANCE_RATIO * resistance
        for i in range(int(rows.first_panel[w]), int(rows.first_panel[w + 1])):
            bus = self.add_bus("panel", "panel", i, volts)
            self.line.add(
                "panel", "panel", i, self.panel_source(i, critical), bus, resistance, reactance,
                rating / math.sqrt(3.0) / volts,
            )  # fmt: skip
            self.add_load("racks", "panel", i, bus, 1.0 if direct else RACK_POWER_FACTOR)

    def plant_yard(self, p: int) -> None:
        """Transformers and motors of a facility-water plant."""
        c, model = self.plant.constants, self.result.plant[p]
        bus = self.on_feeder(
            "plant", p, int(c.plant.site[p]), int(c.plant.feeder[p]), int(c.plant.other_feeder[p])
        )
        if model.transformers is not None:
            low = self.add_transformers(
                "plant-transformer", "plant_transformer", c.plant.first_transformer, p,
                model.transformers, bus, ("plant-lv", "plant"),
            )  # fmt: skip
        else:
            low = self.same_bus("plant-lv", p, bus)
        self.add_capacitors("plant", p, low, model.capacitors)
        self.add_load("drives", "plant", p, low, DRIVE_POWER_FACTOR)
        self.add_load("chillers", "plant", p, low, CHILLER_POWER_FACTOR)

    def network(self) -> OneLine:
        from_bus, to_bus, resistance, reactance, current = self.line.columns(5)
        lines = nw.lines(from_bus, to_bus, resistance, reactance, rated_current=current)
        t = self.transformer.columns(10)
        transformers = nw.transformers(
            t[0], t[1], t[2], t[3], t[4], t[5], t[6], no_load_loss=t[7],
            tap_position=t[8], tap_size=t[9],
        )  # fmt: skip
        at, level = self.source.columns(2)
        forming = np.array([kind != "supply" for kind in self.source.kind], dtype=np.bool_)
        sources = nw.sources(at, level, rx_ratio=GRID_RX_RATIO, closed=~forming)
        ends = self.switch.columns(2)
        usual = [kind in USUALLY_CLOSED for kind in self.switch.kind]
        switches = nw.switches(ends[0], ends[1], np.array(usual, dtype=np.bool_))
        load_bus, tangents = self.load.columns(2)
        shunts = [kind in CAPACITORS.values() for kind in self.load.kind]
        kinds = np.where(shunts, nw.CONSTANT_IMPEDANCE, nw.CONSTANT_POWER)
        loads = nw.loads(load_bus, 0.0, kind=kinds)
        (volts,) = self.bus.columns(1)
        direct = self._direct_lines()
        return OneLine(
            self.plant,
            nw.Network(volts, sources, loads, lines, transformers, switches),
            self.bus.rows,
            self.line.rows,
            self.transformer.rows,
            self.switch.rows,
            self.source.rows,
            self.load.rows,
            np.asarray(tangents, dtype=np.float64),
            self.bus_of,
            direct,
            np.where(direct, 1.0, self._unevenness()),
        )

    def _direct_lines(self) -> NDArray[np.bool_]:
        hall = self.plant.constants.row.hall
        return np.array(
            [
                kind == "panel" and int(hall[row]) in self.direct
                for kind, row in zip(self.line.kind, self._row_of_lines(), strict=True)
            ],
            dtype=np.bool_,
        )

    def _unevenness(self) -> Floats:
        """Of every line, by the design power of the racks on each phase of a panel."""
        factor = np.ones(len(self.line.kind))
        if has_phases(self.plant):
            worst = 3.0 * panel_phases(self.plant).max(axis=1)
            for line, (kind, index) in enumerate(zip(self.line.kind, self.line.index, strict=True)):
                if kind == "panel":
                    factor[line] = worst[index]
        return factor

    def _row_of_lines(self) -> list[int]:
        """Row of each panel among the lines; 0 for feeders."""
        row = self.plant.levels["panel"].parent_index
        return [
            int(row[index]) if kind == "panel" else 0
            for kind, index in zip(self.line.kind, self.line.index, strict=True)
        ]


def one_line(plant: Plant) -> OneLine:
    """The one-line model of a plant, all sites in one network of separate islands."""
    builder = _Builder(plant)
    for s in range(len(plant.sites)):
        builder.site(s)
    for h in range(len(plant.constants.hall.site)):
        builder.hall(h)
    for p in range(len(plant.constants.plant.site)):
        builder.plant_yard(p)
    return builder.network()


__all__ = ["OneLine", "Rows", "medium_voltage", "one_line", "tangent"]
