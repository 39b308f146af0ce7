"""Which entry of a scenario drives which racks: two that drive the same ones are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError
from twin.workload.driver import INPUTS, Rows, racks_at
from twin.workload.spec import Series

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.scenario import Scenario, Workload
    from twin.yaml_file import Key

SHARES = ("compute_share", "memory_share")


@dataclass(frozen=True, eq=False)
class Claim:
    """Racks that one entry drives, and what of them.

    Attributes
    ----------
    key : of the entry in the scenario
    kind : profile, series, training, inference or jobs
    path, rows : its racks
    inputs : which of their inputs it sets
    idle : whether it asks for nothing but racks at rest
    """

    key: Key
    kind: str
    path: str
    rows: Rows
    inputs: frozenset[str]
    idle: bool = False

    @property
    def name(self) -> str:
        """For messages, such as ``training (workload[1])``."""
        place = "".join(f"[{part}]" if isinstance(part, int) else str(part) for part in self.key)
        return f"{self.kind} ({place})" if place != self.kind else self.kind


def claims_of(scenario: Scenario, rows: Sequence[Rows]) -> list[Claim]:
    """Claims of all entries, jobs last; ``rows``: the racks that each of them drives."""
    claims = [
        _claim(("workload", number), entry, mine)
        for number, (entry, mine) in enumerate(zip(scenario.workload, rows, strict=False))
    ]
    if scenario.jobs is not None:
        claims.append(Claim(("jobs",), "jobs", scenario.jobs.path, rows[-1], frozenset(INPUTS)))
    return claims


def racks_of_entry(plant: Plant, scenario: Scenario, path: str, key: Key) -> Rows:
    """Racks at an entry's path; raises InputError that points at it."""
    try:
        return racks_at(plant, path)
    except InputError as error:
        raise scenario.located(error, (*key, "path")) from None


def _claim(key: Key, entry: Workload, rows: Rows) -> Claim:
    if entry.series is not None:
        return Claim(key, "series", entry.path, rows, _of_series(entry.series))
    if entry.profile:
        inputs = {
            name
            for name in INPUTS
            if any(getattr(load, name) is not None for load in entry.profile)
        }
        idle = all(not load.utilisation for load in entry.profile)
        return Claim(key, "profile", entry.path, rows, frozenset(inputs), idle)
    kind = "training" if entry.training is not None else "inference"
    return Claim(key, kind, entry.path, rows, frozenset(INPUTS))


def _of_series(series: Series) -> frozenset[str]:
    """A power or heat is reached by the utilisation; shares count where they are written down."""
    if series.quantity in SHARES:
        return frozenset((series.quantity,))
    given = (name for name in SHARES if getattr(series, name) is not None)
    return frozenset(("utilisation", *given))


def refuse_shared(plant: Plant, scenario: Scenario, claims: Sequence[Claim]) -> None:
    """Refuse entries that drive the same racks, and shares of racks that nothing keeps busy.

    A profile may come before another entry, which then has its racks; it cannot come after one
    that drives them all the time.

    Raises
    ------
    InputError : with both entries and the first rack that they share
    """
    owner = {name: np.full(plant.levels["rack"].count, -1) for name in INPUTS}
    for number, claim in enumerate(claims):
        for name in sorted(claim.inputs, key=INPUTS.index):
            owners = owner[name][claim.rows]
            if (owners >= 0).any():
                place = int(np.flatnonzero(owners >= 0)[0])
                first = claims[int(owners[place])]
                _refuse(plant, scenario, first, claim, int(claim.rows[place]), name)
            if claim.kind != "profile":
                owner[name][claim.rows] = number
    _refuse_shares_alone(plant, scenario, claims)


def _refuse(
    plant: Plant, scenario: Scenario, first: Claim, second: Claim, row: int, name: str
) -> None:
    rack = plant.levels.path("rack", row)
    if second.kind == "profile":
        message = f"{first.kind} already drives these racks, and this profile would have no effect"
        allowed = "a profile before that entry, or on other racks"
    else:
        message = "two entries drive the same racks"
        allowed = "one of series, training, inference and jobs for a rack: another path for each"
    what = name.replace("_", " ")
    raise scenario.located(
        InputError(
            message,
            found=f"{first.name} and {second.name}, both for the {what} of {rack}",
            allowed=allowed,
        ),
        (*second.key, "path") if _has_path(scenario, second) else second.key,
    )


def _has_path(scenario: Scenario, claim: Claim) -> bool:
    """Whether the path of an entry stands in the file, for messages to point at."""
    entry = scenario.jobs if claim.kind == "jobs" else scenario.workload[int(claim.key[-1])]
    return entry is not None and "path" in entry.model_fields_set


def _refuse_shares_alone(plant: Plant, scenario: Scenario, claims: Sequence[Claim]) -> None:
    busy: NDArray[np.bool_] = np.zeros(plant.levels["rack"].count, dtype=np.bool_)
    for claim in claims:
        if "utilisation" in claim.inputs:
            busy[claim.rows] = True
    for event in scenario.events:
        if event.set_ == "utilisation":
            try:
                busy[racks_at(plant, event.path)] = True
            except InputError:
                continue  # told where events are checked
    for claim in claims:
        idle = claim.rows[~busy[claim.rows]]
        if len(idle):
            told = " and ".join(sorted(claim.inputs)).replace("_", " ")
            raise scenario.located(
                InputError(
                    f"gives a {told}, and nothing gives these racks a utilisation: they would be "
                    "idle",
                    found=plant.levels.path("rack", int(idle[0])),
                    allowed="an entry with a utilisation, power or heat for them beside it "
                    "(profile: [{utilisation: 100 %}]; 0 % leaves them idle)",
                ),
                claim.key,
            )


def left_to(claims: Sequence[Claim], number: int) -> dict[str, Rows]:
    """Racks of a profile that no later entry drives, by input."""
    mine = claims[number]
    left = dict.fromkeys(INPUTS, mine.rows)
    for claim in claims[number + 1 :]:
        if claim.kind != "profile":
            for name in claim.inputs:
                left[name] = np.setdiff1d(left[name], claim.rows)
    return left
