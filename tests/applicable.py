"""Channels show numbers for what they apply to, and nothing for the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.channels import BY_NAME, CHANNELS
from twin.plant import Plant
from twin.state import StateBuffer

OF_DRAWN_AIR = ("hall.rci_high", "hall.rci_low", "hall.shi", "hall.rhi")
"""Indices over the racks that draw air: without any there are none."""


def check_channels(run: Any) -> None:
    """Assert it of all channels of a simulation or an operating point."""
    for channel in CHANNELS:
        shown = run.channel(channel.name)
        applies = channel_applies(channel.name, run.plant, run.state)
        if channel.name in OF_DRAWN_AIR and not run.state.view.rack.it_power.any():
            applies[:] = False
        assert np.array_equal(np.isfinite(shown), applies), channel.name


def channel_applies(name: str, plant: Plant, state: StateBuffer) -> NDArray[np.bool_]:
    """Whether a channel applies to each element of its level."""
    channel = BY_NAME[name]
    nothing = np.zeros(plant.levels[channel.level].count)
    return ~np.isnan(channel.where_it_applies(nothing, plant, state))
