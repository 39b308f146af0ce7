"""Transients of a package and of a coolant loop against scipy on the same equations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from physics.heat_exchanger import plate_exchanger
from physics.package import decay, package_step
from physics.volume import mixing_volume

# a package of the Blackwell class: K/W, J/K
DIE_R, HBM_R, MUTUAL = 0.0105, 0.0525, 0.0021
DIE_C, HBM_C, PLATE_C = 14.0, 9.0, 800.0
CONDUCTANCE, COOLANT = 45.0, 40.0
RADAU = "same equations, scipy Radau at 1e-11"


def power(time: float) -> tuple[float, float, float]:
    """Die, HBM and regulator [W]: idle, full, and swings of 20 s as of training."""
    if time < 5.0:
        return 90.0, 40.0, 15.0
    if time < 60.0:
        return 1050.0, 180.0, 120.0
    return (1050.0, 180.0, 120.0) if int(time / 10.0) % 2 else (420.0, 90.0, 50.0)


def package_slope(time: float, y: np.ndarray) -> list[float]:  # type: ignore[type-arg]
    """Rises of die and stacks over the plate, and the plate [K/s].

    The rises relax to the steady ones with R C of their own; the plate gets what they do not keep.
    """
    on_die, on_hbm, loss = power(time)
    die_rise = (DIE_R * on_die + MUTUAL * on_hbm - y[0]) / (DIE_R * DIE_C)
    hbm_rise = (HBM_R * on_hbm + MUTUAL * on_die - y[1]) / (HBM_R * HBM_C)
    total = DIE_C + HBM_C + PLATE_C
    heat = on_die + on_hbm + loss - DIE_C * die_rise - HBM_C * hbm_rise
    return [die_rise, hbm_rise, (heat - CONDUCTANCE * (y[2] - COOLANT)) / total]


def exact_package(times: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Die, HBM and plate [degC] at times, each piece of constant power solved by itself."""
    y, now, found = np.array([0.0, 0.0, COOLANT]), 0.0, []
    for end in times:
        done = solve_ivp(
            lambda _, y, at=0.5 * (now + end): package_slope(at, y), (now, end), y, "Radau",
            rtol=1e-11, atol=1e-11,
        )  # fmt: skip
        y, now = done.y[:, -1], end
        found.append([y[2] + y[0], y[2] + y[1], y[2]])
    return np.array(found)


def marched_package(times: np.ndarray, per_second: int) -> np.ndarray:  # type: ignore[type-arg]
    plate = die = hbm = COOLANT
    step = 1.0 / per_second
    die_decay = float(decay(step / (DIE_R * DIE_C)))
    hbm_decay = float(decay(step / (HBM_R * HBM_C)))
    if per_second == 1:  # the coupled step takes the exponential itself
        die_decay, hbm_decay = np.exp(-step / (DIE_R * DIE_C)), np.exp(-step / (HBM_R * HBM_C))
    found = []
    for second in range(len(times)):
        for part in range(per_second):
            on_die, on_hbm, loss = power(second + (part + 0.5) * step)
            plate, die, hbm, _ = package_step(
                plate, die, hbm, on_die, on_hbm, loss, COOLANT, CONDUCTANCE, DIE_R, HBM_R, MUTUAL,
                DIE_C, HBM_C, PLATE_C, die_decay, hbm_decay, step,
            )  # fmt: skip
        found.append([die, hbm, plate])
    return np.array(found)


@pytest.mark.parametrize(("per_second", "tolerance"), [(1, 0.2), (100, 2e-3)])
def test_package(accuracy: Callable[..., None], per_second: int, tolerance: float) -> None:
    """Two minutes of idle, full load and swings; the plate sees the parts' heat spread over a step.

    0.2 K at steps of a second is what the project promises; the error is of first order in the
    step, so a hundredth of the step has a hundredth of it.
    """
    times = np.arange(1.0, 121.0)
    theirs, ours = exact_package(times), marched_package(times, per_second)
    for column, name in enumerate(("die", "HBM", "cold plate")):
        worst = int(np.argmax(np.abs(ours[:, column] - theirs[:, column])))
        accuracy(
            f"{name}, steps of {1.0 / per_second:g} s, worst second", ours[worst, column],
            theirs[worst, column], tolerance, "degC", RADAU,
        )  # fmt: skip


# --- a loop ---------------------------------------------------------------------------------------

RACK_C, UNIT_C = 2.4e6, 7.2e5  # J/K
RATE, PRIMARY, SIDE = 90e3, 95e3, 660e3  # W/K
WATER = 36.0


def exchanged(entering: float) -> float:
    """Heat over the plate exchanger [W]."""
    heat, *_ = plate_exchanger(
        RATE, 1.0, entering, PRIMARY, 1.0, WATER, RATE, SIDE, PRIMARY, SIDE, 0.0, 0.0
    )
    return float(heat)


def load(time: float) -> float:
    return 150e3 if time < 30.0 else 900e3


def loop_slope(time: float, y: np.ndarray) -> list[float]:  # type: ignore[type-arg]
    """Coolant in the racks and in the unit before the exchanger [K/s]."""
    rack, unit = y
    supply = unit - exchanged(unit) / RATE
    return [
        (RATE * (supply - rack) + load(time)) / RACK_C,
        (RATE * (rack - unit) + 6e3) / UNIT_C,
    ]


def marched_loop(step: float, until: float) -> np.ndarray:  # type: ignore[type-arg]
    """As the coupled step does it: racks with the last supply, then unit and exchanger."""
    rack = unit = supply = 41.0
    found = []
    for number in range(round(until / step)):
        rack, out = mixing_volume(rack, RACK_C, RATE, supply, load((number + 0.5) * step), step)
        unit, entering = mixing_volume(unit, UNIT_C, RATE, out, 6e3, step)
        supply = entering - exchanged(entering) / RATE
        if abs((number + 1) * step % 1.0) < 1e-9 or abs((number + 1) * step % 1.0 - 1.0) < 1e-9:
            found.append([rack, unit])
    return np.array(found)


def test_loop(accuracy: Callable[..., None]) -> None:
    """Racks, unit and exchanger through a step from 150 to 900 kW.

    0.2 K at a second; the racks see the supply of the step before, which is of first order.
    """
    times = np.arange(1.0, 181.0)
    first = solve_ivp(
        loop_slope, (0.0, 30.0), [41.0, 41.0], "Radau", t_eval=times[:30], rtol=1e-10, atol=1e-10
    )
    second = solve_ivp(
        loop_slope, (30.0, 180.0), first.y[:, -1], "Radau", t_eval=times[30:], rtol=1e-10,
        atol=1e-10,
    )  # fmt: skip
    theirs = np.concatenate([first.y.T, second.y.T])
    errors = {}
    for step, tolerance in ((1.0, 0.2), (0.25, 0.05), (0.01, 2e-3)):
        ours = marched_loop(step, 180.0)
        errors[step] = float(np.abs(ours - theirs).max())
        for column, name in enumerate(("racks", "unit")):
            worst = int(np.argmax(np.abs(ours[:, column] - theirs[:, column])))
            accuracy(
                f"coolant in the {name}, steps of {step:g} s, worst second", ours[worst, column],
                theirs[worst, column], tolerance, "degC", RADAU,
            )  # fmt: skip
    order = float(np.log(errors[1.0] / errors[0.25]) / np.log(4.0))
    accuracy("observed order of the loop", order, 1.0, 0.3, "", "first-order splitting")
