"""Accelerators on a CUDA device, one thread each: what ``accelerators.advance_all`` does on a CPU.

Optional (``pip install 'ai-factory-twin[gpu]'``). The scalar laws are the very ones of the CPU;
only the loop around them differs, so results agree to rounding. State and constants stay on the
device between steps; per step go the racks' inputs up and their sums down, a hundred bytes each.

Without a device numba's simulator runs the same code for tests (``NUMBA_ENABLE_CUDASIM=1``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from physics.compute import die_power, leakage_power, pace, relative_voltage, throttled_clock
from physics.factory.accelerators import MINIMUM_MEMORY_CLOCK, STAGNANT_CONDUCTANCE
from physics.factory.arrays import GPU, GPU_DATA, KIND, KIND_LINK, Floats, Indices
from physics.hbm import module_refresh_power
from physics.package import package_step, steady_die_rise

THREADS = 128  # per block


class RackInputs(NamedTuple):
    """What the racks give their accelerators in a step; every array has shape [R]."""

    utilisation: Floats
    compute_share: Floats
    memory_share: Floats
    energised: Floats
    clock_ceiling: Floats
    coolant_temperature: Floats  # degC
    coolant_rise_per_plate: Floats  # K that one plate adds before the next one in series
    conductance: Floats  # W/K of one plate at the rack's flow


class RackSums(NamedTuple):
    """What a step returns, as :func:`physics.factory.accelerators.advance_all`; shape [R]."""

    power: Floats  # W
    heat: Floats  # W to the coolant
    hottest_die: Floats  # degC
    hottest_hbm: Floats  # degC
    clocks: Floats
    throttled: Floats
    work: Floats
    online: Floats


@cuda.jit  # type: ignore[untyped-decorator]
def _advance(  # type: ignore[no-untyped-def]
    kinds, kind_links, constants, kind_of, first_gpu, rack_of, inputs, decays, step, gpu, out
) -> None:
    g = cuda.grid(1)
    if g >= gpu.shape[1]:
        return
    r = rack_of[g]
    k = kind_of[r]
    utilisation, compute_share, memory_share = inputs[0, r], inputs[1, r], inputs[2, r]
    energised, ceiling, conductance = inputs[3, r], inputs[4, r], inputs[7, r]
    slowdown, shutdown = kinds[KIND.slowdown_temperature, k], kinds[KIND.shutdown_temperature, k]
    hottest_factor = kinds[KIND.hbm_hottest_factor, k]
    mutual = kinds[KIND.mutual_resistance, k]
    plate = gpu[GPU.plate_temperature, g]
    die = gpu[GPU.die_temperature, g]
    hbm = gpu[GPU.hbm_temperature, g]
    online = gpu[GPU.online, g]
    hottest_stack = plate + hottest_factor * (hbm - plate)

    running = online * energised
    if die >= shutdown or hottest_stack >= kinds[KIND.hbm_shutdown_temperature, k]:
        running = 0.0
        gpu[GPU.online, g] = 0.0
    clock = throttled_clock(
        gpu[GPU.clock, g], kinds[KIND.minimum_clock, k], ceiling, die, slowdown, decays[k, 4]
    )
    memory_clock = throttled_clock(
        gpu[GPU.memory_clock, g],
        MINIMUM_MEMORY_CLOCK,
        1.0,
        hottest_stack,
        kinds[KIND.hbm_throttle_temperature, k],
        decays[k, 4],
    )
    speed = pace(clock, memory_clock, compute_share, memory_share)
    voltage = relative_voltage(clock, kinds[KIND.voltage_intercept, k])
    on_hbm = running * (
        kinds[KIND.hbm_static_power, k]
        + module_refresh_power(
            kinds[KIND.hbm_refresh_power, k], hottest_stack, kinds[KIND.hbm_doubling_temperature, k]
        )
        + kinds[KIND.hbm_access_power, k] * memory_share * speed * utilisation
    )
    resistance = kinds[KIND.die_resistance, k] * constants[GPU_DATA.resistance_factor, g]
    operations = speed * compute_share
    own_leakage = constants[GPU_DATA.leakage_factor, g]
    reference_power = kinds[KIND.die_leakage_power, k]
    coefficient = kinds[KIND.leakage_coefficient, k]
    reference = kinds[KIND.leakage_reference, k]
    idle, dynamic = kinds[KIND.die_idle_power, k], kinds[KIND.die_dynamic_power, k]
    at_start = own_leakage * leakage_power(reference_power, coefficient, reference, die)
    estimate = running * die_power(utilisation, idle, at_start, dynamic, voltage, operations)
    settled = plate + steady_die_rise(estimate, on_hbm, resistance, mutual)
    leakage = own_leakage * leakage_power(
        reference_power, coefficient, reference, settled + (die - settled) * decays[k, 1]
    )
    on_die = running * die_power(utilisation, idle, leakage, dynamic, voltage, operations)
    loss = (on_die + on_hbm) * (1.0 / kinds[KIND.regulator_efficiency, k] - 1.0)
    place = (g - first_gpu[r]) & (kind_links[KIND_LINK.series_plates, k] - 1)
    new_plate, new_die, new_hbm, heat = package_step(
        plate,
        die,
        hbm,
        on_die,
        on_hbm,
        loss,
        inputs[5, r] + inputs[6, r] * float(place),
        max(conductance * gpu[GPU.flow_factor, g], STAGNANT_CONDUCTANCE),
        resistance,
        kinds[KIND.hbm_resistance, k],
        mutual,
        kinds[KIND.die_heat_capacity, k],
        kinds[KIND.hbm_heat_capacity, k],
        kinds[KIND.plate_heat_capacity, k],
        decays[k, 0],
        decays[k, 2],
        step,
    )
    power = on_die + on_hbm + loss
    gpu[GPU.plate_temperature, g] = new_plate
    gpu[GPU.die_temperature, g] = new_die
    gpu[GPU.hbm_temperature, g] = new_hbm
    gpu[GPU.clock, g] = clock
    gpu[GPU.memory_clock, g] = memory_clock
    gpu[GPU.power, g] = power
    out[0, g] = power
    out[1, g] = heat
    out[2, g] = new_die
    out[3, g] = new_plate + hottest_factor * (new_hbm - new_plate)
    out[4, g] = running * clock
    out[5, g] = 1.0 if (speed < 0.999 * min(1.0, ceiling) and running >= 1.0) else 0.0
    out[6, g] = running * speed * utilisation
    out[7, g] = running


@cuda.jit  # type: ignore[untyped-decorator]
def _gather(first_gpu, out, sums) -> None:  # type: ignore[no-untyped-def]
    """One thread per rack, so that the order of summation is always the same."""
    r = cuda.grid(1)
    if r >= sums.shape[1]:
        return
    for row in range(sums.shape[0]):
        total = 0.0
        if row == 2 or row == 3:
            total = -273.15
        for g in range(first_gpu[r], first_gpu[r + 1]):
            if row == 2 or row == 3:
                total = max(total, out[row, g])
            else:
                total += out[row, g]
        sums[row, r] = total


class DevicePackages:
    """All accelerators of a plant on a CUDA device.

    Parameters
    ----------
    kinds, kind_links : blocks of the rack kinds' constants
    constants : block of the accelerators' constants, shape [fields, G]
    kind_of : kind of every rack, shape [R]; first_gpu : shape [R + 1]
    decays : of :func:`physics.factory.accelerators.rise_decays` for the same ``step`` [s]
    gpu : block of the accelerators' state, shape [fields, G]; copied

    Raises whatever numba raises where there is no device (``numba.cuda.CudaSupportError``).
    """

    def __init__(
        self,
        kinds: Floats,
        kind_links: Indices,
        constants: Floats,
        kind_of: Indices,
        first_gpu: Indices,
        decays: Floats,
        step: float,
        gpu: Floats,
    ) -> None:
        racks = len(kind_of)
        rack_of = np.repeat(np.arange(racks, dtype=np.int64), np.diff(first_gpu))
        self.step_time = float(step)
        self._racks, self._accelerators = racks, gpu.shape[1]
        self._fixed = [
            cuda.to_device(np.ascontiguousarray(block))
            for block in (kinds, kind_links, constants, kind_of, first_gpu, rack_of)
        ]
        self._decays = cuda.to_device(np.ascontiguousarray(decays))
        self._gpu = cuda.to_device(np.ascontiguousarray(gpu))
        fields = len(RackSums._fields)
        self._out = cuda.device_array((fields, gpu.shape[1]))
        self._sums = cuda.device_array((fields, racks))

    def step(self, inputs: RackInputs) -> RackSums:
        """Advance all accelerators by one step."""
        kinds, kind_links, constants, kind_of, first_gpu, rack_of = self._fixed
        given = cuda.to_device(np.stack([np.asarray(row, dtype=np.float64) for row in inputs]))
        blocks = -(-self._accelerators // THREADS)
        kernel: Any = _advance[blocks, THREADS]
        kernel(
            kinds,
            kind_links,
            constants,
            kind_of,
            first_gpu,
            rack_of,
            given,
            self._decays,
            self.step_time,
            self._gpu,
            self._out,
        )
        gather: Any = _gather[-(-self._racks // THREADS), THREADS]
        gather(first_gpu, self._out, self._sums)
        return RackSums(*self._sums.copy_to_host())

    def state(self) -> NDArray[np.float64]:
        """The accelerators' state, copied from the device."""
        block: NDArray[np.float64] = self._gpu.copy_to_host()
        return block
