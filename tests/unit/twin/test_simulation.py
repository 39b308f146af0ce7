"""Whole runs of the pilot: energy, reproducibility, time, events, and what figures come out."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numba
import numpy as np
import pytest
from deep_cooling import deep, pilot_with
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.controls import FAULTS, Command
from twin.errors import InputError, NumericalError
from twin.factory import Factory
from twin.layout.loader import bundled_layouts
from twin.scenario import Load, Scenario, TimedEvent, Workload
from twin.simulation import Simulation

ROW = "/pilot/hall-a/row-01"
RACK = f"{ROW}/rack-01"


def loads(*points: dict[str, object], path: str = "/") -> Workload:
    return Workload(path=path, profile=tuple(Load.model_validate(point) for point in points))


def busy(share: float = 1.0) -> tuple[Workload, ...]:
    return (loads({"utilisation": share, "compute_share": 1.0, "memory_share": 0.6}),)


# --- energy ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", sorted(bundled_layouts()))
def test_every_joule_is_accounted_for_in_every_layout(layout: str) -> None:
    simulation = Factory.load(layout).simulation()
    simulation.advance(120.0)
    assert abs(simulation.energy_residual()) < 1e-6


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.level}.{f.name}")
def test_every_joule_is_accounted_for_under_every_fault(pilot: Factory, fault: object) -> None:
    doors = fault.name == "rear-door-trip"  # type: ignore[attr-defined]
    simulation = (pilot_with(deep) if doors else pilot).simulation()
    level = simulation.plant.levels[fault.level]  # type: ignore[attr-defined]
    simulation.advance(60.0)
    for row in range(min(level.count, 2)):
        path = simulation.plant.levels.path(level.name, row)
        simulation.apply(Command("inject", path, fault.name))  # type: ignore[attr-defined]
        simulation.advance(60.0)
    simulation.advance(240.0)
    assert np.isfinite(simulation.state.buffer[~np.isinf(simulation.state.buffer)]).all()
    assert abs(simulation.energy_residual()) < 1e-6
    for row in range(min(level.count, 2)):
        path = simulation.plant.levels.path(level.name, row)
        simulation.apply(Command("clear", path, fault.name))  # type: ignore[attr-defined]
    simulation.advance(120.0)
    assert abs(simulation.energy_residual()) < 1e-6


@settings(max_examples=15)
@given(data=st.data())
def test_every_joule_is_accounted_for_whatever_operators_do(
    pilot: Factory, data: st.DataObject
) -> None:
    simulation = pilot.simulation()
    levels = simulation.plant.levels
    for _ in range(data.draw(st.integers(1, 6))):
        fault = data.draw(
            st.sampled_from(
                [f for f in FAULTS if levels[f.level].count and f.name != "rear-door-trip"]
            )
        )
        row = data.draw(st.integers(0, levels[fault.level].count - 1))
        kind = data.draw(st.sampled_from(["inject", "clear"]))
        simulation.apply(Command(kind, levels.path(fault.level, row), fault.name))
        simulation.apply(Command("set", "/", "utilisation", data.draw(st.floats(0.0, 1.0))))
        simulation.advance(data.draw(st.sampled_from([1.0, 7.0, 60.0])))
        assert abs(simulation.energy_residual()) < 1e-6


def test_powers_add_up(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(300.0)
    site, plant = simulation.state.view.site, simulation.plant.constants
    parts = site.it_power + site.cooling_power + site.loss_power + plant.site.house_power
    assert site.facility_power == pytest.approx(parts, rel=1e-12)


# --- reproducibility ------------------------------------------------------------------------------


def test_same_seed_same_bits(pilot: Factory) -> None:
    digests = set()
    for _ in range(2):
        simulation = Factory.load("pilot").simulation(seed=3)
        simulation.advance(120.0)
        digests.add(simulation.digest())
    assert len(digests) == 1
    other = pilot.simulation(seed=4)
    other.advance(120.0)
    assert other.digest() not in digests


@pytest.fixture
def two_threads() -> Iterator[int]:
    available = numba.config.NUMBA_NUM_THREADS
    if available < 2:
        pytest.skip("one core: nothing to compare")
    yield 2
    numba.set_num_threads(available)


def test_the_number_of_threads_does_not_matter(pilot: Factory, two_threads: int) -> None:
    digests = {}
    for threads in (1, two_threads):
        simulation = pilot.simulation(Scenario(threads=threads))
        simulation.threaded = True
        simulation.apply(Command("inject", RACK, "blockage"))
        simulation.advance(120.0)
        assert numba.get_num_threads() == threads
        digests[threads] = simulation.digest()
    assert digests[1] == digests[two_threads]


def test_how_a_caller_cuts_the_time_does_not_matter(pilot: Factory) -> None:
    scenario = Scenario(
        workload=(
            loads(
                {"utilisation": 0.1},
                {"at": "30 s", "utilisation": 1.0, "ramp": "45 s"},
                {"at": "2 min", "utilisation": 0.3},
            ),
        ),
        events=(TimedEvent(at="70 s", path=RACK, inject="blockage"),),
    )
    digests = set()
    for cut in (200.0, 10.0, 7.0, 1.0):
        simulation = pilot.simulation(scenario)
        while simulation.time < 200.0 - 1e-9:
            simulation.advance(min(cut, 200.0 - simulation.time))
        digests.add(simulation.digest())
    assert len(digests) == 1


def test_snapshot_rewind_and_branch_are_exact(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(61.0)
    snapshot = simulation.snapshot()
    simulation.advance(77.0)
    straight = simulation.digest()

    simulation.apply(Command("inject", RACK, "isolation"))
    simulation.advance(50.0)
    assert simulation.digest() != straight

    simulation.restore(snapshot)  # rewind
    assert simulation.time == 61.0
    simulation.advance(77.0)
    assert simulation.digest() == straight

    branch = Simulation(simulation.plant, simulation.scenario)
    branch.restore(snapshot)
    branch.advance(77.0)
    assert branch.digest() == straight


@settings(max_examples=10)
@given(before=st.integers(0, 150), after=st.integers(1, 150))
def test_a_snapshot_anywhere_goes_on_bit_by_bit(pilot: Factory, before: int, after: int) -> None:
    scenario = Scenario(
        workload=(loads({"utilisation": 0.2}, {"at": "50 s", "utilisation": 1, "ramp": "60 s"}),),
        events=(
            TimedEvent(at="20 s", path=RACK, inject="blockage"),
            TimedEvent(at="90 s", path=RACK, clear="blockage"),
        ),
    )
    one = pilot.simulation(scenario)
    if before:
        one.advance(before)
    other = Simulation(one.plant, scenario)
    other.restore(one.snapshot())
    one.advance(after)
    other.advance(after)
    assert one.digest() == other.digest()


# --- time, workload and events --------------------------------------------------------------------


def test_time_advances_in_whole_steps(pilot: Factory) -> None:
    simulation = pilot.simulation(Scenario(step="500 ms"))
    simulation.advance(2.0)
    assert (simulation.time, simulation.steps) == (2.0, 4)
    simulation.advance(0.1)  # never stands still
    assert simulation.steps == 5


def test_a_ramp_moves_every_second_and_ends_exactly(pilot: Factory) -> None:
    scenario = Scenario(
        workload=(loads({"utilisation": 0.0}, {"at": "10 s", "utilisation": 1.0, "ramp": "4 s"}),)
    )
    simulation = pilot.simulation(scenario)
    seen = []
    for _ in range(16):
        simulation.advance(1.0)  # the value during the step that begins at 0, 1, 2 ... s
        seen.append(round(float(simulation.channel("rack.utilisation")[0]), 9))
    assert seen == [0.0] * 11 + [0.25, 0.5, 0.75, 1.0, 1.0]


def test_a_command_holds_until_the_next_point(pilot: Factory) -> None:
    scenario = Scenario(workload=(loads({"utilisation": 0.5}, {"at": "30 s", "utilisation": 0.9}),))
    simulation = pilot.simulation(scenario)
    simulation.advance(10.0)
    simulation.apply(Command("set", "/", "utilisation", 0.1))
    simulation.advance(20.0)
    assert simulation.channel("rack.utilisation")[0] == 0.1
    simulation.advance(1.0)
    assert simulation.channel("rack.utilisation")[0] == 0.9


def test_workloads_by_path_apply_to_their_racks_only(pilot: Factory) -> None:
    simulation = pilot.simulation(
        Scenario(workload=(*busy(0.2), loads({"utilisation": 1.0}, path=RACK)))
    )
    simulation.advance(5.0)
    assert simulation.channel("rack.utilisation").tolist() == [1.0] + [0.2] * 7


def test_events_happen_in_time_and_are_logged(pilot: Factory) -> None:
    scenario = Scenario(
        events=(
            TimedEvent(at="20 s", path=RACK, set="power_cap", value="900 W"),
            TimedEvent(at="10 s", path=ROW, inject="blocked-aisle"),
        )
    )
    simulation = pilot.simulation(scenario)
    simulation.advance(10.0)
    assert not simulation.events
    simulation.advance(20.0)
    assert [(e.time, e.kind, e.path) for e in simulation.events][:2] == [
        (10.0, "inject", ROW),
        (20.0, "set", RACK),
    ]


def test_throttling_is_told_once_and_its_end_too(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(200.0)
    assert not simulation.events
    simulation.apply(Command("inject", RACK, "isolation"))
    simulation.advance(120.0)
    kinds = [event.kind for event in simulation.events if event.path == RACK]
    # without coolant they shut down, one by one, then all; the rest of the rack follows
    assert kinds == ["inject", "throttling", "gpus-off", "gpus-off", "rack-too-hot"]
    assert simulation.events[-2].message.startswith("all 72 GPUs off")
    assert " GPUs slowed, " in simulation.events[1].message
    assert "degC" in simulation.events[-1].message
    assert simulation.logged == len(simulation.events)
    simulation.apply(Command("clear", RACK, "isolation"))
    simulation.advance(300.0)
    assert [event.kind for event in simulation.events if event.path == RACK][5:] == [
        "clear",
        "rack-cooled",
    ]


def test_a_number_that_is_none_stops_the_run_and_names_the_rack(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(5.0)
    first = int(simulation.plant.constants.rack.first_gpu[2])
    simulation.state.view.gpu.die_temperature[first] = math.nan
    simulation.state.view.rack.calm[2] = 0.0  # nobody looks into racks at rest
    with pytest.raises(NumericalError, match=f"{ROW}/rack-03") as caught:
        simulation.advance(50.0)
    assert caught.value.exit_code == 3
    assert simulation.time == 5.0  # before the step that failed, for a snapshot that reproduces it


def test_heat_out_of_nowhere_stops_the_run(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(60.0)
    assert abs(simulation.energy_residual()) < 1e-9
    simulation.state.view.plant.supply_temperature[0] += 30.0
    with pytest.raises(NumericalError, match=r"^/pilot: energy in and out differ by [\d.]+ of"):
        simulation.advance(60.0)
    assert simulation.time == 60.0


def test_accelerators_a_layout_switches_off_stay_off(pilot: Factory) -> None:
    from twin.layout.loader import layout_from_document
    from twin.yaml_file import Document

    data = dict(pilot.layout.document.data)
    gpu = pilot.plant().levels.path("gpu", 5)
    data["overrides"] = [
        {"path": gpu, "enabled": False},
        {"path": f"{ROW}/rack-08", "enabled": False},
    ]
    document = Document(data, {}, pilot.layout.document.file)
    simulation = Factory(layout_from_document(document)).simulation()
    simulation.advance(60.0)
    power = simulation.channel("gpu.power")
    assert power[5] == 0.0
    assert power[4] > 500.0
    assert simulation.channel("rack.power")[7] == 0.0
    assert not simulation.events  # they did not go off, they were never on


def test_wrong_layouts_and_scenarios_raise_input_errors(pilot: Factory) -> None:
    with pytest.raises(InputError, match="layout not found"):
        Factory.load("atlantis")
    with pytest.raises(InputError, match="scenario not found"):
        pilot.simulation("nothing")


# --- what comes out -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def design_load(pilot: Factory) -> Simulation:
    simulation = pilot.simulation()
    simulation.advance(1200.0)
    return simulation


def test_design_load_runs_at_40_degrees(design_load: Simulation) -> None:
    supply = design_load.channel("rack.supply_temperature")
    assert supply == pytest.approx(np.full(8, 40.0), abs=0.5)


def test_dies_run_between_60_and_85_degrees(design_load: Simulation) -> None:
    die = design_load.channel("gpu.temperature")
    assert die.min() > 60.0
    assert die.max() < 85.0


def test_memory_stays_within_15_kelvin_of_the_die(design_load: Simulation) -> None:
    apart = design_load.channel("gpu.hbm_temperature") - design_load.channel("gpu.temperature")
    assert np.abs(apart).max() < 15.0


def test_coolant_rises_8_to_12_kelvin(design_load: Simulation) -> None:
    rise = design_load.channel("rack.coolant_rise")
    assert rise.min() > 8.0
    assert rise.max() < 12.0


def test_power_usage_effectiveness_is_that_of_liquid_cooling(design_load: Simulation) -> None:
    assert 1.05 < design_load.averages()["pue"] < 1.25


def test_racks_draw_what_they_are_rated_for(design_load: Simulation) -> None:
    # 132-142 kW is what is published for this rack; full load here means all of its parts at once
    power = design_load.channel("rack.power")
    assert power.min() > 110e3
    assert power.max() < 142e3


def test_averages_lie_between_the_extremes_of_the_run(pilot: Factory) -> None:
    run = pilot.run("5min", every="1s")
    pue = run.site["pue"].values[1:]
    assert pue.min() <= run.kpis["pue"] <= pue.max()
    hottest = float(run.gpu["temperature"].max())
    assert run.kpis["max_gpu_temperature_c"] == pytest.approx(hottest, abs=1e-9)
    it_power = run.site["it_power"].values[1:, 0]
    assert run.kpis["it_power_w"] == pytest.approx(it_power.mean(), rel=1e-9)


def test_more_load_draws_more_and_runs_hotter(pilot: Factory) -> None:
    results = []
    for share in (0.0, 0.5, 1.0):
        simulation = pilot.simulation(Scenario(workload=busy(share)))
        simulation.advance(900.0)
        results.append(simulation.kpis())
    for key in ("it_power_w", "facility_power_w", "max_gpu_temperature_c", "tokens_per_s"):
        values = [result[key] for result in results]
        assert values == sorted(values), key
    assert results[0]["tokens_per_s"] == 0.0


def test_a_power_cap_is_kept(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.apply(Command("set", "/", "power_cap", "1000 W"))
    simulation.advance(300.0)
    power = simulation.channel("gpu.power")
    # the cap is set for a nominal module; leakage differs from part to part
    assert np.median(power) <= 1000.0
    assert power.max() <= 1030.0
    assert simulation.channel("gpu.clock").max() < 1.0


def test_a_rack_without_coolant_protects_itself(pilot: Factory) -> None:
    simulation = pilot.simulation()
    simulation.advance(120.0)
    simulation.apply(Command("inject", RACK, "isolation"))
    hottest = []
    for _ in range(60):
        simulation.advance(10.0)
        hottest.append(float(simulation.channel("rack.temperature")[0]))
    # slowdown begins at 88 degC and nothing may pass the shutdown at 95 degC by more than a step
    assert max(hottest) > 88.0
    assert max(hottest) < 97.0
    neighbours = simulation.channel("rack.temperature")[1:]
    assert neighbours.max() < 85.0


@pytest.mark.slow
def test_one_second_steps_follow_ten_milliseconds_through_a_full_load_step(pilot: Factory) -> None:
    """Idle to full load within one instant: both step sizes within 0.2 K at every second."""
    profile = loads(
        {"utilisation": 0.0, "compute_share": 1.0, "memory_share": 0.6},
        {"at": "10 min", "utilisation": 1.0},
    )
    runs = []
    for step in ("1 s", "10 ms"):
        simulation = pilot.simulation(Scenario(step=step, workload=(profile,)))
        simulation.advance(600.0)
        frames: dict[str, list[np.ndarray]] = {}  # type: ignore[type-arg]
        for _ in range(300):
            simulation.advance(1.0)
            for name in (
                "gpu.temperature", "gpu.hbm_temperature", "rack.supply_temperature",
                "rack.return_temperature", "cdu.supply_temperature", "cdu.return_temperature",
            ):  # fmt: skip
                frames.setdefault(name, []).append(simulation.channel(name).copy())
        runs.append({name: np.stack(values) for name, values in frames.items()})
    worst = {name: float(np.abs(runs[0][name] - runs[1][name]).max()) for name in runs[0]}
    print(worst)
    assert max(worst.values()) < 0.2, worst
