"""Quantities in files people write: text with a unit, parsed once at the edge.

In memory everything is a plain SI float (temperatures in degC, shares as 0..1). A field of a
pydantic model declares its unit by type::

    class Pump(BaseModel):
        rated_flow: Flow          # "1500 L/min" -> 0.025 m3/s
"""

from __future__ import annotations

import functools
import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from twin.numerals import number
from twin.unit_text import lead, pint_text, registry

COMMON_UNITS: dict[str, dict[str, float]] = {
    "W": {"W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9},
    "m": {"m": 1.0, "mm": 1e-3, "cm": 1e-2, "km": 1e3},
    "kg": {"kg": 1.0, "t": 1e3},
    "degC": {"degC": 1.0, "°C": 1.0},
    "delta_degC": {"K": 1.0},
    "m**3/s": {
        "m**3/s": 1.0,
        "L/min": 1e-3 / 60.0,
        "L/s": 1e-3,
        "m**3/h": 1.0 / 3600.0,
        "m3/h": 1.0 / 3600.0,
    },
    "Pa": {"Pa": 1.0, "kPa": 1e3, "bar": 1e5},
    "J/delta_degC": {"J/K": 1.0, "kJ/K": 1e3},
    "delta_degC/W": {"K/W": 1.0},
    "W/delta_degC": {"W/K": 1.0, "kW/K": 1e3},
    "m**3": {"m**3": 1.0, "L": 1e-3},
    "V": {"V": 1.0, "kV": 1e3},
    "VA": {"kVA": 1e3, "MVA": 1e6},
    "s": {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0},
    "byte": {"GB": 1e9, "TB": 1e12},
    "byte/s": {"GB/s": 1e9, "TB/s": 1e12},
    "J/bit": {"pJ/bit": 1e-12},
    "flop/s": {"TFLOP/s": 1e12, "PFLOP/s": 1e15},
    "J": {"J": 1.0, "kJ": 1e3, "MJ": 1e6, "kWh": 3.6e6, "MWh": 3.6e9},
    "": {"%": 1e-2},
    "1/delta_degC": {"1/K": 1.0},
    "deg": {"deg": 1.0},
    "A": {"A": 1.0, "kA": 1e3},
    "m**3/s/W": {"L/min/kW": 1e-6 / 60.0},
    "kg/J": {"kg/kWh": 1.0 / 3.6e6},
    "W/s": {"W/s": 1.0, "kW/s": 1e3, "MW/s": 1e6, "MW/min": 1e6 / 60.0},
    "m/s": {"m/s": 1.0},
    "m**2": {"m**2": 1.0},
    "kg/m**2": {"kg/m**2": 1.0},
}
"""Factor to the target unit of the spellings people use most: the catalogue and ordinary layouts
load without building the unit registry, which takes most of a second. Tests hold it against pint.
"""


@functools.lru_cache(maxsize=16384)
def parse_quantity(text: str, unit: str) -> float:
    """Convert text such as ``"1.5 L/min/kW"`` to a float in ``unit``.

    Parameters
    ----------
    text : number (see `twin.numerals`) and unit, separated by a space; ``"5 %"`` for shares
    unit : target unit in pint's spelling, ``""`` for a dimensionless number

    Raises
    ------
    ValueError : no number, unknown unit, or a unit of another dimension; says what is allowed
    """
    written, *rest = text.split(maxsplit=1) or [""]
    unit_text = rest[0].strip() if rest else ""
    try:
        magnitude = number(written, unit_text)
    except ValueError as error:
        raise ValueError(_about_number(str(error), written, unit_text, unit)) from None
    if unit_text[:1].isdigit() and not unit_text.startswith("1/"):
        raise ValueError(f"has a space within its number; write for example '{example(unit)}'")
    if not unit_text:
        if unit == "":
            return magnitude
        raise ValueError(f"has no unit; write for example '{example(unit)}'")
    factor = COMMON_UNITS.get(unit, {}).get(unit_text)
    value = magnitude * factor if factor is not None else _convert(magnitude, unit_text, unit)
    if not math.isfinite(value):
        raise ValueError("is not finite")
    return value


def spaced(text: str) -> str:
    """A quantity of the command line with a space before its unit: ``90s`` is ``90 s``."""
    found = _BEFORE_UNIT.match(text.strip())
    assert found is not None
    rest = text.strip()[found.end() :].strip()
    return f"{found.group()} {rest}" if found.group() and rest else text.strip()


def _about_number(reason: str, written: str, unit_text: str, unit: str) -> str:
    """Why a text does not begin with a number."""
    if reason != "is not a number":
        shown = "" if ";" in reason else f"; write for example '{example(unit)}'"
        return reason if reason == "is not finite" else f"{reason}{shown}"
    digits = written.rstrip("%°") if written[:1] in "+-.0123456789" else ""
    digits = digits.rstrip("/*^ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz²³°%")
    if digits and not unit_text:
        return f"needs a space between number and unit; write for example '{example(unit)}'"
    return f"is not a number followed by a unit such as '{example(unit)}'"


def _convert(magnitude: float, unit_text: str, unit: str) -> float:
    """Convert by the unit registry; raises ValueError as `parse_quantity` does."""
    try:
        written = pint_text(unit_text)
    except ValueError as error:
        shown = "" if ";" in str(error) else f"; write for example '{example(unit)}'"
        raise ValueError(f"{error}{shown}") from None
    import pint

    known = registry()
    try:
        parsed = known.parse_units(written)
    except Exception as error:  # pint raises tokenizer and assertion errors on malformed text
        raise ValueError(
            f"has an unreadable unit '{unit_text}'; write for example '{example(unit)}'"
        ) from error
    try:
        return float(known.Quantity(magnitude, parsed).to(unit or "dimensionless").magnitude)
    except pint.errors.DimensionalityError:
        meant = lead(unit_text, unit) or f"write for example '{example(unit)}'"
        raise ValueError(
            f"has unit '{unit_text}', which does not convert to '{unit or '1'}'; {meant}"
        ) from None


_BEFORE_UNIT = re.compile(r"[-+\u2212\d.,_]*([eE][-+]?\d+)?")

EXAMPLES = {
    "W": "1400 W",
    "m": "600 mm",
    "kg": "1360 kg",
    "degC": "45 degC",
    "delta_degC": "10 K",
    "m**3/s": "120 L/min",
    "Pa": "20 kPa",
    "J/delta_degC": "800 J/K",
    "delta_degC/W": "0.02 K/W",
    "W/delta_degC": "325 kW/K",
    "m**3": "600 L",
    "V": "22.9 kV",
    "VA": "60 MVA",
    "s": "10 min",
    "byte": "288 GB",
    "byte/s": "8 TB/s",
    "J/bit": "4.5 pJ/bit",
    "flop/s": "15 PFLOP/s",
    "J": "65 J",
    "": "97 %",
    "1/delta_degC": "0.01 1/K",
    "Hz": "1.5 Hz",
    "deg": "90 deg",
    "m**3/s/W": "1.5 L/min/kW",
    "kg/J": "0.41 kg/kWh",
    "W/s": "10 MW/min",
    "ohm": "10 mohm",
    "ohm/m": "0.1 ohm/km",
    "A": "400 A",
    "kg/m**2": "1500 kg/m**2",
    "m**2": "1.2 m**2",
    "m/s": "2 m/s",
    "token/s": "1000 token/s",
    "flop": "1 TFLOP",
    "J/kg": "2400 kJ/kg",
    "A*hour": "100 A*hour",
    "var": "1 Mvar",
}


LARGEST: dict[str, float] = {
    "W": 1e12, "VA": 1e12, "var": 1e12, "W/s": 1e12, "V": 1e8, "A": 1e9, "Hz": 1e12, "ohm": 1e12,
    "ohm/m": 1e9, "J": 1e21, "kg": 1e12, "m": 1e7, "m**2": 1e12, "m**3": 1e12, "m**3/s": 1e6,
    "m/s": 1e4, "Pa": 1e11, "degC": 1e4, "delta_degC": 1e4, "J/delta_degC": 1e15,
    "delta_degC/W": 1e9, "W/delta_degC": 1e12, "1/delta_degC": 1e3, "m**3/s/W": 1.0,
    "byte": 1e24, "byte/s": 1e21, "J/bit": 1.0, "flop/s": 1e27, "token/s": 1e15, "kg/J": 1e-3,
    "kg/m**2": 1e9, "J/kg": 1e9, "deg": 1e6, "s": 1e12,
}  # fmt: skip
"""Sizes beyond everything that is built, by unit: what is larger is a slip of the pen, and would
come out as infinite or worse a long way from where it was written."""


def _refuse_beyond(value: float, unit: str) -> None:
    """Raise PydanticCustomError where a value of a unit is beyond all that is built."""
    most = LARGEST.get(unit, math.inf)
    if abs(value) > most and math.isfinite(value):
        raise PydanticCustomError(
            "quantity",
            "is beyond anything that is built: {sign}{most} {unit}",
            {"sign": "-" if value < 0 else "", "most": f"{most:g}", "unit": unit or "1"},
        )


def example(unit: str) -> str:
    """A quantity of that unit as people would write it."""
    return EXAMPLES.get(unit, f"1 {unit}")


def quantity(
    unit: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    numbers: bool = False,
) -> Any:
    """Annotated float type parsed from text with a unit.

    ``ge``/``gt``/``le`` are limits in the target unit. ``numbers`` also accepts bare numbers
    (for shares and counts, which have no unit).
    """

    def convert(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise PydanticCustomError(
                "quantity",
                "is not a quantity; write for example '{example}'",
                {"example": example(unit)},
            )
        if isinstance(value, str):
            try:
                found = parse_quantity(value, unit)
            except ValueError as error:
                raise PydanticCustomError("quantity", "{reason}", {"reason": str(error)}) from None
            _refuse_beyond(found, unit)
            return found
        if unit == "" or numbers:
            if not math.isfinite(value):
                raise PydanticCustomError("quantity", "{reason}", {"reason": "is not finite"})
            return float(value)
        raise PydanticCustomError(
            "quantity", "has no unit; write for example '{example}'", {"example": example(unit)}
        )

    schema: dict[str, Any] = {
        "type": ["string", "number"] if unit == "" or numbers else "string",
        "description": f"number and unit, converted to {unit or '1'}",
        "examples": [example(unit)],
    }
    return Annotated[
        float,
        BeforeValidator(convert),
        Field(ge=ge, gt=gt, le=le, allow_inf_nan=False),
        WithJsonSchema(schema),
    ]


Power = quantity("W", ge=0)
Length = quantity("m", ge=0)
Position = quantity("m")
Mass = quantity("kg", gt=0)
Temperature = quantity("degC", ge=-273.15)
TemperatureDifference = quantity("delta_degC", ge=0)
TemperatureShift = quantity("delta_degC")
VolumeFlow = quantity("m**3/s", ge=0)
Pressure = quantity("Pa", ge=0)
HeatCapacity = quantity("J/delta_degC", gt=0)
ThermalResistance = quantity("delta_degC/W", ge=0)
ThermalConductance = quantity("W/delta_degC", ge=0)
Volume = quantity("m**3", ge=0)
Voltage = quantity("V", gt=0)
ApparentPower = quantity("VA", gt=0)
ReactivePower = quantity("var", gt=0)
Duration = quantity("s", ge=0)
Bytes = quantity("byte", gt=0)
Bandwidth = quantity("byte/s", gt=0)
EnergyPerBit = quantity("J/bit", ge=0)
Energy = quantity("J", ge=0)
ComputeRate = quantity("flop/s", gt=0)
Share = quantity("", ge=0, le=1)
Ratio = quantity("", ge=0)
PerKelvin = quantity("1/delta_degC", ge=0)
Angle = quantity("deg")
FlowPerPower = quantity("m**3/s/W", ge=0)
RampRate = quantity("W/s", ge=0)
CarbonIntensity = quantity("kg/J", ge=0)
FloorLoad = quantity("kg/m**2", gt=0)
Current = quantity("A", gt=0)
ResistancePerLength = quantity("ohm/m", ge=0)
Area = quantity("m**2", gt=0)
Frequency = quantity("Hz", gt=0)
