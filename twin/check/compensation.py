"""Checks of power factor and capacitors: what the grid asks for, resonance, voltage steps."""

from __future__ import annotations

from collections.abc import Iterator

from physics.electrical.network import check_network
from twin.check.finding import Check, Finding, Subject
from twin.errors import NumericalError
from twin.power.capacitors import HARMONICS, NEAR, Bank, banks_in, resonance
from twin.power.design_load import design_operating
from twin.power.fault_level import fault_levels
from twin.power.flow import Solver
from twin.power.one_line import one_line

LEAST_POWER_FACTOR = 0.90
"""Lagging, by day, that Korean terms of supply ask for; by night 0.95 leading."""
VOLTAGE_STEP = 0.03
"""Rapid change of voltage that several switchings an hour may make (IEC TR 61000-3-7)."""


def check_power_factor(subject: Subject) -> Iterator[Finding]:
    """Connections whose power factor at design is below what the grid or their bank asks for."""
    model = one_line(subject.plant)
    if check_network(model.network):
        return
    solver = Solver(subject.plant, tolerance=0.0)
    try:
        flow = solver.of(design_operating(model, subject.budget))
    except NumericalError:
        return  # told by the check of the flow
    factors, steps = flow.connection_power_factor(), flow.capacitor_steps()
    for s, site in enumerate(subject.plant.sites):
        bank = site.capacitors
        wanted = LEAST_POWER_FACTOR
        if bank is not None and bank.control == "staged":
            wanted = max(wanted, bank.target_power_factor)
        if factors[s] < wanted - 1e-3:
            with_steps = f" with {steps[s]:.0f} of {bank.count} steps in" if bank else ""
            yield Finding(
                "warning",
                subject.path("site", s),
                f"power factor {factors[s]:.3f} at the connection at design{with_steps}, "
                f"{wanted:.2f} is asked for",
                "give capacitors, or more or smaller steps",
                "power-factor",
            )


def check_resonance(subject: Subject) -> Iterator[Finding]:
    """Capacitor steps that resonate with the network near a harmonic of converters."""
    model = one_line(subject.plant)
    if check_network(model.network):
        return
    banks = banks_in(model)
    if not banks:
        return
    levels = fault_levels(model)
    for bank in banks:
        # Short-circuit power as it is quoted: its voltage factor of up to 1.1 moves the order by
        # less than 5 %, half of what counts as near.
        level = float(levels.power[bank.bus])
        if level <= 0.0:
            continue
        yield from _resonances(subject, bank, level)
        change = bank.model.rated_power / level
        if change > VOLTAGE_STEP:
            yield Finding(
                "warning",
                subject.path(bank.level, bank.index),
                f"one capacitor step changes the voltage by {change:.1%} "
                f"({bank.model.rated_power / 1e6:g} Mvar at {level / 1e6:,.0f} MVA)",
                "smaller steps: capacitors.rated_power",
                "capacitor-step",
            )


def _resonances(subject: Subject, bank: Bank, level: float) -> Iterator[Finding]:
    steps = range(1, bank.model.count + 1)
    if bank.model.control == "fixed":
        steps = range(bank.model.count, bank.model.count + 1)
    orders = [resonance(level, n, bank.model) for n in steps]
    met = [
        (n, order, harmonic)
        for n, order in zip(steps, orders, strict=True)
        for harmonic in HARMONICS
        if abs(order - harmonic) <= NEAR * harmonic
    ]
    if met:
        n, order, harmonic = min(met, key=lambda case: abs(case[1] / case[2] - 1.0))
        yield Finding(
            "warning",
            subject.path(bank.level, bank.index),
            f"{n} of {bank.model.count} capacitor steps resonate with the network at order "
            f"{order:.1f}, near the {harmonic}th harmonic ({level / 1e6:,.0f} MVA there)",
            "reactors in series (capacitors.detuning: 7 %), or other steps",
            "resonance",
        )


COMPENSATION_CHECKS: tuple[Check, ...] = (check_power_factor, check_resonance)
