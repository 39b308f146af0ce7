"""Power of groups of equal pumps running in parallel, one group per cooling loop."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from physics.hydraulics.pumps import pump_electrical_power, shaft_power
from physics.jit import kernel, law

FloatArray = NDArray[np.float64]


@law
def pump_group_power(
    flow: float,
    rise: float,
    speed: float,
    running: float,
    density: float,
    best_flow: float,
    best_efficiency: float,
    rated_shaft: float,
    motor_efficiency: float,
    drive_efficiency: float,
) -> tuple[float, float]:
    """Shaft and electrical power [W] of ``running`` equal pumps that share a flow evenly.

    Total mass flow [kg/s], pressure rise [Pa], relative speed, number running, density [kg/m3];
    then of one pump: flow of best efficiency at full speed [kg/s], that efficiency, rated shaft
    power [W], efficiencies of motor and drive at that rating. The shaft power ends up as heat in
    the fluid; the rest of the electrical power heats the room. Zero when none runs.
    """
    if running <= 0.0 or speed <= 0.0:
        return 0.0, 0.0
    shaft = shaft_power(flow / running, rise, speed, density, best_flow, best_efficiency)
    electrical = pump_electrical_power(shaft, rated_shaft, motor_efficiency, drive_efficiency)
    return running * shaft, running * electrical


@kernel(parallel=True)
def pump_group_powers(
    flow: FloatArray,
    rise: FloatArray,
    speed: FloatArray,
    running: FloatArray,
    density: FloatArray,
    best_flow: FloatArray,
    best_efficiency: FloatArray,
    rated_shaft: FloatArray,
    motor_efficiency: FloatArray,
    drive_efficiency: FloatArray,
    shaft: FloatArray,
    electrical: FloatArray,
) -> None:
    """:func:`pump_group_power` for every group, all arrays [n_groups]; fills the last two [W]."""
    for i in numba.prange(flow.shape[0]):
        shaft[i], electrical[i] = pump_group_power(
            flow[i],
            rise[i],
            speed[i],
            running[i],
            density[i],
            best_flow[i],
            best_efficiency[i],
            rated_shaft[i],
            motor_efficiency[i],
            drive_efficiency[i],
        )
