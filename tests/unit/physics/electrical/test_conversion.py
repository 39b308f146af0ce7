import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.electrical import conversion as cv
from physics.electrical.loss_fit import fit_quadratic_loss

TITANIUM = cv.efficiency_table([0.1, 0.2, 0.5, 1.0], [0.90, 0.94, 0.96, 0.91], 3000.0)
CURVES = [
    TITANIUM,
    cv.efficiency_table([0.0, 0.3, 1.0], [0.0, 0.95, 0.97], 5500.0),
    cv.loss_table([0.05, 0.5, 1.0], [0.01, 0.02, 0.05], 33e3),
    cv.quadratic_loss(0.0095, 0.005, 0.019, 1e6),
    cv.constant_plus_proportional(26.44, 0.98),
    cv.with_temperature(TITANIUM, 0.004, 25.0),
    cv.with_temperature(cv.quadratic_loss(0.01, 0.0, 0.02, 2e5), -0.01, 40.0),
]
STAGES = cv.pack(CURVES)
stage_rows = st.integers(0, len(CURVES) - 1)
load_fractions = st.floats(0.0, 1.6)
temperatures = st.floats(-20.0, 90.0)


def drawn(stage: int, fraction: float, temperature: float = 25.0) -> float:
    power = fraction * CURVES[stage].rated_power
    return cv.stage_input_power(power, temperature, stage, STAGES)


@pytest.mark.parametrize(("x", "eta"), [(0.1, 0.90), (0.2, 0.94), (0.5, 0.96), (1.0, 0.91)])
def test_efficiency_table_is_met_exactly_at_its_points(x: float, eta: float) -> None:
    assert drawn(0, x) == pytest.approx(x * 3000.0 / eta, rel=1e-14)


def test_efficiency_is_linear_between_points() -> None:
    assert drawn(0, 0.35) == pytest.approx(0.35 * 3000.0 / 0.95, rel=1e-14)


def test_energised_stage_draws_its_first_known_loss_at_no_load() -> None:
    assert drawn(0, 0.0) == pytest.approx(0.1 * 3000.0 * (1 / 0.9 - 1), rel=1e-14)


def test_efficiency_below_first_point_may_be_kept() -> None:
    stages = cv.pack(
        [cv.efficiency_table([0.1, 1.0], [0.9, 0.95], 100.0, below_first="efficiency")]
    )
    assert cv.stage_input_power(5.0, 25.0, 0, stages) == pytest.approx(5.0 / 0.9, rel=1e-14)
    assert cv.stage_input_power(0.0, 25.0, 0, stages) == 0.0


def test_table_from_zero_efficiency_has_a_finite_no_load_draw() -> None:
    assert drawn(1, 0.0) == pytest.approx(5500.0 * 0.3 / 0.95, rel=1e-14)
    assert drawn(1, 0.3) == pytest.approx(5500.0 * 0.3 / 0.95, rel=1e-14)


def test_quadratic_loss_is_its_formula() -> None:
    x = 0.73
    expected = 1e6 * (x + 0.0095 + 0.005 * x + 0.019 * x * x)
    assert drawn(3, x) == pytest.approx(expected, rel=1e-14)


def test_chain_of_constant_plus_proportional_stages_is_nested() -> None:
    stages = cv.pack(
        [cv.constant_plus_proportional(26.44, 0.98), cv.constant_plus_proportional(144.95, 0.9782)]
    )
    load = np.array([0.0, 625.0, 2600.0])
    drawn_power = np.empty(3)
    loss = np.empty((3, 2))
    cv.convert_chain(
        load, np.full(2, 25.0), np.array([0, 1]), np.array([1, 4]), stages, drawn_power, loss
    )
    node = (load + 26.44) / 0.98
    expected = 4.0 * (node / 4.0 + 144.95) / 0.9782
    np.testing.assert_allclose(drawn_power, expected, rtol=1e-14)
    np.testing.assert_allclose(load + loss.sum(axis=1), drawn_power, rtol=1e-14)


def test_temperature_scales_the_loss_only() -> None:
    loss_25 = drawn(5, 0.5, 25.0) - 1500.0
    loss_50 = drawn(5, 0.5, 50.0) - 1500.0
    assert loss_50 == pytest.approx(1.1 * loss_25, rel=1e-12)


@given(stage_rows, load_fractions, temperatures)
def test_input_is_never_below_output(stage: int, fraction: float, temperature: float) -> None:
    power = fraction * CURVES[stage].rated_power
    assert drawn(stage, fraction, temperature) >= power
    reversed_power = cv.stage_input_power(-power, temperature, stage, STAGES)
    assert reversed_power >= -power


@given(stage_rows, load_fractions, load_fractions, temperatures)
def test_input_rises_with_output(stage: int, a: float, b: float, temperature: float) -> None:
    low, high = sorted((a, b))
    step = drawn(stage, high, temperature) - drawn(stage, low, temperature)
    assert step >= -1e-12 * CURVES[stage].rated_power


@given(stage_rows, st.floats(0.001, 1.6), temperatures)
def test_inverse_undoes_the_stage(stage: int, fraction: float, temperature: float) -> None:
    power = fraction * CURVES[stage].rated_power
    need = cv.stage_input_power(power, temperature, stage, STAGES)
    back = cv.stage_output_power(need, temperature, stage, STAGES)
    again = cv.stage_input_power(back, temperature, stage, STAGES)
    # Compared at the input: where the curve is flat many outputs share one input.
    assert again == pytest.approx(need, rel=1e-9)


@given(stage_rows, st.floats(0.0, 3.0), temperatures)
def test_inverse_delivers_no_more_than_it_is_given(
    stage: int, fraction: float, temperature: float
) -> None:
    given_power = fraction * CURVES[stage].rated_power
    delivered = cv.stage_output_power(given_power, temperature, stage, STAGES)
    assert 0.0 <= delivered <= given_power


@given(st.floats(0.0, 40e3), st.integers(1, 6), st.integers(0, 2))
def test_module_shedding_holds_its_target_while_modules_last(
    power: float, fitted: int, spare: int
) -> None:
    target = 0.6 * 5500.0
    on = cv.modules_needed(power, target, fitted, spare)
    assert 1 <= on <= fitted
    if on < fitted:
        assert power / on <= target * (1 + 1e-9)
        assert on == max(math.ceil(power / target * (1 - 1e-12)) + spare, 1)


def test_whole_multiple_of_the_target_takes_no_extra_module() -> None:
    assert cv.modules_needed(3 * 0.1 * 3, 0.1 * 3, 6, 0) == 3


def test_shedding_saves_power_at_light_load() -> None:
    one = cv.group_input_power(300.0, 25.0, 0, STAGES, 1)
    six = cv.group_input_power(300.0, 25.0, 0, STAGES, 6)
    assert one < six


def test_group_without_modules_draws_nothing() -> None:
    assert cv.group_input_power(0.0, 25.0, 0, STAGES, 0) == 0.0


def test_convert_is_the_law_per_group() -> None:
    power = np.array([0.0, 12e3, 33e3])
    modules = np.array([1, 4, 6])
    out = np.empty(3)
    cv.convert(power, np.full(3, 25.0), np.zeros(3, dtype=np.int64), modules, STAGES, out)
    expected = [
        m * cv.stage_input_power(p / m, 25.0, 0, STAGES)
        for p, m in zip(power, modules, strict=True)
    ]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    ("load", "efficiency", "what"),
    [
        ([0.5, 0.1], [0.9, 0.9], "ascend"),
        ([0.1, 0.5], [0.9, 1.2], "efficiency must lie"),
        ([0.1, 0.5], [0.0, 0.9], "efficiency must lie"),
        ([0.05, 0.1], [0.4, 0.85], "input power falls"),
        ([], [], "pairs"),
        ([0.1], [math.nan], "finite"),
    ],
)
def test_impossible_tables_are_refused(
    load: list[float], efficiency: list[float], what: str
) -> None:
    with pytest.raises(ValueError, match=what):
        cv.efficiency_table(load, efficiency, 100.0)


def test_impossible_laws_are_refused() -> None:
    with pytest.raises(ValueError, match="negative at some load"):
        cv.quadratic_loss(0.001, -0.5, 0.001, 100.0)
    with pytest.raises(ValueError, match="efficiency"):
        cv.constant_plus_proportional(1.0, 1.1)
    with pytest.raises(ValueError, match="rated power"):
        cv.quadratic_loss(0.01, 0.0, 0.01, 0.0)
    with pytest.raises(ValueError, match="faster"):
        cv.loss_table([0.0, 0.1], [0.5, 0.1], 100.0)


def test_fit_goes_through_three_points() -> None:
    load = [0.25, 0.5, 1.0]
    efficiency = [0.955, 0.968, 0.967]
    stages = cv.pack([cv.quadratic_loss(*fit_quadratic_loss(load, efficiency), 1.0)])
    for x, eta in zip(load, efficiency, strict=True):
        assert x / cv.stage_input_power(x, 25.0, 0, stages) == pytest.approx(eta, rel=1e-12)


def test_fit_keeps_the_greatest_error_of_more_points_small_and_refuses_fewer() -> None:
    load, efficiency = [0.25, 0.5, 0.75, 1.0], [0.955, 0.968, 0.970, 0.967]
    stages = cv.pack([cv.quadratic_loss(*fit_quadratic_loss(load, efficiency), 1.0)])
    error = [
        x / cv.stage_input_power(x, 25.0, 0, stages) - eta
        for x, eta in zip(load, efficiency, strict=True)
    ]
    # The best fit in this sense errs by the same amount, alternating, at every point.
    np.testing.assert_allclose(np.abs(error), 4.4e-4, atol=5e-6)
    with pytest.raises(ValueError, match="three points"):
        fit_quadratic_loss([0.5, 1.0], [0.9, 0.9])
    with pytest.raises(ValueError, match="efficiencies"):
        fit_quadratic_loss([0.2, 0.5, 1.0], [0.9, 0.9, 1.9])
