import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.electrical import cable
from physics.electrical import transformer as tr

OIL = {
    "loss_ratio": 6.0,
    "rated_oil_rise": 52.0,
    "rated_winding_rise": 26.0,
    "oil_exponent": 0.8,
    "winding_exponent": 1.3,
    "oil_time_constant": 210 * 60.0,
    "winding_time_constant": 600.0,
    "k11": 0.5,
    "k21": 2.0,
    "k22": 2.0,
}


def hot_spot_after(hours: float, step: float, load: float = 1.0) -> tuple[float, ...]:
    state = (20.0, 0.0, 0.0, 20.0)
    for _ in range(round(hours * 3600.0 / step)):
        state = tr.hot_spot_step(*state[:3], load, 20.0, step, *OIL.values())
    return state


def test_loss_at_rated_load_is_the_sum_of_both() -> None:
    assert tr.transformer_loss(2.5e6, 2.5e6, 3e3, 22e3, 1.0) == 25e3
    assert tr.transformer_loss(0.0, 2.5e6, 3e3, 22e3, 0.0) == 0.0


@given(st.floats(0.2, 1.5))
def test_efficiency_is_greatest_where_losses_are_equal(load: float) -> None:
    best = tr.transformer_best_load(3e3, 22e3)

    def relative_loss(x: float) -> float:
        return tr.transformer_loss(x * 2.5e6, 2.5e6, 3e3, 22e3, 1.0) / x

    assert relative_loss(best) <= relative_loss(load) * (1 + 1e-12)


def test_impedance_returns_its_rating_plate() -> None:
    z = tr.transformer_impedance(2.5e6, 480.0, 0.06, 22e3, 3e3, 0.01)
    base = 480.0**2 / 2.5e6
    assert math.hypot(z.resistance, z.reactance) == pytest.approx(0.06 * base, rel=1e-12)
    assert 3 * (2.5e6 / (math.sqrt(3) * 480)) ** 2 * z.resistance == pytest.approx(22e3, rel=1e-12)
    assert z.conductance * 480.0**2 == pytest.approx(3e3, rel=1e-12)
    assert math.hypot(z.conductance, z.susceptance) * base == pytest.approx(0.01, rel=1e-12)
    assert z.susceptance < 0.0


def test_impossible_rating_plates_are_refused() -> None:
    with pytest.raises(ValueError, match="more than the short-circuit voltage"):
        tr.transformer_impedance(1e5, 400.0, 0.04, 5e3)
    with pytest.raises(ValueError, match="positive"):
        tr.transformer_impedance(0.0, 400.0, 0.04, 5e3)


def test_inrush_decays_by_its_time_constant() -> None:
    first = tr.inrush_envelope(0.0, 100.0, 10.0, 0.2)
    assert first == pytest.approx(1000.0 * math.sqrt(2))
    assert tr.inrush_envelope(0.2, 100.0, 10.0, 0.2) == pytest.approx(first / math.e)
    assert tr.inrush_envelope(-1.0, 100.0, 10.0, 0.2) == 0.0


def test_inrush_peak_vanishes_without_saturation() -> None:
    assert tr.inrush_peak(277.0, 0.1, 0.01, 1.0, 0.0, 2.1) == 0.0
    more = tr.inrush_peak(277.0, 0.1, 0.01, 1.7, 1.2, 2.05)
    assert more > tr.inrush_peak(277.0, 0.1, 0.01, 1.7, 0.5, 2.05) > 0.0


def test_hot_spot_settles_at_rated_rises() -> None:
    oil, fast, slow, hot = hot_spot_after(100.0, 3600.0)
    assert oil == pytest.approx(72.0, abs=1e-6)
    assert hot == pytest.approx(98.0, abs=1e-6)
    assert fast - slow == pytest.approx(26.0, abs=1e-6)


def test_hot_spot_does_not_depend_on_the_step() -> None:
    assert hot_spot_after(2.0, 1.0) == pytest.approx(hot_spot_after(2.0, 1200.0), abs=1e-9)


def test_hot_spot_overshoots_on_a_load_step() -> None:
    hottest_rise = 0.0
    state = (20.0, 0.0, 0.0, 20.0)
    for _ in range(300):
        state = tr.hot_spot_step(*state[:3], 1.0, 20.0, 60.0, *OIL.values())
        hottest_rise = max(hottest_rise, state[1] - state[2])
    assert hottest_rise > 30.0  # above the 26 K it settles at: oil lags behind the winding


def test_ageing_is_unity_at_its_reference_and_doubles_in_6_kelvin() -> None:
    assert tr.ageing_rate(98.0, False) == 1.0
    assert tr.ageing_rate(110.0, True) == pytest.approx(1.0)
    assert tr.ageing_rate(104.0, False) == pytest.approx(2.0)


def test_conductor_resistance_rises_with_temperature() -> None:
    cold = cable.conductor_resistance(1e-4, 100.0, 20.0, cable.COPPER_TEMPERATURE_COEFFICIENT, 2)
    hot = cable.conductor_resistance(1e-4, 100.0, 90.0, cable.COPPER_TEMPERATURE_COEFFICIENT, 2)
    assert cold == pytest.approx(5e-3)
    assert hot / cold == pytest.approx(1.2751)


@given(st.floats(0.0, 4e5))
def test_dc_drop_and_loss_balance(power: float) -> None:
    resistance = 0.3e-3 * 100
    limit = 800.0**2 / (4 * resistance)
    voltage = cable.dc_load_voltage(800.0, resistance, power)
    assert power < limit
    current = power / voltage
    assert 800.0 * current == pytest.approx(power + cable.dc_loss(current, resistance), rel=1e-9)


def test_dc_collapse_gives_half_the_voltage() -> None:
    assert cable.dc_load_voltage(54.0, 1.0, 1e6) == 27.0


def test_ampacity_and_temperature_agree() -> None:
    rated = cable.derated_ampacity(400.0, 30.0, 45.0, 90.0, 1.0)
    assert cable.conductor_temperature(rated, 400.0, 45.0, 30.0, 90.0) == pytest.approx(90.0)
    assert cable.derated_ampacity(400.0, 30.0, 95.0, 90.0, 1.0) == 0.0


def test_drop_at_unity_power_factor_is_resistive() -> None:
    assert cable.voltage_drop(100.0, 0.01, 0.5, 1.0) == pytest.approx(math.sqrt(3))
    assert cable.three_phase_loss(100.0, 0.01) == pytest.approx(300.0)
