"""Stages and layouts that the tests of OpenUSD share."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from twin.layout.loader import Layout, layout_from_document, load_layout
from twin.yaml_file import Document

LAYOUT: dict[str, Any] = {
    "schema": "twin.layout/1",
    "name": "zwei-hallen",
    "title": "두 개의 홀, Größe äöü",
    "sites": [
        {
            "id": "busan",
            "title": "부산",
            "location": {"latitude": 35.1, "longitude": 129.0, "weather": "busan"},
            "grid": {"voltage": "22.9 kV", "contract_power": "20 MW"},
            "generators": {"product": "generic-diesel-generator-3000", "count": 1},
            "plants": [
                {
                    "id": "warm",
                    "count": 2,
                    "position": ["0 m", "60 m"],
                    "pitch": ["40 m", "0 m"],
                    "supply_temperature": "36 degC",
                    "heat_rejection": {"product": "generic-dry-cooler-1200", "count": 2},
                    "pumps": {"product": "generic-pump-60", "count": 2},
                }
            ],
            "halls": [
                {
                    "id": "hall",
                    "count": 2,
                    "position": ["0 m", "0 m"],
                    "pitch": ["40 m", "0 m"],
                    "plant": "warm-{n}",
                    "crahs": {"product": "generic-crah-150", "count": 2},
                    "rows": [
                        {
                            "id": "row",
                            "count": 2,
                            "racks": 3,
                            "rack": "nvidia-gb300-nvl72",
                            "cdu": {"product": "vertiv-xdu1350", "per_row": 2},
                            "panels": {"product": "generic-busway-1600", "per_row": 2},
                        }
                    ],
                },
                {
                    "id": "annex",
                    "position": ["90 m", "0 m"],
                    "plant": "warm-01",
                    "crahs": {"product": "generic-crah-150", "count": 3},
                    "rows": [
                        {
                            "id": "row_01",
                            "racks": 2,
                            "rack": "nvidia-hgx-b200-x4",
                            "panels": {"product": "generic-panel-500", "per_row": 2},
                        },
                        {
                            "id": "row-01",
                            "racks": 2,
                            "rack": "nvidia-hgx-b200-x4",
                            "position": ["4 m", "9 m"],
                            "panels": {"product": "generic-panel-500", "per_row": 2},
                        },
                    ],
                },
            ],
        }
    ],
    "overrides": [
        {"path": "/busan/hall-01/row-01/rack-02", "position": ["9.5 m", "3.75 m"], "yaw": "30 deg"},
        {"path": "/busan/hall-02/row-02/rack-03", "product": "nvidia-gb200-nvl72"},
        {"path": "/busan/hall-02/crah-01", "enabled": False},
        {"path": "/busan/hall-01/row-01/rack-01/tray-04/gpu-2", "enabled": False},
        {"path": "/busan/hall-01/row-02/cdu-1", "supply_temperature": "38.5 degC"},
    ],
}
"""A layout with everything that makes a round trip hard: counts, overrides, names that give the
same identifier (row_01 and row-01), two products on a level, other scripts."""


def layout_of(data: dict[str, Any]) -> Layout:
    """Layout of a file's content."""
    return layout_from_document(Document(copy.deepcopy(data), {}, Path("test.yaml")))


def small() -> Layout:
    """The layout above."""
    return layout_of(LAYOUT)


def pilot() -> Layout:
    """The bundled pilot layout."""
    return load_layout("pilot")
