"""An 800 VDC hall: rectifiers instead of UPS, busways for direct current, DC/DC in the racks."""

from __future__ import annotations

import numpy as np
import pytest
from small_layout import HALL, ROW, changed, plant_of

from twin.catalog import bundled_catalog
from twin.check import check_plant
from twin.cli.export import _supply_of
from twin.cli.one_line import _facts
from twin.plant import Plant
from twin.power.fault_level import fault_levels
from twin.power.flow import Solver
from twin.steady import solve
from twin.usd.aif_values import Supply
from twin.usd.connection_points import connection_points


def plants() -> tuple[Plant, Plant]:
    """The small layout, and the same on 800 VDC."""
    rack = {"extends": "nvidia-gb300-nvl72", "id": "dc-rack",
            "power_shelf": "generic-dcdc-800v-110kw", "power_shelves": 2}  # fmt: skip
    direct = changed(
        ("products", [rack]),
        (f"{HALL}.ups.product", "generic-rectifier-800vdc-1250"),
        (f"{ROW}.rack", "dc-rack"),
        (f"{ROW}.panels", {"product": "generic-busway-800vdc-1600", "per_row": 2}),
    )
    return plant_of(changed()), plant_of(direct)


def test_the_chain_loses_less_and_its_current_is_that_of_two_poles() -> None:
    alternating, direct = (solve(plant) for plant in plants())
    loss = [
        1.0 - point.state.view.rack.gpu_power.sum() / point.state.view.hall.power.sum()
        for point in (alternating, direct)
    ]
    assert 0.02 < loss[0] - loss[1] < 0.06
    solver = Solver(direct.plant, 0.0)
    flow = solver.at(direct.state)
    carried = direct.state.view.panel.load * 1.6e6
    volts = 800.0 * flow.voltage("panel")
    assert flow.line_current("panel") * volts == pytest.approx(carried, rel=1e-6)
    chain = direct.state.view.row.panel_loss.sum()
    assert flow.line_loss("panel").sum() == pytest.approx(chain, rel=0.02)
    reactive = flow.result.lines.from_reactive[solver.model.lines.rows("panel")]
    assert np.abs(reactive).max() < 1.0


def test_checks_know_the_voltage_and_that_converters_feed_no_fault() -> None:
    _, direct = plants()
    assert check_plant(direct) == []
    levels = fault_levels(Solver(direct).model)
    assert levels.initial_current[Solver(direct).model.bus_of["ups", 0]] == 0.0
    wrong = changed((f"{HALL}.ups.product", "generic-rectifier-800vdc-1250"))
    found = [f.message for f in check_plant(plant_of(wrong)) if f.check == "voltages"]
    assert found
    assert all("panels for 480 V on 800 V" in message for message in found)


def test_tables_show_the_current_of_each_pole() -> None:
    _, direct = plants()
    flow = Solver(direct, 0.0).at(solve(direct).state)
    branches = _facts(flow)["branches"]
    panels = [b for b in branches if b["kind"] == "panel"]
    assert [b["current_a"] for b in panels] == pytest.approx(flow.line_current("panel"))
    for branch in panels:
        assert branch["current_of"] == "each pole"
        # what the sending end carries at 800 V and the bus's 100 %
        assert branch["current_a"] == pytest.approx(branch["power_w"] / 800.0, rel=1e-3)
    others = {b["kind"]: b["current_of"] for b in branches if b["kind"] != "panel"}
    assert set(others.values()) == {"each primary conductor"}


def current(product: str, point: str, supply: Supply) -> float:
    """Of a connection point of a product of the catalogue [A]."""
    points = connection_points(bundled_catalog()[product].product, supply)
    return next(p.values["maxCurrent"] for p in points if p.name == point)


def test_connection_points_on_direct_current_have_neither_phases_nor_frequency() -> None:
    alternating, direct = (_supply_of(plant) for plant in plants())
    assert alternating == Supply(480.0)
    assert direct == Supply(480.0, direct_voltage=800.0)
    rack, unit = "nvidia-gb300-nvl72", "generic-rectifier-800vdc-1250"
    power = bundled_catalog()[rack].product.provisioned_power
    assert current(rack, "electrical_feed", direct) == pytest.approx(power / 800.0)
    assert current(rack, "electrical_feed", alternating) == pytest.approx(
        power / (np.sqrt(3.0) * 480.0 * 0.99)
    )
    assert current(unit, "electrical_output", direct) == pytest.approx(1250e3 / 800.0)
    assert current(unit, "electrical_input", direct) == pytest.approx(
        1250e3 / (np.sqrt(3.0) * 480.0 * 0.99)
    )
    feed = next(p for p in connection_points(bundled_catalog()[rack].product, direct)
                if p.name == "electrical_feed")  # fmt: skip
    assert (feed.values["phases"], feed.values["frequency"]) == (0, 0.0)
