"""Sensors in the coupled step: what controllers see of temperatures and pressures.

A healthy sensor shows the value (the lag of its well is part of the plant). Bias, noise, a delay of
the transmission and failures are inputs. A delayed sensor keeps a ring of past values, spread over
its delay, and reads between the two oldest: values that change evenly are late by the delay to
within a step, and what changes faster is resolved to a seventh of the delay.
"""

from __future__ import annotations

from physics.factory.arrays import LEDGER, SENSOR, SENSOR_SLOTS, Floats
from physics.jit import law
from physics.sensor import STUCK, sensor_reading

TEMPERATURE_RANGE = (-30.0, 150.0)  # degC, ends of the scale that a broken wire or short shows
PRESSURE_RANGE = (0.0, 1.0e6)  # Pa


@law
def steps_since_start(ledger: Floats, step: float) -> int:
    """Number of the present step, which the noise counts by."""
    if ledger.shape[1] == 0:
        return 0
    return int(ledger[LEDGER.time, 0] / step + 0.5)


@law
def delayed(s: int, sensor: Floats, value: float, step: float) -> float:
    """Value as it was ``delay`` seconds ago, after the present one is put down."""
    delay = sensor[s, SENSOR.delay]
    spacing = max(delay / (SENSOR_SLOTS - 1), 1e-9)
    if sensor[s, SENSOR.primed] == 0.0:
        for slot in range(SENSOR_SLOTS):
            sensor[s, SENSOR.slot_0 + slot] = value
        sensor[s, SENSOR.primed] = 1.0
        sensor[s, SENSOR.phase] = 0.0
        sensor[s, SENSOR.newest] = 0.0
    oldest = int(sensor[s, SENSOR.newest] + 1) % SENSOR_SLOTS
    phase = sensor[s, SENSOR.phase] + step
    if phase > delay:  # everything in the ring is older than the delay
        for slot in range(SENSOR_SLOTS):
            sensor[s, SENSOR.slot_0 + slot] = value
        sensor[s, SENSOR.phase] = 0.0
        return value
    while phase >= spacing:
        phase -= spacing
        sensor[s, SENSOR.slot_0 + oldest] = value
        sensor[s, SENSOR.newest] = oldest
        oldest = (oldest + 1) % SENSOR_SLOTS
    sensor[s, SENSOR.phase] = phase
    before = sensor[s, SENSOR.slot_0 + oldest]
    after = sensor[s, SENSOR.slot_0 + (oldest + 1) % SENSOR_SLOTS]
    return float(before + (after - before) * phase / spacing)


@law
def disturbed_reading(
    s: int,
    sensor: Floats,
    value: float,
    low: float,
    high: float,
    seed: int,
    stream: int,
    count: int,
    step: float,
) -> float:
    """Reading of a sensor that is biased, noisy, late or faulty."""
    state = value
    if sensor[s, SENSOR.delay] > 0.0:
        state = delayed(s, sensor, value, step)
    else:
        sensor[s, SENSOR.primed] = 0.0
    return sensor_reading(
        state,
        sensor[s, SENSOR.bias],
        sensor[s, SENSOR.noise],
        seed,
        stream,
        count,
        int(sensor[s, SENSOR.fault]),
        sensor[s, SENSOR.reading],
        low,
        high,
        0.0,
    )


@law
def read_sensor(
    s: int,
    sensor: Floats,
    value: float,
    low: float,
    high: float,
    seed: int,
    stream: int,
    count: int,
    step: float,
) -> float:
    """Reading of sensor ``s`` [its unit] for a value, also kept in its state.

    low, high: ends of its scale; seed, stream, count: of its noise.
    """
    reading = value
    if (
        sensor[s, SENSOR.fault] != 0.0
        or sensor[s, SENSOR.bias] != 0.0
        or sensor[s, SENSOR.noise] != 0.0
        or sensor[s, SENSOR.delay] != 0.0
    ):
        reading = disturbed_reading(s, sensor, value, low, high, seed, stream, count, step)
    else:
        sensor[s, SENSOR.primed] = 0.0
    sensor[s, SENSOR.reading] = reading
    return reading


@law
def held_value(s: int, sensor: Floats, setpoint: float) -> float:
    """Value at which a controller that sees this sensor comes to rest, noise apart.

    The set point less the bias; a stuck or failed sensor drives its controller to an end, which an
    infinite value stands for (minus: the reading is above the set point).
    """
    fault = sensor[s, SENSOR.fault]
    if fault == 0.0:
        return float(setpoint - sensor[s, SENSOR.bias])
    if fault == STUCK:
        reading = sensor[s, SENSOR.reading]
    elif fault > STUCK + 1.0:
        reading = 1e30
    else:
        reading = -1e30
    if reading == setpoint:
        return setpoint
    return -1e30 if reading > setpoint else 1e30
