"""What a study varies without effect: refused by name beforehand, or told afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import InputError
from twin.study.evaluate import Answer, key_path
from twin.study.inputs import scenario_document
from twin.study.sampling import points_of
from twin.study.spec import Study

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.study.sweep import Prepared

NOT_FOLLOWED = frozenset(
    {"schema", "name", "title", "description", "layout", "expect", "observe_every", "threads"}
)
"""Keys of a scenario that no study looks at."""
NOT_AT_REST = frozenset({"events", "duration", "step", "settle", "start_state", "tariff"})
"""Keys that ``solve: steady`` does not look at besides: it knows no time."""
UNKNOWN = "\0"
"""A value that no parameter has."""


def refuse_idle(study: Study, file: Path) -> None:
    """Raise InputError for keys and parameters varied that no point follows, and for keys twice."""
    ignored, because = NOT_FOLLOWED, "studies do not follow it"
    if study.solve == "steady":
        ignored, because = ignored | NOT_AT_REST, "solve: steady does not follow it"
    elif study.steady is not None:
        ignored, because = ignored | {"duration"}, "with steady, a run ends when it is at rest"
    for name, varied in study.vary.items():
        if varied.scenario is not None:
            first = str(key_path(varied.scenario)[:1][0]) if key_path(varied.scenario) else ""
            if first in ignored:
                raise InputError(
                    f"varies '{first}' of the scenario: {because}",
                    file,
                    key=f"vary.{name}.scenario",
                    found=varied.scenario,
                    allowed="what every point of the study follows",
                )
        elif varied.parameter is not None:
            _refuse_idle_parameter(study, file, name, varied.parameter, ignored)
    _refuse_twice(study, file)


def _refuse_idle_parameter(
    study: Study, file: Path, name: str, parameter: str, ignored: frozenset[str]
) -> None:
    """Raise InputError where a parameter stands nowhere, or only where no point looks."""
    two: list[Mapping[str, Any]] = []
    for value in (UNKNOWN, UNKNOWN * 2):
        document, _ = scenario_document(study, str(file), {parameter: value})
        two.append(document.data)
    changed = sorted(key for key in two[0] if two[0][key] != two[1][key])
    if changed and not set(changed) <= ignored:
        return
    where = " and ".join(f"'{key}'" for key in changed)
    raise InputError(
        f"varies a parameter that stands only in {where} of the scenario, which no point follows"
        if changed
        else "varies a parameter that stands nowhere in the scenario",
        file,
        key=f"vary.{name}.parameter",
        found=parameter,
        allowed="a parameter that the scenario uses, as ${" + parameter + "}",
    )


def _refuse_twice(study: Study, file: Path) -> None:
    """Raise InputError where what is varied later stands in the place of something before it."""
    for place in ("layout", "scenario", "parameter"):
        before: dict[tuple[str | int, ...], str] = {}
        for name, varied in study.vary.items():
            text = getattr(varied, place)
            if text is None:
                continue
            key = (text,) if place == "parameter" else key_path(text)
            for earlier, other in before.items():
                if earlier[: len(key)] == key:
                    raise _overridden(file, name, other, text)
            before[key] = name


def refuse_overridden_controls(study: Study, file: Path, plant: Plant) -> None:
    """Raise InputError where all that one control sets is set again by a later one."""
    from twin.controls import resolve_control

    before: list[tuple[str, str, Any]] = []
    for name, varied in study.vary.items():
        if varied.control is None:
            continue
        control, rows = resolve_control(plant, varied.path, varied.control)
        for other, source, earlier in before:
            if source == control.source and np.isin(earlier, rows).all():
                raise _overridden(file, name, other, f"{varied.path}:{varied.control}")
        before.append((name, control.source, rows))


def _overridden(file: Path, name: str, other: str, found: str) -> InputError:
    return InputError(
        f"sets all that '{other}' sets, which then has no effect",
        file,
        key=f"vary.{name}",
        found=found,
        allowed="one of them, or the wider one first",
    )


def without_effect(prepared: Prepared, answers: Mapping[int, Answer]) -> list[str]:
    """Names of what was varied on a grid and changed no result of any point."""
    points = points_of(prepared.study)
    idle = []
    for name in prepared.study.vary:
        alike: dict[tuple[Any, ...], list[Answer]] = defaultdict(list)
        for number, point in enumerate(points):
            if number in answers and not answers[number].error:
                others = tuple(value for key, value in point.items() if key != name)
                alike[others].append(answers[number])
        groups = [group for group in alike.values() if len(group) > 1]
        if groups and all(_equal(group) for group in groups):
            idle.append(name)
    return idle


def _equal(answers: list[Answer]) -> bool:
    first = list(answers[0].values.values())
    return all(
        np.allclose(list(a.values.values()), first, rtol=1e-12, atol=0.0, equal_nan=True)
        for a in answers
    )
