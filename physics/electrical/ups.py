"""Uninterruptible power supply: modes, transfers and where the power comes from in each.

The mode changes in a pure function of what is true now (:func:`ups_transition`); power flows are a
second pure function (:func:`ups_flows`). The battery is :mod:`physics.electrical.battery`.
Terms: IEC 62040-3 (double conversion, bypass, walk-in, stored energy mode).
"""

from __future__ import annotations

from typing import Final

from physics.electrical.conversion import Stages, stage_input_power
from physics.jit import law

OFF: Final = 0
"""Output dead."""
DOUBLE_CONVERSION: Final = 1
"""Load through rectifier and inverter."""
ECO: Final = 2
"""Load on the static bypass, inverter ready."""
BATTERY: Final = 3
"""Load on the inverter, fed from the battery."""
STATIC_BYPASS: Final = 4
"""Load on the bypass after overload or failure; no backup."""
MAINTENANCE_BYPASS: Final = 5
"""Load wired around the UPS; no backup, no conversion loss."""

MODE_NAMES: Final = (
    "off",
    "double conversion",
    "eco",
    "battery",
    "static bypass",
    "maintenance bypass",
)


@law
def ups_transition(
    mode: int,
    requested: int,
    input_good: bool,
    input_good_time: float,
    bypass_good: bool,
    battery_good: bool,
    failed: bool,
    overloaded: bool,
    retransfer_delay: float,
    restart_delay: float,
) -> int:
    """Mode that follows from what is true now.

    Args:
        mode: present mode.
        requested: what the operator wants: DOUBLE_CONVERSION, ECO, MAINTENANCE_BYPASS or OFF.
        input_good: rectifier input within its voltage and frequency window.
        input_good_time: since when it has been good, without a break [s].
        bypass_good: bypass input within its window.
        battery_good: battery connected and above its end of discharge.
        failed: inverter or rectifier cannot carry the load.
        overloaded: the overload integrator has run out.
        retransfer_delay: input must be good this long before the load returns from battery [s].
        restart_delay: the same, before an output that has gone dead is restored [s].
    """
    if requested == OFF:
        return OFF
    if requested == MAINTENANCE_BYPASS:
        return MAINTENANCE_BYPASS if bypass_good else OFF
    if failed or overloaded:
        return STATIC_BYPASS if bypass_good else OFF
    wanted = requested
    if wanted == ECO and not bypass_good:
        wanted = DOUBLE_CONVERSION
    if mode == OFF:
        if input_good and input_good_time >= restart_delay:
            return wanted
        return OFF
    if not input_good:
        # A bypass with a supply of its own carries the load on, though nothing charges.
        if mode == ECO and bypass_good:
            return ECO
        return BATTERY if battery_good else (STATIC_BYPASS if bypass_good else OFF)
    if mode == BATTERY and input_good_time < retransfer_delay:
        if battery_good:
            return BATTERY
        return wanted
    return wanted


@law
def transfer_gap(
    mode: int, new_mode: int, overlap: bool, transfer_time: float, restart_gap: float
) -> float:
    """How long the output is dead [s] while the UPS goes from one mode to the next.

    Double conversion and battery share the inverter: no gap. Between inverter and bypass the
    static switch takes ``transfer_time`` (2-4 ms) if the path it leaves has failed; with
    ``overlap`` both are live and in phase and there is no gap. From dead to live takes
    ``restart_gap``.
    """
    if mode == new_mode or new_mode == OFF:
        return 0.0
    if mode == OFF:
        return restart_gap
    on_inverter = mode in (DOUBLE_CONVERSION, BATTERY)
    to_inverter = new_mode in (DOUBLE_CONVERSION, BATTERY)
    if on_inverter and to_inverter:
        return 0.0
    if overlap or not (on_inverter or to_inverter):
        return 0.0
    return transfer_time


@law
def walk_in_share(time_since_return: float, duration: float) -> float:
    """Share of the load [-] that the rectifier has taken back after some time [s]: linear."""
    if duration <= 0.0:
        return 1.0
    return min(max(time_since_return / duration, 0.0), 1.0)


@law
def ups_flows(
    mode: int,
    output_power: float,
    charge_power: float,
    grid_share: float,
    temperature: float,
    double_conversion_stage: int,
    eco_stage: int,
    inverter_stage: int,
    stages: Stages,
    charger_efficiency: float,
) -> tuple[float, float, float]:
    """Powers of the UPS in a mode [W].

    Args:
        mode: one of the modes above.
        output_power: load [W]; must be 0 where the mode is OFF.
        charge_power: into the battery terminals [W]; ignored on battery and bypass.
        grid_share: share of the load the rectifier carries in double conversion [-]; below 1 only
            during walk-in, when the battery carries the rest.
        temperature: [degC].
        double_conversion_stage: row of ``stages`` for input to output.
        eco_stage: row for the bypass path.
        inverter_stage: row for battery to output; its loss must not exceed double conversion's.
        charger_efficiency: battery power over the grid power that makes it [-].

    Returns:
        input power, battery power (positive: discharging), loss as heat in the UPS;
        ``input + battery = output + loss`` exactly.
    """
    if mode == OFF:
        return 0.0, 0.0, 0.0
    if mode == MAINTENANCE_BYPASS:
        return output_power, 0.0, 0.0
    if mode == STATIC_BYPASS:
        drawn = stage_input_power(output_power, temperature, eco_stage, stages)
        return drawn, 0.0, drawn - output_power
    from_battery = stage_input_power(output_power, temperature, inverter_stage, stages)
    if mode == BATTERY:
        return 0.0, from_battery, from_battery - output_power
    charging = charge_power / charger_efficiency
    if mode == ECO:
        drawn = stage_input_power(output_power, temperature, eco_stage, stages) + charging
        return drawn, -charge_power, drawn - charge_power - output_power
    through = stage_input_power(output_power, temperature, double_conversion_stage, stages)
    drawn = grid_share * through + charging
    battery = (1.0 - grid_share) * from_battery - charge_power
    return drawn, battery, drawn + battery - output_power


@law
def charge_request(
    state_of_charge: float, target: float, energy_capacity: float, limit: float, taper: float
) -> float:
    """Charging power [W]: ``limit`` until near the target, then falling exponentially.

    Args:
        state_of_charge, target: [-].
        energy_capacity: [J].
        limit: greatest charging power [W].
        taper: time constant of the last part [s].
    """
    missing = max(target - state_of_charge, 0.0) * energy_capacity
    return min(limit, missing / taper)
