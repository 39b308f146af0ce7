"""Indices of air management and the temperature classes they refer to.

RCI (rack cooling index) tells how well intake temperatures keep a guideline; SHI and RHI (supply
and return heat index) tell how much hot air mixes into the cold. Arrays have shape [racks] (or any
set of intakes). Sources: Herrlin, ASHRAE Trans. 111-2 (2005); Sharma, Bash and Patel, AIAA
2002-3091; ASHRAE TC 9.9 Thermal Guidelines, 5th ed. (2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel


@dataclass(frozen=True)
class AirClass:
    """Allowable inlet dry bulb [degC] of an equipment class; recommended is common to all."""

    name: str
    allowable_min: float
    allowable_max: float
    recommended_min: float = 18.0
    recommended_max: float = 27.0


AIR_CLASSES = {
    "A1": AirClass("A1", 15.0, 32.0),
    "A2": AirClass("A2", 10.0, 35.0),
    "A3": AirClass("A3", 5.0, 40.0),
    "A4": AirClass("A4", 5.0, 45.0),
}
"""ASHRAE air-cooled equipment classes."""

FACILITY_WATER_CLASSES = {
    "W17": 17.0,
    "W27": 27.0,
    "W32": 32.0,
    "W40": 40.0,
    "W45": 45.0,
    "W+": np.inf,
}
"""ASHRAE facility water classes: largest supply temperature [degC]."""

COOLANT_CLASSES = {"S30": 30.0, "S40": 40.0, "S45": 45.0, "S50": 50.0}
"""ASHRAE technology coolant classes: largest supply temperature [degC]."""


def smallest_class(temperature: float, classes: dict[str, float]) -> str | None:
    """Name of the tightest class whose limit [degC] is not exceeded, or None above all of them."""
    for name, limit in sorted(classes.items(), key=lambda item: item[1]):
        if temperature <= limit:
            return name
    return None


@kernel()
def rack_cooling_index_high(
    inlet: NDArray[np.float64], recommended_max: float, allowable_max: float
) -> float:
    """RCI_HI [%]: 100 when no intake exceeds the recommended maximum; can fall below zero.

    [1 - sum of overshoots / ((allowable_max - recommended_max) n)] 100; inlet [degC], n intakes.
    """
    excess = 0.0
    for i in range(inlet.shape[0]):
        excess += max(float(inlet[i]) - recommended_max, 0.0)
    return float(100.0 * (1.0 - excess / ((allowable_max - recommended_max) * inlet.shape[0])))


@kernel()
def rack_cooling_index_low(
    inlet: NDArray[np.float64], recommended_min: float, allowable_min: float
) -> float:
    """RCI_LO [%]: 100 when no intake is below the recommended minimum; can fall below zero.

    [1 - sum of undershoots / ((recommended_min - allowable_min) n)] 100; inlet [degC], n intakes.
    """
    excess = 0.0
    for i in range(inlet.shape[0]):
        excess += max(recommended_min - float(inlet[i]), 0.0)
    return float(100.0 * (1.0 - excess / ((recommended_min - allowable_min) * inlet.shape[0])))


@kernel()
def supply_heat_index(
    inlet: NDArray[np.float64],
    outlet: NDArray[np.float64],
    mass_flow: NDArray[np.float64],
    supply_temperature: float,
) -> float:
    """SHI [-]: enthalpy the cold air gained before the racks over all it gained behind them.

    sum m (T_in - T_sup) / sum m (T_out - T_sup); inlet, outlet [degC], mass_flow [kg/s]. With equal
    flows it is the published ratio of temperature sums. 0 is ideal; RHI = 1 - SHI. Zero when
    nothing is heated.
    """
    gained = 0.0
    total = 0.0
    for i in range(inlet.shape[0]):
        gained += mass_flow[i] * (inlet[i] - supply_temperature)
        total += mass_flow[i] * (outlet[i] - supply_temperature)
    if total <= 0.0:
        return 0.0
    return gained / total


@kernel()
def return_heat_index(
    outlet: NDArray[np.float64],
    rack_mass_flow: NDArray[np.float64],
    return_temperature: NDArray[np.float64],
    handler_mass_flow: NDArray[np.float64],
    supply_temperature: float,
) -> float:
    """RHI [-]: enthalpy the air handlers extract over what the racks' exhaust carries.

    sum M (T_return - T_sup) / sum m (T_out - T_sup) over air handlers and racks. 1 is ideal. Where
    the handlers' air balance closes it equals 1 - SHI. One when nothing is heated.
    """
    extracted = 0.0
    for k in range(return_temperature.shape[0]):
        extracted += handler_mass_flow[k] * (return_temperature[k] - supply_temperature)
    total = 0.0
    for i in range(outlet.shape[0]):
        total += rack_mass_flow[i] * (outlet[i] - supply_temperature)
    if total <= 0.0:
        return 1.0
    return extracted / total
