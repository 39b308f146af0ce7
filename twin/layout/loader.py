"""Loading a layout: file, checks against the catalogue, and a digest of all that matters."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from assets.locations import LAYOUTS_FOLDER
from twin import yaml_file
from twin.catalog.loader import Catalog, bundled_catalog
from twin.catalog.specs import PRODUCT_CLASSES, Product
from twin.errors import InputError, near_matches
from twin.layout.models import LayoutModel
from twin.layout.products import with_own_products
from twin.yaml_file import Document, Key

SomeProduct = TypeVar("SomeProduct", bound=Product)


@dataclass(frozen=True, eq=False)
class Layout:
    """A checked layout with the products it uses.

    Attributes
    ----------
    model : the file's content, quantities in SI
    document : its data and lines, for messages that point into the file
    products : products it refers to, directly or through racks, by id
    digest : SHA-256 of the content and of those products
    """

    model: LayoutModel
    document: Document
    products: Mapping[str, Product]
    digest: str

    @property
    def name(self) -> str:
        """Short name of the layout."""
        return self.model.name

    def product(self, product_id: str, kind: type[SomeProduct]) -> SomeProduct:
        """The product of an id, of a class that the layout's checks have made sure of."""
        product = self.products[product_id]
        if not isinstance(product, kind):
            raise TypeError(f"{product_id} is a {type(product).__name__}, not a {kind.__name__}")
        return product


def class_of(product: Product) -> str:
    """Name of a product's class as the catalogue writes it, such as ``rack``."""
    return str(getattr(product, "product_class"))  # noqa: B009 - declared by every subclass


def bundled_layouts() -> dict[str, Path]:
    """Bundled layouts: file by name."""
    return {file.stem: file for file in sorted(LAYOUTS_FOLDER.glob("*.yaml"))}


def find_layout(name_or_path: str | Path) -> Path:
    """File of a layout given as a path or as the name of a bundled one.

    Raises
    ------
    InputError : neither; with near matches
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    bundled = bundled_layouts()
    if str(name_or_path) in bundled:
        return bundled[str(name_or_path)]
    if path.is_dir():
        raise InputError("is a folder, not a layout file", path)
    raise InputError(
        "layout not found",
        path,
        found=str(name_or_path),
        allowed="a YAML file, or " + near_matches(str(name_or_path), [*bundled]),
    )


def load_layout(name_or_path: str | Path, catalog: Catalog | None = None) -> Layout:
    """Read a layout file (or a bundled layout by name) and check it against the catalogue.

    Raises
    ------
    InputError : not found, not YAML, wrong key or unit, unknown product or plant, duplicate id;
        with file, line, key, found and allowed
    """
    file = find_layout(name_or_path)
    if file.suffix.lower() in (".usd", ".usda", ".usdc", ".usdz"):
        raise InputError(
            "is a stage, not a layout file", file,
            allowed=f"the layout that comes out of it: twin import {file} -o layout.yaml",
        )  # fmt: skip
    document = yaml_file.read(file)
    return layout_from_document(document, catalog)


def layout_from_document(document: Document, catalog: Catalog | None = None) -> Layout:
    """Check parsed YAML and make a layout of it; see :func:`load_layout`."""
    model = yaml_file.validate(document, LayoutModel)
    everything = with_own_products(
        document, model, catalog if catalog is not None else bundled_catalog()
    )
    products: dict[str, Product] = {}
    for key, product_id, kinds in product_references(model):
        products[product_id] = _referenced(document, everything, key, product_id, kinds)
    for rack_id in [name for name, product in products.items() if class_of(product) == "rack"]:
        _add_parts(document, everything, products, rack_id)
    return Layout(model, document, products, _digest(model, products))


def product_references(model: LayoutModel) -> Iterator[tuple[Key, str, tuple[str, ...]]]:
    """Every product id in a layout: key path, id and the classes that may stand there."""
    for s, site in enumerate(model.sites):
        base: Key = ("sites", s)
        yield from _banks(
            base,
            site,
            {
                "transformers": ("transformer",),
                "generators": ("generator",),
                "battery": ("battery",),
            },
        )
        if site.switchgear is not None:
            yield (*base, "switchgear"), site.switchgear, ("distribution",)
        if site.network is not None:
            yield (*base, "network", "switch"), site.network.switch, ("network-switch",)
        for p, plant in enumerate(site.plants):
            yield from _banks(
                (*base, "plants", p),
                plant,
                {
                    "heat_rejection": ("dry-cooler", "cooling-tower"),
                    "pumps": ("pump",),
                    "chillers": ("chiller",),
                    "transformers": ("transformer",),
                },
            )
        for h, hall in enumerate(site.halls):
            hall_key = (*base, "halls", h)
            yield from _banks(
                hall_key,
                hall,
                {
                    "crahs": ("crah",),
                    "ups": ("ups",),
                    "transformers": ("transformer",),
                },
            )
            if hall.switchgear is not None:
                yield (*hall_key, "switchgear"), hall.switchgear, ("distribution",)
            for r, row in enumerate(hall.rows):
                row_key = (*hall_key, "rows", r)
                yield (*row_key, "rack"), row.rack, ("rack",)
                yield from _banks(
                    row_key,
                    row,
                    {
                        "cdu": ("cdu",),
                        "panels": ("distribution",),
                        "backup": ("battery",),
                        "rear_doors": ("rear-door",),
                    },
                )
    for o, override in enumerate(model.overrides):
        if override.product is not None:
            yield ("overrides", o, "product"), override.product, tuple(PRODUCT_CLASSES)


def _banks(
    base: Key, element: object, kinds: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[Key, str, tuple[str, ...]]]:
    for name, allowed in kinds.items():
        bank = getattr(element, name)
        if bank is not None:
            yield (*base, name, "product"), bank.product, allowed


def _referenced(
    document: Document, catalog: Catalog, key: Key, product_id: str, kinds: tuple[str, ...]
) -> Product:
    """The product of a reference; InputError when there is none or it is of a wrong class."""
    fitting = [name for name in catalog if class_of(catalog[name].product) in kinds]
    if product_id not in catalog:
        raise document.error("unknown product", key, product_id, near_matches(product_id, fitting))
    product = catalog[product_id].product
    if class_of(product) not in kinds:
        wanted = "class " + " or ".join(kinds)
        if fitting:
            wanted += f", {near_matches(product_id, fitting)}"
        raise document.error(
            "a product of the wrong class", key, f"{product_id} (class {class_of(product)})", wanted
        )
    return product


def _add_parts(
    document: Document, catalog: Catalog, products: dict[str, Product], rack_id: str
) -> None:
    """Add a rack's accelerator and power shelf to ``products``."""
    rack = products[rack_id]
    for attribute, kind in (("accelerator", "accelerator"), ("power_shelf", "power-shelf")):
        part = getattr(rack, attribute)
        if part not in catalog or class_of(catalog[part].product) != kind:
            fitting = [name for name in catalog if class_of(catalog[name].product) == kind]
            raise InputError(
                f"rack {rack_id} names an unknown {kind}",
                catalog[rack_id].file,
                key=attribute,
                found=part,
                allowed=near_matches(part, fitting),
            )
        products[part] = catalog[part].product


def _digest(model: LayoutModel, products: Mapping[str, Product]) -> str:
    """SHA-256 over the canonical JSON of the layout and the products it uses.

    Phases change no run, so they are left out.
    """
    content = {
        "layout": model.model_dump(mode="json", by_alias=True, exclude={"products", "phases"}),
        "products": {
            name: products[name].model_dump(mode="json", by_alias=True) for name in sorted(products)
        },
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
