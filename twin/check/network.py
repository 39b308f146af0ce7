"""Checks of the network as a whole: islands, loops, taps, short-circuit levels, voltages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from physics.electrical.islands import closed_branches, find_islands, loop_closing_branches
from physics.electrical.network import Network, check_network
from twin.catalog.specs import Transformer
from twin.check.finding import Check, Finding, Subject, kilowatt
from twin.errors import NumericalError
from twin.power.capacity import banks_of
from twin.power.design_load import design_operating
from twin.power.fault_level import fault_levels, gear_of
from twin.power.flow import Flow, Solver
from twin.power.one_line import OneLine, one_line
from twin.power.operating import Operating

LOW, LOWEST = 0.95, 0.90
"""Voltages per unit at design load: a warning below the one, an error below the other."""


def _solvable(model: OneLine) -> bool:
    """Whether the network's data make sense; what does not is told by other checks."""
    return not check_network(model.network)


def _as_built(model: OneLine, operating: Operating) -> Network:
    net = model.network
    return replace(
        net,
        lines=replace(net.lines, closed=operating.lines),
        transformers=replace(net.transformers, closed=operating.transformers),
        switches=replace(net.switches, closed=operating.switches),
        sources=replace(net.sources, closed=operating.sources),
    )


def check_islands(subject: Subject) -> Iterator[Finding]:
    """Buses without a source as the layout is built."""
    model = one_line(subject.plant)
    if not _solvable(model):
        return
    network = _as_built(model, design_operating(model, subject.budget))
    islands = find_islands(network)
    told: set[int] = set()
    for bus in np.flatnonzero(~islands.energised).tolist():
        island = int(islands.island[bus])
        if island in told:
            continue
        told.add(island)
        count = int(np.sum(islands.island == island))
        yield Finding(
            "error",
            model.name("buses", bus),
            f"no source: nothing in service feeds it{f' and {count - 1} more buses' * (count > 1)}",
            "put a transformer, feeder or panel above it back in service",
            "islands",
        )


def check_loops(subject: Subject) -> Iterator[Finding]:
    """Closed loops where the scheme is radial."""
    model = one_line(subject.plant)
    if _solvable(model):
        yield from loops(model, _as_built(model, design_operating(model, subject.budget)))


def loops(model: OneLine, network: Network) -> Iterator[Finding]:
    """Findings of closed branches that close a loop; units in parallel of one bank close none.

    The inverters of UPS are sources of their own, synchronised with the bypass and not paralleled.
    """
    transformers = network.transformers
    first = np.zeros(len(transformers.closed), dtype=np.bool_)
    pairs = np.stack((transformers.from_bus, transformers.to_bus))[:, transformers.closed]
    _, kept = np.unique(pairs, axis=1, return_index=True)
    first[np.flatnonzero(transformers.closed)[kept]] = True
    kinds = np.array(model.sources.kind, dtype=object)
    supply = network.sources.closed & np.asarray(kinds == "supply", dtype=np.bool_)
    single = replace(
        network,
        transformers=replace(transformers, closed=first),
        sources=replace(network.sources, closed=supply),
    )
    names = [
        (table, row)
        for table in ("lines", "transformers", "switches")
        for row in np.flatnonzero(getattr(single, table).closed).tolist()
    ]
    ends = closed_branches(single)
    for branch in loop_closing_branches(single).tolist():
        table, row = names[branch]
        yield Finding(
            "error",
            model.name(table, row),
            f"closes a loop in a radial network, at {model.name('buses', int(ends[1][branch]))}",
            "open it, or one of the others of the loop",
            "loops",
        )


def check_taps(subject: Subject) -> Iterator[Finding]:
    """Tap positions that the transformers do not have."""
    result = subject.plant.design.expansion
    banks = (
        ("site", [site.transformers for site in result.site]),
        ("hall", [hall.transformers for hall in result.hall]),
        ("plant", [plant.transformers for plant in result.plant]),
    )
    for level, of_level in banks:
        for i, bank in enumerate(of_level):
            if bank is None:
                continue
            unit = subject.plant.layout.product(bank.product, Transformer)
            if abs(bank.tap) > unit.tap_steps:
                yield Finding(
                    "error",
                    subject.path(level, i),
                    f"tap {bank.tap:+d} of a transformer that has {unit.tap_steps} steps of "
                    f"{unit.tap_step:.2%} either way",
                    f"choose transformers.tap from {-unit.tap_steps} to {unit.tap_steps}",
                    "taps",
                )


def check_fault_levels(subject: Subject) -> Iterator[Finding]:
    """Short-circuit currents over what switchgear takes, and switchgear that says nothing."""
    model = one_line(subject.plant)
    if not _solvable(model):
        return
    levels = fault_levels(model)
    for gear in gear_of(model):
        current = float(levels.initial_current[gear.bus])
        rating = gear.product.short_circuit_rating
        path = subject.path(gear.level, gear.index)
        if rating is None:
            yield Finding(
                "warning",
                path,
                f"no short-circuit rating of {gear.product.id}, {current / 1e3:.1f} kA there",
                "give short_circuit_rating of the product",
                "fault-levels",
            )
        elif current > rating:
            yield Finding(
                "error",
                path,
                f"short-circuit current {current / 1e3:.1f} kA (IEC 60909) over the "
                f"{rating / 1e3:g} kA that {gear.product.id} takes",
                "fewer transformers in parallel, more impedance voltage, or stronger switchgear",
                "fault-levels",
            )


def check_flow(subject: Subject) -> Iterator[Finding]:
    """Voltages and overloads by power flow at design load; a load without solution."""
    model = one_line(subject.plant)
    if not _solvable(model):
        return
    operating = design_operating(model, subject.budget)
    try:
        flow = Solver(subject.plant, tolerance=0.0).of(operating)
    except NumericalError as error:
        path, _, reason = str(error).partition(": ")
        yield Finding("error", path, reason, "more transformers or feeders, or a stiffer grid",
                      "power-flow")  # fmt: skip
        return
    yield from _low_voltages(flow)
    yield from _overloads(subject, flow)


def _low_voltages(flow: Flow) -> Iterator[Finding]:
    model = flow.model
    for bus in np.flatnonzero(flow.result.energised & (flow.result.voltage_pu < LOW)).tolist():
        voltage = float(flow.result.voltage_pu[bus])
        yield Finding(
            "error" if voltage < LOWEST else "warning",
            model.name("buses", bus),
            f"{voltage:.1%} of rated voltage at design load",
            "a lower tap (transformers.tap), more units, or compensation",
            "voltage",
        )


def _overloads(subject: Subject, flow: Flow) -> Iterator[Finding]:
    """Branches over their rating whose bank is not told as too small by its own check."""
    model = flow.model
    small = {
        bank.path for bank in banks_of(subject.plant, subject.budget) if bank.load > bank.capacity
    }
    for table, loading in (
        ("lines", flow.result.lines.current_loading),
        ("transformers", flow.result.transformers.power_loading),
    ):
        for row in np.flatnonzero(loading > 1.0 + 1e-6).tolist():
            name = model.name(table, row)
            if any(name.startswith(f"{path}/") for path in small):
                continue
            power = flow.result.lines if table == "lines" else flow.result.transformers
            yield Finding(
                "error",
                name,
                f"loaded to {loading[row]:.0%} of its rating at design, "
                f"{kilowatt(float(power.from_power[row]))}",
                "more units, or larger ones",
                "overload",
            )


NETWORK_CHECKS: tuple[Check, ...] = (
    check_islands,
    check_loops,
    check_taps,
    check_fault_levels,
    check_flow,
)
