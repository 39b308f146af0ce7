"""Transfer switches between two sources: automatic (open transition) and static.

One law serves both: a static switch has no delay and a transit of a quarter cycle, an automatic one
waits, then moves for 0.1-0.5 s with its load dead. State goes in, state comes out.
"""

from __future__ import annotations

from typing import Final

from physics.jit import law

OPEN: Final = 0
SOURCE_A: Final = 1
SOURCE_B: Final = 2

POSITION_NAMES: Final = ("open", "source A", "source B")


@law
def transfer_switch_step(
    position: int,
    target: int,
    waited: float,
    step: float,
    a_good: bool,
    b_good: bool,
    preferred: int,
    transfer_delay: float,
    retransfer_delay: float,
    transit_time: float,
) -> tuple[int, int, float, float]:
    """State of a transfer switch after ``step`` [s] with constant sources.

    The switch leaves a bad source after ``transfer_delay`` if the other is good, returns to a good
    preferred source after ``retransfer_delay``, and is open for ``transit_time`` on the way. With
    both sources bad it stays. If the source it moves to fails in transit it turns back.

    Args:
        position: OPEN while in transit, SOURCE_A or SOURCE_B.
        target: where it is going or, at rest, where it stands.
        waited: time already spent in the present delay or transit [s].
        a_good, b_good: sources usable.
        preferred: SOURCE_A or SOURCE_B.
        transfer_delay, retransfer_delay, transit_time: [s].

    Returns:
        position, target, waited, and the time within the step during which the output was dead [s].
    """
    left = step
    dead = 0.0
    # At most: wait, move, turn back once; each consumes time or returns.
    for _ in range(8):
        if position == OPEN:
            good = a_good if target == SOURCE_A else b_good
            other_good = b_good if target == SOURCE_A else a_good
            if not good and other_good:
                target = SOURCE_A + SOURCE_B - target
                waited = 0.0
            remaining = max(transit_time - waited, 0.0)
            if remaining > left:
                return position, target, waited + left, dead + left
            dead += remaining
            left -= remaining
            position = target
            waited = 0.0
        here_good = a_good if position == SOURCE_A else b_good
        other = SOURCE_A + SOURCE_B - position
        other_good = b_good if position == SOURCE_A else a_good
        if here_good and (position == preferred or not other_good):
            return position, position, 0.0, dead
        if not here_good and not other_good:
            return position, position, 0.0, dead + left
        delay = retransfer_delay if here_good else transfer_delay
        remaining = max(delay - waited, 0.0)
        if remaining > left:
            if not here_good:
                dead += left
            return position, position, waited + left, dead
        if not here_good:
            dead += remaining
        left -= remaining
        position = OPEN
        target = other
        waited = 0.0
    return position, target, waited, dead


@law
def source_good(
    voltage: float, frequency_deviation: float, low: float, high: float, frequency_window: float
) -> bool:
    """Whether voltage [per unit] and frequency deviation [Hz] lie within their windows."""
    return low <= voltage <= high and abs(frequency_deviation) <= frequency_window
