"""Merkel tower against EnergyPlus' CoolingTower:VariableSpeed:Merkel.

Every input is EnergyPlus' own. The case is Modelica Buildings' Validation.MerkelEnergyPlus, which
keeps EnergyPlus' input file, its results and the sizes it reported (commit c4117ccec); pressures
are of the weather file that it ran with. The conductance, which is not among them, is sized here
as EnergyPlus' CondenserLoopTowers.cc does it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from physics.cooling_tower_equivalent import (
    AIR_FLOW_FACTOR,
    WATER_FLOW_FACTOR,
    WET_BULB_FACTOR,
    corrected_conductance,
    equivalent_fluid_tower,
    rate_equivalent_fluid_tower,
)
from physics.psychrometrics import (
    CP_DRY_AIR,
    CP_VAPOUR,
    humidity_ratio_from_wet_bulb,
    moist_air_specific_volume,
    pressure_at_elevation,
)

SOURCE = "EnergyPlus 23.1 results in Modelica Buildings, Validation.MerkelEnergyPlus"
# Sizes that EnergyPlus reported (MerkelEnergyPlus.mo).
WATER_FLOW, AIR_FLOW = 0.00109317, 0.561240  # m3/s
RATED_WET_BULB = 25.60  # degC
# Of the input file (CoolingTower_VariableSpeed_Merkel.idf).
WATER_FLOW_PER_CAPACITY, AIR_FLOW_PER_CAPACITY = 5.382e-8, 2.76316e-5  # m3/s per W
REJECTED_PER_CAPACITY = 1.25
RATED_INLET = 29.4 + 5.6  # degC: Sizing:Plant of the condenser loop, leaving and difference
# Of EnergyPlus' source: dry bulb of the sizing, and the water's density at 5.05 degC.
RATED_DRY_BULB, WATER_DENSITY = 35.0, 999.9
WATER_HEAT = 4180.0  # J/(kg K), of water at 25 to 40 degC
ELEVATION = 201.0  # m, of the weather file, Chicago O'Hare TMY3
WATER = 1.089  # kg/s through the tower, in every row
# Dry bulb, wet bulb, inlet [degC], fan speed ratio [-], pressure [Pa]: heat [W], leaving [degC], at
# minutes 421, 601, 661, 721, 901, 1861, 1981, 2041, 2221 and 2401 of the case. The pressure is the
# weather file's, linear between its hours.
ROWS = [
    ((21.11, 19.20, 32.63, 0.3218, 100_100.0), (1.197e4, 30.00)),
    ((23.36, 18.57, 32.05, 0.2554, 100_000.0), (9.345e3, 30.00)),
    ((27.23, 18.60, 33.74, 0.4098, 100_000.0), (1.703e4, 30.00)),
    ((28.87, 18.39, 33.89, 0.4184, 100_000.0), (1.773e4, 30.00)),
    ((26.68, 18.21, 33.62, 0.3914, 99_998.0), (1.646e4, 30.00)),
    ((20.62, 20.61, 32.83, 0.3722, 99_498.0), (1.287e4, 30.00)),
    ((25.60, 23.62, 34.02, 0.6070, 99_400.0), (1.828e4, 30.00)),
    ((25.63, 23.63, 34.97, 0.6884, 99_398.0), (2.261e4, 30.00)),
    ((27.79, 24.10, 35.95, 0.7308, 99_198.0), (2.539e4, 30.37)),
    ((28.29, 24.56, 37.13, 0.6553, 99_098.0), (2.539e4, 31.55)),
]  # fmt: skip


def air(dry_bulb: float, wet_bulb: float, pressure: float) -> tuple[float, float]:
    """Mass flow of dry air at full speed [kg/s], and its specific heat [J/(kg K)]."""
    humidity = humidity_ratio_from_wet_bulb(dry_bulb, wet_bulb, pressure)
    volume = moist_air_specific_volume(dry_bulb, humidity, pressure)
    return AIR_FLOW / volume, CP_DRY_AIR + CP_VAPOUR * humidity


def sized_conductance() -> float:
    """UA [W/K] with which the tower rejects its capacity at the sizing conditions."""
    pressure = pressure_at_elevation(ELEVATION)
    flow, heat_capacity = air(RATED_DRY_BULB, RATED_WET_BULB, pressure)
    water = WATER_FLOW * WATER_DENSITY
    rejected = WATER_FLOW / WATER_FLOW_PER_CAPACITY * REJECTED_PER_CAPACITY
    return rate_equivalent_fluid_tower(
        water,
        RATED_INLET,
        RATED_INLET - rejected / (water * WATER_HEAT),
        flow,
        RATED_WET_BULB,
        pressure=pressure,
        water_specific_heat=WATER_HEAT,
        air_specific_heat=heat_capacity,
    )


def test_the_reported_sizes_are_those_of_the_input_file(accuracy: Callable[..., None]) -> None:
    capacity = WATER_FLOW / WATER_FLOW_PER_CAPACITY
    name = "air flow that goes with the water flow"
    accuracy(name, capacity * AIR_FLOW_PER_CAPACITY, AIR_FLOW, 5e-6, "m3/s", SOURCE)
    # the heat at which the case's tower is at its capacity, to the four digits that are kept
    accuracy("heat at capacity", capacity * REJECTED_PER_CAPACITY, 2.539e4, 5.0, "W", SOURCE)


@pytest.mark.parametrize(("state", "theirs"), ROWS)
def test_heat_at_their_fan_speed(
    accuracy: Callable[..., None],
    state: tuple[float, float, float, float, float],
    theirs: tuple[float, float],
) -> None:
    dry, bulb, inlet, speed, pressure = state
    full, heat_capacity = air(dry, bulb, pressure)
    ua = corrected_conductance(
        sized_conductance(),
        speed,
        WATER / (WATER_FLOW * WATER_DENSITY),
        RATED_WET_BULB - bulb,
        AIR_FLOW_FACTOR,
        WATER_FLOW_FACTOR,
        WET_BULB_FACTOR,
    )
    heat, leaving, _ = equivalent_fluid_tower(
        WATER, inlet, speed * full, bulb, ua, pressure, WATER_HEAT, heat_capacity
    )
    # Results are kept to four digits: 0.05 % of the heat, 0.01 K in 13 K between the temperatures
    # and 0.02 % of the fan speed that go in.
    at = f"fan at {speed:.4f}, {bulb:.2f} degC wet bulb"
    accuracy(f"tower heat, {at}", heat, theirs[0], 0.002, "W", SOURCE, relative=True)
    accuracy(f"tower leaving, {at}", leaving, theirs[1], 0.02, "degC", SOURCE)
