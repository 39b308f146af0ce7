"""What a wrong catalogue file is answered with: one message that names file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.catalog import load_folder
from twin.catalog.loader import load_product, product_from_data
from twin.catalog.problems import line_of
from twin.errors import InputError

PUMP = """\
id = "test-pump"
class = "pump"
title = "Test pump"
vendor = "test"

width = { value = "0.5 m", source = "sheet", mark = "A" }
depth = { value = "0.8 m", source = "sheet", mark = "A" }
height = { value = "0.8 m", source = "sheet", mark = "A" }
mass = { value = "140 kg", source = "sheet", mark = "A" }

[curve]
rated_flow = { value = "15 L/s", source = "sheet", mark = "A" }
rated_head = { value = "220 kPa", source = "sheet", mark = "A" }
shutoff_head = { value = "285 kPa", source = "guess", mark = "C" }
efficiency = { value = "72 %", source = "guess", mark = "C" }
motor_efficiency = { value = "89 %", source = "guess", mark = "C" }

[sources]
sheet = "Data sheet of the test pump"
guess = "engineering estimate: test"
"""


def write(folder: Path, text: str, name: str = "test-pump.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path, old: str, new: str) -> InputError:
    """The error that a change of the good file leads to."""
    assert old in PUMP
    file = write(folder, PUMP.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_product(file)
    assert str(file) in str(caught.value)
    return caught.value


def test_good_file_loads(tmp_path):
    entry = load_product(write(tmp_path, PUMP))
    assert entry.product.mass == 140.0
    assert entry.provenance["curve.efficiency"].mark == "C"
    assert entry.provenance["curve.efficiency"].source == "engineering estimate: test"
    assert entry.provenance["mass"].written == "140 kg"


CASES = {
    "wrong unit": ('"140 kg"', '"140 kW"', "mass", 9, "unit 'kW'", "1360 kg"),
    "no unit": ('"140 kg"', '"140"', "mass", 9, "has no unit", "1360 kg"),
    "bare number": ('"140 kg"', "140", "mass", 9, "has no unit", "1360 kg"),
    "no space": ('"140 kg"', '"140kg"', "mass", 9, "needs a space", "140kg"),
    "unknown unit": ('"140 kg"', '"140 kilogrammes"', "mass", 9, "unknown unit", "1360 kg"),
    "negative mass": ('"140 kg"', '"-140 kg"', "mass", 9, "out of range", "more than 0"),
    "not a number": ('"140 kg"', '"heavy"', "mass", 9, "not a number", "heavy"),
    "list for a number": ('"140 kg"', '["140 kg"]', "mass", 9, "not a quantity", "1360 kg"),
    "share above one": ('"72 %"', '"172 %"', "curve.efficiency", 15, "out of range", "at most 1"),
    "unknown class": ('"pump"', '"pomp"', "class", 2, "unknown product class", "pump"),
    "class of no text": ('"pump"', "7", "class", 2, "unknown product class", "7"),
    "bad id": ('"test-pump"', '"Test Pump"', "id", 1, "not allowed", "Test Pump"),
    "unknown key": ("mass =", "weight =", "weight", 9, "unknown key", ""),
    "near key": (
        "rated_head =",
        "rated_haed =",
        "curve.rated_haed",
        13,
        "unknown key",
        "rated_head",
    ),
    "no source": (
        'mass = { value = "140 kg", source = "sheet", mark = "A" }',
        'mass = "140 kg"',
        "mass",
        9,
        "no source",
        "[sources]",
    ),
    "source not listed": (
        '"140 kg", source = "sheet"',
        '"140 kg", source = "shet"',
        "mass.source",
        9,
        "not in [sources]",
        "sheet",
    ),
    "source left out": (
        '"140 kg", source = "sheet", ',
        '"140 kg", ',
        "mass.source",
        9,
        "not in [sources]",
        "None",
    ),
    "bad mark": (
        '"140 kg", source = "sheet", mark = "A"',
        '"140 kg", source = "sheet", mark = "D"',
        "mass.mark",
        9,
        "no trust mark",
        "A, B or C",
    ),
    "no mark": (
        '"140 kg", source = "sheet", mark = "A"',
        '"140 kg", source = "sheet"',
        "mass.mark",
        9,
        "no trust mark",
        "A, B or C",
    ),
    "key in a figure": (
        '"140 kg", source',
        '"140 kg", sorce = "x", source',
        "mass.sorce",
        9,
        "unknown key in a figure",
        "source",
    ),
    "sources no table": (
        'sheet = "Data sheet of the test pump"',
        "sheet = 3",
        "sources",
        18,
        "not a table of texts",
        "",
    ),
    "curve rises": ('"285 kPa"', '"200 kPa"', "curve", 11, "must be above rated_head", ""),
}


@pytest.mark.parametrize("case", CASES.values(), ids=[*CASES])
def test_error_names_file_line_key_and_remedy(tmp_path, case):
    old, new, key, line, message, hint = case
    error = refusal(tmp_path, old, new)
    assert error.key == key
    assert error.line == line
    assert message in error.message
    assert hint in str(error)
    assert error.exit_code == 2


def test_missing_key(tmp_path):
    error = refusal(
        tmp_path, 'rated_head = { value = "220 kPa", source = "sheet", mark = "A" }\n', ""
    )
    assert error.key == "curve.rated_head"
    assert "required key is missing" in error.message
    assert error.line == 11  # the table that lacks it


def test_missing_class(tmp_path):
    error = refusal(tmp_path, 'class = "pump"\n', "")
    assert error.key == "class"
    assert "missing" in error.message
    assert "cdu" in error.allowed


def test_invalid_toml_names_the_line(tmp_path):
    error = refusal(tmp_path, 'vendor = "test"', 'vendor = "test')
    assert error.line == 4
    assert "not valid TOML" in error.message


def test_not_utf8(tmp_path):
    file = tmp_path / "latin.toml"
    file.write_bytes(PUMP.replace("Test pump", "Prüfpumpe").encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        load_product(file)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_product(tmp_path / "none.toml")


def test_missing_folder(tmp_path):
    with pytest.raises(InputError, match="folder not found"):
        load_folder(tmp_path / "none")


def test_id_used_twice(tmp_path):
    write(tmp_path, PUMP, "first.toml")
    write(tmp_path, PUMP, "second.toml")
    with pytest.raises(InputError) as caught:
        load_folder(tmp_path)
    assert "used twice" in caught.value.message
    assert caught.value.found == "test-pump"
    assert "first.toml" in caught.value.allowed
    assert str(caught.value.file).endswith("second.toml")


def test_later_folder_overrides(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write(tmp_path / "a", PUMP)
    write(tmp_path / "b", PUMP.replace("140 kg", "150 kg"))
    catalog = load_folder(tmp_path / "a").extended(load_folder(tmp_path / "b").values())
    assert catalog["test-pump"].product.mass == 150.0
    assert len(catalog) == 1


def test_error_in_a_list_of_tables(tmp_path):
    """The line is that of the right item of an array of tables."""
    from assets.locations import CATALOG_FOLDER

    text = (CATALOG_FOLDER / "racks" / "nvidia-gb300-nvl72.toml").read_text(encoding="utf-8")
    lines = text.splitlines()
    places = [number for number, line in enumerate(lines) if line.startswith("idle_power")]
    broken = lines[places[2]].replace("W", "kg")
    lines[places[2]] = broken
    with pytest.raises(InputError) as caught:
        load_product(write(tmp_path, "\n".join(lines)))
    assert caught.value.key == "auxiliary[2].idle_power"
    assert caught.value.line == places[2] + 1


def test_impossible_products_are_refused():
    """Checks across keys speak of what is wrong, not of types."""
    from assets.locations import CATALOG_FOLDER
    from twin.layout.products import merge, read_raw

    folder = CATALOG_FOLDER
    gpu = read_raw(folder / "accelerators" / "nvidia-b300-gb300.toml")
    cdu = read_raw(folder / "cdus" / "vertiv-xdu1350.toml")
    shelf = read_raw(folder / "power" / "ocp-orv3-hpr-33kw.toml")
    cases = [
        (merge(gpu, {"thermal_design_power": "300 W"}), "leaves nothing"),
        (merge(gpu, {"idle_power": "10 W"}), "HBM without traffic"),
        (merge(gpu, {"slowdown_temperature": "99 degC"}), "slowdown_temperature must be below"),
        (merge(cdu, {"pumps_required": 4}), "pumps_required must not be above"),
        (merge(cdu, {"pumps_required": 1}), "do not carry"),
        (merge(shelf, {"redundant_modules": 6}), "fewer than modules"),
        (merge(shelf, {"conversion": {"efficiency": "97 %", "constant": "30 W"}}), "exactly one"),
    ]
    for data, message in cases:
        with pytest.raises(InputError, match=message):
            product_from_data(data, Path("test.toml"), require_sources=False)


@given(st.text(max_size=300), st.text(alphabet="abc.[]0129_", max_size=20))
def test_line_of_never_fails(text, key):
    line = line_of(text, key)
    assert line is None or 1 <= line <= len(text.splitlines())
