"""Capacitor banks: steps by power factor, the flow with them, resonance, and what cannot be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_layout import HALL, changed, layout_of, plant_of

from twin.channels import BY_NAME
from twin.check import Subject
from twin.check.compensation import check_power_factor, check_resonance
from twin.errors import InputError
from twin.layout.power_models import CapacitorBank
from twin.plant import Plant
from twin.power.capacitors import banks_in, resonance, steps_of, steps_wanted
from twin.power.design_load import design_operating
from twin.power.diagram import diagram
from twin.power.flow import Flow, Solver
from twin.scenario import Scenario
from twin.simulation import Simulation

SITE = "sites.0.capacitors"
LEVEL = ("sites.0.grid.short_circuit_power", "500 MVA")


def bank(**more: Any) -> CapacitorBank:
    data = {"rated_power": "100 kvar", "count": 4, "target_power_factor": 0.95}
    return CapacitorBank.model_validate({**data, **more})


def with_bank(place: str = SITE, **more: Any) -> Plant:
    data = {"rated_power": "100 kvar", "count": 4, "target_power_factor": 0.995}
    return plant_of(changed(LEVEL, (place, {**data, **more})))


def at_design(plant: Plant) -> Flow:
    solver = Solver(plant, tolerance=0.0)
    return solver.of(design_operating(solver.model, Subject(plant).budget))


def test_steps_by_hand() -> None:
    # 1 MW at 0.8 takes 750 kvar; 0.95 allows 329 kvar: 421 kvar are missing
    assert steps_wanted(1e6, 750e3, bank(count=9)) == 5
    assert steps_wanted(1e6, 750e3, bank()) == 4
    assert steps_wanted(1e6, 300e3, bank()) == 0
    assert steps_wanted(-1e6, 750e3, bank()) == 0
    assert steps_wanted(0.0, 0.0, bank(control="fixed")) == 4


@given(st.floats(1e3, 1e8), st.floats(-1e8, 1e8), st.floats(1e3, 1e8))
def test_steps_never_lead_by_more_than_they_may_lag(
    power: float, reactive: float, q: float
) -> None:
    caps = bank(rated_power=f"{q} var", count=1000)
    steps = steps_wanted(power, reactive, caps)
    allowed = power * math.tan(math.acos(0.95))
    assert 0 <= steps <= 1000
    if steps:
        assert reactive - steps * q >= -allowed - 1e-6 * max(abs(reactive), q)
        assert reactive - (steps - 1) * q > allowed - 1e-6 * max(abs(reactive), q)


@pytest.mark.parametrize("place", [SITE, f"{HALL}.capacitors"])
def test_a_bank_lifts_the_power_factor_and_the_voltage(place: str) -> None:
    without, flow = at_design(plant_of(changed(LEVEL))), at_design(with_bank(place))
    model = flow.model
    (only,) = banks_in(model)
    steps = steps_of(only, flow.operating)
    assert 0 < steps <= 4
    before, after = without.connection(), flow.connection()
    volts = flow.result.voltage_pu[only.bus]
    # a shunt: its reactive power goes with the square of the voltage
    gained = before[1][0] - after[1][0]
    assert gained == pytest.approx(steps * 100e3 * volts**2, rel=0.05)
    assert flow.connection_power_factor()[0] > without.connection_power_factor()[0]
    same = without.model.bus_of[model.buses.kind[only.bus], 0]
    assert volts > without.result.voltage_pu[same]


def test_the_site_bank_reaches_its_target_with_the_fewest_steps() -> None:
    flow = at_design(with_bank())
    assert flow.connection_power_factor()[0] >= 0.995
    steps = int(flow.capacitor_steps()[0])
    power, reactive = flow.connection()
    one_less = reactive[0] + 100e3 * 0.99
    assert math.cos(math.atan2(one_less, power[0])) < 0.995
    assert steps > 0


def test_steps_follow_the_load_and_are_a_function_of_the_state() -> None:
    plant = with_bank()
    simulation = Simulation(plant, Scenario(settle="1 min"))
    simulation.advance(10.0)
    channel = BY_NAME["site.capacitor_steps"]
    busy = channel.read(plant, simulation.state)[0]
    simulation.state.view.panel.load[:] *= 0.2
    simulation.state.view.hall.power[:] *= 0.2
    idle = channel.read(plant, simulation.state)[0]
    assert 0 <= idle < busy
    fresh = Solver(plant).at(simulation.state).capacitor_steps()[0]
    assert fresh == idle


def test_resonance_by_hand() -> None:
    # 500 MVA and 20 Mvar: the fifth
    assert resonance(500e6, 1, bank(rated_power="20 Mvar")) == pytest.approx(5.0)
    # with 7 % the tuned order is 3.78; the network's share lowers it further, below the fifth
    tuned = resonance(500e6, 1, bank(rated_power="20 Mvar", detuning=0.07))
    assert tuned == pytest.approx(1.0 / math.sqrt(0.04 + 0.07))
    assert tuned < 1.0 / math.sqrt(0.07) < 5.0


def test_findings_of_resonance_steps_and_power_factor() -> None:
    near = with_bank(rated_power="10 Mvar", count=2)
    found = list(check_resonance(Subject(near)))
    # sqrt(500 / 20) = 5.0 with both steps in, sqrt(500 / 10) = 7.07 with one
    assert [f.check for f in found] == ["resonance"]
    assert "2 of 2 capacitor steps" in found[0].message
    assert "order 5.0" in found[0].message
    mended = with_bank(rated_power="10 Mvar", count=2, detuning="7 %")
    assert not list(check_resonance(Subject(mended)))
    coarse = with_bank(rated_power="20 Mvar", count=1, detuning="7 %")
    assert [f.check for f in check_resonance(Subject(coarse))] == ["capacitor-step"]
    little = with_bank(rated_power="1 kvar", count=1, target_power_factor=0.999)
    (finding,) = check_power_factor(Subject(little))
    assert "1 of 1 steps in" in finding.message
    assert not list(check_power_factor(Subject(with_bank())))


def test_the_diagram_shows_the_bank() -> None:
    flow = at_design(with_bank())
    assert f"{int(flow.capacitor_steps()[0])} of 4 x 0.1 Mvar" in diagram(flow)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([(SITE, {"rated_power": "1 Mvar", "count": 0})], "count"),
        ([(SITE, {"rated_power": "-1 Mvar", "count": 1})], "rated_power"),
        ([(SITE, {"rated_power": "1 Mvar", "count": 1, "target_power_factor": 1.2})], "target"),
        (
            [(f"{HALL}.capacitors", {"rated_power": "1 Mvar", "count": 1}),
             (f"{HALL}.transformers", ...)],
            "need its transformers",
        ),
        ([("sites.0.plants.0.capacitors", {"rated_power": "1 Mvar", "count": 1})], "need its"),
    ],
)  # fmt: skip
def test_impossible_banks_are_told(changes: list[tuple[str, Any]], words: str) -> None:
    with pytest.raises(InputError) as caught:
        layout_of(changed(*changes))
    assert words in str(caught.value)


def test_layouts_without_a_bank_solve_once() -> None:
    solver = Solver(plant_of(changed()), tolerance=0.0)
    assert solver.capacitors.stages == []
    flow = solver.of(design_operating(solver.model, Subject(solver.model.plant).budget))
    np.testing.assert_array_equal(flow.capacitor_steps(), [0.0])
