"""The catalogue as a Markdown page: every figure with its trust mark and its source.

``python -m twin.catalog.document > docs/CATALOGUE.md`` writes the page that the tests compare with
the files, so that it cannot fall behind.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator

from twin.catalog.loader import CatalogEntry, bundled_catalog
from twin.catalog.specs import PRODUCT_CLASSES, Rack

INTRODUCTION = """\
# Equipment catalogue

Every figure of the bundled products, as written in `assets/catalog/`. The letter behind a figure is
its trust mark: **A** read in a primary or machine-readable source, **B** one secondary source,
**C** engineering estimate or not read at its source; confirm before you rely on it. Products of the
vendor *generic* stand for a class of equipment, not for one make.

A product is one TOML file, named after its id. A figure is written
`mass = { value = "140 kg", source = "sheet", mark = "A" }`, with `sheet = "..."` in the file's
`[sources]` table. A layout may change a product or bring its own under `products`.

This page is made by `python -m twin.catalog.document > docs/CATALOGUE.md`; change the TOML files,
not the page.
"""

CLASS_TITLES = {
    "accelerator": "Accelerators",
    "rack": "Racks",
    "network-switch": "Network switches",
    "pump": "Facility pumps",
    "cdu": "Coolant distribution units",
    "rear-door": "Rear-door heat exchangers",
    "crah": "Room air handlers",
    "dry-cooler": "Dry coolers",
    "cooling-tower": "Cooling towers",
    "chiller": "Chillers",
    "transformer": "Transformers",
    "ups": "Uninterruptible supplies",
    "distribution": "Distribution",
    "power-shelf": "Power shelves and supplies",
    "battery": "Batteries",
    "generator": "Generators",
}
COLUMNS = 6  # products beside each other before a table becomes too wide to read


def document(entries: Iterable[CatalogEntry]) -> str:
    """The page for some catalogue entries, products in the order given within each class."""
    by_class: dict[str, list[CatalogEntry]] = {name: [] for name in PRODUCT_CLASSES}
    for entry in entries:
        by_class[_class_of(entry)].append(entry)
    lines = [INTRODUCTION]
    for name, members in by_class.items():
        if not members:
            continue
        lines += [f"## {CLASS_TITLES[name]}", ""]
        for entry in members:
            lines.append(
                f"* `{entry.product.id}`: **{entry.product.title}**. {entry.product.description}"
            )
        lines.append("")
        for first in range(0, len(members), COLUMNS):
            lines += [*_figures(members[first : first + COLUMNS]), ""]
        for entry in members:
            if isinstance(entry.product, Rack):
                lines += [*_auxiliary(entry, entry.product), ""]
        for entry in members:
            lines += [*_sources(entry), ""]
    return "\n".join(lines).rstrip() + "\n"


def _class_of(entry: CatalogEntry) -> str:
    return str(entry.product.model_dump(by_alias=True)["class"])


def _figures(entries: list[CatalogEntry]) -> Iterator[str]:
    """Table with a row for each figure and a column for each product."""
    keys = dict.fromkeys(
        key for entry in entries for key in entry.provenance if not key.startswith("auxiliary")
    )
    yield "| | " + " | ".join(f"`{entry.product.id}`" for entry in entries) + " |"
    yield "|---" * (len(entries) + 1) + "|"
    for key in keys:
        yield f"| {key} | " + " | ".join(_cell(entry, key) for entry in entries) + " |"


def _cell(entry: CatalogEntry, key: str) -> str:
    origin = entry.provenance.get(key)
    return "" if origin is None else f"{_readable(origin.written)}<sup>{origin.mark}</sup>"


def _readable(written: str) -> str:
    """A figure as written; tables and curves in one line."""
    if not written.startswith("["):
        return written
    items = ast.literal_eval(written)
    if items and isinstance(items[0], dict):
        return ", ".join(f"{p['efficiency']:.1%} at {p['load']:.0%}" for p in items)
    return ", ".join(f"{item:g}" for item in items)


def _auxiliary(entry: CatalogEntry, rack: Rack) -> Iterator[str]:
    """Table of a rack's other loads."""
    yield f"Other loads of `{rack.id}`:"
    yield ""
    yield "| load | count | idle each | full each | to liquid |"
    yield "|---|---|---|---|---|"
    for index, load in enumerate(rack.auxiliary):
        cells = (
            _cell(entry, f"auxiliary[{index}].{key}")
            for key in ("count", "idle_power", "maximum_power", "liquid_share")
        )
        yield f"| {load.name} | " + " | ".join(cells) + " |"


def _sources(entry: CatalogEntry) -> Iterator[str]:
    """The sources of a product, each with the figures that rest on it."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for key, origin in entry.provenance.items():
        name = re.sub(r"\[\d+\]", "", key)
        keys = grouped.setdefault((origin.mark, origin.source), [])
        if name not in keys:
            keys.append(name)
    yield f"<details><summary>Sources of {entry.product.id}</summary>"
    yield ""
    for (mark, source), keys in grouped.items():
        yield f"* **{mark}** {', '.join(keys)}: {source}"
    yield ""
    yield "</details>"


if __name__ == "__main__":
    sys.stdout.write(document(bundled_catalog().values()))
