"""What people, programs and accidents write where a value is expected."""

from __future__ import annotations

import re
from random import Random
from typing import Any

ODD_TEXTS = (
    "", " ", "-", "~", "null", "none", "NaN", "nan", "inf", "-inf", "1e999", "0x10", "1_000", "1,2",
    "1,200", "1.2.3", "１２", "٣", "½", "−5 degC", "5°C", "1e3", "true", "on", "[N/A]",
    "2026-02-30", "25:61", "2026-08-01T14:00:00+09:00", "../../etc/passwd", "/", "//", "pilot/", "a" * 300,
    "rack-01\n", "\x00", "\u202e", "\ud7ff", "{}", "[]", "${HOME}", "%s", "'", '"', "#", ": ", "- -",
)  # fmt: skip
ODD_QUANTITIES = (
    "0 W", "-1 W", "1e308 W", "1 MW", "1,2 MW", "12 parsec", "5", "5 %", "101 %", "-5 %", "0 K", "-300 degC",
    "4,2 degC", "300 K", "100 degF", "1e-300 m", "10 min", "-10 min", "1000000 h", "nan W", "inf s", "1 C", "1 h",
    "1 ton", "10 gpm", "400 cfm", "3 m3/h", "2 kgf/cm2", "9999 won/kWh", "50 USD/MWh", "1 L/min/kW",
)  # fmt: skip
ODD_NUMBERS: tuple[float, ...] = (
    0, 1, -1, 2, 3, 7, 0.5, 1e-9, -0.0, 1e9, 2**31, 2**63, 10**30, 1e300, float("inf"), float("nan"), 1e-320,
)  # fmt: skip
QUANTITY = re.compile(r"([-+]?\d[\d.,_]*(?:e[-+]?\d+)?)(\s+\S.*)?")


def odd_value(random: Random) -> Any:
    """Something that hardly belongs where it is put."""
    kind = random.randrange(8)
    if kind < 3:
        return random.choice(ODD_TEXTS)
    if kind < 5:
        return random.choice(ODD_QUANTITIES)
    if kind == 5:
        return random.choice(ODD_NUMBERS)
    if kind == 6:
        return random.choice([None, True, False, [], {}, [[]], {"": 1}, [1, "x"], {"a": {"b": []}}])
    return _deep(random.choice([3, 70, 400]))


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def gently_changed(random: Random, value: Any) -> Any:
    """A value of the same kind that is unusual but may well be meant: halved, a hundredfold, zero."""
    if isinstance(value, bool):
        return not value
    factor = random.choice([0.0, 0.01, 0.1, 0.5, 0.9, 0.999, 1.001, 1.1, 2.0, 3.0, 10.0, -1.0])
    if isinstance(value, int):
        return random.choice([value - 1, value + 1, 0, 1, 2, 3, value * 2, round(value * factor)])
    if isinstance(value, float):
        return value * factor
    if isinstance(value, str):
        found = QUANTITY.fullmatch(value.strip())
        if found:
            number, unit = float(found[1].replace(",", "").replace("_", "")), found[2] or ""
            return f"{number * factor:.6g}{unit}"
    return value
