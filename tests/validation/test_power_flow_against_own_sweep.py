"""power-grid-model and the backward/forward sweep share no code: random radial sites must agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from physics.electrical import network as nw
from physics.electrical.power_flow import PowerFlow
from physics.electrical.sweep import Sweep


def random_site(seed: int, feeders: int, racks: int) -> nw.Network:
    """Two grid connections; main transformers, 22.9 kV cables, unit transformers, busways."""
    rng = np.random.default_rng(seed)
    volts, line, tr, sw, load_bus = [154e3, 22.9e3, 154e3, 22.9e3], [], [(0, 1), (2, 3)], [], []
    for main in (1, 3):
        for _ in range(feeders):
            ring, low = len(volts), len(volts) + 1
            volts += [22.9e3, 480.0]
            line.append((main, ring) if rng.random() < 0.7 else (ring, main))
            # Some are drawn the other way round, which must make no difference.
            tr.append((ring, low))
            tail = low
            for _ in range(racks):
                here = len(volts)
                volts.append(480.0)
                if rng.random() < 0.15:
                    sw.append((tail, here) if rng.random() < 0.5 else (here, tail))
                else:
                    line.append((tail, here) if rng.random() < 0.5 else (here, tail))
                load_bus.append(here)
                tail = here
    volt = np.array(volts)
    a, b = np.array(line).T
    low_side = volt[a] < 1000.0
    ta, tb = np.array(tr).T
    main_tr = volt[ta] > 100e3
    sn = np.where(main_tr, 60e6, 2.5e6)
    step = np.where(main_tr, 154e3 * 0.0125, 22.9e3 * 0.025)
    n = len(load_bus)
    return nw.Network(
        volt,
        nw.sources([0, 2], 5e9, voltage=[1.01, 0.99], angle=[0.0, 0.05], rx_ratio=0.12),
        nw.loads(load_bus, rng.uniform(2e4, 1.3e5, n), rng.uniform(-1e4, 4e4, n), np.arange(n) % 3),
        nw.lines(
            a,
            b,
            np.where(low_side, 2e-4, 0.1) * rng.uniform(0.5, 1.5, len(a)),
            np.where(low_side, 1.5e-4, 0.12) * rng.uniform(0.5, 1.5, len(a)),
            capacitance=np.where(low_side, 0.0, 3e-7),
        ),
        nw.transformers(
            ta,
            tb,
            volt[ta],
            volt[tb],
            sn,
            np.where(main_tr, 0.15, 0.06),
            0.008 * sn,
            no_load_loss=0.0012 * sn,
            no_load_current=0.004,
            tap_position=rng.integers(-2, 3, len(ta)),
            tap_size=step,
            vector_group="Dyn11",
        ),
        nw.switches(*np.array(sw).T) if sw else nw.switches([], []),
        nw.shunts([5], [1e-2], [0.3]),
    )


@pytest.mark.parametrize("seed", range(6))
def test_random_radial_site(seed: int, accuracy: Callable[..., None]) -> None:
    network = random_site(seed, feeders=6, racks=8)
    # Closed switches, a large admittance to power-grid-model, keep it from a finer tolerance.
    solved = PowerFlow(network).solve(tolerance=1e-9)
    swept = Sweep(network).solve(tolerance=1e-13)
    ours = solved.voltage_pu * np.exp(1j * solved.angle)
    worst = int(np.argmax(np.abs(ours - swept.voltage)))
    accuracy(
        f"site {seed}, worst complex voltage (bus {worst} of {len(ours)}) apart",
        abs(ours[worst] - swept.voltage[worst]),
        0.0,
        1e-7,
        "per unit",
        "own sweep",
    )
    accuracy(
        f"site {seed}, losses",
        solved.loss,
        swept.branch_loss.sum(),
        1e-6,
        "W",
        "own sweep",
        relative=True,
    )
    # The solver's 1e-9 per unit, over the drop of 1.5e-3 per unit at the source's own impedance.
    accuracy(
        f"site {seed}, power from the grid",
        solved.source_power.sum(),
        swept.source_power.real,
        1e-6,
        "W",
        "own sweep",
        relative=True,
    )
