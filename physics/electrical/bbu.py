"""Rack shelf through a loss of its supply: capacitors first, then battery backup units.

When the input goes, the shelf's bulk capacitors carry the bus (hold-up, 20 ms at full load) until
the battery backup units have taken over (within 4 ms); those last 240 s at full load (OCP Open Rack
V3 power shelf and BBU). Each step is exact in time: load is constant, so energies are linear.
"""

from __future__ import annotations

from physics.jit import law


@law
def shelf_step(
    load: float,
    supply_limit: float,
    outage_time: float,
    hold_up_energy: float,
    battery_energy: float,
    step: float,
    hold_up_capacity: float,
    takeover_time: float,
    battery_limit: float,
    battery_efficiency: float,
    hold_up_charge_limit: float,
) -> tuple[float, float, float, float, float, float, float]:
    """One step of a shelf at constant load.

    Args:
        load: at the bus [W].
        supply_limit: what the rectifiers can give now [W]; 0 without input.
        outage_time: since when the supply has fallen short [s]; 0 while it suffices.
        hold_up_energy: in the capacitors, usable [J].
        battery_energy: in the backup units [J].
        step: [s].
        hold_up_capacity: of the capacitors [J].
        takeover_time: the backup units carry nothing before it [s].
        battery_limit: greatest power of the backup units at the bus [W].
        battery_efficiency: bus power over battery power [-].
        hold_up_charge_limit: greatest power that refills the capacitors [W].

    Returns:
        mean power from the rectifiers, from the capacitors (negative: refilled), from the backup
        units at the bus, unserved [W]; then new outage time [s], hold-up and battery energy [J].
        The four sum to the load; battery energy falls by bus energy over efficiency.
    """
    lacking = max(load - supply_limit, 0.0)
    if lacking <= 0.0:
        spare = min(supply_limit - load, hold_up_charge_limit)
        refill = min(spare, (hold_up_capacity - hold_up_energy) / step)
        refill = max(refill, 0.0)
        return (
            load + refill,
            -refill,
            0.0,
            0.0,
            0.0,
            hold_up_energy + refill * step,
            battery_energy,
        )
    before = min(max(takeover_time - outage_time, 0.0), step)
    after = step - before
    # Batteries carry what they can of the part after takeover; capacitors stand in elsewhere.
    battery_power = min(lacking, battery_limit)
    battery_time = (
        min(after, battery_energy * battery_efficiency / battery_power)
        if (battery_power > 0.0)
        else 0.0
    )
    from_battery = battery_power * battery_time
    need = lacking * step - from_battery
    from_capacitors = min(need, hold_up_energy)
    unserved = need - from_capacitors
    return (
        load - lacking,
        from_capacitors / step,
        from_battery / step,
        unserved / step,
        outage_time + step,
        hold_up_energy - from_capacitors,
        max(battery_energy - from_battery / battery_efficiency, 0.0),
    )


@law
def ride_through_time(
    load: float,
    hold_up_energy: float,
    battery_energy: float,
    takeover_time: float,
    battery_limit: float,
    battery_efficiency: float,
) -> float:
    """How long a shelf without supply carries ``load`` [s] before the bus falls.

    Capacitors alone until takeover, then batteries up to their limit with the capacitors giving the
    rest; capacitors again when the batteries are empty.
    """
    if load <= 0.0:
        return float("inf")
    if hold_up_energy < load * takeover_time:
        return hold_up_energy / load
    capacitors = hold_up_energy - load * takeover_time
    battery_power = min(load, battery_limit)
    if battery_power <= 0.0:
        return takeover_time + capacitors / load
    battery_time = battery_energy * battery_efficiency / battery_power
    rest = load - battery_power
    if rest > 0.0 and capacitors < rest * battery_time:
        return takeover_time + capacitors / rest
    return takeover_time + battery_time + (capacitors - rest * battery_time) / load
