"""An 800 VDC hall: rectifiers instead of UPS, busways for direct current, DC/DC in the racks."""

from __future__ import annotations

import numpy as np
import pytest
from small_layout import HALL, ROW, changed, plant_of

from twin.check import check_plant
from twin.plant import Plant
from twin.power.fault_level import fault_levels
from twin.power.flow import Solver
from twin.steady import solve


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
