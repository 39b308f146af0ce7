"""Crossflow effectiveness against the differential equations solved on a grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ive

from physics.crossflow import effectiveness_crossflow


def on_a_grid(ntu: float, ratio: float, cells: int) -> float:
    """Second-order box scheme for dT_h/dx = -NTU (T_h - T_c), dT_c/dy = C NTU (T_h - T_c)."""
    h = 1.0 / cells
    a, b = 0.5 * ntu * h, 0.5 * ratio * ntu * h
    cold = np.zeros(cells)  # entering along y = 0, advancing in y
    leaving = 0.0
    for _ in range(cells):
        hot = 1.0
        for i in range(cells):
            # (h1 - h0) = -a (h0 + h1 - c0 - c1), (c1 - c0) = b (h0 + h1 - c0 - c1)
            c0 = cold[i]
            h1 = ((1.0 + b - a) * hot + 2.0 * a * c0) / (1.0 + a + b)
            c1 = c0 + b / a * (hot - h1) if a > 0.0 else c0
            cold[i], hot = c1, h1
        leaving += hot * h
    return 1.0 - leaving


@pytest.mark.parametrize(("ntu", "ratio"), [(0.5, 0.3), (1.5, 0.75), (3.0, 1.0), (5.0, 0.5)])
def test_against_the_differential_equations(
    accuracy: Callable[..., None], ntu: float, ratio: float
) -> None:
    coarse, fine = (on_a_grid(ntu, ratio, n) for n in (100, 200))
    # Richardson; the remaining error is of fourth order.
    accuracy(
        f"crossflow effectiveness, NTU {ntu}, C {ratio}",
        effectiveness_crossflow(ntu, ratio),
        fine + (fine - coarse) / 3.0,
        1e-6,
        "-",
        "differential equations, box scheme on 200 x 200 cells with extrapolation",
    )


@pytest.mark.parametrize(("ntu", "ratio"), [(0.01, 0.5), (2.0, 0.01), (20.0, 0.9), (80.0, 1.0)])
def test_against_the_bessel_integral(
    accuracy: Callable[..., None], ntu: float, ratio: float
) -> None:
    def integrand(v: float) -> float:
        x = v * v / (4.0 * ratio * ntu)
        return (1.0 + ntu - x) * np.exp(v - x - ratio * ntu) * v * ive(0, v)

    top = 2.0 * ntu * np.sqrt(ratio)
    value = quad(integrand, 0.0, top, epsabs=1e-14, epsrel=1e-13, limit=500)[0]
    theirs = 1.0 / ratio - value / (2.0 * (ratio * ntu) ** 2)
    accuracy(
        f"crossflow effectiveness, NTU {ntu}, C {ratio}",
        effectiveness_crossflow(ntu, ratio),
        theirs,
        # The quotient by (C NTU)^2 magnifies the quadrature's rounding.
        1e-10,
        "-",
        "Triboix (2009), scipy quadrature",
    )
