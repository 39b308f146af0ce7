"""Closed forms and reference responses of rigid bodies: rocking, sliding, swinging.

They are the measure by which a rigid-body engine is judged, and answer simple questions by
themselves. A block is a homogeneous box of width 2b and height 2h on a rigid floor.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel, law

GRAVITY = 9.80665  # m/s2, standard gravity

Floats = NDArray[np.float64]


@law
def rocking_onset(half_width: float, half_height: float) -> float:
    """Horizontal ground acceleration [m/s2] at which a free-standing block begins to rock.

    g b/h: the overturning moment of the inertia force about the toe equals that of the weight.
    Holds where friction is larger than b/h, else the block slides first.

    Source: Housner (1963), "The behavior of inverted pendulum structures during earthquakes",
    Bull. Seism. Soc. Am. 53(2).
    """
    return GRAVITY * half_width / half_height


@law
def rocking_frequency(half_width: float, half_height: float) -> float:
    """Frequency parameter p [rad/s] of a rocking homogeneous block, sqrt(3 g / (4 R)).

    R is half the diagonal [m]. Not a natural frequency: the period depends on amplitude.
    Source: Housner (1963).
    """
    return math.sqrt(3.0 * GRAVITY / (4.0 * math.hypot(half_width, half_height)))


@law
def impact_ratio(half_width: float, half_height: float) -> float:
    """Angular velocity after an impact over that before it, of a homogeneous block that rocks on.

    1 - (3/2) sin^2(alpha), from the conservation of angular momentum about the new toe, with
    tan(alpha) = b/h. Source: Housner (1963).
    """
    radius = math.hypot(half_width, half_height)
    sine = half_width / radius
    return 1.0 - 1.5 * sine * sine


@law
def free_rocking_quarter_period(half_width: float, half_height: float, angle: float) -> float:
    """Time [s] in which a slender block released at ``angle`` [rad] falls back to rest position.

    (1/p) arccosh(1 / (1 - angle/alpha)), for 0 <= angle < alpha; infinite at alpha and beyond.
    Linearised for slender blocks. Source: Housner (1963).
    """
    alpha = math.atan2(half_width, half_height)
    if angle >= alpha:
        return math.inf
    return math.acosh(1.0 / (1.0 - angle / alpha)) / rocking_frequency(half_width, half_height)


@law
def rocking_acceleration(
    angle: float, ground: float, half_width: float, half_height: float
) -> float:
    """Angular acceleration [rad/s2] of a rocking block at ``angle`` [rad], positive to +x.

    theta'' = -p^2 (sin(alpha s - theta) + (a/g) cos(alpha s - theta)), s the sign of the angle and
    a the ground's acceleration [m/s2]. Source: Makris and Konstantinidis (2003), "The rocking
    spectrum and the limitations of practical design methodologies", Earthq. Eng. Struct. Dyn. 32.
    """
    alpha = math.atan2(half_width, half_height)
    side = 1.0 if angle >= 0.0 else -1.0
    rest = alpha * side - angle
    p = rocking_frequency(half_width, half_height)
    return -p * p * (math.sin(rest) + ground / GRAVITY * math.cos(rest))


@kernel()
def rocking_response(
    ground: Floats, step: float, half_width: float, half_height: float, restitution: float
) -> Floats:
    """Angle [rad] of a free-standing block at each time of a ground motion, shape of ``ground``.

    ground : acceleration [m/s2] at times ``step`` [s] apart, linear between them
    restitution : angular velocity kept at an impact, 0..1; :func:`impact_ratio` for a hard floor

    Rest until the onset is exceeded; Runge-Kutta of fourth order with 10 substeps; an impact is
    where the angle changes sign. An overturned block stays at +-pi/2.
    """
    onset = rocking_onset(half_width, half_height)
    substeps = 10
    dt = step / substeps
    result = np.zeros(len(ground))
    angle, speed = 0.0, 0.0
    rocking = False
    for n in range(len(ground) - 1):
        for k in range(substeps):
            a0 = ground[n] + (ground[n + 1] - ground[n]) * k / substeps
            a1 = ground[n] + (ground[n + 1] - ground[n]) * (k + 0.5) / substeps
            a2 = ground[n] + (ground[n + 1] - ground[n]) * (k + 1.0) / substeps
            if abs(angle) >= 0.5 * math.pi:
                speed = 0.0
                continue
            if not rocking:
                if abs(a0) <= onset:
                    continue
                rocking = True
                # inertia pushes the block against the ground's acceleration
                angle = 1e-12 if a0 < 0.0 else -1e-12
                speed = 0.0
            k1 = rocking_acceleration(angle, a0, half_width, half_height)
            k2 = rocking_acceleration(angle + 0.5 * dt * speed, a1, half_width, half_height)
            k3 = rocking_acceleration(
                angle + 0.5 * dt * speed + 0.25 * dt * dt * k1, a1, half_width, half_height
            )
            k4 = rocking_acceleration(
                angle + dt * speed + 0.5 * dt * dt * k2, a2, half_width, half_height
            )
            new_angle = angle + dt * speed + dt * dt * (k1 + k2 + k3) / 6.0
            new_speed = speed + dt * (k1 + 2.0 * k2 + 2.0 * k3 + k4) / 6.0
            if new_angle * angle < 0.0:
                new_speed *= restitution
                if abs(new_speed) < 1e-5 and abs(a2) <= onset:
                    new_angle, new_speed, rocking = 0.0, 0.0, False
            angle, speed = new_angle, new_speed
        result[n + 1] = max(-0.5 * math.pi, min(0.5 * math.pi, angle))
    return result


@law
def sliding_under_pulse(acceleration: float, duration: float, friction: float) -> float:
    """Slip [m] of a rigid block on a floor under a rectangular pulse of ground acceleration.

    V^2/(2 mu g) (1 - mu g / A) with V = A t: Newmark's sliding block with one threshold mu g. Zero
    where A is not above it.

    acceleration A [m/s2]; duration t [s]; friction mu
    Source: Newmark (1965), "Effects of earthquakes on dams and embankments", Geotechnique 15(2).
    """
    threshold = friction * GRAVITY
    if acceleration <= threshold:
        return 0.0
    speed = acceleration * duration
    return speed * speed / (2.0 * threshold) * (1.0 - threshold / acceleration)


@kernel()
def sliding_response(ground: Floats, step: float, friction: float) -> Floats:
    """Displacement of a block relative to its floor [m] under a ground motion, two-way.

    ground : acceleration [m/s2] at times ``step`` [s] apart, linear between; friction: Coulomb's

    Semi-implicit with 10 substeps, stopping where the relative velocity changes sign.
    """
    threshold = friction * GRAVITY
    substeps = 10
    dt = step / substeps
    result = np.zeros(len(ground))
    place, speed = 0.0, 0.0
    for n in range(len(ground) - 1):
        for k in range(substeps):
            a = ground[n] + (ground[n + 1] - ground[n]) * (k + 0.5) / substeps
            if speed == 0.0:
                if abs(a) <= threshold:
                    continue
                drive = -a + math.copysign(threshold, a)
                new_speed = drive * dt
            else:
                drive = -a - math.copysign(threshold, speed)
                new_speed = speed + drive * dt
                if new_speed * speed < 0.0:
                    new_speed = 0.0
            place += 0.5 * (speed + new_speed) * dt
            speed = new_speed
        result[n + 1] = place
    return result


@law
def pendulum_period(length: float, amplitude: float) -> float:
    """Period [s] of a mathematical pendulum of ``length`` [m] swinging to ``amplitude`` [rad].

    2 pi sqrt(l/g) / agm(1, cos(amplitude/2)): exact, by the arithmetic-geometric mean. For a body,
    length is inertia about the pivot over mass times distance of its centre.
    Source: any text on elliptic integrals; Gauss.
    """
    a, b = 1.0, math.cos(0.5 * amplitude)
    for _ in range(40):
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return 2.0 * math.pi * math.sqrt(length / GRAVITY) / a
