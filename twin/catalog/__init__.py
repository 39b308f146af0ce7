"""The equipment catalogue: typed product specifications and their sources."""

from twin.catalog.loader import Catalog, CatalogEntry, Provenance, bundled_catalog, load_folder
from twin.catalog.specs import Product

__all__ = ["Catalog", "CatalogEntry", "Product", "Provenance", "bundled_catalog", "load_folder"]
