"""Key figures of a whole factory: now, over a run, and where and when its extremes were."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from physics.factory.arrays import Floats
from twin.channels import BY_NAME

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.state import StateBuffer

HOTTEST = {
    "max_gpu_temperature": ("maximum_gpu_temperature", "hottest_gpu"),
    "max_hbm_temperature": ("maximum_hbm_temperature", "hottest_hbm"),
}
"""Hottest parts by the name of their figures: field of the value, beginning of place and time."""


@dataclass(frozen=True)
class Extreme:
    """An extreme of a run: which element had it, and when first [simulated s]."""

    value: float
    path: str
    time: float


def gpu_count(plant: Plant) -> int:
    """Number of accelerators of a plant."""
    return plant.levels["gpu"].count


def share_of_gpus(plant: Plant, values: Floats) -> float:
    """A sum over sites per accelerator; NaN in a plant without any."""
    count = gpu_count(plant)
    return float(values.sum()) / count if count else math.nan


def present(plant: Plant, state: StateBuffer) -> dict[str, float]:
    """Figures now, over all sites; powers in W, temperatures in degC. NaN: there is none."""
    site = state.view.site
    it_power, power = float(site.it_power.sum()), float(site.facility_power.sum())
    tokens = BY_NAME["site.tokens_per_second"].read(plant, state)
    return {
        "it_power_w": it_power,
        "facility_power_w": power,
        "pue": power / it_power if it_power > 0 else math.nan,
        "max_gpu_temperature_c": _hottest(plant, site.maximum_gpu_temperature),
        "max_hbm_temperature_c": _hottest(plant, site.maximum_hbm_temperature),
        "throttled_gpu_fraction": share_of_gpus(plant, site.throttled),
        "off_gpu_fraction": share_of_gpus(plant, site.gpus_off),
        "tokens_per_s": float(tokens.sum()),
        "water_use_kg_per_s": float(site.water_use.sum()),
        "energy_residual": residual(state),
    }


def places(plant: Plant, state: StateBuffer) -> dict[str, str]:
    """Racks with the hottest parts now, by the name of the figure."""
    site = state.view.site
    found = {}
    for name, (value, place) in HOTTEST.items():
        s = int(np.argmax(getattr(site, value)))
        row = int(getattr(site, f"{place}_rack")[s])
        if gpu_count(plant) and row >= 0:
            found[name] = plant.levels.path("rack", row)
    return found


def of_run(plant: Plant, state: StateBuffer) -> dict[str, float]:
    """Figures over the run so far: averages, and maxima of temperatures. NaN: there is none."""
    ledger, site = state.view.ledger, state.view.site
    time = max(float(ledger.time[0]), 1e-9)
    used, it_energy = float(ledger.facility_energy.sum()), float(ledger.it_energy.sum())
    tokens = float((ledger.operations / site.operations_per_token).sum())
    kilowatt_hours = it_energy / 3.6e6
    return {
        "it_power_w": it_energy / time,
        "facility_power_w": used / time,
        "pue": used / it_energy if it_energy > 0 else math.nan,
        "wue_l_per_kwh": float(ledger.water.sum()) / kilowatt_hours if it_energy > 0 else math.nan,
        "max_gpu_temperature_c": _hottest(plant, ledger.maximum_gpu_temperature),
        "max_hbm_temperature_c": _hottest(plant, ledger.maximum_hbm_temperature),
        "throttled_gpu_fraction": share_of_gpus(plant, ledger.throttled_time) / time,
        "off_gpu_fraction": share_of_gpus(plant, ledger.off_time) / time,
        "tokens_per_s": tokens / time,
        "energy_residual": residual(state),
    }


def extremes(plant: Plant, state: StateBuffer) -> dict[str, Extreme]:
    """Hottest parts of the run so far and the peak from the grid, by the name of the figure.

    The peak is that of the site with the highest one; ``peak_grid_power_w`` adds up all sites'.
    """
    ledger, found = state.view.ledger, {}
    if float(ledger.time.max(initial=0.0)) <= 0.0:
        return {}
    for name, (value, place) in HOTTEST.items():
        s = int(np.argmax(getattr(ledger, value)))
        row = int(getattr(ledger, f"{place}_rack")[s])
        if gpu_count(plant) and row >= 0:
            path, time = plant.levels.path("rack", row), getattr(ledger, f"{place}_time")[s]
            found[name] = Extreme(float(getattr(ledger, value)[s]), path, float(time))
    s = int(np.argmax(ledger.peak_power))
    if ledger.peak_power[s] > 0.0:
        path = plant.levels.path("site", s)
        found["peak_grid_power"] = Extreme(
            float(ledger.peak_power[s]), path, float(ledger.peak_power_time[s])
        )
    return found


def extremes_as_dict(found: dict[str, Extreme]) -> dict[str, float | str]:
    """Places and times as plain figures: ``<name>_path`` and ``<name>_time_s``."""
    plain: dict[str, float | str] = {}
    for name, extreme in found.items():
        plain |= {f"{name}_path": extreme.path, f"{name}_time_s": extreme.time}
    return plain


def residual(state: StateBuffer) -> float:
    """Largest ledger residual of any site, relative to its throughput."""
    values = state.view.ledger.residual
    return float(values[np.argmax(np.abs(values))])


def _hottest(plant: Plant, values: Floats) -> float:
    return float(values.max()) if gpu_count(plant) else math.nan
