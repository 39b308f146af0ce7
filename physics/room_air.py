"""Room air of a data hall: aisles with thermal mass, leakage, recirculation, and rack fans.

An aisle pair is a cold and a hot zone. Air handlers supply the cold aisle and draw from the hot
one; racks move air from cold to hot. What the racks do not take spills over to the hot aisle
(bypass), what they miss comes back from it (recirculation), and leaks through the containment
exchange air both ways. Temperatures in degC, mass flows in kg/s, capacities in J/K, powers in W.

Indices of air management are in :mod:`physics.air_indices`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel, law
from physics.psychrometrics import CP_DRY_AIR
from physics.thermal_volume import coupled_pair_step


@law
def aisle_flows(supply: float, rack: float, leakage_share: float) -> tuple[float, float]:
    """Air from cold to hot past the racks (bypass), and back (recirculation) [kg/s].

    supply: air handlers' flow; rack: all racks' flow; leakage_share: air exchanged through the
    containment over the rack flow [-]: 0 sealed, a few per cent contained, tens of per cent open.
    """
    leakage = leakage_share * max(rack, 0.0)
    surplus = max(supply, 0.0) - max(rack, 0.0)
    return leakage + max(surplus, 0.0), leakage + max(-surplus, 0.0)


@law
def aisle_pair_step(
    cold_temperature: float,
    hot_temperature: float,
    cold_capacity: float,
    hot_capacity: float,
    supply_flow: float,
    supply_temperature: float,
    rack_flow: float,
    rack_heat: float,
    leakage_share: float,
    wall_conductance: float,
    ambient_temperature: float,
    time_step: float,
    specific_heat: float = CP_DRY_AIR,
) -> tuple[float, float, float, float]:
    """Cold and hot aisle at the end of a step, and their means over it [degC]; exact.

    cold_capacity, hot_capacity: of air and of what follows it quickly (racks' skins, floor) [J/K];
    supply_flow [kg/s] at supply_temperature; rack_flow [kg/s] from cold to hot, taking rack_heat
    [W] whatever the flow; leakage_share as in :func:`aisle_flows`; wall_conductance [W/K]: hot
    aisle to ambient_temperature. The air handlers draw supply_flow at the hot aisle's mean, so
    m cp (mean_hot - supply) + UA (mean_hot - ambient) + stored = rack_heat to rounding.
    """
    supply = max(supply_flow, 0.0)
    rack = max(rack_flow, 0.0)
    bypass, recirculation = aisle_flows(supply, rack, leakage_share)
    cold = specific_heat / cold_capacity
    hot = specific_heat / hot_capacity
    wall = wall_conductance / hot_capacity
    return coupled_pair_step(
        cold_temperature,
        hot_temperature,
        -(supply + recirculation) * cold,
        recirculation * cold,
        (rack + bypass) * hot,
        -(rack + bypass) * hot - wall,
        supply * cold * supply_temperature,
        rack_heat / hot_capacity + wall * ambient_temperature,
        time_step,
    )


@law
def aisle_pair_steady(
    supply_flow: float,
    supply_temperature: float,
    rack_flow: float,
    rack_heat: float,
    leakage_share: float,
    wall_conductance: float,
    ambient_temperature: float,
    specific_heat: float = CP_DRY_AIR,
) -> tuple[float, float]:
    """Cold and hot aisle temperature in balance [degC], arguments as in :func:`aisle_pair_step`.

    Without any way out for the heat the answer is infinite (or, without heat, ambient).
    """
    supply = max(supply_flow, 0.0) * specific_heat
    rack = max(rack_flow, 0.0)
    _, recirculation = aisle_flows(max(supply_flow, 0.0), rack, leakage_share)
    back = recirculation * specific_heat
    outlet = supply + wall_conductance
    if outlet <= 0.0:
        if rack_heat > 0.0:
            return math.inf, math.inf
        return ambient_temperature, ambient_temperature
    hot = (
        rack_heat + supply * supply_temperature + wall_conductance * ambient_temperature
    ) / outlet
    if supply + back <= 0.0:
        return hot, hot
    return (supply * supply_temperature + back * hot) / (supply + back), hot


@law
def inlet_temperature_at_height(
    supply_temperature: float,
    hot_temperature: float,
    mean_recirculation: float,
    height: float,
    shape: float = 2.0,
) -> float:
    """Rack inlet temperature [degC] at a relative height [0 to 1].

    Recirculated air comes over the top, so its share grows with height as (p + 1) r z^p, whose mean
    over the rack is the mean share r; the share is held to 1. mean_recirculation [-]: share of hot
    air in the rack's intake; shape p: 0 uniform, 2 typical of open aisles.
    """
    share = mean_recirculation * (shape + 1.0) * math.pow(min(max(height, 0.0), 1.0), shape)
    return supply_temperature + min(max(share, 0.0), 1.0) * (hot_temperature - supply_temperature)


@law
def rack_outlet_temperature(
    inlet_temperature: float,
    heat: float,
    mass_flow: float,
    specific_heat: float = CP_DRY_AIR,
    natural_flow: float = 1e-3,
) -> float:
    """Air temperature behind a rack [degC]: inlet plus heat over m cp.

    mass_flow [kg/s] is held above natural_flow, the draught of hot equipment with its fans off, so
    that a rack without fans shows a hot and finite outlet.
    """
    return inlet_temperature + heat / (max(mass_flow, natural_flow) * specific_heat)


@law
def rack_fan_mass_flow(
    inlet_temperature: float,
    heat: float,
    design_rise: float,
    mass_flow_min: float,
    mass_flow_max: float,
    boost_above: float = 27.0,
    boost_span: float = 8.0,
    specific_heat: float = CP_DRY_AIR,
) -> float:
    """Air flow [kg/s] servers ask for.

    Enough to hold the design temperature rise [K] for their heat [W], and from an inlet of
    boost_above [degC] on rising linearly to the full flow boost_span [K] higher, as firmware curves
    do. Within mass_flow_min to mass_flow_max.
    """
    wanted = max(heat, 0.0) / (specific_heat * design_rise)
    share = min(max((inlet_temperature - boost_above) / boost_span, 0.0), 1.0)
    wanted += share * max(mass_flow_max - wanted, 0.0)
    return min(max(wanted, mass_flow_min), mass_flow_max)


@kernel()
def inlet_temperatures(
    supply_temperature: float,
    distribution: NDArray[np.float64],
    heat: NDArray[np.float64],
    inlet: NDArray[np.float64],
) -> None:
    """Inlet temperatures T_in = T_sup + D P of racks that breathe each other's exhaust; in place.

    distribution D [K/W]: shape [racks, racks] from :func:`distribution_matrix`; heat P [W] and
    inlet [degC]: shape [racks]. Source: Tang, Gupta and Varsamopoulos, IEEE TPDS 19-11 (2008).
    """
    racks = heat.shape[0]
    for i in range(racks):
        rise = 0.0
        for j in range(racks):
            rise += distribution[i, j] * heat[j]
        inlet[i] = supply_temperature + rise


def distribution_matrix(
    cross_interference: NDArray[np.float64],
    mass_flow: NDArray[np.float64],
    specific_heat: float = CP_DRY_AIR,
) -> NDArray[np.float64]:
    """Heat distribution matrix D [K/W], shape [racks, racks], of a room at fixed air flows.

    cross_interference A, shape [racks, racks]: share of rack i's exhaust that enters rack j, rows
    summing to at most one (the rest returns to the air handlers); mass_flow [kg/s], shape [racks],
    all above zero. With K = diag(m cp): D = (K - A^T K)^-1 - K^-1. Raises ValueError for shares
    outside 0 to 1, for more exhaust entering a rack than it draws, or for a closed set of racks
    whose heat has no way out. Source: Tang et al. (2006, 2008).
    """
    flow = np.asarray(mass_flow, dtype=np.float64)
    share = np.asarray(cross_interference, dtype=np.float64)
    racks = flow.size
    if share.shape != (racks, racks):
        raise ValueError(f"cross interference has shape {share.shape}, expected {(racks, racks)}")
    if not np.all(flow > 0.0):
        raise ValueError("every rack of a distribution matrix needs an air flow above 0 kg/s")
    if not (np.all(share >= 0.0) and np.all(share.sum(axis=1) <= 1.0 + 1e-12)):
        raise ValueError("shares of exhaust must lie in 0 to 1 and sum to at most 1 per rack")
    entering = share.T @ flow
    if np.any(entering > flow * (1.0 + 1e-9)):
        worst = int(np.argmax(entering / flow))
        raise ValueError(
            f"rack {worst} would breathe {entering[worst]:g} kg/s of exhaust but draws only "
            f"{flow[worst]:g} kg/s"
        )
    rates = np.diag(flow * specific_heat)
    network = rates - share.T @ rates
    if np.linalg.cond(network) > 1e12:
        raise ValueError("some racks only breathe each other: their heat has no way out")
    return np.asarray(np.linalg.inv(network) - np.linalg.inv(rates), dtype=np.float64)
