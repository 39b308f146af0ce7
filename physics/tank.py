"""Stratified buffer tank: layers in plug flow, buoyant mixing, conduction and wall loss.

Layers are numbered from the bottom. Water enters at one end and leaves at the other; a flow from
bottom to top counts positive. A step advances the layers by a flux-limited (van Leer) scheme in
sub-steps of at most one layer, mixes inversions, then conducts and loses heat exactly per layer.
Every part conserves heat to rounding. Warm water is taken as lighter: below the density maximum of
water (4 degC) that is not so, and the tank then mixes less than it should.

Temperatures in degC, capacities in J/K, capacity rates (m cp) in W/K, heats in J.
Sources: van Leer (1974) for the limiter; ``pool adjacent violators`` (Ayer et al., 1955) for the
mixing of inversions, which is the exact result of repeated adjacent mixing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel, law
from physics.thermal_volume import mixed_volume_step

__all__ = ["mix_inversions", "mixed_volume_step", "tank_step"]


@law
def _limited_slope(before: float, here: float, after: float) -> float:
    """Van Leer's slope of a layer [K], zero at extremes so that no new ones appear."""
    product = (here - before) * (after - here)
    return 2.0 * product / (after - before) if product > 0.0 else 0.0


@kernel()
def mix_inversions(temperature: NDArray[np.float64], heat_capacity: NDArray[np.float64]) -> None:
    """Mix neighbouring layers until temperature does not fall upwards; in place, conserving heat.

    temperature [degC], heat_capacity [J/K]: shape [layers], bottom first.
    """
    layers = temperature.shape[0]
    start = 0
    while start < layers - 1:
        if temperature[start] <= temperature[start + 1]:
            start += 1
            continue
        # Grow the mixed block both ways until it fits between its neighbours.
        low, high = start, start + 1
        capacity = heat_capacity[low] + heat_capacity[high]
        heat = heat_capacity[low] * temperature[low] + heat_capacity[high] * temperature[high]
        while True:
            mean = heat / capacity
            if high < layers - 1 and temperature[high + 1] < mean:
                high += 1
                capacity += heat_capacity[high]
                heat += heat_capacity[high] * temperature[high]
            elif low > 0 and temperature[low - 1] > mean:
                low -= 1
                capacity += heat_capacity[low]
                heat += heat_capacity[low] * temperature[low]
            else:
                break
        for layer in range(low, high + 1):
            temperature[layer] = mean
        start = high


@kernel()
def tank_step(
    temperature: NDArray[np.float64],
    heat_capacity: NDArray[np.float64],
    capacity_rate: float,
    bottom_inlet_temperature: float,
    top_inlet_temperature: float,
    ambient_temperature: float,
    loss_conductance: NDArray[np.float64],
    layer_conductance: float,
    time_step: float,
) -> tuple[float, float]:
    """Advance a tank by one step in place; returns the mean leaving temperature [degC] and the
    heat lost to ambient [J].

    temperature [degC], heat_capacity [J/K], loss_conductance [W/K]: shape [layers], bottom first.
    capacity_rate [W/K]: positive enters at the bottom with bottom_inlet_temperature and leaves at
    the top, negative enters at the top with top_inlet_temperature. layer_conductance [W/K]: between
    neighbours, by conduction of water and wall. Without flow the leaving temperature is that of the
    layer at the outlet of the positive direction (the top).
    """
    layers = temperature.shape[0]
    rate = abs(capacity_rate)
    upwards = capacity_rate >= 0.0
    inlet = bottom_inlet_temperature if upwards else top_inlet_temperature
    smallest = heat_capacity.min()
    outlet = temperature[layers - 1]
    if rate > 0.0:
        steps = max(math.ceil(rate * time_step / smallest), 1)
        passed = rate * time_step / steps  # capacity moved per sub-step [J/K]
        outlet = 0.0
        for _ in range(steps):
            previous_flux = inlet  # temperature of the water crossing the face behind
            before = inlet
            for index in range(layers):
                layer = index if upwards else layers - 1 - index
                here = temperature[layer]
                courant = passed / heat_capacity[layer]
                flux = here
                if index < layers - 1:
                    after = temperature[layer + 1 if upwards else layer - 1]
                    flux += 0.5 * (1.0 - courant) * _limited_slope(before, here, after)
                temperature[layer] = here + courant * (previous_flux - flux)
                previous_flux = flux
                before = here
            outlet += previous_flux / steps
            mix_inversions(temperature, heat_capacity)
    if layer_conductance > 0.0 and layers > 1:
        _conduct(temperature, heat_capacity, layer_conductance, time_step)
    lost = 0.0
    for layer in range(layers):
        if loss_conductance[layer] > 0.0:
            share = -math.expm1(-loss_conductance[layer] * time_step / heat_capacity[layer])
            drop = share * (temperature[layer] - ambient_temperature)
            temperature[layer] -= drop
            lost += heat_capacity[layer] * drop
    mix_inversions(temperature, heat_capacity)
    return outlet, lost


@law
def _conduct(
    temperature: NDArray[np.float64],
    heat_capacity: NDArray[np.float64],
    conductance: float,
    time_step: float,
) -> None:
    """Implicit conduction between neighbours, applied as fluxes so that heat is conserved."""
    layers = temperature.shape[0]
    share = conductance * time_step
    # Thomas' algorithm for (C + share L) T' = C T.
    upper = np.empty(layers)
    right = np.empty(layers)
    diagonal = heat_capacity[0] + share
    upper[0] = -share / diagonal
    right[0] = heat_capacity[0] * temperature[0] / diagonal
    for layer in range(1, layers):
        neighbours = 1.0 if layer == layers - 1 else 2.0
        diagonal = heat_capacity[layer] + neighbours * share + share * upper[layer - 1]
        upper[layer] = -share / diagonal
        right[layer] = (
            heat_capacity[layer] * temperature[layer] + share * right[layer - 1]
        ) / diagonal
    for layer in range(layers - 2, -1, -1):
        right[layer] -= upper[layer] * right[layer + 1]
    below = 0.0
    for layer in range(layers):
        above = share * (right[layer + 1] - right[layer]) if layer < layers - 1 else 0.0
        temperature[layer] += (above - below) / heat_capacity[layer]
        below = above
