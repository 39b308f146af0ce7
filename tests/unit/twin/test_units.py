"""Quantities as people write them."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from twin import units
from twin.units import COMMON_UNITS, EXAMPLES, example, parse_quantity

SPELLINGS = [(unit, text) for unit, spellings in COMMON_UNITS.items() for text in spellings]


@pytest.mark.parametrize(("unit", "text"), SPELLINGS)
def test_common_spelling_agrees_with_the_unit_registry(unit, text):
    for magnitude in (1.0, 0.37, 1234.5):
        expected = units._convert(magnitude, text, unit)
        assert parse_quantity(f"{magnitude} {text}", unit) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1400 W", "W", 1400.0),
        ("1,234.5 kW", "W", 1234500.0),
        ("1_400 W", "W", 1400.0),
        ("1.4 kW", "W", 1400.0),
        ("  45 degC ", "degC", 45.0),
        ("313.15 K", "degC", 40.0),
        ("104 degF", "degC", 40.0),
        ("10 K", "delta_degC", 10.0),
        ("18 delta_degF", "delta_degC", 10.0),
        ("1.5 L/min/kW", "m**3/s/W", 1.5e-3 / 60.0 / 1e3),
        ("120 lpm", "m**3/s", 2e-3),
        ("1 RT", "W", 3516.8528),
        ("35 psi", "Pa", 241316.5),
        ("97 %", "", 0.97),
        ("0.97", "", 0.97),
        ("4.5 pJ/bit", "J/bit", 4.5e-12),
        ("0.41 kg/kWh", "kg/J", 0.41 / 3.6e6),
        ("2 PFLOP/s", "flop/s", 2e15),
        ("-5 degC", "degC", -5.0),
    ],
)
def test_value(text, unit, expected):
    assert parse_quantity(text, unit) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("1400", "W", "has no unit; write for example '1400 W'"),
        ("1400 kg", "W", "unit 'kg', which does not convert to 'W'"),
        ("1400 K", "W", "does not convert"),
        ("10 degC", "delta_degC", "does not convert"),
        ("1400 wat", "W", "unknown unit 'wat'"),
        ("1400 W/", "W", "unreadable unit"),
        ("1400W", "W", "needs a space between number and unit"),
        ("97%", "", "needs a space"),
        ("many W", "W", "is not a number followed by a unit"),
        ("", "W", "is not a number"),
        ("nan W", "W", "is not finite"),
        ("inf W", "W", "is not finite"),
        ("1e999 W", "W", "is not finite"),
    ],
)
def test_refusal_says_why_and_shows_an_example(text, unit, message):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_quantity(text, unit)
    assert message in str(caught.value)


@pytest.mark.parametrize("unit", EXAMPLES)
def test_every_example_parses(unit):
    assert math.isfinite(parse_quantity(example(unit), unit))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_number_survives(value):
    assert parse_quantity(f"{value!r} W", "W") == value


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_a_value_error(text):
    try:
        assert math.isfinite(parse_quantity(text, "Pa"))
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either outcome is fine, but never another error


class Part(BaseModel):
    power: units.Power
    mass: units.Mass = 1.0
    share: units.Share = 0.0


def test_field_parses_text():
    part = Part.model_validate({"power": "1.4 kW", "mass": "2 t", "share": "97 %"})
    assert (part.power, part.mass, part.share) == (1400.0, 2000.0, 0.97)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"power": 1400}, "has no unit"),
        ({"power": "1400 kg"}, "does not convert"),
        ({"power": "-1 W"}, "greater than or equal to 0"),
        ({"power": True}, "is not a quantity"),
        ({"power": ["1 W"]}, "is not a quantity"),
        ({"power": None}, "is not a quantity"),
        ({"power": "1 W", "mass": "0 kg"}, "greater than 0"),
        ({"power": "1 W", "share": "101 %"}, "less than or equal to 1"),
        ({"power": "1 W", "share": math.nan}, "is not finite"),
    ],
)
def test_field_refuses(data, message):
    with pytest.raises(ValidationError) as caught:
        Part.model_validate(data)
    assert message in str(caught.value)


def test_schema_tells_editors_the_form():
    field = Part.model_json_schema()["properties"]["power"]
    assert field["type"] == "string"
    assert field["examples"] == ["1400 W"]
    assert Part.model_json_schema()["properties"]["share"]["type"] == ["string", "number"]


def test_catalogue_loads_without_the_unit_registry():
    """Loading stays fast because every figure uses a common spelling."""
    code = (
        "import sys; from twin.catalog import bundled_catalog; bundled_catalog(); "
        "sys.exit('pint' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], check=False, env=environment)
    assert done.returncode == 0
