"""What happens in the power chain, noted by compiled code, so that people get it with its time."""

from __future__ import annotations

from typing import Final

from physics.factory.arrays import JOURNAL, Floats
from physics.jit import law

GRID_BAD: Final = 1
"""Site: grid left its window; value: voltage, other: duration of a dip [s], 0 if not known."""
GRID_GOOD: Final = 2
"""Site: grid is back in its window; value: for how long it was out [s]."""
SOURCE: Final = 3
"""Site: bus changes to source ``value`` from ``other``."""
BATTERY_STATE: Final = 4
"""Site: battery changes to state ``value``; other: bus load [W]; charge [-] if ready or empty."""
SOLAR: Final = 5
"""Site: photovoltaic inverters connect (1) or trip (0); other: power there [W]."""
GENERATOR_STATE: Final = 10
"""Generator: changes to state ``value`` from ``other``."""
GENERATOR_DRY: Final = 11
"""Generator: out of fuel."""
UPS_MODE: Final = 20
"""Hall: UPS change to mode ``value`` from ``other``."""
UPS_EMPTY: Final = 21
"""Hall: no battery left that can carry the load; value: mean charge, other: load [W]."""
CRITICAL_BUS: Final = 22
"""Hall: racks' bus live (value 1) or dead (0)."""
HALL_BUS: Final = 23
"""Hall: low-voltage bus before the UPS live (1) or dead (0); other: voltage."""
CRAHS: Final = 24
"""Hall: air handlers start (1) or stop (0)."""
UPS_OVERLOAD: Final = 25
"""Hall: overload of the UPS has run out; value: load relative to the rating."""
FEEDER_OF_HALL: Final = 26
"""Hall: now on feeder ``value``, before on ``other``."""
PUMPS: Final = 30
"""Plant: pumps start (1) or stop (0)."""
FANS: Final = 31
"""Plant: coolers' fans start (1) or stop (0)."""
CHILLERS: Final = 32
"""Plant: number of chillers that may run, and before."""
FEEDER_OF_PLANT: Final = 33
"""Plant: now on feeder ``value``, before on ``other``."""
PANEL_TRIP: Final = 40
"""Panel: tripped on overload; value: load relative to the rating, other: time since pick-up [s]."""
ROW_SUPPLY: Final = 41
"""Row: supplied (1) or not (0)."""
RACKS_UP: Final = 42
"""Row: number of racks that run, and before."""

TRANSFER: Final = 43
"""Panel: its switch goes to the UPS system of number ``value`` of its hall, without supply for
``other`` seconds; negative: back to the preferred one."""
PANEL_SUPPLY: Final = 44
"""Panel: supplied by a UPS system (1) or not (0); other: why not, one of the next four."""
NO_ALTERNATE: Final = 1
ALTERNATE_DEAD: Final = 2
ALTERNATE_FULL: Final = 3
IN_TRANSIT: Final = 4
OF_SYSTEM: Final = 30
"""Added to a code of a hall's UPS where it speaks of one UPS system instead."""


@law
def note(journal: Floats, time: float, code: int, index: int, value: float, other: float) -> None:
    """Append an entry; what finds no room is counted only.

    Args:
        journal: shape [entries, fields], entry 0 holds the count.
        time: since the beginning of the call [s].
        code: what happened, one of the above.
        index: row of the element.
        value, other: figures.
    """
    count = int(journal[0, JOURNAL.time]) + 1
    journal[0, JOURNAL.time] = count
    if count < journal.shape[0]:
        journal[count, JOURNAL.time] = time
        journal[count, JOURNAL.code] = code
        journal[count, JOURNAL.element] = index
        journal[count, JOURNAL.value] = value
        journal[count, JOURNAL.other] = other


@law
def of_system(journal: Floats, before: float, system: int) -> None:
    """Make the hall's entries since ``before`` (the count then) those of one of its UPS systems."""
    count = min(int(journal[0, JOURNAL.time]), journal.shape[0] - 1)
    for entry in range(int(before) + 1, count + 1):
        journal[entry, JOURNAL.code] += OF_SYSTEM
        journal[entry, JOURNAL.element] = system
