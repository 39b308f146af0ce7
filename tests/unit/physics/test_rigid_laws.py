"""Laws of rocking, sliding and swinging bodies, and of ground motions: limits and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.rigid_laws import (
    GRAVITY,
    free_rocking_quarter_period,
    impact_ratio,
    pendulum_period,
    rocking_acceleration,
    rocking_onset,
    rocking_response,
    sliding_response,
    sliding_under_pulse,
)
from physics.rigid_laws_motion import (
    GR63_ZONE_4,
    KDS_HAZARD,
    ac156_horizontal,
    ac156_vertical,
    component_force,
    envelope,
    gr63_zone_4,
    kds_design_accelerations,
    kds_design_spectrum,
    matched_motion,
    oscillator_response,
    response_spectrum,
)

lengths = st.floats(0.1, 3.0)


@given(lengths, lengths)
def test_wider_blocks_rock_later(half_width: float, half_height: float) -> None:
    assert rocking_onset(half_width * 1.1, half_height) > rocking_onset(half_width, half_height)
    assert rocking_onset(half_width, half_width) == pytest.approx(GRAVITY)


@given(lengths, lengths)
def test_impacts_lose_energy_unless_too_squat(half_width: float, half_height: float) -> None:
    ratio = impact_ratio(half_width, half_height)
    assert -0.5 < ratio < 1.0


@given(st.floats(0.05, 0.95))
def test_free_rocking_agrees_with_its_own_integration(share: float) -> None:
    """Released at an angle, the integrated block is upright after the closed form's time."""
    b, h = 0.15, 1.5
    alpha = math.atan2(b, h)
    expected = free_rocking_quarter_period(b, h, share * alpha)
    angle, speed, step, time = share * alpha, 0.0, 1e-4, 0.0
    while angle > 0.0:
        speed += rocking_acceleration(angle, 0.0, b, h) * step
        angle += speed * step
        time += step
    assert time == pytest.approx(expected, rel=0.01)


def test_no_rocking_below_the_onset() -> None:
    ground = np.full(400, 0.999 * rocking_onset(0.3, 1.1))
    assert not rocking_response(ground, 0.005, 0.3, 1.1, 0.9).any()
    ground = np.full(400, 1.3 * rocking_onset(0.3, 1.1))
    assert rocking_response(ground, 0.005, 0.3, 1.1, 0.9)[-1] == pytest.approx(-math.pi / 2)


@given(st.floats(0.5, 12.0), st.integers(50, 600), st.floats(0.1, 0.9))
def test_sliding_agrees_with_newmark(acceleration: float, samples: int, friction: float) -> None:
    step = 0.001
    duration = (samples - 0.5) * step  # the pulse then holds exactly this many samples
    times = np.arange(0.0, 9.0 + duration, step)  # until the slowest has stopped
    ground = np.where(times < duration, acceleration, 0.0)
    slip = -sliding_response(ground, step, friction)[-1]
    assert slip == pytest.approx(
        sliding_under_pulse(acceleration, duration, friction), rel=0.03, abs=2e-4
    )


@given(st.floats(0.0, 3.0), st.floats(0.1, 10.0))
def test_pendulum_period_grows_with_amplitude(amplitude: float, length: float) -> None:
    small = 2 * math.pi * math.sqrt(length / GRAVITY)
    assert pendulum_period(length, 0.0) == pytest.approx(small)
    assert pendulum_period(length, amplitude) >= small * (1 - 1e-12)


def test_pendulum_period_at_a_right_angle() -> None:
    """1.18034 times the small period: K(1/2), a value of every table of elliptic integrals."""
    assert pendulum_period(1.0, math.pi / 2) / pendulum_period(1.0, 0.0) == pytest.approx(
        1.1803405990161, rel=1e-12
    )


def test_oscillator_under_a_step() -> None:
    """A suddenly applied constant acceleration: x = -(a/w^2)(1 - cos w t) without damping."""
    w = 2 * math.pi * 2.0
    times = np.arange(0.0, 1.0, 0.01)
    displacement, acceleration = oscillator_response(np.full(100, 3.0), 0.01, 2.0, 0.0)
    np.testing.assert_allclose(displacement, -3.0 / w**2 * (1 - np.cos(w * times)), atol=1e-12)
    np.testing.assert_allclose(acceleration, 3.0 * (1 - np.cos(w * times)), atol=1e-9)


def test_stiff_oscillator_follows_the_ground() -> None:
    times = np.arange(0.0, 4.0, 0.002)
    ground = 2.0 * np.sin(2 * math.pi * times)
    assert response_spectrum(ground, 0.002, np.array([200.0]), 0.05)[0] == pytest.approx(2.0, 1e-3)
    with pytest.raises(ValueError, match="damping"):
        response_spectrum(ground, 0.002, np.array([1.0]), 1.0)


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_ac156_plateaus(ratio: float) -> None:
    flexible = min(1.0 + 2.0 * ratio, 1.6)
    assert ac156_horizontal(1.3, 1.0, ratio) == pytest.approx(flexible)
    assert ac156_horizontal(8.3, 1.0, ratio) == pytest.approx(flexible)
    assert ac156_horizontal(33.3, 1.0, ratio) == pytest.approx(0.4 * (1.0 + 2.0 * ratio))
    assert ac156_vertical(5.0, 1.0) == pytest.approx(2.0 / 3.0)


def test_gr63_passes_through_its_corners() -> None:
    for frequency, acceleration in GR63_ZONE_4:
        assert gr63_zone_4(frequency) == pytest.approx(acceleration)
    assert gr63_zone_4(0.1) == 0.2
    assert gr63_zone_4(100.0) == 1.6


def test_korean_design_accelerations() -> None:
    """Zone I on soil S4: Fa = 1.36, Fv = 1.96 between the columns of 0.2 and 0.3 g."""
    short, long = kds_design_accelerations(KDS_HAZARD["I"], "S4")
    assert short == pytest.approx(0.22 * 2.5 * 1.36 * 2 / 3)
    assert long == pytest.approx(0.22 * 1.96 * 2 / 3)
    with pytest.raises(ValueError, match="soil class"):
        kds_design_accelerations(0.22, "S9")
    with pytest.raises(ValueError, match="above zero"):
        kds_design_accelerations(0.0, "S1")


def test_korean_spectrum_is_continuous() -> None:
    short, long = kds_design_accelerations(0.22, "S4")
    corner = long / short
    for period in (0.2 * corner, corner, 5.0):
        below = kds_design_spectrum(period * (1 - 1e-9), short, long)
        above = kds_design_spectrum(period * (1 + 1e-9), short, long)
        assert below == pytest.approx(above, rel=1e-6)
    assert kds_design_spectrum(0.0, short, long) == pytest.approx(0.4 * short)


@pytest.mark.parametrize(("name", "damping", "least"), [("ac156", 0.05, 0.9), ("gr63", 0.02, 1.0)])
def test_motion_fits_its_spectrum(name: str, damping: float, least: float) -> None:
    """Between the limits of the test standards: nowhere below, nowhere more than 30 % above."""
    if name == "ac156":
        frequencies = np.geomspace(1.3, 33.3, 90)
        required = np.array([ac156_horizontal(f, 0.5, 0.0) for f in frequencies]) * GRAVITY
    else:
        frequencies = np.geomspace(0.5, 50.0, 120)
        required = np.array([gr63_zone_4(f) for f in frequencies]) * GRAVITY
    step = 0.005
    motion = matched_motion(frequencies, required, damping, seed=3, step=step, least=least)
    ratio = response_spectrum(motion, step, frequencies, damping) / required
    print(f"{name}: achieved over required spectrum {ratio.min():.3f} to {ratio.max():.3f}")
    assert ratio.min() > least - 0.06  # between the frequencies it was fitted at
    assert ratio.max() < 1.36
    assert abs(np.sum(motion) * step) < 1e-9
    strong = np.abs(motion) > 0.25 * np.abs(motion).max()
    times = np.flatnonzero(strong) * step
    assert times[-1] - times[0] > 20.0


def test_same_seed_same_motion() -> None:
    frequencies, required = np.array([1.0, 10.0]), np.array([2.0, 2.0])
    first = matched_motion(frequencies, required, 0.05, seed=5, hold=4.0)
    np.testing.assert_array_equal(first, matched_motion(frequencies, required, 0.05, 5, hold=4.0))
    assert not np.array_equal(first, matched_motion(frequencies, required, 0.05, 6, hold=4.0))


@pytest.mark.parametrize(
    ("frequencies", "required"), [([1.0], [1.0]), ([2.0, 1.0], [1.0, 1.0]), ([0.0, 1.0], [1, 1])]
)
def test_impossible_spectra_are_refused(frequencies: list[float], required: list[float]) -> None:
    with pytest.raises(ValueError):
        matched_motion(np.array(frequencies), np.array(required), 0.05, 1)


def test_envelope_rises_holds_and_falls() -> None:
    times = np.array([0.0, 2.5, 5.0, 15.0, 25.0, 30.0])
    np.testing.assert_allclose(
        envelope(times, 5.0, 20.0, 5.0), [0.0, 0.25, 1.0, 1.0, 1.0, math.exp(-3.0)]
    )


def test_force_on_equipment_keeps_its_bounds() -> None:
    assert component_force(0.5, 1.0, 2.5, 1.0, 0.0) == pytest.approx(0.3 * 0.5)
    assert component_force(0.5, 2.5, 1.0, 1.5, 1.0) == pytest.approx(1.6 * 0.5 * 1.5)
    assert component_force(0.5, 2.5, 2.5, 1.0, 0.5) == pytest.approx(0.4 * 0.5 * 2.0)
