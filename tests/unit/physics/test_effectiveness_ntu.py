"""Properties every effectiveness-NTU relation keeps, and its exact limits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.crossflow import effectiveness_crossflow, effectiveness_crossflow_approximate
from physics.effectiveness_ntu import (
    Arrangement,
    effectiveness_from_ntu,
    effectiveness_of,
    effectiveness_of_one_pass,
    effectiveness_of_passes,
    ntu_from_effectiveness,
    ntu_of,
)

ntus = st.floats(1e-6, 30.0)
ratios = st.floats(0.0, 1.0)
every = pytest.mark.parametrize("arrangement", list(Arrangement))
EXACT = [a for a in Arrangement if a is not Arrangement.CROSSFLOW_UNMIXED_APPROXIMATE]


@every
@given(ntu=ntus, ratio=ratios)
def test_effectiveness_lies_between_zero_and_counterflow(
    arrangement: Arrangement, ntu: float, ratio: float
) -> None:
    if arrangement is Arrangement.PHASE_CHANGE:
        ratio = 0.0
    value = effectiveness_of(int(arrangement), ntu, ratio)
    best = effectiveness_of(int(Arrangement.COUNTERFLOW), ntu, ratio)
    worst = effectiveness_of(int(Arrangement.PARALLEL_FLOW), ntu, ratio)
    # The approximation is up to 4 % low, below even parallel flow at small NTU.
    slack = 0.02 if arrangement is Arrangement.CROSSFLOW_UNMIXED_APPROXIMATE else 1e-14
    assert 0.0 < value <= 1.0
    assert worst - slack <= value <= best + slack


@pytest.mark.parametrize("arrangement", EXACT)
@given(ntu=ntus, factor=st.floats(1.0, 3.0), ratio=ratios)
def test_more_surface_never_transfers_less(
    arrangement: Arrangement, ntu: float, factor: float, ratio: float
) -> None:
    less = effectiveness_of(int(arrangement), ntu, ratio)
    more = effectiveness_of(int(arrangement), ntu * factor, ratio)
    assert more >= less - 1e-14


@every
@given(ntu=st.floats(1e-4, 6.0), ratio=ratios)
def test_ntu_inverts_effectiveness(arrangement: Arrangement, ntu: float, ratio: float) -> None:
    value = effectiveness_of(int(arrangement), ntu, ratio)
    back = ntu_of(int(arrangement), value, ratio)
    # Near saturation many NTU share one effectiveness, so compare there.
    again = effectiveness_of(int(arrangement), back, ratio)
    assert again == pytest.approx(value, abs=2e-15 if math.isinf(back) else 1e-13)
    slope = (effectiveness_of(int(arrangement), ntu * 1.001, ratio) - value) / (ntu * 0.001)
    if slope > 1e-3:
        assert back == pytest.approx(ntu, rel=1e-9)


@pytest.mark.parametrize("arrangement", list(Arrangement))
def test_without_capacity_ratio_every_arrangement_is_the_same(arrangement: Arrangement) -> None:
    for ntu in (1e-9, 1e-3, 0.5, 3.0, 20.0, math.inf):
        assert effectiveness_of(int(arrangement), ntu, 0.0) == pytest.approx(
            -math.expm1(-ntu), rel=1e-13
        )


@pytest.mark.parametrize("arrangement", list(Arrangement))
def test_vanishing_capacity_ratio_is_smooth(arrangement: Arrangement) -> None:
    for ntu in (1e-3, 0.5, 3.0):
        at_zero = effectiveness_of(int(arrangement), ntu, 0.0)
        assert effectiveness_of(int(arrangement), ntu, 1e-13) == pytest.approx(at_zero, rel=1e-12)


@pytest.mark.parametrize("shells", [1, 2, 5])
@pytest.mark.parametrize("arrangement", list(Arrangement))
def test_balanced_streams_are_smooth(arrangement: Arrangement, shells: int) -> None:
    for ntu in (1e-3, 0.5, 3.0, 50.0):
        balanced = effectiveness_of(int(arrangement), ntu, 1.0, shells)
        for offset in (1e-15, 1e-12, 1e-9):
            near = effectiveness_of(int(arrangement), ntu, 1.0 - offset, shells)
            assert near == pytest.approx(balanced, abs=1e-15 + 30.0 * offset)


@pytest.mark.parametrize("arrangement", list(Arrangement))
@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0])
def test_no_surface_transfers_nothing_and_all_of_it_the_limit(
    arrangement: Arrangement, ratio: float
) -> None:
    assert effectiveness_of(int(arrangement), 0.0, ratio) == 0.0
    limits = {
        Arrangement.PARALLEL_FLOW: 1.0 / (1.0 + ratio),
        Arrangement.CROSSFLOW_CMIN_MIXED: -math.expm1(-1.0 / ratio) if ratio else 1.0,
        Arrangement.CROSSFLOW_CMAX_MIXED: -math.expm1(-ratio) / ratio if ratio else 1.0,
        Arrangement.SHELL_AND_TUBE: 2.0 / (1.0 + ratio + math.hypot(1.0, ratio)),
    }
    limit = effectiveness_of(int(arrangement), math.inf, ratio)
    assert limit == pytest.approx(limits.get(arrangement, 1.0), rel=1e-14)


@given(one=st.floats(1e-6, 0.95), ratio=ratios, passes=st.integers(1, 12))
def test_passes_invert(one: float, ratio: float, passes: int) -> None:
    total = effectiveness_of_passes(one, ratio, passes)
    assert total >= one - 1e-15
    if total < 1.0 - 1e-9:
        assert effectiveness_of_one_pass(total, ratio, passes) == pytest.approx(one, rel=1e-6)


def test_many_shells_become_counterflow() -> None:
    many = effectiveness_from_ntu(3.0, 0.7, Arrangement.SHELL_AND_TUBE, shells=2000)
    assert many == pytest.approx(effectiveness_from_ntu(3.0, 0.7), rel=1e-6)


@given(ntu=st.floats(0.01, 60.0), ratio=st.floats(0.01, 1.0))
def test_crossflow_approximation_is_within_four_percent(ntu: float, ratio: float) -> None:
    exact = effectiveness_crossflow(ntu, ratio)
    assert effectiveness_crossflow_approximate(ntu, ratio) == pytest.approx(exact, rel=0.04)


def test_crossflow_joins_its_normal_limit() -> None:
    below = effectiveness_crossflow(0.999_999e6, 1.0)
    above = effectiveness_crossflow(1.000_001e6, 1.0)
    expected = 1.0 - 1.0 / math.sqrt(math.pi * 1e6)
    assert below == pytest.approx(expected, abs=2e-9)
    assert above == pytest.approx(expected, abs=2e-9)


@pytest.mark.parametrize(
    ("effectiveness", "ratio", "arrangement"),
    [
        (1.0, 0.5, Arrangement.COUNTERFLOW),
        (-0.1, 0.5, Arrangement.COUNTERFLOW),
        (0.6, 1.0, Arrangement.PARALLEL_FLOW),
        (0.9, 1.0, Arrangement.CROSSFLOW_CMIN_MIXED),
        (0.9, 1.0, Arrangement.CROSSFLOW_CMAX_MIXED),
        (0.7, 1.0, Arrangement.SHELL_AND_TUBE),
        (0.5, 1.1, Arrangement.COUNTERFLOW),
        (0.5, -0.1, Arrangement.COUNTERFLOW),
        (math.nan, 0.5, Arrangement.COUNTERFLOW),
    ],
)
def test_impossible_requests_are_refused(
    effectiveness: float, ratio: float, arrangement: Arrangement
) -> None:
    with pytest.raises(ValueError):
        ntu_from_effectiveness(effectiveness, ratio, arrangement)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="NTU"):
        effectiveness_from_ntu(-1.0, 0.5)
    with pytest.raises(ValueError, match="capacity ratio"):
        effectiveness_from_ntu(1.0, math.nan)
    with pytest.raises(ValueError, match="shell"):
        effectiveness_from_ntu(1.0, 0.5, Arrangement.SHELL_AND_TUBE, shells=0)
