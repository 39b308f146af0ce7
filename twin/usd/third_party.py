"""Other makers' SimReady assets of the profile AIF-Entity as products of a layout.

The profile's attributes cover part of what the physics needs. What is missing is taken from a
product of the same class that the new one ``extends``, and reported.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.catalog.loader import Catalog, bundled_catalog, product_from_data
from twin.catalog.specs import PRODUCT_CLASSES
from twin.errors import InputError, near_matches
from twin.layout.loader import class_of
from twin.layout.products import merge, read_raw
from twin.numerals import number
from twin.units import parse_quantity
from twin.usd.aif_fields import ASSET_CLASSES, CORE_FIGURES, FIGURES, Figure
from twin.usd.content import read_content

CLASS_TOKENS = {
    "cdu": "cdu",
    "crah": "crah",
    "ups": "ups",
    "compute rack": "rack",
    "compute-rack": "rack",
    "compute_rack": "rack",
    "rack": "rack",
    "gb300": "rack",
    "gb300 rack": "rack",
    "gb300_rack": "rack",
}
"""Our product class of each spelling of ``aif:core:assetClass``."""

UNITS = {
    "height": "m",
    "width": "m",
    "depth": "m",
    "mass": "kg",
    "rated_capacity": "W",
    "rated_secondary_flow": "m**3/s",
    "rated_flow": "m**3/s",
    "rated_airflow": "m**3/s",
    "secondary_volume": "m**3",
    "fan_power": "W",
    "rated_pressure_drop": "Pa",
    "rated_power": "W",
    "provisioned_power": "W",
    "pump.motor_efficiency": "",
    "pumps": "",
}
"""SI unit of the figures that the profile can fill."""

LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
"""Latin letters that are none with an accent."""

SIZE_TOLERANCE = 0.2  # relative, between a stated size and the geometry's


def product_entry(
    equipment: Mapping[str, Any],
    extent: tuple[float, float, float] | None,
    like: str,
    file: Path,
    prim: str = "",
    catalog: Catalog | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """Entry for a layout's ``products`` from an asset's attributes, and the figures it lacks.

    equipment : ``aif:`` attributes; extent : size of its geometry [m], if known
    like : product of the same class from which missing figures are taken

    Raises
    ------
    InputError : unknown class, class of ``like`` differs, a figure that is no number or has an
        unknown unit, or a size that contradicts the geometry
    """
    catalog = catalog if catalog is not None else bundled_catalog()
    token = str(equipment.get("aif:core:assetClass", "")).strip().lower()
    kind = CLASS_TOKENS.get(token)
    if kind is None:
        raise InputError(
            "an asset of an unknown equipment class",
            file,
            key=f"{prim} aif:core:assetClass",
            found=token or "nothing",
            allowed=", ".join(sorted(set(ASSET_CLASSES.values()))),
        )
    if like in catalog and class_of(catalog[like].product) != kind:
        raise InputError(
            f"an asset of class {kind} in the place of another class",
            file,
            key=prim,
            found=kind,
            allowed=class_of(catalog[like].product),
        )
    maker = str(equipment.get("aif:core:manufacturer", "")).strip()
    model = str(equipment.get("aif:core:modelNumber", "")).strip()
    entry: dict[str, Any] = {
        "extends": like,
        "id": product_id(maker, model, like),
        "title": model or f"{maker} {kind}".strip(),
    }
    if maker:
        entry["vendor"] = maker
    description = str(equipment.get("aif:core:assetDescription", "")).strip()
    if description:
        entry["description"] = description
    filled: set[str] = set()
    for namespace, figures in (
        ("aif:core:", CORE_FIGURES),
        ("aif:spec:", FIGURES[ASSET_CLASSES[kind]]),
    ):
        for figure in figures:
            name = namespace + figure.attribute
            if name in equipment and figure.key not in filled:
                _fill(entry, figure, equipment[name], file, f"{prim} {name}".strip())
                filled.add(figure.key)
    _check_size(entry, extent, file, prim)
    if like in catalog:
        _check_figures(entry, catalog, kind, file, prim)
    return entry, _missing(kind, filled)


def _check_figures(
    entry: Mapping[str, Any], catalog: Catalog, kind: str, file: Path, prim: str
) -> None:
    """Refuse figures outside the bounds that products have; the message names the attribute."""
    own = {key: value for key, value in entry.items() if key != "extends"}
    raw = merge(read_raw(catalog[entry["extends"]].file), own)
    try:
        product_from_data(raw, file, require_sources=False)
    except InputError as error:
        names = [
            space + figure.attribute
            for space, figures in (
                ("aif:core:", CORE_FIGURES), ("aif:spec:", FIGURES[ASSET_CLASSES[kind]])
            )
            for figure in figures
            if figure.key == error.key
        ]  # fmt: skip
        key = f"{prim} {names[0] if names else error.key}".strip()
        raise InputError(error.message, file, None, key, error.found, error.allowed) from None


def product_id(maker: str, model: str, like: str) -> str:
    """Id of a product: maker and model in small letters without accents, and dashes.

    Scripts that are not Latin leave nothing there; the title and the vendor keep them.
    """
    plain = unicodedata.normalize("NFKD", f"{maker} {model}".lower().translate(LETTERS))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = re.sub(r"[^a-z0-9.]+", "-", letters).strip("-.")
    return words if words and words != "-" else f"{like}-other-make"


def _fill(entry: dict[str, Any], figure: Figure, value: Any, file: Path, key: str) -> None:
    """Write one figure into a product entry, converted to SI with its unit."""
    unit = UNITS[figure.key]
    if isinstance(value, str):
        amount = _quantity(value, figure, unit, file, key)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError("is not a number", file, key=key, found=repr(value)[:60])
    else:
        amount = float(value) * figure.unit
    if not (amount > 0.0 and math.isfinite(amount)):
        raise InputError("must be positive and finite", file, key=key, found=repr(value)[:60])
    written: Any = f"{amount:.10g} {unit}".strip()
    if figure.kind == "int" and unit == "":
        written = round(amount)
    target = entry
    *tables, name = figure.key.split(".")
    for table in tables:
        target = target.setdefault(table, {})
    target[name] = written


def _quantity(text: str, figure: Figure, unit: str, file: Path, key: str) -> float:
    """SI value of a figure written as text: with a unit, or a bare number in the profile's."""
    try:
        if text.strip()[-1:].isdigit() and len(text.split()) == 1:
            return number(text) * figure.unit
        return parse_quantity(text, unit)
    except ValueError as error:
        raise InputError(f"the value {error}", file, key=key, found=repr(text)[:60]) from None


def _check_size(
    entry: Mapping[str, Any], extent: tuple[float, float, float] | None, file: Path, prim: str
) -> None:
    """Refuse a stated size that contradicts the geometry, the mark of a wrong unit."""
    if extent is None:
        return
    for name, real in zip(("width", "depth", "height"), extent, strict=True):
        if name in entry and real > 0.0:
            stated = parse_quantity(entry[name], "m")
            if abs(stated / real - 1.0) > SIZE_TOLERANCE:
                raise InputError(
                    "a size that contradicts the geometry",
                    file,
                    key=f"{prim} aif:core:{name}".strip(),
                    found=f"{stated * 1e3:.6g} mm",
                    allowed=f"{real * 1e3:.6g} mm, as its geometry measures; the profile asks for "
                    "millimetres",
                )


def _missing(kind: str, filled: set[str]) -> list[str]:
    """Figures that the physics needs of a class and the profile did not give."""
    plain = {"id", "title", "vendor", "description", "product_class"}
    have = {key.split(".")[0] for key in filled}
    return [name for name in PRODUCT_CLASSES[kind].model_fields if name not in plain | have]


def import_product(
    file: Path, like: str, catalog: Catalog | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Product entry of an asset file of the profile, and the figures it lacks.

    Raises
    ------
    InputError : as :func:`product_entry`; not an asset of the profile; unknown ``like``
    """
    catalog = catalog if catalog is not None else bundled_catalog()
    if like not in catalog:
        raise InputError(
            "unknown product", key="like", found=like, allowed=near_matches(like, [*catalog])
        )
    content = read_content(file)
    default = content.default
    if default is None or not default.equipment:
        raise InputError(
            "is no SimReady asset of the profile AIF-Entity",
            file,
            allowed="a default prim with aif:core:assetClass and no twin:product",
        )
    return product_entry(default.equipment, default.extent, like, file, default.prim, catalog)
