"""Power supply and vessels at rest: what has power, and coolant, once all delays have passed.

The switches of the coupled step are asked again and again, as if time passed, until none moves any
more. Nothing is drawn and nothing warms meanwhile; the powers that a weak source is asked for are
those last known. What lives on batteries has no state of rest, what lives on generators has one for
as long as there is fuel.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from physics.electrical.switch import SOURCE_A
from physics.electrical.ups import BATTERY as ON_BATTERY
from physics.electrical.ups import DOUBLE_CONVERSION, ECO
from physics.factory.advance import switch_supply
from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    HALL,
    HALL_DATA,
    HALL_LINK,
    ONLINE,
    PANEL,
    PANEL_DATA,
    PLANT,
    PLANT_DATA,
    PLANT_LINK,
    RACK,
    ROW,
    SITE,
    SITE_DATA,
    SYSTEM,
    SYSTEM_LINK,
    UPS,
    ConstantBlocks,
    Floats,
    Indices,
    StateBlocks,
)
from physics.factory.loops import TOP_UP_FLOW
from physics.factory.power_restart import SETTLED_TIME
from physics.factory.power_sources import BATTERY, GENERATORS, GRID, OPEN, SLOW_DELAY
from physics.jit import kernel, law
from physics.leak import hole_flow, low_level_trip, settled_level

STEP = 1.0  # s
LOOKS = 4  # at what has supply, each after the longest delay

SWITCHES = (
    ("site", (SITE.source,)),
    ("plant", (PLANT.fed, PLANT.pumps_fed, PLANT.fans_fed, PLANT.chillers_fed)),
    ("plant", (PLANT.feeder_in_use,)),
    ("hall", (HALL.live, HALL.fed, HALL.crahs_fed, HALL.cdus_fed, HALL.ups_mode)),
    ("hall", (HALL.ups_share, HALL.feeder_in_use)),
    ("ups_system", (SYSTEM.fed, SYSTEM.mode, SYSTEM.share)),
    ("panel", (PANEL.fed, PANEL.target)),
    ("row", (ROW.fed,)),
    ("rack", (RACK.path,)),
)
"""Level and rows of the state that tell what has supply."""


def supply_of(s: StateBlocks) -> Floats:
    """All that tells what has supply, in one array; see ``SWITCHES``."""
    return np.concatenate([
        getattr(s, level)[row] for level, rows in SWITCHES for row in rows
    ])  # fmt: skip


def moved_in(before: Floats, after: Floats, s: StateBlocks) -> tuple[str, int]:
    """Level and element of the first difference between two answers of :func:`supply_of`."""
    place = int(np.flatnonzero(before != after)[0])
    for level, rows in SWITCHES:
        count = getattr(s, level).shape[1]
        if place < len(rows) * count:
            return level, place % count
        place -= len(rows) * count
    return "", -1


@kernel()
def pass_time(c: ConstantBlocks, s: StateBlocks, steps: int, step: float) -> None:
    """Let so many steps [s] pass for the switches of the power supply alone."""
    for number in range(steps):
        switch_supply(c, s, number * step, step)


def undisturbed(c: ConstantBlocks, s: StateBlocks) -> bool:
    """Whether everything fitted has full supply from a good grid."""
    chillers = np.diff(c.plant_links[PLANT_LINK.first_chiller])
    fitted = np.diff(c.hall_links[HALL_LINK.first_ups]) > 0
    mode = s.hall[HALL.ups_mode]
    return bool(
        (s.site[SITE.source] == GRID).all()
        and (s.site[SITE.sag_time] == 0.0).all()
        and (s.plant[[PLANT.fed, PLANT.pumps_fed, PLANT.fans_fed]] == 1.0).all()
        and (s.plant[PLANT.chillers_fed] == chillers).all()
        and (s.hall[[HALL.live, HALL.fed, HALL.crahs_fed, HALL.cdus_fed]] == 1.0).all()
        and (~fitted | (mode == s.hall[HALL.ups_request])).all()
        and (~fitted | (mode != DOUBLE_CONVERSION) | (s.hall[HALL.ups_share] == 1.0)).all()
        and (s.ups_system[SYSTEM.fed] == 1.0).all()
        and ((s.panel[PANEL.fed] == 1.0) & (s.panel[PANEL.target] == SOURCE_A)).all()
        and (s.row[ROW.fed] == 1.0).all()
        and (s.rack[RACK.path] == 1.0).all()
    )


def longest_delay(c: ConstantBlocks) -> float:
    """Time [s] after which every switch has moved that only waits."""
    delays = (
        (c.sites, SITE_DATA.reconnect_delay), (c.sites, SITE_DATA.retransfer_delay),
        (c.sites, SITE_DATA.feeder_transfer_time), (c.sites, SITE_DATA.generator_start_time),
        (c.sites, SITE_DATA.generator_step_interval), (c.halls, HALL_DATA.ups_retransfer_delay),
        (c.halls, HALL_DATA.ups_restart_delay), (c.halls, HALL_DATA.ups_walk_in),
        (c.panels, PANEL_DATA.retransfer_delay), (c.panels, PANEL_DATA.transfer_time),
        (c.halls, HALL_DATA.crah_delay), (c.plants, PLANT_DATA.pump_delay),
        (c.plants, PLANT_DATA.fan_delay), (c.plants, PLANT_DATA.chiller_delay),
    )  # fmt: skip
    chillers = np.diff(c.plant_links[PLANT_LINK.first_chiller])
    stagger = c.plants[PLANT_DATA.chiller_stagger] * chillers
    total = sum(float(block[row].max(initial=0.0)) for block, row in delays)
    return total + float(stagger.max(initial=0.0)) + SLOW_DELAY + SETTLED_TIME


def settle_supply(c: ConstantBlocks, s: StateBlocks) -> tuple[str, int, str]:
    """Bring the power supply to rest under its present faults.

    Returns level and element that has none and why, or "", -1 and "".
    """
    pass_time(c, s, 1, STEP)
    if undisturbed(c, s):
        charge_batteries(c, s)
        return "", -1, ""
    steps = math.ceil(longest_delay(c) / STEP)
    before = supply_of(s)
    for _ in range(LOOKS):
        pass_time(c, s, steps, STEP)
        after = supply_of(s)
        if np.array_equal(before, after):
            charge_batteries(c, s)
            return without_rest(c, s)
        before, last = after, before
    return *moved_in(last, before, s), "its supply is switched again and again"


def charge_batteries(c: ConstantBlocks, s: StateBlocks) -> None:
    """Fill the batteries of every UPS that may charge them."""
    for h in np.flatnonzero(s.hall[HALL.ups_charging] > 0.0):
        systems = systems_of(c, s, int(h))
        if not len(systems):
            first = c.hall_links[HALL_LINK.first_ups]
            s.hall[HALL.ups_charge, h] = filled(s, first[h], first[h + 1])
        else:
            first = c.system_links[SYSTEM_LINK.first_ups]
            for k in systems[s.ups_system[SYSTEM.charging, systems] > 0.0]:
                s.ups_system[SYSTEM.charge, k] = filled(s, first[k], first[k + 1])
                s.ups_system[SYSTEM.charging, k] = 0.0
            s.hall[HALL.ups_charge, h] = s.ups_system[SYSTEM.charge, systems].mean()
        s.hall[HALL.ups_charging, h] = 0.0


def systems_of(c: ConstantBlocks, s: StateBlocks, h: int) -> Indices:
    """UPS systems of hall ``h``; none where its UPS are one bank."""
    return np.flatnonzero(c.system_links[SYSTEM_LINK.hall, : s.ups_system.shape[1]] == h)


def filled(s: StateBlocks, first: int, last: int) -> float:
    """Fill the connected batteries of UPS ``first:last``; returns their mean charge."""
    connected = s.ups[ONLINE, first:last] * s.ups[UPS.battery_online, first:last] > 0.0
    s.ups[UPS.charge, first:last][connected] = 1.0
    return float(connected.any())


def without_rest(c: ConstantBlocks, s: StateBlocks) -> tuple[str, int, str]:
    """What has no lasting supply, and why, once no switch moves; "", -1 and "" if all have."""
    source = s.site[SITE.source]
    mode = s.hall[HALL.ups_mode]
    fitted = np.diff(c.hall_links[HALL_LINK.first_ups]) > 0
    inverting = on_inverter(mode, s.hall[HALL.ups_share])
    partly = on_inverter(s.ups_system[SYSTEM.mode], s.ups_system[SYSTEM.share])
    inverting[c.system_links[SYSTEM_LINK.hall, : len(partly)][partly]] = True
    for level, holds, why in (
        ("hall", fitted & inverting, "its UPS lives on its batteries"),
        ("site", source == BATTERY, "it lives on its battery"),
        ("site", source == OPEN, "it has no source of power"),
    ):
        if holds.any():
            return level, int(np.flatnonzero(holds)[0]), why
    return "", -1, ""


def on_inverter(mode: Floats, share: Floats) -> NDArray[np.bool_]:
    """Which UPS give from their batteries, in modes and with shares of the rectifiers."""
    converting = (mode == DOUBLE_CONVERSION) | (mode == ECO)
    return np.asarray((mode == ON_BATTERY) | (converting & (share < 1.0)))


def overloaded(s: StateBlocks) -> tuple[str, int, str]:
    """The first site whose generators give more than they can, or "", -1 and ""."""
    over = (s.site[SITE.source] == GENERATORS) & (
        s.site[SITE.generator_power] > s.site[SITE.capacity]
    )
    if over.any():
        return "site", int(np.flatnonzero(over)[0]), "its generators cannot carry the load"
    return "", -1, ""


@law
def settle_plant_level(p: int, plants: Floats, plant: Floats) -> None:
    """Level, leak and low-level trip of plant ``p``'s loop at rest.

    Where pumps would stop, the vessel fill, and pumps start again without end, they stand still.
    """
    area, density = plant[PLANT.leak_area, p], plants[PLANT_DATA.density, p]
    fill, make_up = plants[PLANT_DATA.fill_pressure, p], plants[PLANT_DATA.make_up_flow, p]
    pumping = 0.5 * plants[PLANT_DATA.distribution_pressure, p] * plant[PLANT.pumps_fed, p]
    before, level = plant[PLANT.coolant_level, p], 1.0
    tripped = plant[PLANT.low_level_trip, p]
    for _ in range(2):
        level = settled_level(before, area, fill, (1.0 - tripped) * pumping, density, make_up)
        tripped = low_level_trip(level, tripped)
    running = (1.0 - tripped) * pumping
    again = settled_level(before, area, fill, running, density, make_up)
    if low_level_trip(again, tripped) != tripped:
        tripped, running = 1.0, 0.0
    plant[PLANT.coolant_level, p] = level
    plant[PLANT.low_level_trip, p] = tripped
    leaking = hole_flow(area, fill * level + running, density) if level > 0.0 else 0.0
    plant[PLANT.leak_flow, p] = leaking


@law
def settle_loop_level(c: int, cdus: Floats, cdu: Floats) -> None:
    """Level, leak and low-level trip of CDU ``c`` at rest: empty, or mended and topped up."""
    area = cdu[CDU.leak_area, c]
    make_up = TOP_UP_FLOW if area <= 0.0 else 0.0
    level = settled_level(
        cdu[CDU.coolant_level, c], area, cdus[CDU_DATA.fill_pressure, c], 0.0,
        cdus[CDU_DATA.secondary_density, c], make_up,
    )  # fmt: skip
    cdu[CDU.coolant_level, c] = level
    cdu[CDU.low_level_trip, c] = low_level_trip(level, cdu[CDU.low_level_trip, c])
    cdu[CDU.leak_flow, c] = 0.0


@kernel()
def settle_levels(plants: Floats, cdus: Floats, plant: Floats, cdu: Floats) -> None:
    """Vessels of all loops at rest under the leaks there are."""
    for p in range(plants.shape[1]):
        settle_plant_level(p, plants, plant)
    for c in range(cdus.shape[1]):
        settle_loop_level(c, cdus, cdu)
