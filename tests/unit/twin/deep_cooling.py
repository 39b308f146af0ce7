"""The pilot with everything its cooling can have: economiser, tank, stand-by pump, rear doors."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import twin
from twin.factory import Factory
from twin.layout.loader import layout_from_document
from twin.scenario import Scenario
from twin.yaml_file import Document

ROW = "/pilot/hall-a/row-01"
CDU = f"{ROW}/cdu-1"
WARM, CHILLED = "/pilot/warm", "/pilot/chilled"
DOOR = "generic-rear-door-50"


def pilot_with(change: Callable[[dict[str, Any]], None]) -> Factory:
    """The bundled pilot after a change of its plain data."""
    data = copy.deepcopy(dict(twin.load("pilot").layout.document.data))
    change(data)
    return Factory(layout_from_document(Document(data, {}, Path("changed.yaml"))))


def deep(data: dict[str, Any]) -> None:
    """Economiser and tank on the chilled plant, a stand-by pump on the warm one, rear doors."""
    warm, chilled = data["sites"][0]["plants"]
    warm["pumps"] = {"product": "generic-pump-60", "count": 3, "required": 2}
    warm["buffer_tank"] = {"volume": "5 m**3", "height": "3 m"}
    chilled["economiser"] = {"approach": "2 K"}
    data["sites"][0]["halls"][0]["rows"][0]["rear_doors"] = {"product": DOOR}


def weather(dry: float, wet: float, **more: Any) -> Scenario:
    """Design load in constant weather [degC]."""
    kind = {"kind": "constant", "dry_bulb": f"{dry} degC", "wet_bulb": f"{wet} degC"}
    return Scenario.model_validate({"weather": kind, **more})


def load(share: float) -> list[dict[str, Any]]:
    """Workload of a share of design load."""
    point = {"utilisation": share, "compute_share": 1.0, "memory_share": 0.6}
    return [{"profile": [point]}]
