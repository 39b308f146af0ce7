"""A site's power target, brought to its racks as caps by priority.

The target moves the cap at the grid connection no faster than the site's ramp. Where the site draws
more than its cap (after what its battery gives), accelerators are slowed: racks of the lowest
priority first, all of one priority alike, down to their least power before the next priority is
touched. One number per site, the curtailment, says how far that has gone: its whole part is the
number of priorities at their least, its fraction how far the next one is on its way.
"""

from __future__ import annotations

import math

from physics.compute import leakage_power, relative_voltage
from physics.electrical.grid_response import ramp_towards
from physics.factory.arrays import (
    KIND,
    RACK,
    RACK_LINK,
    SITE,
    SITE_DATA,
    Floats,
    Indices,
)
from physics.jit import kernel, law

HIGHEST_PRIORITY = 9
GAIN = 0.7
"""Share of the deviation that a step corrects; below 1 so that what caps cannot hit exactly does
not make it hunt."""


@law
def module_power(kind: int, clock: float, kinds: Floats) -> float:
    """Power of one busy accelerator module of a kind at a relative clock [W], memory at full.

    At the leakage of the slowdown temperature, as caps are reckoned.
    """
    voltage = relative_voltage(clock, kinds[KIND.voltage_intercept, kind])
    leakage = leakage_power(
        kinds[KIND.die_leakage_power, kind],
        kinds[KIND.leakage_coefficient, kind],
        kinds[KIND.leakage_reference, kind],
        kinds[KIND.slowdown_temperature, kind],
    )
    die = leakage * voltage + kinds[KIND.die_dynamic_power, kind] * clock * voltage * voltage
    hbm = (
        kinds[KIND.hbm_static_power, kind]
        + kinds[KIND.hbm_refresh_power, kind]
        + kinds[KIND.hbm_access_power, kind]
    )
    return float((die + hbm) / kinds[KIND.regulator_efficiency, kind])


@law
def next_cap(present: float, target: float, drawn: float, ramp: float, step: float) -> float:
    """Cap after a step on its way to the target [W]; infinite for none.

    A cap begins at what is drawn now. Without a target it rises by its ramp; who asks for none
    when it has ceased to bind lifts it.
    """
    if math.isinf(present):
        if math.isinf(target):
            return present
        present = max(drawn, target)
    if math.isinf(target):
        return present + ramp * step
    return ramp_towards(present, target, ramp, ramp, step)


@law
def next_curtailment(present: float, excess: float, slope: float, highest: float) -> float:
    """Curtailment after a step.

    Args:
        excess: power above the cap [W], negative below it.
        slope: power between least and full of the racks of the priority in question [W].
        highest: greatest curtailment: all priorities at their least.

    It never moves over a whole number in one step, because there the slope changes.
    """
    if slope <= 0.0:
        moved = present + (1.0 if excess > 0.0 else -1.0)
    else:
        moved = present + GAIN * excess / slope
    if moved > present:
        return min(moved, math.floor(present) + 1.0, highest)
    return max(moved, math.ceil(present) - 1.0, 0.0)


@kernel()
def cap_sites(
    sites: Floats,
    rack_links: Indices,
    kinds: Floats,
    site: Floats,
    rack: Floats,
    step: float,
) -> None:
    """Move every site's cap and curtailment, and the caps of its racks' modules."""
    for s in range(sites.shape[1]):
        target = site[SITE.power_target, s]
        curtailment = site[SITE.curtailment, s]
        cap = site[SITE.power_cap, s]
        if math.isinf(target) and math.isinf(cap) and curtailment == 0.0:
            continue
        drawn = site[SITE.grid_power, s]
        cap = next_cap(cap, target, drawn, sites[SITE_DATA.cap_ramp, s], step)
        excess = drawn - cap
        if math.isinf(target) and curtailment == 0.0 and excess < 0.0:
            site[SITE.power_cap, s] = math.inf
            continue
        site[SITE.power_cap, s] = cap
        # the battery gives first, and what it could give besides lets racks go on
        excess -= site[SITE.battery_spare, s]
        if curtailment == 0.0 and excess <= 0.0:
            continue
        # a step upwards moves the priority it is in, a step downwards from a whole number the last
        level = math.floor(curtailment)
        if excess < 0.0 and level == curtailment:
            level -= 1.0
        slope = 0.0
        for r in range(rack.shape[1]):
            if rack_links[RACK_LINK.site, r] == s and rack[RACK.priority, r] == level:
                k = rack_links[RACK_LINK.kind, r]
                span = module_power(k, 1.0, kinds) - module_power(
                    k, kinds[KIND.minimum_clock, k], kinds
                )
                slope += kinds[KIND.gpus, k] * span * rack[RACK.utilisation, r]
        curtailment = next_curtailment(curtailment, excess, slope, HIGHEST_PRIORITY + 1.0)
        site[SITE.curtailment, s] = curtailment
        for r in range(rack.shape[1]):
            if rack_links[RACK_LINK.site, r] != s:
                continue
            free = 1.0 - min(max(curtailment - rack[RACK.priority, r], 0.0), 1.0)
            module_cap = math.inf
            if free < 1.0:
                k = rack_links[RACK_LINK.kind, r]
                least = module_power(k, kinds[KIND.minimum_clock, k], kinds)
                module_cap = least + free * (module_power(k, 1.0, kinds) - least)
            if module_cap != rack[RACK.site_cap, r]:
                rack[RACK.site_cap, r] = module_cap
                rack[RACK.calm, r] = 0.0
