"""A small layout as plain data, for tests to change, and ways to load and compile it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from twin import yaml_file
from twin.layout.loader import Layout, layout_from_document
from twin.plant import Plant, compile_plant

FILE = Path("small.yaml")

SMALL: dict[str, Any] = {
    "schema": "twin.layout/1",
    "name": "small",
    "sites": [
        {
            "id": "site",
            "location": {"latitude": 37.5, "longitude": 127.0, "weather": "seoul"},
            "grid": {"voltage": "22.9 kV", "contract_power": "3 MW"},
            "plants": [
                {
                    "id": "warm",
                    "position": ["0 m", "30 m"],
                    "coolant": "PG25",
                    "supply_temperature": "36 degC",
                    "heat_rejection": {"product": "generic-dry-cooler-1200", "count": 3},
                    "pumps": {"product": "generic-pump-60", "count": 2},
                },
                {
                    "id": "chilled",
                    "position": ["40 m", "30 m"],
                    "coolant": "PG25",
                    "supply_temperature": "16 degC",
                    "heat_rejection": {"product": "generic-adiabatic-cooler-1500", "count": 2},
                    "chillers": {"product": "mcquay-wsc-471", "count": 2},
                    "pumps": {"product": "generic-pump-15", "count": 2},
                },
            ],
            "halls": [
                {
                    "id": "hall",
                    "position": ["0 m", "0 m"],
                    "plant": "warm",
                    "air_plant": "chilled",
                    "crahs": {"product": "generic-crah-150", "count": 4},
                    "ups": {"product": "generic-ups-1250", "count": 3},
                    "transformers": {"product": "generic-transformer-22.9kv-480v-2500", "count": 3},
                    "rows": [
                        {
                            "id": "row",
                            "count": 2,
                            "racks": 4,
                            "rack": "nvidia-gb300-nvl72",
                            "cdu": {"product": "vertiv-xdu1350", "per_row": 2},
                            "panels": {"product": "generic-panel-500", "per_row": 3},
                        }
                    ],
                }
            ],
        }
    ],
}


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The small layout with keys set (a dotted path; numbers index lists) or, by ..., removed."""
    data = copy.deepcopy(SMALL)
    for path, value in changes:
        *parents, last = [int(word) if word.isdigit() else word for word in path.split(".")]
        place: Any = data
        for word in parents:
            place = place[word]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return data


ROW = "sites.0.halls.0.rows.0"
HALL = "sites.0.halls.0"


def layout_of(data: dict[str, Any]) -> Layout:
    """Load plain data as if it stood in a file; keys have the lines of its YAML."""
    text = yaml.safe_dump(data, sort_keys=False)
    return layout_from_document(yaml_file.parse(text, FILE))


def plant_of(data: dict[str, Any], seed: int = 0) -> Plant:
    """Load and compile plain data."""
    return compile_plant(layout_of(data), seed)


def line_of(data: dict[str, Any], *words: str | int) -> int | None:
    """Line of a key in the YAML of ``data``."""
    return yaml_file.parse(yaml.safe_dump(data, sort_keys=False), FILE).line(words)
