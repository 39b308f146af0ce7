"""The electrical network of a site as struct of arrays: buses, branches, sources, loads.

Buses are numbered from 0 in the order of ``rated_voltage``; every other table points at them by
index. Constructors (:func:`lines`, :func:`transformers`, ...) broadcast scalars and check shapes,
:func:`check_network` finds what a solver could not take. Nothing here solves anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ComplexArray = NDArray[np.complex128]

CONSTANT_POWER = 0
CONSTANT_IMPEDANCE = 1
CONSTANT_CURRENT = 2


@dataclass(frozen=True)
class Lines:
    """Cables, busways and overhead lines as pi sections, shape [lines] each.

    Attributes:
        from_bus, to_bus: bus indices; both buses have one rated voltage.
        resistance, reactance: of the whole run per phase, positive sequence [ohm].
        capacitance: of the whole run per phase, positive sequence [F].
        zero_resistance, zero_reactance, zero_capacitance: zero sequence, needed for unbalance only.
        rated_current: for the loading [A].
        closed: conducts.
    """

    from_bus: IntArray
    to_bus: IntArray
    resistance: FloatArray
    reactance: FloatArray
    capacitance: FloatArray
    zero_resistance: FloatArray
    zero_reactance: FloatArray
    zero_capacitance: FloatArray
    rated_current: FloatArray
    closed: BoolArray


@dataclass(frozen=True)
class Transformers:
    """Two-winding transformers, shape [transformers] each.

    Attributes:
        from_bus, to_bus: high- and low-voltage bus.
        from_voltage, to_voltage: rated line-to-line voltages of the windings [V].
        rated_power: S_n [VA].
        short_circuit_voltage: u_k [-].
        load_loss, no_load_loss: P_k, P_0 [W].
        no_load_current: i_0 [-], at least P_0 / S_n.
        tap_position: steps away from rated; each adds ``tap_size`` to the from-side voltage.
        tap_size: [V].
        winding_from, winding_to, clock: vector group as the solver numbers it.
        closed: conducts.
    """

    from_bus: IntArray
    to_bus: IntArray
    from_voltage: FloatArray
    to_voltage: FloatArray
    rated_power: FloatArray
    short_circuit_voltage: FloatArray
    load_loss: FloatArray
    no_load_loss: FloatArray
    no_load_current: FloatArray
    tap_position: IntArray
    tap_size: FloatArray
    winding_from: IntArray
    winding_to: IntArray
    clock: IntArray
    closed: BoolArray


@dataclass(frozen=True)
class Switches:
    """Bus couplers and breakers without impedance, shape [switches] each."""

    from_bus: IntArray
    to_bus: IntArray
    closed: BoolArray


@dataclass(frozen=True)
class Sources:
    """Grid connections and forming generators: a voltage behind an impedance, shape [sources].

    Attributes:
        bus: bus index.
        voltage: behind the impedance, per unit of the bus's rated voltage.
        angle: of that voltage [rad].
        short_circuit_power: ``U_n^2 / |Z|`` [VA].
        rx_ratio: R / X of the impedance [-].
        zero_ratio: zero- over positive-sequence impedance [-].
        closed: connected.
    """

    bus: IntArray
    voltage: FloatArray
    angle: FloatArray
    short_circuit_power: FloatArray
    rx_ratio: FloatArray
    zero_ratio: FloatArray
    closed: BoolArray


@dataclass(frozen=True)
class Loads:
    """Balanced three-phase loads, shape [loads] each; generation is a negative load.

    Attributes:
        bus: bus index.
        power, reactive_power: total of the three phases [W, var].
        kind: CONSTANT_POWER, CONSTANT_IMPEDANCE or CONSTANT_CURRENT.
    """

    bus: IntArray
    power: FloatArray
    reactive_power: FloatArray
    kind: IntArray


@dataclass(frozen=True)
class PhaseLoads:
    """Loads given per phase: bus [loads], power and reactive power [W, var], shape [loads, 3]."""

    bus: IntArray
    power: FloatArray
    reactive_power: FloatArray


@dataclass(frozen=True)
class Shunts:
    """Capacitor banks, reactors, filters: conductance and susceptance [S], shape [shunts]."""

    bus: IntArray
    conductance: FloatArray
    susceptance: FloatArray


def lines(
    from_bus: ArrayLike,
    to_bus: ArrayLike,
    resistance: ArrayLike,
    reactance: ArrayLike,
    *,
    capacitance: ArrayLike = 0.0,
    zero_resistance: ArrayLike = np.nan,
    zero_reactance: ArrayLike = np.nan,
    zero_capacitance: ArrayLike = 0.0,
    rated_current: ArrayLike = np.inf,
    closed: ArrayLike = True,
) -> Lines:
    """Line table; scalars stand for every line."""
    start = _index(from_bus)
    n = len(start)
    return Lines(
        start,
        _index(to_bus, n),
        _float(resistance, n),
        _float(reactance, n),
        _float(capacitance, n),
        _float(zero_resistance, n),
        _float(zero_reactance, n),
        _float(zero_capacitance, n),
        _float(rated_current, n),
        _bool(closed, n),
    )


def transformers(
    from_bus: ArrayLike,
    to_bus: ArrayLike,
    from_voltage: ArrayLike,
    to_voltage: ArrayLike,
    rated_power: ArrayLike,
    short_circuit_voltage: ArrayLike,
    load_loss: ArrayLike,
    *,
    no_load_loss: ArrayLike = 0.0,
    no_load_current: ArrayLike = 0.0,
    tap_position: ArrayLike = 0,
    tap_size: ArrayLike = 0.0,
    vector_group: str = "Dyn11",
    closed: ArrayLike = True,
) -> Transformers:
    """Transformer table; scalars stand for every transformer, one vector group for all."""
    start = _index(from_bus)
    n = len(start)
    winding_from, winding_to, clock = parse_vector_group(vector_group)
    sn = _float(rated_power, n)
    p0 = _float(no_load_loss, n)
    return Transformers(
        start,
        _index(to_bus, n),
        _float(from_voltage, n),
        _float(to_voltage, n),
        sn,
        _float(short_circuit_voltage, n),
        _float(load_loss, n),
        p0,
        np.maximum(_float(no_load_current, n), p0 / sn),
        _index(tap_position, n),
        _float(tap_size, n),
        _index(winding_from, n),
        _index(winding_to, n),
        _index(clock, n),
        _bool(closed, n),
    )


def switches(from_bus: ArrayLike, to_bus: ArrayLike, closed: ArrayLike = True) -> Switches:
    """Switch table."""
    start = _index(from_bus)
    return Switches(start, _index(to_bus, len(start)), _bool(closed, len(start)))


def sources(
    bus: ArrayLike,
    short_circuit_power: ArrayLike,
    *,
    voltage: ArrayLike = 1.0,
    angle: ArrayLike = 0.0,
    rx_ratio: ArrayLike = 0.1,
    zero_ratio: ArrayLike = 1.0,
    closed: ArrayLike = True,
) -> Sources:
    """Source table; scalars stand for every source."""
    at = _index(bus)
    n = len(at)
    return Sources(
        at,
        _float(voltage, n),
        _float(angle, n),
        _float(short_circuit_power, n),
        _float(rx_ratio, n),
        _float(zero_ratio, n),
        _bool(closed, n),
    )


def loads(
    bus: ArrayLike,
    power: ArrayLike,
    reactive_power: ArrayLike = 0.0,
    kind: ArrayLike = CONSTANT_POWER,
) -> Loads:
    """Load table; scalars stand for every load."""
    at = _index(bus)
    n = len(at)
    return Loads(at, _float(power, n), _float(reactive_power, n), _index(kind, n))


def phase_loads(bus: ArrayLike, power: ArrayLike, reactive_power: ArrayLike = 0.0) -> PhaseLoads:
    """Table of loads per phase; power and reactive power of shape [loads, 3]."""
    at = _index(bus)
    shape = (len(at), 3)
    return PhaseLoads(
        at,
        np.broadcast_to(np.asarray(power, dtype=np.float64), shape).copy(),
        np.broadcast_to(np.asarray(reactive_power, dtype=np.float64), shape).copy(),
    )


def shunts(bus: ArrayLike, conductance: ArrayLike, susceptance: ArrayLike) -> Shunts:
    """Shunt table; susceptance is positive for a capacitor."""
    at = _index(bus)
    return Shunts(at, _float(conductance, len(at)), _float(susceptance, len(at)))


@dataclass(frozen=True)
class Network:
    """A site's AC network.

    Attributes:
        rated_voltage: of each bus, line to line [V], shape [buses].
        frequency: [Hz].
    """

    rated_voltage: FloatArray
    sources: Sources
    loads: Loads = field(default_factory=lambda: loads([], []))
    lines: Lines = field(default_factory=lambda: lines([], [], [], []))
    transformers: Transformers = field(
        default_factory=lambda: transformers([], [], [], [], [], [], [])
    )
    switches: Switches = field(default_factory=lambda: switches([], []))
    shunts: Shunts = field(default_factory=lambda: shunts([], [], []))
    phase_loads: PhaseLoads = field(default_factory=lambda: phase_loads([], np.empty((0, 3))))
    frequency: float = 60.0


_WINDINGS = {"YN": 1, "Y": 0, "D": 2, "ZN": 4, "Z": 3}


def parse_vector_group(vector_group: str) -> tuple[int, int, int]:
    """Winding codes of both sides and clock number of a group such as ``Dyn11`` (IEC 60076-1).

    Codes: 0 wye, 1 wye with neutral, 2 delta, 3 zigzag, 4 zigzag with neutral.

    Raises:
        ValueError: not a vector group, or a clock number that its windings cannot have.
    """
    match = re.fullmatch(r"(YN|Y|D)(yn|y|d|zn|z)(\d{1,2})", vector_group)
    if match is None or int(match[3]) > 12:
        raise ValueError(f"{vector_group!r} is no vector group such as 'Dyn11' or 'YNd5'")
    first, second, clock = match[1], match[2].upper(), int(match[3]) % 12
    even = (first[0] == second[0]) or {first[0], second[0]} == {"D", "Z"}
    if even != (clock % 2 == 0):
        raise ValueError(f"vector group {vector_group!r} cannot have clock number {clock}")
    return _WINDINGS[first], _WINDINGS[second], clock


def check_network(network: Network) -> list[str]:
    """What a solver could not take, one sentence each naming table and row; empty if nothing.

    Islands and loops are not errors here: see :mod:`physics.electrical.islands`.
    """
    found: list[str] = []
    n = len(network.rated_voltage)

    def each(wrong: BoolArray, table: str, what: str) -> None:
        found.extend(f"{table} {row}: {what}" for row in np.flatnonzero(wrong))

    each(~(network.rated_voltage > 0.0), "bus", "rated voltage must be positive")
    for table in (network.lines, network.transformers, network.switches):
        name = type(table).__name__.lower().rstrip("s").replace("switche", "switch")
        ends = np.stack((table.from_bus, table.to_bus))
        each(np.any((ends < 0) | (ends >= n), axis=0), name, "points at a bus that is not there")
        each(table.from_bus == table.to_bus, name, "both ends are on one bus")
    for single in (
        network.sources,
        network.loads,
        network.shunts,
        network.phase_loads,
    ):
        name = type(single).__name__.lower().rstrip("s")
        each((single.bus < 0) | (single.bus >= n), name, "points at a bus that is not there")
    if found:
        return found
    volts = network.rated_voltage
    a, b = network.lines.from_bus, network.lines.to_bus
    each(volts[a] != volts[b], "line", "its buses have different rated voltages")
    impedance = np.hypot(network.lines.resistance, network.lines.reactance)
    each(~(impedance > 0.0), "line", "has no impedance; use a switch")
    each(network.lines.resistance < 0.0, "line", "resistance is negative")
    t = network.transformers
    rated = (t.rated_power > 0.0) & (t.from_voltage > 0.0) & (t.to_voltage > 0.0)
    each(~rated, "transformer", "a rating is missing or not positive")
    with np.errstate(divide="ignore", invalid="ignore"):
        each(
            ~(t.short_circuit_voltage >= t.load_loss / t.rated_power),
            "transformer",
            "load loss is more than its short-circuit voltage allows",
        )
        ratio = (t.from_voltage + t.tap_position * t.tap_size) / volts[t.from_bus]
        ratio = ratio / (t.to_voltage / volts[t.to_bus])
    each(~((ratio > 0.5) & (ratio < 2.0)), "transformer", "does not match its buses' voltages")
    each(~(network.sources.short_circuit_power > 0.0), "source", "short-circuit level is missing")
    each(~(network.sources.voltage > 0.0), "source", "voltage must be positive")
    for loaded in (network.loads, network.phase_loads):
        rows = (len(loaded.bus), -1) if len(loaded.bus) else (0, 0)
        total = (loaded.power + loaded.reactive_power).reshape(rows).sum(axis=1)
        each(~np.isfinite(total), type(loaded).__name__.lower().rstrip("s"), "power is not finite")
    if not len(network.sources.bus):
        found.append("network: has no source")
    return found


def has_zero_sequence(network: Network) -> bool:
    """Whether every line carries the zero-sequence data that unbalanced calculations need."""
    return bool(np.all(np.isfinite(network.lines.zero_resistance + network.lines.zero_reactance)))


def _index(value: ArrayLike, n: int | None = None) -> IntArray:
    array = np.asarray(value, dtype=np.int64)
    return np.atleast_1d(array).copy() if n is None else np.broadcast_to(array, (n,)).copy()


def _float(value: ArrayLike, n: int) -> FloatArray:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (n,)).copy()


def _bool(value: ArrayLike, n: int) -> BoolArray:
    return np.broadcast_to(np.asarray(value, dtype=np.bool_), (n,)).copy()
