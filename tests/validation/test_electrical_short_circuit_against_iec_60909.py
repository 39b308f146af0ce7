"""The meshed test network of IEC TR 60909-4, section 6: every bus, initial and peak current."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from physics.electrical import short_circuit as sc

SOURCE = "IEC TR 60909-4 test network"
C_MAX = 1.1
# Buses 1 to 8 of the network, then generator terminals and tertiary windings.
VOLTAGE = 1e3 * np.array([380, 110, 110, 110, 110, 10, 10, 30, 20, 10, 30, 10, 10], dtype=float)
B1, B2, B3, B4, B5, B6, B7, B8, G1, G2, H, T5, T6 = range(13)
STAR_1, STAR_2, STAR_5, STAR_6 = range(13, 17)
ALL_VOLTAGE = np.concatenate((VOLTAGE, [380e3, 380e3, 110e3, 110e3]))

INITIAL = [40.6447, 31.7831, 19.6730, 16.2277, 33.1894, 37.5629, 25.5895, 13.5778]
PEAK = [100.5677, 80.6079, 45.8111, 36.8427, 83.4033, 98.1434, 51.6899, 36.9227]
INITIAL_WITHOUT_MOTORS = [40.6347, 31.6635, 19.6231, 16.1956, 32.9971, 34.3559, 22.2762, 13.5726]


def relative(uk: float, ur: float) -> complex:
    return complex(ur, math.sqrt(uk * uk - ur * ur))


def star_branches(
    star: int, buses: tuple[int, int, int], volts: tuple[float, float, float], pairs: list[complex]
) -> list[tuple[int, int, complex, float]]:
    """Star branches at the high-voltage level; ``pairs`` in ohm there, not yet corrected."""
    corrected = []
    for pair, power in zip(pairs, POWERS[star], strict=True):
        x = pair.imag * power / volts[0] ** 2
        corrected.append(pair * sc.transformer_correction(x, C_MAX))
    legs = sc.three_winding_star(*corrected)
    # From the winding's bus to the star point, which is kept at the high-voltage level.
    return [
        (bus, star, leg, volt / volts[0]) for bus, leg, volt in zip(buses, legs, volts, strict=True)
    ]


POWERS = {
    STAR_1: (350e6, 50e6, 50e6),
    STAR_2: (350e6, 50e6, 50e6),
    STAR_5: (31.5e6, 31.5e6, 31.5e6),
    STAR_6: (31.5e6, 31.5e6, 31.5e6),
}


def branches() -> sc.FaultBranches:
    rows: list[tuple[int, int, complex, float]] = []
    for a, b, km, r, x in (
        (B2, B3, 20, 0.12, 0.39),
        (B3, B4, 10, 0.12, 0.39),
        (B2, B5, 5, 0.12, 0.39),
        (B2, B5, 5, 0.12, 0.39),
        (B5, B3, 10, 0.096, 0.388),
        (B5, B4, 15, 0.12, 0.386),
        (B6, B7, 1, 0.082, 0.086),
    ):
        rows.append((a, b, km * complex(r, x), 1.0))
    big = [
        relative(0.21, 0.0026) * 400e3**2 / 350e6,
        relative(0.10, 0.0016) * 400e3**2 / 50e6,
        relative(0.07, 0.0016) * 400e3**2 / 50e6,
    ]
    rows += star_branches(STAR_1, (B1, B2, H), (400e3, 120e3, 30e3), big)
    rows += star_branches(STAR_2, (B1, B2, B8), (400e3, 120e3, 30e3), big)
    small = [relative(0.12, 0.005) * 115e3**2 / 31.5e6] * 3
    rows += star_branches(STAR_5, (B5, B6, T5), (115e3, 10.5e3, 10.5e3), small)
    rows += star_branches(STAR_6, (B5, B6, T6), (115e3, 10.5e3, 10.5e3), small)
    a, b, z, k = zip(*rows, strict=True)
    return sc.FaultBranches(np.array(a), np.array(b), np.array(z), np.array(k))


def grid(bus: int, current: float) -> tuple[int, complex, float]:
    volts = VOLTAGE[bus]
    size = C_MAX * volts / (math.sqrt(3.0) * current)
    x = size / math.sqrt(1.01)
    return bus, complex(0.1 * x, x), 0.1 * x


def station(
    bus: int,
    rated: tuple[float, float, float, float],
    generator: tuple[float, float, float],
    transformer: tuple[float, float, float, float],
    changer: bool,
    voltage_range: float,
) -> tuple[int, complex, float]:
    """Generator and unit transformer as one infeed at the high-voltage bus."""
    u_g, s_g, x_g, cos_phi = rated
    r_ohm, _, _ = generator
    u_hv, u_lv, s_t, uk = transformer
    t = u_hv / u_lv
    z_t = relative(uk, 0.005) * u_hv**2 / s_t
    x_ohm = x_g * u_g**2 / s_g
    k = sc.station_unit_correction(
        VOLTAGE[bus],
        u_g,
        u_hv,
        u_lv,
        x_g,
        z_t.imag * s_t / u_hv**2,
        cos_phi,
        changer,
        C_MAX,
        voltage_range,
    )
    fictitious = sc.fictitious_generator_resistance(x_ohm, u_g, s_g)
    return (
        bus,
        k * (t * t * complex(r_ohm, x_ohm) + z_t),
        k * (t * t * fictitious + z_t.real),
    )


def infeeds(motors: bool) -> sc.FaultInfeeds:
    rows = [grid(B1, 38e3), grid(B5, 16e3)]
    rows.append(
        station(B4, (21e3, 150e6, 0.14, 0.85), (0.002, 0, 0), (115e3, 21e3, 150e6, 0.16), True, 0.0)
    )
    rows.append(
        station(
            B3,
            (10.5e3, 100e6, 0.16, 0.9),
            (0.005, 0, 0),
            (120e3, 10.5e3, 100e6, 0.12),
            False,
            0.075,
        )
    )
    x_3 = 0.1 * 10.5e3**2 / 10e6
    k_3 = sc.generator_correction(10e3, 10.5e3, 0.1, 0.8, C_MAX)
    rows.append(
        (
            B6,
            k_3 * complex(0.018, x_3),
            k_3 * sc.fictitious_generator_resistance(x_3, 10.5e3, 10e6),
        )
    )
    if motors:
        for power, cos_phi, efficiency, locked in (
            (5e6, 0.88, 0.975, 5.0),
            (2e6, 0.89, 0.968, 5.2),
            (2e6, 0.89, 0.968, 5.2),
        ):
            z = sc.motor_impedance(power / cos_phi / efficiency, 10e3, locked, 0.1)
            rows.append((B7, z, z.real))
    bus, z, r = zip(*rows, strict=True)
    return sc.FaultInfeeds(np.array(bus), np.array(z), np.array(r))


@pytest.mark.parametrize(("motors", "expected"), [(True, INITIAL), (False, INITIAL_WITHOUT_MOTORS)])
def test_initial_currents(
    motors: bool, expected: list[float], accuracy: Callable[..., None]
) -> None:
    levels = sc.short_circuit_levels(ALL_VOLTAGE, branches(), infeeds(motors), C_MAX, range(8))
    for bus, theirs in enumerate(expected):
        ours = levels.initial_current[bus] / 1e3
        name = f"I_k'' at bus {bus + 1}" + ("" if motors else " without motors")
        source, tolerance = (SOURCE, 5e-5) if motors else ("PowerFactory, by pandapower", 1e-3)
        accuracy(name, ours, theirs, tolerance, "kA", source)


def test_peak_currents(accuracy: Callable[..., None]) -> None:
    levels = sc.short_circuit_levels(ALL_VOLTAGE, branches(), infeeds(True), C_MAX, range(8))
    for bus, theirs in enumerate(PEAK):
        accuracy(
            f"i_p at bus {bus + 1}", levels.peak_current[bus] / 1e3, theirs, 5e-5, "kA", SOURCE
        )
