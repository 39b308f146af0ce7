"""Properties of coolants and air by temperature.

A coolant's density, specific heat, viscosity and conductivity are computed once by CoolProp
(IAPWS for water, the secondary-fluid fits of Melinder for glycol mixtures) on a uniform temperature
grid, and looked up in compiled code from a small table. Temperatures in degC.

The table is a float64 array of shape [n, 5]; its columns are temperature [degC], density [kg/m3],
specific heat [J/(kg K)], dynamic viscosity [Pa s] and thermal conductivity [W/(m K)]. Laws
interpolate by a cubic through four neighbouring rows (relative error below 1e-5 at the default step
of 1 K) and hold the end values outside the grid, so they are finite for any temperature; leaving
the liquid range is the business of the freezing and boiling guards.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from physics.jit import law
from physics.psychrometrics import GAS_CONSTANT_DRY_AIR, KELVIN, saturation_temperature

TEMPERATURE, DENSITY, SPECIFIC_HEAT, VISCOSITY, CONDUCTIVITY = range(5)
"""Columns of a property table."""

MOLAR_MASS_WATER = 18.015268e-3
"""Molar mass of water [kg/mol]."""
WATER_DENSITY_20 = 998.2
"""Density of water at 20 degC [kg/m3], for volume fractions."""

Basis = Literal["mass", "volume"]


@dataclass(frozen=True)
class Glycol:
    """A glycol and what is needed to turn its fraction into CoolProp's and to find boiling.

    coolprop_name: CoolProp incompressible mixture (mass based); molar_mass [kg/mol];
    density_20 [kg/m3] at 20 degC; fraction_limit: largest mass fraction of the fit.
    """

    coolprop_name: str
    molar_mass: float
    density_20: float
    fraction_limit: float


PROPYLENE_GLYCOL = Glycol("MPG", 76.095e-3, 1036.1, 0.6)
ETHYLENE_GLYCOL = Glycol("MEG", 62.068e-3, 1113.2, 0.6)


@dataclass(frozen=True, eq=False)
class Coolant:
    """A coolant ready for compiled look-up.

    name: as asked for; table: shape [n, 5], see the module; pressure: absolute pressure the
    table was made at [Pa]; freezing_point [degC]; boiling_point at that pressure [degC];
    glycol_mass_fraction [-]; water_mole_fraction [-].
    """

    name: str
    table: NDArray[np.float64]
    pressure: float
    freezing_point: float
    boiling_point: float
    glycol_mass_fraction: float
    water_mole_fraction: float

    def boiling_point_at(self, pressure: float) -> float:
        """Boiling point [degC] at an absolute pressure [Pa], for checks away from the hot loop."""
        if not pressure > 0.0:
            raise ValueError(f"pressure must be above 0 Pa, got {pressure}")
        return mixture_boiling_point(pressure, self.water_mole_fraction)


@law
def coolant_properties(
    table: NDArray[np.float64], temperature: float
) -> tuple[float, float, float, float]:
    """Density [kg/m3], specific heat [J/(kg K)], viscosity [Pa s], conductivity [W/(m K)].

    table: shape [n, 5] of a :class:`Coolant`, n >= 4; temperature in degC, held to the grid's ends.
    """
    index, w0, w1, w2, w3 = _cubic_weights(table, temperature)
    density = (
        w0 * table[index, DENSITY]
        + w1 * table[index + 1, DENSITY]
        + w2 * table[index + 2, DENSITY]
        + w3 * table[index + 3, DENSITY]
    )
    specific_heat = (
        w0 * table[index, SPECIFIC_HEAT]
        + w1 * table[index + 1, SPECIFIC_HEAT]
        + w2 * table[index + 2, SPECIFIC_HEAT]
        + w3 * table[index + 3, SPECIFIC_HEAT]
    )
    viscosity = (
        w0 * table[index, VISCOSITY]
        + w1 * table[index + 1, VISCOSITY]
        + w2 * table[index + 2, VISCOSITY]
        + w3 * table[index + 3, VISCOSITY]
    )
    conductivity = (
        w0 * table[index, CONDUCTIVITY]
        + w1 * table[index + 1, CONDUCTIVITY]
        + w2 * table[index + 2, CONDUCTIVITY]
        + w3 * table[index + 3, CONDUCTIVITY]
    )
    return density, specific_heat, viscosity, conductivity


@law
def _cubic_weights(
    table: NDArray[np.float64], temperature: float
) -> tuple[int, float, float, float, float]:
    """First row and the weights of the four rows of Lagrange's cubic at a temperature."""
    rows = table.shape[0]
    first = table[0, TEMPERATURE]
    step = table[1, TEMPERATURE] - first
    position = min(max((temperature - first) / step, 0.0), rows - 1.0)
    index = min(max(int(position) - 1, 0), rows - 4)
    t = position - index
    a, b, c = t - 1.0, t - 2.0, t - 3.0
    return index, -a * b * c / 6.0, 0.5 * t * b * c, -0.5 * t * a * c, t * a * b / 6.0


@law
def _property(table: NDArray[np.float64], temperature: float, column: int) -> float:
    """One column of the table at a temperature."""
    index, w0, w1, w2, w3 = _cubic_weights(table, temperature)
    return float(
        w0 * table[index, column]
        + w1 * table[index + 1, column]
        + w2 * table[index + 2, column]
        + w3 * table[index + 3, column]
    )


@law
def coolant_density(table: NDArray[np.float64], temperature: float) -> float:
    """Density [kg/m3] at a temperature [degC]."""
    return _property(table, temperature, DENSITY)


@law
def coolant_specific_heat(table: NDArray[np.float64], temperature: float) -> float:
    """Specific heat at constant pressure [J/(kg K)] at a temperature [degC]."""
    return _property(table, temperature, SPECIFIC_HEAT)


@law
def coolant_viscosity(table: NDArray[np.float64], temperature: float) -> float:
    """Dynamic viscosity [Pa s] at a temperature [degC]."""
    return _property(table, temperature, VISCOSITY)


@law
def coolant_conductivity(table: NDArray[np.float64], temperature: float) -> float:
    """Thermal conductivity [W/(m K)] at a temperature [degC]."""
    return _property(table, temperature, CONDUCTIVITY)


@law
def coolant_prandtl(table: NDArray[np.float64], temperature: float) -> float:
    """Prandtl number cp mu / k [-] at a temperature [degC]."""
    _, specific_heat, viscosity, conductivity = coolant_properties(table, temperature)
    return specific_heat * viscosity / conductivity


@law
def mixture_boiling_point(pressure: float, water_mole_fraction: float) -> float:
    """Boiling point of a glycol-water mixture [degC] at absolute pressure [Pa].

    Raoult's law with the vapour pressure of the glycol neglected (at 100 degC it is below 1 % of
    water's), p = x_water p_sat(T); within 1 K of published 50 % glycol boiling points.
    """
    return saturation_temperature(pressure / max(water_mole_fraction, 1e-6))


@law
def freezing_margin(temperature: float, freezing_point: float) -> float:
    """How far a temperature is above freezing [K]; negative means ice or slush."""
    return temperature - freezing_point


@law
def boiling_margin(temperature: float, pressure: float, water_mole_fraction: float) -> float:
    """How far a temperature [degC] is below boiling at absolute pressure [Pa], in K."""
    return mixture_boiling_point(pressure, water_mole_fraction) - temperature


@law
def dry_air_density(temperature: float, pressure: float) -> float:
    """Density of dry air [kg/m3], ideal gas, temperature [degC], pressure [Pa]."""
    return pressure / (GAS_CONSTANT_DRY_AIR * (temperature + KELVIN))


@law
def dry_air_specific_heat(temperature: float) -> float:
    """Specific heat of dry air at constant pressure [J/(kg K)], -50 to 120 degC.

    Quadratic fitted to Lemmon et al. (2000) as given by CoolProp at 101,325 Pa; within 0.003 %.
    """
    return 1005.671 + 0.015046 * temperature + 4.05750e-4 * temperature**2


def glycol_mass_fraction(volume_fraction: float, glycol: Glycol) -> float:
    """Mass fraction [-] of a mixture made from a volume fraction [0 to 1] of glycol at 20 degC."""
    if not 0.0 <= volume_fraction <= 1.0:
        raise ValueError(f"volume fraction must lie in 0 to 1, got {volume_fraction}")
    glycol_mass = volume_fraction * glycol.density_20
    return glycol_mass / (glycol_mass + (1.0 - volume_fraction) * WATER_DENSITY_20)


_NAME = re.compile(r"(PG|EG|MPG|MEG)[\s\-_]?(\d+(?:\.\d+)?)\s*%?", re.IGNORECASE)


@lru_cache(maxsize=64)
def coolant(name: str, pressure: float = 3.0e5, step: float = 1.0) -> Coolant:
    """The coolant of a name, with its properties tabulated.

    name: ``water``; ``PG25`` or ``EG30`` for propylene or ethylene glycol in per cent by volume, as
    data-centre coolants are sold; ``MPG25`` or ``MEG30`` for per cent by mass, CoolProp's own
    convention. pressure: absolute loop pressure [Pa]; step: grid spacing [K].

    Raises ValueError for an unknown name, a fraction outside the fit (60 % by mass) or a pressure
    at which the liquid range is empty. Source: CoolProp (Bell et al., 2014).
    """
    if not step > 0.0:
        raise ValueError(f"grid step must be above 0 K, got {step}")
    if not pressure > 0.0:
        raise ValueError(f"pressure must be above 0 Pa, got {pressure}")
    if name.strip().lower() == "water":
        return _water(name, pressure, step)
    match = _NAME.fullmatch(name.strip())
    if match is None:
        raise ValueError(
            f"unknown coolant {name!r}: use 'water', 'PG25' (per cent by volume) or 'MPG25' (mass)"
        )
    kind, fraction = match[1].upper(), float(match[2]) / 100.0
    basis: Basis = "mass" if kind.startswith("M") else "volume"
    glycol = PROPYLENE_GLYCOL if kind.endswith("PG") else ETHYLENE_GLYCOL
    return glycol_coolant(glycol, fraction, basis=basis, pressure=pressure, step=step, name=name)


def glycol_coolant(
    glycol: Glycol,
    fraction: float,
    *,
    basis: Basis = "mass",
    pressure: float = 3.0e5,
    step: float = 1.0,
    name: str | None = None,
) -> Coolant:
    """A glycol-water mixture of any fraction [0 to 1] by mass or volume; see :func:`coolant`."""
    if not 0.0 <= fraction <= 1.0:
        raise ValueError(f"glycol fraction must lie in 0 to 1, got {fraction}")
    mass_fraction = fraction if basis == "mass" else glycol_mass_fraction(fraction, glycol)
    if mass_fraction > glycol.fraction_limit:
        raise ValueError(
            f"{glycol.coolprop_name}: mass fraction {mass_fraction:.3f} is above the property "
            f"fit's limit of {glycol.fraction_limit}"
        )
    from CoolProp.CoolProp import PropsSI  # a heavy import, needed at set-up only

    fluid = f"INCOMP::{glycol.coolprop_name}[{mass_fraction:.12g}]"
    reference = 20.0 + KELVIN
    freezing = float(PropsSI("T_FREEZE", "T", reference, "P", pressure, fluid)) - KELVIN
    upper_limit = float(PropsSI("TMAX", fluid)) - KELVIN
    moles_water = (1.0 - mass_fraction) / MOLAR_MASS_WATER
    moles_glycol = mass_fraction / glycol.molar_mass
    water_mole_fraction = moles_water / (moles_water + moles_glycol)
    boiling = mixture_boiling_point(pressure, water_mole_fraction)
    table = _tabulate(fluid, freezing + 0.01, min(upper_limit, boiling - 0.01), step, pressure)
    return Coolant(
        name=name or f"{glycol.coolprop_name}{100.0 * mass_fraction:g}",
        table=table,
        pressure=pressure,
        freezing_point=freezing,
        boiling_point=boiling,
        glycol_mass_fraction=mass_fraction,
        water_mole_fraction=water_mole_fraction,
    )


def _water(name: str, pressure: float, step: float) -> Coolant:
    """Liquid water after IAPWS, from 0 degC to just below boiling."""
    boiling = float(mixture_boiling_point(pressure, 1.0))
    table = _tabulate("Water", 0.01, min(boiling - 0.2, 200.0), step, pressure)
    return Coolant(
        name=name,
        table=table,
        pressure=pressure,
        freezing_point=0.0,
        boiling_point=boiling,
        glycol_mass_fraction=0.0,
        water_mole_fraction=1.0,
    )


def _tabulate(
    fluid: str, low: float, high: float, step: float, pressure: float
) -> NDArray[np.float64]:
    """Properties of a CoolProp fluid on a uniform grid from low to high [degC]."""
    from CoolProp.CoolProp import PropsSI

    intervals = max(math.ceil((high - low) / step), 3)
    if not high > low:
        raise ValueError(f"{fluid} is not liquid at {pressure} Pa: {low:.1f} to {high:.1f} degC")
    grid = np.linspace(low, high, intervals + 1)
    table = np.empty((grid.size, 5))
    table[:, TEMPERATURE] = grid
    for column, key in (
        (DENSITY, "D"),
        (SPECIFIC_HEAT, "C"),
        (VISCOSITY, "V"),
        (CONDUCTIVITY, "L"),
    ):
        table[:, column] = PropsSI(key, "T", grid + KELVIN, "P", pressure, fluid)
    if not np.all(np.isfinite(table)):
        raise ValueError(f"{fluid}: CoolProp gave no properties between {low} and {high} degC")
    table.setflags(write=False)
    return table
