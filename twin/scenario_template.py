"""Scenarios as templates: ``extends`` another one, and ``${parameter}`` in its values.

::

    schema: twin.scenario/1
    extends: cdu-trip                # keys given here replace those of the base
    parameters: {cdu: cdu-2, at: 3 min}
    events:
      - {at: "${at}", path: "/pilot/hall-a/row-01/${cdu}", inject: trip}

Whoever runs it may give other values for the parameters (cases, sweeps).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.errors import near_matches
from twin.yaml_file import MAXIMUM_BYTES, Document, Key

MAXIMUM_BASES = 8
OWN = ("name", "title")
"""Keys that are no base's to give: what differs from it goes by a name of its own."""
_PARAMETER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_-]*)\}")


def expanded(
    document: Document,
    read: Callable[[str, Document], Document],
    given: Mapping[str, Any],
    depth: int = 0,
) -> Document:
    """A document with its base merged in and its parameters filled in.

    Parameters
    ----------
    read : reads the base that a document's ``extends`` names
    given : values that replace those of the document's ``parameters``

    Raises
    ------
    InputError : bases in a circle, a parameter without value, or one given that does not exist
    """
    data = _merged(document, read, depth)
    if not isinstance(data, dict):
        return document
    known = _parameters(data, document)
    data.pop("parameters", None)
    for name in given:
        if name not in known:
            raise document.error(
                "unknown parameter",
                ("parameters",),
                name,
                near_matches(name, [*known]) if known else "it has none",
            )
    values = {**known, **given}
    budget = _Budget(MAXIMUM_BYTES)
    filled = {
        name: _filled(value, values, document, (name,), budget) for name, value in data.items()
    }
    return Document(filled, document.lines, document.file)


def _merged(document: Document, read: Callable[[str, Document], Document], depth: int) -> Any:
    if not isinstance(document.data, dict):
        return document.data
    data = dict(document.data)
    base_name = data.pop("extends", None)
    if base_name is None:
        return data
    if not isinstance(base_name, str):
        raise document.error(
            "extends a scenario by name or file", ("extends",), repr(base_name)[:60]
        )
    if depth >= MAXIMUM_BASES:
        raise document.error(
            "bases go in a circle or too deep",
            ("extends",),
            base_name,
            f"at most {MAXIMUM_BASES} levels",
        )
    below = read(base_name, document)
    base = _merged(below, read, depth + 1)
    if not isinstance(base, dict):
        raise below.error("is not a mapping of keys to values", (), repr(base)[:60])
    parameters = _parameters(base, below) | _parameters(data, document)
    inherited = {key: value for key, value in base.items() if key not in OWN}
    merged = {**inherited, **data}
    if parameters:
        merged["parameters"] = parameters
    return merged


def _parameters(data: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """The parameters that a document gives, of its own or of its bases."""
    found = data.get("parameters")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise document.error(
            "parameters are not a mapping", ("parameters",), repr(found)[:60], "name: value lines"
        )
    return found


@dataclass
class _Budget:
    """Bytes that what is filled in may still take."""

    left: int

    def spend(self, value: Any, document: Document, key: Key) -> None:
        self.left -= len(str(value))
        if self.left < 0:
            raise document.error(
                "grows too large once its parameters are filled in",
                key,
                allowed=f"{MAXIMUM_BYTES:,} bytes",
            )


def _filled(
    value: Any, values: Mapping[str, Any], document: Document, key: Key, budget: _Budget
) -> Any:
    if isinstance(value, dict):
        return {n: _filled(v, values, document, (*key, n), budget) for n, v in value.items()}
    if isinstance(value, list):
        return [_filled(v, values, document, (*key, n), budget) for n, v in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def replace(match: re.Match[str]) -> str:
        return str(lookup(match.group(1)))

    def lookup(name: str) -> Any:
        if name not in values:
            raise document.error(
                "unknown parameter",
                key,
                "${" + name + "}",
                near_matches(name, [*values]) if values else "give it under `parameters`",
            )
        budget.spend(values[name], document, key)
        return values[name]

    whole = _PARAMETER.fullmatch(value)
    if whole is not None:
        return lookup(whole.group(1))
    return _PARAMETER.sub(replace, value)
