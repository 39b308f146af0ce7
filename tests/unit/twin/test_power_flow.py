"""The one-line model of a layout, solved for a simulation, and its channels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from applicable import channel_applies
from small_layout import HALL, changed, plant_of
from test_power_dynamics import at, feeders

from physics.electrical.sweep import Sweep
from twin.channels import BY_NAME, Solved
from twin.errors import InputError, NumericalError
from twin.plant import Plant, load_plant
from twin.power.flow import ACCURACY, Solver, load_scale, solver_of
from twin.power.one_line import one_line
from twin.scenario import Scenario
from twin.simulation import Simulation

MAIN = ("sites.0.transformers", {"product": "generic-transformer-154kv-60mva", "count": 2})
HIGH = ("sites.0.grid.voltage", "154 kV")
GENERATORS = ("sites.0.generators", {"product": "generic-diesel-generator-3000", "count": 2})


def running(plant: Plant, *events: Any, seconds: float = 30.0) -> Simulation:
    simulation = Simulation(plant, Scenario(settle="1 min", events=events))
    simulation.advance(seconds)
    return simulation


def chain_loss(simulation: Simulation) -> float:
    s = simulation.state.view
    return float(
        s.site.transformer_loss.sum()
        + s.hall.transformer_loss.sum()
        + s.plant.transformer_loss.sum()
        + s.row.panel_loss.sum()
    )


@pytest.mark.parametrize("name", ["pilot", "hall", "server-room", "frontier-like"])
def test_flow_of_bundled_layouts_agrees_with_the_fast_chain(name: str) -> None:
    simulation = running(load_plant(name))
    flow = Solver(simulation.plant, tolerance=0.0).at(simulation.state)
    power, _ = flow.connection()
    drawn = simulation.state.view.site.grid_power
    loss, chain = flow.loss_by_site().sum(), chain_loss(simulation)
    # currents rise as voltages fall: the network's losses are somewhat above the fast chain's
    assert chain * 0.97 < loss < chain * 1.12
    if simulation.plant.levels["ups"].count:  # behind converters the grid does not see a voltage
        loss -= flow.result.lines.loss.sum()
        chain -= simulation.state.view.row.panel_loss.sum()
    assert power == pytest.approx(drawn + loss - chain, rel=1e-6)
    assert np.all(flow.voltage("panel") > 0.95)
    assert np.all(flow.voltage("mv") <= 1.0)


def test_every_watt_at_every_bus() -> None:
    simulation = running(load_plant("hall"))
    flow = Solver(simulation.plant, tolerance=0.0).at(simulation.state)
    net, result = flow.model.network, flow.result
    balance = np.zeros(len(net.rated_voltage), dtype=np.complex128)
    np.add.at(balance, net.sources.bus, result.source_power + 1j * result.source_reactive)
    np.add.at(balance, net.loads.bus, -flow.operating.power - 1j * flow.operating.reactive)
    for table, flows in (
        (net.lines, result.lines),
        (net.transformers, result.transformers),
        (net.switches, result.switches),
    ):
        np.add.at(balance, table.from_bus, -flows.from_power - 1j * flows.from_reactive)
        np.add.at(balance, table.to_bus, -flows.to_power - 1j * flows.to_reactive)
    assert np.abs(balance).max() < 1e-6 * flow.connection()[0].sum()


def test_own_sweep_finds_the_same_voltages() -> None:
    from dataclasses import replace

    simulation = running(load_plant("pilot"))
    flow = Solver(simulation.plant, tolerance=0.0).at(simulation.state)
    net = flow.model.network
    loads = replace(net.loads, power=flow.operating.power, reactive_power=flow.operating.reactive)
    closed = {
        name: replace(getattr(net, name), closed=getattr(flow.operating, name))
        for name in ("lines", "transformers", "switches", "sources")
    }
    # transformers in parallel are a loop that a sweep does not take: one of twice the size
    transformers = closed["transformers"]
    keep = np.unique(np.stack((transformers.from_bus, transformers.to_bus)), axis=1,
                     return_index=True)[1]  # fmt: skip
    count = np.array([np.sum(transformers.to_bus == b) for b in transformers.to_bus])
    one = {
        name: getattr(transformers, name)[keep]
        * (count[keep] if name in ("rated_power", "load_loss", "no_load_loss") else 1)
        for name in transformers.__dataclass_fields__
        if name != "closed"
    }
    closed["transformers"] = type(transformers)(closed=np.ones(len(keep), dtype=np.bool_), **one)
    swept = Sweep(replace(net, loads=loads, **closed)).solve()
    assert np.abs(swept.voltage) == pytest.approx(flow.result.voltage_pu, abs=1e-6)


def test_channels_show_the_solution_and_follow_the_load() -> None:
    plant = plant_of(changed(MAIN, HIGH, feeders("dual")))
    simulation = running(plant)
    values = {
        name: channel.read(plant, simulation.state)
        for name, channel in BY_NAME.items()
        if isinstance(channel.source, Solved)
    }
    assert len(values) == 15
    for name, value in values.items():
        assert value.shape == (plant.levels[name.partition(".")[0]].count,), name
        applies = channel_applies(name, plant, simulation.state)
        assert np.array_equal(np.isfinite(value), applies), name
    assert 0.9 < values["site.power_factor"][0] < 1.0
    loss = sum(
        values[name].sum()
        for name in ("hall_transformer.loss", "site_transformer.loss", "feeder.loss",
                     "plant_transformer.loss")
    )  # fmt: skip
    assert 0.5 * values["site.network_loss"][0] < loss < values["site.network_loss"][0]
    # three conductors at the panel's voltage carry its power
    volts = 480.0 * values["panel.voltage"]
    apparent = np.sqrt(3.0) * volts * values["panel.current"] * 0.99
    carried = simulation.state.view.panel.load * 500e3
    assert apparent == pytest.approx(carried, rel=2e-3)


def test_a_solution_serves_until_the_load_moves() -> None:
    simulation = running(plant_of(changed()))
    solver = solver_of(simulation.plant)
    for name in ("site.power_factor", "hall.voltage", "panel.current"):
        simulation.channel(name)
    solved = solver.solved
    for _ in range(3):
        simulation.channel("panel.voltage")
    assert solver.solved == solved
    before = float(simulation.channel("hall.voltage")[0])
    from twin.controls import Command

    simulation.apply(Command("set", "/", "utilisation", 0.2))
    simulation.advance(60)
    assert float(simulation.channel("hall.voltage")[0]) > before
    assert solver.solved > solved


def test_what_channels_show_does_not_depend_on_what_was_asked_before() -> None:
    plant = plant_of(changed())
    first, second = running(plant), running(plant, seconds=20.0)
    solver_of(plant).at(second.state)
    second.advance(10)
    shown = [s.channel("hall.voltage").tobytes() for s in (first, second)]
    assert shown[0] == shown[1]


def test_buses_that_are_dead_show_zero() -> None:
    plant = plant_of(changed(GENERATORS))
    simulation = running(plant, at(5, "/site", inject="utility-loss"), seconds=10.0)
    assert simulation.channel("site.mv_voltage")[0] == 0.0
    assert simulation.channel("hall.voltage")[0] == 0.0
    assert simulation.channel("hall.ups_voltage")[0] > 0.99  # the inverters carry the racks
    simulation.advance(40)
    assert simulation.channel("site.mv_voltage")[0] == pytest.approx(1.0, abs=0.01)
    assert np.isnan(simulation.channel("site.power_factor")[0])  # nothing from the grid


def test_bypass_lets_the_grid_through() -> None:
    plant = plant_of(changed())
    sagging = running(
        plant,
        at(1, "/site/hall", inject="maintenance-bypass"),
        at(1, "/site", set="grid_voltage", value=0.95),
        seconds=10.0,
    )
    plain = running(plant, at(1, "/site", set="grid_voltage", value=0.95), seconds=10.0)
    low, output = (float(sagging.channel(name)[0]) for name in ("hall.voltage", "hall.ups_voltage"))
    assert output == pytest.approx(low, abs=1e-7)
    assert output < 0.95
    assert plain.channel("hall.ups_voltage")[0] > 0.99


def test_an_open_panel_carries_nothing_and_the_others_more() -> None:
    plant = plant_of(changed())
    simulation = running(plant, at(1, "/site/hall/row-01/panel-1", inject="trip"), seconds=5.0)
    current = simulation.channel("panel.current")
    assert current[0] == 0.0
    assert current[1] == pytest.approx(1.5 * current[3], rel=0.01)


def test_no_solution_names_the_weakest_bus() -> None:
    plant = plant_of(changed((f"{HALL}.transformers.count", 1)))
    simulation = running(plant, seconds=1.0)
    solver = Solver(plant)
    operating = solver.reader.read(simulation.state)
    operating.power[:] *= 40.0
    operating.reactive[:] *= 40.0
    with pytest.raises(NumericalError, match=r"/site.*: power flow has no solution; \d+%"):
        solver.of(operating)


def test_a_transformer_for_another_voltage_is_named() -> None:
    plant = plant_of(changed(("sites.0.grid.voltage", "154 kV")))
    with pytest.raises(InputError, match=r"/site/hall/transformer-01: .*voltages"):
        Solver(plant)


def test_a_rounded_load_moves_no_result_by_more_than_its_share() -> None:
    simulation = running(load_plant("pilot"))
    exact = Solver(simulation.plant, tolerance=0.0).at(simulation.state)
    near = Solver(simulation.plant).at(simulation.state)
    scale = load_scale(near.model)
    assert np.all(np.abs(near.operating.power - exact.operating.power) <= 0.5e-3 * scale + 1e-9)
    assert near.result.voltage_pu == pytest.approx(exact.result.voltage_pu, abs=1e-4 + ACCURACY)
    assert len(one_line(simulation.plant).loads) == len(scale)


def test_a_network_without_solution_ends_no_run() -> None:
    wrong = plant_of(changed(("sites.0.grid.voltage", "154 kV")))
    weak = {"extends": "generic-transformer-22.9kv-480v-2500", "id": "weak", "load_loss": "1 kW",
            "impedance_voltage": "99 %", "rated_power": "300 kVA"}  # fmt: skip
    bank = (f"{HALL}.transformers", {"product": "weak", "count": 1})
    too_weak = plant_of(changed(("products", [weak]), bank))
    for plant in (wrong, too_weak):
        simulation = running(plant, seconds=2.0)
        for name in ("site.power_factor", "panel.current", "hall_transformer.loss"):
            values = simulation.channel(name)
            assert values.shape == (plant.levels[name.partition(".")[0]].count,)
            assert np.all((values == 0.0) | np.isnan(values))
    for _ in range(2):
        with pytest.raises(NumericalError, match="power flow has no solution"):
            solver_of(too_weak).at(simulation.state)


def test_solvers_of_plants_long_gone_are_let_go() -> None:
    import gc
    import weakref

    from twin.power import flow

    plant = plant_of(changed())
    gone = weakref.ref(plant)
    first = solver_of(plant)
    assert solver_of(plant) is first
    del plant, first
    for _ in range(flow.KEPT):
        solver_of(plant_of(changed()))
    gc.collect()
    assert gone() is None
