"""Waterside economisers: free cooling in series or parallel with chillers, and the changeover.

In series the economiser's exchanger pre-cools the return water and the chiller finishes the rest.
In parallel either the exchanger or the chiller cools, or the flow is split between them. Heat is
positive out of the facility water; temperatures in degC, capacity rates (m cp) in W/K.

Source: ASHRAE Handbook, HVAC Applications (2019), ch. 20 and ASHRAE 90.1 (2019), 6.5.1.2
(integrated water economisers); ASHRAE Guideline 36 (2021) for changeover with predicted
temperatures.
"""

from __future__ import annotations

import math

from physics.effectiveness_ntu import COUNTERFLOW
from physics.heat_exchanger import exchange
from physics.jit import law

MECHANICAL = 0
PARTIAL = 1
FREE = 2


@law
def economiser_heat(
    conductance: float,
    load_rate: float,
    return_temperature: float,
    cooling_rate: float,
    cooling_temperature: float,
    set_point: float,
) -> tuple[float, float, float]:
    """Heat taken from the load water [W], its temperature after the exchanger and the cooling
    water's after it [degC].

    conductance UA [W/K] of the counterflow exchanger; load_rate and cooling_rate [W/K];
    set_point: the exchanger is by-passed as needed so that it never cools below it. Water that
    would be warmed is by-passed entirely.
    """
    if cooling_temperature >= return_temperature:
        return 0.0, return_temperature, cooling_temperature
    heat, leaving, _ = exchange(
        COUNTERFLOW,
        conductance,
        load_rate,
        cooling_rate,
        return_temperature,
        cooling_temperature,
    )
    if load_rate <= 0.0 or cooling_rate <= 0.0:
        return 0.0, return_temperature, cooling_temperature
    if leaving < set_point:
        heat = load_rate * max(return_temperature - set_point, 0.0)
        leaving = min(set_point, return_temperature)
    return heat, leaving, cooling_temperature + heat / cooling_rate


@law
def series_economiser(
    mode: int,
    conductance: float,
    load_rate: float,
    return_temperature: float,
    cooling_rate: float,
    cooling_temperature: float,
    set_point: float,
) -> tuple[float, float, float, float]:
    """Economiser heat [W], heat left for the chiller [W], temperature entering the chiller and
    temperature of the cooling water leaving the exchanger [degC].

    mode: MECHANICAL (exchanger by-passed), PARTIAL (both) or FREE (chiller off: what is left is
    not cooled and shows as a supply above the set point; its heat is still reported).
    """
    if mode == MECHANICAL:
        left = load_rate * max(return_temperature - set_point, 0.0)
        return 0.0, left, return_temperature, cooling_temperature
    heat, leaving, cooling_leaving = economiser_heat(
        conductance, load_rate, return_temperature, cooling_rate, cooling_temperature, set_point
    )
    return heat, load_rate * max(leaving - set_point, 0.0), leaving, cooling_leaving


@law
def parallel_economiser(
    share: float,
    conductance: float,
    load_rate: float,
    return_temperature: float,
    cooling_rate: float,
    cooling_temperature: float,
    set_point: float,
) -> tuple[float, float, float, float]:
    """Economiser heat [W], heat left for the chiller [W], mixed supply temperature if the chiller's
    share leaves at the set point, and cooling-water leaving temperature [degC].

    share: share of the load flow through the exchanger [0 to 1], the rest through the chiller.
    Where the exchanger cannot reach the set point the mixture is above it.
    """
    through = min(max(share, 0.0), 1.0) * load_rate
    heat, leaving, cooling_leaving = economiser_heat(
        conductance, through, return_temperature, cooling_rate, cooling_temperature, set_point
    )
    other = load_rate - through
    left = other * max(return_temperature - set_point, 0.0)
    if load_rate <= 0.0:
        return 0.0, 0.0, return_temperature, cooling_leaving
    supply = (through * leaving + other * min(return_temperature, set_point)) / load_rate
    return heat, left, supply, cooling_leaving


@law
def changeover(
    mode: int,
    timer: float,
    predicted_leaving: float,
    return_temperature: float,
    set_point: float,
    time_step: float,
    enable_difference: float = 2.0,
    hysteresis: float = 1.0,
    hold_time: float = 600.0,
    integrated: bool = True,
) -> tuple[int, float]:
    """Mode (MECHANICAL, PARTIAL or FREE) and time since it changed [s].

    predicted_leaving [degC]: what the load water would leave the exchanger with (cooling water
    available plus approach). FREE below the set point less hysteresis, and again until it is above
    the set point; PARTIAL when it is enable_difference [K] below the return, until less than that
    minus hysteresis. Without ``integrated`` there is no PARTIAL. No change before hold_time, except
    out of FREE once the supply is a full hysteresis too warm.
    """
    elapsed = timer + time_step
    if math.isnan(predicted_leaving):
        # No weather, no forecast: mechanical cooling is the safe side.
        return MECHANICAL, 0.0 if mode != MECHANICAL else elapsed
    free_below = set_point if mode == FREE else set_point - hysteresis
    difference = return_temperature - predicted_leaving
    useful_above = enable_difference if mode == MECHANICAL else enable_difference - hysteresis
    if predicted_leaving <= free_below:
        wanted = FREE
    elif integrated and difference > useful_above:
        wanted = PARTIAL
    else:
        wanted = MECHANICAL
    urgent = mode == FREE and predicted_leaving > set_point + hysteresis
    if wanted == mode or (elapsed < hold_time and not urgent):
        return mode, elapsed
    return wanted, 0.0
