"""What a run has cost: energy by source, peak, money, carbon, and tokens that were not made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twin.simulation import Simulation

JOULES_PER_KILOWATT_HOUR = 3.6e6


def bill(simulation: Simulation) -> dict[str, float]:
    """Figures of a run so far, over all sites; money in ``simulation.tariffs.currency``.

    ``peak_grid_power_w`` is the largest mean of one time step, summed over sites;
    ``peak_demand_w`` that of a quarter of an hour (of what there is, in shorter runs).
    ``lost_tokens`` were asked for and not made: capped, throttled, or without power.
    """
    ledger, site = simulation.state.view.ledger, simulation.state.view.site
    per_token = np.maximum(site.operations_per_token, 1.0)
    whole = ledger.peak_demand > 0.0
    started = ledger.demand_energy / np.maximum(ledger.demand_time, 1.0)
    monthly = np.array(
        [getattr(site.grid.demand_price, "value", 0.0) for site in simulation.plant.sites]
    )
    demand = np.where(whole, ledger.peak_demand, started)
    return {
        "grid_energy_kwh": float(ledger.grid_energy.sum()) / JOULES_PER_KILOWATT_HOUR,
        "generator_energy_kwh": float(ledger.generator_energy.sum()) / JOULES_PER_KILOWATT_HOUR,
        "solar_energy_kwh": float(ledger.solar_energy.sum()) / JOULES_PER_KILOWATT_HOUR,
        "exported_energy_kwh": float(ledger.exported_energy.sum()) / JOULES_PER_KILOWATT_HOUR,
        "peak_demand_w": float(demand.sum()),
        "demand_cost_per_month": float(monthly @ demand),
        "peak_grid_power_w": float(ledger.peak_power.sum()),
        "energy_cost": float(ledger.cost.sum()),
        "carbon_kg": float(ledger.carbon.sum()),
        "tokens": float((ledger.operations / per_token).sum()),
        "lost_tokens": float((ledger.lost_operations / per_token).sum()),
    }
