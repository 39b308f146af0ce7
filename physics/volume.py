"""Well-mixed volumes with through-flow: exact update, every joule booked."""

from __future__ import annotations

import math

from physics.jit import law
from physics.thermal_volume import exponential_mean_share


@law
def mixing_volume(
    temperature: float,
    heat_capacity: float,
    capacity_rate: float,
    inflow_temperature: float,
    heat: float,
    step: float,
) -> tuple[float, float]:
    """Advance a well-mixed volume by ``step`` seconds.

    C dT/dt = w (T_in - T) + heat with capacity rate w [W/K] >= 0, constant inflow temperature
    [degC] and heat [W] over the step, capacity C [J/K]. Returns the new temperature and the mean
    outflow temperature over the step, both degC, so that
    w T_in + heat - w T_out_mean = C (T_new - T) / step exactly. Without flow the mean is the
    volume's.
    """
    x = capacity_rate * step / heat_capacity
    drive = x * (inflow_temperature - temperature) + heat * step / heat_capacity
    share = 1.0 if x == 0.0 else -math.expm1(-x) / x
    return temperature + drive * share, temperature + drive * exponential_mean_share(x)
