"""What the chain can carry, what a single failure leaves, and the diagram and command of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from small_layout import HALL, ROW, changed, plant_of
from test_power_dynamics import feeders
from typer.testing import CliRunner

from twin.check import check_plant
from twin.cli.commands import app
from twin.plant import Plant, load_plant
from twin.power.capacity import (
    Bank,
    accelerators,
    banks_of,
    level_capacities,
    single_failures,
    usable_racks,
)
from twin.power.diagram import diagram
from twin.power.flow import Solver
from twin.power.what_if import extremes, single_outages
from twin.steady import solve


def banks(plant: Plant, kind: str) -> list[Bank]:
    return [bank for bank in banks_of(plant) if bank.kind == kind]


def usable(plant: Plant, firm: bool = False) -> int:
    return int(accelerators(plant)[usable_racks(plant, banks_of(plant), firm)].sum())


def test_a_design_with_reserve_runs_whole_whatever_fails() -> None:
    for name in ("pilot", "hall", "korea-260k"):
        plant = load_plant(name)
        total = plant.levels["gpu"].count
        assert usable(plant) == usable(plant, firm=True) == total
        assert {f.usable for f in single_failures(plant, banks_of(plant))} == {total}


def test_racks_that_do_not_fit_on_the_rest_are_counted() -> None:
    # 8 racks of 136 kW on two rows; each row on two panels of 500 kW: three racks on one
    plant = plant_of(changed((f"{ROW}.panels.per_row", 2)))
    assert usable(plant) == 8 * 72
    worst = single_failures(plant, banks_of(plant))[0]
    assert (worst.kind, worst.usable, worst.gpus) == ("panels", 7 * 72, 8 * 72)
    assert usable(plant, firm=True) == 6 * 72
    warned = {f.path for f in check_plant(plant) if f.check == "row-feeds"}
    assert warned == {"/site/hall/row-01"}  # one finding for both rows


def test_a_contract_too_small_leaves_racks_dark() -> None:
    plant = plant_of(changed(("sites.0.grid.contract_power", "1 MW")))
    bank = banks(plant, "contract")[0]
    per_rack = bank.load / 8
    assert usable(plant) == 72 * int(1e6 / per_rack) < 8 * 72


def test_racks_of_higher_priority_run_first() -> None:
    rows = changed()["sites"][0]["halls"][0]["rows"][0]
    low = {**rows, "id": "low", "count": 1, "position": ["4 m", "3 m"]}
    high = {**rows, "id": "high", "count": 1, "position": ["4 m", "8 m"], "priority": 5}
    plant = plant_of(
        changed((f"{HALL}.rows", [low, high]), ("sites.0.grid.contract_power", "650 kW"))
    )
    kept = usable_racks(plant, banks_of(plant))
    assert 0 < len(kept) <= 4
    paths = [plant.levels.path("rack", int(r)) for r in kept]
    assert all(path.startswith("/site/hall/high") for path in paths)


def test_distributed_feeds_are_followed_rack_by_rack() -> None:
    # racks of 136 kW on pairs of four panels: 0-1, 0-2, 0-3, 1-2. The first panel carries 204 kW;
    # without the second, 272 kW
    panel = {"extends": "generic-panel-500", "id": "panel-210", "rated_power": "210 kW"}
    scheme = {"product": "panel-210", "per_row": 4, "scheme": "distributed", "feeds_per_rack": 2}
    plant = plant_of(changed(("products", [panel]), (f"{ROW}.panels", scheme)))
    bank = banks(plant, "panels")[0]
    assert bank.masks is not None
    assert all(bin(mask).count("1") == 2 for mask in bank.masks)
    worst = single_failures(plant, banks_of(plant))[0]
    assert worst.kind == "panels"
    assert worst.usable == 7 * 72
    assert usable(plant, firm=True) <= worst.usable


def test_radial_feeders_lose_what_hangs_on_them() -> None:
    radial = plant_of(changed(feeders("radial"), (f"{HALL}.feeder", 3)))
    failures = {f.path: f.usable for f in single_failures(radial, banks_of(radial))}
    assert failures["/site/feeder-03"] == 0
    dual = plant_of(changed(feeders("dual")))
    bank = banks(dual, "feeders")
    assert len(bank) == 1
    assert single_failures(dual, bank)[0].usable == 8 * 72


def test_headroom_that_another_level_keeps_from_use_is_stranded() -> None:
    plant = load_plant("hall")
    levels = {level.kind: level for level in level_capacities(plant, banks_of(plant))}
    assert levels["UPS"].stranded == pytest.approx(0.0, abs=1.0)  # it is what limits
    for kind in ("panels", "transformers", "contract"):
        level = levels[kind]
        assert 0.0 < level.stranded < level.headroom
        assert level.headroom >= level.capacity - level.load - 1.0
    larger = load_plant("pilot")
    assert level_capacities(larger, banks_of(larger))[-1].stranded == pytest.approx(0.0, abs=1.0)


def test_outages_move_the_load_and_the_flow_shows_it() -> None:
    plant = plant_of(changed(feeders("dual"), (f"{HALL}.transformers.count", 2)))
    solver, state = Solver(plant, 0.0), solve(plant).state
    operating = solver.reader.read(state)
    before = extremes(solver.of(operating))
    cases = {(c.kind, c.out): c.worst for c in single_outages(solver, operating, banks_of(plant))}
    transformer = cases["transformers", "/site/hall/transformer-01"]
    assert transformer.loading == pytest.approx(
        2.0 * solver.of(operating).transformer_loading("hall-transformer").max(), rel=0.02
    )
    assert transformer.voltage < before.voltage
    panel = cases["panels", "/site/hall/row-01/panel-1"]
    assert panel.unserved == 0.0
    assert panel.branch.startswith("/site/hall/row-01/panel-")
    feeder = cases["feeders", "/site/feeder-01"]
    assert feeder.unserved == 0.0
    radial = plant_of(changed(feeders("radial")))
    solver = Solver(radial, 0.0)
    lost = single_outages(solver, solver.reader.read(solve(radial).state), banks_of(radial))
    dark = {c.out: c.worst.unserved for c in lost if c.kind == "feeders"}
    assert max(dark.values()) > 1e6


def test_diagram_shows_every_level_and_colours_overloads() -> None:
    plant = load_plant("hall")
    flow = Solver(plant).at(solve(plant).state)
    root = ElementTree.fromstring(diagram(flow))
    words = " ".join(t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}text"))
    for word in ("/campus", "9 of 9 x 2.5 MVA", "16 UPS x 1.25 MW", "row-05", "and 4 more rows"):
        assert word in words
    assert "#c0392b" not in diagram(flow)
    weak = {"extends": "generic-transformer-22.9kv-480v-2500", "id": "weak", "title": "weak",
            "rated_power": "500 kVA"}  # fmt: skip
    bank = (f"{HALL}.transformers", {"product": "weak", "count": 2})
    over = plant_of(changed(("products", [weak]), bank))
    assert "#c0392b" in diagram(Solver(over).at(solve(over).state))


def test_command(tmp_path: Path) -> None:
    picture = tmp_path / "hall.svg"
    arguments = ["one-line", "pilot", "--n-1", "--capacity", "--json", "--svg", str(picture)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["usable_gpus"] == {
        "installed": 576, "everything_in_service": 576, "any_single_unit_out": 576,
    }  # fmt: skip
    assert 0.9 < answer["sites"][0]["power_factor"] < 1.0
    loss = sum(branch["loss_w"] for branch in answer["branches"])
    assert loss == pytest.approx(answer["sites"][0]["network_loss_w"])
    assert {"panels", "UPS", "contract"} <= {level["kind"] for level in answer["capacity"]}
    assert len(answer["outages"]) == 3
    assert picture.read_text().startswith("<svg")
    shown = CliRunner().invoke(app, ["one-line", "pilot", "--for", "5s", "--n-1"])
    assert shown.exit_code == 0
    assert "576 installed" in shown.stdout
    assert np.isfinite(answer["buses"][0]["voltage_v"])
