"""The CUDA path against the CPU's, in numba's simulator: the same laws give the same numbers."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

PROGRAM = textwrap.dedent(
    """
    import numpy as np
    from physics.factory.accelerators import advance_all, rise_decays
    from physics.factory.accelerators_cuda import DevicePackages, RackInputs
    from physics.factory.arrays import GPU, RACK_LINK
    from twin.layout import load_layout
    from twin.plant import compile_plant
    from twin.simulation import Simulation

    simulation = Simulation(compile_plant(load_layout("pilot")))
    c, s = simulation._blocks, simulation.state.blocks
    racks = 2
    first = c.rack_links[RACK_LINK.first_gpu, : racks + 1].copy()
    kind = c.rack_links[RACK_LINK.kind, :racks].copy()
    gpu, constants = s.gpu[:, : first[-1]].copy(), c.gpu[:, : first[-1]].copy()
    gpu[GPU.flow_factor, 5] = 0.0  # one blocked plate, one part that is out, one at its limit
    gpu[GPU.online, 9] = 0.0
    gpu[GPU.die_temperature, 11] = 200.0
    gpu[GPU.clock, 13] = 0.4  # and one that runs slowly
    decays = rise_decays(c.kinds, 1.0)
    device = DevicePackages(c.kinds, c.kind_links, constants, kind, first, decays, 1.0, gpu)
    worst = 0.0
    for turn in range(4):
        utilisation, ceiling = np.array([1.0, 0.4]), np.array([1.0, 0.8])
        coolant, rise = np.array([40.0 + 12 * turn, 44.0]), np.array([1.5, 0.0])
        plate = np.array([140.0, 90.0])
        one = np.ones(racks)
        sums = device.step(
            RackInputs(utilisation, one, 0.6 * one, one, ceiling, coolant, rise, plate)
        )
        for r in range(racks):
            expected = advance_all(
                first[r], first[r + 1], kind[r], c.kinds, c.kind_links, constants, gpu,
                utilisation[r], 1.0, 0.6, 1.0, ceiling[r], coolant[r], rise[r], plate[r],
                decays, 1.0,
            )
            np.testing.assert_allclose([row[r] for row in sums], expected, rtol=1e-9)
        np.testing.assert_allclose(device.state(), gpu, rtol=1e-9, atol=1e-9)
    assert sums.throttled[0] == 1.0 and sums.online[0] == 70.0 and gpu[GPU.online, 11] == 0.0
    print("equal")
    """
)


def test_device_and_processor_agree() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.strip().endswith("equal")
