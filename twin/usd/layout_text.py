"""A layout as YAML text that reads back to the same data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from twin.yaml_file import parse

_NUMBER_LIKE = re.compile(r"[-+.]?[0-9][^ ]*|[-+]?\.(inf|nan)|~|null|true|false", re.IGNORECASE)
FLOW_WIDTH = 96


class _Dumper(yaml.SafeDumper):
    """Dumps text that could be taken for a number or a word of YAML 1.2 in quotes."""


def _text(dumper: yaml.SafeDumper, value: str) -> Any:
    style = "'" if _NUMBER_LIKE.fullmatch(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _list(dumper: yaml.SafeDumper, value: list[Any]) -> Any:
    flat = all(not isinstance(item, dict | list) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def layout_text(data: dict[str, Any]) -> str:
    """YAML of a layout's data, keys in their order."""
    text: str = yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=FLOW_WIDTH,
        default_flow_style=False,
    )
    assert parse(text, Path("layout")).data == data
    return text
