"""Scheduling, training and inference: by hand where it can be, by conservation elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.controls import Command
from twin.factory import Factory
from twin.scenario import Scenario
from twin.simulation import Simulation
from twin.workload import racks
from twin.workload.decoding import decode_rate, prefill_rate
from twin.workload.job import Job, bounded_slowdown
from twin.workload.scheduler import Cluster, Outlook
from twin.workload.spec import LanguageModel

MODEL = LanguageModel()
ROW = "/pilot/hall-a/row-01"


def outlook(racks: int, size: float = 8.0, **changes: Any) -> Outlook:
    ground: dict[str, Any] = {
        "available": np.full(racks, size),
        "heat": np.zeros(racks),
        "load": np.zeros(racks),
        "power": 0.0,
        "job_power": np.full(racks, 1000.0),
    }
    return Outlook(**(ground | changes))


def job(name: str, count: int, duration: float = 100.0, **more: Any) -> Job:
    return Job(name, 0.0, count, duration, more.pop("requested", duration), **more)


# --- scheduler ------------------------------------------------------------------------------------


def test_first_come_first_served_lets_nobody_pass() -> None:
    cluster = Cluster([8, 8], policy="fcfs")
    cluster.queue.extend([job("a", 8), job("b", 16), job("c", 4)])
    assert [r.job.id for r in cluster.start_jobs(0.0, outlook(2))] == ["a"]
    assert [j.id for j in cluster.queue] == ["b", "c"]


def test_backfilling_lets_pass_what_delays_nobody() -> None:
    """b waits for a to end at 100 s; c is over by then and may start, d is not and may not."""
    cluster = Cluster([8, 8])
    cluster.queue.extend([job("a", 8), job("b", 16), job("d", 4, 101.0), job("c", 4, 99.0)])
    assert [r.job.id for r in cluster.start_jobs(0.0, outlook(2))] == ["a", "c"]


@given(
    st.lists(st.tuples(st.integers(1, 32), st.integers(1, 50)), min_size=1, max_size=25),
    st.sampled_from(["fcfs", "backfill"]),
)
def test_every_job_runs_once_and_none_waits_for_a_later_one(
    sizes: list[tuple[int, int]], policy: str
) -> None:
    """Jobs take exactly what they asked for, so EASY's promise can be checked: the job at the head
    of the queue never starts later than first come first served would have it start."""

    def starts(policy: str) -> dict[str, float]:
        cluster = Cluster([8] * 4, policy=policy, gang=False)
        cluster.queue.extend(job(str(n), *size) for n, size in enumerate(sizes))
        found: dict[str, float] = {}
        now = 0.0
        while cluster.queue or cluster.running:
            for running in [r for r in cluster.running if r.expected_end <= now]:
                cluster.release(running)
            for begun in cluster.start_jobs(now, outlook(4)):
                assert begun.job.id not in found
                assert sum(begun.racks.values()) == begun.job.accelerators
                found[begun.job.id] = now
            assert np.all(cluster.used <= 8.0)
            now = min((r.expected_end for r in cluster.running), default=now + 1.0)
        return found

    mine, plain = starts(policy), starts("fcfs")
    assert len(mine) == len(sizes)
    first_waiting = next((str(n) for n in range(len(sizes)) if plain[str(n)] > 0.0), None)
    if first_waiting is not None:
        assert mine[first_waiting] <= plain[first_waiting]


def test_gangs_get_whole_domains_and_small_jobs_stay_in_one() -> None:
    cluster = Cluster([8, 8, 8])
    cluster.queue.extend([job("small", 6), job("large", 12), job("next", 4)])
    started = {r.job.id: r.racks for r in cluster.start_jobs(0.0, outlook(3))}
    assert len(started["small"]) == 1
    assert len(started["large"]) == 2
    assert not set(started["small"]) & set(started["large"])
    assert "next" not in started  # two are free on each of two racks, which it would have to share


@pytest.mark.parametrize(("placement", "first"), [("thermal", 2), ("power", 1), ("packed", 0)])
def test_placement_takes_the_rack_it_is_meant_to(placement: str, first: int) -> None:
    cluster = Cluster([8, 8, 8], placement=placement)
    cluster.queue.append(job("a", 4))
    seen = outlook(3, heat=np.array([80.0, 70.0, 60.0]), load=np.array([0.9, 0.2, 0.5]))
    (begun,) = cluster.start_jobs(0.0, seen)
    assert list(begun.racks) == [first]


def test_quotas_and_power_limits_hold_jobs_back() -> None:
    cluster = Cluster([8, 8], policy="fcfs", quotas={"x": 0.5})
    cluster.queue.extend([job("a", 8, tenant="x"), job("b", 4, tenant="x")])
    assert [r.job.id for r in cluster.start_jobs(0.0, outlook(2))] == ["a"]
    limited = Cluster([8, 8], policy="fcfs", power_limit=10_000.0)
    limited.queue.extend([job("a", 8), job("b", 4)])
    assert [r.job.id for r in limited.start_jobs(0.0, outlook(2))] == ["a"]


def test_bounded_slowdown_of_short_jobs() -> None:
    assert bounded_slowdown(90.0, 10.0, 10.0) == pytest.approx(10.0)
    assert bounded_slowdown(0.0, 1.0, 1.0) == 1.0
    assert bounded_slowdown(9.0, 1.0, 1.0) == 1.0  # shorter than ten seconds counts as ten


# --- jobs on racks --------------------------------------------------------------------------------


def run(pilot: Factory, seconds: float, workload: Any = (), **more: Any) -> Simulation:
    scenario = Scenario.model_validate({"workload": workload, "duration": "1 h", **more})
    simulation = pilot.simulation(scenario)
    simulation.advance(seconds)
    return simulation


def test_jobs_end_when_their_work_is_done(pilot: Factory) -> None:
    """Two jobs of 72 for 60 s on a cool row end within two decisions (5 s) of their time."""
    entries = [{"id": n, "accelerators": 72, "duration": "60 s"} for n in "ab"]
    simulation = run(pilot, 75.0, jobs={"jobs": entries})
    figures = simulation.workload_figures()
    assert figures["jobs_finished"] == 2.0
    assert figures["jobs_mean_stretch"] == pytest.approx(1.0, abs=10.0 / 60.0)
    used = simulation.state.view.rack.utilisation
    assert np.all(used == 0.0)


def test_a_lost_accelerator_sends_its_job_back_to_its_checkpoint(pilot: Factory) -> None:
    entries = [{"id": "a", "accelerators": 576, "duration": "200 s"}]
    simulation = run(pilot, 95.0, jobs={"jobs": entries, "checkpoint_every": "30 s"})
    simulation.apply(Command("inject", f"{ROW}/rack-03/tray-02/gpu-1", "failure"))
    simulation.advance(10.0)
    figures = simulation.workload_figures()
    assert figures["jobs_failures"] == 1.0
    assert figures["jobs_waiting"] == 1.0
    # what came after the checkpoint at 90 s is lost, of all the time there was
    assert 0.0 < figures["jobs_lost"] <= 10.0 / 95.0


def test_racks_work_where_they_have_power(pilot: Factory) -> None:
    simulation = run(pilot, 60.0)
    s = simulation.state.view
    assert racks.running(simulation).tolist() == [72.0] * 8
    s.row.fed[:] = 0.0
    s.rack.it_power[4:] = 0.0  # the first four draw on, from their backup units
    assert racks.running(simulation).tolist() == [72.0] * 4 + [0.0] * 4
    s.row.fed[:] = 1.0
    s.rack.path[5] = 0.0  # none of its own panels is in service
    s.rack.energised[0] = 0.0
    assert racks.running(simulation).tolist() == [0.0] + [72.0] * 4 + [0.0] + [72.0] * 2


# --- training -------------------------------------------------------------------------------------


def test_training_steps_at_full_clocks(pilot: Factory) -> None:
    """120 s of steps of 6 s are 20, the communication within them."""
    training = {"step": "6 s", "communication": 0.25, "tokens_per_step": 1e6}
    figures = run(pilot, 120.0, [{"path": "/", "training": training}]).workload_figures()
    assert figures["training_steps"] == pytest.approx(20.0, abs=1.0)
    assert figures["training_goodput"] == pytest.approx(1.0, abs=0.05)
    assert figures["training_step_time_s"] == pytest.approx(6.0, rel=0.05)
    assert figures["training_tokens_per_s"] == pytest.approx(1e6 / 6.0, rel=0.05)


def test_training_loses_what_came_after_the_checkpoint(pilot: Factory) -> None:
    training = {
        "step": "2 s",
        "communication": 0.0,
        "checkpoint_every": "20 s",
        "checkpoint": "2 s",
        "restart": "30 s",
    }
    simulation = run(pilot, 60.0, [{"path": "/", "training": training}])
    before = simulation.workload_figures()["training_steps"]
    simulation.apply(Command("inject", f"{ROW}/rack-03/tray-02/gpu-1", "failure"))
    simulation.advance(10.0)
    after = simulation.workload_figures()
    assert after["training_steps"] < before
    assert 0.0 < after["training_steps_lost"] <= 12.0  # 20 s of steps, and the one under way
    assert float(simulation.state.view.rack.utilisation.max()) == 0.0
    simulation.advance(60.0)
    assert simulation.workload_figures()["training_steps"] > after["training_steps"]


# --- inference ------------------------------------------------------------------------------------


def test_prefill_and_decode_by_hand() -> None:
    """2 operations per parameter and token; a batch of one reads what one token touches."""
    assert prefill_rate(MODEL, 1e15) == pytest.approx(1e15 * 0.5 / (2 * 37e9))
    dense = MODEL.model_copy(update={"active_parameters": MODEL.parameters})
    alone = decode_rate(dense, 1.0, 0.0, 1e18, 8e12)
    assert alone == pytest.approx(8e12 * 0.7 / 671e9)
    # without caches, a dense model's batch is free until arithmetic binds
    assert decode_rate(dense, 64.0, 0.0, 1e18, 8e12) == pytest.approx(64 * alone)
    bound = decode_rate(dense, 1e6, 0.0, 1e15, 8e12)
    assert bound == pytest.approx(1e15 * 0.5 / (2 * 671e9))
    assert decode_rate(MODEL, 0.0, 1000.0, 1e15, 8e12) == 0.0


@given(batch=st.floats(1.0, 2000.0), context=st.floats(0.0, 1e5))
def test_larger_batches_give_more_tokens_and_less_for_each(batch: float, context: float) -> None:
    rate = decode_rate(MODEL, batch, context, 4e16, 64e12)
    more = decode_rate(MODEL, 2 * batch, context, 4e16, 64e12)
    assert more >= rate * (1 - 1e-9)
    assert more / 2 <= rate * (1 + 1e-9)
    assert decode_rate(MODEL, batch, context + 1000.0, 4e16, 64e12) <= rate


def test_requests_are_answered_or_still_there(pilot: Factory) -> None:
    """Tokens written and waiting are those that arrived; well below capacity nothing piles up."""
    inference = {"requests_per_second": 50.0, "arrivals": "even"}
    simulation = run(pilot, 300.0, [{"path": "/", "inference": inference}])
    figures = simulation.workload_figures()
    assert figures["inference_requests_per_s"] == pytest.approx(50.0, rel=1e-6)
    assert figures["inference_tokens_per_s"] == pytest.approx(50.0 * 400.0, rel=0.02)
    assert figures["inference_prompt_tokens_per_s"] == pytest.approx(50.0 * 1500.0, rel=0.02)
    assert figures["inference_backlog_requests"] < 500.0


def test_two_services_count_together(pilot: Factory) -> None:
    """As much is answered, and as long waited, by two halves of a row as each tells of itself."""
    racks = [f"{ROW}/rack-0{number}" for number in (1, 2)]
    rates = (10.0, 30.0)
    services = [
        {"path": rack, "inference": {"requests_per_second": rate, "arrivals": "even"}}
        for rack, rate in zip(racks, rates, strict=True)
    ]
    simulation = run(pilot, 300.0, services)
    alone = [run(pilot, 300.0, [service]).workload_figures() for service in services]
    figures = simulation.workload_figures()
    for name in ("requests_per_s", "tokens_per_s", "prompt_tokens_per_s", "backlog_requests"):
        key = f"inference_{name}"
        assert figures[key] == pytest.approx(sum(one[key] for one in alone), rel=1e-6), key
    waited = [one["inference_mean_latency_s"] for one in alone]
    mean = (rates[0] * waited[0] + rates[1] * waited[1]) / sum(rates)
    assert figures["inference_mean_latency_s"] == pytest.approx(mean, rel=1e-3)
    energy = float(simulation.state.view.ledger.grid_energy.sum())
    assert figures["inference_tokens_per_j"] == pytest.approx(
        figures["inference_tokens_per_s"] * 300.0 / energy
    )


def test_two_training_jobs_count_together(pilot: Factory) -> None:
    job = {"step": "2 s", "tokens_per_step": 1e6}
    entries = [{"path": f"{ROW}/rack-0{number}", "training": job} for number in (1, 2)]
    both = run(pilot, 120.0, entries).workload_figures()
    alone = run(pilot, 120.0, entries[:1]).workload_figures()
    for key in ("training_steps", "training_tokens_per_s"):
        assert both[key] == pytest.approx(2.0 * alone[key], rel=0.02), key
    for key in ("training_goodput", "training_communication_s", "training_step_time_s"):
        assert both[key] == pytest.approx(alone[key], rel=0.02), key


def test_busier_services_draw_more_and_give_more_tokens_per_joule(pilot: Factory) -> None:
    def figures(rate: float) -> tuple[float, float]:
        inference = {"requests_per_second": rate, "arrivals": "even"}
        simulation = run(pilot, 200.0, [{"path": "/", "inference": inference}])
        found = simulation.workload_figures()
        return float(simulation.state.view.site.it_power[0]), found["inference_tokens_per_j"]

    slow, fast = figures(20.0), figures(400.0)
    assert fast[0] > slow[0]
    assert fast[1] > 2.0 * slow[1]


# --- profiles -------------------------------------------------------------------------------------


def test_a_utilisation_alone_means_full_work(pilot: Factory) -> None:
    """Shares left out are those of full work; what an entry before says of them is kept."""
    alone = run(pilot, 1.0, [{"path": "/", "profile": [{"utilisation": 0.5}]}])
    assert np.all(alone.state.view.rack.compute_share == 1.0)
    assert np.all(alone.state.view.rack.memory_share == 0.6)
    light = {"utilisation": 1.0, "compute_share": 0.4, "memory_share": 0.9}
    both = run(
        pilot,
        1.0,
        [
            {"path": "/", "profile": [light]},
            {"path": f"{ROW}/rack-02", "profile": [{"utilisation": 0.5}]},
        ],
    )
    rack = both.state.view.rack
    assert np.all(rack.compute_share == 0.4)
    assert np.all(rack.memory_share == 0.9)
    assert (rack.utilisation[0], rack.utilisation[1]) == (1.0, 0.5)
