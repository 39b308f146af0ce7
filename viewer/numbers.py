"""Values as people read them: scaled, rounded and with their unit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viewer.scene_model import Channel


@dataclass(frozen=True)
class Scale:
    """How values of a channel are written: value * factor + unit, with ``decimals``."""

    factor: float
    unit: str
    decimals: int

    def text(self, value: float, with_unit: bool = True) -> str:
        """The value as text; "no value" when it is missing."""
        if not math.isfinite(value):
            return "no value"
        number = f"{value * self.factor:,.{self.decimals}f}"
        if number.lstrip("-0.,") == "":
            number = number.lstrip("-")
        if not with_unit or not self.unit:
            return number
        return f"{number}{'' if self.unit == '%' else ' '}{self.unit}"


_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_PREFIXED = {"W": "W", "Pa": "Pa", "J": "J", "token/s": "tokens/s", "V": "V", "A": "A", "VA": "VA"}
_PLAIN = {
    "degC": "°C",
    "delta_degC": "K",
    "m**3/s": "m³/s",
    "kg/s": "kg/s",
    "1/s": "1/s",
    "L/kWh": "L/kWh",
}


def prefixed(value: float, unit: str, digits: int = 3) -> str:
    """A value with an SI prefix and about ``digits`` significant digits: 1.06 MW."""
    return scale_for(unit, abs(value), digits).text(value)


def scale_for(unit: str, largest: float, digits: int = 3) -> Scale:
    """The scale for values up to ``largest`` (in ``unit``, pint's spelling)."""
    largest = abs(largest) if math.isfinite(largest) else 0.0
    if unit == "m**3/s":
        factor, text = (1e3, "L/s") if largest >= 1e-3 else (6e4, "L/min")
    elif unit == "kg/kg":
        factor, text = 1e3, "g/kg"
    elif unit in _PREFIXED:
        size, prefix = next(((s, p) for s, p in _PREFIXES if largest >= s), (1.0, ""))
        factor, text = 1 / size, prefix + _PREFIXED[unit]
        if unit == "token/s":
            text = f"{prefix} tokens/s".strip()
    else:
        factor, text = 1.0, _PLAIN.get(unit, unit.replace("**", "^"))
    shown = largest * factor
    whole = 1 if shown < 1 else math.floor(math.log10(shown)) + 1
    return Scale(factor, text, max(0, min(4, digits - whole)))


def scale_of(channel: Channel) -> Scale:
    """How values of a channel are written."""
    largest = max(abs(channel.low), abs(channel.high))
    if channel.unit == "":
        if channel.name.endswith("pue"):
            return Scale(1.0, "", 3)
        if channel.resolution >= 0.1:  # counts, switches and states
            return Scale(1.0, "", 0)
        return Scale(100.0, "%", 1) if largest <= 1.5 else Scale(1.0, "", 2)
    scale = scale_for(channel.unit, largest, 3)
    if channel.unit in ("degC", "delta_degC"):
        return Scale(1.0, scale.unit, 1)
    return Scale(
        scale.factor, scale.unit, max(scale.decimals, 1 if largest * scale.factor < 1000 else 0)
    )


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers between ``low`` and ``high``, at most ``most``."""
    if not high > low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(np.round(k * step, 12)) for k in range(first, last + 1)]


def fitted_range(values: NDArray[np.floating], channel: Channel) -> tuple[float, float]:
    """Round ends of a range that holds all but the outer 1 % of the values.

    Never narrower than 20 steps of the channel's resolution or 2 % of its own range; the channel's
    own range when there are no values.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return channel.low, channel.high
    sample = finite[:: max(1, len(finite) // 50_000)]
    low, high = (float(q) for q in np.percentile(sample, (0.5, 99.5)))
    least = max(20 * channel.resolution, 0.02 * (channel.high - channel.low))
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


def clock(seconds: float) -> str:
    """Simulated time as text: 00:08:30, with days when there are any."""
    sign = "-" if seconds < 0 else ""
    whole = round(abs(seconds))
    days, rest = divmod(whole, 86_400)
    text = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{sign}{days} d {text}" if days else f"{sign}{text}"
