"""What happened in the power chain, in words: reads the journal that compiled code keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from physics.electrical.generator import COOLING_DOWN, FAILED, RUNNING, STARTING, STOPPED
from physics.electrical.generator import STATE_NAMES as GENERATOR_STATES
from physics.electrical.ups import MODE_NAMES
from physics.factory import power_journal as codes
from physics.factory.arrays import JOURNAL, Floats
from physics.factory.power_sources import BATTERY, OPEN, SOURCE_NAMES
from physics.factory.site_battery import EMPTY, READY, SHAVING

if TYPE_CHECKING:
    from twin.plant import Plant

KINDS = (
    "grid-lost",
    "grid-back",
    "supply",
    "battery",
    "solar",
    "generator",
    "ups",
    "ups-empty",
    "ups-overload",
    "transfer",
    "panel-supply",
    "bus",
    "critical-bus",
    "air-handlers",
    "pumps",
    "fans",
    "chillers",
    "feeder",
    "overload-trip",
    "row",
    "racks",
    "lost-notes",
)
"""Kinds of events that the power chain brings about."""


@dataclass(frozen=True)
class Happening:
    """Time since the beginning of the call [s], path, kind and a sentence."""

    time: float
    path: str
    kind: str
    message: str


def _watts(power: float) -> str:
    if power >= 1e6:
        return f"{power / 1e6:,.2f} MW"
    return f"{power / 1e3:,.1f} kW" if power < 1e4 else f"{power / 1e3:,.0f} kW"


def _grid_bad(voltage: float, duration: float) -> tuple[str, str]:
    if duration > 0.0:
        return "grid-lost", f"voltage dip to {voltage:.0%} for {1e3 * duration:.0f} ms"
    if voltage <= 0.0:
        return "grid-lost", "no voltage from the grid"
    return "grid-lost", f"grid voltage {voltage:.0%}, outside its window"


def _grid_good(lasted: float, _: float) -> tuple[str, str]:
    time = f"{lasted:,.0f} s" if lasted >= 10.0 else f"{lasted:.2g} s"
    return "grid-back", f"grid within its window again after {time}"


def _source(new: float, old: float) -> tuple[str, str]:
    if int(new) == OPEN and int(old) == BATTERY:
        return "supply", (
            "bus without supply: the site battery cannot carry it, at its least charge or its "
            "greatest power"
        )
    if int(new) == OPEN:
        return "supply", f"incomer open, bus without supply (was on {SOURCE_NAMES[int(old)]})"
    return "supply", f"bus on {SOURCE_NAMES[int(new)]} (was: {SOURCE_NAMES[int(old)]})"


def _battery(new: float, figure: float) -> tuple[str, str]:
    if int(new) == READY:
        return "battery", f"peak over, charges again (charge {figure:.0%})"
    if int(new) == EMPTY:
        return "battery", f"down to its reserve (charge {figure:.0%}): stops shaving peaks"
    if int(new) == SHAVING:
        return "battery", f"gives what the bus ({_watts(figure)}) takes above the threshold"
    return "battery", f"at its greatest power: cannot give all of the peak ({_watts(figure)})"


def _solar(on: float, power: float) -> tuple[str, str]:
    if on:
        return "solar", f"inverters connect after five minutes of good grid ({_watts(power)})"
    return "solar", f"inverters trip with the grid ({_watts(power)} lost)"


def _generator(new: float, old: float) -> tuple[str, str]:
    texts = {
        STARTING: "start signal: supply lost",
        RUNNING: "at rated speed and voltage, breaker closed: takes load in steps",
        COOLING_DOWN: "relieved, cools down unloaded",
        STOPPED: f"stopped (was {GENERATOR_STATES[int(old)]})",
        FAILED: f"failed (was {GENERATOR_STATES[int(old)]})",
    }
    return "generator", texts.get(int(new), GENERATOR_STATES[int(new)])


def _mode(new: float, old: float) -> tuple[str, str]:
    return "ups", f"UPS on {MODE_NAMES[int(new)]} (was: {MODE_NAMES[int(old)]})"


def _switched(
    kind: str, what: str, start: str = "start", stop: str = "stop"
) -> Callable[[float, float], tuple[str, str]]:
    def tell(on: float, need: float) -> tuple[str, str]:
        load = f" ({_watts(need)})" if need > 0.0 else ""
        reason = "" if on else ": no voltage, or more than the source can carry"
        return kind, f"{what} {start if on else stop}{load}{reason}"

    return tell


def _critical(on: float, load: float) -> tuple[str, str]:
    return "critical-bus", (
        "racks' bus live again" if on else f"racks' bus dead, {_watts(load)} lost"
    )


def _chillers(new: float, old: float) -> tuple[str, str]:
    if new == 0:
        return "chillers", f"all chillers stop ({old:.0f} were in service)"
    if new < old:
        return "chillers", f"only {new:.0f} of {old:.0f} chillers may run"
    return "chillers", f"{new:.0f} chillers may run (before: {old:.0f})"


def _row(fed: float, panels: float) -> tuple[str, str]:
    if fed:
        return "row", f"supplied again, {panels:.0f} panels in service"
    return "row", "without supply: " + ("no panel left" if panels == 0.0 else "racks' bus dead")


def _racks(new: float, old: float) -> tuple[str, str]:
    if new < old:
        return "racks", f"{old - new:.0f} racks stop, {new:.0f} run"
    return "racks", f"{new - old:.0f} racks have power again and boot, {new:.0f} are on"


def _transfer(number: float, gap: float) -> tuple[str, str]:
    time = f"{1e3 * abs(gap):.0f} ms" if abs(gap) < 0.1 else f"{abs(gap):.2g} s"
    system = f"ups-system-{number:.0f}"
    if gap < 0.0:
        return "transfer", f"returns to its preferred {system} in {time}: good for long enough"
    return "transfer", f"goes to its alternate {system} in {time}: preferred one without output"


WITHOUT = {
    codes.NO_ALTERNATE: "its UPS system has no output and it has no alternate",
    codes.ALTERNATE_DEAD: "neither its UPS system nor the alternate has output",
    codes.ALTERNATE_FULL: "its UPS system has no output and the alternate no capacity left for it",
    codes.IN_TRANSIT: "its transfer switch takes longer than equipment rides through",
}


def _panel_supply(fed: float, why: float) -> tuple[str, str]:
    if fed:
        return "panel-supply", "has supply again"
    return "panel-supply", f"without supply: {WITHOUT[int(why)]}"


def _empty(charge: float, load: float) -> tuple[str, str]:
    text = f"batteries cannot carry {_watts(load)} any longer (charge {charge:.0%})"
    return "ups-empty", text


def _overloaded(load: float, _: float) -> tuple[str, str]:
    return "ups-overload", f"UPS overloaded for too long ({load:.0%} of the rating)"


WORDS: dict[int, tuple[str, Callable[[float, float], tuple[str, str]]]] = {
    codes.GRID_BAD: ("site", _grid_bad),
    codes.GRID_GOOD: ("site", _grid_good),
    codes.SOURCE: ("site", _source),
    codes.BATTERY_STATE: ("site", _battery),
    codes.SOLAR: ("site", _solar),
    codes.GENERATOR_STATE: ("generator", _generator),
    codes.GENERATOR_DRY: ("generator", lambda v, o: ("generator", "out of fuel")),
    codes.UPS_MODE: ("hall", _mode),
    codes.UPS_EMPTY: ("hall", _empty),
    codes.UPS_OVERLOAD: ("hall", _overloaded),
    codes.UPS_MODE + codes.OF_SYSTEM: ("ups_system", _mode),
    codes.UPS_EMPTY + codes.OF_SYSTEM: ("ups_system", _empty),
    codes.UPS_OVERLOAD + codes.OF_SYSTEM: ("ups_system", _overloaded),
    codes.CRITICAL_BUS: ("hall", _critical),
    codes.HALL_BUS: (
        "hall",
        lambda v, o: ("bus", "low-voltage bus live" if v else "low-voltage bus dead"),
    ),
    codes.CRAHS: ("hall", _switched("air-handlers", "air handlers")),
    codes.FEEDER_OF_HALL: ("hall", lambda v, o: ("feeder", "transferred to its other feeder")),
    codes.FEEDER_OF_PLANT: ("plant", lambda v, o: ("feeder", "transferred to its other feeder")),
    codes.PUMPS: ("plant", _switched("pumps", "facility pumps")),
    codes.FANS: ("plant", _switched("fans", "coolers' fans")),
    codes.CHILLERS: ("plant", _chillers),
    codes.PANEL_TRIP: (
        "panel",
        lambda v, o: ("overload-trip", f"tripped on overload at {v:.1%} of its rating"),
    ),
    codes.TRANSFER: ("panel", _transfer),
    codes.PANEL_SUPPLY: ("panel", _panel_supply),
    codes.ROW_SUPPLY: ("row", _row),
    codes.RACKS_UP: ("row", _racks),
}
"""Level and sentence of every code."""


def read(plant: Plant, journal: Floats) -> Iterator[Happening]:
    """What the journal holds (block [entries, fields]), oldest first; clears it."""
    noted = int(journal[0, JOURNAL.time])
    if noted == 0:
        return
    held = min(noted, len(journal) - 1)
    entries = journal[1 : held + 1].copy()
    journal[: held + 1] = 0.0
    for entry in sorted(entries, key=lambda row: row[JOURNAL.time]):
        level, words = WORDS[int(entry[JOURNAL.code])]
        kind, message = words(float(entry[JOURNAL.value]), float(entry[JOURNAL.other]))
        path = plant.levels.path(level, int(entry[JOURNAL.element]))
        yield Happening(float(entry[JOURNAL.time]), path, kind, message)
    if noted > held:
        yield Happening(
            float(entries[-1, JOURNAL.time]), "/", "lost-notes", f"and {noted - held} more events"
        )
