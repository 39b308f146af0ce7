"""Short-circuit currents by IEC 60909-0: equivalent voltage source at the fault.

Every infeed is an impedance, every load and line capacitance is left out, and the fault is fed by
``c U_n / sqrt(3)``. Initial currents come from the diagonal of the impedance matrix, peaks from the
20 Hz method (IEC 60909-0 method C). Impedance corrections are separate functions, so that a table
of branches can say what it contains. Sources behind power electronics (UPS, drives without
feedback, batteries) give no infeed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csc_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from physics.electrical.network import BoolArray, ComplexArray, FloatArray, IntArray, Network
from physics.electrical.tree_reduction import fold_leaves, peel_order, unfold_leaves

Case = Literal["max", "min"]

PEAK_FREQUENCY_SHARE = 0.4
"""Equivalent frequency of method C over system frequency: 20 Hz at 50, 24 Hz at 60."""

_BASE = 1e8
_CHUNK = 256


@dataclass(frozen=True)
class FaultBranches:
    """Series branches, corrections included, shape [branches] each.

    Attributes:
        from_bus, to_bus: bus indices.
        impedance: at the to side [ohm], complex.
        ratio: from-side over to-side rated voltage of a transformer [-], 1 for everything
            else.
    """

    from_bus: IntArray
    to_bus: IntArray
    impedance: ComplexArray
    ratio: FloatArray


@dataclass(frozen=True)
class FaultInfeeds:
    """Impedances that feed a fault: grid, generators, motors; shape [infeeds] each.

    Attributes:
        bus: bus index.
        impedance: corrected [ohm], complex.
        peak_resistance: resistance that counts for the peak (fictitious for generators) [ohm].
    """

    bus: IntArray
    impedance: ComplexArray
    peak_resistance: FloatArray


@dataclass(frozen=True)
class ShortCircuitLevels:
    """Three-phase short circuit at each bus asked for, shape [buses]; zero on dead buses.

    Attributes:
        bus: bus indices.
        initial_current: I_k'' [A].
        peak_current: i_p [A].
        power: ``sqrt(3) U_n I_k''`` [VA].
        rx_ratio: R / X at the fault by the 20 Hz method [-].
        two_phase_current: without earth, far from generators [A].
    """

    bus: IntArray
    initial_current: FloatArray
    peak_current: FloatArray
    power: FloatArray
    rx_ratio: FloatArray
    two_phase_current: FloatArray


def voltage_factor(
    rated_voltage: ArrayLike, case: Case, low_voltage_tolerance: float = 0.1
) -> FloatArray:
    """Voltage factor c [-] of IEC 60909-0 table 1.

    Up to 1 kV: 1.10 at a tolerance of 10 %, 1.05 at 6 %, minimum 0.95 (0.90 in the 2016 edition at
    10 %, which is taken here at that tolerance). Above: 1.10 and 1.00.
    """
    low = np.asarray(rated_voltage, dtype=np.float64) <= 1000.0
    if case == "max":
        return np.where(low, 1.10 if low_voltage_tolerance > 0.06 else 1.05, 1.10)
    return np.where(low, 0.90 if low_voltage_tolerance > 0.06 else 0.95, 1.00)


def transformer_correction(relative_reactance: float, c_max: float = 1.1) -> float:
    """K_T of a network transformer [-]: ``0.95 c_max / (1 + 0.6 x_T)``."""
    return 0.95 * c_max / (1.0 + 0.6 * relative_reactance)


def generator_correction(
    network_voltage: float,
    rated_voltage: float,
    subtransient_reactance: float,
    power_factor: float,
    c_max: float = 1.1,
    voltage_range: float = 0.0,
) -> float:
    """K_G of a generator connected directly [-].

    ``U_n / (U_rG (1 + p_G)) c_max / (1 + x_d'' sin phi)``.
    """
    sine = math.sqrt(1.0 - power_factor * power_factor)
    highest = rated_voltage * (1.0 + voltage_range)
    return network_voltage / highest * c_max / (1.0 + subtransient_reactance * sine)


def station_unit_correction(
    network_voltage: float,
    generator_voltage: float,
    high_voltage: float,
    low_voltage: float,
    subtransient_reactance: float,
    transformer_reactance: float,
    power_factor: float,
    on_load_tap_changer: bool,
    c_max: float = 1.1,
    voltage_range: float = 0.0,
    tap_range: float = 0.0,
) -> float:
    """K_S or K_SO of a generator with its transformer, for both impedances together [-].

    With an on-load tap changer ``(U_nQ / U_rG)^2 (U_LV / U_HV)^2 c_max / (1 + |x_d'' - x_T| sin
    phi)``; without ``U_nQ / (U_rG (1 + p_G)) (U_LV / U_HV) (1 - p_T) c_max / (1 + x_d'' sin phi)``.
    """
    sine = math.sqrt(1.0 - power_factor * power_factor)
    turns = low_voltage / high_voltage
    if on_load_tap_changer:
        ratio = (network_voltage / generator_voltage * turns) ** 2
        return ratio * c_max / (1.0 + abs(subtransient_reactance - transformer_reactance) * sine)
    ratio = network_voltage / (generator_voltage * (1.0 + voltage_range)) * turns
    return ratio * (1.0 - tap_range) * c_max / (1.0 + subtransient_reactance * sine)


def motor_impedance(
    apparent_power: float, rated_voltage: float, locked_rotor_ratio: float, rx_ratio: float
) -> complex:
    """Short-circuit impedance of an asynchronous motor [ohm]: ``U^2 / (I_LR / I_r S)``.

    R / X 0.10 above 1 MW per pole pair, 0.15 below, 0.42 for low-voltage groups with their cables.
    """
    size = rated_voltage**2 / (locked_rotor_ratio * apparent_power)
    x = size / math.sqrt(1.0 + rx_ratio * rx_ratio)
    return complex(rx_ratio * x, x)


def fictitious_generator_resistance(
    subtransient_reactance: float, rated_voltage: float, apparent_power: float
) -> float:
    """Resistance of a generator for the peak [same unit as the reactance].

    5 % of the reactance above 1 kV from 100 MVA, 7 % below, 15 % up to 1 kV.
    """
    if rated_voltage <= 1000.0:
        return 0.15 * subtransient_reactance
    return (0.05 if apparent_power >= 100e6 else 0.07) * subtransient_reactance


def three_winding_star(
    high_mid: complex, high_low: complex, mid_low: complex
) -> tuple[complex, complex, complex]:
    """Star of a three-winding transformer from its three pair impedances at one voltage.

    Correct each pair by its own K_T first.
    """
    return (
        0.5 * (high_mid + high_low - mid_low),
        0.5 * (high_mid + mid_low - high_low),
        0.5 * (high_low + mid_low - high_mid),
    )


def peak_factor(rx_ratio: float) -> float:
    """Kappa [-]: ``1.02 + 0.98 exp(-3 R / X)``."""
    return 1.02 + 0.98 * math.exp(-3.0 * rx_ratio)


def fault_network(
    network: Network,
    case: Case = "max",
    conductor_temperature: float = 80.0,
    source_power: ArrayLike | None = None,
    low_voltage_tolerance: float = 0.1,
) -> tuple[FaultBranches, FaultInfeeds]:
    """Branches and infeeds of a site's network, transformers corrected by K_T.

    In the minimum case line resistances are those at ``conductor_temperature`` [degC], 0.4 % per
    kelvin above 20 degC, and sources have ``source_power`` [VA] (their own where none is given).
    Closed switches become nothing: their buses are one (see :func:`short_circuit_levels`).
    """
    volts = network.rated_voltage
    ln, tr, so = network.lines, network.transformers, network.sources
    warm = 1.0 if case == "max" else 1.0 + 0.004 * (conductor_temperature - 20.0)
    line_z = ln.resistance * warm + 1j * ln.reactance
    r = tr.load_loss / tr.rated_power
    x = np.sqrt(np.maximum(tr.short_circuit_voltage**2 - r * r, 0.0))
    c_low = voltage_factor(volts[tr.to_bus], "max", low_voltage_tolerance)
    corrected = 0.95 * c_low / (1.0 + 0.6 * x)
    transformer_z = (r + 1j * x) * corrected * tr.to_voltage**2 / tr.rated_power
    branches = FaultBranches(
        np.concatenate((ln.from_bus[ln.closed], tr.from_bus[tr.closed])),
        np.concatenate((ln.to_bus[ln.closed], tr.to_bus[tr.closed])),
        np.concatenate((line_z[ln.closed], transformer_z[tr.closed])),
        np.concatenate(
            (np.ones(int(ln.closed.sum())), (tr.from_voltage / tr.to_voltage)[tr.closed])
        ),
    )
    level = so.short_circuit_power if source_power is None else np.asarray(source_power)
    c = voltage_factor(volts[so.bus], case, low_voltage_tolerance)
    size = c * volts[so.bus] ** 2 / np.broadcast_to(level, so.bus.shape)
    reactance = size / np.sqrt(1.0 + so.rx_ratio**2)
    z = reactance * (so.rx_ratio + 1j)
    on = so.closed
    return branches, FaultInfeeds(so.bus[on], z[on], z[on].real)


def join_infeeds(*tables: FaultInfeeds) -> FaultInfeeds:
    """One table of several."""
    return FaultInfeeds(
        np.concatenate([t.bus for t in tables]),
        np.concatenate([t.impedance for t in tables]),
        np.concatenate([t.peak_resistance for t in tables]),
    )


def short_circuit_levels(
    rated_voltage: FloatArray,
    branches: FaultBranches,
    infeeds: FaultInfeeds,
    factor: ArrayLike,
    buses: ArrayLike | None = None,
    joined: tuple[IntArray, IntArray] | None = None,
) -> ShortCircuitLevels:
    """Three-phase short-circuit currents.

    Args:
        rated_voltage: of each bus, line to line [V], shape [buses].
        factor: voltage factor c at each bus, or one for all [-].
        buses: bus indices to compute; all where none are given.
        joined: from and to bus of closed switches, whose buses count as one.

    Raises:
        ValueError: an impedance that is zero.
    """
    n = len(rated_voltage)
    asked = np.arange(n) if buses is None else np.atleast_1d(np.asarray(buses, dtype=np.int64))
    if np.any(branches.impedance == 0.0) or np.any(infeeds.impedance == 0.0):
        raise ValueError("every branch and infeed needs an impedance")
    node, live = _nodes(n, branches, infeeds, joined)
    c = np.broadcast_to(np.asarray(factor, dtype=np.float64), (n,))[asked]
    volts = rated_voltage[asked]
    base = volts**2 / _BASE
    place = node[asked]
    alive = live[place]
    impedance = np.full(len(asked), np.inf, dtype=np.complex128)
    shape = impedance.copy()
    if np.any(alive):
        impedance[alive] = base[alive] * _diagonal(
            rated_voltage, branches, infeeds, node, live, place[alive], 1.0
        )
        shape[alive] = _diagonal(
            rated_voltage, branches, infeeds, node, live, place[alive], PEAK_FREQUENCY_SHARE
        )
    initial = np.where(alive, c * volts / math.sqrt(3.0) / np.abs(impedance), 0.0)
    rx = np.where(alive, PEAK_FREQUENCY_SHARE * shape.real / np.where(alive, shape.imag, 1.0), 0.0)
    kappa = 1.02 + 0.98 * np.exp(-3.0 * rx)
    return ShortCircuitLevels(
        asked,
        initial,
        kappa * math.sqrt(2.0) * initial,
        math.sqrt(3.0) * volts * initial,
        rx,
        0.5 * math.sqrt(3.0) * initial,
    )


def _nodes(
    n: int,
    branches: FaultBranches,
    infeeds: FaultInfeeds,
    joined: tuple[IntArray, IntArray] | None,
) -> tuple[IntArray, BoolArray]:
    """Node of each bus, and whether each node is fed."""
    a, b = joined if joined is not None else (np.empty(0, np.int64), np.empty(0, np.int64))
    count, node = connected_components(
        coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False
    )
    ends = node[branches.from_bus], node[branches.to_bus]
    _, island = connected_components(
        coo_array((np.ones(len(ends[0])), ends), shape=(count, count)), directed=False
    )
    fed = np.zeros(island.max(initial=0) + 1, dtype=np.bool_)
    fed[island[node[infeeds.bus]]] = True
    return node.astype(np.int64), fed[island]


def _diagonal(
    rated_voltage: FloatArray,
    branches: FaultBranches,
    infeeds: FaultInfeeds,
    node: IntArray,
    live: BoolArray,
    wanted: IntArray,
    frequency_share: float,
) -> ComplexArray:
    """Diagonal of the impedance matrix at ``wanted`` nodes, per unit of the buses' voltages."""
    number = np.cumsum(live) - 1
    size = int(live.sum())
    keep = live[node[branches.from_bus]]
    a, b = branches.from_bus[keep], branches.to_bus[keep]
    z: ComplexArray = (
        branches.impedance[keep].real + 1j * frequency_share * branches.impedance[keep].imag
    )
    z *= _BASE / rated_voltage[b] ** 2
    k = branches.ratio[keep] * rated_voltage[b] / rated_voltage[a]
    ia, ib = number[node[a]], number[node[b]]
    resistance = infeeds.impedance.real if frequency_share == 1.0 else infeeds.peak_resistance
    z_in = resistance + 1j * frequency_share * infeeds.impedance.imag
    earth = np.zeros(size, dtype=np.complex128)
    np.add.at(earth, number[node[infeeds.bus]], rated_voltage[infeeds.bus] ** 2 / _BASE / z_in)
    order, hanging, core = peel_order(size, ia, ib)
    through = np.zeros(len(order), dtype=np.complex128)
    fold_leaves(order, hanging, ia, ib, z, k, earth, through)
    driving_point = np.zeros(size, dtype=np.complex128)
    meshed = np.ones(len(ia), dtype=np.bool_)
    meshed[hanging] = False
    driving_point[core] = _core_diagonal(
        np.cumsum(core) - 1,
        int(core.sum()),
        ia[meshed],
        ib[meshed],
        z[meshed],
        k[meshed],
        earth[core],
    )
    unfold_leaves(order, hanging, ia, ib, z, k, earth, through, driving_point)
    found: ComplexArray = driving_point[number[wanted]]
    return found


def _core_diagonal(
    number: IntArray,
    size: int,
    from_node: IntArray,
    to_node: IntArray,
    impedance: ComplexArray,
    ratio: FloatArray,
    earth: ComplexArray,
) -> ComplexArray:
    """Diagonal of the meshed core's impedance matrix, ``number`` its numbering of the nodes."""
    ia, ib, own = number[from_node], number[to_node], np.arange(size)
    y = 1.0 / impedance
    matrix = csc_array(
        coo_array(
            (
                np.concatenate((y / ratio**2, -y / ratio, -y / ratio, y, earth)),
                (np.concatenate((ia, ia, ib, ib, own)), np.concatenate((ia, ib, ia, ib, own))),
            ),
            shape=(size, size),
        )
    )
    factors = splu(matrix)
    found = np.empty(size, dtype=np.complex128)
    for begin in range(0, size, _CHUNK):
        part = own[begin : begin + _CHUNK]
        unit = np.zeros((size, len(part)), dtype=np.complex128)
        unit[part, np.arange(len(part))] = 1.0
        found[part] = factors.solve(unit)[part, np.arange(len(part))]
    return found
