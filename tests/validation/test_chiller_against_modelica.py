"""Electric chiller against the stored results of Modelica Buildings' ElectricEIR example."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from physics.chiller import chiller_capacity, electric_eir_chiller

SOURCE = "Modelica Buildings (LBNL), Chillers.Examples.ElectricEIR"
CAPACITY = np.array([0.252113, 0.01324053, -0.008637329, 0.08581056, -0.004261176, 0.008661899])
EIR = np.array([0.4475238, -0.0258821, -0.001459053, 0.04342595, -0.001000651, 0.001920106])
PART_LOAD = np.array([0.2778889, 0.2338363, 0.4883748])
REFERENCE = (471_200.0, 5.89)  # record ElectricEIRChiller_McQuay_WSC_471kW_5_89COP_Vanes
# Evaporator leaving and condenser entering temperature [K], part-load ratio: COP.
ROWS = [
    (283.14999389648437500, 293.14999389648437500, 0.36327752470970153809, 5.59465217590332031),
    (283.14999389648437500, 293.14999389648437500, 0.45046406984329223633, 6.14577007293701172),
    (283.14999389648437500, 293.14999389648437500, 0.62483721971511840820, 6.68927860260009766),
    (283.14999389648437500, 295.54998779296875000, 0.73810070753097534180, 6.43011617660522461),
    (283.15008544921875000, 300.35000610351562500, 0.86840707063674926758, 5.98733997344970703),
    (285.00332641601562500, 303.14999389648437500, 0.73164826631546020508, 5.94299173355102539),
    (288.84335327148437500, 303.14999389648437500, 0.33884772658348083496, 4.88789272308349609),
]


@pytest.mark.parametrize("row", ROWS)
def test_coefficient_of_performance(
    accuracy: Callable[..., None], row: tuple[float, float, float, float]
) -> None:
    leaving, entering, ratio = row[0] - 273.15, row[1] - 273.15, row[2]
    load = ratio * chiller_capacity(leaving, entering, REFERENCE[0], CAPACITY)
    cooling, power, *_ = electric_eir_chiller(
        load, leaving, entering, *REFERENCE, CAPACITY, EIR, PART_LOAD
    )
    accuracy(
        f"COP, {leaving:.2f} degC leaving, {entering:.2f} degC condenser, load {ratio:.3f}",
        cooling / power,
        row[3],
        # Stored in single precision; the reference smooths its limits over 1e-6 of the load.
        1e-6,
        "-",
        SOURCE,
        relative=True,
    )


def test_rating_point(accuracy: Callable[..., None]) -> None:
    """At nominal temperatures and full load the curves return the rating."""
    full = electric_eir_chiller(1e9, 8.89, 26.67, *REFERENCE, CAPACITY, EIR, PART_LOAD)
    source = "McQuay WSC, 471.2 kW, COP 5.89 (EnergyPlus data set)"
    # The curves are fits: EnergyPlus accepts them when they return 1 within 10 %.
    capacity, cop = REFERENCE
    accuracy("capacity at the rating point", full[0], capacity, 0.1, "W", source, relative=True)
    accuracy("COP at the rating point", full[0] / full[1], cop, 0.1, "-", source, relative=True)
