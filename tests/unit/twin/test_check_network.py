"""Findings about the network: islands, loops, taps, short-circuit levels, voltages, overloads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_layout import HALL, changed, plant_of
from test_power_dynamics import feeders

from twin.check import Finding, Subject, check_plant
from twin.check.network import _as_built, loops
from twin.plant import load_plant
from twin.power.design_load import design_operating
from twin.power.fault_level import fault_levels
from twin.power.one_line import one_line

LEVEL = ("sites.0.grid.short_circuit_power", "500 MVA")


def findings(check: str, *changes: tuple[str, Any]) -> list[Finding]:
    return [f for f in check_plant(plant_of(changed(LEVEL, *changes))) if f.check == check]


def test_level_behind_one_transformer_is_the_textbook_one() -> None:
    model = one_line(load_plant("pilot"))
    levels = fault_levels(model)
    # 500 MVA grid, one 2.5 MVA unit of 6 % with 19 kW load loss, IEC 60909-0 by hand
    c, volts, grid = 1.1, 480.0, 500e6
    r = 19e3 / 2.5e6
    x = np.sqrt(0.06**2 - r**2)
    factor = 0.95 * 1.1 / (1.0 + 0.6 * x)
    transformer = factor * (r + 1j * x) * volts**2 / 2.5e6
    source = c * volts**2 / grid
    upstream = source / np.sqrt(1.0 + 0.1**2) * (0.1 + 1j)
    current = c * volts / np.sqrt(3.0) / abs(transformer + upstream)
    low = model.bus_of["hall-lv", 0]
    assert levels.initial_current[low] == pytest.approx(current, rel=1e-9)
    assert 45e3 < current < 55e3
    # the bypass passes it on to the panels' breakers
    assert levels.initial_current[model.bus_of["ups", 0]] == pytest.approx(current, rel=1e-9)
    # and at the connection it is the grid's own
    at_grid = levels.power[model.bus_of["grid", 0]]
    assert at_grid == pytest.approx(500e6, rel=1e-9)


def test_too_many_transformers_on_one_section() -> None:
    assert findings("fault-levels") == []
    found = findings("fault-levels", (f"{HALL}.transformers.parallel", 3))
    assert [(f.severity, f.path) for f in found] == [("error", "/site/hall/row-01")]
    assert "over the 65 kA that generic-panel-500 takes" in found[0].message
    board = (f"{HALL}.switchgear", "generic-lv-switchboard-2500")
    found = findings("fault-levels", (f"{HALL}.transformers.parallel", 3), board)
    assert {f.path for f in found} == {"/site/hall", "/site/hall/row-01"}


def test_switchgear_without_a_rating_is_told() -> None:
    data = changed(LEVEL)
    bare = {
        "id": "bare-panel", "class": "distribution", "kind": "panel", "title": "panel",
        "vendor": "none", "description": "bare",
        "width": "0.8 m", "depth": "1.2 m", "height": "2.2 m", "mass": "480 kg",
        "rated_power": "500 kW", "voltage": "480 V", "rated_loss_share": "0.25 %",
    }  # fmt: skip
    data["products"] = [bare]
    data["sites"][0]["halls"][0]["rows"][0]["panels"]["product"] = "bare-panel"
    found = [f for f in check_plant(plant_of(data)) if f.check == "fault-levels"]
    assert [(f.severity, f.path) for f in found] == [("warning", "/site/hall/row-01")]
    assert "no short-circuit rating of bare-panel" in found[0].message


def test_taps_that_are_not_there() -> None:
    found = findings("taps", (f"{HALL}.transformers.tap", 3))
    assert [(f.severity, f.path) for f in found] == [("error", "/site/hall")]
    assert "tap +3 of a transformer that has 2 steps of 2.50%" in found[0].message
    assert findings("taps", (f"{HALL}.transformers.tap", -2)) == []


def test_a_tap_moves_the_voltage() -> None:
    from twin.check.network import Solver

    def low(tap: int) -> float:
        plant = plant_of(changed(LEVEL, (f"{HALL}.transformers.tap", tap)))
        solver = Solver(plant, 0.0)
        operating = design_operating(solver.model, Subject(plant).budget)
        return float(solver.of(operating).voltage("hall-lv")[0])

    assert low(-2) / low(0) == pytest.approx(1.0 / 0.95, rel=2e-3)


def test_what_is_out_of_service_leaves_an_island() -> None:
    data = changed(LEVEL, (f"{HALL}.ups", ...))
    data["overrides"] = [
        {"path": f"/site/hall/transformer-0{i}", "enabled": False} for i in (1, 2, 3)
    ]
    found = [f for f in check_plant(plant_of(data)) if f.check == "islands"]
    assert [f.path for f in found] == ["/site/hall (low-voltage bus)"]
    assert "and 6 more buses" in found[0].message
    data["overrides"] = [{"path": "/site/hall/row-01/panel-2", "enabled": False}]
    found = [f for f in check_plant(plant_of(data)) if f.check == "islands"]
    assert [f.path for f in found] == ["/site/hall/row-01/panel-2"]


def test_a_closed_ring_is_a_loop() -> None:
    plant = plant_of(changed(LEVEL, feeders("dual")))
    model = one_line(plant)
    network = _as_built(model, design_operating(model, Subject(plant).budget))
    assert list(loops(model, network)) == []
    closed = np.array([kind != "bypass" for kind in model.switches.kind])
    ring = replace(network, switches=replace(network.switches, closed=closed))
    found = list(loops(model, ring))
    assert len(found) == 3  # the hall's and both plants' second switches
    assert all("closes a loop" in f.message for f in found)
    assert all(f.path.endswith("(switch to the other feeder)") for f in found)


def transformers(count: int, **product: Any) -> tuple[tuple[str, Any], ...]:
    own = {"extends": "generic-transformer-22.9kv-480v-2500", "id": "own", **product}
    return ("products", [own]), (f"{HALL}.transformers", {"product": "own", "count": count})


def test_low_voltage() -> None:
    found = findings("voltage", *transformers(1, impedance_voltage="60 %"))
    assert [(f.severity, f.path) for f in found] == [("warning", "/site/hall (low-voltage bus)")]
    found = findings("voltage", *transformers(1, impedance_voltage="85 %"))
    assert [f.severity for f in found] == ["error"]


def test_an_overload_is_told_once() -> None:
    # transformers' reactive power brings them over the rating that their load alone does not reach
    found = findings("overload", *transformers(2, rated_power="615 kVA"))
    assert [f.path for f in found] == ["/site/hall/transformer-01"]
    assert findings("transformers", *transformers(2, rated_power="500 kVA"))
    assert findings("overload", *transformers(2, rated_power="500 kVA")) == []


def test_a_load_without_solution() -> None:
    weak = transformers(1, impedance_voltage="99 %", rated_power="300 kVA", load_loss="1 kW")
    found = findings("power-flow", *weak)
    assert [(f.severity, f.path) for f in found] == [("error", "/site/hall (low-voltage bus)")]
    assert "no solution" in found[0].message


def test_a_feeder_too_small() -> None:
    found = findings("overload", feeders("radial", rated_power="700 kVA"), (f"{HALL}.feeder", 2))
    assert [f.path for f in found] == ["/site/feeder-02"]
    assert findings("overload", feeders("radial"), (f"{HALL}.feeder", 2)) == []
