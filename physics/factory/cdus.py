"""CDUs in the coupled step: mains of the technology coolant, and the plate exchanger.

Racks get what leaves the supply main, and what they gave to the coolant during the step then goes
through the return main to the exchanger and the facility water.
"""

from __future__ import annotations

import numba

from physics.control import first_order_lag
from physics.factory.arrays import (
    CDU,
    CDU_DATA,
    CDU_LINK,
    MAIN,
    MAIN_CELLS,
    PLANT,
    RACK,
    RACK_LINK,
    Floats,
    Indices,
)
from physics.heat_exchanger import plate_exchanger
from physics.hydraulics.transport import advance_pipe
from physics.jit import kernel, law
from physics.volume import mixing_volume

SENSOR_TIME_CONSTANT = 4.0  # s of the supply sensor in its well
CELLS_FIRST = MAIN.cell_0
CELLS_LAST = MAIN.cell_0 + MAIN_CELLS + 1


@law
def move_main(
    pipe: int,
    main: Floats,
    capacity_rate: float,
    inlet_temperature: float,
    heat_capacity: float,
    step: float,
) -> float:
    """Push coolant through a main; returns the mean temperature [degC] of what left."""
    head, fill, edge, direction, outlet, _ = advance_pipe(
        main[pipe, CELLS_FIRST:CELLS_LAST],
        int(main[pipe, MAIN.head]),
        main[pipe, MAIN.from_fill],
        main[pipe, MAIN.edge_temperature],
        main[pipe, MAIN.direction],
        capacity_rate,
        inlet_temperature,
        inlet_temperature,
        heat_capacity,
        0.0,
        0.0,
        step,
    )
    main[pipe, MAIN.head] = head
    main[pipe, MAIN.from_fill] = fill
    main[pipe, MAIN.edge_temperature] = edge
    main[pipe, MAIN.direction] = direction
    main[pipe, MAIN.outlet_temperature] = outlet
    return outlet


@law
def correct_inlet(
    pipe: int, main: Floats, capacity_rate: float, change: float, heat_capacity: float, step: float
) -> None:
    """Change by ``change`` [K] the temperature of what entered a main during the step.

    Coolant leaves a main before what enters it is known: the exchanger's outlet follows from the
    racks, and these from the main's outlet. So a main is moved with the last outlet temperature and
    what entered, cells from the inlet onwards, is set right afterwards.
    """
    moved = capacity_rate * step * MAIN_CELLS / heat_capacity
    if moved <= 0.0:
        return
    inside = min(moved, float(MAIN_CELLS))
    change *= moved / inside
    slot = int(main[pipe, MAIN.head])
    size = main[pipe, MAIN.from_fill]
    while inside > 0.0:
        portion = min(size, inside)
        if size > 0.0:
            main[pipe, MAIN.cell_0 + slot] += change * portion / size
        inside -= portion
        size = 1.0
        slot = (slot + 1) % (MAIN_CELLS + 1)


@law
def deliver_from(c: int, cdus: Floats, cdu: Floats, main: Floats, step: float) -> None:
    """Coolant from CDU ``c`` through its supply main to its racks; see :func:`correct_inlet`."""
    rate = cdu[CDU.secondary_flow, c] * cdus[CDU_DATA.secondary_heat_capacity_per_flow, c]
    cdu[CDU.delivered_temperature, c] = move_main(
        2 * c,
        main,
        rate,
        cdu[CDU.supply_temperature, c],
        cdus[CDU_DATA.supply_main_heat_capacity, c],
        step,
    )


@law
def exchanger_heat(
    c: int,
    cdus: Floats,
    cdu: Floats,
    rate: float,
    entering: float,
    primary: float,
    water: float,
) -> float:
    """Heat [W] from technology coolant to facility water in CDU ``c``.

    Capacity rates [W/K] and entering temperatures [degC] of coolant and water.
    """
    side = cdus[CDU_DATA.rated_ua_side, c]
    # a share of UA lost to fouling, as the resistance that takes it away at the rated point
    lost = min(cdu[CDU.fouling, c], 0.99)
    fouling_resistance = 2.0 / side * lost / (1.0 - lost)
    heat, _, _, _ = plate_exchanger(
        rate,
        1.0,
        entering,
        primary,
        1.0,
        water,
        cdus[CDU_DATA.secondary_rated_capacity_rate, c],
        side,
        cdus[CDU_DATA.primary_rated_capacity_rate, c],
        side,
        0.0,
        fouling_resistance,
    )
    return heat


@law
def returning(
    c: int, cdus: Floats, cdu_links: Indices, rack_links: Indices, cdu: Floats, rack: Floats
) -> tuple[float, float]:
    """Capacity rate [W/K] and mixed temperature [degC] of what leaves CDU ``c``'s racks."""
    specific_heat = (
        cdus[CDU_DATA.secondary_heat_capacity_per_flow, c] / cdus[CDU_DATA.secondary_density, c]
    )
    mass_flow, warmth = 0.0, 0.0
    for r in range(cdu_links[CDU_LINK.first_rack, c], cdu_links[CDU_LINK.first_rack, c + 1]):
        if rack_links[RACK_LINK.cdu, r] == c:
            mass_flow += rack[RACK.mass_flow, r]
            warmth += rack[RACK.mass_flow, r] * rack[RACK.outflow_temperature, r]
    mixed = warmth / mass_flow if mass_flow > 0.0 else cdu[CDU.return_temperature, c]
    return mass_flow * specific_heat, mixed


@law
def exchange_at(
    c: int,
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    cdu: Floats,
    main: Floats,
    rack: Floats,
    plant: Floats,
    step: float,
) -> None:
    """Coolant from the racks through the return main and CDU ``c``, its heat to facility water.

    All of the pumps' electric power ends in the coolant (wet-rotor and in-cabinet motors), standby
    power as well.
    """
    rate, mixed = returning(c, cdus, cdu_links, rack_links, cdu, rack)
    arriving = move_main(
        2 * c + 1, main, rate, mixed, cdus[CDU_DATA.return_main_heat_capacity, c], step
    )
    cdu[CDU.return_temperature, c], entering = mixing_volume(
        cdu[CDU.return_temperature, c],
        cdus[CDU_DATA.return_heat_capacity, c],
        rate,
        arriving,
        cdu[CDU.pump_power, c],
        step,
    )
    p = cdu_links[CDU_LINK.plant, c]
    water = plant[PLANT.supply_temperature, p]
    primary = cdu[CDU.primary_flow, c] * cdus[CDU_DATA.primary_heat_capacity_per_flow, c]
    heat = exchanger_heat(c, cdus, cdu, rate, entering, primary, water)
    if rate > 0.0:
        leaving = entering - heat / rate
        capacity = cdus[CDU_DATA.supply_main_heat_capacity, c]
        change = leaving - cdu[CDU.supply_temperature, c]
        correct_inlet(2 * c, main, rate, change, capacity, step)
        cdu[CDU.supply_temperature, c] = leaving
        cdu[CDU.measured_temperature, c] = first_order_lag(
            cdu[CDU.measured_temperature, c], leaving, step, SENSOR_TIME_CONSTANT
        )
    cdu[CDU.heat, c] = heat
    cdu[CDU.primary_supply_temperature, c] = water
    back = water + heat / primary if primary > 0.0 else water
    cdu[CDU.primary_return_temperature, c] = back


@kernel()
def collect_returns(cdus: Floats, cdu_links: Indices, cdu: Floats, plant: Floats) -> None:
    """Add the primary return of every CDU to its plant's inflow."""
    for c in range(cdus.shape[1]):
        p = cdu_links[CDU_LINK.plant, c]
        primary = cdu[CDU.primary_flow, c] * cdus[CDU_DATA.primary_heat_capacity_per_flow, c]
        plant[PLANT.inflow_rate, p] += primary
        plant[PLANT.inflow_enthalpy, p] += primary * cdu[CDU.primary_return_temperature, c]


@kernel()
def deliver_serial(cdus: Floats, cdu: Floats, main: Floats, step: float) -> None:
    """:func:`deliver_from` for every CDU."""
    for c in range(cdus.shape[1]):
        deliver_from(c, cdus, cdu, main, step)


@kernel(parallel=True)
def deliver_parallel(cdus: Floats, cdu: Floats, main: Floats, step: float) -> None:
    """:func:`deliver_from` for every CDU, over threads."""
    for c in numba.prange(cdus.shape[1]):
        deliver_from(c, cdus, cdu, main, step)


@kernel()
def exchange_serial(
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    cdu: Floats,
    main: Floats,
    rack: Floats,
    plant: Floats,
    step: float,
) -> None:
    """:func:`exchange_at` for every CDU."""
    for c in range(cdus.shape[1]):
        exchange_at(c, cdus, cdu_links, rack_links, cdu, main, rack, plant, step)


@kernel(parallel=True)
def exchange_parallel(
    cdus: Floats,
    cdu_links: Indices,
    rack_links: Indices,
    cdu: Floats,
    main: Floats,
    rack: Floats,
    plant: Floats,
    step: float,
) -> None:
    """:func:`exchange_at` for every CDU, over threads."""
    for c in numba.prange(cdus.shape[1]):
        exchange_at(c, cdus, cdu_links, rack_links, cdu, main, rack, plant, step)
