"""Ground motions: response spectra of codes, and accelerations that fit them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel, law
from physics.rigid_laws import GRAVITY

Floats = NDArray[np.float64]


@law
def log_interpolated(frequency: float, f0: float, a0: float, f1: float, a1: float) -> float:
    """Acceleration at a frequency on a straight line between two points in log-log scale."""
    share = math.log(frequency / f0) / math.log(f1 / f0)
    return math.exp((1.0 - share) * math.log(a0) + share * math.log(a1))


@law
def ac156_horizontal(frequency: float, short_period: float, height_ratio: float) -> float:
    """Required response spectrum of a shake-table test by ICC-ES AC156, horizontal, 5 % damping.

    frequency [Hz]; short_period : design spectral acceleration S_DS [any unit of acceleration];
    height_ratio : z/h of the floor in its building, 0 ground to 1 roof

    A_FLX = S_DS (1 + 2 z/h), at most 1.6 S_DS, from 1.3 to 8.3 Hz; falls to A_RIG =
    0.4 S_DS (1 + 2 z/h) at 33.3 Hz; below 1.3 Hz proportional to frequency.
    """
    factor = 1.0 + 2.0 * height_ratio
    flexible = min(short_period * factor, 1.6 * short_period)
    rigid = 0.4 * short_period * factor
    if frequency <= 1.3:
        return flexible * frequency / 1.3
    if frequency <= 8.3:
        return flexible
    if frequency < 33.3:
        return log_interpolated(frequency, 8.3, flexible, 33.3, rigid)
    return rigid


@law
def ac156_vertical(frequency: float, short_period: float) -> float:
    """As :func:`ac156_horizontal`, vertical: two thirds of the horizontal at the ground."""
    return 2.0 / 3.0 * ac156_horizontal(frequency, short_period, 0.0)


GR63_ZONE_4 = ((0.3, 0.2), (0.6, 2.0), (2.0, 5.0), (5.0, 5.0), (15.0, 1.6), (50.0, 1.6))
"""Corners (Hz, g) of Telcordia GR-63-CORE's required response spectrum, zone 4, 2 % damping."""


def gr63_zone_4(frequency: float) -> float:
    """Required response spectrum of GR-63-CORE zone 4 [g] at a frequency [Hz], 2 % damping.

    Straight lines in log-log scale between :data:`GR63_ZONE_4`; constant beyond its ends.
    """
    points = GR63_ZONE_4
    if frequency <= points[0][0]:
        return points[0][1]
    for (f0, a0), (f1, a1) in pairwise(points):
        if frequency <= f1:
            return log_interpolated(frequency, f0, a0, f1, a1)
    return points[-1][1]


KDS_HAZARD = {"I": 0.22, "II": 0.14}
"""Effective ground acceleration S [g] of Korea's seismic zones, 2400 years (KDS 17 10 00)."""
KDS_SHORT = {
    "S1": (1.12, 1.12, 1.12),
    "S2": (1.4, 1.4, 1.3),
    "S3": (1.7, 1.5, 1.3),
    "S4": (1.6, 1.4, 1.2),
    "S5": (1.8, 1.3, 1.3),
}
KDS_LONG = {
    "S1": (0.84, 0.84, 0.84),
    "S2": (1.5, 1.4, 1.3),
    "S3": (1.7, 1.6, 1.5),
    "S4": (2.2, 2.0, 1.8),
    "S5": (3.0, 2.7, 2.4),
}
"""Soil amplification at short periods (Fa) and at 1 s (Fv) for S = 0.1, 0.2 and 0.3 g."""
KDS_STEPS = (0.1, 0.2, 0.3)


def kds_design_accelerations(hazard: float, soil: str) -> tuple[float, float]:
    """Design spectral accelerations S_DS and S_D1 [g] by KDS 41 17 00.

    S_DS = S 2.5 Fa 2/3, S_D1 = S Fv 2/3; ``hazard`` is S [g], ``soil`` S1 to S5. Amplification is
    linear between the table's columns.

    Raises
    ------
    ValueError : unknown soil class or a hazard that is not above zero
    """
    if soil not in KDS_SHORT:
        raise ValueError(f"soil class {soil!r} is none of {', '.join(KDS_SHORT)}")
    if not hazard > 0.0:
        raise ValueError(f"effective ground acceleration must be above zero, got {hazard!r}")
    short = float(np.interp(hazard, KDS_STEPS, KDS_SHORT[soil]))
    long = float(np.interp(hazard, KDS_STEPS, KDS_LONG[soil]))
    return hazard * 2.5 * short * 2.0 / 3.0, hazard * long * 2.0 / 3.0


@law
def kds_design_spectrum(period: float, short_period: float, one_second: float) -> float:
    """Design response spectrum of KDS 41 17 00 at a period [s], 5 % damping, unit of its inputs.

    0.6 S_DS T/T0 + 0.4 S_DS up to T0 = 0.2 S_D1/S_DS, S_DS up to TS = S_D1/S_DS, S_D1/T up to 5 s,
    then 5 S_D1/T^2.
    """
    corner = one_second / short_period
    start = 0.2 * corner
    if period < start:
        return short_period * (0.4 + 0.6 * period / start)
    if period <= corner:
        return short_period
    if period <= 5.0:
        return one_second / period
    return 5.0 * one_second / (period * period)


@kernel()
def oscillator_response(
    ground: Floats, step: float, frequency: float, damping: float
) -> tuple[Floats, Floats]:
    """Relative displacement [m] and absolute acceleration [m/s2] of a damped oscillator.

    ground : acceleration of its base [m/s2] at times ``step`` [s] apart, linear between them
    frequency [Hz], damping ratio below 1. Exact for that motion.
    Source: Nigam and Jennings (1969), "Calculation of response spectra from strong-motion
    earthquake records", Bull. Seism. Soc. Am. 59(2).
    """
    w = 2.0 * math.pi * frequency
    wd = w * math.sqrt(1.0 - damping * damping)
    decay = math.exp(-damping * w * step)
    s, c = math.sin(wd * step), math.cos(wd * step)
    ratio = damping * w / wd
    a11, a12 = decay * (ratio * s + c), decay * s / wd
    a21, a22 = -decay * w * w / wd * s, decay * (c - ratio * s)
    displacement = np.zeros(len(ground))
    acceleration = np.zeros(len(ground))
    x, v = 0.0, 0.0
    w2, w3 = w * w, w * w * w
    for n in range(len(ground) - 1):
        a0, slope = ground[n], (ground[n + 1] - ground[n]) / step
        # particular solution of x'' + 2 z w x' + w2 x = -(a0 + slope t)
        p0 = -a0 / w2 + 2.0 * damping * slope / w3
        p1 = -slope / w2
        y, u = x - p0, v - p1
        x = a11 * y + a12 * u + p0 + p1 * step
        v = a21 * y + a22 * u + p1
        displacement[n + 1] = x
        acceleration[n + 1] = -(2.0 * damping * w * v + w2 * x)
    return displacement, acceleration


def response_spectrum(ground: Floats, step: float, frequencies: Floats, damping: float) -> Floats:
    """Largest absolute acceleration [m/s2] of oscillators of some frequencies [Hz], shape of those.

    See :func:`oscillator_response`. Raises ValueError for a damping ratio outside 0..1.
    """
    if not 0.0 <= damping < 1.0:
        raise ValueError(f"damping ratio must be in 0..1, got {damping!r}")
    return np.array(
        [np.abs(oscillator_response(ground, step, float(f), damping)[1]).max() for f in frequencies]
    )


def envelope(times: Floats, rise: float, hold: float, decay: float) -> Floats:
    """Intensity of a motion over time [s], 0..1: quadratic rise, hold, exponential decay to 5 %."""
    rising = np.clip(times / rise, 0.0, 1.0) ** 2
    falling = np.exp(-3.0 * np.clip(times - rise - hold, 0.0, None) / decay)
    return np.asarray(rising * falling)


ATTEMPTS = 6
LARGEST_EXCESS = 1.3
"""Achieved over required spectrum that test standards allow, and sets of phases tried for it."""


def matched_motion(
    frequencies: Floats,
    required: Floats,
    damping: float,
    seed: int,
    step: float = 0.005,
    rise: float = 5.0,
    hold: float = 20.0,
    decay: float = 5.0,
    least: float = 0.9,
    iterations: int = 40,
) -> Floats:
    """Ground acceleration [m/s2] whose response spectrum fits a required one, shape [times].

    frequencies [Hz], rising, and required [m/s2] : the spectrum; damping of its oscillators
    seed : draws the phases; step [s]; rise, hold, decay [s] : strong part as AC156 asks
    least : achieved over required spectrum, nowhere less (AC156 allows 0.9, GR-63 asks 1)

    Sum of sines at 24 frequencies per octave under an envelope; their amplitudes are scaled by
    required over achieved spectrum until it fits, and the best of the iterations is lifted so that
    the achieved spectrum is nowhere below ``least`` of the required one. Other phases are tried
    where it exceeds that by more than 30 %. The mean velocity is taken out, so that the ground
    comes to rest. Source: Gasparini and Vanmarcke (1976), SIMQKE, MIT R76-4.

    Raises
    ------
    ValueError : frequencies not rising or not above zero, or sizes differ
    """
    if len(frequencies) != len(required) or len(frequencies) < 2:
        raise ValueError("a spectrum needs as many accelerations as frequencies, two or more")
    if frequencies[0] <= 0.0 or np.any(np.diff(frequencies) <= 0.0):
        raise ValueError("frequencies must be above zero and rising")
    times = np.arange(0.0, rise + hold + decay, step)
    shape = envelope(times, rise, hold, decay)
    octaves = math.log2(frequencies[-1] / frequencies[0])
    lines = np.geomspace(frequencies[0], frequencies[-1], max(2, round(24 * octaves)))
    between = np.sqrt(lines[1:] * lines[:-1])
    everywhere = np.concatenate([lines, between])
    target = np.exp(np.interp(np.log(everywhere), np.log(frequencies), np.log(required)))
    generator = np.random.default_rng(seed)
    best, best_excess = np.zeros_like(times), math.inf
    for _ in range(ATTEMPTS):
        phases = generator.uniform(0.0, 2.0 * math.pi, len(lines))
        waves = np.sin(2.0 * math.pi * lines[:, None] * times + phases[:, None]) * shape
        motion = _fitted(waves, shape, lines, target[: len(lines)], damping, step, iterations)
        ratio = response_spectrum(motion, step, everywhere, damping) / target
        excess = float(ratio.max() / ratio.min())
        if excess < best_excess:
            best, best_excess = motion * least / float(ratio.min()), excess
        if best_excess * least <= LARGEST_EXCESS:
            break
    return best


def _fitted(
    waves: Floats,
    shape: Floats,
    lines: Floats,
    target: Floats,
    damping: float,
    step: float,
    iterations: int,
) -> Floats:
    """Sum of ``waves`` [lines, times] that comes closest to the target in some iterations."""
    amplitudes = 0.1 * target
    best, best_miss = np.zeros(waves.shape[1]), math.inf
    for _ in range(iterations):
        motion = _at_rest(amplitudes @ waves, shape)
        ratio = response_spectrum(motion, step, lines, damping) / target
        miss = float(ratio.max() / ratio.min())
        if miss < best_miss:
            best, best_miss = motion, miss
        amplitudes = amplitudes * ratio**-0.6
    return best


def _at_rest(motion: Floats, shape: Floats) -> Floats:
    """A motion after which velocity is zero: its mean is taken out in the shape of the envelope."""
    return np.asarray(motion - shape * motion.sum() / shape.sum())


def component_force(
    short_period: float,
    amplification: float,
    reduction: float,
    importance: float,
    height_ratio: float,
) -> float:
    """Equivalent static force on equipment over its weight, F_p/W_p, by KDS 41 17 00 (as ASCE 7).

    0.4 a_p S_DS (1 + 2 z/h) I_p / R_p, at least 0.3 S_DS I_p and at most 1.6 S_DS I_p
    short_period : S_DS [g]
    """
    force = 0.4 * amplification * short_period * (1.0 + 2.0 * height_ratio) * importance / reduction
    return max(0.3 * short_period * importance, min(1.6 * short_period * importance, force))


__all__ = [
    "GR63_ZONE_4",
    "GRAVITY",
    "KDS_HAZARD",
    "ac156_horizontal",
    "ac156_vertical",
    "component_force",
    "envelope",
    "gr63_zone_4",
    "kds_design_accelerations",
    "kds_design_spectrum",
    "log_interpolated",
    "matched_motion",
    "oscillator_response",
    "response_spectrum",
]
