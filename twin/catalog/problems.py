"""What is wrong with a product's data, in words a stranger understands."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from twin.errors import near_matches
from twin.idle_keys import IDLE, located

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """First problem of a validation: where, what is wrong, what stands there, what may."""

    key: str
    message: str
    found: str = ""
    allowed: str = ""


def explain(error: ValidationError, model: type[BaseModel], data: Mapping[str, Any]) -> Problem:
    """First problem of a pydantic error; ``data`` is what was validated against ``model``.

    An unknown key goes first: it is often a mistyped one that is then also missing.
    """
    problems = error.errors(include_url=False)
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    kind, context = first["type"], first.get("ctx", {})
    key = located(first, tuple(part for part in first["loc"] if isinstance(part, str | int)))
    written = _value_at(data, key)
    found = _short(written)
    if kind == "missing":
        return Problem(key_text(key), "a required key is missing")
    if kind == "extra_forbidden":
        known = _keys_at(model, key[:-1])
        return Problem(key_text(key), "unknown key", allowed=near_matches(str(key[-1]), known))
    if kind == IDLE:
        return Problem(key_text(key), first["msg"], found)
    if kind == "quantity" or kind == "value_error":
        message = first["msg"].removeprefix("Value error, ")
        subject = "the value " if kind == "quantity" else ""
        return Problem(key_text(key), f"{subject}{_small(message)}", found)
    limit = _LIMITS.get(kind)
    if limit is not None:
        symbol, name = limit
        allowed = f"{symbol} {context[name]:g} (in base units)" if context else ""
        return Problem(key_text(key), "the value is out of range", found, allowed)
    if kind == "literal_error":
        allowed = f"one of: {context.get('expected', '')}"
        return Problem(key_text(key), "the word is not one of those allowed", found, allowed)
    if kind == "string_pattern_mismatch":
        return Problem(
            key_text(key),
            "the text has a character or form that is not allowed",
            found,
            f"text that matches {context.get('pattern', '')}",
        )
    if kind in ("tuple_type", "too_short", "too_long") or kind.startswith("tuple"):
        return Problem(
            key_text(key),
            "the list has the wrong form or number of items",
            found,
            _small(first["msg"]),
        )
    if kind.startswith("int"):
        return Problem(key_text(key), "the value is not a whole number", found)
    if kind.startswith("model"):
        return Problem(key_text(key), "the value is not a table of keys", found)
    return Problem(key_text(key), _small(first["msg"]), found)


_LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "finite_number": ("a finite number", ""),
}


def key_text(key: Key) -> str:
    """A key path as text: ``auxiliary[2].count``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def line_of(text: str, key: str) -> int | None:
    """Line of a TOML text on which a dotted key is set, or else its table begins; None if neither.

    Reads headers and assignments line by line, which suffices for pointing at a place; keys inside
    multi-line values count for the line on which the value begins.
    """
    parts = [part for part in re.split(r"\.|\[\d+\]", key) if part]
    numbers = [int(number) for number in re.findall(r"\[(\d+)\]", key)]
    table: list[str] = []
    seen: dict[str, int] = {}
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[(\[?)\s*([^\]]+?)\s*\]", line)
        if header:
            table = header[2].split(".")
            if header[1]:
                seen[header[2]] = seen.get(header[2], -1) + 1
            depth = len(table) if table == parts[: len(table)] else 0
        else:
            assignment = re.match(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*=""", line)
            path = [*table, assignment[1]] if assignment else []
            depth = len(path) if path and path == parts[: len(path)] else 0
        index = seen.get(".".join(table))
        if index is not None and numbers and index != numbers[0]:
            continue
        if depth and (best is None or depth > best[0]):
            best = (depth, number)
    return None if best is None else best[1]


def _value_at(data: Any, key: Key) -> Any:
    """What stands at a key path of plain data; None if nothing does."""
    for part in key:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _short(value: Any) -> str:
    """A value as shown in a message."""
    if value is None or isinstance(value, Mapping):
        return ""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _small(text: str) -> str:
    """A sentence as it continues after a colon; abbreviations stay as they are."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _keys_at(model: type[BaseModel], key: Key) -> list[str]:
    """Keys that a model allows at a key path."""
    current: list[Any] = [model]
    for part in key:
        following: list[Any] = []
        for candidate in current:
            if isinstance(part, int):
                following += [kind for kind in typing.get_args(candidate) if kind is not Ellipsis]
            elif _is_model(candidate):
                following += [
                    field.annotation
                    for name, field in candidate.model_fields.items()
                    if part in (name, field.alias)
                ]
        current = [member for kind in following for member in _members(kind)]
    return [
        field.alias or name
        for candidate in current
        if _is_model(candidate)
        for name, field in candidate.model_fields.items()
    ]


def _members(annotation: Any) -> list[Any]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return list(typing.get_args(annotation))
    return [annotation]


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
