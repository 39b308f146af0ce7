"""Services: how long requests take, by hand; what a table of requests decides; chance."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.factory import Factory
from twin.scenario import Scenario
from twin.simulation import Simulation
from twin.workload.decoding import decode_rate, drain, prefill_rate, sharing
from twin.workload.racks import peak_figures
from twin.workload.spec import Inference

ROW = "/pilot/hall-a/row-01"
RACK = f"{ROW}/rack-01"


def served(
    pilot: Factory, seconds: float, service: Any, path: str = ROW, **more: Any
) -> Simulation:
    workload = [{"path": path, "inference": service}]
    data = {"workload": workload, "duration": "5 min", **more}
    simulation = pilot.simulation(Scenario.model_validate(data))
    simulation.advance(seconds)
    return simulation


# --- the law --------------------------------------------------------------------------------------


def test_a_busy_replica_has_a_request_at_least() -> None:
    assert sharing(0.5, 72.0, 256.0) == (0.5, 1.0)
    assert sharing(144.0, 72.0, 256.0) == (72.0, 2.0)
    assert sharing(1e6, 72.0, 256.0) == (72.0, 256.0)
    assert sharing(0.0, 72.0, 256.0) == (0.0, 1.0)


def test_draining_by_hand() -> None:
    """One request of 100 tokens at 50 tokens/s of its own: after 2 s a share of 1 - 1/e is done."""
    alone = drain(1.0, 0.0, 100.0, 2.0, lambda number: 50.0 * number)
    assert alone.share == pytest.approx(1.0 - math.exp(-1.0))
    assert alone.mean == pytest.approx(1.0 - math.exp(-1.0))
    # those that come evenly are in balance at 3/s times 2 s, whatever the span
    for span in (0.01, 1.0, 100.0):
        even = drain(6.0, 3.0 * span, 100.0, span, lambda number: 50.0 * number)
        assert even.mean == pytest.approx(6.0)
        assert even.share * (6.0 + 3.0 * span) == pytest.approx(3.0 * span)
    # far more than can be answered: the rate decides, and the rest waits
    full = drain(1e4, 500.0, 100.0, 1.0, lambda number: 2e3)
    assert full.share * 10_500.0 == pytest.approx(20.0)
    assert full.mean == pytest.approx(10_240.0, rel=1e-3)
    assert drain(4.0, 2.0, 100.0, 1.0, lambda number: 0.0).share == 0.0


@given(
    waiting=st.floats(0.0, 1e5),
    coming=st.floats(0.0, 1e4),
    span=st.floats(0.1, 3.0),
    replicas=st.floats(1.0, 1e3),
)
def test_no_more_is_answered_than_there_is_nor_than_the_rate_allows(
    waiting: float, coming: float, span: float, replicas: float
) -> None:
    def rate(number: float) -> float:
        return 30.0 * sharing(number, replicas, 64.0)[0]

    found = drain(waiting, coming, 100.0, span, rate)
    assert 0.0 <= found.share <= 1.0
    assert found.share * (waiting + coming) * 100.0 <= 30.0 * replicas * span * (1.0 + 1e-6)
    assert found.mean <= waiting + coming


# --- how long requests take -----------------------------------------------------------------------


@pytest.mark.parametrize("step", ["3 s", "1 s", "0.1 s"])
def test_latency_at_low_load_is_that_of_one_request_whatever_the_step(
    pilot: Factory, step: str
) -> None:
    """Prompt over the prefill of one replica, answer over its decode with a batch of one."""
    service = {"requests_per_second": 20.0, "arrivals": "even"}
    simulation = served(pilot, 120.0, service, step=step)
    spec = Inference.model_validate(service)
    operations, bandwidth = (8.0 * float(peak[0]) for peak in peak_figures(simulation.plant))
    reading = 1500.0 / prefill_rate(spec.model, operations)
    writing = 400.0 / decode_rate(spec.model, 1.0, 1700.0, operations, bandwidth)
    figures = simulation.workload_figures()
    assert figures["inference_mean_latency_s"] == pytest.approx(reading + writing, rel=0.02)
    # Little's law, of the answers under way
    assert figures["inference_backlog_requests"] == pytest.approx(20.0 * writing, rel=0.02)


def test_one_request_is_no_faster_than_one_replica(pilot: Factory, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("timestamp,prompt_tokens,output_tokens\n10,1000,20000\n")
    simulation = served(pilot, 300.0, {"requests": str(file)}, RACK, step="0.5 s")
    model = Inference.model_validate({"requests": "x"}).model
    operations, bandwidth = (8.0 * float(peak[0]) for peak in peak_figures(simulation.plant))
    takes = 20_000.0 / decode_rate(model, 1.0, 11_000.0, operations, bandwidth)
    assert takes > 16.5
    figures = simulation.workload_figures()
    assert figures["inference_mean_latency_s"] == pytest.approx(takes, rel=0.02)
    assert figures["inference_tokens_per_s"] * 300.0 == pytest.approx(20_000.0, rel=1e-3)


def test_a_service_begins_in_balance(pilot: Factory) -> None:
    """The power of the start is that of the run, although nothing has come yet."""
    simulation = served(pilot, 300.0, {"requests_per_second": 50.0, "arrivals": "even"})
    begun = float(simulation.start.view.rack.it_power.sum())
    assert float(simulation.state.view.rack.it_power.sum()) == pytest.approx(begun, rel=0.02)


# --- tables of requests ---------------------------------------------------------------------------


def test_caches_are_those_of_the_tables_requests(pilot: Factory, tmp_path: Path) -> None:
    """A request a second of long prompts draws as the same requests without a table do."""
    file = tmp_path / "r.csv"
    lines = "".join(f"{second},100000,4000\n" for second in range(300))
    file.write_text(f"timestamp,prompt_tokens,output_tokens\n{lines}")
    listed = served(pilot, 200.0, {"requests": str(file)}, RACK)
    tokens = {"prompt_tokens": 100_000, "output_tokens": 4000}
    even = {"requests_per_second": 1.0, "arrivals": "even", **tokens}
    drawn = served(pilot, 200.0, even, RACK)
    for simulation in (listed, drawn):
        assert simulation.drivers[0]._context == pytest.approx(102_000.0)
    power = [float(s.state.view.rack.it_power.sum()) for s in (listed, drawn)]
    assert power[0] == pytest.approx(power[1], rel=0.005)


def test_long_answers_count_for_as_long_as_they_take(pilot: Factory, tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text("timestamp,prompt_tokens,output_tokens\n1,100,10\n2,1000,990\n900,9,9999\n")
    simulation = served(pilot, 1.0, {"requests": str(file)}, RACK)
    by_hand = (10 * (100 + 5) + 990 * (1000 + 495)) / 1000
    assert simulation.drivers[0]._context == pytest.approx(by_hand)


@pytest.mark.parametrize(
    "keys",
    [
        {"prompt_tokens": 9},
        {"output_tokens": 9},
        {"arrivals": "even"},
        {"diurnal": {"swing": 0.9}},
    ],
)
def test_what_a_table_decides_is_not_given_beside_it(keys: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has no effect with requests"):
        Inference.model_validate({"requests": "r.csv", **keys})


# --- chance ---------------------------------------------------------------------------------------


def test_services_of_equal_size_have_arrivals_of_their_own(pilot: Factory) -> None:
    service = {"inference": {"requests_per_second": 50.0}}
    workload = [{"path": f"{ROW}/rack-0{number}"} | service for number in (1, 2)]
    simulation = pilot.simulation(Scenario.model_validate({"workload": workload}))
    one, other = simulation.drivers
    counts = np.array([[d.arrivals(float(t), 1.0)[0] for t in range(400)] for d in (one, other)])
    assert abs(float(np.corrcoef(counts)[0, 1])) < 0.2
    again = pilot.simulation(Scenario.model_validate({"workload": workload})).drivers[1]
    assert [again.arrivals(float(t), 1.0)[0] for t in range(400)] == counts[1].tolist()


# --- commands -------------------------------------------------------------------------------------


def test_a_command_on_resting_racks_of_a_service_stops_nothing(
    pilot: Factory, tmp_path: Path
) -> None:
    """Racks that did nothing in the last step have no pace yet; they are not slow."""
    file = tmp_path / "r.csv"
    file.write_text("timestamp,prompt_tokens,output_tokens\n60,1000,100\n")
    simulation = served(pilot, 30.0, {"requests": str(file)}, RACK)
    assert float(simulation.state.view.rack.pace[0]) == 0.0
    simulation.state.view.rack.utilisation[0] = 1.0
    simulation.advance(90.0)
    assert simulation.workload_figures()["inference_tokens_per_s"] * 120.0 == pytest.approx(100.0)
    assert decode_rate(Inference(requests="x").model, 1.0, 0.0, 0.0, 0.0) == 0.0
