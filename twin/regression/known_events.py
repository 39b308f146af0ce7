"""Which events there can be, for checking names before a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.alarms import KINDS as COOLING_KINDS
from twin.controls import CONTROLS, FAULTS, place
from twin.errors import InputError, near_matches
from twin.power.journal import KINDS as POWER_KINDS
from twin.regression.elements import element_named, path_matches
from twin.regression.syntax import EventName
from twin.scenario import Scenario
from twin.weather_notes import KINDS as WEATHER_KINDS

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.regression.bind import Binder

RUN_KINDS = (
    "throttling",
    "recovered",
    "data",
    "gpus-off",
    "gpus-on",
    "rack-cooled",
    "rack-too-hot",
    "gap",
    "out-of-reach",
    "within-reach",
    "no-balance",
    "weather-missing",
    "job-started",
    "job-finished",
    "job-failed",
    "job-waits",
    *WEATHER_KINDS,
    *POWER_KINDS,
    *COOLING_KINDS,
)
"""Kinds of events that a run brings about by itself, whatever else the plant's parts may add."""


def command_kinds() -> frozenset[str]:
    """Names of events that commands bring about."""
    faults = {fault.name for fault in FAULTS}
    return frozenset(
        faults | {f"{name}-cleared" for name in faults} | {control.key for control in CONTROLS}
    )


def scheduled_events(plant: Plant, scenario: Scenario) -> tuple[tuple[str, str], ...]:
    """Path and name of every event on a scenario's timeline."""
    found = []
    for event in scenario.events:
        kind = event.set_ or event.inject or f"{event.clear}-cleared"
        found.append((event.path if event.set_ else place(plant, event.path), kind))
    return tuple(found)


def check_event(binder: Binder, event: EventName) -> None:
    """Raise ExpectationError for an event of an unknown element or kind, or never scheduled."""
    known = command_kinds()
    if event.kind not in known and event.kind not in binder.kinds:
        raise binder.fail(
            f"unknown event '{event.kind}'",
            event.at + len(event.element) + 1,
            near_matches(event.kind, sorted(known | binder.kinds)),
        )
    if "*" not in event.element:
        try:
            element_named(binder.plant, event.element)
        except InputError as error:
            raise binder.fail(error.message, event.at, error.allowed) from None
    by_itself = event.kind in binder.kinds  # an alarm may have the name of a fault, such as leak
    if not by_itself and not any(
        kind == event.kind and path_matches(event.element, path) for path, kind in binder.scheduled
    ):
        names = [f"{path.rsplit('/', 1)[-1]}.{kind}" for path, kind in binder.scheduled]
        raise binder.fail(
            "the scenario has no such event",
            event.at,
            near_matches(event.text, names) if names else "its timeline is empty",
        )
