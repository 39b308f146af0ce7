"""Racks at rest are passed over: what that may change, and when it must not happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from physics.factory.racks import AT_REST
from twin.layout import load_layout
from twin.plant import compile_plant
from twin.scenario import Scenario
from twin.simulation import Simulation

EVENTS: list[dict[str, Any]] = [
    {"at": "3 min", "path": "/pilot", "set": "utilisation", "value": "30 %"},
    {"at": "8 min", "path": "/pilot", "set": "utilisation", "value": "100 %"},
    {
        "at": "12 min",
        "path": "/pilot/hall-a/row-01/cdu-1",
        "set": "supply_setpoint",
        "value": "43 degC",
    },
    {
        "at": "16 min",
        "path": "/pilot/hall-a/row-01/rack-03",
        "inject": "blockage",
    },
    {"at": "20 min", "path": "/pilot/hall-a/row-01/rack-05", "set": "power_cap", "value": "1 kW"},
    {"at": "23 min", "path": "/pilot/hall-a/row-01/cdu-2", "inject": "trip"},
]


def simulation(**settings: Any) -> Simulation:
    return Simulation(compile_plant(load_layout("pilot")), Scenario.model_validate(settings))


def history(each_step: Callable[[Simulation], None]) -> tuple[dict[str, Any], int]:
    """Temperatures and powers of every second, and how many racks were at rest over all of them."""
    run = simulation(events=EVENTS)
    names = (
        "gpu.temperature", "gpu.hbm_temperature", "gpu.power", "rack.power",
        "rack.return_temperature", "cdu.supply_temperature", "site.power",
    )  # fmt: skip
    frames: dict[str, list[Any]] = {name: [] for name in names}
    resting = 0
    each_step(run)
    for _ in range(26 * 60):
        run.advance(1.0)
        resting += int((run.state.view.rack.calm >= AT_REST).sum())
        for name in names:
            frames[name].append(run.channel(name).copy())
        each_step(run)
    return {name: np.array(values) for name, values in frames.items()}, resting


def test_a_history_with_rests_is_that_of_one_without_within_millikelvins() -> None:
    def wake(run: Simulation) -> None:
        run.state.view.rack.calm[:] = 0.0

    quick, resting = history(lambda run: None)
    full, never = history(wake)
    assert never == 0
    assert resting > 1500  # of 8 x 1560: there is something to compare
    for name, tolerance in {
        "gpu.temperature": 0.005,
        "gpu.hbm_temperature": 0.005,
        "rack.return_temperature": 0.002,
        "cdu.supply_temperature": 0.002,
    }.items():
        worst = float(np.abs(quick[name] - full[name]).max())
        print(f"{name}: {worst:.4f} K, allowed {tolerance} K")
        assert worst < tolerance, name
    for name in ("gpu.power", "rack.power", "site.power"):
        np.testing.assert_allclose(quick[name], full[name], rtol=5e-4, atol=1.0, err_msg=name)


def test_energy_is_in_balance_while_racks_rest() -> None:
    run = simulation(events=EVENTS)
    run.advance(26 * 60.0)
    assert abs(float(run.channel("site.energy_residual")[0])) < 1e-12


@pytest.mark.parametrize(
    ("name", "value"), [("utilisation", 0.5), ("power_cap", 900.0), ("memory_share", 0.2)]
)
def test_what_changes_a_racks_work_wakes_it(name: str, value: float) -> None:
    run = simulation()
    run.advance(120.0)
    racks = run.state.view.rack
    assert (racks.calm >= AT_REST).all()
    before = racks.gpu_power.copy()
    racks._asdict()[name][2] = value
    run._step(1)
    assert racks.gpu_power[2] < before[2] - 1000.0
    assert racks.gpu_power[1] == before[1]


def test_warmer_coolant_wakes_a_rack() -> None:
    run = simulation()
    run.advance(120.0)
    racks = run.state.view.rack
    before = racks.maximum_gpu_temperature.copy()
    run.state.view.cdu.supply_setpoint[0] += 2.0
    run._step(600)
    moved = racks.maximum_gpu_temperature - before
    assert moved.max() == pytest.approx(2.0, abs=0.3)
    assert np.count_nonzero(moved > 1.0) == 4  # those on the first of two CDUs
