"""Units inside expectations: every value is a coherent SI number with the powers of its base units.

Temperatures in degC are the one exception: they are offset, may be compared and subtracted, and
become differences in K by subtraction.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from twin.unit_text import pint_text, registry
from twin.units import COMMON_UNITS

BASES = ("kg", "m", "s", "K", "A", "byte", "flop", "token", "deg", "VA", "var")
Powers = tuple[int, ...]

_NAMES: dict[str, dict[str, int]] = {
    "": {},
    "1": {},
    "W": {"kg": 1, "m": 2, "s": -3},
    "J": {"kg": 1, "m": 2, "s": -2},
    "Pa": {"kg": 1, "m": -1, "s": -2},
    "V": {"kg": 1, "m": 2, "s": -3, "A": -1},
    "ohm": {"kg": 1, "m": 2, "s": -3, "A": -2},
    "Hz": {"s": -1},
    "degC": {"K": 1},
    "delta_degC": {"K": 1},
    "N": {"kg": 1, "m": 1, "s": -2},
}
_PLAIN = re.compile(r"[A-Za-z_]+|1")


@dataclass(frozen=True)
class Unit:
    """A unit of measure.

    Attributes
    ----------
    powers : of kg, m, s, K, A, byte, flop, token, deg, VA, var
    offset : temperature in degC, measured from freezing rather than a difference
    text : as people write it, "" for a plain number
    factor : coherent SI value of one of it
    """

    powers: Powers
    offset: bool = False
    text: str = ""
    factor: float = 1.0

    def fits(self, other: Unit) -> bool:
        """Whether values of both may be compared or added up to a difference."""
        return self.powers == other.powers and self.offset == other.offset

    def times(self, other: Unit, sign: int = 1) -> Unit:
        """Unit of a product (sign 1) or quotient (sign -1)."""
        pairs = zip(self.powers, other.powers, strict=True)
        return coherent(tuple(a + sign * b for a, b in pairs))

    @property
    def name(self) -> str:
        """The unit for messages, ``a number`` when it has none."""
        return self.text or _spell(self.powers, self.offset)


def coherent(powers: Powers, offset: bool = False) -> Unit:
    """The SI unit of given powers."""
    text = _spell(powers, offset)
    return Unit(powers, offset, "" if text == "a number" else text)


NUMBER = Unit((0,) * len(BASES))
_COMMON_SPELLINGS = ("W", "J", "Pa", "m**3/s", "kg/s", "token/s", "W/s", "K/s", "J/byte", "flop/s")


@functools.cache
def _spell(powers: Powers, offset: bool = False) -> str:
    if offset:
        return "degC"
    if not any(powers):
        return "a number"
    for text in _COMMON_SPELLINGS:
        if _powers(text) == powers:
            return text
    above = [f"{b}**{p}" if p > 1 else b for b, p in zip(BASES, powers) if p > 0]
    below = [f"{b}**{-p}" if p < -1 else b for b, p in zip(BASES, powers) if p < 0]
    return "*".join(above) + "".join(f"/{b}" for b in below) if above else "1/" + "/".join(below)


@functools.cache
def _powers(text: str) -> Powers:
    """Base powers of a coherent unit such as ``m**3/s``; raises ValueError."""
    total = dict.fromkeys(BASES, 0)
    for sign, name, exponent in re.findall(r"(^|[*/])([A-Za-z_1]*)(?:\*\*(-?\d+))?", text):
        if name == "" and exponent == "":
            continue
        factor = (-1 if sign == "/" else 1) * int(exponent or 1)
        if name in _NAMES:
            for base, power in _NAMES[name].items():
                total[base] += factor * power
        elif name in BASES:
            total[name] += factor
        else:
            raise ValueError(f"unknown unit '{name}'")
    return tuple(total.values())


def unit_of_channel(text: str) -> Unit:
    """Unit of a channel from its table entry (pint's spelling, coherent, degC or delta_degC)."""
    if text == "degC":
        return Unit(_powers("K"), True, "degC")
    if text == "delta_degC":
        return Unit(_powers("K"), False, "K")
    return Unit(_powers(text), False, text)


@functools.cache
def _spellings() -> dict[str, tuple[str, float]]:
    """Everyday spellings: coherent unit and factor."""
    return {
        spelling: (target, factor)
        for target, table in COMMON_UNITS.items()
        if target not in ("J/bit", "deg")
        for spelling, factor in table.items()
    }


@functools.cache
def unit_named(text: str) -> Unit:
    """Unit by any spelling people use; raises ValueError for an unknown one.

    Everyday units come from the table of the unit parser; the rest from the unit registry, whose
    import takes a third of a second.
    """
    if text in ("degC", "°C", "℃", "celsius", "Celsius"):
        return Unit(_powers("K"), True, "degC")
    if text in ("K", "kelvin", "delta_degC"):
        return Unit(_powers("K"), False, "K")
    found = _spellings().get(text)
    if found is not None:
        return Unit(_powers(found[0]), False, text, found[1])
    return _from_registry(text)


_DIMENSIONS = {
    "[mass]": "kg",
    "[length]": "m",
    "[time]": "s",
    "[temperature]": "K",
    "[current]": "A",
    "[information]": "byte",
    "[operation]": "flop",
    "[token]": "token",
    "[angle]": "deg",
    "[apparent_power]": "VA",
    "[reactive_power]": "var",
}
"""Dimensions of the registry and our base units of them."""


def _from_registry(text: str) -> Unit:
    written = pint_text(text)
    known = registry()
    try:
        parsed = known.parse_units(written)
        total = dict.fromkeys(BASES, 0)
        for dimension, power in known.Quantity(1.0, parsed).dimensionality.items():
            total[_DIMENSIONS[dimension]] = int(power)
        coherent_unit = "*".join(f"{base}**{power}" for base, power in total.items() if power)
        if str(parsed) == "degree_Fahrenheit":
            raise ValueError(f"unit '{text}' is not used here; write degC, or K for differences")
        wanted = known.parse_units(pint_text(coherent_unit) if coherent_unit else "dimensionless")
        factor = float(known.Quantity(1.0, parsed).to(wanted).magnitude)
    except ValueError:
        raise
    except Exception:  # the registry raises many kinds on malformed text
        raise ValueError(f"unknown unit '{text}'") from None
    return Unit(tuple(total.values()), False, text, factor)
