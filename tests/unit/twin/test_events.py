"""Events: at the time they happened, however time is cut; once, however often time is set back."""

from __future__ import annotations

import asyncio

import pytest

from twin.controls import Command
from twin.factory import Factory
from twin.server.manager import Manager
from twin.server.opening import Opener
from twin.server.session import Session
from twin.server.subject import SimulationSubject
from twin.simulation import Event, Simulation

CDU = "/pilot/hall-a/row-01/cdu-1"
SCENARIOS = ("cdu-trip", "utility-loss-10min", "leak-burst-isolation", "generators-lost")


def simulation(scenario: str | None = None) -> Simulation:
    return Factory.load("pilot").simulation(scenario)


def told(events: list[Event]) -> list[tuple[float, str, str, str]]:
    return [(event.time, event.path, event.kind, event.message) for event in events]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_events_do_not_depend_on_how_time_is_cut(scenario: str) -> None:
    runs = []
    for cut in (1.0, 10.0, 600.0):
        run = simulation(scenario)
        while run.time < 600.0:
            run.advance(cut)
        runs.append((told(list(run.events)), run.digest()))
    assert len(runs[0][0]) > 4
    assert runs[0] == runs[1] == runs[2]


def test_a_slowdown_shorter_than_a_look_is_told_with_its_times() -> None:
    moments = {}
    for cut in (1.0, 60.0):
        run = simulation()
        run.advance(60.0)
        run.state.view.gpu.clock[:72] = 0.9  # it takes a step or two to get back
        run.state.view.rack.calm[:] = 0.0
        for _ in range(round(60.0 / cut)):
            run.advance(cut)
        moments[cut] = told(list(run.events))
    kinds = [kind for _, _, kind, _ in moments[1.0]]
    assert kinds == ["throttling", "recovered"]
    assert moments[1.0][-1][0] < 120.0
    assert moments[60.0] == moments[1.0]


def test_events_are_in_the_order_of_their_times() -> None:
    run = simulation("utility-loss-10min")
    run.advance(900.0)
    times = [event.time for event in run.events]
    assert times == sorted(times)
    for event in run.events:
        assert event.steps is not None
        # within the step, or done before it, or found at its end
        assert event.steps - 1 <= event.time / run.step <= event.steps


def test_a_rack_without_power_is_not_throttling_and_none_recovers_by_going_dark() -> None:
    run = simulation()
    run.advance(30.0)
    run.apply(Command("inject", "/pilot/hall-a/row-01/rack-01", "breaker-open"))
    run.advance(600.0)
    assert not {"throttling", "recovered"} & {event.kind for event in run.events}
    assert run.state.view.rack.throttled[0] == 0.0
    assert run.state.view.rack.gpus_off[0] == 72.0
    assert run.state.view.site.gpus_off[0] == 72.0
    assert run.averages()["throttled_gpu_fraction"] == 0.0
    assert run.averages()["off_gpu_fraction"] == pytest.approx(600 / 630 / 8, rel=1e-6)


def test_going_back_goes_back_to_the_events_of_then() -> None:
    run = simulation("cdu-trip")
    run.advance(100.0)
    early = run.snapshot()
    run.advance(200.0)
    all_of_it = told(list(run.events))
    run.restore(early)
    assert told(list(run.events)) == [e for e in all_of_it if e[0] <= 100.0]
    run.advance(200.0)
    assert told(list(run.events)) == all_of_it


def test_seeking_back_and_on_again_gives_every_event_once() -> None:
    session = Session("s", SimulationSubject(simulation("cdu-trip")), paused=True).start()

    def ask(function):
        return session.call(function).result(60)

    def run_to(steps: int) -> None:
        ask(lambda: session.run_steps(steps - session.subject.steps, "test")).result(60)

    def events() -> list[tuple[float, str, str, str]]:
        return ask(lambda: [(e["time"], e["path"], e["kind"], e["message"])
                            for e in session.events])  # fmt: skip

    try:
        run_to(90)
        ask(lambda: session.change(Command("set", CDU, "supply_setpoint", 39.0), "test"))
        run_to(240)
        before = events()
        moments = sorted({round(time) for time, *_ in before})
        assert {90, 120} <= set(moments)
        # to moments of events, one where nothing happens, and last to that of the command
        for moment in [*reversed([m for m in moments if m > 90]), 125, 91, 90]:
            ask(lambda moment=moment: session.seek(float(moment), "test")).result(60)
            ask(lambda: None)  # the turn in which it got there is over
            then = events()
            assert then == before[: len(then)]
            # what was done at that very moment is undone, what was found there is not
            assert all(time <= moment for time, *_ in then)
            assert all(time >= moment for time, *_ in before[len(then) :])
            if moment > 90:
                run_to(240)
                assert events() == before
        assert "set" not in {kind for _, _, kind, _ in events()}
        numbers = ask(lambda: [event["number"] for event in session.events])
        assert numbers == sorted(set(numbers))
    finally:
        session.close()


def test_a_branch_knows_what_happened_before_it() -> None:
    async def work() -> None:
        manager = Manager()
        parent = manager.add(Session("s", SimulationSubject(simulation("cdu-trip")), paused=True))
        try:
            await asyncio.wrap_future(
                await asyncio.wrap_future(parent.call(lambda: parent.run_steps(200, "test")))
            )
            child = await Opener(manager).branch(parent, 185.0)
            for _ in range(600):  # it repeats the way from the snapshot before that moment
                if child.subject.steps == 185 and not child.seeking:
                    break
                await asyncio.sleep(0.05)
            await asyncio.wrap_future(child.call(lambda: None))
            own = [(e["time"], e["kind"], e["path"]) for e in child.events]
            known = [(e["time"], e["kind"], e["path"]) for e in parent.events]
            assert own
            assert own == [event for event in known if event[0] <= 185.0]
        finally:
            manager.close()

    asyncio.run(work())
