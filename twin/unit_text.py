"""Unit texts: how people spell units, and what a spelling that is not known may have meant.

The names come from ``unit_names.txt`` beside this file. A name alone may be ambiguous to the trade
though a physicist's table would know it (``C`` is coulomb there, ``ton`` is 2000 lb); such names
are refused with what to write instead.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from pathlib import Path
from typing import Any

NAMES_FILE = Path(__file__).with_name("unit_names.txt")

MULTIPLES = {
    "metre": "k m u n",
    "second": "m u n p",
    "gram": "k m u",
    "ampere": "k m u",
    "byte": "k M G T P Ki Mi Gi Ti",
    "bit": "k M G T",
    "bit_per_second": "k M G T",
    "flop": "k M G T P",
    "flop_per_second": "k M G T P",
    "token": "k M",
    "newton": "k M",
    "joule": "k M G T m u n p",
    "watt": "k M G T m u",
    "watt_hour": "k M G T",
    "watt_second": "k M",
    "volt_ampere": "k M G",
    "volt_ampere_reactive": "k M G",
    "volt": "k m u",
    "ohm": "k M m u",
    "ampere_hour": "k m",
    "hertz": "k M G m",
    "british_thermal_unit": "k M",
    "calorie": "k M G",
    "litre": "m",
    "pascal": "k M G m",
    "bar": "m",
}
"""Multiples in use of each unit, by their sign; the other units have none."""

_SYMBOLS = {"°C": "degC", "°F": "degF", "°": "deg", "%": "percent", "Ω": "ohm"}
_TOKEN = re.compile(
    r"(?P<name>%|[A-Za-z_°Ωμ]*H2O|[A-Za-z_°Ωμ]+)(?P<power>(\*\*)?-?[1-9](?!\d))?"
    r"|(?P<sign>[*/()]|1(?=/))"
)
_FROM_ONE_NAME_TO_THE_NEXT = re.compile(r"(?<=[\w%)])\s+(?=[\w%(°])")

AMBIGUOUS = {
    "ton": "may be 1000 kg, 2000 lb or refrigeration; write 't', 'lb' or 'USRT'",
    "C": "is the coulomb; write 'degC'",
    "F": "is the farad; write 'degF'",
    "Gb": "may be bits or bytes; write 'Gbit' or 'GB'",
    "Mb": "may be bits or bytes; write 'Mbit' or 'MB'",
    "Tb": "may be bits or bytes; write 'Tbit' or 'TB'",
    "b": "may be bits or bytes; write 'bit' or 'B'",
    "month": "has no fixed length; write days, such as '30 d'",
    "psig": "tells from where it is measured, which is understood here; write 'psi'",
    "barg": "tells from where it is measured, which is understood here; write 'bar'",
    "H": "is the henry; write 'h' for hours",
    "M": "may be metres, minutes, months or millions; write one of 'm', 'min', 'd'",
    "a": "may be the year or the are; write 'years'",
    "G": "is a multiple without a unit; write 'GB', 'GW' or the like",
    "k": "is a multiple without a unit; write 'kW', 'K' or the like",
    "cc": "is written 'mL'",
}
AMBIGUOUS |= {"tons": AMBIGUOUS["ton"], "Ton": AMBIGUOUS["ton"], "TON": AMBIGUOUS["ton"]}
AMBIGUOUS |= {"psia": AMBIGUOUS["psig"], "bara": AMBIGUOUS["barg"]}
AMBIGUOUS |= {"months": AMBIGUOUS["month"], "c": AMBIGUOUS["C"], "f": AMBIGUOUS["F"]}

_MEANT = {
    ("m", "s"): "for minutes write 'min'",
    ("kg/cm2", "Pa"): "write 'kgf/cm2'",
    ("kg/cm**2", "Pa"): "write 'kgf/cm2'",
    ("W", "VA"): "transformers and feeders are rated in 'kVA' or 'MVA'",
    ("VA", "W"): "write the active power, in 'kW' or 'MW'",
    ("W", "var"): "write 'kvar' or 'Mvar'",
    ("degC", "delta_degC"): "a difference is written in 'K'",
    ("degF", "delta_degC"): "a difference is written in 'K' or 'delta_degF'",
    ("deg", "degC"): "write 'degC'",
    ("t", "W"): "for tons of refrigeration write 'USRT'",
    ("L/m", "m**3/s"): "for minutes write 'L/min'",
    ("l/m", "m**3/s"): "for minutes write 'L/min'",
}
"""What is meant by a unit of another dimension, by the spelling (without its multiple) and the
unit that is wanted."""


@functools.cache
def registry() -> Any:
    """The unit registry; built on first use because importing pint takes a third of a second."""
    import pint

    return pint.UnitRegistry(
        str(NAMES_FILE), autoconvert_offset_to_baseunit=False, cache_folder=None
    )


@functools.cache
def names() -> dict[str, str]:
    """Every spelling of a name, with its multiples, and the registry's own name for it."""
    found = {
        "delta_degC": "delta_degree_Celsius",
        "delta_degF": "delta_degree_Fahrenheit",
    }
    prefixes, units = _definitions()
    for unit, spellings in units.items():
        found |= dict.fromkeys(spellings, unit)
        for sign in MULTIPLES.get(unit, "").split():
            found |= {sign + short: prefixes[sign] + unit for short in spellings}
            found[prefixes[sign] + unit] = prefixes[sign] + unit
    return found


def _definitions() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Prefixes by their sign, and the spellings of every unit by its name, as the file has them."""
    prefixes: dict[str, str] = {}
    units: dict[str, list[str]] = {}
    for line in NAMES_FILE.read_text(encoding="utf-8").splitlines():
        name, *rest = (part.strip() for part in line.partition("#")[0].split("="))
        if name.endswith("-"):
            prefixes[rest[1].removesuffix("-")] = name.removesuffix("-")
        elif name:
            units[name] = [name, *(spelling for spelling in rest[1:] if spelling != "_")]
    return prefixes, units


@functools.lru_cache(maxsize=1024)
def pint_text(text: str) -> str:
    """A unit text as the registry reads it: ``m³/h`` and ``m3/h`` become ``metre**3/hour``.

    Raises
    ------
    ValueError : a name that is not known, or no unit text at all; says what to write
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    plain = re.sub(r"\s*([*/()])\s*", r"\1", re.sub("[·⋅]", "*", plain.replace("^", "**")))
    plain = _FROM_ONE_NAME_TO_THE_NEXT.sub("*", plain)
    if re.search(r"/[^()]*[^*(/]\*[^*]", plain):  # L/min*kW: is kW above or below the line?
        raise ValueError(f"has an unreadable unit '{text}': write parentheses, as in 'W/(m2*K)'")
    parts, position, after_name = [], 0, False
    while position < len(plain):
        found = _TOKEN.match(plain, position)
        if found is None or (after_name and found["name"] is not None):
            raise ValueError(f"has an unreadable unit '{text}'")
        after_name = found["name"] is not None
        position = found.end()
        if found["name"] is None:
            parts.append(found["sign"])
            continue
        parts.append(_known(found["name"], text))
        if found["power"]:
            parts.append("**" + found["power"].lstrip("*"))
    return "".join(parts)


def _known(name: str, text: str) -> str:
    """The registry's name of one spelling; raises ValueError for one that is not known."""
    plain = _SYMBOLS.get(name, name.replace("μ", "u").replace("Ω", "ohm").replace("°", "deg"))
    known = names().get(plain)
    if known is not None:
        return known
    within = "" if name == text else f" in '{text}'"
    if plain in AMBIGUOUS:
        raise ValueError(f"has unit '{name}'{within}, which {AMBIGUOUS[plain]}")
    near = sorted(spelling for spelling in names() if spelling.lower() == plain.lower())
    meant = f"; did you mean {' or '.join(repr(spelling) for spelling in near)}?" if near else ""
    raise ValueError(f"has an unknown unit '{name}'{within}{meant}")


def lead(text: str, unit: str) -> str:
    """What to write instead of a unit of another dimension than ``unit``; empty if not known."""
    return _MEANT.get((text, unit)) or _MEANT.get((text.lstrip("mkMG"), unit), "")
