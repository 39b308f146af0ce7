"""Ride-through times of the coupled step beside what capacities and powers alone give.

Run from the repository's root to write the table into docs/THERMAL.md::

    python tests/validation/ride_through.py
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import twin
from physics.factory.arrays import MAIN_CELLS
from twin.controls import Command
from twin.factory import Factory
from twin.layout.loader import layout_from_document
from twin.scenario import Scenario
from twin.simulation import Simulation
from twin.yaml_file import Document

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "THERMAL.md"
BEGIN, END = "<!-- ride-through: generated -->", "<!-- end -->"
ROW = "/pilot/hall-a/row-01"
MILD = {"kind": "constant", "dry_bulb": "10 degC", "wet_bulb": "7 degC"}
LONGEST = 1200.0  # s that anything is followed
LITRES_PER_0_9_MW = 600.0
BUFFER = 5.0  # m3/MW


@dataclass(frozen=True)
class RideThrough:
    """One case: what happens, until when, and how long it lasts.

    simulated : by the coupled step [s]; geometry : capacity times rise over power [s];
    expected, uncertainty : figure to compare with and its relative uncertainty (None: none known);
    at_most, at_least : instead of a figure, bounds [s]; basis : where those come from
    """

    case: str
    until: str
    simulated: float
    geometry: float
    expected: float | None
    uncertainty: float | None
    basis: str
    at_most: float | None = None
    at_least: float | None = None


def changed(layout: str, change: Callable[[dict[str, Any]], None]) -> Factory:
    """A bundled layout after a change of its plain data."""
    data = copy.deepcopy(dict(twin.load(layout).layout.document.data))
    change(data)
    return Factory(layout_from_document(Document(data, {}, Path("changed.yaml"))))


def load(share: float) -> list[dict[str, Any]]:
    """Workload of a share of design load."""
    return [{"profile": [{"utilisation": share, "compute_share": 1.0, "memory_share": 0.6}]}]


def time_until(simulation: Simulation, reached: Callable[[], bool]) -> float:
    """Seconds from now until something holds, or NaN."""
    start = simulation.time
    while simulation.time - start < LONGEST:
        simulation.advance(simulation.step)
        if reached():
            return simulation.time - start
    return float("nan")


# --- one cold plate -------------------------------------------------------------------------------


def plate_without_flow() -> RideThrough:
    """A 1.2 kW part of 0.8 kJ/K, 22.5 K below its limit, loses its coolant."""

    def gb200(data: dict[str, Any]) -> None:
        data["sites"][0]["halls"][0]["rows"][0]["rack"] = "nvidia-gb200-nvl72"

    factory = changed("pilot", gb200)
    scenario = Scenario.model_validate({"weather": MILD, "workload": load(1.0), "step": "0.25 s"})
    solver = factory.solver(scenario)
    kinds = factory.plant().constants.kinds
    limit, rise = float(kinds.slowdown_temperature[0]), 22.5
    point = solver.solve()
    shift = limit - rise - float(point.channel("gpu.temperature")[0])
    simulation = factory.simulation(scenario)
    for path, key in ((ROW, "cdu"), ("/pilot/warm", "plant")):
        setpoint = float(simulation.state.field(f"{key}.supply_setpoint")[0])
        simulation.apply(Command("set", path, "supply_setpoint", setpoint + shift))
    simulation.advance(3600.0)
    die = float(simulation.channel("gpu.temperature")[0])
    power = float(simulation.channel("gpu.power")[0])
    capacity = float(
        kinds.plate_heat_capacity[0] + kinds.die_heat_capacity[0] + kinds.hbm_heat_capacity[0]
    )
    gpu = simulation.plant.levels.path("gpu", 0)
    simulation.apply(Command("inject", gpu, "blockage"))
    lasted = time_until(simulation, lambda: simulation.channel("gpu.temperature")[0] >= limit)
    return RideThrough(
        f"Flow lost at one cold plate ({power / 1e3:.2f} kW, {capacity / 1e3:.2f} kJ/K)",
        f"die at its limit, {limit - die:.1f} K warmer", lasted,
        capacity * (limit - die) / power, 15.0, 0.2,
        "about 15 s for 1.2 kW and 0.8 kJ/K, derived: 22.5 K; capacity and power of such parts are "
        "known to 10-15 % each",
    )  # fmt: skip


# --- a loop without facility water ----------------------------------------------------------------


def mean_coolant_temperature(simulation: Simulation) -> float:
    """Temperature of all coolant of the first CDU's loop [degC], weighted by heat capacity."""
    s, c = simulation.state.view, simulation.plant.constants
    mine = np.flatnonzero(c.rack.cdu == 0)
    racks = c.kinds.coolant_heat_capacity[c.rack.kind[mine]]
    heat = float((racks * s.rack.outlet_temperature[mine]).sum())
    heat += float(c.cdu.return_heat_capacity[0] * s.cdu.return_temperature[0])
    capacity = float(racks.sum() + c.cdu.return_heat_capacity[0])
    for pipe, main in ((0, c.cdu.supply_main_heat_capacity), (1, c.cdu.return_main_heat_capacity)):
        cells = [getattr(s.main, f"cell_{slot}")[pipe] for slot in range(MAIN_CELLS + 1)]
        heat += float(main[0]) * float(np.mean(cells))
        capacity += float(main[0])
    return heat / capacity


def loop_volume(factory: Factory) -> float:
    """Coolant and walls of the first CDU's loop as a volume of coolant [m3]."""
    c = factory.plant().constants
    mine = np.flatnonzero(c.rack.cdu == 0)
    capacity = (
        float(c.kinds.coolant_heat_capacity[c.rack.kind[mine]].sum())
        + float(c.cdu.return_heat_capacity[0])
        + float(c.cdu.supply_main_heat_capacity[0])
        + float(c.cdu.return_main_heat_capacity[0])
    )
    return capacity / float(c.cdu.secondary_heat_capacity_per_flow[0])


def loop_of(volume: float) -> Factory:
    """The pilot on one CDU whose loop holds a volume [m3]."""

    def build(inside: float) -> Factory:
        def change(data: dict[str, Any]) -> None:
            data["products"].append({
                "extends": "vertiv-xdu1350", "id": "cdu-of-a-volume", "title": "CDU",
                "description": "Of a given volume.", "secondary_volume": f"{inside} m**3",
            })  # fmt: skip
            row = data["sites"][0]["halls"][0]["rows"][0]
            row["cdu"] = {"product": "cdu-of-a-volume", "per_row": 1}

        return changed("pilot", change)

    rest = loop_volume(build(0.1)) - 0.1
    return build(volume - rest)


def primary_lost(per_megawatt: float, expected: float, case: str, basis: str) -> RideThrough:
    """The CDU pumps on without facility water, cold enough that nothing throttles meanwhile."""
    scenario = Scenario.model_validate({"weather": MILD, "workload": load(1.0)})
    factory = loop_of(0.9 * per_megawatt)
    simulation = factory.simulation(scenario)
    simulation.apply(Command("set", "/pilot/warm", "supply_setpoint", 20.0))
    simulation.apply(Command("set", ROW, "supply_setpoint", 25.0))
    simulation.advance(2 * 3600.0)
    start = mean_coolant_temperature(simulation)
    power = float(simulation.channel("cdu.heat")[0])
    simulation.apply(Command("inject", f"{ROW}/cdu-1", "primary-loss"))
    simulation.state.view.cdu.valve[0] = 0.0  # at once, without the valve's travel
    lasted = time_until(simulation, lambda: mean_coolant_temperature(simulation) >= start + 10.0)
    capacity = (
        0.9
        * per_megawatt
        * float(factory.plant().constants.cdu.secondary_heat_capacity_per_flow[0])
    )
    return RideThrough(
        f"{case} ({900.0 * per_megawatt:,.0f} L, {power / 1e6:.2f} MW)",
        "coolant 10 K warmer", lasted, capacity * 10.0 / power, expected, 0.25, basis,
    )  # fmt: skip


# --- air ------------------------------------------------------------------------------------------


def air_lost(
    kilowatt: float,
    threshold: float,
    basis: str,
    at_most: float | None = None,
    at_least: float | None = None,
) -> RideThrough:
    """All air handlers stop, servers run on: time until their inlet passes a threshold [degC]."""
    factory = twin.load("server-room")
    row, rack = 2, 8  # the first rack of the inference servers, 15 kW at most
    low, high = 0.0, 1.0
    for _ in range(12):
        share = 0.5 * (low + high)
        scenario = Scenario.model_validate({"weather": MILD, "workload": load(share)})
        power = float(factory.solve(scenario).channel("rack.power")[rack])
        low, high = (share, high) if power < kilowatt * 1e3 else (low, share)
    simulation = factory.simulation(scenario)
    simulation.advance(60.0)
    start = float(simulation.channel("rack.air_inlet_temperature")[rack])
    for path in simulation.plant.levels.paths("crah"):
        simulation.apply(Command("inject", path, "trip"))
    lasted = time_until(
        simulation, lambda: simulation.channel("rack.air_inlet_temperature")[rack] >= threshold
    )
    aisles = 2.0 * float(simulation.plant.constants.row.heat_capacity[row])
    racks = float(np.sum(simulation.plant.constants.rack.row == row))
    return RideThrough(
        f"Air handlers lost, servers on UPS, {power / 1e3:.1f} kW/rack",
        f"inlet at {threshold:g} degC", lasted,
        aisles * (threshold - start) / (racks * power), None, None, basis, at_most, at_least,
    )  # fmt: skip


def all_cases() -> list[RideThrough]:
    """Every case, worked out anew."""
    density = LITRES_PER_0_9_MW / 900.0
    shutdown = (
        "servers of 5 kW/rack shut down after 3 min 9 s in a test that does not tell their limit; "
        "40 degC is the allowable limit of class A3"
    )
    return [
        plate_without_flow(),
        primary_lost(
            density, 26.0, "Facility water lost, CDU pumps on",
            "about 26 s for 600 L at 0.9 MW and 10 K, derived; the cold plates' metal, a fifth of "
            "the coolant's capacity, is not in it",
        ),
        primary_lost(
            density + BUFFER, 210.0, "The same with 5 m3/MW of buffer",
            "about 210 s, derived in the same way",
        ),
        air_lost(5.0, 40.0, at_most=189.0, basis=shutdown),
        air_lost(5.0, 60.0, at_least=189.0, basis="as above; no server runs at that inlet"),
        air_lost(10.0, 40.0, at_most=60.0, basis="under a minute at 10 kW and more"),
    ]  # fmt: skip


def table(cases: list[RideThrough]) -> str:
    """The cases as a Markdown table."""
    lines = [
        "| Case | Until | Coupled step | From capacity and power alone | Expected | Basis |",
        "|---|---|---:|---:|---|---|",
    ]
    for c in cases:
        if c.expected is not None:
            expected = f"{c.expected:.0f} s +- {c.uncertainty:.0%}"
        elif c.at_most is not None:
            expected = f"under {c.at_most:.0f} s"
        else:
            expected = f"over {c.at_least:.0f} s"
        lines.append(
            f"| {c.case} | {c.until} | {c.simulated:.1f} s | {c.geometry:.1f} s | {expected} "
            f"| {c.basis} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Write the table between its marks."""
    text = TARGET.read_text(encoding="utf-8")
    head, mark, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not mark or not end:
        print(f"{TARGET}: no place for the table", file=sys.stderr)
        return 1
    TARGET.write_text(f"{head}{BEGIN}\n\n{table(all_cases())}\n\n{END}{tail}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
