"""What a CDU that is lost takes with it: its own racks, whatever else stands in the row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.check.finding import Finding, Subject, kilowatt
from twin.plant.plant import Plant


@dataclass(frozen=True)
class CduLoss:
    """What stops with one CDU.

    Attributes
    ----------
    path : of the CDU
    racks, accelerators : on its loop
    power : of those racks at their rating [W]
    others : further CDUs in its row
    """

    path: str
    racks: int
    accelerators: int
    power: float
    others: int


def cdu_losses(plant: Plant) -> list[CduLoss]:
    """What stops with each CDU, in their order.

    Every CDU feeds a loop of its own, so that no other takes its racks over.
    """
    cdus, racks = plant.levels["cdu"], plant.constants.rack
    accelerators = np.diff(racks.first_gpu)
    per_row = np.bincount(cdus.parent_index, minlength=plant.levels["row"].count)
    losses = []
    for c in range(cdus.count):
        own = racks.cdu == c
        losses.append(
            CduLoss(
                plant.levels.path("cdu", c),
                int(own.sum()),
                int(accelerators[own].sum()),
                float(plant.design.rack_power[own].sum()),
                int(per_row[cdus.parent_index[c]]) - 1,
            )
        )
    return losses


def cdu_notes(subject: Subject) -> Iterator[Finding]:
    """What a lost CDU takes with it, for every row that has more than one: that is no N+1."""
    for loss in cdu_losses(subject.plant):
        if loss.others and loss.racks:
            yield Finding(
                "note",
                loss.path,
                f"a loop of its own: its loss takes {told(loss)} with it, and no other CDU of the "
                "row takes them over",
                "fewer racks on each CDU, and spare pumps within it",
                "cdu-loss",
            )


def told(loss: CduLoss) -> str:
    """How much stops, for people."""
    racks = f"{loss.racks} rack{'s' if loss.racks > 1 else ''}"
    return f"{racks} ({loss.accelerators:,} accelerators, {kilowatt(loss.power)})"
