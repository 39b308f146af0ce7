"""Availability of a rack's supply: exact and by drawing failures, and what reserve is worth."""

from __future__ import annotations

import pytest
from small_layout import HALL, changed, plant_of

from twin.plant import load_plant
from twin.power.reliability import (
    rack_availability,
    rack_availability_by_simulation,
    supply_structure,
)

GENERATORS = ("sites.0.generators", {"product": "generic-diesel-generator-3000", "count": 2})


@pytest.mark.parametrize("name", ["pilot", "hall", "server-room"])
def test_both_methods_agree(name: str) -> None:
    plant = load_plant(name)
    exact = rack_availability(plant, 0)
    drawn = rack_availability_by_simulation(plant, 0, years=200.0, runs=40)
    assert 0.0 < drawn.standard_error < 1e-3
    assert abs(drawn.availability - exact.availability) < 4.0 * drawn.standard_error
    span = 200.0 * 40 * 8760.0 * 3600.0
    expected, seen = exact.failure_rate * span, drawn.failure_rate * span
    assert abs(seen - expected) < 4.0 * expected**0.5 + 1.0  # counts of rare, independent events


def test_reserve_is_worth_something() -> None:
    plain = rack_availability(plant_of(changed()), 0).availability
    backed = rack_availability(plant_of(changed(GENERATORS)), 0).availability
    no_spare = rack_availability(plant_of(changed(GENERATORS, (f"{HALL}.ups.count", 1))), 0)
    assert plain == pytest.approx(4380.0 / 4382.0, abs=1e-5)  # the grid's own
    assert backed > 0.99999
    assert no_spare.availability < backed - 1e-5


def test_structure_names_what_the_rack_hangs_on() -> None:
    structure = supply_structure(plant_of(changed(GENERATORS)), 5)
    assert [part.k for part in structure.parts[1:]] == [2, 1, 1]  # type: ignore[union-attr]
