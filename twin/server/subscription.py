"""What a viewer asks to see, and the rows of each channel that this means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from twin.channels import Channel
from twin.errors import InputError, near_matches
from twin.plant.levels import PARENTS, Levels
from twin.protocol import COMPRESSIONS, MAXIMUM_CHANNELS, Compression, stream_step
from twin.server.subject import Subject

FASTEST = 30.0  # frames per second
SLOWEST = 0.01
SLACK = 0.9  # of the interval between frames: at the very rate of the steps, lateness must pass
DETAILS = ("auto", "fine", "coarse")


@dataclass(frozen=True)
class Subscription:
    """Channels by name or ``level.*``, below a path (None: everywhere), frames per second.

    Viewers whose subscriptions differ only in rate share one encoded frame.
    """

    channels: tuple[str, ...]
    region: str | None = None
    rate: float = 10.0
    detail: str = "auto"
    compression: Compression = "zstd"

    @property
    def view(self) -> tuple[tuple[str, ...], str | None, str, str]:
        """What decides the bytes of a frame."""
        return self.channels, self.region, self.detail, self.compression


@dataclass(frozen=True)
class Slice:
    """Rows ``start:stop`` of a channel, sent in ``step``."""

    channel: Channel
    start: int
    stop: int
    step: float


def parse_subscription(message: dict[str, Any]) -> Subscription:
    """Read a subscribe message; raises InputError naming the key."""
    known = {"type", "id", "channels", "region", "rate", "detail", "compression"}
    for key in message:
        if key not in known:
            raise InputError(
                "unknown key in a subscription", key=key, allowed=near_matches(key, sorted(known))
            )
    names = message.get("channels")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError("channels is not a list of names", key="channels", found=_short(names))
    if len(names) > MAXIMUM_CHANNELS:
        raise InputError(
            "too many channels",
            key="channels",
            found=str(len(names)),
            allowed=f"at most {MAXIMUM_CHANNELS}",
        )
    region = message.get("region")
    if region is not None and not isinstance(region, str):
        raise InputError("region is not a path", key="region", found=_short(region))
    rate = message.get("rate", 10.0)
    if (
        isinstance(rate, bool)
        or not isinstance(rate, int | float)
        or not (SLOWEST <= rate <= FASTEST)
    ):
        raise InputError(
            "rate out of range",
            key="rate",
            found=_short(rate),
            allowed=f"{SLOWEST} to {FASTEST:g} frames per second",
        )
    detail = message.get("detail", "auto")
    if detail not in DETAILS:
        raise InputError(
            "unknown detail",
            key="detail",
            found=_short(detail),
            allowed="one of: " + ", ".join(DETAILS),
        )
    compression = message.get("compression", "zstd")
    if compression not in COMPRESSIONS:
        raise InputError(
            "unknown compression",
            key="compression",
            found=_short(compression),
            allowed="one of: " + ", ".join(COMPRESSIONS),
        )
    return Subscription(
        tuple(dict.fromkeys(names)),
        region if region and region.strip("/") else None,
        float(rate),
        detail,
        cast(Compression, compression),
    )


def resolve(subject: Subject, subscription: Subscription) -> tuple[Slice, ...]:
    """Rows of each channel of a subscription, in the order asked for.

    With a region, a channel of a level below it is cut to the region's rows, one of a level above
    it to the row that holds the region, and one of neither is left out.

    Raises
    ------
    InputError : unknown channel or path
    """
    by_name = {channel.name: channel for channel in subject.channels}
    chosen: dict[str, Channel] = {}
    for name in subscription.channels:
        if name.endswith(".*"):
            found = [c for c in subject.channels if c.level == name[:-2]]
        else:
            found = [by_name[name]] if name in by_name else []
        if not found:
            raise InputError(
                "unknown channel",
                key="channels",
                found=name[:80],
                allowed=near_matches(name[:80], [*by_name]),
            )
        chosen.update((channel.name, channel) for channel in found)
    if len(chosen) > MAXIMUM_CHANNELS:
        raise InputError(
            "too many channels",
            key="channels",
            found=str(len(chosen)),
            allowed=f"at most {MAXIMUM_CHANNELS}",
        )
    slices = []
    for channel in chosen.values():
        rows = region_rows(subject.levels, subscription.region, channel.level)
        if rows is not None:
            start, stop = rows
            step = stream_step(channel, stop - start, subscription.detail)
            slices.append(Slice(channel, start, stop, step))
    return tuple(slices)


def region_rows(levels: Levels, region: str | None, wanted: str) -> tuple[int, int] | None:
    """Rows ``start, stop`` of a level in a region; None when it has none. Raises InputError."""
    if region is None or not region.strip("/"):
        return 0, levels[wanted].count
    level, row = levels.find(region)
    current, above = level, row
    while True:
        if current == wanted:
            return above, above + 1
        parent = PARENTS[current]
        if parent is None:
            break
        above, current = int(levels[current].parent_index[above]), parent
    rows = levels.below(level, row, wanted)
    if not len(rows):
        return None
    start, stop = int(rows[0]), int(rows[-1]) + 1
    assert stop - start == len(rows) or not np.any(np.diff(rows) != 1)
    return start, stop


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def parse_speed(value: Any) -> float:
    """Speed of a message: a number of simulated seconds per second, or ``max``."""
    if value == "max":
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 1e6:
        raise InputError(
            "speed out of range",
            key="value",
            found=_short(value),
            allowed="0.1 to 1000000, or 'max'",
        )
    return float(value)
