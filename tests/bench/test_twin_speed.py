"""How fast the core is: steps by plant size, loading, recording, streaming, importing.

Figures depend on the machine; nothing is asserted about time. ``pytest tests/bench -k twin -n 0``
shows them, ``twin bench`` prints a shorter table with the machine's memory bandwidth beside it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from twin import bench
from twin.channels import BY_NAME
from twin.factory import Factory
from twin.layout import load_layout
from twin.plant import compile_plant
from twin.protocol import Block, decode_frame, encode_frame, stream_step
from twin.recording import CHUNK_FRAMES, Recorder
from twin.simulation import Simulation

LAYOUTS = ["pilot", "hall", "korea-260k"]


@pytest.fixture(scope="module", params=LAYOUTS)
def settled(request: pytest.FixtureRequest) -> Simulation:
    """A layout at design load, past the transients of its start."""
    simulation = Factory.load(request.param).simulation()
    simulation.advance(bench.SETTLING)
    return simulation


def test_sixty_steps(benchmark: BenchmarkFixture, settled: Simulation) -> None:
    before = settled.steps
    benchmark.pedantic(settled.advance, args=(60.0,), rounds=5, warmup_rounds=1)
    assert settled.steps >= before + 60


def test_one_stream_frame(benchmark: BenchmarkFixture, settled: Simulation) -> None:
    channel = BY_NAME["gpu.temperature"]
    values = settled.channel(channel.name).copy()
    block = Block(channel.name, channel.level, 0, values, stream_step(channel, len(values)))
    frame = benchmark(encode_frame, [block])
    assert len(decode_frame(frame).values[channel.name]) == len(values)


def test_one_chunk_of_a_recording(
    benchmark: BenchmarkFixture, settled: Simulation, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "run.zarr", settled, frames=20 * CHUNK_FRAMES)

    def chunk() -> None:
        for _ in range(CHUNK_FRAMES):
            recorder.append()

    benchmark.pedantic(chunk, rounds=1 if settled.threaded else 3)
    assert recorder.written >= CHUNK_FRAMES
    assert recorder.written % CHUNK_FRAMES == 0


@pytest.mark.parametrize("name", LAYOUTS)
def test_loading_and_compiling(benchmark: BenchmarkFixture, name: str) -> None:
    plant = benchmark.pedantic(lambda: compile_plant(load_layout(name)), rounds=2, warmup_rounds=1)
    assert plant.levels["gpu"].count > 0


def test_one_day_of_the_pilot(benchmark: BenchmarkFixture, pilot: Factory) -> None:
    def day() -> Simulation:
        simulation = pilot.simulation()
        simulation.advance(bench.DAY)
        return simulation

    simulation = benchmark.pedantic(day, rounds=1)
    assert simulation.time == bench.DAY
    assert abs(simulation.energy_residual()) < 1e-6


def test_importing_the_package(benchmark: BenchmarkFixture) -> None:
    figure = benchmark.pedantic(bench.importing, rounds=1)
    assert figure.value >= 0.0


def test_copying_memory(benchmark: BenchmarkFixture) -> None:
    bandwidth = benchmark.pedantic(bench.memory_bandwidth, args=(1,), rounds=1)
    assert bandwidth > 1e8
