"""Tower laws against Merkel's differential equation solved by scipy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from physics.cooling_tower import CP_WATER, merkel_leaving_temperature
from physics.cooling_tower_integral import (
    integral_leaving_temperature,
    merkel_integral,
    merkel_number,
)
from physics.psychrometrics import saturated_air_enthalpy

P = 101_325.0
# Inlet, leaving, wet bulb [degC], water over air [-].
DUTIES = [
    (35.0, 29.0, 24.0, 1.1),
    (32.0, 27.0, 24.0, 0.9),
    (38.0, 30.0, 26.0, 1.2),
    (30.0, 22.0, 15.0, 1.4),
    (28.0, 20.0, 8.0, 1.8),
]


def number_by_solver(duty: tuple[float, float, float, float]) -> float:
    """Height of the tower in transfer units, from dN/dT of the counterflow equations."""
    inlet, leaving, bulb, ratio = duty

    def slope(temperature: float, state: np.ndarray) -> list[float]:
        _, enthalpy = state
        driving = saturated_air_enthalpy(temperature, P) - enthalpy
        return [CP_WATER / driving, ratio * CP_WATER]

    start = [0.0, saturated_air_enthalpy(bulb, P)]
    solution = solve_ivp(slope, (leaving, inlet), start, "DOP853", rtol=1e-12, atol=1e-12)
    return float(solution.y[0, -1])


@pytest.mark.parametrize("duty", DUTIES)
def test_integral(accuracy: Callable[..., None], duty: tuple[float, float, float, float]) -> None:
    inlet, leaving, bulb, ratio = duty
    theirs = number_by_solver(duty)
    name = f"{inlet:g} to {leaving:g} degC at {bulb:g} degC wet bulb, L/G {ratio:g}"
    source = "Merkel's equations, scipy DOP853"
    ours = merkel_integral(inlet, leaving, bulb, ratio, P)
    accuracy(f"tower demand, {name}", ours, theirs, 1e-9, "-", source, relative=True)
    back = integral_leaving_temperature(50.0, inlet, 50.0 / ratio, bulb, 50.0 * theirs, P)
    accuracy(f"leaving temperature, {name}", back, leaving, 1e-7, "degC", source)


@pytest.mark.parametrize("duty", DUTIES)
def test_chebyshev_rule(
    accuracy: Callable[..., None], duty: tuple[float, float, float, float]
) -> None:
    inlet, leaving, bulb, ratio = duty
    accuracy(
        f"four-point tower demand, {inlet:g} to {leaving:g} degC at {bulb:g} degC wet bulb",
        merkel_number(inlet, leaving, bulb, ratio, P),
        number_by_solver(duty),
        # The three digits in which CTI's charts give the demand.
        5e-3,
        "-",
        "Merkel's equations, scipy DOP853",
        relative=True,
    )


@pytest.mark.parametrize("duty", DUTIES)
def test_effectiveness_form(
    accuracy: Callable[..., None], duty: tuple[float, float, float, float]
) -> None:
    inlet, leaving, bulb, ratio = duty
    conductance = 50.0 * number_by_solver(duty)
    ours = merkel_leaving_temperature(50.0, inlet, 50.0 / ratio, bulb, conductance, P)
    accuracy(
        f"Braun's range, {inlet:g} to {leaving:g} degC at {bulb:g} degC wet bulb",
        inlet - ours,
        inlet - leaving,
        # Thermal certification of towers (CTI STD-201) allows 5 % of capability.
        0.05,
        "K",
        "Merkel's equations, scipy DOP853",
        relative=True,
    )
