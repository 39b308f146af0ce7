"""The state is one buffer: views, snapshots, and refusal of what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.factory import arrays
from twin.factory import Factory
from twin.state import StateBuffer, counts_of

COUNTS = {group: n for n, group in enumerate(arrays.State.__annotations__, start=1)}


def test_every_value_of_the_buffer_belongs_to_exactly_one_field() -> None:
    state = StateBuffer(COUNTS)
    for group, values in zip(state.view._fields, state.view, strict=True):
        for row in values:
            assert row.shape == (COUNTS[group],)
            assert np.shares_memory(row, state.buffer)
            row += 1.0
    assert np.all(state.buffer == 1.0)


def test_blocks_are_what_compiled_code_names_by_row() -> None:
    state = StateBuffer(COUNTS)
    state.view.cdu.valve[:] = 0.5
    assert np.all(state.blocks.cdu[arrays.CDU.valve] == 0.5)
    state.blocks.rack[arrays.RACK.it_power, 0] = 7.0
    assert state.field("rack.it_power")[0] == 7.0


@given(st.lists(st.floats(allow_nan=True), min_size=1, max_size=20))
def test_restore_brings_back_every_bit(values: list[float]) -> None:
    state = StateBuffer(COUNTS)
    state.buffer[: len(values)] = values
    snapshot, digest = state.snapshot(), state.digest()
    state.buffer[:] = -1.0
    state.restore(snapshot)
    assert state.digest() == digest


def test_a_snapshot_is_a_copy() -> None:
    state = StateBuffer(COUNTS)
    snapshot = state.snapshot()
    state.buffer[:] = 3.0
    assert not snapshot.any()


def test_digest_sees_a_single_bit() -> None:
    state = StateBuffer(COUNTS)
    before = state.digest()
    state.view.gpu.clock[0] = np.nextafter(0.0, 1.0)
    assert state.digest() != before


def test_snapshot_of_another_plant_is_refused() -> None:
    with pytest.raises(ValueError, match="snapshot has 3 values"):
        StateBuffer(COUNTS).restore(np.zeros(3))


def test_counts_match_the_levels_of_the_plant(pilot: Factory) -> None:
    plant = pilot.plant()
    counts = counts_of(plant.constants)
    for level, entry in plant.levels.items():
        if level in counts:  # generators and batteries have no state of their own
            assert counts[level] == entry.count, level
