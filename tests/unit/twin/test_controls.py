"""Controls and faults by path: limits, kinds of element, clearing, refusals that change nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from deep_cooling import deep, pilot_with
from hypothesis import given
from hypothesis import strategies as st

import twin
from twin.controls import CONTROLS, FAULTS, Command, Control, Fault, apply, check, resolve_control
from twin.errors import InputError
from twin.factory import Factory
from twin.plant import Plant
from twin.scenario import Scenario
from twin.simulation import Simulation
from twin.state import StateBuffer

ROW = "/pilot/hall-a/row-01"


def everything(data: dict[str, Any]) -> None:
    """Whatever a control may be about: rear doors, site battery, photovoltaic field."""
    deep(data)
    storage = twin.load("pilot-storage").layout.document.data
    data["products"] = storage["products"]
    data["sites"][0] |= {key: storage["sites"][0][key] for key in ("battery", "solar")}


@pytest.fixture(scope="module")
def built() -> Simulation:
    return pilot_with(everything).simulation()


def span(built: Simulation, control: Control) -> tuple[float, float]:
    """Least and greatest value of a control at the first element of its level."""
    if control.limits is None:
        return control.low, control.high
    return control.limits(built.plant, np.array([0]))


@pytest.fixture
def state(built: Simulation) -> StateBuffer:
    fresh = StateBuffer(built._counts)
    fresh.restore(built.start.snapshot())
    return fresh


def first_path(plant: Plant, level: str) -> str | None:
    return plant.levels.path(level, 0) if plant.levels[level].count else None


def written(control: Control, value: float) -> float | str:
    """A value as a command has it: text where a bare number is in a unit that nobody thinks in."""
    if not control.example or not math.isfinite(value):
        return value
    return f"{value!r} {control.unit.replace('money', 'won')}"


@pytest.mark.parametrize("control", CONTROLS, ids=lambda c: f"{c.level}.{c.key}")
def test_control_is_a_field_of_the_state_and_takes_its_limits(
    control: Control, built: Simulation, state: StateBuffer
) -> None:
    assert state.field(control.source).shape == (built.plant.levels[control.level].count,)
    path = first_path(built.plant, control.level)
    if path is None:
        return
    for value in span(built, control):
        if math.isinf(value):
            continue
        asked = Command("set", path, control.key, written(control, value))
        applied = apply(built.plant, state, built.start, asked)
        assert applied.elements == 1
        assert applied.after == value
        assert state.field(control.source)[0] == value


@pytest.mark.parametrize("control", CONTROLS, ids=lambda c: f"{c.level}.{c.key}")
def test_values_out_of_range_change_nothing(
    control: Control, built: Simulation, state: StateBuffer
) -> None:
    path = first_path(built.plant, control.level)
    if path is None:
        return
    before = state.digest()
    low, high = span(built, control)
    beyond = [low - 1.0, math.nan, -math.inf]
    if math.isfinite(high):
        beyond.append(high + 1.0)
    if not control.lifted_by_none:
        beyond.append(math.inf)
    for value in beyond:
        words = "needs its unit" if control.example and not math.isfinite(value) else "out of range"
        asked = Command("set", path, control.key, written(control, value))
        with pytest.raises(InputError, match=words) as caught:
            apply(built.plant, state, built.start, asked)
        assert caught.value.key == control.key
        assert caught.value.found
        assert caught.value.allowed
    assert state.digest() == before


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.level}.{f.name}")
def test_fault_can_be_injected_and_cleared(
    fault: Fault, built: Simulation, state: StateBuffer
) -> None:
    path = first_path(built.plant, fault.level)
    if path is None:
        return
    healthy = state.digest()
    applied = apply(built.plant, state, built.start, Command("inject", path, fault.name))
    assert state.digest() != healthy
    assert applied.elements == 1
    assert applied.before != applied.after
    apply(built.plant, state, built.start, Command("clear", path, fault.name))
    assert state.digest() == healthy


def test_a_cap_lies_between_idling_and_design_power(
    built: Simulation, state: StateBuffer, pilot: Factory
) -> None:
    def cap(value: float | str) -> float:
        command = Command("set", ROW, "power_cap", value)
        return apply(built.plant, state, built.start, command).after

    assert (cap("190 W"), cap(1400.0), cap("none"), cap(math.inf)) == (
        190,
        1400,
        math.inf,
        math.inf,
    )
    for value in ("60 kW", 60e3, "150 W", 0.0, "inf W"):
        with pytest.raises(InputError) as caught:
            cap(value)
        assert "190 to 1400 W, or none" in caught.value.allowed or "not finite" in str(caught.value)


def test_a_cdu_has_no_more_pumps_than_were_fitted(built: Simulation, state: StateBuffer) -> None:
    fitted = built.plant.constants.cdu.pumps[0]
    command = Command("set", f"{ROW}/cdu-1", "pumps_online", float(fitted) + 1.0)
    with pytest.raises(InputError, match="out of range"):
        apply(built.plant, state, built.start, command)


@pytest.mark.parametrize("mode", [3.0, 4.0])
def test_a_mode_of_the_ups_that_nobody_can_ask_for_is_refused(
    mode: float, built: Simulation, state: StateBuffer
) -> None:
    command = Command("set", "/pilot/hall-a", "ups_request", mode)
    with pytest.raises(InputError, match="without a meaning"):
        apply(built.plant, state, built.start, command)


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (Command("set", "/", "door_setpoint", "20 degC"), "rear doors"),
        (Command("set", ROW, "door_fault", 1.0), "rear doors"),
        (Command("inject", ROW, "rear-door-trip"), "rear doors"),
        (Command("set", "/pilot", "shaving_threshold", "1 MW"), "a battery"),
        (Command("set", "/pilot", "export_price", "100 won/kWh"), "a photovoltaic field"),
    ],
)
def test_what_is_not_there_is_not_controlled(
    command: Command, missing: str, pilot: Factory
) -> None:
    with pytest.raises(InputError, match=f"nothing at this path has {missing}"):
        check(pilot.plant(), command)


def test_switches_and_counts_take_whole_numbers_only(built: Simulation, state: StateBuffer) -> None:
    with pytest.raises(InputError, match="not a whole number"):
        apply(built.plant, state, built.start, Command("set", f"{ROW}/rack-01", "energised", 0.5))


def test_quantities_may_be_text_with_a_unit(built: Simulation, state: StateBuffer) -> None:
    command = Command("set", f"{ROW}/rack-01", "power_cap", "1.2 kW")
    assert apply(built.plant, state, built.start, command).after == 1200.0
    with pytest.raises(InputError, match="does not convert") as caught:
        apply(
            built.plant,
            state,
            built.start,
            Command("set", f"{ROW}/rack-01", "power_cap", "40 degC"),
        )
    assert caught.value.found == "'40 degC'"


@pytest.mark.parametrize(
    ("key", "value", "such"),
    [("price", 150.0, "150 won/kWh"), ("export_price", 0.5, "150 won/kWh"),
     ("price", "150", "EUR/kWh"), ("carbon_intensity", 1e-7, "0.41 kg/kWh")],
)  # fmt: skip
def test_a_price_needs_its_unit(
    key: str, value: float | str, such: str, built: Simulation, state: StateBuffer
) -> None:
    with pytest.raises(InputError) as caught:
        apply(built.plant, state, built.start, Command("set", "/pilot", key, value))
    assert such in str(caught.value)
    event = {"at": "1 min", "path": "/pilot", "set": key, "value": value}
    scenario = Scenario.model_validate({"events": [event]})
    storage = twin.load("pilot-storage")
    with pytest.raises(InputError, match=r"unit|currency"):
        storage.simulation(scenario)


def test_a_path_above_means_everything_below(built: Simulation, state: StateBuffer) -> None:
    for path in (ROW, "/pilot", "/"):
        command = Command("set", path, "utilisation", 0.25)
        assert apply(built.plant, state, built.start, command).elements == 8
    assert np.all(state.view.rack.utilisation == 0.25)


def test_the_element_named_goes_before_those_below_it(built: Simulation) -> None:
    # racks and accelerators both have a flow factor
    assert resolve_control(built.plant, f"{ROW}/rack-02", "flow_factor")[0].level == "rack"
    assert resolve_control(built.plant, ROW, "flow_factor")[0].level == "rack"
    gpu = built.plant.levels.path("gpu", 0)
    control, rows = resolve_control(built.plant, gpu, "flow_factor")
    assert (control.level, rows.tolist()) == ("gpu", [0])


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Command("set", "/pilot", "online", 0.0), "several kinds"),
        (Command("set", "/", "fouling", 0.2), "several kinds"),
        (Command("inject", "/pilot/hall-a", "trip"), "several kinds"),
        (Command("set", "/pilot", "colour", 1.0), "unknown control"),
        (Command("set", f"{ROW}/rack-99", "utilisation", 1.0), "no 'rack-99'"),
        (Command("set", "rack-01", "utilisation", 1.0), "not a path"),
        (Command("set", f"{ROW}/rack-01", "valve_fault", 1.0), "nothing at this path"),
        (Command("set", f"{ROW}/rack-01", "utilisation", None), "value is missing"),
        (Command("set", f"{ROW}/rack-01", "utilisation", "a lot"), "not a number"),
        (Command("inject", f"{ROW}/rack-01", "gremlins"), "unknown fault"),
        (Command("inject", "/", "breaker-open"), "needs the path"),
        (Command("clear", f"{ROW}/rack-01", "valve-stuck"), "nothing at this path"),
    ],
)
def test_commands_that_cannot_be_meant_are_refused(
    built: Simulation, state: StateBuffer, command: Command, words: str
) -> None:
    before = state.digest()
    with pytest.raises(InputError, match=words) as caught:
        apply(built.plant, state, built.start, command)
    assert caught.value.key
    with pytest.raises(InputError, match=words):
        check(built.plant, command)
    assert state.digest() == before


def test_pumps_fail_one_after_the_other_and_all_come_back(
    built: Simulation, state: StateBuffer
) -> None:
    path = built.plant.levels.path("cdu", 0)
    fitted = float(built.start.view.cdu.pumps_online[0])
    for failed in range(1, 5):
        apply(built.plant, state, built.start, Command("inject", path, "pump-failure"))
        assert state.view.cdu.pumps_online[0] == max(fitted - failed, 0.0)
    apply(built.plant, state, built.start, Command("clear", path, "pump-failure"))
    assert state.view.cdu.pumps_online[0] == fitted


@given(value=st.floats(0.0, 1.0), rack=st.integers(0, 7))
def test_setting_one_rack_leaves_the_others(built: Simulation, value: float, rack: int) -> None:
    state = StateBuffer(built._counts)
    state.restore(built.start.snapshot())
    path = built.plant.levels.path("rack", rack)
    apply(built.plant, state, built.start, Command("set", path, "utilisation", value))
    changed = np.flatnonzero(state.buffer != built.start.buffer)
    assert len(changed) <= 1
    assert state.view.rack.utilisation[rack] == value


def test_a_fault_of_the_site_may_be_put_at_the_root_of_any_layout(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.apply(Command("inject", "/", "utility-loss"))
    assert simulation.events[-1].path == "/pilot"
    simulation.advance(30.0)
    assert simulation.state.view.site.grid_power[0] == 0.0
    simulation.apply(Command("clear", "/", "utility-loss"))
    assert simulation.state.view.site.grid_available[0] == 1.0
    with pytest.raises(InputError, match="needs the path of an element"):
        simulation.apply(Command("inject", "/", "trip"))


def test_events_of_set_points_tell_their_unit(pilot: Factory) -> None:
    """Prices as they were written: money per joule is nobody's."""
    simulation = pilot.simulation()
    simulation.apply(Command("set", "/pilot/hall-a/row-01/cdu-1", "supply_setpoint", "108 degF"))
    simulation.apply(Command("set", "/pilot", "price", "200 won/kWh"))
    texts = [event.message for event in simulation.events]
    assert texts == ["supply_setpoint set from 40 to 42.222 degC", "price set to 200 won/kWh"]
