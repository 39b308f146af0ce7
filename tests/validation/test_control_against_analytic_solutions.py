"""Control laws against closed-form loop responses and published generator outputs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import kstest

from physics.control import DIRECT, REVERSE, first_order_lag, pi_step, pi_step_clamping
from physics.sensor import philox_2x32, standard_normal, uniform


@pytest.mark.parametrize("law", [pi_step, pi_step_clamping])
@pytest.mark.parametrize("step", [0.1, 0.01])
def test_second_order_response(
    accuracy: Callable[..., None],
    law: Callable[..., tuple[float, float]],
    step: float,
) -> None:
    """PI (K, Ti) on a lag (T) of unit gain: s^2 T Ti/K + s Ti (1 + K)/K + 1 = Ti s + 1."""
    gain, integral_time, lag = 2.0, 10.0, 20.0
    measurement, integral, output, elapsed, worst = 0.0, 0.0, 0.0, 0.0, 0.0
    natural = math.sqrt(gain / (lag * integral_time))
    damping = 0.5 * (1.0 + gain) * integral_time / gain * natural
    damped = natural * math.sqrt(1.0 - damping**2)
    for _ in range(round(60.0 / step)):
        output, integral = law(
            measurement, 1.0, integral, output, step, gain, integral_time, REVERSE, -9.0, 9.0
        )
        measurement = first_order_lag(measurement, output, step, lag)
        elapsed += step
        envelope = math.exp(-damping * natural * elapsed)
        sine, cosine = math.sin(damped * elapsed), math.cos(damped * elapsed)
        plain = 1.0 - envelope * (cosine + damping * natural / damped * sine)
        impulse = natural**2 / damped * envelope * sine
        worst = max(worst, abs(measurement - (plain + integral_time * impulse)))
    # A sampled loop answers at most one sample late, at a slope of at most K / T.
    tolerance = step * gain / lag
    source = "closed-form response of the second-order loop"
    accuracy(
        f"{law.__name__}, worst in 60 s, steps of {step:g} s", worst, 0.0, tolerance, "-", source
    )


def test_integral_action(accuracy: Callable[..., None]) -> None:
    """A constant error e ramps the output by K e / Ti."""
    output, integral = 0.0, 0.0
    for _ in range(100):
        output, integral = pi_step(26.0, 25.0, integral, output, 1.0, 0.02, 50.0, DIRECT, 0.0, 1.0)
    theirs = 0.02 + 0.02 * 100.0 / 50.0
    accuracy("PI output after 100 s at 1 K", output, theirs, 1e-12, "-", "definition of PI control")


@pytest.mark.parametrize(
    ("counter", "key", "theirs"),
    [
        ((0x00000000, 0x00000000), 0x00000000, (0xFF1DAE59, 0x6CD10DF2)),
        ((0xFFFFFFFF, 0xFFFFFFFF), 0xFFFFFFFF, (0x2C3F628B, 0xAB4FD7AD)),
        ((0x243F6A88, 0x85A308D3), 0x13198A2E, (0xDD7CE038, 0xF62A4C12)),
    ],
)
def test_known_answers_of_the_generator(
    accuracy: Callable[..., None], counter: tuple[int, int], key: int, theirs: tuple[int, int]
) -> None:
    ours = philox_2x32(*counter, key)
    source = "Random123 known-answer tests, philox2x32 10 rounds"
    for index in range(2):
        name = f"philox word {index} of {counter[0]:08x} {counter[1]:08x}"
        accuracy(name, ours[index], theirs[index], 0.0, "-", source)


@pytest.mark.parametrize(("draw", "name"), [(standard_normal, "norm"), (uniform, "uniform")])
@pytest.mark.parametrize("along", ["steps", "sensors"])
def test_distribution(
    accuracy: Callable[..., None], draw: Callable[[int, int, int], float], name: str, along: str
) -> None:
    count = 20_000
    pairs = [(3, k) if along == "steps" else (k, 3) for k in range(count)]
    sample = np.array([draw(20, *pair) for pair in pairs])
    distance = kstest(sample, name).statistic
    source = "Kolmogorov-Smirnov, 1 % level"
    accuracy(
        f"{name} numbers over {along}, distance",
        distance,
        0.0,
        1.63 / math.sqrt(count),
        "-",
        source,
    )
