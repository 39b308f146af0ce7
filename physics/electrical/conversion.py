"""Load-dependent losses of power conversion stages: supplies, rectifiers, regulators, UPS.

A stage turns input power into output power and loses some on the way. Data sheets give the loss in
one of four ways, and all four reduce exactly, without fitting or resampling, to one normal form. In
a segment of the load fraction ``x = P_out / P_rated`` the input power is

    P_in / P_rated = (n0 + n1 x + n2 x^2) / (d0 + d1 x)

==================================  =========================================
efficiency table, linear in x       (x) / (e0 + e1 x) between two table points
loss table, linear in x             (l0 + (1 + l1) x) between two table points
quadratic loss a0 + a1 x + a2 x^2   (a0 + (1 + a1) x + a2 x^2) / 1
constant plus proportional          (c / P_rated + x) / eta
==================================  =========================================

so that one compiled law without a case per kind evaluates every stage. The temperature effect
``loss (1 + k (T - T_ref))`` keeps the form. :func:`efficiency_table` and its siblings validate what
people wrote and return a :class:`StageCurve`; :func:`pack` lays many curves into :class:`Stages`,
the struct of arrays that kernels take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel, law

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class StageCurve:
    """Loss of one kind of stage in normal form.

    Attributes:
        rated_power: output power at load fraction 1 [W].
        upper: load fraction at which each segment ends, ascending, the last one infinite [-],
            shape [segments].
        coefficients: n0, n1, n2, d0, d1 of each segment [-], shape [segments, 5].
        loss_temperature_coefficient: relative change of the loss per kelvin [1/K].
        reference_temperature: temperature at which the curve holds [degC].
    """

    rated_power: float
    upper: FloatArray
    coefficients: FloatArray
    loss_temperature_coefficient: float = 0.0
    reference_temperature: float = 25.0


class Stages(NamedTuple):
    """Many stage curves as a struct of arrays, one row per curve; goes into compiled code as is.

    Attributes:
        rated_power: [W], shape [stages].
        first_segment: segments of stage s are ``first_segment[s]:first_segment[s + 1]``,
            shape [stages + 1].
        upper: end of each segment as load fraction [-], shape [segments].
        coefficients: n0, n1, n2, d0, d1 [-], shape [segments, 5].
        loss_temperature_coefficient: [1/K], shape [stages].
        reference_temperature: [degC], shape [stages].
    """

    rated_power: FloatArray
    first_segment: IntArray
    upper: FloatArray
    coefficients: FloatArray
    loss_temperature_coefficient: FloatArray
    reference_temperature: FloatArray


def efficiency_table(
    load: Sequence[float],
    efficiency: Sequence[float],
    rated_power: float,
    *,
    below_first: Literal["loss", "efficiency"] = "loss",
) -> StageCurve:
    """Curve of a stage whose efficiency is given at some load fractions.

    Efficiency is linear in the load fraction between the points and constant above the last one.
    Below the first point the loss of that point is kept (an energised stage draws power at no
    load); with ``below_first="efficiency"`` its efficiency is kept instead, so that nothing is
    drawn at no load. A first point at load 0 settles it by itself.

    Args:
        load: output power over rated output power [-], ascending, shape [points].
        efficiency: output over input power [-], in (0, 1] (0 only at load 0), shape [points].
        rated_power: rated output power [W].

    Raises:
        ValueError: points not ascending, efficiency outside its range, or input power that would
            fall while the load rises between two points.
    """
    x, eta = _points(load, efficiency, "efficiency table")
    _require(rated_power > 0.0, f"rated power must be positive, got {rated_power} W")
    positive = eta > 0.0
    positive[0] = eta[0] > 0.0 or (x[0] == 0.0 and eta[0] == 0.0 and len(x) > 1)
    if not (np.all(positive) and np.all(eta <= 1.0)):
        raise ValueError(f"efficiency must lie in (0, 1], got {eta.tolist()}")
    upper: list[float] = []
    rows: list[tuple[float, float, float, float, float]] = []
    if x[0] > 0.0:
        upper.append(float(x[0]))
        if below_first == "loss":
            rows.append((float(x[0] / eta[0] - x[0]), 1.0, 0.0, 1.0, 0.0))
        else:
            rows.append((0.0, 1.0, 0.0, float(eta[0]), 0.0))
    for i in range(len(x) - 1):
        slope = float((eta[i + 1] - eta[i]) / (x[i + 1] - x[i]))
        intercept = float(eta[i] - slope * x[i])
        upper.append(float(x[i + 1]))
        if x[i] == 0.0 and eta[i] == 0.0:
            rows.append((1.0, 0.0, 0.0, slope, 0.0))  # x / (slope x): the no-load draw
        elif intercept < -1e-12:
            raise ValueError(
                f"efficiency {eta[i]} at load {x[i]} and {eta[i + 1]} at load {x[i + 1]} mean that "
                "input power falls while output power rises"
            )
        else:
            rows.append((0.0, 1.0, 0.0, max(intercept, 0.0), slope))
    upper.append(np.inf)
    rows.append((0.0, 1.0, 0.0, float(eta[-1]), 0.0))
    return StageCurve(float(rated_power), np.array(upper), np.array(rows))


def loss_table(load: Sequence[float], loss: Sequence[float], rated_power: float) -> StageCurve:
    """Curve of a stage whose loss, as a fraction of rated power, is given at some load fractions.

    Loss is linear in the load fraction between the points, constant below the first one, and goes
    on with the last slope (never downwards) above the last one.

    Args:
        load: output power over rated output power [-], ascending, shape [points].
        loss: loss over rated output power [-], not negative, shape [points].
        rated_power: rated output power [W].

    Raises:
        ValueError: points not ascending, negative loss, or input power that would fall while the
            load rises between two points.
    """
    x, fraction = _points(load, loss, "loss table")
    _require(rated_power > 0.0, f"rated power must be positive, got {rated_power} W")
    _require(bool(np.all(fraction >= 0.0)), f"loss must not be negative, got {fraction.tolist()}")
    slope = np.diff(fraction) / np.diff(x)
    _require(bool(np.all(slope > -1.0)), "loss falls faster than the load rises")
    upper = [float(x[0])] if x[0] > 0.0 else []
    rows = [(float(fraction[0]), 1.0, 0.0, 1.0, 0.0)] if x[0] > 0.0 else []
    for i in range(len(x) - 1):
        upper.append(float(x[i + 1]))
        rows.append((float(fraction[i] - slope[i] * x[i]), 1.0 + float(slope[i]), 0.0, 1.0, 0.0))
    last = max(float(slope[-1]), 0.0) if len(x) > 1 else 0.0
    upper.append(np.inf)
    rows.append((float(fraction[-1] - last * x[-1]), 1.0 + last, 0.0, 1.0, 0.0))
    return StageCurve(float(rated_power), np.array(upper), np.array(rows))


def quadratic_loss(a0: float, a1: float, a2: float, rated_power: float) -> StageCurve:
    """Curve of a stage with loss ``P_rated (a0 + a1 x + a2 x^2)``, x the load fraction.

    a0 is the no-load, a1 the proportional and a2 the resistive part [-]; the usual form for UPS.

    Raises:
        ValueError: rating not positive, a0 or a2 negative, or a loss that is negative somewhere.
    """
    _require(rated_power > 0.0, f"rated power must be positive, got {rated_power} W")
    _require(a0 >= 0.0 and a2 >= 0.0, f"a0 and a2 must not be negative, got {a0} and {a2}")
    _require(
        a1 >= 0.0 or (a1 > -1.0 and a1 * a1 <= 4.0 * a0 * a2),
        f"loss {a0} + {a1} x + {a2} x^2 is negative at some load",
    )
    rows = np.array([[a0, 1.0 + a1, a2, 1.0, 0.0]])
    return StageCurve(float(rated_power), np.array([np.inf]), rows)


def constant_plus_proportional(
    loss: float, efficiency: float, rated_power: float = 1.0
) -> StageCurve:
    """Curve of a stage with ``P_in = (P_out + loss) / efficiency``.

    Args:
        loss: constant part, counted at the output [W], not negative.
        efficiency: [-], in (0, 1].
        rated_power: rated output power [W]; the law itself does not depend on it.

    Raises:
        ValueError: an argument outside its range.
    """
    _require(loss >= 0.0, f"constant loss must not be negative, got {loss} W")
    _require(0.0 < efficiency <= 1.0, f"efficiency must lie in (0, 1], got {efficiency}")
    _require(rated_power > 0.0, f"rated power must be positive, got {rated_power} W")
    rows = np.array([[loss / rated_power, 1.0, 0.0, efficiency, 0.0]])
    return StageCurve(float(rated_power), np.array([np.inf]), rows)


def with_temperature(
    curve: StageCurve, loss_temperature_coefficient: float, reference_temperature: float
) -> StageCurve:
    """The curve with its loss multiplied by ``1 + k (T - T_ref)``, k in 1/K, T_ref in degC."""
    return replace(
        curve,
        loss_temperature_coefficient=float(loss_temperature_coefficient),
        reference_temperature=float(reference_temperature),
    )


def pack(curves: Sequence[StageCurve]) -> Stages:
    """Lay curves into the struct of arrays that kernels take; row s is ``curves[s]``."""
    counts = [len(curve.upper) for curve in curves]
    return Stages(
        rated_power=np.array([curve.rated_power for curve in curves], dtype=np.float64),
        first_segment=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        upper=np.concatenate([curve.upper for curve in curves] or [np.empty(0)]),
        coefficients=np.concatenate([c.coefficients for c in curves] or [np.empty((0, 5))]),
        loss_temperature_coefficient=np.array(
            [curve.loss_temperature_coefficient for curve in curves], dtype=np.float64
        ),
        reference_temperature=np.array(
            [curve.reference_temperature for curve in curves], dtype=np.float64
        ),
    )


@law
def stage_input_power(output_power: float, temperature: float, stage: int, stages: Stages) -> float:
    """Power that one stage draws [W] to deliver ``output_power`` [W].

    The loss is an even function of the output, so a stage that feeds back (negative output) loses
    too and input is never below output.

    Args:
        temperature: of the stage [degC]; no effect where its temperature coefficient is 0.
        stage: row of ``stages``.
    """
    rated_power = float(stages.rated_power[stage])
    magnitude = abs(output_power)
    x = magnitude / rated_power
    segment = stages.first_segment[stage]
    while x > stages.upper[segment]:
        segment += 1
    n0 = stages.coefficients[segment, 0]
    n1 = stages.coefficients[segment, 1]
    n2 = stages.coefficients[segment, 2]
    d0 = stages.coefficients[segment, 3]
    d1 = stages.coefficients[segment, 4]
    loss = rated_power * ((n0 + (n1 + n2 * x) * x) / (d0 + d1 * x)) - magnitude
    excess = temperature - stages.reference_temperature[stage]
    factor = max(1.0 + stages.loss_temperature_coefficient[stage] * excess, 0.0)
    return float(output_power + max(loss, 0.0) * factor)


@law
def stage_output_power(input_power: float, temperature: float, stage: int, stages: Stages) -> float:
    """Greatest power one stage can deliver [W] from ``input_power`` [W]; 0 below its own draw.

    The exact inverse of :func:`stage_input_power` for non-negative power: each segment is a
    quadratic in the load fraction, solved in the form that does not cancel.
    """
    rated_power = float(stages.rated_power[stage])
    excess = temperature - stages.reference_temperature[stage]
    factor = max(1.0 + stages.loss_temperature_coefficient[stage] * excess, 0.0)
    y = input_power / rated_power
    last = stages.first_segment[stage + 1] - 1
    segment = stages.first_segment[stage]
    while segment < last:
        end = stages.upper[segment] * rated_power
        if stage_input_power(end, temperature, stage, stages) > input_power:
            break
        segment += 1
    d0 = stages.coefficients[segment, 3]
    d1 = stages.coefficients[segment, 4]
    # (1 - factor) x (d0 + d1 x) + factor (n0 + n1 x + n2 x^2) = y (d0 + d1 x)
    c = factor * stages.coefficients[segment, 0] - y * d0
    b = factor * stages.coefficients[segment, 1] + (1.0 - factor) * d0 - y * d1
    a = factor * stages.coefficients[segment, 2] + (1.0 - factor) * d1
    first = stages.first_segment[stage]
    lower = stages.upper[segment - 1] if segment > first else 0.0
    denominator = b + np.sqrt(max(b * b - 4.0 * a * c, 0.0))
    # A flat segment (draw independent of load) has no inverse: its lower end is the safe answer.
    x = -2.0 * c / denominator if denominator > 0.0 else lower
    return float(rated_power * min(max(x, lower), stages.upper[segment]))


@law
def modules_needed(
    output_power: float, target_power: float, modules_fitted: int, modules_spare: int
) -> int:
    """How many parallel modules to switch on so that each carries at most ``target_power`` [W].

    ``ceil(P / target)`` plus the running spares, at least one and at most those fitted: with the
    target at the peak of the efficiency curve this is the usual module shedding of shelves.
    Returns 0 if none is fitted.
    """
    # A load that is a whole multiple of the target up to rounding needs no further module.
    needed = int(np.ceil(abs(output_power) / target_power * (1.0 - 1e-12))) + modules_spare
    return min(max(needed, 1), modules_fitted)


@law
def group_input_power(
    output_power: float,
    temperature: float,
    stage: int,
    stages: Stages,
    modules_on: int,
) -> float:
    """Power drawn [W] by ``modules_on`` equal modules that share ``output_power`` [W] evenly.

    The stage's rated power is that of one module. With no module on nothing is drawn, and the
    caller must deliver nothing.
    """
    if modules_on <= 0:
        return 0.0
    return modules_on * stage_input_power(output_power / modules_on, temperature, stage, stages)


@kernel()
def convert(
    output_power: FloatArray,
    temperature: FloatArray,
    stage: IntArray,
    modules_on: IntArray,
    stages: Stages,
    input_power: FloatArray,
) -> None:
    """Input power of many groups of modules, written to ``input_power`` [W]; all shape [groups]."""
    for i in range(output_power.shape[0]):
        input_power[i] = group_input_power(
            output_power[i], temperature[i], stage[i], stages, modules_on[i]
        )


@kernel()
def convert_chain(
    output_power: FloatArray,
    temperature: FloatArray,
    chain: IntArray,
    modules_on: IntArray,
    stages: Stages,
    input_power: FloatArray,
    loss: FloatArray,
) -> None:
    """Input power of many loads, each behind the same stages in series.

    Args:
        output_power: load at the end of the chain [W], shape [loads].
        temperature: of each stage [degC], shape [chain].
        chain: rows of ``stages`` from the load towards the supply, shape [chain].
        modules_on: parallel modules of each stage, shape [chain].
        input_power: drawn from the supply [W], written, shape [loads].
        loss: of each stage [W], written, shape [loads, chain].
    """
    for i in range(output_power.shape[0]):
        power = output_power[i]
        for j in range(chain.shape[0]):
            drawn = group_input_power(power, temperature[j], chain[j], stages, modules_on[j])
            loss[i, j] = drawn - power
            power = drawn
        input_power[i] = power


def _points(
    load: Sequence[float], value: Sequence[float], what: str
) -> tuple[FloatArray, FloatArray]:
    x = np.asarray(load, dtype=np.float64)
    y = np.asarray(value, dtype=np.float64)
    _require(x.ndim == 1 and x.shape == y.shape and len(x) > 0, f"{what} needs pairs of numbers")
    _require(bool(np.all(np.isfinite(x)) and np.all(np.isfinite(y))), f"{what} has no finite value")
    _require(bool(x[0] >= 0.0 and np.all(np.diff(x) > 0.0)), f"{what}: loads must ascend from >= 0")
    return x, y


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
