"""Expectations: what parses, what is refused and where, units, windows and verdicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.channels import CHANNELS
from twin.factory import Factory
from twin.regression.dimensions import unit_named, unit_of_channel
from twin.regression.observer import Observer
from twin.regression.outcome import Outcome
from twin.regression.parser import parse
from twin.regression.problem import ExpectationError
from twin.scenario import Scenario

ROW = "/pilot/hall-a/row-01"
SCENARIO = Scenario.model_validate(
    {
        "duration": "60 s",
        "start": "2026-08-01T14:00:00",
        "settle": "5 min",
        "events": [{"at": "20 s", "path": f"{ROW}/cdu-1", "inject": "trip"}],
    }
)


@pytest.fixture(scope="module")
def factory() -> Factory:
    return Factory.load("pilot")


@pytest.fixture(scope="module")
def judged(factory: Factory) -> Callable[[str], Outcome]:
    """Outcome of an expectation on one run of the CDU trip; the run is made once per text."""

    def judge(text: str) -> Outcome:
        observer = Observer(factory.simulation(SCENARIO))
        observer.expect(text)
        observer.run(60.0)
        return observer.outcomes()[0]

    return judge


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("", 1, "expectation is empty"),
        ("max(gpu.temperature < 87 degC", 21, "')' is missing"),
        ("max() < 3", 1, "needs something"),
        ("mx(gpu.temperature) < 3", 1, "did you mean max?"),
        ("max(gpu.temperature) < 87 foo", 27, "unknown unit 'foo'"),
        ("max(gpu.temperature) = 87 degC", 22, "=="),
        ("max(gpu.temperature)", 21, "a comparison is missing"),
        ("pue < 1.15 between 06:00 und 18:00", 26, "'and' is missing"),
        ("pue < 1.15 between 25:00 and 26:00", 20, "not a time of day"),
        ("pue < 1.15 after", 17, "a point in time is missing"),
        ("pue <", 6, "a value is missing at the end"),
        ("pue < 1 kW 3", 12, "does not fit here"),
        ("events == [trip]", 12, "an event is missing"),
        ("events are []", 8, "==, include or exclude"),
        ("gpu.temperature at < 3", 20, "a path is missing"),
        ("(pue < 1 and pue < ) or pue < 3", 20, "a value is missing"),
        ("(" * 60 + "pue", 41, "nested too deeply"),
    ],
)
def test_a_malformed_expectation_points_at_the_column(text: str, column: int, hint: str) -> None:
    with pytest.raises(ExpectationError) as caught:
        parse(text)
    assert caught.value.column == column
    assert hint in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused_within_it(text: str) -> None:
    column = 1
    try:
        parse(text)
    except ExpectationError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("gpu.temprature < 3", 1, "did you mean gpu.temperature"),
        ("power < 3 W", 1, "several levels have 'power'"),
        ("max(gpu.temperature) < 87 K", 22, "degC is compared with K"),
        ("max(site.power) < 87 degC", 17, "W is compared with degC"),
        ("max(gpu.temperature at rack-33) < 87 degC", 24, "did you mean rack-0"),
        ("max(cdu.heat at rack-03) < 3 W", 17, "nothing at this path is a cdu"),
        ("gpu.temperature + gpu.temperature < 3 degC", 17, "cannot be added"),
        ("2 * gpu.temperature < 3 degC", 3, "cannot be multiplied"),
        ("sum(gpu.temperature) < 3 degC", 1, "means nothing"),
        ("time_to(max(pue) < 3) < 3 s", 18, "needs a channel"),
        ("time_to(pue > 1) < 3 kW", 18, "s is compared with W"),
        ("time_to(pue > 1) < 3 s after cdu-2.trip", 30, "did you mean cdu-1.trip?"),
        ("time_to(pue > 1) < 3 s after cdu-1.tripp", 36, "did you mean trip or tripped?"),
        ("time_to(pue > 1) < 3 s after cdu-9.trip", 30, "did you mean cdu-"),
        ("3 < 4", 3, "compares two numbers"),
        ("max(max(pue)) < 3", 1, "one figure already"),
        ("rack.power > row.power and max(pue) < workload.goodput", 39, "reports none"),
        ("rack.power - panel.load > 0 W", 12, "do not go together"),
        ("panel.load > rack.utilisation", 12, "cannot be paired"),
        ("max(gpu.temperature) == 80 degC +- 1 degC", 36, "does not fit degC"),
        ("max(site_transformer.load) < 1", 5, "this plant has no site_transformer"),
    ],
)
def test_what_does_not_fit_the_plant_is_refused_at_its_column(
    factory: Factory, text: str, column: int, hint: str
) -> None:
    observer = Observer(factory.simulation(SCENARIO))
    with pytest.raises(ExpectationError) as caught:
        observer.expect(text)
    assert hint in str(caught.value)
    assert caught.value.column == column


@pytest.mark.parametrize(
    "text",
    [
        "max(gpu.temperature before cdu-1.trip) < 87 degC",
        "time_to(rack.temperature > 87 degC) > 1 s after cdu-1.trip",
        "time_to(rack.temperature > 87 degC) < 0.5 min after cdu-1.trip",
        "pue < 1.5 between 06:00 and 18:00",
        "not (pue > 1.5)",
        "pue > 3 or site.pue < 1.5",
        "events include [cdu-1.trip, rack-01.throttling]",
        "events exclude [*.recovered]",
        f"time_of({ROW}/cdu-1.trip) == 20 s",
        "occurrences(*.throttling) == 4",
        "gpu.temperature at rack-05 < 87 degC",
        "gpu.temperature - rack.supply_temperature > 0 K after 5 s",
        "rack.supply_temperature - cdu.supply_temperature < 20 K",
        "max(count(rack.throttled > 0)) == 4",
        "max(sum(rack.coolant_flow at cdu-1) from 10 s after cdu-1.trip) < 1 L/min",
        "0.5 < last(site.power)/mean(site.power before 20 s) < 0.9",
        "duration(rack.temperature > 87 degC) <= 40 s",
        "percentile(gpu.temperature, 10 %) < max(gpu.temperature)",
        "integral(site.power) > integral(site.it_power)",
        "integral(site.power) < 30 kWh",
        "max(rate(site.power)) < 2 MW/min",
        "range(cdu.supply_temperature at cdu-2) < 1 K",
        "last(gpu.temperature at rack-05/tray-09/gpu-2) > 30 degC",
    ],
)
def test_what_is_true_of_a_tripped_cdu_passes(judged: Callable[[str], Outcome], text: str) -> None:
    outcome = judged(text)
    assert outcome.status == "passed", outcome.found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("max(gpu.temperature) < 87 degC", "at /pilot/hall-a/row-01/rack-0"),
        ("rack.temperature < 87 degC", "first broken at /pilot/hall-a/row-01/rack-0"),
        ("events == [cdu-1.trip]", "cdu-1.trip at 20 s, rack-0"),
        ("time_of(*.throttling) > 60 s after cdu-1.trip", " s at "),
        ("max(site.throttled) == 0", "at /pilot"),
        ("pue < 1.0", "14:0"),
    ],
)
def test_what_is_not_true_fails_and_says_where(
    judged: Callable[[str], Outcome], text: str, found: str
) -> None:
    outcome = judged(text)
    assert outcome.status == "failed"
    assert found in outcome.found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("time_to(rack.temperature > 300 degC) > 1 h", "never within 60 s"),
        ("pue < 2 between 20:00 and 22:00", "no part of the run lies there"),
        ("pue < 2 after rack-05.throttling", "never happens"),
        ("pue < 2 within 30 min after cdu-1.trip", "the run ends at 60 s"),
        ("pue < 2 before 2 h", "before this part of it does at 7200 s"),
        ("pue < 2 between 10 s and 2 min", "the run ends at 60 s"),
        ("max(pue before 2 h) < 2", "so far 1."),
        ("max(pue before 2 h) > 2", "so far 1."),
        ("min(pue before 2 h) > 0", "the run ends at 60 s"),
        ("mean(pue before 2 h) < 2", "the run ends at 60 s"),
        ("last(pue before 2 h) < 2", "the run ends at 60 s"),
        ("max(pue before 2 h) - min(pue before 2 h) < 2", "the run ends at 60 s"),
        ("2 > max(pue before 2 h)", "the run ends at 60 s"),
        ("occurrences(*.throttling before 2 h) == 4", "the run ends at 60 s"),
        ("not (max(pue before 2 h) > 2)", "the run ends at 60 s"),
        ("events exclude [*.recovered] before 2 h", "the run ends at 60 s"),
        ("events include [*.recovered] before 2 h", "the run ends at 60 s"),
    ],
)
def test_what_the_run_cannot_tell_is_undecided_and_not_passed(
    judged: Callable[[str], Outcome], text: str, found: str
) -> None:
    outcome = judged(text)
    assert outcome.status == "undecided"
    assert not outcome.passed
    assert found in outcome.found


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("max(pue before 2 h) > 1", "passed"),
        ("max(pue before 2 h) < 1", "failed"),
        ("min(pue before 2 h) < 2", "passed"),
        ("min(pue before 2 h) > 2", "failed"),
        ("pue < 1 before 2 h", "failed"),
        ("first(pue before 2 h) < 2", "passed"),
        ("time_to(rack.temperature > 87 degC) < 30 s within 30 min after cdu-1.trip", "passed"),
        ("duration(pue > 0 before 2 h) > 30 s", "passed"),
        ("duration(pue > 0 before 2 h) < 30 s", "failed"),
        ("occurrences(*.throttling before 2 h) >= 4", "passed"),
        ("events include [*.throttling] before 2 h", "passed"),
        ("events exclude [*.throttling] before 2 h", "failed"),
        ("pue < 2 before 1 min", "passed"),
        ("pue < 2 within 40 s after cdu-1.trip", "passed"),
    ],
)
def test_what_no_later_part_of_the_run_can_change_is_decided(
    judged: Callable[[str], Outcome], text: str, status: str
) -> None:
    outcome = judged(text)
    assert outcome.status == status, outcome.found


def test_a_condition_that_never_comes_is_longer_than_what_the_run_covers(
    judged: Callable[[str], Outcome],
) -> None:
    assert judged("time_to(rack.temperature > 300 degC) > 50 s").passed
    assert judged("time_to(rack.temperature > 300 degC) < 50 s").status == "failed"


def test_figures_of_a_run_are_what_the_ledger_books(factory: Factory) -> None:
    simulation = factory.simulation(Scenario.model_validate({"duration": "5 min"}))
    observer = Observer(simulation)
    observer.figure("integral(site.power)", "energy")
    observer.figure("mean(site.it_power)", "it")
    observer.figure("max(gpu.temperature)", "hottest")
    observer.run(300.0)
    values, averages = observer.values(), simulation.averages()
    assert values["energy"].high == pytest.approx(averages["facility_power_w"] * 300.0, rel=1e-12)
    assert values["it"].high == pytest.approx(averages["it_power_w"], rel=1e-12)
    assert values["hottest"].high == pytest.approx(averages["max_gpu_temperature_c"], abs=1e-9)
    assert observer.units() == {"energy": "J", "it": "W", "hottest": "degC"}


@pytest.mark.parametrize(
    ("text", "factor", "offset"),
    [
        ("kW", 1e3, False),
        ("%", 0.01, False),
        ("L/min", 1e-3 / 60, False),
        ("degC", 1.0, True),
        ("K", 1.0, False),
        ("kWh", 3.6e6, False),
        ("MW/min", 1e6 / 60, False),
        ("mbar", 100.0, False),
        ("gal/min", 6.309019640e-5, False),
    ],
)
def test_units_have_their_factor(text: str, factor: float, offset: bool) -> None:
    unit = unit_named(text)
    assert unit.factor == pytest.approx(factor, rel=1e-9)
    assert unit.offset is offset


def test_every_channel_has_a_unit_that_expectations_understand() -> None:
    for channel in CHANNELS:
        unit_of_channel(channel.unit)


def test_a_window_over_midnight_takes_both_sides_of_it(factory: Factory) -> None:
    scenario = Scenario.model_validate({"start": "2026-08-01T23:59:00", "duration": "2 min"})
    observer = Observer(factory.simulation(scenario))
    observer.expect("duration(pue > 0 between 23:59 and 00:01) == 120 s")
    observer.expect("duration(pue > 0 between 00:00 and 06:00) == 60 s")
    observer.expect("duration(pue > 0 before 00:00) == 60 s")
    observer.run(120.0, every=10.0)
    assert [o.status for o in observer.outcomes()] == ["passed"] * 3, observer.outcomes()
