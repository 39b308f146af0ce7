import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.electrical import conversion as cv
from physics.electrical import generator as gen
from physics.electrical import motor, switch, ups

STAGES = cv.pack(
    [
        cv.quadratic_loss(0.0085, 0.0044, 0.0212, 1e6),
        cv.quadratic_loss(0.003, 0.0, 0.007, 1e6),
        cv.quadratic_loss(0.004, 0.002, 0.011, 1e6),
    ]
)


def go(mode: int, requested: int = ups.DOUBLE_CONVERSION, **what: object) -> int:
    facts = {
        "input_good": True,
        "input_good_time": 1e9,
        "bypass_good": True,
        "battery_good": True,
        "failed": False,
        "overloaded": False,
        "retransfer_delay": 10.0,
        "restart_delay": 30.0,
    }
    return ups.ups_transition(mode, requested, *(facts | what).values())  # type: ignore[arg-type]


def test_ups_rides_through_an_outage() -> None:
    mode = go(ups.DOUBLE_CONVERSION, input_good=False, bypass_good=False)
    assert mode == ups.BATTERY
    assert go(mode, input_good_time=3.0) == ups.BATTERY
    assert go(mode, input_good_time=10.0) == ups.DOUBLE_CONVERSION
    assert go(mode, ups.ECO, input_good_time=10.0) == ups.ECO


def test_ups_goes_dead_with_an_empty_battery_and_comes_back_after_its_delay() -> None:
    assert go(ups.BATTERY, input_good=False, bypass_good=False, battery_good=False) == ups.OFF
    assert go(ups.OFF, input_good_time=29.0) == ups.OFF
    assert go(ups.OFF, input_good_time=30.0) == ups.DOUBLE_CONVERSION


def test_ups_takes_the_bypass_on_overload_and_failure() -> None:
    assert go(ups.DOUBLE_CONVERSION, overloaded=True) == ups.STATIC_BYPASS
    assert go(ups.DOUBLE_CONVERSION, failed=True) == ups.STATIC_BYPASS
    assert go(ups.BATTERY, failed=True, bypass_good=False) == ups.OFF
    assert go(ups.STATIC_BYPASS) == ups.DOUBLE_CONVERSION


def test_ups_under_maintenance_has_no_backup() -> None:
    asked = ups.MAINTENANCE_BYPASS
    assert go(ups.DOUBLE_CONVERSION, asked) == ups.MAINTENANCE_BYPASS
    assert go(ups.MAINTENANCE_BYPASS, asked, input_good=False, bypass_good=False) == ups.OFF


def test_only_a_lost_path_interrupts_the_output() -> None:
    assert ups.transfer_gap(ups.DOUBLE_CONVERSION, ups.BATTERY, False, 0.004, 1.0) == 0.0
    assert ups.transfer_gap(ups.ECO, ups.BATTERY, False, 0.004, 1.0) == 0.004
    assert ups.transfer_gap(ups.ECO, ups.DOUBLE_CONVERSION, True, 0.004, 1.0) == 0.0
    assert ups.transfer_gap(ups.BATTERY, ups.STATIC_BYPASS, False, 0.004, 1.0) == 0.004
    assert ups.transfer_gap(ups.OFF, ups.DOUBLE_CONVERSION, False, 0.004, 1.0) == 1.0
    assert ups.transfer_gap(ups.ECO, ups.STATIC_BYPASS, False, 0.004, 1.0) == 0.0


@given(st.integers(1, 5), st.floats(0.0, 1.2e6), st.floats(0.0, 2e5), st.floats(0.0, 1.0))
def test_ups_power_balances_in_every_mode(
    mode: int, load: float, charge: float, share: float
) -> None:
    drawn, battery, loss = ups.ups_flows(mode, load, charge, share, 25.0, 0, 1, 2, STAGES, 0.95)
    assert drawn + battery == pytest.approx(load + loss, abs=1e-6)
    assert loss >= -1e-9
    assert drawn >= 0.0
    if mode == ups.BATTERY:
        assert drawn == 0.0


def test_ups_walk_in_and_charge_taper() -> None:
    assert ups.walk_in_share(5.0, 10.0) == 0.5
    assert ups.walk_in_share(50.0, 10.0) == 1.0
    assert ups.walk_in_share(0.0, 0.0) == 1.0
    assert ups.charge_request(0.2, 1.0, 3.6e8, 1e5, 1800.0) == 1e5
    assert ups.charge_request(1.0, 1.0, 3.6e8, 1e5, 1800.0) == 0.0


@pytest.mark.parametrize("step", [0.01, 0.1, 1.0, 0.7])
def test_generator_is_ready_when_its_times_have_passed(step: float) -> None:
    state, in_state, time = gen.STOPPED, 0.0, 0.0
    while time < 15.0:
        state, in_state = gen.generator_step(
            state, in_state, step, True, False, True, 8.0, 1.5, 300.0
        )
        time += step
    assert state == gen.RUNNING
    assert in_state == pytest.approx(time - 9.5, abs=1e-6)


def test_generator_cools_down_and_can_be_called_back() -> None:
    state, time = gen.generator_step(gen.RUNNING, 500.0, 1.0, False, False, True, 8.0, 1.5, 300.0)
    assert state == gen.COOLING_DOWN
    again = gen.generator_step(state, time, 1.0, True, False, True, 8.0, 1.5, 300.0)
    assert again[0] == gen.SYNCHRONISING
    state, _ = gen.generator_step(state, 299.5, 1.0, False, False, True, 8.0, 1.5, 300.0)
    assert state == gen.STOPPED


def test_generator_without_fuel_or_broken_does_not_run() -> None:
    assert gen.generator_step(gen.RUNNING, 5.0, 1.0, True, False, False, 8.0, 1.5, 0.0)[0] == 0
    failed = gen.generator_step(gen.RUNNING, 5.0, 1.0, True, True, True, 8.0, 1.5, 0.0)
    assert failed[0] == gen.FAILED
    mended = gen.generator_step(gen.FAILED, 5.0, 1.0, True, False, True, 8.0, 1.5, 0.0)
    assert mended[0] == gen.STOPPED


def test_generator_takes_load_in_steps() -> None:
    taken = [gen.load_acceptance(t, 3e6, 0.6, 0.2, 5.0) for t in (-1.0, 0.0, 4.9, 5.0, 10.0, 99.0)]
    assert taken == pytest.approx([0.0, 1.8e6, 1.8e6, 2.4e6, 3e6, 3e6])


def test_fuel_curve_meets_its_points() -> None:
    b = gen.fuel_coefficients((0.25, 0.5, 1.0), (0.06, 0.10, 0.18))
    for x, flow in ((0.25, 0.06), (0.5, 0.10), (1.0, 0.18)):
        assert gen.fuel_flow(x * 3e6, 3e6, *b) == pytest.approx(flow, rel=1e-12)
    with pytest.raises(ValueError, match="differ"):
        gen.fuel_coefficients((0.5, 0.5, 1.0), (0.1, 0.1, 0.2))
    with pytest.raises(ValueError, match="positive"):
        gen.fuel_coefficients((0.2, 0.5, 1.0), (0.1, 0.0, 0.2))


def test_parallel_sets_share_by_rating() -> None:
    assert gen.shared_load(9e6, 2e6, 6e6) == pytest.approx(3e6)
    assert gen.shared_load(9e6, 2e6, 0.0) == 0.0


def run_switch(step: float, times: int, a_fails_at: float, a_back_at: float) -> tuple[float, int]:
    position, target, waited, dead = switch.SOURCE_A, switch.SOURCE_A, 0.0, 0.0
    for i in range(times):
        a_good = not a_fails_at <= i * step + step / 2 < a_back_at
        position, target, waited, lost = switch.transfer_switch_step(
            position, target, waited, step, a_good, True, switch.SOURCE_A, 1.0, 30.0, 0.2
        )
        dead += lost
    return dead, position


@pytest.mark.parametrize("step", [0.05, 0.1, 1.0, 10.0])
def test_automatic_switch_is_dead_for_delay_and_transit(step: float) -> None:
    n = round(60.0 / step)
    dead, position = run_switch(step, n, 0.0, 1e9)
    assert position == switch.SOURCE_B
    assert dead == pytest.approx(1.2, abs=1e-9)


@pytest.mark.parametrize("step", [0.05, 1.0])
def test_automatic_switch_returns_with_one_more_transit(step: float) -> None:
    dead, position = run_switch(step, round(120.0 / step), 0.0, 20.0)
    assert position == switch.SOURCE_A
    assert dead == pytest.approx(1.4, abs=1e-9)


def test_static_switch_needs_a_quarter_cycle() -> None:
    _, target, _, dead = switch.transfer_switch_step(
        switch.SOURCE_A, switch.SOURCE_A, 0.0, 0.02, False, True, switch.SOURCE_A, 0.0, 5.0, 0.004
    )
    assert target == switch.SOURCE_B
    assert dead == pytest.approx(0.004)


def test_switch_stays_when_both_sources_are_bad() -> None:
    position, _, _, dead = switch.transfer_switch_step(
        switch.SOURCE_A, switch.SOURCE_A, 0.0, 3.0, False, False, switch.SOURCE_A, 1.0, 5.0, 0.2
    )
    assert position == switch.SOURCE_A
    assert dead == 3.0


def test_switch_turns_back_if_its_target_fails_in_transit() -> None:
    position, target, _, dead = switch.transfer_switch_step(
        switch.OPEN, switch.SOURCE_B, 0.1, 1.0, True, False, switch.SOURCE_A, 1.0, 5.0, 0.2
    )
    assert (position, target) == (switch.SOURCE_A, switch.SOURCE_A)
    assert dead == pytest.approx(0.2)


@given(st.booleans(), st.booleans(), st.integers(0, 2), st.integers(1, 2), st.floats(0.001, 100.0))
def test_switch_is_never_dead_longer_than_the_step(
    a: bool, b: bool, position: int, preferred: int, step: float
) -> None:
    target = position or preferred
    *_, dead = switch.transfer_switch_step(
        position, target, 0.0, step, a, b, preferred, 1.0, 5.0, 0.2
    )
    assert 0.0 <= dead <= step * (1 + 1e-12)


def test_source_window() -> None:
    assert switch.source_good(0.95, 0.1, 0.85, 1.1, 0.5)
    assert not switch.source_good(0.5, 0.1, 0.85, 1.1, 0.5)
    assert not switch.source_good(1.0, -0.9, 0.85, 1.1, 0.5)


def test_starting_current_falls_from_locked_rotor_to_running() -> None:
    t = np.linspace(0.0, 3.0, 31)
    current = [motor.starting_current(x, 100.0, 650.0, 3.0, 0.15) for x in t]
    assert current[0] == pytest.approx(650.0)
    assert current[-1] == 100.0
    assert np.all(np.diff(current) <= 1e-9)
    assert motor.starting_current(-0.1, 100.0, 650.0, 3.0, 0.15) == 0.0
    assert motor.drive_ramp(5.0, 80e3, 10.0) == pytest.approx(10e3)
    assert motor.drive_ramp(0.0, 80e3, 10.0) == 0.0
    assert motor.drive_ramp(11.0, 80e3, 10.0) == 80e3


def test_restart_waits_for_priority_stagger_and_room() -> None:
    start = motor.restart_times([1, 0, 2], [50, 30, 400], [300, 180, 400], [5, 3, 60], 480, 2.0)
    # The pump first; the tower fan once both starting loads fit; the chiller once both run.
    assert start.tolist() == [2.0, 0.0, 7.0]


def test_motor_that_never_fits_does_not_hold_up_the_rest() -> None:
    start = motor.restart_times([0, 1], [900, 10], [900, 60], [5, 3], 100, 1.0)
    assert start.tolist() == [np.inf, 0.0]


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.floats(0, 100), st.floats(0, 400), st.floats(0, 20)),
        min_size=1,
        max_size=8,
    ),
    st.floats(50, 800),
)
def test_restart_never_exceeds_the_supply(
    motors: list[tuple[int, float, float, float]], available: float
) -> None:
    priority, running, starting, acceleration = map(np.array, zip(*motors, strict=True))
    start = motor.restart_times(priority, running, starting, acceleration, available, 1.0)
    for time in start[np.isfinite(start)]:
        up = start + acceleration <= time
        begun = start <= time
        load = np.where(up, running, np.maximum(starting, running))[begun].sum()
        assert load <= available * (1 + 1e-9)


def test_restart_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="one shape"):
        motor.restart_times([0], [1, 2], [1, 2], [1, 2], 10, 1)
    with pytest.raises(ValueError, match="powers"):
        motor.restart_times([0], [-1], [1], [1], 10, 1)
    with pytest.raises(ValueError, match="times"):
        motor.restart_times([0], [1], [1], [-1], 10, 1)
