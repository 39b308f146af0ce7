"""Wall friction of flow in straight pipes.

Darcy friction factor ``f`` in ``dp = f L/d rho v^2/2`` (four times the Fanning factor) from
Reynolds number and relative roughness, and the pressure drop with its derivative for a mass flow of
either sign. The turbulent correlations are plain functions of (Re, eps/d); :func:`darcy_factor`
joins one of them to the laminar law through a band that is continuous in value and slope.
"""

from __future__ import annotations

import math
from enum import IntEnum

from physics.jit import law

LAMINAR_END = 2300.0
"""Reynolds number up to which pipe flow is taken as laminar (VDI Heat Atlas, L1.2)."""
TURBULENT_START = 4000.0
"""Reynolds number from which the turbulent correlations hold (Moody 1944)."""

# Plain integers beside the enum: compiled code compares these.
_COLEBROOK = 0
_HAALAND = 1
_SWAMEE_JAIN = 2
_CHURCHILL = 3
_MOODY = 4

_LN10 = math.log(10.0)


class FrictionModel(IntEnum):
    """Which turbulent correlation a pipe uses."""

    COLEBROOK = _COLEBROOK
    HAALAND = _HAALAND
    SWAMEE_JAIN = _SWAMEE_JAIN
    CHURCHILL = _CHURCHILL
    MOODY = _MOODY


@law
def reynolds_number(mass_flow: float, diameter: float, viscosity: float) -> float:
    """Reynolds number of a full round pipe, never negative [-].

    ``Re = 4 |m| / (pi d mu)`` with mass flow [kg/s], inner diameter [m], dynamic viscosity [Pa s].
    """
    return 4.0 * abs(mass_flow) / (math.pi * diameter * viscosity)


@law
def laminar(reynolds: float) -> float:
    """Darcy factor of laminar pipe flow, ``64/Re`` (Hagen-Poiseuille); infinite at Re = 0."""
    return 64.0 / reynolds if reynolds > 0.0 else math.inf


@law
def colebrook(reynolds: float, relative_roughness: float) -> float:
    """Darcy factor by Colebrook (1939), solved to machine precision.

    ``1/sqrt f = -2 log10(eps/3.7 + 2.51/(Re sqrt f))``. Newton's method on ``x = 1/sqrt f``: the
    equation is nearly linear in x, so five steps from Haaland's estimate leave only rounding.
    """
    a = relative_roughness / 3.7
    b = 2.51 / reynolds
    x = -1.8 * math.log10(a**1.11 + 6.9 / reynolds)
    for _ in range(5):
        inner = a + b * x
        if inner <= 0.0:  # only for Re of order 1, far below the range of the formula
            inner = 1e-300
        step = (x + 2.0 * math.log10(inner)) / (1.0 + 2.0 * b / (_LN10 * inner))
        x -= step
        if abs(step) <= 1e-15 * abs(x):
            break
    return 1.0 / (x * x)


@law
def haaland(reynolds: float, relative_roughness: float) -> float:
    """Darcy factor by Haaland (1983), explicit, within 2 % of Colebrook.

    ``1/sqrt f = -1.8 log10((eps/3.7)^1.11 + 6.9/Re)``
    """
    x = -1.8 * math.log10((relative_roughness / 3.7) ** 1.11 + 6.9 / reynolds)
    return 1.0 / (x * x)


@law
def swamee_jain(reynolds: float, relative_roughness: float) -> float:
    """Darcy factor by Swamee and Jain (1976), explicit; EPANET's and Modelica.Fluid's choice.

    ``f = 0.25 / log10(eps/3.7 + (6.97/Re)^0.9)^2``; 6.97^0.9 is the 5.74 of its other form.
    """
    x = math.log10(relative_roughness / 3.7 + (6.97 / reynolds) ** 0.9)
    return 0.25 / (x * x)


@law
def churchill(reynolds: float, relative_roughness: float) -> float:
    """Darcy factor by Churchill (1977) for all Reynolds numbers, laminar included.

    ``f = 8 [(8/Re)^12 + (A + B)^-1.5]^(1/12)``, ``A = (2.457 ln(1/((7/Re)^0.9 + 0.27 eps)))^16``,
    ``B = (37530/Re)^16``.
    """
    if reynolds < 1.0:  # the powers would overflow where the formula equals 64/Re anyway
        return 64.0 / reynolds
    a = (-2.457 * math.log((7.0 / reynolds) ** 0.9 + 0.27 * relative_roughness)) ** 16
    b = (37530.0 / reynolds) ** 16
    return 8.0 * math.pow((8.0 / reynolds) ** 12 + (a + b) ** -1.5, 1.0 / 12.0)


@law
def moody(reynolds: float, relative_roughness: float) -> float:
    """Darcy factor by Moody (1947), explicit, 5 % for Re 4e3..1e7 and eps/d below 0.01.

    ``f = 0.0055 [1 + (2e4 eps + 1e6/Re)^(1/3)]``
    """
    return 0.0055 * (1.0 + math.pow(2e4 * relative_roughness + 1e6 / reynolds, 1.0 / 3.0))


@law
def _turbulent(reynolds: float, relative_roughness: float, model: int) -> tuple[float, float]:
    """Darcy factor of a correlation and its logarithmic slope ``d ln f / d ln Re``."""
    if model == _COLEBROOK:
        f = colebrook(reynolds, relative_roughness)
        x = 1.0 / math.sqrt(f)
        b = 2.51 / reynolds
        # implicit differentiation of the Colebrook equation
        a = 2.0 / _LN10 * b / (relative_roughness / 3.7 + b * x)
        return f, -2.0 * a / (1.0 + a)
    if model == _HAALAND:
        viscous = 6.9 / reynolds
        inner = (relative_roughness / 3.7) ** 1.11 + viscous
        log_inner = math.log(inner)
        x = -1.8 / _LN10 * log_inner
        return 1.0 / (x * x), 2.0 * viscous / (inner * log_inner)
    if model == _SWAMEE_JAIN:
        viscous = (6.97 / reynolds) ** 0.9
        inner = relative_roughness / 3.7 + viscous
        log_inner = math.log(inner)
        x = log_inner / _LN10
        return 0.25 / (x * x), 1.8 * viscous / (inner * log_inner)
    if model == _CHURCHILL:
        if reynolds < 1.0:
            return 64.0 / reynolds, -1.0
        viscous = (7.0 / reynolds) ** 0.9
        inner = viscous + 0.27 * relative_roughness
        log_inner = -math.log(inner)
        a = (2.457 * log_inner) ** 16
        b = (37530.0 / reynolds) ** 16
        lam = (8.0 / reynolds) ** 12
        tur = (a + b) ** -1.5
        slope_ab = 16.0 * (a * 0.9 * viscous / (inner * log_inner) - b) / (a + b)
        slope = (-12.0 * lam - 1.5 * slope_ab * tur) / (12.0 * (lam + tur))
        return 8.0 * (lam + tur) ** (1.0 / 12.0), slope
    viscous = 1e6 / reynolds
    inner = 2e4 * relative_roughness + viscous
    root = inner ** (1.0 / 3.0)
    return 0.0055 * (1.0 + root), -root * viscous / (3.0 * inner * (1.0 + root))


@law
def darcy_factor_and_slope(
    reynolds: float,
    relative_roughness: float,
    model: int,
    laminar_end: float = LAMINAR_END,
    turbulent_start: float = TURBULENT_START,
) -> tuple[float, float]:
    """Darcy factor for any Re > 0 and its logarithmic slope ``d ln f / d ln Re``.

    Below ``laminar_end`` 64/Re, above ``turbulent_start`` the chosen correlation, between them a
    cubic Hermite polynomial of ``ln f`` over ``ln Re`` that meets both in value and slope (the form
    Modelica.Fluid uses for its detailed wall friction). Churchill's own law spans all three.
    """
    if model == _CHURCHILL:
        return _turbulent(reynolds, relative_roughness, model)
    if reynolds <= laminar_end:
        return 64.0 / reynolds, -1.0
    if reynolds >= turbulent_start:
        return _turbulent(reynolds, relative_roughness, model)
    f_end, slope_end = _turbulent(turbulent_start, relative_roughness, model)
    width = math.log(turbulent_start / laminar_end)
    t = math.log(reynolds / laminar_end) / width
    y0 = math.log(64.0 / laminar_end)
    rise = math.log(f_end) - y0
    c1 = -width  # slope at the laminar end is -1
    c3 = c1 + slope_end * width - 2.0 * rise
    c2 = rise - c1 - c3
    ln_f = y0 + t * (c1 + t * (c2 + t * c3))
    return math.exp(ln_f), (c1 + t * (2.0 * c2 + t * 3.0 * c3)) / width


@law
def darcy_factor(
    reynolds: float,
    relative_roughness: float,
    model: int = _COLEBROOK,
    laminar_end: float = LAMINAR_END,
    turbulent_start: float = TURBULENT_START,
) -> float:
    """Darcy factor for any Reynolds number > 0: laminar, transition band and turbulent.

    ``model`` is a :class:`FrictionModel`. See :func:`darcy_factor_and_slope` for the band.
    """
    return darcy_factor_and_slope(
        reynolds, relative_roughness, model, laminar_end, turbulent_start
    )[0]


@law
def pipe_drop_and_slope(
    mass_flow: float,
    length: float,
    diameter: float,
    roughness: float,
    loss_coefficient: float,
    density: float,
    viscosity: float,
    model: int = _COLEBROOK,
    laminar_end: float = LAMINAR_END,
    turbulent_start: float = TURBULENT_START,
) -> tuple[float, float]:
    """Pressure drop of a pipe [Pa] and its derivative with mass flow [Pa s/kg].

    ``dp = (f L/d + K) m |m| / (2 rho A^2)`` (Darcy-Weisbach with minor losses), odd in the flow and
    with the finite Hagen-Poiseuille slope at rest, so that zero flow needs no special case.

    Mass flow [kg/s], length, inner diameter and roughness [m], loss coefficient K [-], density
    [kg/m3], dynamic viscosity [Pa s].
    """
    per_flow = 4.0 / (math.pi * diameter * viscosity)
    reynolds = per_flow * abs(mass_flow)
    # dp = f Re^2 L mu^2/(2 rho d^3): finite at rest, where f itself is not
    wall = length * viscosity * viscosity / (2.0 * density * diameter**3)
    if (reynolds <= laminar_end and model != _CHURCHILL) or reynolds < 1e-6:
        friction = 64.0 * reynolds * wall
        slope = 64.0 * wall * per_flow
    else:
        f, log_slope = darcy_factor_and_slope(
            reynolds, roughness / diameter, model, laminar_end, turbulent_start
        )
        friction = f * reynolds * reynolds * wall
        slope = f * reynolds * (2.0 + log_slope) * wall * per_flow
    area = 0.25 * math.pi * diameter * diameter
    minor = loss_coefficient / (2.0 * density * area * area)
    drop = friction + minor * mass_flow * mass_flow
    if mass_flow < 0.0:
        drop = -drop
    return drop, slope + 2.0 * minor * abs(mass_flow)


@law
def pipe_drop(
    mass_flow: float,
    length: float,
    diameter: float,
    roughness: float,
    loss_coefficient: float,
    density: float,
    viscosity: float,
    model: int = _COLEBROOK,
    laminar_end: float = LAMINAR_END,
    turbulent_start: float = TURBULENT_START,
) -> float:
    """Pressure drop of a pipe in the direction of positive flow [Pa]; has the sign of the flow.

    See :func:`pipe_drop_and_slope` for the law and the units.
    """
    return pipe_drop_and_slope(
        mass_flow,
        length,
        diameter,
        roughness,
        loss_coefficient,
        density,
        viscosity,
        model,
        laminar_end,
        turbulent_start,
    )[0]
