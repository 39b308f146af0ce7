"""How fast the twin is on this machine, measured the way it is used.

Every figure is the median of several repetitions after warming up. Nothing is asserted: times
belong to the machine, and its memory bandwidth stands beside them, because a large plant's step is
bound by how fast its state can be read and written.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DAY = 86_400.0
SETTLING = 300.0  # simulated seconds before measuring: past the start's transients
COPIED = 2**27  # bytes per thread: far beyond any cache


@dataclass(frozen=True)
class Figure:
    """One measured figure: what, how much, in which unit, and a remark."""

    name: str
    value: float
    unit: str
    remark: str = ""


def median_time(action: Callable[[], Any], repetitions: int = 5) -> float:
    """Median wall time of an action [s], after one run that does not count."""
    action()
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def memory_bandwidth(threads: int) -> float:
    """Bytes read and written per second [byte/s] when threads copy arrays, as STREAM's copy counts.

    Source of the measure: McCalpin, "Memory bandwidth and machine balance", 1995.
    """
    pairs = [(np.ones(COPIED // 8), np.empty(COPIED // 8)) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:

        def copy_all() -> None:
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pairs))

        return 2.0 * COPIED * threads / median_time(copy_all)


def machine() -> list[Figure]:
    """Processor, cores, and memory bandwidth with one thread and with all."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    figures = [Figure("Cores", cores, "", _processor())]
    for threads in sorted({1, cores}):
        figures.append(
            Figure(
                f"Memory bandwidth, {threads} threads",
                memory_bandwidth(threads) / 1e9,
                "GB/s",
                "copy, read and written",
            )
        )
    return figures


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return ""


def importing() -> Figure:
    """Time that ``import twin`` adds to starting Python [s]."""

    def start(code: str) -> float:
        return median_time(
            lambda: subprocess.run([sys.executable, "-c", code], check=True), repetitions=3
        )

    return Figure("import twin", 1e3 * max(start("import twin") - start("pass"), 0.0), "ms")


def layout(name: str) -> list[Figure]:
    """Loading, stepping, recording and encoding of one layout at design load."""
    from twin.layout import load_layout
    from twin.plant import compile_plant
    from twin.simulation import Simulation

    load = median_time(lambda: compile_plant(load_layout(name)), repetitions=2)
    simulation = Simulation(compile_plant(load_layout(name)))
    simulation.advance(SETTLING)
    gpus = simulation.plant.levels["gpu"].count
    step = step_time(simulation)
    touched = 2.0 * simulation.state.blocks.gpu.nbytes
    return [
        Figure(f"{name}: load and compile", 1e3 * load, "ms", f"{gpus:,} GPUs"),
        Figure(f"{name}: one step", 1e6 * step, "us", f"{1e9 * step / gpus:.1f} ns per GPU"),
        Figure(
            f"{name}: real time factor",
            simulation.step / step,
            "x",
            f"a day in {DAY / simulation.step * step:,.1f} s",
        ),
        Figure(f"{name}: accelerator state", touched / step / 1e9, "GB/s", "read and written"),
        *recording(name, simulation),
        encoding(name, simulation),
    ]


def step_time(simulation: Any, seconds: float = 60.0) -> float:
    """Wall time of one time step [s], from stretches of simulated time between looks."""
    steps = max(1, round(seconds / float(simulation.step)))
    return median_time(lambda: simulation.advance(seconds)) / steps


def recording(name: str, simulation: Any) -> list[Figure]:
    """Cost and size of one recorded frame of the default channels."""
    from twin.recording import CHUNK_FRAMES, Recorder

    folder = Path(tempfile.mkdtemp())
    try:
        recorder = Recorder(folder / "bench.zarr", simulation, frames=2 * CHUNK_FRAMES)
        started = time.perf_counter()
        for _ in range(CHUNK_FRAMES):  # one whole chunk: gathering, rounding, compressing, writing
            recorder.append()
        frame = (time.perf_counter() - started) / CHUNK_FRAMES
        size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / CHUNK_FRAMES
    finally:
        shutil.rmtree(folder)
    return [Figure(f"{name}: one recorded frame", 1e3 * frame, "ms", f"{size / 1e3:,.0f} kB")]


def encoding(name: str, simulation: Any) -> Figure:
    """Time to encode one frame of GPU temperatures for the stream."""
    from twin.channels import BY_NAME
    from twin.protocol import Block, encode_frame, stream_step

    channel = BY_NAME["gpu.temperature"]
    values = simulation.channel(channel.name).copy()
    step = stream_step(channel, len(values))
    block = Block(channel.name, channel.level, 0, values, step)
    size = len(encode_frame([block]))
    return Figure(
        f"{name}: one stream frame",
        1e3 * median_time(lambda: encode_frame([block])),
        "ms",
        f"{size / 1e3:,.0f} kB, GPU temperatures",
    )
