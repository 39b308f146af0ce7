"""York correlation against the Modelica Buildings library's stored results."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from physics.cooling_tower_york import york_approach

SOURCE = "Modelica Buildings (LBNL), CoolingTowers.Correlations.Examples.YorkCalc"
WET_BULB, RANGE = 25.55, 5.56
# Stored by Dymola in single precision.
SINGLE = 1e-6
BY_WATER = {
    0.25: 0.21022135019302368164,
    0.50: 1.42218983173370361328,
    0.75: 2.63362097740173339844,
    1.00: 3.84451508522033691406,
    1.25: 5.05487155914306640625,
}
BY_AIR = {
    0.25: 18.33333587646484375,
    0.50: 8.68271827697753906250,
    0.75: 5.45820474624633789062,
    1.00: 3.84451508522033691406,
    1.25: 2.87584280967712402344,
}


@pytest.mark.parametrize(("ratio", "theirs"), BY_WATER.items())
def test_approach_by_water_flow(accuracy: Callable[..., None], ratio: float, theirs: float) -> None:
    ours = york_approach(RANGE, WET_BULB, ratio, 1.0)
    accuracy(f"York approach, water ratio {ratio}", ours, theirs, SINGLE, "K", SOURCE)


@pytest.mark.parametrize(("ratio", "theirs"), BY_AIR.items())
def test_approach_by_air_flow(accuracy: Callable[..., None], ratio: float, theirs: float) -> None:
    ours = york_approach(RANGE, WET_BULB, 1.0, ratio)
    accuracy(f"York approach, air ratio {ratio}", ours, theirs, 1e-5, "K", SOURCE)
