"""Coolant tables against CoolProp between their points, and against standard values of water."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from CoolProp.CoolProp import PropsSI

from physics.coolants import coolant, coolant_properties, dry_air_density, dry_air_specific_heat

FLUIDS = {
    "water": "Water",
    "MPG25": "INCOMP::MPG[0.25]",
    "MPG50": "INCOMP::MPG[0.5]",
    "MEG30": "INCOMP::MEG[0.3]",
}
KEYS = {"density": "D", "specific heat": "C", "viscosity": "V", "conductivity": "L"}
UNITS = {
    "density": "kg/m3",
    "specific heat": "J/(kg K)",
    "viscosity": "Pa s",
    "conductivity": "W/(m K)",
}


@pytest.mark.parametrize("name", FLUIDS)
@pytest.mark.parametrize("index", range(4))
def test_interpolation(accuracy: Callable[..., None], name: str, index: int) -> None:
    fluid = coolant(name)
    points = np.linspace(fluid.table[0, 0], fluid.table[-1, 0], 401)
    quantity = list(KEYS)[index]
    ours = np.array([coolant_properties(fluid.table, t)[index] for t in points])
    theirs = PropsSI(KEYS[quantity], "T", points + 273.15, "P", 3.0e5, FLUIDS[name])
    worst = int(np.argmax(np.abs(ours / theirs - 1.0)))
    accuracy(
        f"{quantity} of {name}, worst of 401 points ({points[worst]:.2f} degC)",
        ours[worst],
        theirs[worst],
        1e-5,
        UNITS[quantity],
        "CoolProp",
        relative=True,
    )


@pytest.mark.parametrize(
    ("quantity", "temperature", "theirs", "tolerance", "source"),
    [
        (0, 20.0, 998.2067, 0.001, "Tanaka et al., Metrologia 38 (2001)"),
        (0, 4.0, 999.975, 0.001, "Tanaka et al., Metrologia 38 (2001)"),
        (2, 20.0, 1.0016e-3, 1.7e-6, "ISO/TR 3666:1998, 0.17 %"),
        (3, 25.0, 0.6065, 0.0036, "Ramires et al., J. Phys. Chem. Ref. Data 24 (1995)"),
    ],
)
def test_water_standards(
    accuracy: Callable[..., None],
    quantity: int,
    temperature: float,
    theirs: float,
    tolerance: float,
    source: str,
) -> None:
    table = coolant("water", 101_325.0).table
    name = list(KEYS)[quantity]
    ours = coolant_properties(table, temperature)[quantity]
    accuracy(
        f"{name} of water at {temperature:g} degC", ours, theirs, tolerance, UNITS[name], source
    )


@pytest.mark.parametrize("temperature", [-20.0, 0.0, 20.0, 45.0, 80.0])
def test_air(accuracy: Callable[..., None], temperature: float) -> None:
    kelvin = temperature + 273.15
    accuracy(
        f"specific heat of air at {temperature:g} degC",
        dry_air_specific_heat(temperature),
        PropsSI("C", "T", kelvin, "P", 101_325.0, "Air"),
        3e-5,
        "J/(kg K)",
        "CoolProp (Lemmon et al., 2000)",
        relative=True,
    )
    accuracy(
        f"density of air at {temperature:g} degC",
        dry_air_density(temperature, 101_325.0),
        PropsSI("D", "T", kelvin, "P", 101_325.0, "Air"),
        # Air is not quite an ideal gas: its compressibility factor differs from 1 by up to 0.1 %.
        1e-3,
        "kg/m3",
        "CoolProp (Lemmon et al., 2000)",
        relative=True,
    )


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("EG50", 107.0), ("PG50", 106.0)],
)
def test_boiling_points(accuracy: Callable[..., None], name: str, theirs: float) -> None:
    ours = coolant(name).boiling_point_at(101_325.0)
    source = "published engine-coolant tables, 50 % by volume, rounded to 1 K"
    accuracy(f"boiling point of {name} at 101,325 Pa", ours, theirs, 1.5, "degC", source)
