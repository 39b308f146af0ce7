"""Plug flow through pipes: transport delay, wall capacity and heat loss in time.

The cells of a pipe travel with the fluid instead of the fluid travelling through cells, so a front
keeps its shape however far it goes: there is no numerical diffusion along the pipe. A pipe of ``n``
cells holds ``n - 1`` whole ones and two part-filled ones at its ends. Fluid that enters mixes into
the part-filled cell at the inlet, which is the only mixing there is: temperatures are resolved to
one cell, ``1/n`` of the pipe's content. Any flow direction, reversal, standstill and any number of
pipe contents per step are allowed.

The wall is taken at the fluid's local temperature, which makes a front travel slower by
``C_fluid / (C_fluid + C_wall)``; a cell then holds fluid and wall heat alike. All of a pipe loses
heat to its ambient at the same rate constant, and every piece of fluid decays for exactly the time
it spent inside during the step, so that steady flow gives the exponential law and energy is booked
to rounding: ``stored change = W dt (T_in - T_out) - loss``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel, law

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_MAX_DECAY = 500.0  # exponent at which whatever was in the pipe is at ambient to the last digit


@dataclass(frozen=True)
class PipeState:
    """What a set of pipes remembers; the arrays are updated in place by :func:`advance_pipes`.

    cell_temperature [n_pipes, n_cells + 1] degC, a ring of slots from the ``from`` end; head
    [n_pipes], slot at the ``from`` end; from_fill [n_pipes], filled part of that slot (the slot at
    the ``to`` end holds the rest); edge_temperature [n_pipes] degC at the plane where fluid last
    left; direction [n_pipes], sign of that flow (0: none yet).
    """

    cell_temperature: FloatArray
    head: IntArray
    from_fill: FloatArray
    edge_temperature: FloatArray
    direction: FloatArray


def pipe_state(temperature: FloatArray, n_cells: int) -> PipeState:
    """Pipes filled evenly at ``temperature`` [n_pipes] degC; raises ValueError for n_cells < 1."""
    if n_cells < 1:
        raise ValueError(f"a pipe needs at least one cell, not {n_cells}")
    n = temperature.shape[0]
    return PipeState(
        cell_temperature=np.repeat(temperature[:, None], n_cells + 1, axis=1).astype(np.float64),
        head=np.zeros(n, dtype=np.int64),
        from_fill=np.zeros(n),
        edge_temperature=temperature.astype(np.float64),
        direction=np.zeros(n),
    )


@law
def _wrap(slot: int, slots: int) -> int:
    """Ring index of a slot below twice the ring's length."""
    return slot - slots if slot >= slots else slot


@law
def _mean_decay(x: float) -> float:
    """Mean of ``exp(-t)`` over 0..x; where x is small, as usual, by its series to all digits."""
    if abs(x) < 0.01:
        return 1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0 * (1.0 - x / 6.0))))
    return -math.expm1(-x) / x


@law
def _decay(x: float) -> float:
    """``exp(-x)``, from the series of :func:`_mean_decay` where that is exact and cheaper."""
    if abs(x) < 0.01:
        return 1.0 - x * _mean_decay(x)
    return math.exp(-x)


@law
def _profile_slope(end: float, inner: float, edge: float, width: float, edge_known: bool) -> float:
    """Temperature gradient towards the outlet inside the end cell, per cell width.

    The flatter of the gradients to its full neighbour and to the fluid that left just before, zero
    if they disagree in sign: no new extremes, and exact for a linear profile.
    """
    if not edge_known:
        return 0.0
    back = (end - inner) / (0.5 * (1.0 + width))
    ahead = (edge - end) / (0.5 * width)
    if back * ahead <= 0.0:
        return 0.0
    return back if abs(back) < abs(ahead) else ahead


@law
def advance_pipe(
    cell: FloatArray,
    head: int,
    from_fill: float,
    edge: float,
    direction: float,
    capacity_rate: float,
    temperature_from: float,
    temperature_to: float,
    capacity: float,
    conductance: float,
    ambient_temperature: float,
    time_step: float,
) -> tuple[int, float, float, float, float, float]:
    """Move one pipe on by a step; ``cell`` [n_cells + 1] is updated in place.

    Capacity rate ``m c_p`` [W/K] (positive from the ``from`` to the ``to`` end), temperatures of
    the fluid waiting at either end [degC], heat capacity of fluid plus wall [J/K], conductance to
    ambient [W/K], ambient temperature [degC], step [s].

    Returns (head, from_fill, edge, direction, outlet temperature, loss): outlet temperature is the
    mean of what left during the step [degC] (of the ``to`` end if nothing moved), loss the heat
    given to ambient in the step [J].
    """
    n = cell.shape[0] - 1
    slots = n + 1
    x = min(conductance * time_step / capacity, _MAX_DECAY)
    lost = x * _mean_decay(x)  # share of an excess temperature gone after the step
    decay = 1.0 - lost
    moved = abs(capacity_rate) * time_step * n / capacity  # in cells
    forward = capacity_rate >= 0.0
    flow_sign = 1.0 if forward else -1.0
    fill = from_fill if forward else 1.0 - from_fill  # of the slot at the inlet
    inlet = (temperature_from if forward else temperature_to) - ambient_temperature
    edge_known = direction == flow_sign
    out = 0.0
    loss = 0.0  # both in cells times kelvin until the end
    if moved >= n:
        # everything inside leaves, some fluid passes right through
        per_cell = x / moved
        position = 0.0
        for i in range(slots):
            size = 1.0
            if i == 0:
                size = 1.0 - fill
            elif i == n:
                size = fill
            slot = _wrap(head + n - i, slots) if forward else _wrap(head + i, slots)
            excess = cell[slot] - ambient_temperature
            kept = _decay(position * per_cell) * _mean_decay(size * per_cell)
            out += size * excess * kept
            loss += size * excess * (1.0 - kept)
            position += size
        kept = _decay(n * per_cell)
        out += (moved - n) * inlet * kept
        loss += (moved - n) * inlet * (1.0 - kept)
        edge = ambient_temperature + inlet * kept
        fill = 0.0
        for i in range(n):
            kept = _decay(i * per_cell) * _mean_decay(per_cell)
            slot = _wrap(head + 1 + i if forward else head + n - 1 - i, slots)
            cell[slot] = ambient_temperature + inlet * kept
            loss += inlet * (1.0 - kept)
    else:
        if moved > 0.0:
            per_cell = x / moved
            gone = 0.0
            last = edge
            while gone < moved:
                if fill >= 1.0:
                    # the inlet slot is full, the outlet slot empty: it becomes the next inlet slot
                    head = _wrap(head + n, slots) if forward else _wrap(head + 1, slots)
                    fill = 0.0
                at_inlet = head if forward else _wrap(head + n, slots)
                at_outlet = _wrap(head + n, slots) if forward else head
                inner = _wrap(head + n - 1, slots) if forward else _wrap(head + 1, slots)
                width = 1.0 - fill
                piece = min(width, moved - gone)
                slope = 0.0
                if n > 1:
                    slope = _profile_slope(cell[at_outlet], cell[inner], last, width, edge_known)
                leaving = cell[at_outlet] + 0.5 * slope * (width - piece)
                cell[at_outlet] -= 0.5 * slope * piece
                last = leaving - 0.5 * slope * piece
                before = gone * per_cell
                stay = piece * per_cell
                kept = _decay(before) * _mean_decay(stay)
                out += piece * (leaving - ambient_temperature) * kept
                loss += piece * (leaving - ambient_temperature) * (1.0 - kept)
                # entering fluid is stored as if it had been inside all the time, because the whole
                # pipe decays for the whole step below
                young = _decay(-before) * _mean_decay(-stay)
                filled = 1.0 if piece == width else fill + piece
                entering = ambient_temperature + inlet * young
                cell[at_inlet] = (fill * cell[at_inlet] + (filled - fill) * entering) / filled
                loss += (filled - fill) * inlet * (1.0 - young)
                fill = filled
                gone += piece
            edge = ambient_temperature + (last - ambient_temperature) * decay
        first = head if forward else _wrap(head + n, slots)
        final = _wrap(head + n, slots) if forward else head
        total = 0.0
        for i in range(slots):
            total += cell[i] - ambient_temperature
        total -= (1.0 - fill) * (cell[first] - ambient_temperature)
        total -= fill * (cell[final] - ambient_temperature)
        loss += total * lost
        for i in range(slots):
            cell[i] = ambient_temperature + (cell[i] - ambient_temperature) * decay
    new_fill = fill if forward else 1.0 - fill
    loss *= capacity / n
    if moved > 0.0:
        return head, new_fill, edge, flow_sign, ambient_temperature + out / moved, loss
    end = _wrap(head + n if new_fill < 1.0 else head + n - 1, slots)
    return head, new_fill, edge, direction, cell[end], loss


@kernel(parallel=True)
def advance_pipes(
    cell_temperature: FloatArray,
    head: IntArray,
    from_fill: FloatArray,
    edge_temperature: FloatArray,
    direction: FloatArray,
    capacity_rate: FloatArray,
    temperature_from: FloatArray,
    temperature_to: FloatArray,
    capacity: FloatArray,
    conductance: FloatArray,
    ambient_temperature: FloatArray,
    time_step: float,
    outlet_temperature: FloatArray,
    heat_loss: FloatArray,
) -> None:
    """Move many pipes on by a step: :func:`advance_pipe` for each, all arrays [n_pipes].

    The first five are the fields of a :class:`PipeState`, changed in place; ``outlet_temperature``
    [degC] and ``heat_loss`` [J] are filled.
    """
    for i in numba.prange(head.shape[0]):
        new_head, fill, edge, sign, outlet, loss = advance_pipe(
            cell_temperature[i],
            head[i],
            from_fill[i],
            edge_temperature[i],
            direction[i],
            capacity_rate[i],
            temperature_from[i],
            temperature_to[i],
            capacity[i],
            conductance[i],
            ambient_temperature[i],
            time_step,
        )
        head[i] = new_head
        from_fill[i] = fill
        edge_temperature[i] = edge
        direction[i] = sign
        outlet_temperature[i] = outlet
        heat_loss[i] = loss


@kernel(parallel=True)
def stored_heat(
    cell_temperature: FloatArray,
    head: IntArray,
    from_fill: FloatArray,
    capacity: FloatArray,
    heat: FloatArray,
) -> None:
    """Heat held by fluid and wall of each pipe above 0 degC [J] into ``heat`` [n_pipes]."""
    for i in numba.prange(head.shape[0]):
        slots = cell_temperature.shape[1]
        total = 0.0
        for k in range(slots):
            total += cell_temperature[i, k]
        total -= (1.0 - from_fill[i]) * cell_temperature[i, head[i]]
        total -= from_fill[i] * cell_temperature[i, (head[i] + slots - 1) % slots]
        heat[i] = total * capacity[i] / (slots - 1)


def pipe_profile(state: PipeState, pipe: int) -> tuple[FloatArray, FloatArray]:
    """Temperatures of a pipe for display: positions of the cell centres from the ``from`` end, as a
    fraction of the length, and temperatures [degC]; empty end cells are left out."""
    cells = state.cell_temperature[pipe]
    n = cells.size - 1
    ordered = cells[(int(state.head[pipe]) + np.arange(n + 1)) % (n + 1)]
    fill = float(state.from_fill[pipe])
    sizes = np.concatenate([[fill], np.ones(n - 1), [1.0 - fill]])
    centres = (np.cumsum(sizes) - 0.5 * sizes) / n
    present = sizes > 0.0
    return centres[present], ordered[present]
