"""Branch laws of a network: pressure drop and slope of every kind of element.

A branch is described by a row of parameters (one layout per kind, below) and by its controls.
:func:`resolve_branches` turns both into the few numbers the Newton iteration needs, so that valve
characteristics, clogging and the like are worked out once per solve; :func:`branch_drop_and_slope`
is the law that runs in the iteration.

Parameter columns by kind (density is an array of its own):

============  =====================================================================================
PIPE          length, diameter, roughness [m], loss coefficient K [-], viscosity [Pa s],
              friction model, laminar end Re, turbulent start Re
RESISTANCE    coefficient [Pa/(kg/s)^n], exponent n, transition flow [kg/s], cracking pressure [Pa]
VALVE         Kvs [m3/h], characteristic, rangeability (or alpha), leakage Kv/Kvs
FILTER        clean coefficient [Pa/(kg/s)^n], exponent n, transition flow [kg/s]
PUMP          a0 [Pa], a1 [Pa/(kg/s)], a2 [Pa/(kg/s)^2], reverse resistance [Pa/(kg/s)^2]
TABLE_PUMP    index of the pump table
============  =====================================================================================
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from physics.hydraulics.fittings import power_law_drop_and_slope
from physics.hydraulics.friction import pipe_drop_and_slope
from physics.hydraulics.pumps import quadratic_rise_and_slope, tabulated_rise_and_slope
from physics.hydraulics.valves import valve_resistance
from physics.jit import kernel, law

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_PIPE = 0
_RESISTANCE = 1
_VALVE = 2
_FILTER = 3
_PUMP = 4
_TABLE_PUMP = 5

PARAMETERS = 8
"""Columns of the parameter array."""
RESOLVED = 9
"""Columns of the resolved rows: PIPE has its eight parameters and density, the others fewer."""

TRANSITION_DROP = 1e-3
"""Pressure drop [Pa] below which a resistance without a stated transition flow is laminar. It only
has to be small against anything that matters: it gives the law a finite slope at rest."""


class BranchKind(IntEnum):
    """What law a branch follows."""

    PIPE = _PIPE
    RESISTANCE = _RESISTANCE
    VALVE = _VALVE
    FILTER = _FILTER
    PUMP = _PUMP
    TABLE_PUMP = _TABLE_PUMP


@law
def default_transition_flow(coefficient: float, exponent: float) -> float:
    """Mass flow [kg/s] at which a power law drops :data:`TRANSITION_DROP`; 0 for a free passage."""
    if coefficient <= 0.0 or coefficient == math.inf:
        return 0.0
    return math.pow(TRANSITION_DROP / coefficient, 1.0 / exponent)


@law
def branch_drop_and_slope(
    kind: int,
    row: FloatArray,
    mass_flow: float,
    table_flow: FloatArray,
    table_rise: FloatArray,
    table_slope: FloatArray,
    table_size: IntArray,
) -> tuple[float, float]:
    """Pressure drop along a branch [Pa] (a pump's is negative) and its slope [Pa s/kg].

    ``row`` is a resolved row of :func:`resolve_branches`, ``kind`` PIPE, RESISTANCE, PUMP or
    TABLE_PUMP (valves and filters resolve to RESISTANCE).
    """
    if kind == _RESISTANCE:
        drop, slope = power_law_drop_and_slope(mass_flow, row[0], row[1], row[2])
        return drop + row[3], slope
    if kind == _PIPE:
        return pipe_drop_and_slope(
            mass_flow, row[0], row[1], row[2], row[3], row[8], row[4], int(row[5]), row[6], row[7]
        )
    if kind == _PUMP:
        # a stated reverse resistance replaces the quadratic term for backward flow
        quadratic = row[3] if mass_flow >= 0.0 else -row[4]
        rise, slope = quadratic_rise_and_slope(mass_flow, row[0], row[1], row[2], quadratic, row[5])
        return -rise, -slope
    table = int(row[1])
    size = table_size[table]
    rise, slope = tabulated_rise_and_slope(
        mass_flow,
        row[0],
        table_flow[table, :size],
        table_rise[table, :size],
        table_slope[table, :size],
    )
    return -rise, -slope


@kernel()
def resolve_branches(
    kind: IntArray,
    parameter: FloatArray,
    density: FloatArray,
    opening: FloatArray,
    speed: FloatArray,
    clogging: FloatArray,
    table_flow: FloatArray,
    table_size: IntArray,
    resolved_kind: IntArray,
    resolved: FloatArray,
    guess: FloatArray,
) -> None:
    """Combine parameters and controls into the rows of the Newton iteration.

    Inputs per branch [n_branches]; ``parameter`` [n_branches, PARAMETERS]. Fills ``resolved_kind``
    (-1 for a shut branch), ``resolved`` [n_branches, RESOLVED] and ``guess``, a flow of the
    element's own order of magnitude [kg/s] from which a cold iteration starts.
    """
    for b in range(kind.shape[0]):
        row = resolved[b]
        given = parameter[b]
        what = kind[b]
        if what == _PIPE:
            for c in range(PARAMETERS):
                row[c] = given[c]
            row[8] = density[b]
            resolved_kind[b] = _PIPE if opening[b] > 0.0 else -1
            guess[b] = 0.25 * math.pi * given[1] * given[1] * density[b]  # 1 m/s
        elif what == _PUMP:
            row[0] = speed[b]
            row[1] = given[0]
            row[2] = given[1]
            row[3] = given[2]
            row[4] = given[3]
            row[5] = default_transition_flow(-given[2], 2.0)
            resolved_kind[b] = _PUMP if opening[b] > 0.0 else -1
            runout = (
                2.0 * given[0] / (-given[1] + math.sqrt(given[1] ** 2 - 4.0 * given[2] * given[0]))
            )
            guess[b] = 0.5 * runout * max(speed[b], 0.1)
        elif what == _TABLE_PUMP:
            table = int(given[0])
            row[0] = speed[b]
            row[1] = given[0]
            resolved_kind[b] = _TABLE_PUMP if opening[b] > 0.0 else -1
            guess[b] = 0.5 * table_flow[table, table_size[table] - 1] * max(speed[b], 0.1)
        else:
            exponent = 2.0
            transition = 0.0
            cracking = 0.0
            if what == _VALVE:
                coefficient = valve_resistance(
                    opening[b], given[0], int(given[1]), given[2], given[3], density[b]
                )
            else:
                exponent = given[1]
                transition = given[2]
                # free area shrinks by clogging (filter) or partial opening (any resistance)
                free = min(opening[b], 1.0)
                if what == _FILTER:
                    free *= 1.0 - clogging[b]
                else:
                    cracking = given[3]
                coefficient = given[0] / free**exponent if free > 0.0 else math.inf
                transition *= max(free, 0.0)
            shut = coefficient == math.inf
            row[0] = 0.0 if shut else coefficient
            row[1] = exponent
            if transition <= 0.0 and not shut:
                transition = default_transition_flow(coefficient, exponent)
            row[2] = transition
            row[3] = cracking
            resolved_kind[b] = -1 if shut else _RESISTANCE
            if coefficient > 0.0 and not shut:
                guess[b] = (1e4 / coefficient) ** (1.0 / exponent)  # at a drop of 10 kPa
            else:
                guess[b] = 1.0
