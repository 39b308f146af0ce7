"""What a recording says about the factory it was made of: products, sources, sites.

Recordings keep this beside their values (``about.json``), so that a report of one needs nothing
else: not the layout, not this version's catalogue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twin import __version__

if TYPE_CHECKING:
    from twin.catalog.loader import CatalogEntry
    from twin.layout import Layout
    from twin.plant import Plant

ABOUT = "about.json"
FIGURES = "figures.json"
OWN = "given in the layout"


def about(plant: Plant) -> dict[str, Any]:
    """Version, title, sites' grid figures, and every product with the origin of its figures."""
    model = plant.layout.model
    return {
        "schema": "twin.about/1",
        "version": __version__,
        "title": model.title or model.name,
        "description": model.description,
        "currency": model.currency,
        "sites": [
            {
                "title": site.title or path,
                "path": path,
                "latitude": site.location.latitude,
                "longitude": site.location.longitude,
                "weather": site.location.weather,
                "contract_power_w": site.grid.contract_power,
                "voltage_v": site.grid.voltage,
                "price_per_j": None if site.grid.price is None else site.grid.price.value,
                "carbon_kg_per_j": site.grid.carbon_intensity,
            }
            for path, site in zip(plant.levels.paths("site"), plant.sites, strict=True)
        ],
        "products": products(plant.layout),
    }


def products(layout: Layout) -> list[dict[str, Any]]:
    """Products a layout uses, each with its figures as written: value, trust mark, source."""
    from twin.catalog.loader import bundled_catalog
    from twin.layout.products import with_own_products

    entries = with_own_products(layout.document, layout.model, bundled_catalog())
    return [_product(entries[name]) for name in layout.products if name in entries]


def _product(entry: CatalogEntry) -> dict[str, Any]:
    product = entry.product
    return {
        "id": product.id,
        "class": str(product.model_dump(by_alias=True)["class"]),
        "title": product.title,
        "vendor": product.vendor,
        "description": product.description,
        "figures": [
            {
                "key": key,
                "value": origin.written,
                "mark": origin.mark,
                "source": origin.source,
            }
            for key, origin in entry.provenance.items()
        ],
    }
