"""Reading the equipment catalogue: one TOML file per product, every figure with its source.

A figure is ``{ value = "1360 kg", source = "key", mark = "A" }`` where ``key`` stands in the
file's ``[sources]`` table; ``mark`` says how far to trust it (A read in a primary source, B one
secondary source, C common engineering value). Texts, names and layout-only keys are plain.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assets.locations import CATALOG_FOLDER
from twin.catalog.specs import PRODUCT_CLASSES, Product
from twin.errors import InputError, near_matches

MARKS = ("A", "B", "C")
PLAIN_KEYS = {"id", "class", "title", "vendor", "description", "accelerator", "power_shelf",
              "cooling", "medium", "kind", "generation", "name", "order", "indoor"}


@dataclass(frozen=True)
class Provenance:
    """Where one figure comes from: full source text, trust mark A, B or C, and how it is written."""

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
    raw: Any, file: Path, sources: Mapping[str, str], key: str, provenance: dict[str, Provenance],
    require_sources: bool,
) -> Any:
    """Return ``raw`` with figures replaced by their values; fill ``provenance``."""
    if isinstance(raw, dict):
        if "value" in raw and set(raw) <= {"value", "source", "mark", "note"}:
            source, mark = raw.get("source"), raw.get("mark")
            if mark not in MARKS:
                raise InputError("a figure has no trust mark", file, key=f"{key}.mark",
                                 found=repr(mark), allowed="A, B or C")
            if not isinstance(source, str) or source not in sources:
                raise InputError("a figure's source is not in [sources]", file, key=f"{key}.source",
                                 found=repr(source), allowed=near_matches(str(source), [*sources]))
            provenance[key] = Provenance(
                sources[source], mark, str(raw["value"]), str(raw.get("note", ""))
            )
            return raw["value"]
        return {
            name: _separate_figures(value, file, sources, f"{key}.{name}" if key else name,
                                    provenance, require_sources)
            for name, value in raw.items()
        }
    if isinstance(raw, list):
        return [
            _separate_figures(value, file, sources, f"{key}[{index}]", provenance, require_sources)
            for index, value in enumerate(raw)
        ]
    leaf = key.rsplit(".", 1)[-1].split("[")[0]
    if require_sources and leaf not in PLAIN_KEYS:
        raise InputError("a figure has no source", file, key=key, found=repr(raw),
                         allowed='{ value = ..., source = "key of [sources]", mark = "A|B|C" }')
    return raw


def describe_validation_error(error: ValidationError) -> tuple[str, str, str]:
    """First problem of a pydantic error as (key, found, what is wrong)."""
    first = error.errors()[0]
    key = ""
    for part in first["loc"]:
        key += f"[{part}]" if isinstance(part, int) else (f".{part}" if key else str(part))
    found = first.get("input")
    text = repr(found) if not isinstance(found, dict | list) or len(str(found)) < 80 else ""
    return key, "" if first["type"] == "missing" else text, first["msg"]


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
    provenance: dict[str, Provenance] = {}
    values = _separate_figures(data, file, sources, "", provenance, require_sources)
    class_name = values.get("class")
    spec = PRODUCT_CLASSES.get(class_name)
    if spec is None:
        raise InputError("unknown product class", file, key=f"{prefix}class",
                         found=repr(class_name),
                         allowed=near_matches(str(class_name), [*PRODUCT_CLASSES]))
    try:
        product = spec.model_validate(values)
    except ValidationError as error:
        key, found, reason = describe_validation_error(error)
        raise InputError(f"{reason[0].lower()}{reason[1:]}", file, key=f"{prefix}{key}",
                         found=found) from None
    return CatalogEntry(product, provenance, file)


def load_product(file: Path) -> CatalogEntry:
    """Read one catalogue file. Raises InputError naming file and key."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not valid TOML: {error}", file) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file) from None
    return product_from_data(raw, file)


def load_folder(folder: Path) -> Catalog:
    """Read every ``*.toml`` below a folder; an id may stand only once in it."""
    if not folder.is_dir():
        raise InputError("catalogue folder not found", folder)
    entries: dict[str, CatalogEntry] = {}
    for file in sorted(folder.rglob("*.toml")):
        entry = load_product(file)
        earlier = entries.get(entry.product.id)
        if earlier is not None:
            raise InputError("product id used twice", file, key="id", found=entry.product.id,
                             allowed=f"an id other than that of {earlier.file.name}")
        entries[entry.product.id] = entry
    return Catalog(entries)


@functools.cache
def bundled_catalog() -> Catalog:
    """The catalogue that ships with the package."""
    return load_folder(CATALOG_FOLDER)
