"""Coils, dry coolers, pads: conservation, monotony, limits and refusals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.air_handler import air_handler, condenses, rear_door
from physics.coil import coil_exchange, coldest_surface_temperature, rate_coil
from physics.dry_cooler import (
    adiabatic_pad,
    coldest_tube_temperature,
    dry_cooler,
    dry_cooler_fan_speed,
    freezing_risk,
    pad_demand,
    pad_saturation_efficiency,
)
from physics.effectiveness_ntu import Arrangement
from physics.fan import fan_mass_flow, fan_power, fan_pressure, fan_speed_for_mass_flow
from physics.psychrometrics import (
    humidity_ratio_from_relative_humidity,
    moist_air_enthalpy,
    wet_bulb,
)

CROSS = int(Arrangement.CROSSFLOW_UNMIXED)
RATING = rate_coil(1.0e6, 40.0, 3900.0, 40.0, 120.0, 1006.0, 25.0)
RATED = (
    RATING.rated_liquid_mass_flow,
    RATING.rated_liquid_conductance,
    RATING.rated_air_mass_flow,
    RATING.rated_air_conductance,
    RATING.wall_resistance,
)
speeds = st.floats(0.0, 1.0)
flows = st.floats(0.0, 80.0)
temperatures = st.floats(-20.0, 60.0)


def cooler(
    speed: float, flow: float, inlet: float, air: float
) -> tuple[float, float, float, float]:
    return dry_cooler(CROSS, speed, flow, 3900.0, inlet, air, *RATED)


@given(speed=speeds, flow=st.floats(0.01, 80.0), inlet=temperatures, air=temperatures)
def test_heat_leaves_the_coolant_and_enters_the_air(
    speed: float, flow: float, inlet: float, air: float
) -> None:
    heat, leaving, air_leaving, air_flow = cooler(speed, flow, inlet, air)
    assert flow * 3900.0 * (inlet - leaving) == pytest.approx(heat, abs=1e-12 * 3e7)
    assert air_flow * 1006.0 * (air_leaving - air) == pytest.approx(heat, abs=1e-12 * 3e7)
    assert min(inlet, air) - 1e-9 <= leaving <= max(inlet, air) + 1e-9


@given(speed=speeds, more=speeds, flow=st.floats(0.01, 80.0))
def test_more_fan_never_rejects_less(speed: float, more: float, flow: float) -> None:
    low, high = min(speed, more), max(speed, more)
    assert cooler(high, flow, 40.0, 25.0)[0] >= cooler(low, flow, 40.0, 25.0)[0] - 1e-6


@given(flow=st.floats(0.01, 60.0), factor=st.floats(1.0, 3.0))
def test_more_coolant_rejects_more(flow: float, factor: float) -> None:
    assert cooler(0.7, flow * factor, 40.0, 25.0)[0] >= cooler(0.7, flow, 40.0, 25.0)[0] - 1e-6


def test_free_convection_remains_with_the_fan_off() -> None:
    still = cooler(0.0, 40.0, 40.0, 25.0)
    assert 0.0 < still[0] < 0.3e6
    assert still == cooler(0.05, 40.0, 40.0, 25.0)
    assert still[3] == pytest.approx(12.0)


def test_no_flow_is_defined() -> None:
    heat, leaving, air_leaving, _ = cooler(1.0, 0.0, 40.0, 25.0)
    assert (heat, leaving, air_leaving) == (0.0, 25.0, 25.0)
    assert coil_exchange(CROSS, 0.0, 3900.0, 40.0, 0.0, 1006.0, 25.0, *RATED)[:3] == (
        0.0,
        40.0,
        25.0,
    )


def test_rating_meets_its_duty_and_its_shares() -> None:
    assert cooler(1.0, 40.0, 40.0, 25.0)[0] == pytest.approx(1.0e6, rel=1e-12)
    assert RATING.conductance / RATING.rated_air_conductance == pytest.approx(0.75)
    cooling = rate_coil(-5e4, 2.0, 4180.0, 7.0, 5.0, 1006.0, 30.0)
    heat = coil_exchange(CROSS, 2.0, 4180.0, 7.0, 5.0, 1006.0, 30.0, *_rated(cooling))[0]
    assert heat == pytest.approx(-5e4, rel=1e-12)


def _rated(coil):  # type: ignore[no-untyped-def]
    return (
        coil.rated_liquid_mass_flow,
        coil.rated_liquid_conductance,
        coil.rated_air_mass_flow,
        coil.rated_air_conductance,
        coil.wall_resistance,
    )


@pytest.mark.parametrize("shares", [{"air_share": 0.0}, {"air_share": 0.99, "wall_share": 0.02}])
def test_impossible_shares_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        rate_coil(1e6, 40.0, 3900.0, 40.0, 120.0, 1006.0, 25.0, **shares)
    with pytest.raises(ValueError, match="mass flows"):
        rate_coil(1e6, 0.0, 3900.0, 40.0, 120.0, 1006.0, 25.0)


@given(speed=st.floats(0.12, 1.0), inlet=st.floats(30.0, 60.0), flow=st.floats(5.0, 80.0))
def test_fan_speed_inverts_the_leaving_temperature(speed: float, inlet: float, flow: float) -> None:
    leaving = cooler(speed, flow, inlet, 20.0)[1]
    found = dry_cooler_fan_speed(leaving, CROSS, flow, 3900.0, inlet, 20.0, *RATED)
    assert cooler(found, flow, inlet, 20.0)[1] == pytest.approx(leaving, abs=1e-9)


def test_fan_speed_saturates() -> None:
    args = (CROSS, 40.0, 3900.0, 40.0, 25.0, *RATED)
    assert dry_cooler_fan_speed(39.9, *args) == 0.0
    assert dry_cooler_fan_speed(26.0, *args) == 1.0


@given(
    t=st.floats(-10.0, 45.0),
    rh=st.floats(0.0, 1.0),
    efficiency=st.floats(0.0, 1.0),
)
def test_pad_cools_along_the_wet_bulb(t: float, rh: float, efficiency: float) -> None:
    p = 101_325.0
    w = humidity_ratio_from_relative_humidity(t, rh, p)
    bulb = wet_bulb(t, w, p)
    cooled, moist, water = adiabatic_pad(100.0, t, w, p, efficiency)
    assert bulb - 1e-9 <= cooled <= t
    assert water == pytest.approx(100.0 * (moist - w), abs=1e-12)
    assert moist >= w - 1e-12
    # What the air gains in enthalpy came with the water, which entered at the wet bulb.
    gain = moist_air_enthalpy(cooled, moist) - moist_air_enthalpy(t, w)
    assert gain == pytest.approx((moist - w) * 4186.0 * bulb, abs=30.0)


def test_pad_is_dry_when_it_should_be() -> None:
    assert adiabatic_pad(100.0, 30.0, 0.01, 101_325.0, 0.0) == (30.0, 0.01, 0.0)
    assert adiabatic_pad(100.0, -5.0, 0.001, 101_325.0, 0.9)[2] == 0.0
    assert pad_demand(False, 26.0, 25.0, 2.0)
    assert not pad_demand(False, 24.0, 25.0, 2.0)
    assert pad_demand(True, 24.0, 25.0, 2.0)
    assert not pad_demand(True, 22.9, 25.0, 2.0)
    assert not pad_demand(True, 1.0, 0.5, 2.0)


def test_pad_saturates_better_at_less_air() -> None:
    assert pad_saturation_efficiency(10.0, 10.0, 0.85) == pytest.approx(0.85)
    assert pad_saturation_efficiency(5.0, 10.0, 0.85) > 0.85
    assert pad_saturation_efficiency(0.0, 10.0, 0.85) == 1.0
    assert pad_saturation_efficiency(5.0, 10.0, 0.0) == 0.0


@given(a=st.floats(0.0, 1e5), b=st.floats(0.0, 1e5), t=temperatures, air=temperatures)
def test_surface_lies_between_its_fluids(a: float, b: float, t: float, air: float) -> None:
    surface = coldest_surface_temperature(a, b, t, air)
    assert min(t, air) - 1e-9 <= surface <= max(t, air) + 1e-9


def test_still_coolant_freezes_with_the_air() -> None:
    rated = RATED[:4]
    assert coldest_tube_temperature(1.0, 0.0, 20.0, -15.0, *rated) == -15.0
    flowing = coldest_tube_temperature(0.3, 40.0, 20.0, -15.0, *rated)
    assert flowing > 0.0
    assert freezing_risk(-15.0, -10.0)
    assert not freezing_risk(flowing, -10.0)


@given(speed=st.floats(0.01, 1.0), fan_heat=st.floats(0.0, 2e4))
def test_air_handler_books_coil_and_fan_heat(speed: float, fan_heat: float) -> None:
    coil = rate_coil(-2e5, 8.0, 4180.0, 12.0, 18.0, 1006.0, 36.0)
    heat, supply, water_out, air = air_handler(
        CROSS, speed, 36.0, 8.0, 4180.0, 12.0, *_rated(coil), fan_heat
    )
    assert heat == pytest.approx(8.0 * 4180.0 * (water_out - 12.0), rel=1e-11)
    assert air * 1006.0 * (36.0 - supply) == pytest.approx(heat - fan_heat, abs=1e-6)
    assert 12.0 <= water_out <= 36.0


def test_air_handler_at_rest_and_rear_door() -> None:
    coil = rate_coil(-2e5, 8.0, 4180.0, 12.0, 18.0, 1006.0, 36.0)
    heat, supply, water_out, air = air_handler(
        CROSS, 0.0, 36.0, 8.0, 4180.0, 12.0, *_rated(coil), 0.0
    )
    assert (heat, supply, air) == (0.0, 36.0, 0.0)
    assert math.isfinite(water_out)
    door = rate_coil(-3e4, 1.0, 4180.0, 18.0, 2.5, 1006.0, 38.0)
    heat, air_out, water_out = rear_door(CROSS, 2.5, 38.0, 1.0, 4180.0, 18.0, *_rated(door))
    assert heat == pytest.approx(3e4)
    assert 2.5 * 1006.0 * (38.0 - air_out) == pytest.approx(heat)
    assert condenses(10.0, 12.0)
    assert not condenses(14.0, 12.0)
    assert condenses(13.0, 12.0, 2.0)


@given(speed=speeds)
def test_fan_laws(speed: float) -> None:
    assert fan_mass_flow(speed, 10.0) == pytest.approx(10.0 * speed)
    assert fan_power(speed, 1000.0) == pytest.approx(1000.0 * speed**3)
    assert fan_pressure(speed, 200.0) == pytest.approx(200.0 * speed**2)
    assert fan_speed_for_mass_flow(10.0 * speed, 10.0) == pytest.approx(speed)
    real = fan_power(speed, 1000.0, 0.9, 0.2)
    assert real >= fan_power(speed, 1000.0)
    assert fan_power(1.0, 1000.0, 0.9, 0.2) == pytest.approx(1000.0 / 0.9)
    assert fan_power(0.0, 1000.0, 0.9, 0.2) == 0.0
