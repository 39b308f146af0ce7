"""Names of generated elements."""

from __future__ import annotations

from collections.abc import Iterator

from twin.layout.models import Generated

SINGLE_DIGIT = {"cdu", "panel", "gpu", "ups_system"}
"""Levels of which a parent holds a handful: cdu-1, not cdu-01."""


def numbered(prefix: str, number: int, largest: int, digits: int = 2) -> str:
    """``rack-07``: padded to the width of the largest number, at least ``digits``."""
    return f"{prefix}-{number:0{max(digits, len(str(largest)))}d}"


def unit_names(level: str, count: int, prefix: str | None = None) -> list[str]:
    """Names of ``count`` equal units of a level: ``crah-01``, ``cdu-1``."""
    digits = 1 if level in SINGLE_DIGIT else 2
    word = prefix if prefix is not None else level.rsplit("_", 1)[-1]
    return [numbered(word, number, count, digits) for number in range(1, count + 1)]


def generated(element: Generated) -> Iterator[tuple[int, str, str]]:
    """Elements that a generator stands for: (position in it, name, number as text)."""
    if element.count is None:
        yield 0, element.id, str(element.first)
        return
    last = element.first + element.count - 1
    for offset in range(element.count):
        name = numbered(element.id, element.first + offset, last)
        yield offset, name, name.rsplit("-", 1)[-1]
