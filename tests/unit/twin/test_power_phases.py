"""Racks on single phases: shares, flow per phase, unbalance, neutral, findings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_layout import HALL, ROW, changed, layout_of, plant_of

from twin.check import Subject
from twin.check.phases import check_phases
from twin.cli.one_line import _facts
from twin.errors import InputError
from twin.plant import Plant
from twin.power.design_load import design_operating
from twin.power.diagram import diagram
from twin.power.flow import Solver
from twin.power.phase_shares import has_phases, panel_phases
from twin.power.phases import PhaseFlow, line_voltage_unbalance, phase_unbalance, solve
from twin.power.what_if import extremes

BIG = (f"{ROW}.panels", {"product": "generic-busway-1600", "per_row": 3})


def plant_with(*changes: tuple[str, Any]) -> Plant:
    return plant_of(changed(BIG, *changes))


def at_design(plant: Plant) -> PhaseFlow:
    solver = Solver(plant, tolerance=0.0)
    return solve(solver.of(design_operating(solver.model, Subject(plant).budget)))


def test_shares_by_hand() -> None:
    # four racks in turn: two on a, one each on b and c
    rotated = plant_with((f"{ROW}.phases", "rotate"))
    np.testing.assert_allclose(panel_phases(rotated), np.tile([0.5, 0.25, 0.25], (6, 1)))
    given_shares = plant_with((f"{ROW}.phase_shares", [0.5, 0.3, 0.2]))
    np.testing.assert_allclose(panel_phases(given_shares), np.tile([0.5, 0.3, 0.2], (6, 1)))
    # racks 1 to 3 hang on panels 1+2, 1+3, 2+3; the fourth on 1+2 again
    apart = plant_with(
        (f"{ROW}.phases", "rotate"),
        (f"{ROW}.panels", {"product": "generic-busway-1600", "per_row": 3,
                           "scheme": "distributed"}),
    )  # fmt: skip
    expected = np.array([[2.0, 1.0, 0.0], [2.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    np.testing.assert_allclose(panel_phases(apart)[:3], expected / expected.sum(1)[:, None])


def test_balanced_phases_are_the_balanced_flow() -> None:
    plant = plant_with()
    assert not has_phases(plant)
    both = at_design(plant)
    for phase in range(3):
        np.testing.assert_allclose(both.voltage[:, phase], both.flow.result.voltage_pu, atol=1e-7)
    np.testing.assert_allclose(both.neutral_current, 0.0, atol=1e-3)
    assert both.voltage_unbalance.max() < 1e-7


def test_currents_are_those_of_the_lines_and_the_neutral_is_their_sum() -> None:
    flow = at_design(plant_with((f"{ROW}.phases", "rotate")))
    size = np.abs(flow.current)
    np.testing.assert_allclose(size, flow.result.line_from_current[flow.panels], rtol=1e-6)
    # shares of 2, 1, 1 quarters at nearly equal voltages: the neutral carries one quarter
    assert flow.neutral_current[0] == pytest.approx(size[0].sum() / 4.0, rel=0.02)
    # 2, 1, 1 against a mean of 4/3
    np.testing.assert_allclose(flow.current_unbalance, 0.5, rtol=0.02)


def test_racks_in_threes_leave_the_neutral_empty() -> None:
    flow = at_design(plant_with((f"{ROW}.phases", "rotate"), (f"{ROW}.racks", 6)))
    assert flow.neutral_current.max() < 1e-3


def test_one_phase_carries_all_of_it() -> None:
    flow = at_design(plant_with((f"{ROW}.phases", "b")))
    size = np.abs(flow.current)
    assert np.all(size[:, [0, 2]] == 0.0)
    np.testing.assert_allclose(flow.neutral_current, size[:, 1])
    live = flow.flow.operating.power[flow.flow.model.loads.rows("racks")]
    np.testing.assert_allclose(size[:, 1], live / 0.99 / (480.0 / np.sqrt(3.0)), rtol=0.05)


def test_current_and_loading_are_those_of_the_most_loaded_conductor() -> None:
    flow = at_design(plant_with((f"{ROW}.phases", "b")))
    shown = flow.flow.line_current("panel")
    np.testing.assert_allclose(shown, np.abs(flow.current).max(axis=1), rtol=0.05)
    np.testing.assert_allclose(flow.flow.line_loading("panel"), flow.phase_loading, rtol=0.05)
    branches = [b for b in _facts(flow.flow)["branches"] if b["kind"] == "panel"]
    assert {b["current_of"] for b in branches} == {"the most loaded conductor"}
    np.testing.assert_allclose([b["current_a"] for b in branches], shown)
    worst = extremes(flow.flow)
    assert worst.loading == pytest.approx(flow.phase_loading.max(), rel=0.05)
    even = at_design(plant_with())
    assert even.flow.line_loading("panel").max() < 0.4 * worst.loading


def test_a_ups_keeps_unbalance_from_the_grid() -> None:
    behind = at_design(plant_with((f"{ROW}.phases", "a")))
    low = behind.flow.model.bus_of["hall-lv", 0]
    assert behind.voltage_unbalance[low] < 1e-7
    bare = at_design(plant_with((f"{ROW}.phases", "a"), (f"{HALL}.ups", ...)))
    low = bare.flow.model.bus_of["hall-lv", 0]
    assert bare.voltage_unbalance[low] > 1e-3


def test_definitions_by_hand() -> None:
    # line voltages of 467, 472 and 450 V: mean 463, greatest deviation 13 V (2.8 %)
    assert phase_unbalance(np.array([467.0, 472.0, 450.0])) == pytest.approx(13.0 / 463.0)
    even = np.exp(-2j * np.pi / 3.0 * np.arange(3))
    assert line_voltage_unbalance(even) == pytest.approx(0.0, abs=1e-12)
    # a common shift of the neutral is no unbalance of the lines
    assert line_voltage_unbalance(even + 0.1) == pytest.approx(0.0, abs=1e-12)
    assert line_voltage_unbalance(np.zeros(3, dtype=complex)) == 0.0


@given(st.lists(st.floats(0.0, 1e4), min_size=3, max_size=3), st.floats(0.1, 10.0))
def test_unbalance_has_no_scale_and_no_order(sizes: list[float], scale: float) -> None:
    value = float(phase_unbalance(np.array(sizes)))
    assert 0.0 <= value <= 2.0 + 1e-9
    assert float(phase_unbalance(scale * np.array(sizes[::-1]))) == pytest.approx(value, abs=1e-9)


def test_findings() -> None:
    found = list(check_phases(Subject(plant_with((f"{ROW}.phases", "rotate")))))
    assert {f.severity for f in found if "panel" in f.path} == {"warning"}
    assert "50% from their mean" in found[0].message
    assert not list(check_phases(Subject(plant_with())))
    even = plant_with((f"{ROW}.phases", "rotate"), (f"{ROW}.racks", 6))
    assert not list(check_phases(Subject(even)))


def test_the_diagram_shows_phase_currents() -> None:
    flow = at_design(plant_with((f"{ROW}.phases", "rotate")))
    assert f"N {flow.neutral_current[0]:.0f} A" in diagram(flow.flow, phases=flow)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([(f"{ROW}.phases", "d")], "phases"),
        ([(f"{ROW}.phase_shares", [0.5, 0.5, 0.5])], "sum to 1.5"),
        ([(f"{ROW}.phase_shares", [0.5, 0.5])], "phase_shares"),
        ([(f"{ROW}.phase_shares", [1.2, -0.1, -0.1])], "phase_shares"),
        ([(f"{ROW}.phases", "a"), (f"{ROW}.phase_shares", [1, 0, 0])], "either"),
    ],
)
def test_impossible_phases_are_told(changes: list[tuple[str, Any]], words: str) -> None:
    with pytest.raises(InputError) as caught:
        layout_of(changed(*changes))
    assert words in str(caught.value)
