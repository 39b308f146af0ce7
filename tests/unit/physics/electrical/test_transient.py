import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.electrical import conversion as cv
from physics.electrical import spectrum as sp
from physics.electrical import transient as tr
from physics.electrical import waveform as wf

STAGES = cv.pack(
    [
        cv.efficiency_table([0.1, 0.2, 0.5, 1.0], [0.94, 0.96, 0.975, 0.97], 5500.0),
        cv.quadratic_loss(0.003, 0.002, 0.008, 2e6),
        cv.quadratic_loss(0.0055, 0.0022, 0.0231, 5500.0),
    ]
)
SITE = tr.SiteSupply(1, 2e6, 3e5, 0.97, 5e4, 20.0)


def full_rack(racks: int, **change: object) -> tr.RackSupply:
    values: dict[str, object] = {
        "stage": 0,
        "modules": 48,
        "shelf_limit": 264e3,
        "capacitor_energy": 72 * 65.0,
        "capacitor_efficiency": 0.98,
        "filter_time": 2.0,
        "restore_time": 5.0,
        "soft_time": 0.02,
        "hold_up_energy": 2640.0,
        "hold_up_power": 10e3,
        "backup_power": 150e3,
        "backup_efficiency": 0.97,
    }
    return tr.rack_supply(racks, **(values | change))  # type: ignore[arg-type]


@given(
    st.floats(0.2, 3.0),
    st.floats(0.0, 0.1),
    st.sampled_from([0.001, 0.005, 0.02]),
    st.integers(0, 5),
)
@settings(max_examples=20)
def test_energy_is_booked_through_swings_and_outage(
    frequency: float, jitter: float, step: float, seed: int
) -> None:
    shape = wf.SwingShape(1 / frequency, peak_level=1.4, peak_share=0.05, jitter=jitter)
    load = wf.synchronous_swing(shape, [120e3, 90e3], [0.0, 0.01], 6.0, step, seed)
    supply = np.ones(len(load))
    supply[len(load) // 3 : len(load) // 2] = 0.0
    racks = full_rack(2)
    state = tr.initial_state(racks, SITE, load.mean(axis=0), 2.2e5, 5e6)
    got = tr.run_window(load, supply, step, racks, SITE, STAGES, state, 3e4, True)
    assert abs(got.residual) < 1e-12
    assert np.all(got.loss_energy >= -1e-6)
    assert np.all((state.capacitor >= -1e-6) & (state.capacitor <= 72 * 65.0 + 1e-6))
    assert np.all(state.hold_up >= -1e-9)
    assert 0.0 <= state.site[0] <= 2e6
    assert np.all(got.unserved_energy >= 0.0)


def test_outage_is_bridged_by_hold_up_then_backup() -> None:
    load = np.full((2000, 1), 132e3)
    supply = np.ones(2000)
    supply[500:1500] = 0.0
    racks = full_rack(1, capacitor_energy=0.0)
    state = tr.initial_state(racks, tr.NO_SITE_STORAGE, 132e3, 0.0, 132e3 * 240 / 0.97)
    got = tr.run_window(load, supply, 1e-3, racks, tr.NO_SITE_STORAGE, STAGES, state)
    assert got.unserved_energy[0] == 0.0
    assert np.all(got.grid_power[500:1500] == 0.0)
    assert state.backup[0] == pytest.approx((240 - 0.996) * 132e3 / 0.97)
    assert state.hold_up[0] == pytest.approx(2640.0)


def test_outage_without_storage_is_unserved() -> None:
    load = np.full((100, 1), 1e5)
    racks = tr.rack_supply(1, stage=0, modules=48)
    state = tr.initial_state(racks, tr.NO_SITE_STORAGE, 1e5, 0.0)
    got = tr.run_window(load, 0.0, 1e-2, racks, tr.NO_SITE_STORAGE, STAGES, state)
    assert got.unserved_energy[0] == pytest.approx(1e5)
    assert got.residual == 0.0


def test_shelf_limit_holds_and_the_rest_is_unserved() -> None:
    load = np.full((100, 1), 1.3e5)
    racks = tr.rack_supply(1, stage=0, modules=48, shelf_limit=1e5)
    state = tr.initial_state(racks, tr.NO_SITE_STORAGE, 1e5, 0.0)
    got = tr.run_window(load, 1.0, 1e-2, racks, tr.NO_SITE_STORAGE, STAGES, state)
    assert got.unserved_energy[0] == pytest.approx(3e4)
    assert got.rack_peak[0] == cv.group_input_power(1e5, 25.0, 0, STAGES, 48)


def test_windows_may_follow_one_another() -> None:
    shape = wf.SwingShape(0.8)
    load = wf.synchronous_swing(shape, [1e5, 1.2e5], 0.0, 4.0, 0.005)
    racks = full_rack(2)
    whole = tr.initial_state(racks, SITE, 8e4, 1.8e5)
    parts = tr.initial_state(racks, SITE, 8e4, 1.8e5)
    one = tr.run_window(load, 1.0, 0.005, racks, SITE, STAGES, whole)
    two = [
        tr.run_window(part, 1.0, 0.005, racks, SITE, STAGES, parts)
        for part in (load[:300], load[300:])
    ]
    np.testing.assert_array_equal(np.concatenate([t.grid_power for t in two]), one.grid_power)


@pytest.mark.parametrize("stage", [0, 2])
@pytest.mark.parametrize(("frequency", "by_level"), [(1.0, True), (5.0, False)])
def test_window_agrees_with_the_slow_model_on_average(
    stage: int, frequency: float, by_level: bool
) -> None:
    """Slow: summed over the swing's levels where it reaches the shelf, at its mean where not."""
    shape = wf.SwingShape(1.0 / frequency, peak_level=1.4, peak_share=0.05)
    load = wf.synchronous_swing(shape, [132e3], 0.0, 30.0, 0.005)
    bank = 0.0 if by_level else 4680.0
    racks = full_rack(1, stage=stage, capacitor_energy=bank, capacitor_efficiency=1.0)
    mean = shape.mean_level * 132e3
    state = tr.initial_state(racks, tr.NO_SITE_STORAGE, mean, 0.0)
    got = tr.run_window(load, 1.0, 0.005, racks, tr.NO_SITE_STORAGE, STAGES, state)
    levels, shares = shape.level_distribution() if by_level else ([shape.mean_level], [1.0])
    slow = sum(
        share * cv.group_input_power(level * 132e3, 25.0, stage, STAGES, 48)
        for level, share in zip(levels, shares, strict=True)
    )
    stored = got.stored_change.sum() / 30.0
    assert got.grid_power.mean() - stored == pytest.approx(slow, rel=1e-4 if by_level else 1e-3)


def test_site_battery_holds_the_ramp_while_its_energy_lasts() -> None:
    load = np.concatenate((np.full((1000, 1), 5e4), np.full((4000, 1), 1.5e5)))
    site = tr.SiteSupply(-1, 4e6, 2e5, 1.0, 2e4, 60.0)
    racks = tr.rack_supply(1, stage=0, modules=48)
    state = tr.initial_state(racks, site, 5e4, cv.group_input_power(5e4, 25.0, 0, STAGES, 48))
    got = tr.run_window(load, 1.0, 0.002, racks, site, STAGES, state)
    assert sp.ramp_rate(got.grid_power, 0.002, 0.002) <= 2e4 * (1 + 1e-6)
    assert sp.ramp_rate(got.site_power, 0.002, 1.0) > 9e4


def test_bad_windows_are_refused() -> None:
    racks = full_rack(2)
    state = tr.initial_state(racks, SITE, 8e4, 0.0)
    with pytest.raises(ValueError, match="3 racks"):
        tr.run_window(np.zeros((5, 3)), 1.0, 0.01, racks, SITE, STAGES, state)
    with pytest.raises(ValueError, match="soft time"):
        tr.run_window(np.zeros((5, 2)), 1.0, 0.1, racks, SITE, STAGES, state)
    with pytest.raises(ValueError, match="missing"):
        tr.rack_supply(1, stage=0)
    with pytest.raises(ValueError, match="unknown"):
        tr.rack_supply(1, stage=0, modules=1, colour=3)
    with pytest.raises(ValueError, match="efficiency"):
        tr.rack_supply(1, stage=0, modules=1, capacitor_efficiency=1.2)
    with pytest.raises(ValueError, match="negative"):
        tr.rack_supply(1, stage=0, modules=1, shelf_limit=-1.0)
    with pytest.raises(ValueError, match="soft_time must be positive"):
        tr.rack_supply(1, stage=0, modules=1, soft_time=0.0)


@given(st.floats(0.2, 2.0), st.floats(0.4, 0.9), st.floats(0.0, 1.0), st.sampled_from([0.0, 0.1]))
def test_waveform_keeps_its_mean(
    period: float, compute: float, communication: float, peak: float
) -> None:
    shape = wf.SwingShape(period, compute, communication, 1.4, peak)
    load = wf.synchronous_swing(shape, [1e5], 0.0, 10 * period, period / 37)
    assert load.mean() == pytest.approx(shape.mean_level * 1e5, rel=1e-9)
    assert load.max() <= 1.4e5 * (1 + 1e-9)
    assert load.min() >= communication * 1e5 - 1e-4


def test_waveform_energy_does_not_depend_on_the_step() -> None:
    shape = wf.SwingShape(0.73, jitter=0.05, peak_level=1.3, peak_share=0.1)
    fine = wf.synchronous_swing(shape, [1e5, 2e5], [0.0, 0.02], 12.0, 0.001, 3)
    coarse = wf.synchronous_swing(shape, [1e5, 2e5], [0.0, 0.02], 12.0, 0.02, 3)
    np.testing.assert_allclose(fine.reshape(600, 20, 2).mean(axis=1), coarse, rtol=1e-9)


def test_skewed_racks_do_the_same_later() -> None:
    load = wf.synchronous_swing(wf.SwingShape(1.0), [1e5, 1e5], [0.0, 0.1], 4.0, 0.01)
    np.testing.assert_allclose(load[10:, 1], load[:-10, 0], rtol=1e-9)
    jittered = wf.SwingShape(1.0, jitter=0.1)
    twice = [wf.synchronous_swing(jittered, [1e5], 0.0, 4.0, 0.01, 7) for _ in range(2)]
    np.testing.assert_array_equal(*twice)


@pytest.mark.parametrize(
    "wrong",
    [
        {"period": 0.0},
        {"period": 1.0, "compute_share": 1.2},
        {"period": 1.0, "compute_share": 0.03},
        {"period": 1.0, "edge_share": 0.0},
        {"period": 1.0, "jitter": -0.1},
    ],
)
def test_impossible_shapes_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must|share"):
        wf.SwingShape(**wrong)
    with pytest.raises(ValueError, match="positive"):
        wf.synchronous_swing(wf.SwingShape(1.0), [1.0], 0.0, 0.0, 0.01)


@given(st.floats(0.3, 20.0), st.floats(1.0, 1e6))
def test_amplitude_of_a_tone_is_its_amplitude(frequency: float, amplitude: float) -> None:
    time = 0.005 * np.arange(8000)
    power = 1e6 + amplitude * np.sin(2 * np.pi * frequency * time + 0.3)
    got = sp.band_amplitude(power, 0.005, frequency - 0.2, frequency + 0.2)
    assert got == pytest.approx(amplitude, rel=2e-3)
    assert sp.band_amplitude(power, 0.005, frequency + 2, frequency + 9) < 1e-2 * amplitude


def test_density_integrates_to_the_mean_square() -> None:
    rng = np.random.default_rng(1)
    power = 1e6 + 1e3 * rng.standard_normal(20000)
    frequency, density = sp.power_spectrum(power, 0.01, 10.0)
    assert np.sum(density) * frequency[1] == pytest.approx(power.var(), rel=0.03)
    assert frequency[1] == pytest.approx(0.1)


def test_ramp_range_and_limits() -> None:
    power = np.concatenate((np.full(100, 1e6), np.linspace(1e6, 3e6, 101), np.full(100, 3e6)))
    assert sp.ramp_rate(power, 0.1, 1.0) == pytest.approx(2e5)
    assert sp.dynamic_range(power, 0.1) == 2e6
    assert sp.dynamic_range(power, 0.1, 5.0) == pytest.approx(1e6)
    limit = sp.UtilityLimit(1e5, 1.0, 3e6, 60.0, (sp.BandLimit(0.1, 2.0, 1.0),))
    checks = sp.check_limit(power, 0.1, limit)
    assert [c.met for c in checks] == [False, True, False]
    assert checks[2].quantity == "amplitude 0.1 to 2 Hz"
    with pytest.raises(ValueError, match="longer"):
        sp.ramp_rate(power, 0.1, 100.0)
