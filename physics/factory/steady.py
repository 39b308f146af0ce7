"""Operating point of the whole factory, found directly.

Loops, air and plants are brought to rest one after the other with the latest temperatures of the
others, and the racks' packages with them, until nothing moves any more. Each is exact for what it
is given, so only the couplings are iterated: leakage (a few per cent of the heat per 10 K), plates
in series, racks' fans, water flow against cooler performance. Some 20 rounds settle all. What has
supply is not looked for here but in :mod:`physics.factory.steady_supply`.

The state of rest need not be unique where staging has hysteresis; then it is the one reached from
below, with the fewest units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physics.factory.accelerators import rise_decays
from physics.factory.arrays import (
    CDU,
    CDU_LINK,
    HALL,
    HALL_LINK,
    PLANT,
    RACK,
    RACK_LINK,
    ROW,
    ConstantBlocks,
    Floats,
    StateBlocks,
)
from physics.factory.facility_pumps import clear_returns, set_demands
from physics.factory.loops import rack_branches
from physics.factory.power_panels import feed_rows
from physics.factory.racks import (
    STILL_FLOW,
    advance_racks_parallel,
    advance_racks_serial,
)
from physics.factory.steady_air import settle_air
from physics.factory.steady_loops import fill_mains, settle_cdus, settle_pumps
from physics.factory.steady_plants import settle_plants
from physics.factory.steady_supply import settle_levels

REST = 1e9  # s: a step after which nothing of a package's past is left
FAN_SHARE = 0.55  # of the way that racks' fans go in a round: stable whatever they achieve
MAXIMUM_ROUNDS = 300
TOLERANCE = 1e-5  # K that anything still moves in a round at the end


@dataclass(frozen=True)
class Balance:
    """How a search for the state of rest ended.

    Attributes
    ----------
    rounds : iterations made
    residual : largest movement of any temperature in the last one [K]
    converged : whether that is below the tolerance
    level, element : what stands against a state of rest, or "" and -1
    reason : why
    """

    rounds: int
    residual: float
    converged: bool
    level: str = ""
    element: int = -1
    reason: str = ""


def settle(
    c: ConstantBlocks, s: StateBlocks, threaded: bool = False, tolerance: float = TOLERANCE
) -> Balance:
    """Bring the state to rest under its present weather, workload, set points, faults and supply.

    Writes temperatures, flows, valves, speeds, stages and controllers' memories; electrical losses
    behind the rows follow in the next step of the coupled model. Where heat has no way out there is
    no state of rest: the result names the element, and the state is left as the search had it.
    """
    decays = rise_decays(c.kinds, REST)
    decays[:, 3] = FAN_SHARE
    decays[:, 4] = 0.0  # clocks are not moved but solved for
    branches = rack_branches(c.racks, c.rack_links, c.kinds)
    work = np.empty((s.rack.shape[1], 13))
    settle_levels(c.plants, c.cdus, s.plant, s.cdu)
    advance_racks = advance_racks_parallel if threaded else advance_racks_serial
    settle_pumps(
        c.cdus, c.cdu_links, c.rack_links, c.kinds, s.cdu, s.rack, s.hall, s.cdu_pressure_sensor,
        branches, work,
    )  # fmt: skip
    plants = s.plant.shape[1]
    last_temperature, last_change = np.full(plants, np.nan), np.full(plants, np.nan)
    before = _temperatures(s)
    residual, lost = np.inf, ("", -1)
    rounds = 0
    while rounds < MAXIMUM_ROUNDS and residual > tolerance:
        rounds += 1
        advance_racks(
            c.racks, c.rack_links, c.kinds, c.kind_links, c.gpu, c.stages, s.rack, s.gpu, s.cdu,
            s.row, decays, REST,
        )  # fmt: skip
        # no time passes, so that an overloaded panel does not trip here
        feed_rows(c.rows, c.row_links, c.rack_links, s.row, s.rack, s.panel, s.journal, 0.0, 0.0)
        clear_returns(s.plant)
        hall = settle_air(
            c.halls, c.hall_links, c.plants, c.rows, c.row_links, c.rack_links, c.kinds,
            c.recirculation_shares, s.hall, s.row, s.rack, s.crah, s.plant,
        )  # fmt: skip
        cdu = settle_cdus(
            c.cdus, c.cdu_links, c.rack_links, s.cdu, s.rack, s.hall, s.plant,
            s.cdu_temperature_sensor,
        )  # fmt: skip
        set_demands(
            c.plants, c.cdus, c.cdu_links, c.rows, c.row_links, c.halls, c.hall_links, s.plant,
            s.cdu, s.row, s.hall, s.crah,
        )  # fmt: skip
        plant = settle_plants(
            c.plants, c.plant_links, c.chiller_capacity_curves, c.chiller_eir_curves,
            c.chiller_part_load_curves, s.plant, s.site, s.cooler, s.pump, s.chiller, s.tank,
            s.plant_temperature_sensor, last_temperature, last_change,
        )  # fmt: skip
        after = _temperatures(s)
        residual = float(np.abs(after - before).max(initial=0.0))
        before = after
        lost = next(
            ((level, i) for level, i in (("cdu", cdu), ("hall", hall), ("plant", plant)) if i >= 0),
            ("", -1),
        )
        if not np.isfinite(residual):
            break
    fill_mains(c.cdus, s.cdu, s.main)
    still = np.flatnonzero(
        (c.rack_links[RACK_LINK.cdu, : s.rack.shape[1]] >= 0)
        & (np.abs(s.rack[RACK.flow]) <= STILL_FLOW)
        & (s.rack[RACK.it_power] > 0.0)
    )
    if len(still):
        lost = ("rack", int(still[0]))
    converged = residual <= tolerance and lost[1] < 0
    return Balance(rounds, residual, converged, *_cause(c, s, *lost))


def _cause(c: ConstantBlocks, s: StateBlocks, level: str, i: int) -> tuple[str, int, str]:
    """Level and element at fault, and why, where the heat of an element has no way out."""
    own = level, i, "heat has no way out"
    if level == "rack":
        unit = int(c.rack_links[RACK_LINK.cdu, i])
        if s.cdu[CDU.low_level_trip, unit] > 0.0:
            return "cdu", unit, "its pumps have stopped for want of coolant"
        h = int(c.cdu_links[CDU_LINK.hall, unit])
        if s.hall[HALL.cdus_fed, h] == 0.0:
            return "hall", h, "its CDU pumps have no supply"
        return own
    if level == "hall" and s.hall[HALL.crahs_fed, i] == 0.0:
        return "hall", i, "its air handlers have no supply"
    if level in ("cdu", "hall"):
        own_plant = (
            c.cdu_links[CDU_LINK.plant] if level == "cdu" else c.hall_links[HALL_LINK.air_plant]
        )
        p = int(own_plant[i])
        if s.plant[PLANT.low_level_trip, p] > 0.0:
            return "plant", p, "its pumps have stopped for want of water"
        if s.plant[PLANT.pumps_fed, p] == 0.0:
            return "plant", p, "its pumps have no supply"
        return own
    if level == "plant" and s.plant[PLANT.fans_fed, i] == 0.0:
        return "plant", i, "its fans have no supply"
    return own if level else (level, i, "")


def _temperatures(s: StateBlocks) -> Floats:
    """Everything whose movement tells whether there is rest."""
    return np.concatenate([
        s.rack[RACK.outlet_temperature], s.rack[RACK.maximum_gpu_temperature],
        s.rack[RACK.maximum_hbm_temperature], s.cdu[CDU.supply_temperature],
        s.row[ROW.cold_aisle_temperature], s.row[ROW.hot_aisle_temperature],
        s.hall[HALL.crah_supply_temperature], s.plant[PLANT.supply_temperature],
        s.plant[PLANT.condenser_temperature], 100.0 * s.plant[PLANT.demand],
    ])  # fmt: skip
