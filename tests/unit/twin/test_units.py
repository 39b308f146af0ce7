"""Quantities as people write them."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from twin import unit_text, units
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


TRADE = [  # spelling, unit, one of it
    ("gpm", "m**3/s", 3.785411784e-3 / 60.0),  # US gallons
    ("GPM", "m**3/s", 3.785411784e-3 / 60.0),
    ("cfm", "m**3/s", 0.3048**3 / 60.0),
    ("CFM", "m**3/s", 0.3048**3 / 60.0),
    ("LPM", "m**3/s", 1e-3 / 60.0),
    ("l/min", "m**3/s", 1e-3 / 60.0),
    ("l/s", "m**3/s", 1e-3),
    ("m3/h", "m**3/s", 1.0 / 3600.0),
    ("m³/h", "m**3/s", 1.0 / 3600.0),
    ("m^3/h", "m**3/s", 1.0 / 3600.0),
    ("㎥/h", "m**3/s", 1.0 / 3600.0),
    ("CMH", "m**3/s", 1.0 / 3600.0),
    ("m3", "m**3", 1.0),
    ("gal", "m**3", 3.785411784e-3),
    ("USRT", "W", 3516.8528420667),
    ("RT", "W", 3516.8528420667),
    ("kcal/h", "W", 1.163),
    ("Mcal/h", "W", 1163.0),
    ("BTU/h", "W", 0.29307107),
    ("Btu/hr", "W", 0.29307107),
    ("MBH", "W", 293.07107),
    ("㎾", "W", 1e3),
    ("kgf/cm2", "Pa", 98066.5),
    ("kgf/cm²", "Pa", 98066.5),
    ("psi", "Pa", 6894.757293),
    ("mH2O", "Pa", 9806.65),
    ("mAq", "Pa", 9806.65),
    ("mmAq", "Pa", 9.80665),
    ("mmH2O", "Pa", 9.80665),
    ("inH2O", "Pa", 249.08891),
    ("mbar", "Pa", 100.0),
    ("rpm", "Hz", 1.0 / 60.0),
    ("TFLOPS", "flop/s", 1e12),
    ("Gbps", "byte/s", 1.25e8),
    ("kVAR", "var", 1e3),
    ("kVAr", "var", 1e3),
    ("Ω", "ohm", 1.0),
    ("µm", "m", 1e-6),
    ("°C/kW", "delta_degC/W", 1e-3),
    ("lb", "kg", 0.45359237),
]


@pytest.mark.parametrize(("text", "unit", "one"), TRADE)
def test_spellings_of_the_trade(text, unit, one):
    assert parse_quantity(f"2.5 {text}", unit) == pytest.approx(2.5 * one, rel=1e-8)


@pytest.mark.parametrize("text", ["40 °C", "40 ℃", "104 °F", "104 ℉", "40\u00a0degC", "313.15 K"])
def test_temperatures_of_the_trade(text):
    assert parse_quantity(text, "degC") == pytest.approx(40.0, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "unit", "write"),
    [
        ("4,2 degC", "degC", "'4.2 degC' or '42 degC'"),
        ("1,2 MW", "W", "'1.2 MW' or '12 MW'"),
        ("1,200 MW", "W", "'1.200 MW' or '1200 MW'"),
        ("1.234,5 kW", "W", "'1234.5 kW'"),
        ("12,34.5 kW", "W", "has a comma"),
        ("1,234,567 W", "W", "'1234567 W'"),
        ("1 200 kW", "W", "space within its number"),
        ("_1 W", "W", "underscore"),
        ("1_ W", "W", "underscore"),
        ("1__2 W", "W", "underscore"),
        ("\uff11\uff12 kW", "W", "digits other than 0 to 9"),
        ("١٢ kW", "W", "digits other than 0 to 9"),
        ("\u22125 degC", "degC", "minus sign '-'"),
        ("0x10 W", "W", "not a decimal number"),
        ("-inf W", "W", "is not finite"),
        ("Infinity W", "W", "is not finite"),
        ("1e308 GW", "W", "is not finite"),
        ("12 ton", "W", "'USRT'"),
        ("12 tons", "kg", "'t', 'lb' or 'USRT'"),
        ("40 C", "degC", "write 'degC'"),
        ("104 F", "degC", "write 'degF'"),
        ("40 deg", "degC", "write 'degC'"),
        ("10 m", "s", "for minutes write 'min'"),
        ("10 M", "s", "'min'"),
        ("10 H", "s", "'h' for hours"),
        ("6 months", "s", "days"),
        ("30 l/m", "m**3/s", "write 'L/min'"),
        ("12 kw", "W", "did you mean 'kW'"),
        ("12 KW", "W", "did you mean 'kW'"),
        ("12 mw", "W", "'MW' or 'mW'"),
        ("3 kg/cm2", "Pa", "write 'kgf/cm2'"),
        ("288 Gb", "byte", "'Gbit' or 'GB'"),
        ("2500 kW", "VA", "'kVA' or 'MVA'"),
        ("500 kVA", "W", "'kW' or 'MW'"),
        ("5 degC", "delta_degC", "in 'K'"),
        ("30 deg", "", "does not convert"),
        ("8 bit", "", "does not convert"),
        ("5 L/min kW", "m**3/s/W", "parentheses"),
        ("5 W/m2K", "W", "unreadable"),
        ("3 psig", "Pa", "write 'psi'"),
    ],
)
def test_what_may_be_meant_otherwise_is_refused_and_leads_on(text, unit, write):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_quantity(text, unit)
    assert write in str(caught.value)


def test_every_spelling_means_one_thing():
    """No name with a multiple is the name of something else (min is no milli-inch)."""
    prefixes, units_known = unit_text._definitions()
    readings = [
        (sign + spelling, prefixes.get(sign, "") + unit)
        for unit, spellings in units_known.items()
        for sign in ("", *unit_text.MULTIPLES.get(unit, "").split())
        for spelling in spellings
    ]
    assert len({name for name, _ in readings}) == len(set(readings))
    assert not {name for name, _ in readings} & set(unit_text.AMBIGUOUS)


DIFFERENT = {
    **dict.fromkeys(
        [sign + name for name in ("cal", "calorie") for sign in ("", "k", "M", "G")]
        + ["kilocalorie", "megacalorie", "gigacalorie"],
        "thermochemical to pint, International Table here, as the refrigeration trade has it",
    ),
    "cfm": "a centi-femtometre to pint, no length here",
    "rpm": "radians per second to pint, revolutions here",
    "amps": "attometres per second to pint, amperes here",
    "PS": "a petasiemens to pint, metric horsepower here",
    "RT": "a ronnatesla to pint, tons of refrigeration here",
    "TR": "teramolar gas constants to pint, tons of refrigeration here",
}


def test_no_known_spelling_is_read_otherwise_than_by_a_physicist_but_for_reasons_told():
    """Each name we know is held against pint's own table, which knows a thousand more."""
    pint = pytest.importorskip("pint")
    theirs = pint.UnitRegistry(autoconvert_offset_to_baseunit=False, cache_folder=None)
    ours, apart = unit_text.registry(), []
    alike = {"[operation]", "[token]", "[apparent_power]", "[reactive_power]", "[angle]"}
    for name, own in unit_text.names().items():
        here = ours.Quantity(1.0, own)
        if alike & set(map(str, here.dimensionality)) or "[information]" in here.dimensionality:
            continue  # dimensions that pint has not
        try:
            there = theirs.Quantity(1.0, theirs.parse_units(name))
        except Exception:  # pint does not know the name, in one of its many ways to say so
            continue
        same = dict(here.dimensionality) == dict(there.dimensionality)
        values = [quantity.to_root_units().magnitude for quantity in (here, there)]
        if not same or values[0] != pytest.approx(values[1], rel=1e-6):
            apart.append(name)
    assert set(apart) == set(DIFFERENT)


@given(
    st.text("CFGMTHJKLNPRSVWYabcdefghklmnpstuxyz23/*%", min_size=1, max_size=5),
    st.sampled_from(sorted(EXAMPLES)),
)
def test_whatever_is_typed_is_refused_or_read_as_a_physicist_would(text, unit):
    """Random unit texts: only names of our own table are ever read."""
    try:
        parse_quantity(f"1 {text}", unit)
    except ValueError:
        return
    words = re.findall(r"[A-Za-z%]+(?:H2O)?", text)
    assert words
    assert all(word == "%" or word in unit_text.names() for word in words)


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
