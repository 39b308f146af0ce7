"""Parts of the coupled step's cooling by themselves: by-pass, banks of units, sensors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.factory import arrays
from physics.factory.arrays import SENSOR, STAGED
from physics.factory.banks import settle_bank, stage_bank
from physics.factory.coolers import BYPASS_BAND, LOST_SENSOR, bypass_floor, bypassed_bank
from physics.factory.sensors import held_value, read_sensor
from physics.staging import LOCKED_OUT, OFF, ON
from twin.factory import Factory

Block = np.ndarray  # type: ignore[type-arg]
RATE = 1.5e5  # W/K through three coolers


@pytest.fixture(scope="module")
def plants(pilot: Factory) -> Block:
    return arrays.blocks_of(pilot.plant().constants).plants


# --- by-pass --------------------------------------------------------------------------------------


def cooled(plants: Block, fan: float, inlet: float, floor: float, dry: float) -> tuple[float, ...]:
    return bypassed_bank(0, plants, 3.0, fan, RATE, inlet, floor, 0.0, dry, dry - 1.0, 101_325.0)


@given(above=st.floats(0.05, 25.0), dry=st.floats(-30.0, 30.0), floor=st.floats(30.0, 36.0))
def test_water_never_leaves_below_the_floor_with_fans_at_rest(
    plants: Block, above: float, dry: float, floor: float
) -> None:
    inlet = floor + above
    heat, _, past, cold = cooled(plants, 0.0, inlet, floor, dry)
    mixed = inlet - heat / RATE
    assert mixed >= floor - 1e-3
    assert 0.0 <= past <= 1.0
    if past > 0.0:
        assert mixed == pytest.approx(floor, abs=1e-3)
    # what went through the coolers and what went past make up the mixture
    assert (1.0 - past) * cold + past * inlet == pytest.approx(mixed, abs=1e-6)
    assert cold >= dry - 0.1


def test_with_fans_running_the_valve_is_shut(plants: Block) -> None:
    heat, _, past, _ = cooled(plants, 0.5, 45.0, 44.0, 0.0)
    assert past == 0.0
    assert heat > RATE * 1.0


def test_still_or_missing_coolers_show_the_outdoor_air(plants: Block) -> None:
    still = bypassed_bank(0, plants, 3.0, 0.0, 0.0, 40.0, 35.0, 0.0, -8.0, -9.0, 101_325.0)
    none = bypassed_bank(0, plants, 0.0, 1.0, RATE, 40.0, 35.0, 0.0, -8.0, -9.0, 101_325.0)
    for heat, water, past, cold in (still, none):
        assert (heat, water, past, cold) == (0.0, 0.0, 0.0, -8.0)


def test_the_floor_follows_a_biased_sensor_but_not_a_lost_one() -> None:
    assert bypass_floor(36.0, 33.0) == 33.0 - BYPASS_BAND
    assert bypass_floor(36.0, 36.0 - LOST_SENSOR - 1.0) == 36.0 - BYPASS_BAND
    assert bypass_floor(36.0, 1e30) == 36.0 - BYPASS_BAND


def test_water_that_is_cold_already_passes_by(plants: Block) -> None:
    heat, _, past, _ = cooled(plants, 0.0, 34.0, 35.5, -10.0)
    assert past > 0.999
    assert heat < 1.0


# --- banks ----------------------------------------------------------------------------------------


def bank(online: list[float], stage: list[float]) -> Block:
    block = np.zeros((len(arrays.StagedState._fields), len(online)))
    block[0] = online
    block[STAGED.stage] = stage
    block[STAGED.stage_time] = 1e6
    return block


def turn(
    unit: Block, wanted: float, lead: float = 0.0, steps: int = 1, start: float = 5.0
) -> float:
    running = 0.0
    for _ in range(steps):
        running = stage_bank(unit, 0, unit.shape[1], wanted, lead, 1.0, 0.0, 0.0, start, 60.0, 1.0)
    return running


def test_the_next_in_line_takes_over_and_the_failed_one_is_locked_out() -> None:
    unit = bank([1.0, 1.0, 1.0], [ON, ON, OFF])
    unit[0, 0] = 0.0
    assert turn(unit, 2.0) == 1.0
    assert turn(unit, 2.0, steps=10) == 2.0
    assert unit[STAGED.stage].tolist() == [LOCKED_OUT, ON, ON]


def test_handing_over_keeps_the_number_running() -> None:
    unit = bank([1.0, 1.0, 1.0], [ON, ON, OFF])
    for _ in range(20):
        assert turn(unit, 2.0, lead=1.0) >= 2.0
    assert unit[STAGED.stage].tolist() == [OFF, ON, ON]


@given(
    online=st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=5),
    wanted=st.integers(0, 6), lead=st.integers(0, 4),
)  # fmt: skip
def test_a_bank_comes_to_where_the_solver_puts_it(
    online: list[float], wanted: int, lead: int
) -> None:
    marched, settled = bank(online, [OFF] * len(online)), bank(online, [OFF] * len(online))
    running = turn(marched, float(wanted), float(lead), steps=300)
    assert running == settle_bank(settled, 0, len(online), float(wanted), float(lead), 1.0, 1e6)
    assert running == min(wanted, sum(online))
    assert (marched[STAGED.stage] == ON).tolist() == (settled[STAGED.stage] == ON).tolist()


# --- sensors --------------------------------------------------------------------------------------


def sensor(**fields: float) -> Block:
    block = np.zeros((1, len(arrays.SensorState._fields)))
    for name, value in fields.items():
        block[0, getattr(SENSOR, name)] = value
    return block


def readings(block: Block, values: list[float], step: float = 1.0) -> list[float]:
    return [
        read_sensor(0, block, value, -30.0, 150.0, 7, 0, count, step)
        for count, value in enumerate(values)
    ]


@given(value=st.floats(-20.0, 140.0), bias=st.floats(-5.0, 5.0))
def test_a_healthy_sensor_shows_the_value_and_a_biased_one_is_off(
    value: float, bias: float
) -> None:
    assert readings(sensor(), [value]) == [value]
    assert readings(sensor(bias=bias), [value])[0] == pytest.approx(value + bias)
    assert held_value(0, sensor(bias=bias), 40.0) == pytest.approx(40.0 - bias)


def test_failed_sensors_show_the_ends_and_a_stuck_one_its_last_reading() -> None:
    assert readings(sensor(fault=2.0), [40.0]) == [-30.0]
    assert readings(sensor(fault=3.0), [40.0]) == [150.0]
    stuck = sensor(reading=38.0, fault=1.0)
    assert readings(stuck, [40.0, 50.0]) == [38.0, 38.0]
    # controllers are driven to an end
    assert held_value(0, sensor(fault=2.0), 40.0) > 1e20
    assert held_value(0, sensor(fault=3.0), 40.0) < -1e20
    assert held_value(0, stuck, 36.0) < -1e20


@pytest.mark.parametrize("delay", [3.5, 7.0, 30.0])
def test_a_ramp_is_read_late_by_the_delay(delay: float) -> None:
    ramp = [0.1 * t for t in range(200)]
    late = readings(sensor(delay=delay), ramp)
    assert late[-1] == pytest.approx(ramp[-1] - 0.1 * delay, abs=0.11)


def test_noise_has_its_standard_deviation_and_is_reproducible() -> None:
    first = readings(sensor(noise=0.5), [20.0] * 4000)
    assert first == readings(sensor(noise=0.5), [20.0] * 4000)
    assert float(np.mean(first)) == pytest.approx(20.0, abs=0.05)
    assert float(np.std(first)) == pytest.approx(0.5, rel=0.05)
