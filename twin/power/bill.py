"""What a run has cost: energy by source, peak, money, carbon, and tokens that were not made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twin.simulation import Simulation

JOULES_PER_KILOWATT_HOUR = 3.6e6


def bill(simulation: Simulation) -> dict[str, float]:
    """Figures of a run so far, over all sites; money in the currency of the layout's prices (won).

    ``peak_grid_power_w`` is the largest mean of one time step, summed over sites.
    ``lost_tokens`` were asked for and not made: capped, throttled, or without power.
    """
    ledger, site = simulation.state.view.ledger, simulation.state.view.site
    per_token = np.maximum(site.operations_per_token, 1.0)
    return {
        "grid_energy_kwh": float(ledger.grid_energy.sum()) / JOULES_PER_KILOWATT_HOUR,
        "generator_energy_kwh": float(ledger.generator_energy.sum()) / JOULES_PER_KILOWATT_HOUR,
        "peak_grid_power_w": float(ledger.peak_power.sum()),
        "energy_cost_won": float(ledger.cost.sum()),
        "carbon_kg": float(ledger.carbon.sum()),
        "tokens": float((ledger.operations / per_token).sum()),
        "lost_tokens": float((ledger.lost_operations / per_token).sum()),
    }
