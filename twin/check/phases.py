"""Checks of the load on the three phases, where a layout says how its racks hang on them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from physics.electrical.network import check_network
from twin.check.finding import Check, Finding, Subject
from twin.errors import NumericalError
from twin.power.design_load import design_operating
from twin.power.flow import Solver
from twin.power.one_line import one_line
from twin.power.phase_shares import PHASES, has_phases
from twin.power.phases import solve

VOLTAGE_LIMIT = 0.01
"""Unbalance of line voltages above which motors must be derated (NEMA MG 1, 14.36)."""
CURRENT_LIMIT = 0.10
"""Unbalance of a panel's phase currents that designers keep below (practice, no standard)."""


def check_phases(subject: Subject) -> Iterator[Finding]:
    """Panels and buses whose phases differ too much at design load; overloaded phases."""
    plant = subject.plant
    model = one_line(plant)
    if not has_phases(plant) or check_network(model.network):
        return
    try:
        flow = solve(Solver(plant, tolerance=0.0).of(design_operating(model, subject.budget)))
    except NumericalError:
        return  # told by the check of the flow
    size, uneven, loading = np.abs(flow.current), flow.current_unbalance, flow.phase_loading
    for k, line in enumerate(flow.panels.tolist()):
        worst = int(np.argmax(size[k]))
        amperes = " / ".join(f"{value:,.0f}" for value in size[k])
        if loading[k] > 1.0 + 1e-6:
            yield Finding(
                "error",
                model.name("lines", line),
                f"phase {PHASES[worst]} carries {loading[k]:.0%} of its rating "
                f"({amperes} A, neutral {flow.neutral_current[k]:,.0f} A)",
                "spread the racks: row.phases: rotate, or larger panels",
                "phases",
            )
        elif uneven[k] > CURRENT_LIMIT:
            yield Finding(
                "warning",
                model.name("lines", line),
                f"phase currents differ by {uneven[k]:.0%} from their mean "
                f"({amperes} A, neutral {flow.neutral_current[k]:,.0f} A)",
                "spread the racks: row.phases: rotate, racks in threes",
                "phases",
            )
    for bus in np.flatnonzero(flow.line_unbalance > VOLTAGE_LIMIT).tolist():
        yield Finding(
            "warning",
            model.name("buses", bus),
            f"line voltages differ by {flow.line_unbalance[bus]:.1%} from their mean "
            f"(negative over positive sequence {flow.voltage_unbalance[bus]:.1%})",
            "spread the racks over the phases",
            "phases",
        )


PHASE_CHECKS: tuple[Check, ...] = (check_phases,)
