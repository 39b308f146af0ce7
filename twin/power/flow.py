"""Power flow of a plant's one-line model at a moment of a simulation, and its results by element.

A solution is found anew when a load has moved by more than :data:`TOLERANCE` of its scale, or when
something has been switched; until then the last one serves. What is asked for is a function of the
state alone, so recordings stay reproducible.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from physics.electrical.network import check_network
from physics.electrical.power_flow import PowerFlow, PowerFlowError, PowerFlowResult, power_factor
from twin.errors import InputError, NumericalError
from twin.power.capacitors import Capacitors, steps_in
from twin.power.one_line import Floats, Ints, OneLine, one_line
from twin.power.operating import Operating, Reader

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

TOLERANCE = 1e-3
"""Movement of a load, over its scale, that calls for a new solution."""
ACCURACY = 1e-8
"""Of voltages in the last iteration, per unit; switches without impedance allow 1e-9."""


@dataclass(frozen=True, eq=False)
class Flow:
    """A solved operating point.

    Attributes
    ----------
    model, operating, result : what was solved, where, and the solution
    """

    model: OneLine
    operating: Operating
    result: PowerFlowResult

    def voltage(self, kind: str) -> Floats:
        """Per unit at the bus of every element of a kind of bus, 0 where dead."""
        buses = _bus_rows(self.model, kind)
        voltage: Floats = self.result.voltage_pu[buses] * self.result.energised[buses]
        return voltage

    def capacitor_steps(self) -> Floats:
        """Steps in service of every site's own capacitor bank, 0 where it has none."""
        return steps_in(self.model, self.operating)

    def loss_by_site(self) -> Floats:
        """Loss of transformers, feeders and panels of every site [W]."""
        model, result = self.model, self.result
        total = np.zeros(len(model.plant.sites))
        for table, flows in (("lines", result.lines), ("transformers", result.transformers)):
            np.add.at(total, site_of_rows(model, table), np.nan_to_num(flows.loss))
        return total

    def connection(self) -> tuple[Floats, Floats]:
        """Power and reactive power drawn from the grid by every site [W, var]."""
        rows = self.model.sources.rows("supply")
        return self.result.source_power[rows], self.result.source_reactive[rows]

    def connection_power_factor(self) -> Floats:
        """At every grid connection; 1 where nothing flows."""
        return power_factor(*self.connection())

    def connection_reactive(self) -> Floats:
        """Reactive power drawn from the grid by every site [var]."""
        return self.connection()[1]

    def currents(self, table: str) -> Floats:
        """Current of each conductor of every row of ``lines`` or ``transformers`` [A].

        Of lines the greater of both ends, one pole's with direct current and that of the most
        loaded conductor where racks hang on single phases; of transformers on their primary side.
        """
        if table == "transformers":
            primary: Floats = self.result.transformers.from_current
            return primary
        flows = self.result.lines
        current: Floats = np.maximum(flows.from_current, flows.to_current)
        return np.where(self.model.direct, math.sqrt(3.0), self.model.unevenness) * current

    def loadings(self, table: str) -> Floats:
        """Of the rating, every row of ``lines`` (by current) or ``transformers`` (by power)."""
        if table == "transformers":
            by_power: Floats = self.result.transformers.power_loading
            return by_power
        by_current: Floats = self.result.lines.current_loading
        return self.model.unevenness * by_current

    def line_current(self, kind: str) -> Floats:
        """Current of every panel or feeder [A], as :meth:`currents` has it."""
        return self.currents("lines")[self.model.lines.rows(kind)]

    def line_loading(self, kind: str) -> Floats:
        """Current over rated current of every panel or feeder."""
        return self.loadings("lines")[self.model.lines.rows(kind)]

    def line_loss(self, kind: str) -> Floats:
        """Loss of every panel or feeder [W]."""
        rows = self.model.lines.rows(kind)
        loss: Floats = self.result.lines.loss[rows]
        return loss

    def transformer_loss(self, kind: str) -> Floats:
        """Loss of every transformer of a kind [W]."""
        rows = self.model.transformers.rows(kind)
        loss: Floats = self.result.transformers.loss[rows]
        return loss

    def transformer_loading(self, kind: str) -> Floats:
        """Apparent power over the rating of every transformer of a kind."""
        rows = self.model.transformers.rows(kind)
        loading: Floats = self.result.transformers.power_loading[rows]
        return loading


def _bus_rows(model: OneLine, kind: str) -> Ints:
    """Bus of every element that has one of a kind, in the elements' order."""
    found = sorted((index, bus) for (name, index), bus in model.bus_of.items() if name == kind)
    return np.array([bus for _, bus in found], dtype=np.int64)


def site_of_rows(model: OneLine, table: str) -> Ints:
    """Site of every row of a table."""
    rows = getattr(model, table)
    levels = model.plant.levels
    sites = np.empty(len(rows), dtype=np.int64)
    for k, (level, index) in enumerate(zip(rows.level, rows.index.tolist(), strict=True)):
        parent: str | None = level
        while parent != "site":
            assert parent is not None
            entry = levels[parent]
            index, parent = int(entry.parent_index[index]), entry.parent
        sites[k] = index
    return sites


class Solver:
    """Solves operating points of one plant again and again, and keeps the last solution.

    Raises
    ------
    InputError : the network cannot be solved as built; names the element and why
    """

    def __init__(self, plant: Plant, tolerance: float = TOLERANCE) -> None:
        self.model = one_line(plant)
        refuse_unsolvable(self.model)
        self.tolerance = tolerance
        self.reader = Reader(self.model)
        self.solved = 0
        self._flow = PowerFlow(self.model.network)
        self._scale = load_scale(self.model)
        self.capacitors = Capacitors(self.model)
        self._last: tuple[bytes, Flow] | None = None
        self._failed: tuple[bytes, NumericalError] | None = None
        self._lock = threading.Lock()

    def at(self, state: StateBuffer) -> Flow:
        """Solution at a state, within the tolerance of its loads."""
        return self.of(self.reader.read(state).rounded(self.tolerance, self._scale))

    def of(self, operating: Operating) -> Flow:
        """Solution of an operating point; raises NumericalError naming the weakest bus."""
        key = operating.key()
        with self._lock:
            if self._last is not None and self._last[0] == key:
                return self._last[1]
            if self._failed is not None and self._failed[0] == key:
                raise self._failed[1]
            try:
                flow = self._with_capacitors(operating)
            except NumericalError as error:
                self._failed = key, error
                raise
            self._last = key, flow
            self.solved += 1
            return flow

    def _with_capacitors(self, operating: Operating) -> Flow:
        """Solution with as many capacitor steps as the load asks for; see :class:`Capacitors`."""
        flow = Flow(self.model, operating, self._solve(operating))
        for stage in self.capacitors.stages:
            switched = stage(flow)
            if switched is not None:
                flow = Flow(self.model, switched, self._solve(switched))
        return flow

    def _solve(self, operating: Operating) -> PowerFlowResult:
        self._flow.set_closed(
            lines=operating.lines,
            transformers=operating.transformers,
            switches=operating.switches,
            sources=operating.sources,
        )
        self._flow.set_source_voltage(operating.source_voltage)
        self._flow.set_loads(operating.power, operating.reactive)
        try:
            return self._flow.solve(method="iterative_current", tolerance=ACCURACY)
        except (PowerFlowError, ValueError):
            pass  # Newton-Raphson goes further towards the limit of the network
        try:
            return self._flow.solve(tolerance=ACCURACY)
        except PowerFlowError as error:
            raise NumericalError(
                f"{self.model.name('buses', error.worst_bus)}: power flow has no solution; "
                f"{error.solvable_share:.0%} of this load is possible, with "
                f"{error.worst_voltage:.2f} per unit there"
            ) from None


def refuse_unsolvable(model: OneLine) -> None:
    """Raise InputError naming the element of the first row that no solver could take."""
    for sentence in check_network(model.network):
        words, _, reason = sentence.partition(": ")
        table, _, row = words.partition(" ")
        known = {"bus": "buses", "switch": "switches"}.get(table, f"{table}s")
        name = model.name(known, int(row)) if row.isdecimal() else table
        raise InputError(f"{name}: {reason}", key="power")


def load_scale(model: OneLine) -> Floats:
    """What a load's movement is measured by [W]: the rating or design power it belongs to."""
    from twin.plant.budget import power_budget

    plant = model.plant
    budget = power_budget(plant)
    panel = plant.constants.row.panel_rating[plant.levels["panel"].parent_index]
    scales: dict[str, Floats] = {
        "panel": panel,
        "hall": budget.hall_power,
        "plant": budget.plant_power,
        "site": budget.site_power,
        "ups_system": budget.hall_power[plant.constants.ups_system.hall],
    }
    rows = model.loads
    return np.array(
        [max(float(scales[level][index]), 1e3)
         for level, index in zip(rows.level, rows.index.tolist(), strict=True)]
    )  # fmt: skip


KEPT = 8
"""Plants whose solvers are kept at hand; a solver holds its plant, so the oldest must go."""
_solvers: OrderedDict[int, tuple[Plant, Solver | InputError]] = OrderedDict()
_solvers_lock = threading.Lock()


def solver_of(plant: Plant) -> Solver:
    """The solver that all channels of a plant share; raises InputError as :class:`Solver` does."""
    with _solvers_lock:
        kept = _solvers.get(id(plant))
        if kept is None:
            try:
                kept = plant, Solver(plant)
            except InputError as error:
                kept = plant, error
            _solvers[id(plant)] = kept
            while len(_solvers) > KEPT:
                _solvers.popitem(last=False)
        else:
            _solvers.move_to_end(id(plant))
    if isinstance(kept[1], InputError):
        raise kept[1]
    return kept[1]
