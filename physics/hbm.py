"""High-bandwidth memory: power of an accelerator's stacks.

``P = P_static + 8 e_bit BW + P_refresh(T)``. JEDEC halves the refresh interval above 85 degC (HBM3,
JESD238), so refresh power doubles there.
"""

from __future__ import annotations

from physics.jit import hot_law, law

REFRESH_DOUBLING = 2.0
STACK_SPREAD = 3.0
"""Difference between the hottest and the coolest stack of a module [K]. Engineering estimate: no
published figure is known."""


@hot_law
def refresh_power(nominal_power: float, temperature: float, doubling_temperature: float) -> float:
    """Refresh power [W] at a junction temperature [degC].

    ``nominal_power`` is at the normal interval; above ``doubling_temperature`` the interval is
    half as long. Source: JEDEC JESD238 (HBM3), temperature-compensated refresh.
    """
    return nominal_power * (REFRESH_DOUBLING if temperature > doubling_temperature else 1.0)


@hot_law
def module_refresh_power(
    nominal_power: float, hottest_temperature: float, doubling_temperature: float
) -> float:
    """Refresh power [W] of all stacks of a module, of which the hottest has a temperature [degC].

    Stacks differ by some kelvin, so they pass ``doubling_temperature`` one after the other while
    the hottest goes from there to ``STACK_SPREAD`` above it.
    """
    passed = (hottest_temperature - doubling_temperature) * (1.0 / STACK_SPREAD)
    share = min(1.0, max(0.0, passed))
    return nominal_power * (1.0 + (REFRESH_DOUBLING - 1.0) * share)


@law
def access_power(energy_per_bit: float, bandwidth: float) -> float:
    """Power [W] of moving ``bandwidth`` [byte/s] at ``energy_per_bit`` [J/bit], PHY included."""
    return 8.0 * energy_per_bit * bandwidth


@law
def stack_power(
    static_power: float,
    nominal_refresh_power: float,
    energy_per_bit: float,
    bandwidth: float,
    temperature: float,
    doubling_temperature: float,
) -> float:
    """Power [W] of one stack: static + refresh at its temperature + accesses at ``bandwidth``."""
    return (
        static_power
        + refresh_power(nominal_refresh_power, temperature, doubling_temperature)
        + access_power(energy_per_bit, bandwidth)
    )


@law
def height_resistance_factor(layers: float, reference_layers: float) -> float:
    """Junction-to-top resistance of a stack of ``layers`` dies relative to ``reference_layers``.

    Heat made evenly over n equal layers in series crosses on average half of them; the hottest
    (bottom) layer sees the sum over all interfaces, n (n + 1) / 2 of n shares, hence ~ (n + 1).
    Check: 16-high against 12-high gives 17/13 = 1.31, the published +20-30 % within its mark.
    """
    return (layers + 1.0) / (reference_layers + 1.0)
