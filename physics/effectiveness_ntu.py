"""Effectiveness-NTU relations of heat exchangers, both ways.

``effectiveness_*`` give the effectiveness eps from the number of transfer units NTU = UA / C_min
and the capacity ratio C = C_min / C_max; ``ntu_*`` give NTU from eps. All are scalar laws without
units. They are written with ``expm1`` and ``log1p`` so that C -> 0 (boiling or condensing side),
C -> 1 (balanced) and NTU -> 0 are smooth and exact to rounding, and NTU may be infinite.

An effectiveness that the arrangement cannot reach gives an infinite NTU; the checked
:func:`ntu_from_effectiveness` raises ValueError instead.

Sources: Kays and London, Compact Heat Exchangers (3rd ed.), ch. 2; Shah and Sekulic, Fundamentals
of Heat Exchanger Design, table 3.4; Incropera et al., tables 11.3 and 11.4. The exact crossflow
relation is Mason's series (1955) and its own file, :mod:`physics.crossflow`.
"""

from __future__ import annotations

import math
from enum import IntEnum

from physics.crossflow import (
    effectiveness_crossflow,
    effectiveness_crossflow_approximate,
    ntu_crossflow,
    ntu_crossflow_approximate,
)
from physics.jit import law

COUNTERFLOW = 0
PARALLEL_FLOW = 1
CROSSFLOW_UNMIXED = 2
CROSSFLOW_UNMIXED_APPROXIMATE = 3
CROSSFLOW_CMIN_MIXED = 4
CROSSFLOW_CMAX_MIXED = 5
SHELL_AND_TUBE = 6
PHASE_CHANGE = 7

_TINY = 1e-200
"""Capacity ratio below which C = 0 is meant; quotients of subnormal numbers lose digits."""


class Arrangement(IntEnum):
    """Flow arrangement of a heat exchanger; the value is the code compiled laws take."""

    COUNTERFLOW = COUNTERFLOW
    PARALLEL_FLOW = PARALLEL_FLOW
    CROSSFLOW_UNMIXED = CROSSFLOW_UNMIXED
    CROSSFLOW_UNMIXED_APPROXIMATE = CROSSFLOW_UNMIXED_APPROXIMATE
    CROSSFLOW_CMIN_MIXED = CROSSFLOW_CMIN_MIXED
    CROSSFLOW_CMAX_MIXED = CROSSFLOW_CMAX_MIXED
    SHELL_AND_TUBE = SHELL_AND_TUBE
    PHASE_CHANGE = PHASE_CHANGE


@law
def effectiveness_counterflow(ntu: float, capacity_ratio: float) -> float:
    """Counterflow: (1 - e^-x) / (1 - C e^-x) with x = NTU (1 - C); NTU / (1 + NTU) at C = 1."""
    if math.isinf(ntu):
        return 1.0
    imbalance = 1.0 - capacity_ratio
    if imbalance == 0.0:
        return ntu / (1.0 + ntu)
    approach = -math.expm1(-ntu * imbalance)
    return approach / (imbalance + capacity_ratio * approach)


@law
def ntu_counterflow(effectiveness: float, capacity_ratio: float) -> float:
    """Inverse of :func:`effectiveness_counterflow`."""
    if effectiveness >= 1.0:
        return math.inf
    ratio = effectiveness / (1.0 - effectiveness)
    imbalance = 1.0 - capacity_ratio
    if imbalance == 0.0:
        return ratio
    return math.log1p(ratio * imbalance) / imbalance


@law
def effectiveness_parallel(ntu: float, capacity_ratio: float) -> float:
    """Parallel flow: (1 - exp(-NTU (1 + C))) / (1 + C)."""
    total = 1.0 + capacity_ratio
    return -math.expm1(-ntu * total) / total


@law
def ntu_parallel(effectiveness: float, capacity_ratio: float) -> float:
    """Inverse of :func:`effectiveness_parallel`; infinite from eps = 1 / (1 + C) on."""
    total = 1.0 + capacity_ratio
    if effectiveness * total >= 1.0:
        return math.inf
    return -math.log1p(-effectiveness * total) / total


@law
def effectiveness_phase_change(ntu: float) -> float:
    """Boiler or condenser, C = 0 in any arrangement: 1 - exp(-NTU)."""
    return -math.expm1(-ntu)


@law
def ntu_phase_change(effectiveness: float) -> float:
    """Inverse of :func:`effectiveness_phase_change`."""
    if effectiveness >= 1.0:
        return math.inf
    return -math.log1p(-effectiveness)


@law
def effectiveness_crossflow_cmin_mixed(ntu: float, capacity_ratio: float) -> float:
    """Crossflow, C_min mixed, C_max unmixed: 1 - exp(-(1 - e^(-C NTU)) / C)."""
    if capacity_ratio < _TINY:
        return -math.expm1(-ntu)
    return -math.expm1(math.expm1(-capacity_ratio * ntu) / capacity_ratio)


@law
def ntu_crossflow_cmin_mixed(effectiveness: float, capacity_ratio: float) -> float:
    """Inverse of :func:`effectiveness_crossflow_cmin_mixed`; infinite from 1 - e^(-1/C) on."""
    if effectiveness >= 1.0:
        return math.inf
    if capacity_ratio < _TINY:
        return -math.log1p(-effectiveness)
    inner = capacity_ratio * math.log1p(-effectiveness)
    if inner <= -1.0:
        return math.inf
    return -math.log1p(inner) / capacity_ratio


@law
def effectiveness_crossflow_cmax_mixed(ntu: float, capacity_ratio: float) -> float:
    """Crossflow, C_max mixed, C_min unmixed: (1 - exp(-C (1 - e^-NTU))) / C."""
    if capacity_ratio < _TINY:
        return -math.expm1(-ntu)
    return -math.expm1(capacity_ratio * math.expm1(-ntu)) / capacity_ratio


@law
def ntu_crossflow_cmax_mixed(effectiveness: float, capacity_ratio: float) -> float:
    """Inverse of :func:`effectiveness_crossflow_cmax_mixed`; infinite from (1 - e^-C)/C on."""
    if effectiveness * capacity_ratio >= 1.0:
        return math.inf
    if capacity_ratio < _TINY:
        inner = -effectiveness
    else:
        inner = math.log1p(-effectiveness * capacity_ratio) / capacity_ratio
    if inner <= -1.0:
        return math.inf
    return -math.log1p(inner)


@law
def effectiveness_of_passes(effectiveness: float, capacity_ratio: float, passes: int) -> float:
    """Overall effectiveness of identical passes connected in overall counterflow.

    effectiveness: that of one pass, C the same for all. With r = ((1 - eps C) / (1 - eps))^n the
    result is (r - 1) / (r - C). Used for shells in series and for multi-pass coils. Source: Kays
    and London eqs. (2-18), (2-19).
    """
    if passes == 1 or effectiveness >= 1.0:
        return effectiveness
    ratio = effectiveness / (1.0 - effectiveness)
    imbalance = 1.0 - capacity_ratio
    if imbalance == 0.0:
        return passes * ratio / (1.0 + passes * ratio)
    growth = math.expm1(passes * math.log1p(ratio * imbalance))
    return 1.0 if math.isinf(growth) else growth / (growth + imbalance)


@law
def effectiveness_of_one_pass(effectiveness: float, capacity_ratio: float, passes: int) -> float:
    """Inverse of :func:`effectiveness_of_passes`: effectiveness of each of the equal passes."""
    if passes == 1 or effectiveness >= 1.0:
        return effectiveness
    ratio = effectiveness / (1.0 - effectiveness)
    imbalance = 1.0 - capacity_ratio
    if imbalance == 0.0:
        return ratio / (passes + ratio)
    growth = math.expm1(math.log1p(ratio * imbalance) / passes)
    return growth / (growth + imbalance)


@law
def effectiveness_shell_and_tube(ntu: float, capacity_ratio: float, shells: int) -> float:
    """TEMA E shells in series, each with 2, 4, ... tube passes; NTU is that of all shells.

    One shell: 2 / (1 + C + g (1 + e^(-NTU g)) / (1 - e^(-NTU g))), g = sqrt(1 + C^2).
    """
    g = math.sqrt(1.0 + capacity_ratio * capacity_ratio)
    t = math.tanh(0.5 * ntu / shells * g)
    one = 2.0 * t / ((1.0 + capacity_ratio) * t + g)
    return effectiveness_of_passes(one, capacity_ratio, shells)


@law
def ntu_shell_and_tube(effectiveness: float, capacity_ratio: float, shells: int) -> float:
    """Inverse of :func:`effectiveness_shell_and_tube`; infinite where it cannot be reached."""
    if effectiveness == 0.0:
        return 0.0
    one = effectiveness_of_one_pass(effectiveness, capacity_ratio, shells)
    g = math.sqrt(1.0 + capacity_ratio * capacity_ratio)
    inverse = (2.0 / one - 1.0 - capacity_ratio) / g
    if inverse <= 1.0:
        return math.inf
    return 2.0 * shells * math.atanh(1.0 / inverse) / g


@law
def effectiveness_of(arrangement: int, ntu: float, capacity_ratio: float, shells: int = 1) -> float:
    """Effectiveness of any arrangement by its code (see :class:`Arrangement`).

    shells is used by SHELL_AND_TUBE only. An unknown code is taken as counterflow; set-up code
    checks it with :func:`effectiveness_from_ntu`.
    """
    if arrangement == PARALLEL_FLOW:
        return effectiveness_parallel(ntu, capacity_ratio)
    if arrangement == CROSSFLOW_UNMIXED:
        return effectiveness_crossflow(ntu, capacity_ratio)
    if arrangement == CROSSFLOW_UNMIXED_APPROXIMATE:
        return effectiveness_crossflow_approximate(ntu, capacity_ratio)
    if arrangement == CROSSFLOW_CMIN_MIXED:
        return effectiveness_crossflow_cmin_mixed(ntu, capacity_ratio)
    if arrangement == CROSSFLOW_CMAX_MIXED:
        return effectiveness_crossflow_cmax_mixed(ntu, capacity_ratio)
    if arrangement == SHELL_AND_TUBE:
        return effectiveness_shell_and_tube(ntu, capacity_ratio, shells)
    if arrangement == PHASE_CHANGE:
        return effectiveness_phase_change(ntu)
    return effectiveness_counterflow(ntu, capacity_ratio)


@law
def ntu_of(arrangement: int, effectiveness: float, capacity_ratio: float, shells: int = 1) -> float:
    """NTU of any arrangement by its code; infinite where the effectiveness is out of reach."""
    if arrangement == PARALLEL_FLOW:
        return ntu_parallel(effectiveness, capacity_ratio)
    if arrangement == CROSSFLOW_UNMIXED:
        return ntu_crossflow(effectiveness, capacity_ratio)
    if arrangement == CROSSFLOW_UNMIXED_APPROXIMATE:
        return ntu_crossflow_approximate(effectiveness, capacity_ratio)
    if arrangement == CROSSFLOW_CMIN_MIXED:
        return ntu_crossflow_cmin_mixed(effectiveness, capacity_ratio)
    if arrangement == CROSSFLOW_CMAX_MIXED:
        return ntu_crossflow_cmax_mixed(effectiveness, capacity_ratio)
    if arrangement == SHELL_AND_TUBE:
        return ntu_shell_and_tube(effectiveness, capacity_ratio, shells)
    if arrangement == PHASE_CHANGE:
        return ntu_phase_change(effectiveness)
    return ntu_counterflow(effectiveness, capacity_ratio)


def effectiveness_from_ntu(
    ntu: float,
    capacity_ratio: float,
    arrangement: Arrangement = Arrangement.COUNTERFLOW,
    shells: int = 1,
) -> float:
    """Checked :func:`effectiveness_of` for set-up code.

    Raises ValueError unless NTU >= 0, 0 <= C <= 1 and shells >= 1.
    """
    if not ntu >= 0.0:
        raise ValueError(f"NTU must not be negative, got {ntu}")
    _check(capacity_ratio, shells)
    return float(effectiveness_of(int(Arrangement(arrangement)), ntu, capacity_ratio, shells))


def ntu_from_effectiveness(
    effectiveness: float,
    capacity_ratio: float,
    arrangement: Arrangement = Arrangement.COUNTERFLOW,
    shells: int = 1,
) -> float:
    """Checked :func:`ntu_of` for set-up code.

    Raises ValueError unless 0 <= eps < 1, 0 <= C <= 1, shells >= 1 and the arrangement can reach
    the effectiveness.
    """
    if not 0.0 <= effectiveness < 1.0:
        raise ValueError(f"effectiveness must lie in 0 to 1 (exclusive), got {effectiveness}")
    _check(capacity_ratio, shells)
    kind = Arrangement(arrangement)
    ntu = float(ntu_of(int(kind), effectiveness, capacity_ratio, shells))
    if not math.isfinite(ntu):
        limit = effectiveness_of(int(kind), math.inf, capacity_ratio, shells)
        raise ValueError(
            f"a {kind.name.lower()} exchanger at capacity ratio {capacity_ratio:g} reaches an "
            f"effectiveness of {limit:.6f} at most, asked for {effectiveness:.6f}"
        )
    return ntu


def _check(capacity_ratio: float, shells: int) -> None:
    if not 0.0 <= capacity_ratio <= 1.0:
        raise ValueError(f"capacity ratio must lie in 0 to 1, got {capacity_ratio}")
    if shells < 1:
        raise ValueError(f"an exchanger has at least one shell, got {shells}")
