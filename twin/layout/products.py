"""Products that a layout brings along: whole ones, or changes of catalogue products."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from twin.catalog.loader import Catalog, CatalogEntry, product_from_data
from twin.errors import InputError, near_matches
from twin.layout.models import LayoutModel
from twin.yaml_file import Document, Key


def with_own_products(document: Document, model: LayoutModel, catalog: Catalog) -> Catalog:
    """The catalogue with the layout's own products, which override those of the same id.

    A product with ``extends: <id>`` takes everything it does not name from that product, which may
    be one of the catalogue or an earlier one of the list.

    Raises
    ------
    InputError : unknown base, id twice, or anything a catalogue file is refused for
    """
    raw_products: dict[str, dict[str, Any]] = {}
    entries: list[CatalogEntry] = []
    for index, given in enumerate(model.products):
        key: Key = ("products", index)
        product_id = given.get("id")
        if not isinstance(product_id, str):
            raise document.error("a product needs an id", (*key, "id"), repr(product_id), "text")
        if product_id in raw_products:
            raise document.error(
                "product id used twice",
                (*key, "id"),
                product_id,
                "an id that stands once in this list",
            )
        raw = dict(given)
        base_id = raw.pop("extends", None)
        if base_id is not None:
            raw = merge(_base(document, catalog, raw_products, key, base_id), raw)
        raw_products[product_id] = raw
        try:
            entries.append(product_from_data(raw, document.file, require_sources=False))
        except InputError as error:
            path = _split_key(error.key)
            raise document.error(error.message, (*key, *path), error.found, error.allowed) from None
    return catalog.extended(entries)


def _base(
    document: Document,
    catalog: Catalog,
    own: Mapping[str, dict[str, Any]],
    key: Key,
    base_id: Any,
) -> dict[str, Any]:
    """Raw data of the product that another one extends."""
    if isinstance(base_id, str) and base_id in own:
        return own[base_id]
    if not isinstance(base_id, str) or base_id not in catalog:
        raise document.error(
            "extends an unknown product",
            (*key, "extends"),
            repr(base_id),
            near_matches(str(base_id), [*catalog, *own]),
        )
    return read_raw(catalog[base_id].file)


def read_raw(file: Path) -> dict[str, Any]:
    """Data of a catalogue file as written, with units and sources."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``changes``: tables are merged key by key, anything else is replaced.

    A figure with its source (a table with ``value``) is one value and is replaced as a whole.
    """
    result = dict(base)
    for name, value in changes.items():
        old = result.get(name)
        if _is_table(old) and _is_table(value):
            result[name] = merge(old, value)
        else:
            result[name] = value
    return result


def _is_table(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and "value" not in value


def _split_key(text: str) -> Key:
    """A key path from its text form: ``clock.minimum`` or ``auxiliary[2].name``."""
    parts: list[str | int] = []
    for word in text.replace("[", ".").replace("]", "").split("."):
        if word:
            parts.append(int(word) if word.isdecimal() else word)
    return tuple(parts)
