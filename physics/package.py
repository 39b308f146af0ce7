"""Accelerator package: die, HBM stacks and cold plate as coupled heat capacities.

The plate (with package lid and the coolant inside it) is slow, tens of seconds; die and stacks sit
on it and follow their own power within a tenth of a second. In steady state the rises over the
plate are a symmetric 2 x 2 resistance matrix: each part heats the other through the lid, and the
mutual term is the same both ways (reciprocity). The update is exact for constant power over the
step, whatever its length, and books every joule: the heat to the coolant is what came in less what
was stored.
"""

from __future__ import annotations

from physics.jit import hot_law, law


@hot_law
def decay(x: float) -> float:
    """exp(-x) for x >= 0 by the (0, 4) Pade approximant: positive, below 1, falls to zero.

    Relative error below 7e-7 for x < 0.15 (a cold plate at 1 s steps), L-stable, and made of
    operations that vectorise, which a library exponential does not.
    """
    return 1.0 / (1.0 + x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0)))))


@law
def convective_conductance(
    flow_ratio: float,
    minimum_resistance: float,
    convective_resistance: float,
    exponent: float,
    stagnant_conductance: float,
) -> float:
    """Plate-to-coolant conductance [W/K] at a flow relative to the rated one, either direction.

    1 / (R_min + R_conv |q|^-b), from the plate's base to the coolant entering it. At zero flow only
    ``stagnant_conductance`` (conduction and natural convection to the surroundings) is left.
    Source of the form: thermal resistance curves of published cold plates, b = 0.5-0.8.
    """
    flow = abs(flow_ratio)
    if flow < 1e-9:
        return stagnant_conductance
    resistance: float = minimum_resistance + convective_resistance * flow ** (-exponent)
    return max(1.0 / resistance, stagnant_conductance)


@hot_law
def steady_die_rise(
    die_power: float, hbm_power: float, die_resistance: float, mutual_resistance: float
) -> float:
    """Rise of the die over the plate [K] in steady state."""
    return die_resistance * die_power + mutual_resistance * hbm_power


@hot_law
def steady_hbm_rise(
    die_power: float, hbm_power: float, hbm_resistance: float, mutual_resistance: float
) -> float:
    """Mean rise of the stacks over the plate [K]; ``hbm_resistance`` is of all stacks together."""
    return hbm_resistance * hbm_power + mutual_resistance * die_power


@hot_law
def plate_temperature(
    temperature: float,
    coolant_temperature: float,
    power: float,
    conductance: float,
    heat_capacity: float,
    step: float,
) -> float:
    """Plate temperature [degC] after ``step`` seconds of constant power [W] and conductance [W/K].

    Closed-form solution of C dT/dt = P - G (T - T_coolant), with :func:`decay` for the exponential.
    """
    settled = coolant_temperature + power / conductance
    return settled + (temperature - settled) * decay(conductance * step / heat_capacity)


@hot_law
def package_step(
    plate: float,
    die: float,
    hbm: float,
    die_power: float,
    hbm_power: float,
    regulator_loss: float,
    coolant_temperature: float,
    conductance: float,
    die_resistance: float,
    hbm_resistance: float,
    mutual_resistance: float,
    die_heat_capacity: float,
    hbm_heat_capacity: float,
    plate_heat_capacity: float,
    die_decay: float,
    hbm_decay: float,
    step: float,
) -> tuple[float, float, float, float]:
    """Advance one package by ``step`` seconds.

    Temperatures in degC, powers in W, conductance plate to coolant in W/K (above zero), resistances
    in K/W, capacities in J/K. ``die_decay`` and ``hbm_decay`` are exp(-step/tau) of the two rises,
    tau = R C. Returns the new (plate, die, hbm) temperatures and the mean heat flow [W] to the
    coolant, so that power * step = heat * step + change of
    C_die T_die + C_hbm T_hbm + C_plate T_plate exactly.
    """
    capacity = die_heat_capacity + hbm_heat_capacity + plate_heat_capacity
    return package_step_with_decay(
        plate,
        die,
        hbm,
        die_power,
        hbm_power,
        regulator_loss,
        coolant_temperature,
        1.0 / conductance,
        decay(conductance * step / capacity),
        die_resistance,
        hbm_resistance,
        mutual_resistance,
        die_heat_capacity,
        hbm_heat_capacity,
        plate_heat_capacity,
        die_decay,
        hbm_decay,
        step,
    )


@hot_law
def package_step_with_decay(
    plate: float,
    die: float,
    hbm: float,
    die_power: float,
    hbm_power: float,
    regulator_loss: float,
    coolant_temperature: float,
    plate_resistance: float,
    plate_decay: float,
    die_resistance: float,
    hbm_resistance: float,
    mutual_resistance: float,
    die_heat_capacity: float,
    hbm_heat_capacity: float,
    plate_heat_capacity: float,
    die_decay: float,
    hbm_decay: float,
    step: float,
) -> tuple[float, float, float, float]:
    """:func:`package_step` with the plate's resistance [K/W] and its decay over the step given.

    For many packages at one flow both are the same and need no division in the loop.
    """
    old_die_rise = die - plate
    old_hbm_rise = hbm - plate
    settled_die = steady_die_rise(die_power, hbm_power, die_resistance, mutual_resistance)
    settled_hbm = steady_hbm_rise(die_power, hbm_power, hbm_resistance, mutual_resistance)
    die_rise = settled_die + (old_die_rise - settled_die) * die_decay
    hbm_rise = settled_hbm + (old_hbm_rise - settled_hbm) * hbm_decay
    # written against the plate, total energy is C_total T_plate + C_die rise_die + C_hbm rise_hbm
    rate = 1.0 / step
    power = (
        die_power
        + hbm_power
        + regulator_loss
        - die_heat_capacity * rate * (die_rise - old_die_rise)
        - hbm_heat_capacity * rate * (hbm_rise - old_hbm_rise)
    )
    capacity = die_heat_capacity + hbm_heat_capacity + plate_heat_capacity
    settled = coolant_temperature + power * plate_resistance
    new_plate = settled + (plate - settled) * plate_decay
    heat = power - capacity * rate * (new_plate - plate)
    return new_plate, new_plate + die_rise, new_plate + hbm_rise, heat
