"""Options that take a number: read like every other number (see `twin.numerals`), with limits."""

from __future__ import annotations

import math
from collections.abc import Callable

import typer

from twin.numerals import number, whole_number


def decimal(least: float = -math.inf, most: float = math.inf) -> Callable[[str], float]:
    """A reader for options of type float, ``least`` to ``most``."""

    def read(text: str) -> float:
        return _within(_read(number, text), text, least, most)

    read.__name__ = "number"
    return read


def whole(least: float = -math.inf, most: float = math.inf) -> Callable[[str], int]:
    """A reader for options of type int, ``least`` to ``most``."""

    def read(text: str) -> int:
        return round(_within(_read(whole_number, text), text, least, most))

    read.__name__ = "whole number"
    return read


def _read(reader: Callable[[str], float], text: str) -> float:
    try:
        return reader(str(text))
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' {error}") from None


def _within(value: float, text: str, least: float, most: float) -> float:
    if not least <= value <= most:
        ends = f"at least {least:g}" if most == math.inf else f"{least:g} to {most:g}"
        raise typer.BadParameter(f"'{text}' is out of range; allowed: {ends}")
    return value
