"""The channel table: every value that people can see.

One row per channel drives recording, streaming, viewer legends, metrics, documentation and test
tolerances. Adding a channel is adding a row to the table of its subject.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from physics.factory.arrays import Floats
from twin.channels.channel import Channel
from twin.channels.cooling import COOLING
from twin.channels.halls import HALLS
from twin.channels.network import NETWORK
from twin.channels.plants import PLANTS
from twin.channels.power import POWER
from twin.channels.sites import SITES
from twin.channels.solved import Solved, network_flow

__all__ = ["BY_NAME", "CHANNELS", "Channel", "Solved", "channels_of", "read_channels"]

if TYPE_CHECKING:
    from twin.plant import Plant
    from twin.power.flow import Flow
    from twin.state import StateBuffer

CHANNELS: tuple[Channel, ...] = (*HALLS, *POWER, *PLANTS, *SITES, *NETWORK, *COOLING)

BY_NAME: dict[str, Channel] = {channel.name: channel for channel in CHANNELS}


def channels_of(level: str) -> tuple[Channel, ...]:
    """All channels of a level."""
    return tuple(channel for channel in CHANNELS if channel.level == level)


def read_channels(
    channels: Iterable[Channel], plant: Plant, state: StateBuffer
) -> dict[str, Floats]:
    """Values of several channels by name, shape [count] each; the network is solved once for all.

    Values may be views of the state.
    """
    flow: Flow | None = None
    looked = False
    values = {}
    for channel in channels:
        if isinstance(channel.source, Solved):
            if not looked:
                flow, looked = network_flow(plant, state), True
            solved = channel.source.of(plant, flow)
            values[channel.name] = channel.where_it_applies(solved, plant, state)
        else:
            values[channel.name] = channel.read(plant, state)
    return values
