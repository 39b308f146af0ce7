"""Mutations of files: of the values of a document, of a table's cells, of text and of bytes."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import yaml
from values import gently_changed, odd_value

Place = tuple[Any, Any]  # a mapping or list, and the key or index in it


def places(data: Any) -> list[Place]:
    """Every value of nested mappings and lists, as its container and key."""
    found: list[Place] = []
    pending = [data]
    while pending:
        node = pending.pop()
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in list(pairs):
            found.append((node, key))
            if isinstance(value, dict | list):
                pending.append(value)
    return found


def gently(random: Random, data: Any, changes: int) -> Any:
    """The document with a few of its leaves changed to values of their own kind."""
    data = copy.deepcopy(data)
    leaves = [(node, key) for node, key in places(data) if not isinstance(node[key], dict | list)]
    for node, key in random.sample(leaves, min(changes, len(leaves))):
        node[key] = gently_changed(random, node[key])
    return data


def roughly(random: Random, data: Any) -> Any:
    """The document with one thing replaced, lost, renamed, doubled or moved."""
    data = copy.deepcopy(data)
    found = places(data)
    if not found:
        return odd_value(random)
    node, key = random.choice(found)
    kind = random.randrange(7)
    if kind < 3:
        node[key] = odd_value(random)
    elif kind == 3:
        del node[key]
    elif kind == 4 and isinstance(node, dict):
        node[str(key)[:-1] + random.choice(["", "x", "ß", " "])] = node.pop(key)
    elif kind == 5:
        other, name = random.choice(found)
        node[key] = copy.deepcopy(other[name])
    elif isinstance(node, list):
        node.extend(copy.deepcopy(node[key]) for _ in range(random.choice([1, 2, 30])))
    else:
        node[key] = [node[key]]
    return data


def as_yaml(data: Any) -> str:
    """YAML text of a document; what YAML has no word for is written as JSON."""
    try:
        return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    except (yaml.YAMLError, RecursionError, UnicodeEncodeError):
        return json.dumps(data, default=str)


def mangled(random: Random, text: str) -> bytes:
    """Text with an accident: an edit, a copy, a cut, another encoding, flipped bits."""
    kind = random.randrange(10)
    lines = text.split("\n")
    at = random.randrange(len(lines))
    if kind == 0:
        lines.insert(at, lines[random.randrange(len(lines))])
    elif kind == 1:
        del lines[at]
    elif kind == 2:
        lines[at] = " " * random.randrange(5) + lines[at]
    elif kind == 3:
        cut = random.randrange(len(lines[at]) + 1)
        odd = random.choice(
            ["\t", "\x00", "\x07", "é", "&a ", "*a", "!!python/object:os", "{", "]", ",", "|"]
        )
        lines[at] = lines[at][:cut] + odd + lines[at][cut:]
    elif kind == 4:
        lines = lines[:at]
    elif kind == 5:
        return "\r\n".join(lines).encode()
    elif kind == 6:
        return text.encode(random.choice(["utf-8-sig", "utf-16", "utf-32"]))
    elif kind == 7:
        return text.replace(" ", "\u00a0", random.randrange(1, 20)).encode()
    elif kind == 8:
        return text.encode("latin-1", "replace").replace(b"e", b"\xe9", random.randrange(1, 4))
    else:
        return flipped(random, text.encode())
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def flipped(random: Random, data: bytes) -> bytes:
    """Bytes with one to four of them changed."""
    changed = bytearray(data)
    for _ in range(random.randrange(1, 5)):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def table_text(random: Random, header: list[str], rows: list[list[Any]]) -> bytes:
    """A delimited table as one tool or another writes it, some cells of it wrong."""
    rows = [list(row) for row in rows]
    for _ in range(random.choice([0, 0, 0, 0, 1, 1, 2])):
        row = random.choice(rows)
        at = random.randrange(len(row))
        row[at] = odd_value(random) if random.random() < 0.5 else gently_changed(random, row[at])
    if random.random() < 0.15:
        rows.append(list(random.choice(rows)))
    if random.random() < 0.1:
        random.shuffle(rows)
    if random.random() < 0.1:
        header = [*header[:-1], header[-1].upper()]
    separator = random.choice([",", ",", ",", ";", "\t", "|"])
    text = separator.join(header) + "\n"
    text += "".join(separator.join(str(cell) for cell in row) + "\n" for row in rows)
    if random.random() < 0.1:
        return mangled(random, text)
    return text.encode("utf-8", "surrogatepass")
