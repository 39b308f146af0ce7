"""Electric chillers after DOE-2: capacity and power by temperature and part-load curves.

    capacity = Q_ref CAPFT(x, y),   P = capacity / COP_ref EIRFT(x, y) EIRFPLR(PLR)

with x the leaving chilled-water and y the entering condenser temperature [degC] (water or outdoor
air), biquadratic curves a + b x + c x^2 + d y + e y^2 + f x y and a quadratic or cubic in the
part-load ratio. Below the minimum unloading ratio the compressor keeps the power of that ratio and
hot gas is bypassed (false load); below the minimum part-load ratio it cycles. Everything drawn from
the chilled water and the compressor's heat leaves by the condenser.

Source: DOE-2.1E; EnergyPlus Engineering Reference, Electric Chiller Model Based on Condenser
Entering Temperature; Hydeman and Gillespie, ASHRAE Trans. 108-1 (2002).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from physics.jit import law


@law
def biquadratic(coefficients: NDArray[np.float64], x: float, y: float) -> float:
    """a + b x + c x^2 + d y + e y^2 + f x y; coefficients shape [6] in this order."""
    return float(
        coefficients[0]
        + x * (coefficients[1] + coefficients[2] * x)
        + y * (coefficients[3] + coefficients[4] * y)
        + coefficients[5] * x * y
    )


@law
def polynomial(coefficients: NDArray[np.float64], x: float) -> float:
    """Sum of c_i x^i; coefficients shape [n] of any length, lowest power first."""
    value = 0.0
    for index in range(coefficients.shape[0] - 1, -1, -1):
        value = value * x + coefficients[index]
    return float(value)


@law
def electric_eir_chiller(
    load: float,
    chilled_leaving_temperature: float,
    condenser_entering_temperature: float,
    reference_capacity: float,
    reference_cop: float,
    capacity_curve: NDArray[np.float64],
    eir_curve: NDArray[np.float64],
    part_load_curve: NDArray[np.float64],
    part_load_min: float = 0.1,
    unloading_min: float = 0.1,
    part_load_max: float = 1.0,
    motor_heat_share: float = 1.0,
) -> tuple[float, float, float, float, float, float]:
    """Cooling [W], electric power [W], condenser heat [W], part-load ratio, cycling ratio [-] and
    false load [W] of a running chiller.

    load: cooling asked for [W]; temperatures [degC]; reference_capacity [W]; reference_cop [-];
    curves: shapes [6], [6] and [n]; part_load_min: below it the compressor cycles; unloading_min:
    below it hot gas is bypassed; part_load_max: largest ratio; motor_heat_share: share of the
    motor's power that enters the refrigerant (1 hermetic, about the motor efficiency if open).

    Cooling never exceeds the capacity at these temperatures, and no load takes no power. Condenser
    heat is cooling plus motor_heat_share times power: the false load circulates inside.
    """
    capacity = reference_capacity * max(
        biquadratic(capacity_curve, chilled_leaving_temperature, condenser_entering_temperature),
        0.0,
    )
    if load <= 0.0 or capacity <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    ratio = min(load / capacity, part_load_max)
    cooling = ratio * capacity
    cycling = min(ratio / part_load_min, 1.0) if part_load_min > 0.0 else 1.0
    compressor_ratio = max(ratio, unloading_min)
    power = (
        capacity
        / reference_cop
        * max(
            biquadratic(eir_curve, chilled_leaving_temperature, condenser_entering_temperature),
            0.0,
        )
        * max(polynomial(part_load_curve, compressor_ratio), 0.0)
        * cycling
    )
    false_load = max(capacity * compressor_ratio * cycling - cooling, 0.0)
    return cooling, power, cooling + motor_heat_share * power, ratio, cycling, false_load


@law
def chiller_capacity(
    chilled_leaving_temperature: float,
    condenser_entering_temperature: float,
    reference_capacity: float,
    capacity_curve: NDArray[np.float64],
) -> float:
    """Cooling capacity at these temperatures [W], never negative."""
    factor = biquadratic(
        capacity_curve, chilled_leaving_temperature, condenser_entering_temperature
    )
    return reference_capacity * max(factor, 0.0)


@law
def chilled_water(
    set_point: float,
    entering_temperature: float,
    capacity_rate: float,
    condenser_entering_temperature: float,
    reference_capacity: float,
    reference_cop: float,
    capacity_curve: NDArray[np.float64],
    eir_curve: NDArray[np.float64],
    part_load_curve: NDArray[np.float64],
    part_load_min: float = 0.1,
    unloading_min: float = 0.1,
    part_load_max: float = 1.0,
    motor_heat_share: float = 1.0,
) -> tuple[float, float, float, float, float]:
    """Leaving chilled-water temperature [degC], cooling, power, condenser heat [W] and part load
    [-] of a chiller that holds a set point as far as its capacity allows.

    capacity_rate: m cp of the chilled water [W/K]. The curves take the temperature that really
    leaves: where the set point is out of reach the leaving temperature is found with the capacity
    there (Illinois, 1e-10 K). A curve that falls towards warmer water is then beyond the range it
    was fitted to; what it gives at the set point holds instead. Without flow, or below the set
    point, nothing is cooled.
    """
    load = capacity_rate * (entering_temperature - set_point)
    if load <= 0.0:
        return entering_temperature, 0.0, 0.0, 0.0, 0.0
    leaving, rated_at = set_point, set_point
    limit = part_load_max * chiller_capacity(
        set_point, condenser_entering_temperature, reference_capacity, capacity_curve
    )
    if load > limit:
        # Capacity rises with the leaving temperature, so that water is cooled by what there is at
        # the set point at least; find where capacity meets the water's cooling.
        low, high = set_point, entering_temperature - limit / capacity_rate
        error_low = load - limit
        error_high = limit - part_load_max * chiller_capacity(
            high, condenser_entering_temperature, reference_capacity, capacity_curve
        )
        side = 0
        leaving = high
        for _ in range(100):
            if error_high >= 0.0:
                break
            leaving = high - error_high * (high - low) / (error_high - error_low)
            if not low < leaving < high:
                leaving = 0.5 * (low + high)
            error = capacity_rate * (entering_temperature - leaving) - (
                part_load_max
                * chiller_capacity(
                    leaving, condenser_entering_temperature, reference_capacity, capacity_curve
                )
            )
            if error > 0.0:
                low, error_low = leaving, error
                if side == 1:
                    error_high *= 0.5
                side = 1
            else:
                high, error_high = leaving, error
                if side == -1:
                    error_low *= 0.5
                side = -1
            if abs(error) <= 1e-11 * capacity_rate or high - low < 1e-12:
                break
        load = capacity_rate * (entering_temperature - leaving)
        if error_high <= 0.0:
            rated_at = leaving
    cooling, power, condenser, ratio, _, _ = electric_eir_chiller(
        load,
        rated_at,
        condenser_entering_temperature,
        reference_capacity,
        reference_cop,
        capacity_curve,
        eir_curve,
        part_load_curve,
        part_load_min,
        unloading_min,
        part_load_max,
        motor_heat_share,
    )
    return entering_temperature - cooling / capacity_rate, cooling, power, condenser, ratio


@law
def clamp_to_curve(value: float, low: float, high: float) -> float:
    """A temperature held to the range its curve was fitted on."""
    return min(max(value, low), high)


@dataclass(frozen=True, eq=False)
class ElectricChiller:
    """A chiller's rating and curves, with the range the curves were fitted on.

    reference_capacity [W]; reference_cop [-]; curves as in :func:`electric_eir_chiller`;
    chilled_range and condenser_range [degC]; air_cooled: the condenser temperature is that of the
    outdoor air, and condenser_fan_power [W] is drawn at full fan speed.
    """

    reference_capacity: float
    reference_cop: float
    capacity_curve: NDArray[np.float64]
    eir_curve: NDArray[np.float64]
    part_load_curve: NDArray[np.float64]
    chilled_range: tuple[float, float]
    condenser_range: tuple[float, float]
    part_load_min: float = 0.1
    unloading_min: float = 0.1
    part_load_max: float = 1.0
    motor_heat_share: float = 1.0
    air_cooled: bool = False
    condenser_fan_power: float = 0.0
    source: str = field(default="")

    def __post_init__(self) -> None:
        for curve, size in (
            (self.capacity_curve, 6),
            (self.eir_curve, 6),
            (self.part_load_curve, None),
        ):
            if curve.ndim != 1 or (size is not None and curve.size != size) or curve.size == 0:
                raise ValueError(f"a curve has {curve.shape} coefficients, expected {size or 'n'}")
            if not np.all(np.isfinite(curve)):
                raise ValueError("curve coefficients must be finite")
        if not (self.reference_capacity > 0.0 and self.reference_cop > 0.0):
            raise ValueError("reference capacity and COP must be above 0")
        if not 0.0 <= self.part_load_min <= self.unloading_min < self.part_load_max:
            raise ValueError(
                "part-load limits must satisfy 0 <= minimum <= minimum unloading < maximum, got "
                f"{self.part_load_min}, {self.unloading_min} and {self.part_load_max}"
            )
        if not 0.0 < self.motor_heat_share <= 1.0:
            raise ValueError(f"motor heat share must lie in 0 to 1, got {self.motor_heat_share}")

    def within_curves(self, chilled_leaving: float, condenser_entering: float) -> bool:
        """Whether both temperatures [degC] lie where the curves were fitted."""
        return (
            self.chilled_range[0] <= chilled_leaving <= self.chilled_range[1]
            and self.condenser_range[0] <= condenser_entering <= self.condenser_range[1]
        )
