"""Sensors: lag, noise, bias, resolution, and what a stuck or failed one reads.

Noise is a function of (seed, sensor, step) and of nothing else: a counter-based generator. A run
therefore reads the same values whatever the number of threads, the order of evaluation, or where it
was restored.

Source: Philox2x32-10 of Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC11);
Box and Muller (1958) for the normal law.
"""

from __future__ import annotations

import math

from physics.jit import law

HEALTHY = 0
STUCK = 1
FAILED_LOW = 2
FAILED_HIGH = 3

_MASK = 0xFFFFFFFF
_MULTIPLIER = 0xD256D193
_WEYL = 0x9E3779B9


@law
def philox_2x32(counter_0: int, counter_1: int, key: int) -> tuple[int, int]:
    """Two independent uniform 32-bit integers of a 64-bit counter and a 32-bit key.

    All arguments and results from 0 to 2^32 - 1; larger arguments count modulo 2^32.
    """
    left = int(counter_0) & _MASK
    right = int(counter_1) & _MASK
    k = int(key) & _MASK
    for _ in range(10):
        # The low 64 bits hold the whole product; the sign bit of int64 does not matter.
        low_half = (_MULTIPLIER & 0xFFFF) * left
        high_half = (_MULTIPLIER >> 16) * left
        middle = (low_half >> 16) + (high_half & 0xFFFF)
        low = ((middle << 16) | (low_half & 0xFFFF)) & _MASK
        high = (high_half >> 16) + (middle >> 16)
        left, right = (high ^ k ^ right) & _MASK, low
        k = (k + _WEYL) & _MASK
    return left, right


@law
def uniform(seed: int, stream: int, step: int) -> float:
    """Uniform number in (0, 1), a function of seed, stream and step (integers) alone."""
    left, right = philox_2x32(step, stream, seed)
    # 26 + 26 bits and a half: exact in a float, and clear of both 0 and 1.
    return ((left >> 6) * 67108864.0 + (right >> 6) + 0.5) / 4503599627370496.0


@law
def standard_normal(seed: int, stream: int, step: int) -> float:
    """Standard normal number, a function of seed, stream and step (integers) alone."""
    left, right = philox_2x32(step, stream, seed)
    radius = math.sqrt(-2.0 * math.log((left + 0.5) / 4294967296.0))
    return radius * math.cos(2.0 * math.pi * (right + 0.5) / 4294967296.0)


@law
def sensor_lag(state: float, value: float, time_step: float, time_constant: float) -> float:
    """Temperature (or other state) of the sensing element after a step, exact for a held value.

    time_constant [s]: 0 follows at once.
    """
    if time_constant <= 0.0:
        return value
    return value + (state - value) * math.exp(-time_step / time_constant)


@law
def sensor_reading(
    state: float,
    bias: float,
    noise: float,
    seed: int,
    stream: int,
    step: int,
    fault: int = HEALTHY,
    stuck_at: float = 0.0,
    range_min: float = -math.inf,
    range_max: float = math.inf,
    resolution: float = 0.0,
) -> float:
    """What a sensor shows for the state of its element.

    bias and noise (standard deviation) in the reading's unit. fault: HEALTHY, STUCK (shows
    stuck_at), FAILED_LOW or FAILED_HIGH (shows the end of its range, as a broken wire or short
    does). resolution: step of the display, 0 for none. The reading keeps its range.
    """
    if fault == STUCK:
        return stuck_at
    if fault == FAILED_LOW:
        return range_min
    if fault == FAILED_HIGH:
        return range_max
    reading = state + bias
    if noise > 0.0:
        reading += noise * standard_normal(seed, stream, step)
    if resolution > 0.0:
        reading = resolution * math.floor(reading / resolution + 0.5)
    return min(max(reading, range_min), range_max)
