"""The power chain of the documentation: a hundred megawatts in ten lines, as it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from small_layout import changed, plant_of

from twin.check import Subject
from twin.check.network import NETWORK_CHECKS
from twin.plant import Plant
from twin.power.capacity import banks_of, single_failures
from twin.power.design_load import design_operating
from twin.power.flow import Solver

PAGE = Path(__file__).parents[3] / "docs" / "POWER.md"


def lines() -> dict[str, Any]:
    """The first example of the page."""
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n", 1)[1].split("```", 1)[0]
    assert len(text.strip().splitlines()) == 10
    chain: dict[str, Any] = yaml.safe_load(text)
    return chain


@pytest.fixture(scope="module")
def plant() -> Plant:
    """Five such halls of the small layout's racks and cooling, enough of it."""
    data = changed()
    site, chain = data["sites"][0], lines()
    hall, own = site["halls"][0], chain.pop("halls")[0]
    row = {**hall["rows"][0], **own.pop("rows")[0]}
    site.update(chain)
    hall.update(own, rows=[row], count=5, pitch=["0 m", "60 m"], crahs={**hall["crahs"],
                                                                       "count": 20})  # fmt: skip
    for k, model in enumerate(site["plants"]):
        model["position"] = [f"{60 + 300 * k} m", "400 m"]
        model["heat_rejection"]["count"], model["pumps"]["count"] = 120, 60
    site["plants"][1]["chillers"]["count"] = 20
    return plant_of(data)


def test_it_is_a_hundred_megawatts_and_solves(plant: Plant) -> None:
    subject = Subject(plant)
    assert 95e6 < subject.budget.site_power[0] < 120e6
    solver = Solver(plant, 0.0)
    flow = solver.of(design_operating(solver.model, subject.budget))
    assert flow.connection()[0][0] == pytest.approx(subject.budget.site_power[0], rel=0.02)
    assert np.all(flow.voltage("hall-lv") > 0.95)
    assert flow.line_loading("feeder").max() < 1.0


def test_it_has_no_findings_and_keeps_every_rack_whatever_fails(plant: Plant) -> None:
    subject = Subject(plant)
    assert [f for check in NETWORK_CHECKS for f in check(subject)] == []
    total = plant.levels["gpu"].count
    chain = [f for f in single_failures(plant, banks_of(plant)) if f.kind != "plant transformers"]
    assert {f.usable for f in chain} == {total}
