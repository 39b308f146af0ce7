"""Booleans that were taken for numbers: ``racks: true`` is not one rack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

Key = tuple[str | int, ...]


def taken_for_a_number(data: Any, built: Any) -> Key | None:
    """Key of the first boolean of plain data that a model made of it holds as a number, if any."""
    if isinstance(data, bool):
        return () if isinstance(built, int | float) and not isinstance(built, bool) else None
    for part, value, made in _parts(data, built):
        found = taken_for_a_number(value, made)
        if found is not None:
            return (part, *found)
    return None


def _parts(data: Any, built: Any) -> Iterator[tuple[str | int, Any, Any]]:
    """Parts of data beside what was made of each, where their shapes agree."""
    if isinstance(data, dict) and isinstance(built, BaseModel):
        held = vars(built)  # looked through, which is not using what is there
        for name, field in type(built).model_fields.items():
            for key in {name, field.alias}:
                if key is not None and key in data:
                    yield key, data[key], held.get(name)
    elif isinstance(data, dict) and isinstance(built, dict):
        yield from ((key, value, built[key]) for key, value in data.items() if key in built)
    elif isinstance(data, list) and isinstance(built, tuple | list) and len(data) == len(built):
        yield from ((number, *pair) for number, pair in enumerate(zip(data, built, strict=True)))
