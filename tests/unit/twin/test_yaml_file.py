"""YAML reading: data as written, the line of every key, and refusals that point to the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from twin import yaml_file
from twin.errors import InputError
from twin.yaml_file import MAXIMUM_DEPTH, Document, key_text, parse, read, validate

FILE = Path("example.yaml")


def parsed(text: str) -> Document:
    return parse(text, FILE)


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parsed(text)
    return caught.value


def test_scalars_follow_yaml_1_2() -> None:
    data = parsed("a: yes\nb: on\nc: 10:30\nd: true\ne: null\nf: 0x10\ng: '1'\nh: 1e3\ni: 12").data
    assert data == {
        "a": "yes",
        "b": "on",
        "c": "10:30",
        "d": True,
        "e": None,
        "f": "0x10",
        "g": "1",
        "h": 1000.0,
        "i": 12,
    }


def test_every_key_has_its_line() -> None:
    document = parsed("a: 1\nb:\n  - x: 2\n    y:\n      z: 3\n  - 4\n")
    assert document.lines[("a",)] == 1
    assert document.lines[("b", 0, "x")] == 3
    assert document.lines[("b", 0, "y", "z")] == 5
    assert document.lines[("b", 1)] == 6


def test_a_missing_key_is_placed_at_its_parent() -> None:
    document = parsed("a:\n  b: 1\n")
    assert document.line(("a", "nothing", "below")) == 1
    error = document.error("is missing", ("a", "c"))
    assert (error.line, error.key) == (1, "a.c")


def test_key_text() -> None:
    assert key_text(("sites", 0, "halls", 12, "id")) == "sites[0].halls[12].id"


def test_an_alias_repeats_and_a_merge_is_overridden() -> None:
    data = parsed("base: &b {x: 1, y: 2}\nsame: *b\nchanged:\n  <<: *b\n  y: 3\n").data
    assert data["same"] == {"x": 1, "y": 2}
    assert data["changed"] == {"x": 1, "y": 3}


def test_a_later_merge_does_not_override_an_earlier_key() -> None:
    data = parsed("base: &b {x: 1}\nchanged:\n  x: 5\n  <<: *b\n").data
    assert data["changed"] == {"x": 5}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "key used twice"),
        ("a: [1\n", 2, "not valid YAML"),
        ("a:\n\tb: 1\n", 2, "not valid YAML"),
        ("a: 1\nb: !!python/object:os.system x\n", 2, "tags are not used"),
        ("---\na: 1\n---\nb: 2\n", 3, "more than one YAML document"),
        ("a: *nowhere\n", 1, "no anchor"),
        ("a: 1\n? [x, y]\n: 2\n", 2, "a key must be plain text"),
        ("a: &x [*x]\n", 1, "no anchor"),
        ("a: 1\nb:\n  <<: 5\n", 3, "'<<' merges mappings"),
    ],
)
def test_refusals_name_the_line(text: str, line: int, words: str) -> None:
    error = refused(text)
    assert error.line == line
    assert words in error.message
    assert error.file == FILE


def test_a_control_character_is_refused() -> None:
    assert "control character" in refused("a: x\x07y\n").message


def test_deep_nesting_is_refused_before_it_costs_anything() -> None:
    assert (
        "nested"
        in refused(
            "a:\n" + "".join("  " * depth + "b:\n" for depth in range(1, MAXIMUM_DEPTH + 2))
        ).message
    )
    assert refused("[" * 200_000).message


def test_exponential_aliases_are_refused_without_being_written_out() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    error = refused("\n".join(lines))
    assert "too many values" in error.message
    assert error.line is not None
    assert error.line < 10


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "nothing.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path)


def test_not_utf8_names_line_and_byte(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(InputError) as caught:
        read(file)
    assert caught.value.line == 2
    assert "0xE9" in caught.value.found


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(file).data == {"a": 1}


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_file, "MAXIMUM_BYTES", 10)
    file = tmp_path / "huge.yaml"
    file.write_text("a: 123456789012345\n")
    with pytest.raises(InputError, match="too large"):
        read(file)


names = st.text("abcdefg", min_size=1, max_size=4)
leaves = st.none() | st.booleans() | st.integers(-999, 999) | st.text("xyz 0", max_size=6)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=15,
)


@given(st.dictionaries(names, trees, min_size=1, max_size=4))
def test_what_is_written_is_read(data: dict[str, Any]) -> None:
    assert parsed(yaml.safe_dump(data)).data == data


@given(st.dictionaries(names, trees, min_size=1, max_size=4))
def test_lines_point_to_their_keys(data: dict[str, Any]) -> None:
    text = yaml.safe_dump(data, default_flow_style=False)
    lines = text.splitlines()
    for key, line in parsed(text).lines.items():
        if key and isinstance(key[-1], str):
            assert key[-1] in lines[line - 1]


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    width: float = Field(gt=0, description="width of it")


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: tuple[Inner, ...]
    chosen: Inner | None = None


def invalid(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        validate(parsed(text), Outer)
    return caught.value


def test_validate_builds_the_model() -> None:
    assert validate(parsed("items: [{width: 2}]"), Outer).items[0].width == 2.0


def test_an_unknown_key_gets_near_matches() -> None:
    error = invalid("items:\n  - width: 1\n    heigth: 2\n")
    assert (error.line, error.key) == (3, "items[0].heigth")
    assert "width" in error.allowed


def test_a_missing_key_says_what_it_is() -> None:
    error = invalid("items:\n  - {}\n")
    assert (error.message, error.line, error.key) == ("a key is missing", 2, "items[0].width")
    assert error.allowed == "width of it"


def test_a_wrong_value_shows_what_was_found() -> None:
    error = invalid("items:\n  - width: 1\n  - width: -3\n")
    assert (error.line, error.key, error.found) == (3, "items[1].width", "-3")


def test_a_union_member_is_described() -> None:
    error = invalid("items: []\nchosen:\n  width: x\n")
    assert (error.line, error.key, error.allowed) == (3, "chosen.width", "width of it")


@pytest.mark.parametrize("text", ["", "just text\n", "- a\n- b\n"])
def test_anything_but_a_mapping_is_refused(text: str) -> None:
    assert "mapping" in invalid(text).message


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("title: a: b\n", "in quotes"),
        ("a:\n\tb: 1\n", "no tab"),
        ("a: @x\n", "in quotes"),
        ("a: 'x\n", "a quote or bracket that is closed"),
        ("a: [1, 2\nb: 3\n", "a bracket that is closed"),
    ],
)
def test_common_slips_are_told_with_what_to_write(text: str, lead: str) -> None:
    with pytest.raises(InputError, match="not valid YAML") as caught:
        parse(text, Path("x.yaml"))
    assert lead in caught.value.allowed
