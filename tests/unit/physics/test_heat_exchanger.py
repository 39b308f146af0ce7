"""Heat exchangers conserve energy, never cross temperatures, and have no jump at zero flow."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.effectiveness_ntu import Arrangement
from physics.heat_exchanger import (
    PlateExchanger,
    conductance_from_duty,
    exchange,
    film_conductance,
    film_property_factor,
    log_mean_temperature_difference,
    overall_conductance,
    plate_exchanger,
    rate_plate_exchanger,
)

temperatures = st.floats(0.0, 90.0)
rates = st.floats(1.0, 1e6)
flows = st.floats(-60.0, 60.0)
EXACT = [
    a
    for a in Arrangement
    if a not in (Arrangement.CROSSFLOW_UNMIXED_APPROXIMATE, Arrangement.PHASE_CHANGE)
]


def plate(rating: PlateExchanger, m_1: float, t_1: float, m_2: float, t_2: float, **kw: float):
    return plate_exchanger(
        m_1,
        4180.0,
        t_1,
        m_2,
        3900.0,
        t_2,
        rating.rated_mass_flow_1,
        rating.rated_film_conductance_1,
        rating.rated_mass_flow_2,
        rating.rated_film_conductance_2,
        kw.get("wall", rating.wall_resistance),
        kw.get("fouling", 0.0),
    )


RATING = rate_plate_exchanger(1.3e6, 31.0, 4180.0, 50.0, 33.0, 3900.0, 36.0)


@pytest.mark.parametrize("arrangement", EXACT)
@given(ua=st.floats(0.0, 1e7), c_1=rates, c_2=rates, t_1=temperatures, t_2=temperatures)
def test_energy_balance_and_second_law(
    arrangement: Arrangement, ua: float, c_1: float, c_2: float, t_1: float, t_2: float
) -> None:
    heat, out_1, out_2 = exchange(int(arrangement), ua, c_1, c_2, t_1, t_2)
    scale = max(c_1, c_2) * 100.0
    assert c_1 * (t_1 - out_1) == pytest.approx(heat, abs=1e-12 * scale)
    assert c_2 * (out_2 - t_2) == pytest.approx(heat, abs=1e-12 * scale)
    assert heat * (t_1 - t_2) >= 0.0
    # Entropy of both streams together never falls.
    entropy = c_1 * math.log((out_1 + 273.15) / (t_1 + 273.15)) + c_2 * math.log(
        (out_2 + 273.15) / (t_2 + 273.15)
    )
    assert entropy >= -1e-12 * (c_1 + c_2)
    low, high = min(t_1, t_2) - 1e-9, max(t_1, t_2) + 1e-9
    assert low <= out_1 <= high
    assert low <= out_2 <= high


@given(c_1=rates, c_2=rates, t_1=temperatures, t_2=temperatures, ua=st.floats(1.0, 1e6))
def test_sides_may_be_swapped(c_1: float, c_2: float, t_1: float, t_2: float, ua: float) -> None:
    heat, out_1, out_2 = exchange(0, ua, c_1, c_2, t_1, t_2)
    other, swapped_2, swapped_1 = exchange(0, ua, c_2, c_1, t_2, t_1)
    assert other == -heat
    assert (swapped_1, swapped_2) == (out_1, out_2)


@given(c_1=rates, c_2=rates, ua=st.floats(1.0, 1e6))
def test_counterflow_heat_is_ua_times_the_logarithmic_mean(
    c_1: float, c_2: float, ua: float
) -> None:
    heat, out_1, out_2 = exchange(0, ua, c_1, c_2, 60.0, 20.0)
    if 60.0 - out_2 < 1e-6 or out_1 - 20.0 < 1e-6:
        return  # the differences are rounding there
    mean = log_mean_temperature_difference(60.0 - out_2, out_1 - 20.0)
    assert ua * mean == pytest.approx(heat, rel=1e-7)


@pytest.mark.parametrize("arrangement", [Arrangement.COUNTERFLOW, Arrangement.PHASE_CHANGE])
def test_condensing_side_keeps_its_temperature(arrangement: Arrangement) -> None:
    heat, out_1, out_2 = exchange(int(arrangement), 5e4, math.inf, 1e4, 40.0, 20.0)
    assert out_1 == 40.0
    assert heat == pytest.approx(1e4 * 20.0 * -math.expm1(-5.0))
    assert out_2 == pytest.approx(20.0 + heat / 1e4)
    assert exchange(0, 100.0, math.inf, math.inf, 40.0, 20.0) == (2000.0, 40.0, 20.0)


def test_no_flow_exchanges_nothing_and_is_the_limit_of_little_flow() -> None:
    for m_1, m_2 in ((0.0, 33.0), (31.0, 0.0), (0.0, 0.0)):
        heat, out_1, out_2, ua = plate(RATING, m_1, 50.0, m_2, 36.0)
        assert (heat, ua) == (0.0, 0.0)
        assert math.isfinite(out_1)
        assert math.isfinite(out_2)
    still = plate(RATING, 0.0, 50.0, 33.0, 36.0)
    barely = plate(RATING, 1e-7, 50.0, 33.0, 36.0)
    assert barely[1] == pytest.approx(still[1], abs=1e-4)
    assert barely[2] == pytest.approx(still[2], abs=1e-4)
    assert plate(RATING, 0.0, 50.0, 0.0, 36.0)[1:3] == (50.0, 36.0)


@given(m_1=flows, m_2=flows, t_1=temperatures, t_2=temperatures)
def test_plate_exchanger_conserves_energy_in_any_direction(
    m_1: float, m_2: float, t_1: float, t_2: float
) -> None:
    heat, out_1, out_2, _ = plate(RATING, m_1, t_1, m_2, t_2)
    assert abs(m_1) * 4180.0 * (t_1 - out_1) == pytest.approx(heat, abs=1e-12 * 3e7)
    assert abs(m_2) * 3900.0 * (out_2 - t_2) == pytest.approx(heat, abs=1e-12 * 3e7)


@given(m=st.floats(0.01, 60.0), more=st.floats(1.0, 3.0))
def test_more_flow_never_transfers_less(m: float, more: float) -> None:
    assert (
        plate(RATING, m * more, 50.0, 33.0, 36.0)[0] >= plate(RATING, m, 50.0, 33.0, 36.0)[0] - 1e-6
    )
    assert (
        plate(RATING, 31.0, 50.0, m * more, 36.0)[0] >= plate(RATING, 31.0, 50.0, m, 36.0)[0] - 1e-6
    )


def test_reversing_both_sides_changes_nothing_and_one_side_makes_parallel_flow() -> None:
    design = plate(RATING, 31.0, 50.0, 33.0, 36.0)
    assert plate(RATING, -31.0, 50.0, -33.0, 36.0) == design
    parallel = plate(RATING, 31.0, 50.0, -33.0, 36.0)
    assert parallel[0] < 0.75 * design[0]
    assert parallel[1] > parallel[2]  # no temperature cross in parallel flow


def test_rating_meets_its_duty_point() -> None:
    heat, _, _, ua = plate(RATING, 31.0, 50.0, 33.0, 36.0)
    assert heat == pytest.approx(1.3e6, rel=1e-12)
    assert ua == pytest.approx(RATING.conductance, rel=1e-12)
    shares = rate_plate_exchanger(
        1.3e6, 31.0, 4180.0, 50.0, 33.0, 3900.0, 36.0, film_ratio=2.0, wall_share=0.1
    )
    assert shares.rated_film_conductance_1 == pytest.approx(2.0 * shares.rated_film_conductance_2)
    assert shares.wall_resistance * shares.conductance == pytest.approx(0.1)
    assert plate(shares, 31.0, 50.0, 33.0, 36.0)[0] == pytest.approx(1.3e6, rel=1e-12)


def test_fouling_adds_its_resistance() -> None:
    clean = plate(RATING, 31.0, 50.0, 33.0, 36.0)[3]
    fouled = plate(RATING, 31.0, 50.0, 33.0, 36.0, fouling=0.2 / clean)[3]
    assert fouled == pytest.approx(clean / 1.2, rel=1e-12)


def test_film_follows_the_turbulent_power_law() -> None:
    assert film_conductance(-2.0, 1.0, 100.0) == pytest.approx(100.0 * 2.0**0.8)
    assert film_conductance(0.0, 1.0, 100.0) == 0.0
    assert overall_conductance(0.0, 10.0) == 0.0
    assert overall_conductance(20.0, 20.0) == pytest.approx(10.0)
    water, glycol = (4180.0, 0.65e-3, 0.63), (3900.0, 1.4e-3, 0.48)
    assert film_property_factor(*water, *water) == 1.0
    # h ~ k^(2/3) cp^(1/3) mu^(-0.467): glycol is the worse coolant.
    expected = (0.48 / 0.63) ** (2 / 3) * (3900 / 4180) ** (1 / 3) * (1.4 / 0.65) ** (1 / 3 - 0.8)
    assert film_property_factor(*glycol, *water) == pytest.approx(expected)


@given(a=st.floats(1e-3, 100.0), ratio=st.floats(-1e-3, 1e-3))
def test_logarithmic_mean_is_smooth_where_differences_meet(a: float, ratio: float) -> None:
    b = a * (1.0 + ratio)
    mean = log_mean_temperature_difference(a, b)
    series = a * (1.0 + ratio / 2.0 - ratio**2 / 12.0 + ratio**3 / 24.0)
    assert mean == pytest.approx(series, rel=1e-12)


def test_logarithmic_mean_of_crossing_temperatures_is_none() -> None:
    assert log_mean_temperature_difference(5.0, -1.0) == 0.0
    assert log_mean_temperature_difference(0.0, 5.0) == 0.0


@pytest.mark.parametrize(
    ("heat", "rate_1", "rate_2", "t_1", "t_2"),
    [
        (-1e5, 1e4, 1e4, 50.0, 30.0),
        (1e5, 1e4, 1e4, 30.0, 50.0),
        (3e5, 1e4, 1e4, 50.0, 30.0),
        (2e5, 1e4, 1e4, 50.0, 30.0),
        (1e5, 0.0, 1e4, 50.0, 30.0),
        (1e5, 1e4, 1e4, 30.0, 30.0),
        (-1e5, math.inf, math.inf, 50.0, 30.0),
    ],
)
def test_impossible_duties_are_refused(
    heat: float, rate_1: float, rate_2: float, t_1: float, t_2: float
) -> None:
    with pytest.raises(ValueError):
        conductance_from_duty(heat, rate_1, rate_2, t_1, t_2)


def test_impossible_ratings_are_refused() -> None:
    point = (1.3e6, 31.0, 4180.0, 50.0, 33.0, 3900.0, 36.0)
    with pytest.raises(ValueError, match="share"):
        rate_plate_exchanger(*point, wall_share=1.0)
    with pytest.raises(ValueError, match="ratio"):
        rate_plate_exchanger(*point, film_ratio=0.0)
    with pytest.raises(ValueError, match="mass flows"):
        rate_plate_exchanger(1.3e6, 0.0, 4180.0, 50.0, 33.0, 3900.0, 36.0)


@given(
    fraction=st.floats(0.01, 0.95),
    c_1=rates,
    c_2=rates,
    t_1=temperatures,
    t_2=temperatures,
)
def test_conductance_from_duty_inverts_exchange(
    fraction: float, c_1: float, c_2: float, t_1: float, t_2: float
) -> None:
    if abs(t_1 - t_2) < 0.1:
        return
    heat = fraction * min(c_1, c_2) * (t_1 - t_2)
    ua = conductance_from_duty(heat, c_1, c_2, t_1, t_2)
    assert exchange(0, ua, c_1, c_2, t_1, t_2)[0] == pytest.approx(heat, rel=1e-10)
