"""Transformers: losses, impedance, inrush, and what load does to their insulation.

Sources: losses and short-circuit impedance IEC 60076-1; hot spot and ageing IEC 60076-7 (the
difference equations of its exponential model, stepped here by their exact solution so that any step
length is stable).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from physics.jit import law


@law
def transformer_loss(
    apparent_power: float,
    rated_apparent_power: float,
    no_load_loss: float,
    load_loss: float,
    voltage_ratio: float,
) -> float:
    """Loss of an energised transformer [W]: ``P_0 u^2 + P_k (S / (S_n u))^2``.

    Args:
        apparent_power: transmitted [VA], any sign.
        rated_apparent_power: S_n [VA].
        no_load_loss: P_0 at rated voltage [W].
        load_loss: P_k at rated current [W].
        voltage_ratio: u, voltage over rated voltage [-]; 0 means de-energised and gives no loss.
    """
    if voltage_ratio <= 0.0:
        return 0.0
    load = apparent_power / (rated_apparent_power * voltage_ratio)
    return no_load_loss * voltage_ratio * voltage_ratio + load_loss * load * load


@law
def transformer_best_load(no_load_loss: float, load_loss: float) -> float:
    """Load fraction S/S_n of greatest efficiency [-]: where both losses are equal."""
    return math.sqrt(no_load_loss / load_loss)


@dataclass(frozen=True)
class TransformerImpedance:
    """Equivalent circuit referred to one side.

    Attributes:
        resistance: series R [ohm].
        reactance: series X [ohm].
        conductance: shunt G, from the no-load loss [S].
        susceptance: shunt B, from the no-load current, not positive (inductive) [S].
    """

    resistance: float
    reactance: float
    conductance: float
    susceptance: float


def transformer_impedance(
    rated_apparent_power: float,
    rated_voltage: float,
    short_circuit_voltage: float,
    load_loss: float,
    no_load_loss: float = 0.0,
    no_load_current: float = 0.0,
) -> TransformerImpedance:
    """Equivalent circuit of a three-phase transformer from its rating plate.

    ``Z = u_k U_n^2 / S_n``, ``R = P_k U_n^2 / S_n^2``, ``X^2 = Z^2 - R^2``; the shunt likewise from
    P_0 and the relative no-load current i_0.

    Args:
        rated_apparent_power: S_n [VA].
        rated_voltage: line-to-line voltage of the side referred to [V].
        short_circuit_voltage: u_k [-], 0.06 for 6 %.
        load_loss: P_k [W].
        no_load_loss: P_0 [W].
        no_load_current: i_0 [-]; taken as P_0 / S_n where it is smaller.

    Raises:
        ValueError: a rating that is not positive, or P_k / S_n above u_k.
    """
    if rated_apparent_power <= 0.0 or rated_voltage <= 0.0 or short_circuit_voltage <= 0.0:
        raise ValueError("rated power, rated voltage and short-circuit voltage must be positive")
    if load_loss < 0.0 or no_load_loss < 0.0 or no_load_current < 0.0:
        raise ValueError("losses and no-load current must not be negative")
    if load_loss / rated_apparent_power > short_circuit_voltage:
        raise ValueError(
            f"load loss {load_loss} W is more than the short-circuit voltage "
            f"{short_circuit_voltage} allows at {rated_apparent_power} VA"
        )
    base = rated_voltage**2 / rated_apparent_power
    r = load_loss / rated_apparent_power
    g = no_load_loss / rated_apparent_power
    return TransformerImpedance(
        resistance=base * r,
        reactance=base * math.sqrt(max(short_circuit_voltage**2 - r * r, 0.0)),
        conductance=g / base,
        susceptance=-math.sqrt(max(no_load_current**2 - g * g, 0.0)) / base,
    )


@law
def inrush_envelope(
    time: float, rated_current: float, peak_multiple: float, time_constant: float
) -> float:
    """Peak of the magnetising inrush current [A] at ``time`` [s] after energising.

    ``k sqrt(2) I_n exp(-t / tau)``; k 8-12 and tau 0.1-0.4 s for distribution, longer for large
    transformers. Zero before energising.
    """
    if time < 0.0:
        return 0.0
    return peak_multiple * math.sqrt(2.0) * rated_current * math.exp(-time / time_constant)


@law
def inrush_peak(
    voltage: float,
    winding_reactance: float,
    winding_resistance: float,
    rated_flux_density: float,
    residual_flux_density: float,
    saturation_flux_density: float,
) -> float:
    """Greatest first peak of the inrush current [A], switched at voltage zero.

    ``sqrt(2) U / sqrt(X^2 + R^2) (2 B_n + B_r - B_s) / B_n``: the flux beyond saturation is carried
    by the air-core reactance alone.

    Args:
        voltage: phase voltage of the energised winding [V].
        winding_reactance: air-core reactance [ohm].
        winding_resistance: with the supply's [ohm].
        rated_flux_density, residual_flux_density, saturation_flux_density: [T].
    """
    beyond = 2.0 * rated_flux_density + residual_flux_density - saturation_flux_density
    if beyond <= 0.0:
        return 0.0
    impedance = math.sqrt(winding_reactance**2 + winding_resistance**2)
    return math.sqrt(2.0) * voltage / impedance * beyond / rated_flux_density


@law
def top_oil_rise(load: float, loss_ratio: float, rated_rise: float, oil_exponent: float) -> float:
    """Steady rise of the top oil above ambient [K] at load fraction K.

    ``rated_rise ((1 + R K^2) / (1 + R))^x`` with R the ratio of load to no-load loss.
    """
    relative_loss = (1.0 + loss_ratio * load * load) / (1.0 + loss_ratio)
    return float(rated_rise * relative_loss**oil_exponent)


@law
def hot_spot_step(
    top_oil: float,
    winding_rise_fast: float,
    winding_rise_slow: float,
    load: float,
    ambient: float,
    step: float,
    loss_ratio: float,
    rated_oil_rise: float,
    rated_winding_rise: float,
    oil_exponent: float,
    winding_exponent: float,
    oil_time_constant: float,
    winding_time_constant: float,
    k11: float,
    k21: float,
    k22: float,
) -> tuple[float, float, float, float]:
    """Oil and winding temperatures after ``step`` [s] at constant load and ambient.

    Exact solution of the IEC 60076-7 model. Typical values, medium power transformer ONAN: R 6,
    oil rise 52 K, winding (hot-spot to top-oil) rise 26 K, x 0.8, y 1.3, time constants 210 and
    10 min, k11 0.5, k21 2.0, k22 2.0; distribution ONAN: k 1.0, 1.0, 2.0, y 1.6, 180 and 4 min.

    Args:
        top_oil: [degC].
        winding_rise_fast, winding_rise_slow: the two parts of the hot-spot rise over oil [K].
        load: load fraction K [-].
        ambient: [degC].

    Returns:
        top oil [degC], fast part [K], slow part [K], hot spot [degC].
    """
    current = abs(load)
    oil_end = ambient + top_oil_rise(current, loss_ratio, rated_oil_rise, oil_exponent)
    rise = rated_winding_rise * current**winding_exponent
    new_oil = oil_end + (top_oil - oil_end) * math.exp(-step / (k11 * oil_time_constant))
    fast_end = k21 * rise
    slow_end = (k21 - 1.0) * rise
    fast = fast_end + (winding_rise_fast - fast_end) * math.exp(
        -step / (k22 * winding_time_constant)
    )
    slow = slow_end + (winding_rise_slow - slow_end) * math.exp(-step * k22 / oil_time_constant)
    return new_oil, fast, slow, new_oil + fast - slow


@law
def ageing_rate(hot_spot: float, thermally_upgraded: bool) -> float:
    """Insulation ageing relative to rated [-] at a hot spot in degC.

    ``2^((T - 98) / 6)`` for plain paper, ``exp(15000 / 383 - 15000 / (T + 273))`` for thermally
    upgraded paper, whose rate is 1 at 110 degC.
    """
    if thermally_upgraded:
        return math.exp(15000.0 / 383.0 - 15000.0 / (hot_spot + 273.0))
    return float(2.0 ** ((hot_spot - 98.0) / 6.0))
