"""Centrifugal pumps: curve, speed, efficiency, electrical power.

Curves are pressure rise [Pa] over mass flow [kg/s] at full speed, for one fluid density; heads and
volume flows from a data sheet convert with :func:`rise_from_head`. Speed is relative to the speed
of the curve. The affinity laws hold exactly: flow goes with s, rise with s^2, power with s^3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from physics.hydraulics.fittings import power_law_drop_and_slope
from physics.jit import law

GRAVITY = 9.80665
"""Standard acceleration of gravity [m/s2]."""


@law
def rise_from_head(head: float, density: float) -> float:
    """Pressure rise [Pa] of a head [m] of fluid: ``rho g h``."""
    return density * GRAVITY * head


@law
def quadratic_rise_and_slope(
    mass_flow: float,
    speed: float,
    shutoff_rise: float,
    linear: float,
    quadratic: float,
    transition_flow: float,
) -> tuple[float, float]:
    """Pressure rise of a quadratic pump curve [Pa] and its derivative with mass flow.

    ``rise = s^2 a0 + s a1 m + a2 m |m|``, a0 > 0 [Pa], a1 [Pa/(kg/s)] and a2 [Pa/(kg/s)^2] not
    positive on a stable curve: the affinity laws applied to ``a0 + a1 m + a2 m^2``. A stopped pump
    (s = 0) is then the resistance ``|a2| m |m|``; against reversed flow the rise grows beyond
    shut-off. Around zero flow, within ``transition_flow`` [kg/s], the quadratic term has a finite
    slope.
    """
    drop, slope = power_law_drop_and_slope(mass_flow, -quadratic, 2.0, transition_flow)
    return speed * (speed * shutoff_rise + linear * mass_flow) - drop, speed * linear - slope


@law
def quadratic_rise(
    mass_flow: float, speed: float, shutoff_rise: float, linear: float, quadratic: float
) -> float:
    """Pressure rise of a quadratic pump curve [Pa]; see :func:`quadratic_rise_and_slope`."""
    return quadratic_rise_and_slope(mass_flow, speed, shutoff_rise, linear, quadratic, 0.0)[0]


@law
def tabulated_rise_and_slope(
    mass_flow: float,
    speed: float,
    flows: NDArray[np.float64],
    rises: NDArray[np.float64],
    slopes: NDArray[np.float64],
) -> tuple[float, float]:
    """Pressure rise of a tabulated pump curve [Pa] and its derivative with mass flow.

    ``rise = s^2 T(m/s)``. Inside the table T is the monotone cubic through the points
    (:func:`table_slopes`); beyond its ends it goes on from the end slope with the curvature
    ``c = T(0)/m_end^2``, so that a stopped pump is the resistance ``c m |m|``.

    Arrays: mass flow, ascending from 0 [kg/s]; rise [Pa]; slope [Pa/(kg/s)]; shape [n_points >= 2].
    """
    n = flows.shape[0]
    curvature = rises[0] / (flows[n - 1] * flows[n - 1])
    if speed <= 1e-9:
        return -curvature * mass_flow * abs(mass_flow), -2.0 * curvature * abs(mass_flow)
    q = mass_flow / speed
    if q <= flows[0]:
        over = q - flows[0]
        value = rises[0] + over * (slopes[0] - curvature * -over)
        slope = slopes[0] - 2.0 * curvature * -over
    elif q >= flows[n - 1]:
        over = q - flows[n - 1]
        value = rises[n - 1] + over * (slopes[n - 1] - curvature * over)
        slope = slopes[n - 1] - 2.0 * curvature * over
    else:
        low = 0
        high = n - 1
        while high - low > 1:
            middle = (low + high) // 2
            if flows[middle] > q:
                high = middle
            else:
                low = middle
        width = flows[high] - flows[low]
        t = (q - flows[low]) / width
        rise = rises[high] - rises[low]
        c1 = slopes[low] * width
        c3 = c1 + slopes[high] * width - 2.0 * rise
        c2 = rise - c1 - c3
        value = rises[low] + t * (c1 + t * (c2 + t * c3))
        slope = (c1 + t * (2.0 * c2 + t * 3.0 * c3)) / width
    return speed * speed * value, speed * slope


def table_slopes(flows: ArrayLike, rises: ArrayLike) -> NDArray[np.float64]:
    """Slopes at the points of a pump table [Pa/(kg/s)] for the monotone cubic through them.

    Weighted harmonic means of the neighbouring secants (Fritsch and Butland 1984), one-sided
    three-point slopes at the ends. Raises ValueError unless flows ascend from zero and rises fall.
    """
    q = np.asarray(flows, dtype=np.float64)
    y = np.asarray(rises, dtype=np.float64)
    if q.ndim != 1 or q.shape != y.shape or q.size < 2:
        raise ValueError("a pump table needs two arrays of equal length, at least 2 points")
    if not (np.all(np.isfinite(q)) and np.all(np.isfinite(y))):
        raise ValueError("a pump table must be finite")
    if q[0] != 0.0 or np.any(np.diff(q) <= 0.0):
        raise ValueError("flows of a pump table must ascend from 0")
    if np.any(np.diff(y) >= 0.0) or y[0] <= 0.0:
        raise ValueError("rises of a pump table must fall with flow, from a positive shut-off")
    h = np.diff(q)
    secant = np.diff(y) / h
    if q.size == 2:
        return np.array([secant[0], secant[0]])
    w1 = 2.0 * h[1:] + h[:-1]
    w2 = h[1:] + 2.0 * h[:-1]
    inner = (w1 + w2) / (w1 / secant[:-1] + w2 / secant[1:])

    def end(h0: float, h1: float, s0: float, s1: float) -> float:
        slope = ((2.0 * h0 + h1) * s0 - h0 * s1) / (h0 + h1)
        return float(max(min(slope, 0.0), 3.0 * s0))  # secants are negative: keep it monotone

    first = end(h[0], h[1], secant[0], secant[1])
    last = end(h[-1], h[-2], secant[-1], secant[-2])
    return np.concatenate(([first], inner, [last]))


@law
def hydraulic_power(mass_flow: float, rise: float, density: float) -> float:
    """Power the pump gives to the fluid [W]: ``m dp / rho``."""
    return mass_flow * rise / density


@law
def pump_efficiency(
    mass_flow: float, speed: float, best_flow: float, best_efficiency: float
) -> float:
    """Hydraulic efficiency [-]: a parabola over flow through zero with its top at best efficiency.

    ``eta = eta_b x (2 - x)``, ``x = m / (s m_b)``; zero outside ``0 <= x <= 2`` and when stopped.
    """
    if speed <= 0.0:
        return 0.0
    x = mass_flow / (speed * best_flow)
    if x <= 0.0 or x >= 2.0:
        return 0.0
    return best_efficiency * x * (2.0 - x)


@law
def shaft_power(
    mass_flow: float,
    rise: float,
    speed: float,
    density: float,
    best_flow: float,
    best_efficiency: float,
) -> float:
    """Power at the pump shaft [W]: hydraulic power over :func:`pump_efficiency`.

    Written without the quotient 0/0: ``P = s m_b dp / (rho eta_b (2 - x))``, which at shut-off is
    the churning power that heats a dead-headed pump. Beyond x = 1.8 (run-out) the efficiency is
    held, because the parabola ends at 2. Zero when stopped, and when the flow drives the pump.
    """
    if speed <= 0.0 or rise <= 0.0:
        return 0.0
    x = max(mass_flow / (speed * best_flow), 0.0)
    power = speed * best_flow * rise / (density * best_efficiency * max(2.0 - x, 0.2))
    return power if x <= 1.8 else power * x / 1.8


@law
def machine_input_power(
    output_power: float, rated_power: float, rated_efficiency: float, fixed_share: float
) -> float:
    """Input power [W] of a motor or drive that delivers ``output_power`` [W].

    Losses are a fixed part and one with the square of the load (current), together
    ``rated_power (1/eta - 1)`` at rated output; ``fixed_share`` is the fixed part's share there.
    """
    load = output_power / rated_power
    loss = rated_power * (1.0 / rated_efficiency - 1.0)
    return output_power + loss * (fixed_share + (1.0 - fixed_share) * load * load)


@law
def pump_electrical_power(
    shaft: float,
    rated_shaft: float,
    motor_efficiency: float,
    drive_efficiency: float,
    fixed_share: float = 0.4,
) -> float:
    """Electrical input [W] of a running pump's drive: shaft power through motor, then converter.

    ``rated_shaft`` is the shaft power at which both efficiencies are quoted. A running pump draws
    the fixed losses even at no load; for a stopped one do not call this (its power is 0).
    """
    motor_input = machine_input_power(shaft, rated_shaft, motor_efficiency, fixed_share)
    rated_input = rated_shaft / motor_efficiency
    return machine_input_power(motor_input, rated_input, drive_efficiency, fixed_share)


@dataclass(frozen=True)
class PumpCurve:
    """Quadratic pump curve at full speed: ``rise = a0 + a1 m + a2 m^2``.

    Fields: shutoff_rise a0 [Pa], linear a1 [Pa/(kg/s)], quadratic a2 [Pa/(kg/s)^2].
    """

    shutoff_rise: float
    linear: float
    quadratic: float

    def __post_init__(self) -> None:
        for name in ("shutoff_rise", "linear", "quadratic"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"pump curve: {name} is {getattr(self, name)}, must be finite")
        if self.shutoff_rise <= 0.0:
            raise ValueError(f"pump curve: shutoff_rise is {self.shutoff_rise} Pa, must be > 0")
        if self.quadratic > 0.0:
            raise ValueError("pump curve: quadratic term must not be positive")
        if self.quadratic == 0.0 and self.linear >= 0.0:
            raise ValueError("pump curve: rise must fall with flow")

    @classmethod
    def from_duty_point(cls, mass_flow: float, rise: float) -> PumpCurve:
        """Curve from one duty point: shut-off at 4/3 of its rise, run-out at twice its flow.

        The customary one-point curve (EPANET 2.2 manual, section 3.1).
        """
        if mass_flow <= 0.0 or rise <= 0.0:
            raise ValueError("a duty point needs positive flow and rise")
        return cls(4.0 / 3.0 * rise, 0.0, -rise / (3.0 * mass_flow * mass_flow))

    @classmethod
    def from_points(cls, mass_flow: ArrayLike, rise: ArrayLike) -> PumpCurve:
        """Least-squares parabola through at least three points of a data sheet.

        Raises ValueError with fewer points or when the fit does not fall with flow.
        """
        q = np.asarray(mass_flow, dtype=np.float64)
        y = np.asarray(rise, dtype=np.float64)
        if q.ndim != 1 or q.shape != y.shape or q.size < 3:
            raise ValueError("a pump curve fit needs two arrays of equal length, at least 3 points")
        a2, a1, a0 = np.polyfit(q, y, 2)
        return cls(float(a0), float(a1), float(a2))

    @classmethod
    def from_head_polynomial(
        cls, head: float, per_flow: float, per_flow_squared: float, density: float
    ) -> PumpCurve:
        """Curve from ``H = h0 + h1 Q + h2 Q^2`` with H [m] and Q [m3/s], for a density [kg/m3]."""
        return cls(
            density * GRAVITY * head, GRAVITY * per_flow, GRAVITY * per_flow_squared / density
        )

    def rise(self, mass_flow: float, speed: float = 1.0) -> float:
        """Pressure rise [Pa] at a mass flow [kg/s] and relative speed."""
        return quadratic_rise(mass_flow, speed, self.shutoff_rise, self.linear, self.quadratic)

    def runout_flow(self) -> float:
        """Mass flow [kg/s] at which the rise reaches zero at full speed."""
        a0, a1, a2 = self.shutoff_rise, self.linear, self.quadratic
        # the root of a0 + a1 m + a2 m^2 written without cancellation; a2 may be 0
        return 2.0 * a0 / (-a1 + math.sqrt(a1 * a1 - 4.0 * a2 * a0))
