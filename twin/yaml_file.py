"""YAML files people write: plain data, and the line of every key.

The file is read as a stream of events, so that duplicate keys, the line of each key, deep nesting
and aliases that would expand without bound are seen before anything is built. Scalars follow the
YAML 1.2 core schema: ``on``, ``yes`` and ``10:30`` stay text, only ``true`` and ``false`` are
booleans. Tags are refused; ``<<`` merges a mapping into another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from twin.booleans import taken_for_a_number
from twin.errors import InputError, near_matches
from twin.idle_keys import IDLE, located
from twin.model_keys import described, keys_at

MAXIMUM_BYTES = 64 * 2**20
MAXIMUM_DEPTH = 64
MAXIMUM_NODES = 4_000_000
"""Bounds of a file: its size, its nesting, and its values with every alias written out."""
HINTS = {
    "mapping values are not allowed": "text that holds ': ' in quotes; keys of one level in line",
    "cannot start any token": "no tab before a key; text that begins with @, ` or % in quotes",
    "found unexpected end of stream": "a quote or bracket that is closed",
    "expected ',' or": "a comma between entries, and a bracket that is closed",
}
"""What to write instead, by what the reader of YAML says."""
LONGEST_INTEGER = 300  # characters; longer ones do not fit into a floating-point number

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    ".inf": float("inf"),
    "-.inf": float("-inf"),
    ".nan": float("nan"),
}
_TEXT_TAGS = {None, "!", "tag:yaml.org,2002:str"}

Key = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


def key_text(key: Key) -> str:
    """A key path as people read it: ``("sites", 0, "halls")`` is ``sites[0].halls``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


@dataclass(frozen=True)
class Document:
    """A parsed file.

    Attributes
    ----------
    data : mappings, lists, text, numbers, booleans and None
    lines : line (from 1) of every key path; a list element's key ends in its index
    file : where it was read from
    """

    data: Any
    lines: Mapping[Key, int]
    file: Path

    def line(self, key: Key) -> int | None:
        """Line of a key path, or of its nearest enclosing key that stands in the file."""
        for length in range(len(key), -1, -1):
            found = self.lines.get(key[:length])
            if found is not None:
                return found
        return None

    def error(self, message: str, key: Key = (), found: str = "", allowed: str = "") -> InputError:
        """An InputError that points at a key of this file."""
        return InputError(message, self.file, self.line(key), key_text(key), found, allowed)


@dataclass
class _Open:
    """A mapping or list under construction."""

    key: Key
    value: dict[str, Any] | list[Any]
    anchor: str | None
    nodes: int = 1
    name: str | None = None  # the mapping key whose value comes next
    merged: list[dict[str, Any]] | None = None


class _Builder:
    """Builds data and lines from a stream of YAML events."""

    def __init__(self, file: Path):
        self.file = file
        self.lines: dict[Key, int] = {}
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.stack: list[_Open] = []
        self.root: Any = None
        self.documents = 0
        self.nodes = 0

    def fail(self, message: str, event: Any, found: str = "", allowed: str = "") -> InputError:
        key = self.next_key() if self.stack else ()
        line = event.start_mark.line + 1
        return InputError(message, self.file, line, key_text(key), found, allowed)

    def next_key(self) -> Key:
        top = self.stack[-1]
        if isinstance(top.value, list):
            return (*top.key, len(top.value))
        return (*top.key, top.name) if top.name is not None else top.key

    def feed(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.fail("holds more than one YAML document", event, "---")
        elif isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.open(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close(event)

    def awaits_name(self) -> bool:
        return (
            bool(self.stack)
            and isinstance(self.stack[-1].value, dict)
            and (self.stack[-1].name is None)
        )

    def scalar(self, event: Any) -> None:
        if self.awaits_name():
            self.name_key(event)
            return
        if event.tag not in _TEXT_TAGS:
            raise self.fail("tags are not used here", event, event.tag, "a plain value")
        value = event.value if event.style or event.tag else _plain_value(event.value)
        self.add(value, event, event.anchor, 1)

    def name_key(self, event: Any) -> None:
        top = self.stack[-1]
        name = event.value
        if name in top.value or (name == "<<" and top.merged is not None):
            first = self.lines.get((*top.key, name))
            place = f"once; it stands first in line {first}" if first else "once"
            raise InputError(
                "key used twice",
                self.file,
                event.start_mark.line + 1,
                key_text((*top.key, name)),
                name,
                place,
            )
        top.name = name
        self.lines[(*top.key, name)] = event.start_mark.line + 1

    def alias(self, event: Any) -> None:
        if self.awaits_name():
            raise self.fail("an alias cannot be a key", event, f"*{event.anchor}")
        if event.anchor not in self.anchors:
            raise self.fail("an alias has no anchor before it", event, f"*{event.anchor}")
        value, nodes = self.anchors[event.anchor]
        self.add(value, event, None, nodes)

    def open(self, event: Any) -> None:
        if self.awaits_name():
            raise self.fail("a key must be plain text", event)
        if event.tag not in (None, "!"):
            raise self.fail("tags are not used here", event, event.tag, "a plain mapping or list")
        if len(self.stack) >= MAXIMUM_DEPTH:
            raise self.fail("is nested too deeply", event, allowed=f"{MAXIMUM_DEPTH} levels")
        key = self.next_key() if self.stack else ()
        self.lines.setdefault(key, event.start_mark.line + 1)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.stack.append(_Open(key, {} if is_mapping else [], event.anchor))

    def close(self, event: Any) -> None:
        done = self.stack.pop()
        if done.merged is not None and isinstance(done.value, dict):
            for source in done.merged:
                for name, value in source.items():
                    done.value.setdefault(name, value)
        self.add(done.value, event, done.anchor, done.nodes)

    def add(self, value: Any, event: Any, anchor: str | None, nodes: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, nodes)
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        top.nodes += nodes
        if top.nodes > MAXIMUM_NODES:
            raise self.fail(
                "holds too many values once its aliases are written out",
                event,
                allowed=f"at most {MAXIMUM_NODES:,} values",
            )
        if isinstance(top.value, list):
            self.lines.setdefault((*top.key, len(top.value)), event.start_mark.line + 1)
            top.value.append(value)
            return
        assert top.name is not None
        if top.name == "<<":
            sources = value if isinstance(value, list) else [value]
            if not all(isinstance(source, dict) for source in sources):
                raise self.fail("'<<' merges mappings", event, repr(value)[:60])
            top.merged = sources
        else:
            top.value[top.name] = value
        top.name = None


def _plain_value(text: str) -> Any:
    """Value of an unquoted scalar by the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) <= LONGEST_INTEGER:
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def parse(text: str, file: Path) -> Document:
    """Parse YAML text; ``file`` is for messages.

    Raises
    ------
    InputError : not YAML, duplicate key, tag, several documents, too deep, too large when expanded
    """
    builder = _Builder(file)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(filter(None, (error.problem, error.context)))
        place = mark.line + 1 if mark else None
        allowed = next((hint for said, hint in HINTS.items() if said in reason), "")
        raise InputError(f"not valid YAML: {reason}", file, place, allowed=allowed) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else None
        character = error.character
        code = character if isinstance(character, int) else ord(character)
        raise InputError(
            "not valid YAML: a control character", file, line, found=f"U+{code:04X}"
        ) from None
    except yaml.YAMLError as error:
        raise InputError(f"not valid YAML: {error}", file) from None
    return Document(builder.root, builder.lines, file)


def read(file: Path) -> Document:
    """Read and parse a YAML file.

    Raises
    ------
    InputError : missing or unreadable file, not UTF-8 (with the line), too large, or see `parse`
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file) from None
    if len(raw) > MAXIMUM_BYTES:
        raise InputError(
            "file is too large",
            file,
            found=f"{len(raw):,} bytes",
            allowed=f"{MAXIMUM_BYTES:,} bytes",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            "is not UTF-8 text", file, line, found=f"byte 0x{raw[error.start]:02X}", allowed="UTF-8"
        ) from None
    return parse(text, file)


def validate(document: Document, model: type[Model]) -> Model:
    """Check a document against a pydantic model and build it.

    Raises
    ------
    InputError : the first problem, with line, key, found and allowed
    """
    if not isinstance(document.data, dict):
        found = "nothing" if document.data is None else type(document.data).__name__
        raise document.error("is not a mapping of keys to values", (), found, "key: value lines")
    try:
        built = model.model_validate(document.data)
    except ValidationError as error:
        raise located_error(document, error, model) from None
    key = taken_for_a_number(document.data, built)
    if key is not None:
        shown = str(_value_at(document.data, key)).lower()
        raise document.error("is no number", key, shown, described(model, key))
    return built


def located_error(document: Document, error: ValidationError, model: type[BaseModel]) -> InputError:
    """The first problem of a pydantic error, as an InputError that points into the document.

    A misspelt key shows twice, as one unknown and one missing; the first tells more.
    """
    problems = error.errors()
    first = problems[0]
    if first["type"] == "missing":
        place = first["loc"][:-1]
        first = next(
            (p for p in problems if p["type"] == "extra_forbidden" and p["loc"][:-1] == place),
            first,
        )
    key = located(first, tuple(part for part in first["loc"] if isinstance(part, str | int)))
    found, kind, message = first.get("input"), first["type"], first["msg"]
    if kind == "missing":
        return document.error("a key is missing", key, allowed=described(model, key))
    if kind == "extra_forbidden":
        return document.error(
            "unknown key", key, str(key[-1]), near_matches(str(key[-1]), keys_at(model, key[:-1]))
        )
    if kind == "value_error":
        message = message.removeprefix("Value error, ")
    if kind == IDLE:
        return document.error(message, key, repr(_value_at(document.data, key))[:100])
    shown = repr(found) if len(repr(found)) <= 100 else f"{repr(found)[:97]}..."
    return document.error(f"{message[0].lower()}{message[1:]}", key, shown, described(model, key))


def _value_at(data: Any, key: Key) -> Any:
    """What stands at a key path of plain data."""
    for part in key:
        data = data[part]
    return data
