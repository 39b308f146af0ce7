"""Which racks follow a workload of their own, so that a command has no say in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from twin.controls import Command, resolve_control
from twin.errors import InputError
from twin.workload.driver import INPUTS, Driver, ProfileDriver, Rows

if TYPE_CHECKING:
    from twin.plant import Plant


def refuse_driven(plant: Plant, drivers: Sequence[Driver], command: Command) -> None:
    """Refuse to set what a training, a service, jobs or a series write again at every step.

    A profile is no such: it writes at its points only, and a command holds until the next.

    Raises InputError naming the first rack and what drives it.
    """
    if command.kind != "set" or command.key not in INPUTS:
        return
    followed = list(_followed(drivers))
    if not followed:
        return
    _, rows = resolve_control(plant, command.path, command.key)
    for what, keys, racks in followed:
        if command.key not in keys:
            continue
        mine = rows[np.isin(rows, racks)]
        if len(mine):
            raise InputError(
                f"'{command.key}' of {plant.levels.path('rack', int(mine[0]))} follows {what}, "
                "so that setting it would have no effect",
                key="path",
                found=command.path,
                allowed="racks that follow no such workload; power_cap and energised act on all",
            )


def _followed(drivers: Sequence[Driver]) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """What drives racks all the time, which of their inputs it writes, and which racks."""
    if all(isinstance(driver, ProfileDriver) for driver in drivers):
        return
    from twin.workload.inference import InferenceDriver
    from twin.workload.job_driver import JobDriver
    from twin.workload.series import SeriesDriver
    from twin.workload.series_table import POWERS
    from twin.workload.training import TrainingDriver

    for driver in drivers:
        if isinstance(driver, TrainingDriver):
            yield "a training job", INPUTS, driver.rows
        elif isinstance(driver, InferenceDriver):
            yield "an inference service", INPUTS, driver.rows
        elif isinstance(driver, JobDriver):
            yield "jobs", INPUTS, driver.rows
        elif isinstance(driver, SeriesDriver):
            quantity = driver.spec.quantity
            written = "utilisation" if quantity in POWERS else quantity
            rows = np.concatenate([part.rows for part in driver.parts])
            yield f"a series of {quantity}", (written,), rows
