"""What a fluctuating load does to the grid: spectrum, ramp rate, dynamic range, limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy.signal import welch

FloatArray = NDArray[np.float64]


def power_spectrum(
    power: ArrayLike, step: float, segment: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """One-sided spectral density of the fluctuation by Welch's method, Hann window, half overlap.

    Args:
        power: [W], shape [steps].
        step: [s].
        segment: length of one segment [s]; the resolution is its inverse. The whole if not given.

    Returns:
        frequencies [Hz] and density [W^2/Hz]; the integral over a band is its mean square.
    """
    x = np.asarray(power, dtype=np.float64)
    length = len(x) if segment is None else min(len(x), max(round(segment / step), 8))
    frequency, density = welch(
        x - x.mean(), fs=1.0 / step, window="hann", nperseg=length, detrend=False
    )
    return frequency, density


def band_amplitude(power: ArrayLike, step: float, low: float, high: float) -> float:
    """Amplitude [W] of the sine that has the mean square of the fluctuation in a band.

    The band ``low <= f < high`` [Hz] is cut from the discrete Fourier transform of the whole trace
    with a Hann window: ``sqrt(2 <x^2>)``, so a pure tone in the band gives its amplitude. The
    window spreads a tone over two bins to either side: keep it that far from the band's ends.
    """
    x = np.asarray(power, dtype=np.float64)
    window = np.hanning(len(x) + 1)[:-1]
    # The window's own mean is removed, or the constant part would leak into the lowest bands.
    centred = x - np.sum(window * x) / np.sum(window)
    lines = np.fft.rfft(window * centred)
    frequency = np.fft.rfftfreq(len(x), step)
    inside = (frequency >= low) & (frequency < high)
    double = np.where((frequency == 0.0) | (frequency == 0.5 / step), 1.0, 2.0)
    square = np.sum((double * np.abs(lines) ** 2)[inside]) / (len(x) * np.sum(window**2))
    return float(np.sqrt(2.0 * square))


def ramp_rate(power: ArrayLike, step: float, window: float) -> float:
    """Greatest change of power within any ``window`` [s], over its length [W/s].

    Taken between the highest and the lowest value in the window: its two ends alone would show
    nothing of a swing whose period fits it. Raises ValueError for a window longer than the trace.
    """
    if max(round(window / step), 1) >= len(np.asarray(power)):
        raise ValueError(f"window of {window} s is longer than the trace")
    return dynamic_range(power, step, max(window, step)) / max(window, step)


def dynamic_range(power: ArrayLike, step: float, window: float | None = None) -> float:
    """Highest minus lowest power [W]; the greatest within any ``window`` [s] if one is given."""
    x = np.asarray(power, dtype=np.float64)
    if window is None:
        return float(x.max() - x.min())
    length = min(max(round(window / step) + 1, 1), len(x))
    view = sliding_window_view(x, length)
    return float(np.max(view.max(axis=1) - view.min(axis=1)))


@dataclass(frozen=True)
class BandLimit:
    """Greatest allowed amplitude [W] of the fluctuation from ``low`` to ``high`` [Hz]."""

    low: float
    high: float
    amplitude: float


@dataclass(frozen=True)
class UtilityLimit:
    """What a grid operator allows at the connection.

    Attributes:
        ramp_rate: [W/s], over ``ramp_window`` [s].
        dynamic_range: [W], within ``range_window`` [s].
        bands: amplitude by frequency.
    """

    ramp_rate: float = np.inf
    ramp_window: float = 1.0
    dynamic_range: float = np.inf
    range_window: float = 60.0
    bands: tuple[BandLimit, ...] = ()


@dataclass(frozen=True)
class LimitCheck:
    """One measured quantity beside its limit; ``met`` if it is not above it."""

    quantity: str
    unit: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        return self.value <= self.limit


def check_limit(power: ArrayLike, step: float, limit: UtilityLimit) -> list[LimitCheck]:
    """Measure a trace of grid power [W] against a utility limit, one row per quantity."""
    rows = [
        LimitCheck("ramp rate", "W/s", ramp_rate(power, step, limit.ramp_window), limit.ramp_rate),
        LimitCheck(
            "dynamic range",
            "W",
            dynamic_range(power, step, limit.range_window),
            limit.dynamic_range,
        ),
    ]
    for band in limit.bands:
        rows.append(
            LimitCheck(
                f"amplitude {band.low:g} to {band.high:g} Hz",
                "W",
                band_amplitude(power, step, band.low, band.high),
                band.amplitude,
            )
        )
    return rows
