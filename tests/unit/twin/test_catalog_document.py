"""The catalogue page says what the files say."""

from __future__ import annotations

from pathlib import Path

from twin.catalog import bundled_catalog
from twin.catalog.document import CLASS_TITLES, document
from twin.catalog.specs import PRODUCT_CLASSES

PAGE = Path(__file__).parents[3] / "docs" / "CATALOGUE.md"


def test_page_is_up_to_date():
    """If this fails: python -m twin.catalog.document > docs/CATALOGUE.md"""
    assert PAGE.read_text(encoding="utf-8") == document(bundled_catalog().values())


def test_every_class_has_a_title():
    assert set(CLASS_TITLES) == set(PRODUCT_CLASSES)


def test_page_holds_figure_mark_and_source():
    entry = bundled_catalog()["nvidia-b300-gb300"]
    page = document([entry])
    assert "| thermal_design_power | 1400 W<sup>B</sup> |" in page
    assert entry.provenance["die_resistance"].source in page
    for key in entry.provenance:
        assert key in page


def test_tables_are_rectangular():
    rows: list[int] = []
    for line in document(bundled_catalog().values()).splitlines():
        if line.startswith("|"):
            rows.append(line.count("|"))
        else:
            assert len(set(rows)) <= 1
            rows = []
