"""Separate UPS systems of a hall and the transfer switches between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_layout import HALL, ROW, changed, layout_of, plant_of
from test_power_dynamics import Run, at

from twin.channels import BY_NAME
from twin.check import Subject
from twin.check.power import check_ups
from twin.controls import Command
from twin.errors import InputError
from twin.plant import Plant, load_plant
from twin.power.capacity import banks_of, single_failures
from twin.power.design_load import design_operating
from twin.power.diagram import diagram
from twin.power.flow import Solver
from twin.power.reliability import rack_availability
from twin.power.systems import ways_of
from twin.power.what_if import single_outages
from twin.steady import Solver as Rest

OUT, BACK = {"inject": "system-failure"}, {"clear": "system-failure"}
SMALL_UPS = {"extends": "generic-ups-1250", "id": "ups-600", "rated_power": "600 kW"}


def system(number: int) -> str:
    return f"/site/hall/ups-system-{number}"


def catcher(*changes: tuple[str, Any], **ups: Any) -> Plant:
    """Three rows of four racks, each on one panel and one system; a fourth system stands by."""
    bank = {"product": "ups-600", "count": 4, "systems": 4, "scheme": "block-redundant", **ups}
    return plant_of(
        changed(
            ("products", [SMALL_UPS]),
            (f"{HALL}.ups", bank),
            (f"{ROW}.panels", {"product": "generic-busway-1600", "per_row": 1}),
            (f"{ROW}.count", 3),
            ("sites.0.grid.contract_power", "6 MW"),
            *changes,
        )
    )


def distributed(**ups: Any) -> Plant:
    """4N3: six racks in each of two rows, each on two of the row's four panels and systems."""
    bank = {"product": "ups-600", "count": 4, "systems": 4, "scheme": "distributed", **ups}
    panels = {"product": "generic-panel-500", "per_row": 4, "scheme": "distributed"}
    return plant_of(
        changed(
            ("products", [SMALL_UPS]),
            (f"{HALL}.ups", bank),
            (f"{ROW}.panels", panels),
            (f"{ROW}.racks", 6),
            ("sites.0.grid.contract_power", "6 MW"),
        )
    )


@pytest.fixture(scope="module")
def block() -> Plant:
    return catcher()


@pytest.fixture(scope="module")
def spread() -> Plant:
    return distributed()


def test_one_system_of_three_and_one_rides_through_and_comes_back(block: Plant) -> None:
    run = Run(block, at(10, system(2), **OUT), at(30, system(2), **BACK), seconds=150.0)
    out = next(e for e in run.simulation.events if e.kind == "transfer")
    assert (out.time, out.path) == (10.0, "/site/hall/row-02/panel-1")
    assert out.message == (
        "goes to its alternate ups-system-4 in 5 ms: preferred one without output"
    )
    assert not run.events("racks")
    assert not run.events("panel-supply")
    # output is back five seconds after the fault is gone, the switch a minute after that
    assert run.time_of("ups", "double conversion (was: off)") == pytest.approx(30.0, abs=6.0)
    back = run.time_of("transfer", "returns to its preferred ups-system-2")
    assert back == pytest.approx(run.time_of("ups", "(was: off)") + 60.0, abs=1.5)


def test_loads_before_and_during_the_transfer(block: Plant) -> None:
    before = Run(block, seconds=20.0)
    load, need = before.value("ups_system.load"), before.value("panel.need")
    cooling = before.value("ups_system.cooling")
    # one row each, a third of the pumps, and nothing on the reserve
    np.testing.assert_allclose(load[:3], (need + cooling[:3]) / 600e3, rtol=1e-12)
    assert load[3] == 0.0
    assert cooling[:3].sum() == pytest.approx(before.value("hall.ups_output")[0] - need.sum())
    during = Run(block, at(5, system(1), **OUT), seconds=20.0)
    load = during.value("ups_system.load")
    assert load[0] == 0.0
    assert load[3] == pytest.approx(during.value("panel.need")[0] / 600e3, rel=1e-12)
    # the pumps stay with those that panels prefer
    assert during.value("ups_system.cooling")[3] == 0.0
    assert during.value("hall.ups_output")[0] == pytest.approx(
        before.value("hall.ups_output")[0], rel=0.01
    )


def test_two_systems_out_drop_exactly_the_row_whose_alternate_is_full(block: Plant) -> None:
    # a row takes some 510 kW of 600 kW: the reserve has room for one
    run = Run(block, at(5, system(1), **OUT), at(10, system(2), **OUT), seconds=30.0)
    assert [e.path for e in run.events("transfer")] == ["/site/hall/row-01/panel-1"]
    dark = run.events("panel-supply")
    assert [e.path for e in dark] == ["/site/hall/row-02/panel-1"]
    assert "alternate no capacity left" in dark[0].message
    power = run.value("row.it_power")
    assert power[1] == 0.0
    assert np.all(power[[0, 2]] > 400e3)


def test_a_dark_row_boots_once_the_first_system_has_its_load_back(block: Plant) -> None:
    run = Run(
        block,
        at(5, system(1), **OUT),
        at(10, system(2), **OUT),
        at(20, system(1), **BACK),
        seconds=400.0,
        every=5.0,
    )
    took = [e for e in run.events("transfer") if e.path.startswith("/site/hall/row-02")]
    freed = [e for e in run.events("transfer") if "returns" in e.message]
    assert len(took) == len(freed) == 1
    assert 0.0 <= took[0].time - freed[0].time <= 1.0
    assert np.all(run.value("row.it_power") > 400e3)


def test_an_alternate_may_be_overloaded_where_its_limit_says_so() -> None:
    plant = catcher(transfer={"limit": "1.8"})
    run = Run(plant, at(5, system(1), **OUT), at(6, system(2), **OUT), seconds=100.0, every=5.0)
    assert len(run.events("transfer")) >= 2
    # 1.7 of the rating: the overload element runs out within a minute, then the static bypass
    over = run.events("ups-overload")[0]
    assert over.path == system(4)
    load = run.value("ups_system.load")[3]
    assert load > 1.5
    assert run.value("ups_system.mode")[3] == 4.0
    assert not run.events("racks")


def test_an_automatic_switch_is_too_slow_for_racks() -> None:
    plant = catcher(transfer={"kind": "automatic", "time": "2 s"})
    run = Run(plant, at(5, system(1), **OUT), seconds=30.0)
    dark = run.events("panel-supply")
    assert [e.time for e in dark] == [5.0, 7.0]
    assert "longer than equipment rides through" in dark[0].message
    assert [e.path for e in run.events("racks")][:1] == ["/site/hall/row-01"]


def test_four_systems_at_three_quarters_carry_all_with_one_out(spread: Plant) -> None:
    before = Run(spread, seconds=20.0)
    run = Run(spread, at(5, system(3), **OUT), seconds=20.0)
    load, after = before.value("ups_system.load"), run.value("ups_system.load")
    cooling = before.value("ups_system.cooling")[0]
    # six pairs of four: a rack is on each pair once in every row; with one out a third more
    assert np.ptp(load) < 1e-3 * load[0]
    racks = load[0] * 600e3 - cooling
    expected = (racks * 4.0 / 3.0 + cooling * 4.0 / 3.0) / 600e3
    left = after[[0, 1, 3]]
    np.testing.assert_allclose(left, expected, rtol=0.01)
    assert after[2] == 0.0
    assert not run.events("racks")
    # so that 75 % becomes 100 %
    assert left[0] / load[0] == pytest.approx(1.0 / 0.75, rel=0.01)


def test_two_of_four_distributed_systems_drop_the_racks_on_that_pair_only(spread: Plant) -> None:
    run = Run(spread, at(5, system(1), **OUT), at(5, system(2), **OUT), seconds=20.0)
    dark = np.flatnonzero(run.value("rack.it_power") == 0.0)
    # the first of the six pairs, in either row
    assert dark.tolist() == [0, 6]
    assert "no alternate" in run.events("panel-supply")[0].message


def test_batteries_of_every_system_carry_a_loss_of_the_grid(spread: Plant) -> None:
    run = Run(spread, at(5, "/site", inject="utility-loss"), seconds=25.0)
    assert np.all(run.value("ups_system.mode") == 3.0)
    assert np.all(run.value("ups_system.battery_power") > 0.0)
    assert run.value("hall.ups_battery_power")[0] == pytest.approx(
        run.value("ups_system.battery_power").sum()
    )
    assert len(run.events("ups")) == 4


@pytest.mark.parametrize("broken", [(), (2,), (1, 2)])
def test_power_flow_follows_the_switches(block: Plant, broken: tuple[int, ...]) -> None:
    run = Run(block, *(at(5, system(n), **OUT) for n in broken), seconds=20.0)
    state = run.simulation.state
    solver = Solver(block, tolerance=0.0)
    flow = solver.at(state)
    model, view = flow.model, state.view
    # what leaves each system's bus is what the coupled step says, losses of panels apart
    inverters = model.sources.rows("system-inverter")
    given = flow.result.source_power[inverters]
    np.testing.assert_allclose(given, view.ups_system.output * (view.ups_system.fed > 0),
                               rtol=2e-3, atol=1.0)  # fmt: skip
    live = flow.voltage("panel") > 0.9
    np.testing.assert_array_equal(live, view.panel.fed > 0)
    number = BY_NAME["panel.system"].read(block, state)
    wanted = [4 if n in broken[:1] else (0 if n in broken else n) for n in (1, 2, 3)]
    assert number.tolist() == wanted


def test_usable_gpus_with_any_system_out(block: Plant, spread: Plant) -> None:
    for plant in (block, spread):
        banks = banks_of(plant)
        bank = next(b for b in banks if b.kind == "UPS systems")
        assert bank.units == 4
        failure = next(f for f in single_failures(plant, banks) if f.kind == "UPS systems")
        assert failure.usable == failure.gpus
    # every system full: with one out a quarter of the racks is too much
    ways = ways_of(spread, 0)
    assert ways is not None
    power = np.full(len(ways.racks), 2400e3 / len(ways.racks))
    kept, load = ways.fitting(ways.racks, power, 600e3)
    assert len(kept) == 12
    np.testing.assert_allclose(load, 600e3)
    kept, load = ways.fitting(ways.racks, power, 600e3, {0})
    # three systems at 600 kW carry 1800 kW: nine racks of 200 kW
    assert len(kept) == 9
    np.testing.assert_allclose(load, [0.0, 600e3, 600e3, 600e3])
    loads, dark = ways.carried(power, {0})
    np.testing.assert_allclose(loads, [0.0, 800e3, 800e3, 800e3])
    assert not len(dark)


def test_n_minus_one_flow_moves_a_system(block: Plant, spread: Plant) -> None:
    for plant in (block, spread):
        solver = Solver(plant, tolerance=0.0)
        operating = design_operating(solver.model, Subject(plant).budget)
        cases = single_outages(solver, operating, banks_of(plant))
        case = next(c for c in cases if c.kind == "UPS systems")
        assert case.out == system(1)
        assert case.worst.unserved == pytest.approx(0.0, abs=1.0)
        assert case.worst.voltage > 0.9


def test_redundancy_shows_in_availability(block: Plant) -> None:
    alone = plant_of(
        changed((f"{HALL}.ups", {"product": "generic-ups-1250", "count": 2, "scheme": "2N"}),
                (f"{ROW}.panels", {"product": "generic-busway-1600", "per_row": 1}))
    )  # fmt: skip
    both = plant_of(
        changed((f"{HALL}.ups", {"product": "generic-ups-1250", "count": 2, "scheme": "2N"}),
                (f"{ROW}.panels", {"product": "generic-busway-1600", "per_row": 2}))
    )  # fmt: skip
    one, two = (rack_availability(p, 0).availability for p in (alone, both))
    # 8 h of 250,000 h less, and panels no longer in series
    assert two - one == pytest.approx(8.0 / 250_008.0 + 6.0 / 1_200_006.0, rel=0.01)
    assert rack_availability(block, 0).availability > 0.999


def test_findings_of_systems() -> None:
    single = plant_of(
        changed((f"{HALL}.ups", {"product": "generic-ups-1250", "count": 2, "scheme": "2N"}),
                (f"{ROW}.panels", {"product": "generic-busway-1600", "per_row": 1}))
    )  # fmt: skip
    found = [f for f in check_ups(Subject(single)) if f.check == "ups-systems"]
    assert ["4 of 8 racks" in f.message for f in found] == [True]
    over = catcher((f"{ROW}.racks", 6))
    found = list(check_ups(Subject(over)))
    assert [(f.severity, f.path) for f in found] == [("error", system(1))]
    assert not list(check_ups(Subject(catcher())))


def test_the_diagram_shows_systems_and_what_waits_for_them(block: Plant) -> None:
    run = Run(block, at(5, system(2), **OUT), seconds=10.0)
    text = diagram(Solver(block, tolerance=0.0).at(run.simulation.state))
    for words in ("ups-system-4", "1 UPS x 600 kW", "STS 2/4", "transfer switches"):
        assert words in text


@pytest.mark.parametrize(
    ("ups", "panels", "words"),
    [
        ({"scheme": "block-redundant", "systems": 3}, {}, "4 units cannot be divided into 3"),
        ({"scheme": "block-redundant"}, {}, "needs systems"),
        ({"scheme": "common", "systems": 2}, {}, "a common bus is one system"),
        ({"scheme": "2N", "systems": 4}, {}, "2N has two systems"),
        ({"transfer": {"kind": "static"}}, {}, "transfer switches need a scheme"),
        ({"scheme": "distributed", "systems": 4}, {"systems": [5]}, "5 of 4 UPS systems"),
        ({"scheme": "common"}, {"systems": [1]}, "no separate UPS systems"),
        (
            {"scheme": "distributed", "systems": 4, "transfer": {}},
            {"systems": [1, 2], "alternates": [2, 2]},
            "panel 2 prefers 2 itself",
        ),
        (
            {"scheme": "distributed", "systems": 4},
            {"systems": [1, 2], "alternates": [2, 1]},
            "ups.transfer is missing",
        ),
        ({"scheme": "2N", "transfer": {"time": "-1 s"}}, {}, "0"),
    ],
)
def test_impossible_systems_are_told_with_place_and_reason(
    ups: dict[str, Any], panels: dict[str, Any], words: str
) -> None:
    data = changed(
        (f"{HALL}.ups", {"product": "generic-ups-1250", "count": 4, **ups}),
        (f"{ROW}.panels", {"product": "generic-panel-500", "per_row": 3, **panels}),
    )
    with pytest.raises(InputError) as caught:
        layout_of(data)
    assert words in str(caught.value)
    assert "halls" in str(caught.value)


def test_layouts_without_systems_have_none() -> None:
    plant = load_plant("pilot")
    assert plant.levels["ups_system"].count == 0
    assert np.all(plant.constants.panel.system == -1)


def test_at_rest_switches_have_turned(block: Plant) -> None:
    point = Rest(block).solve([Command("inject", system(2), "system-failure")]).state
    assert point.view.panel.target.tolist() == [1.0, 2.0, 1.0]
    assert np.all(point.view.row.it_power > 400e3)
    load = point.view.ups_system.load
    assert load[1] == 0.0
    assert load[3] == pytest.approx(point.view.panel.need[1] / 600e3)
