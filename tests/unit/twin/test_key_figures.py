"""Where and when extremes were, and expectations about what some elements do not have."""

from __future__ import annotations

import numpy as np
import pytest

from twin.controls import Command
from twin.factory import Factory
from twin.regression.observer import Observer

ROW = "/pilot/hall-a/row-01"


def test_extremes_are_those_of_the_steps_with_their_racks_and_times(pilot: Factory) -> None:
    stepped, run = pilot.simulation("cdu-trip"), pilot.simulation("cdu-trip")
    rows = []
    for _ in range(200):
        stepped.advance(1.0)
        rack = stepped.state.view.rack
        rows.append((rack.maximum_gpu_temperature.copy(), rack.maximum_hbm_temperature.copy(),
                     stepped.state.view.site.grid_power.copy()))  # fmt: skip
    run.advance(200.0)
    found = run.extremes()
    for name, part in (("max_gpu_temperature", 0), ("max_hbm_temperature", 1)):
        values = np.array([row[part] for row in rows])
        step, which = np.unravel_index(int(values.argmax()), values.shape)
        assert found[name].value == values.max() == run.averages()[f"{name}_c"]
        assert found[name].path == f"{ROW}/rack-0{which + 1}"
        assert found[name].time == step + 1.0
    power = np.array([row[2][0] for row in rows])
    assert found["peak_grid_power"].time == power.argmax() + 1.0
    assert found["peak_grid_power"].path == "/pilot"


def test_what_is_hottest_now_has_a_place(pilot: Factory) -> None:
    point = pilot.solve()
    hottest = int(np.argmax(point.channel("rack.temperature")))
    assert point.places()["max_gpu_temperature"] == f"{ROW}/rack-0{hottest + 1}"


@pytest.mark.parametrize(
    ("expectation", "status"),
    [
        ("max(rack.throttled) == 0", "passed"),  # rack-01 is off and has no such value
        ("rack.clock > 99 %", "passed"),
        ("min(rack.clock) > 99 %", "passed"),
        ("max(sum(rack.throttled)) == 0", "passed"),
        ("max(average(rack.clock)) > 99 %", "passed"),
        ("percentile(rack.clock, 1 %) > 99 %", "passed"),
        ("last(rack.clock at rack-02) > 99 %", "passed"),
        ("last(rack.clock at rack-01) > 99 %", "undecided"),
        ("max(site.solar_power) < 1 W", "undecided"),
        ("site.solar_power < 1 W", "undecided"),
        ("min(rack.gpus_off at rack-01 after 3 s) == 72", "passed"),
        ("max(rack.gpus_off) < 10", "failed"),
    ],
)
def test_elements_without_a_value_are_passed_over(
    pilot: Factory, expectation: str, status: str
) -> None:
    simulation = pilot.simulation()
    simulation.apply(Command("inject", f"{ROW}/rack-01", "breaker-open"))
    observer = Observer(simulation)
    observer.expect(expectation)
    observer.run(10.0)
    assert observer.outcomes()[0].status == status
