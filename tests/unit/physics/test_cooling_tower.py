"""Towers never cool below the wet bulb, conserve energy, and invert."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics import cooling_tower as ct
from physics import cooling_tower_equivalent as eq
from physics import cooling_tower_integral as ci
from physics import cooling_tower_york as york
from physics import tower_water
from physics.psychrometrics import humidity_ratio_from_wet_bulb, moist_air_enthalpy

P = 101_325.0
RATING = ct.rate_merkel_tower(50.0, 35.0, 29.0, 24.0, 45.0)
RATED = (RATING.rated_water_mass_flow, RATING.rated_air_mass_flow, RATING.rated_conductance)
speeds = st.floats(0.0, 1.0)
waters = st.floats(0.5, 80.0)
inlets = st.floats(5.0, 60.0)
bulbs = st.floats(-10.0, 30.0)


def tower(speed: float, water: float, inlet: float, dry: float, bulb: float):  # type: ignore[no-untyped-def]
    return ct.merkel_tower(speed, water, inlet, dry, bulb, P, *RATED)


@given(speed=speeds, water=waters, inlet=inlets, bulb=bulbs, depression=st.floats(0.0, 8.0))
def test_energy_balance_and_wet_bulb_limit(
    speed: float, water: float, inlet: float, bulb: float, depression: float
) -> None:
    heat, leaving, air_out, evaporation, air = tower(speed, water, inlet, bulb + depression, bulb)
    assert heat == pytest.approx(water * ct.CP_WATER * (inlet - leaving), rel=1e-12)
    assert min(inlet, bulb) - 1e-9 <= leaving <= max(inlet, bulb) + 1e-9
    # The air carries exactly this heat in its enthalpy.
    before = humidity_ratio_from_wet_bulb(bulb + depression, bulb, P)
    gain = moist_air_enthalpy(air_out, before + evaporation / air) - moist_air_enthalpy(
        bulb + depression, before
    )
    assert air * gain == pytest.approx(heat, abs=1e-9 * max(abs(heat), 1e5))


@given(a=speeds, b=speeds, water=waters, inlet=st.floats(26.0, 60.0))
def test_more_fan_never_rejects_less(a: float, b: float, water: float, inlet: float) -> None:
    low, high = min(a, b), max(a, b)
    assert (
        tower(high, water, inlet, 30.0, 24.0)[0] >= tower(low, water, inlet, 30.0, 24.0)[0] - 1e-3
    )


@given(water=waters, more=st.floats(1.0, 2.0))
def test_more_water_leaves_warmer_but_rejects_more(water: float, more: float) -> None:
    little, much = tower(0.8, water, 35.0, 30.0, 24.0), tower(0.8, water * more, 35.0, 30.0, 24.0)
    assert much[0] >= little[0] - 1e-3
    assert much[1] >= little[1] - 1e-9


def test_limits_of_flow() -> None:
    assert tower(1.0, 0.0, 35.0, 30.0, 24.0)[:2] == (0.0, 24.0)
    assert tower(1.0, 50.0, 24.0, 30.0, 24.0)[0] == pytest.approx(0.0, abs=1e-6)
    still = tower(0.0, 50.0, 35.0, 30.0, 24.0)
    assert still[0] > 0.0
    assert still[4] == pytest.approx(0.125 * 45.0)
    no_draught = ct.merkel_tower(0.0, 50.0, 35.0, 30.0, 24.0, P, *RATED, 0.4, 0.6, 0.0)
    assert no_draught[:2] == (0.0, 35.0)
    assert no_draught[3] == 0.0


def test_endless_fill_reaches_the_wet_bulb() -> None:
    assert ct.merkel_leaving_temperature(10.0, 40.0, 50.0, 20.0, 1e6, P) == pytest.approx(
        20.0, abs=1e-6
    )
    # With little air the air, not the water, reaches the other's temperature.
    leaving = ct.merkel_leaving_temperature(10.0, 40.0, 1.0, 20.0, 1e6, P)
    assert 20.0 < leaving < 40.0


def test_rating_meets_its_duty() -> None:
    heat, leaving, *_ = tower(1.0, 50.0, 35.0, 30.0, 24.0)
    assert leaving == pytest.approx(29.0, abs=1e-9)
    assert heat == pytest.approx(50.0 * ct.CP_WATER * 6.0, rel=1e-10)


@given(speed=st.floats(0.13, 1.0), inlet=st.floats(28.0, 45.0))
def test_fan_speed_inverts(speed: float, inlet: float) -> None:
    leaving = tower(speed, 50.0, inlet, 30.0, 24.0)[1]
    found = ct.tower_fan_speed(leaving, 50.0, inlet, 24.0, P, *RATED)
    assert found == pytest.approx(speed, abs=1e-6)
    assert ct.tower_fan_speed(inlet, 50.0, inlet, 24.0, P, *RATED) == 0.0
    assert ct.tower_fan_speed(24.0, 50.0, inlet, 24.0, P, *RATED) == 1.0


@pytest.mark.parametrize(
    "arguments",
    [
        (50.0, 29.0, 35.0, 24.0, 45.0),
        (50.0, 35.0, 23.0, 24.0, 45.0),
        (0.0, 35.0, 29.0, 24.0, 45.0),
        (50.0, 35.0, 24.1, 24.0, 5.0),
    ],
)
def test_impossible_ratings_are_refused(arguments: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):
        ct.rate_merkel_tower(*arguments)


def test_rated_conductance_scales_with_the_flows() -> None:
    double = ct.transfer_conductance(2.0, 1.0, 1.0, 1.0, 10.0, 0.4, 0.6)
    assert double == pytest.approx(10.0 * 2.0**0.4)
    assert ct.transfer_conductance(1.0, 2.0, 1.0, 1.0, 10.0) == pytest.approx(10.0 * 2.0**0.6)
    assert ct.transfer_conductance(0.0, 2.0, 1.0, 1.0, 10.0) == 0.0


def test_tower_number_is_infinite_where_lines_meet() -> None:
    for number in (ci.merkel_number, ci.merkel_integral):
        assert math.isinf(number(40.0, 25.0, 24.0, 5.0, P))
        assert number(40.0, 30.0, 24.0, 1.0, P) > number(40.0, 32.0, 24.0, 1.0, P)


@given(share=st.floats(0.05, 0.9), inlet=st.floats(26.0, 45.0), air=st.floats(20.0, 90.0))
def test_integral_inverts_its_leaving_temperature(share: float, inlet: float, air: float) -> None:
    leaving = inlet - share * (inlet - 24.0)
    number = ci.merkel_integral(inlet, leaving, 24.0, 50.0 / air, P)
    if math.isinf(number) or number > 20.0:
        return
    found = ci.integral_leaving_temperature(50.0, inlet, air, 24.0, 50.0 * number, P)
    assert found == pytest.approx(leaving, abs=1e-7)


def test_limits_of_the_integral() -> None:
    assert ci.integral_leaving_temperature(0.0, 35.0, 45.0, 24.0, 50.0, P) == 24.0
    assert ci.integral_leaving_temperature(50.0, 35.0, 0.0, 24.0, 50.0, P) == 35.0
    assert ci.integral_leaving_temperature(50.0, 35.0, 45.0, 24.0, 0.0, P) == 35.0
    assert ci.integral_leaving_temperature(50.0, 20.0, 45.0, 24.0, 50.0, P) == 20.0


@given(heat=st.floats(0.0, 1e7), cycles=st.floats(1.5, 10.0), drift=st.floats(0.0, 1e-3))
def test_salts_balance(heat: float, cycles: float, drift: float) -> None:
    evaporation = tower_water.evaporation_from_heat(heat, 0.9, 30.0)
    drained = tower_water.blow_down(evaporation, cycles, drift)
    fresh = tower_water.make_up(evaporation, drift, drained)
    assert fresh == pytest.approx(evaporation + drift + drained)
    if drained > 0.0:
        # Make-up brings salts at 1, blow-down and drift carry them at `cycles`.
        assert cycles * (drained + drift) == pytest.approx(fresh, rel=1e-9)


def test_water_balance_figures() -> None:
    per_kwh = tower_water.evaporation_from_heat(1000.0, 1.0, 30.0) * 3600.0
    assert per_kwh == pytest.approx(1.48, abs=0.01)
    assert tower_water.blow_down(1.0, 5.0) == pytest.approx(0.25)
    assert tower_water.blow_down(0.0, 5.0) == 0.0
    assert tower_water.blow_down(1.0, 5.0, 0.5) == 0.0
    assert tower_water.drift_loss(-100.0, 1e-4) == pytest.approx(0.01)


@given(
    speed=speeds,
    ratio=st.floats(0.2, 1.4),
    inlet=st.floats(10.0, 45.0),
    bulb=st.floats(0.0, 26.0),
)
def test_york_tower_is_bounded(speed: float, ratio: float, inlet: float, bulb: float) -> None:
    leaving, water_range, approach = york.york_tower(speed, ratio, inlet, bulb)
    assert leaving <= inlet + 1e-9
    assert leaving >= min(bulb, inlet) - 1e-9
    assert inlet - leaving == pytest.approx(water_range, abs=1e-9)
    if inlet > bulb:
        assert leaving - bulb == pytest.approx(approach, abs=1e-9)


def test_york_tower_meets_its_own_approach_and_inverts() -> None:
    leaving, water_range, approach = york.york_tower(0.7, 1.0, 35.0, 22.0)
    assert york.york_approach(water_range, 22.0, 1.0, 0.7) == pytest.approx(approach, abs=1e-9)
    assert york.york_fan_speed(leaving, 1.0, 35.0, 22.0) == pytest.approx(0.7, abs=1e-6)
    assert york.york_fan_speed(34.9, 1.0, 35.0, 22.0) == 0.0
    assert york.york_fan_speed(22.0, 1.0, 35.0, 22.0) == 1.0
    off = york.york_tower(0.0, 1.0, 35.0, 22.0)
    assert off[1] == pytest.approx(0.125 * york.york_tower(1.0, 1.0, 35.0, 22.0)[1])


def test_york_reports_its_range() -> None:
    assert york.york_valid(5.56, 3.9, 25.55, 1.0, 1.0)
    assert not york.york_valid(5.56, 3.9, 28.0, 1.0, 1.0)
    assert not york.york_valid(0.5, 3.9, 25.0, 1.0, 1.0)
    assert not york.york_valid(5.56, 3.9, 25.0, 1.3, 1.0)
    assert not york.york_valid(5.56, 3.9, 25.0, 1.0, 0.1)
    ratio = york.york_reference_water_ratio(5.56, 3.89, 25.55)
    assert york.york_approach(5.56, 25.55, ratio, 1.0) == pytest.approx(3.89, abs=1e-9)
    with pytest.raises(ValueError, match="York"):
        york.york_reference_water_ratio(5.56, 500.0, 25.55)


@given(water=waters, inlet=inlets, bulb=bulbs, air=st.floats(0.5, 80.0))
def test_equivalent_fluid_tower_balances(
    water: float, inlet: float, bulb: float, air: float
) -> None:
    heat, leaving, air_bulb = eq.equivalent_fluid_tower(water, inlet, air, bulb, 4e4, P)
    assert water * ct.CP_WATER * (inlet - leaving) == pytest.approx(heat, abs=1e-6)
    low, high = min(inlet, bulb) - 1e-6, max(inlet, bulb) + 1e-6
    assert low <= leaving <= high
    assert low <= air_bulb <= high


def test_equivalent_fluid_tower_rating_and_corrections() -> None:
    ua = eq.rate_equivalent_fluid_tower(50.0, 35.0, 29.0, 45.0, 24.0)
    assert eq.equivalent_fluid_tower(50.0, 35.0, 45.0, 24.0, ua, P)[1] == pytest.approx(
        29.0, abs=1e-8
    )
    factors = (eq.AIR_FLOW_FACTOR, eq.WATER_FLOW_FACTOR, eq.WET_BULB_FACTOR)
    assert eq.corrected_conductance(ua, 1.0, 1.0, 0.0, *factors) == pytest.approx(1.0039 * ua)
    assert eq.corrected_conductance(ua, 0.0, 1.0, 0.0, *factors) == 0.0
    assert eq.corrected_conductance(ua, 0.5, 1.0, 0.0, *factors) < ua
    assert eq.equivalent_fluid_tower(0.0, 35.0, 45.0, 24.0, ua, P) == (0.0, 24.0, 24.0)
    with pytest.raises(ValueError):
        eq.rate_equivalent_fluid_tower(50.0, 35.0, 20.0, 45.0, 24.0)
    with pytest.raises(ValueError, match="cannot take"):
        eq.rate_equivalent_fluid_tower(50.0, 35.0, 24.5, 2.0, 24.0)
