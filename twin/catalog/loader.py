"""Reading the equipment catalogue: one TOML file per product, every figure with its source.

A figure is ``{ value = "1360 kg", source = "key", mark = "A" }`` where ``key`` stands in the
file's ``[sources]`` table; ``mark`` says how far to trust it (A read in a primary source, B one
secondary source, C common engineering value). Texts, names and layout-only keys are plain.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assets.locations import CATALOG_FOLDER
from twin.booleans import taken_for_a_number
from twin.catalog.problems import explain, line_of
from twin.catalog.specs import PRODUCT_CLASSES, Product
from twin.errors import InputError, near_matches
from twin.failures import reason_of

MARKS = ("A", "B", "C")
FIGURE_KEYS = ("value", "source", "mark", "note")
PLAIN_KEYS = {
    "id",
    "class",
    "title",
    "vendor",
    "description",
    "accelerator",
    "power_shelf",
    "cooling",
    "medium",
    "kind",
    "generation",
    "name",
    "order",
}


@dataclass(frozen=True)
class Provenance:
    """Where one figure comes from: source text, trust mark A, B or C, and how it is written."""

    source: str
    mark: str
    written: str = ""
    note: str = ""


@dataclass(frozen=True)
class CatalogEntry:
    """A product with the origin of each of its figures, keyed by dotted key."""

    product: Product
    provenance: Mapping[str, Provenance]
    file: Path


class Catalog(Mapping[str, CatalogEntry]):
    """Products by id; later folders extend or override earlier ones."""

    def __init__(self, entries: Mapping[str, CatalogEntry]):
        self._entries = dict(entries)

    def __getitem__(self, product_id: str) -> CatalogEntry:
        return self._entries[product_id]

    def __iter__(self) -> Any:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def extended(self, entries: Iterable[CatalogEntry]) -> Catalog:
        """Return a catalogue with further entries, which override those of the same id."""
        return Catalog(self._entries | {entry.product.id: entry for entry in entries})


def _separate_figures(
    raw: Any,
    file: Path,
    sources: Mapping[str, str],
    key: str,
    provenance: dict[str, Provenance],
    require_sources: bool,
) -> Any:
    """Return ``raw`` with figures replaced by their values; fill ``provenance``."""
    if isinstance(raw, dict):
        if "value" in raw:
            for name in raw:
                if name not in FIGURE_KEYS:
                    raise InputError(
                        "unknown key in a figure",
                        file,
                        key=f"{key}.{name}",
                        allowed=near_matches(name, [*FIGURE_KEYS]),
                    )
            source, mark = raw.get("source"), raw.get("mark")
            if mark not in MARKS:
                raise InputError(
                    "a figure has no trust mark",
                    file,
                    key=f"{key}.mark",
                    found=repr(mark),
                    allowed="A, B or C",
                )
            if not isinstance(source, str) or source not in sources:
                raise InputError(
                    "a figure's source is not in [sources]",
                    file,
                    key=f"{key}.source",
                    found=repr(source),
                    allowed=near_matches(str(source), [*sources]),
                )
            provenance[key] = Provenance(
                sources[source], mark, str(raw["value"]), str(raw.get("note", ""))
            )
            return raw["value"]
        return {
            name: _separate_figures(
                value, file, sources, f"{key}.{name}" if key else name, provenance, require_sources
            )
            for name, value in raw.items()
        }
    if isinstance(raw, list):
        return [
            _separate_figures(value, file, sources, f"{key}[{index}]", provenance, require_sources)
            for index, value in enumerate(raw)
        ]
    leaf = key.rsplit(".", 1)[-1].split("[")[0]
    if require_sources and leaf not in PLAIN_KEYS:
        raise InputError(
            "a figure has no source",
            file,
            key=key,
            found=repr(raw),
            allowed='{ value = ..., source = "key of [sources]", mark = "A|B|C" }',
        )
    return raw


def product_from_data(
    raw: Mapping[str, Any], file: Path, *, require_sources: bool = True, prefix: str = ""
) -> CatalogEntry:
    """Build a product from parsed data (a TOML file, or ``products`` of a layout).

    Raises
    ------
    InputError : names file and key: unknown class, missing key, wrong unit, value out of range
    """
    data = dict(raw)
    sources = data.pop("sources", {})
    if not isinstance(sources, dict) or not all(isinstance(text, str) for text in sources.values()):
        raise InputError(
            "[sources] is not a table of texts",
            file,
            key="sources",
            allowed='lines of the form  key = "where the figure comes from"',
        )
    provenance: dict[str, Provenance] = {}
    values = _separate_figures(data, file, sources, "", provenance, require_sources)
    class_name = values.get("class")
    if class_name is None:
        raise InputError(
            "a required key is missing",
            file,
            key=f"{prefix}class",
            allowed=f"one of: {', '.join(PRODUCT_CLASSES)}",
        )
    spec = PRODUCT_CLASSES.get(class_name) if isinstance(class_name, str) else None
    if spec is None:
        raise InputError(
            "unknown product class",
            file,
            key=f"{prefix}class",
            found=repr(class_name),
            allowed=near_matches(str(class_name), [*PRODUCT_CLASSES]),
        )
    try:
        product = spec.model_validate(values)
    except ValidationError as error:
        problem = explain(error, spec, values)
        raise InputError(
            problem.message,
            file,
            key=f"{prefix}{problem.key}",
            found=problem.found,
            allowed=problem.allowed,
        ) from None
    key = taken_for_a_number(values, product)
    if key is not None:
        place = ".".join(str(part) for part in key)
        raise InputError("is no number", file, key=f"{prefix}{place}", found="true or false")
    return CatalogEntry(product, provenance, file)


def load_product(file: Path) -> CatalogEntry:
    """Read one catalogue file. Raises InputError naming file and key."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file) from None
    except UnicodeDecodeError as error:
        raise InputError(
            "is not UTF-8 text",
            file,
            found=f"byte 0x{error.object[error.start]:02X}",
            allowed="UTF-8",
        ) from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib tells the place only inside its message
        place = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(place[1]) if place else None
        reason = str(error).split(" (at ")[0]
        raise InputError(f"not valid TOML: {reason[:1].lower()}{reason[1:]}", file, line) from None
    except (RecursionError, ValueError) as error:  # of an integer of thousands of digits
        raise InputError(f"not valid TOML: {reason_of(error)}", file) from None
    try:
        return product_from_data(raw, file)
    except InputError as error:
        error.line = line_of(text, error.key)
        raise


def load_folder(folder: Path) -> Catalog:
    """Read every ``*.toml`` below a folder; an id may stand only once in it."""
    if not folder.is_dir():
        raise InputError("catalogue folder not found", folder)
    entries: dict[str, CatalogEntry] = {}
    for file in sorted(folder.rglob("*.toml")):
        entry = load_product(file)
        earlier = entries.get(entry.product.id)
        if earlier is not None:
            raise InputError(
                "product id used twice",
                file,
                key="id",
                found=entry.product.id,
                allowed=f"an id other than that of {earlier.file.name}",
            )
        entries[entry.product.id] = entry
    return Catalog(entries)


@functools.cache
def bundled_catalog() -> Catalog:
    """The catalogue that ships with the package."""
    return load_folder(CATALOG_FOLDER)
