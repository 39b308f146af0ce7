"""Merkel tower against EnergyPlus' CoolingTower:VariableSpeed:Merkel."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from physics.cooling_tower_equivalent import (
    AIR_FLOW_FACTOR,
    WATER_FLOW_FACTOR,
    WET_BULB_FACTOR,
    corrected_conductance,
    equivalent_fluid_tower,
)
from physics.psychrometrics import (
    CP_DRY_AIR,
    CP_VAPOUR,
    humidity_ratio_from_wet_bulb,
    moist_air_density,
    pressure_at_elevation,
)

SOURCE = "EnergyPlus 9.2 results in Modelica Buildings, Validation.MerkelEnergyPlus"
# Autosized figures of the case.
WATER, RATIO, UA, RATED_WET_BULB = 1.0887939800087665, 1.61599, 2011.28668, 18.85
RATED_DENSITY = 1.2041  # dry air at 20 degC and sea level, EnergyPlus' standard
# Dry bulb, wet bulb, inlet [degC], fan speed ratio [-]: heat rejected [W], leaving [degC].
ROWS = [
    ((23.3, 18.55795295341516, 31.924883301170958, 0.2420342877207624), 8760.449530313144),
    ((23.69, 18.608842222723847, 32.66115041633515, 0.3155482547851213), 12111.318169452496),
    ((24.99, 18.710644958400238, 33.519299164783504, 0.3927847641532161), 16016.889467538245),
    ((27.025, 18.756524089530046, 33.857472289220986, 0.4221211907453769), 17555.96904143547),
]


@pytest.mark.parametrize(("state", "theirs"), ROWS)
def test_heat_at_their_fan_speed(
    accuracy: Callable[..., None], state: tuple[float, float, float, float], theirs: float
) -> None:
    dry, bulb, inlet, speed = state
    # The weather file's pressure is not stored with the results: standard at the site's 201 m.
    pressure = pressure_at_elevation(201.0)
    humidity = humidity_ratio_from_wet_bulb(dry, bulb, pressure)
    air = WATER / RATIO * speed * moist_air_density(dry, humidity, pressure) / RATED_DENSITY
    ua = corrected_conductance(
        UA,
        speed,
        1.0,
        RATED_WET_BULB - bulb,
        AIR_FLOW_FACTOR,
        WATER_FLOW_FACTOR,
        WET_BULB_FACTOR,
    )
    heat, leaving, _ = equivalent_fluid_tower(
        WATER, inlet, air, bulb, ua, pressure, 4180.0, CP_DRY_AIR + CP_VAPOUR * humidity
    )
    # Pressure and the rated wet bulb of the case are known to about 1 % of the heat only.
    name = f"tower heat, fan at {speed:.3f}"
    accuracy(name, heat, theirs, 0.01, "W", SOURCE, relative=True)
    accuracy(f"tower leaving, fan at {speed:.3f}", leaving, 30.0, 0.04, "degC", SOURCE)
