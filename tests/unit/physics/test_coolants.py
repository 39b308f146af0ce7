"""Coolant tables: interpolation, guards, fractions, and clear refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.coolants import (
    ETHYLENE_GLYCOL,
    PROPYLENE_GLYCOL,
    boiling_margin,
    coolant,
    coolant_conductivity,
    coolant_density,
    coolant_prandtl,
    coolant_properties,
    coolant_specific_heat,
    coolant_viscosity,
    dry_air_density,
    dry_air_specific_heat,
    freezing_margin,
    glycol_coolant,
    glycol_mass_fraction,
)

NAMES = ["water", "PG25", "EG40", "MPG30"]


@pytest.mark.parametrize("name", NAMES)
@given(t=st.floats(-200.0, 400.0))
def test_properties_are_physical_at_any_temperature(name: str, t: float) -> None:
    density, specific_heat, viscosity, conductivity = coolant_properties(coolant(name).table, t)
    assert 850.0 < density < 1120.0
    assert 3000.0 < specific_heat < 4500.0
    assert 1e-4 < viscosity < 0.1
    assert 0.3 < conductivity < 0.7


@pytest.mark.parametrize("name", NAMES)
def test_table_points_are_met_and_ends_are_held(name: str) -> None:
    table = coolant(name).table
    for row in table[:: max(len(table) // 7, 1)]:
        assert coolant_properties(table, row[0]) == pytest.approx(tuple(row[1:]), rel=1e-12)
    assert coolant_properties(table, -300.0) == pytest.approx(tuple(table[0, 1:]), rel=1e-12)
    assert coolant_properties(table, 900.0) == pytest.approx(tuple(table[-1, 1:]), rel=1e-12)


@given(t=st.floats(5.0, 95.0))
def test_single_properties_agree_with_all_at_once(t: float) -> None:
    table = coolant("PG25").table
    density, specific_heat, viscosity, conductivity = coolant_properties(table, t)
    assert coolant_density(table, t) == density
    assert coolant_specific_heat(table, t) == specific_heat
    assert coolant_viscosity(table, t) == viscosity
    assert coolant_conductivity(table, t) == conductivity
    assert coolant_prandtl(table, t) == pytest.approx(specific_heat * viscosity / conductivity)


@given(a=st.floats(0.0, 100.0), b=st.floats(0.0, 100.0))
def test_warmer_coolant_is_thinner_and_lighter(a: float, b: float) -> None:
    table = coolant("PG25").table
    cold, warm = min(a, b), max(a, b)
    assert coolant_viscosity(table, warm) <= coolant_viscosity(table, cold) * (1.0 + 1e-12)
    assert coolant_density(table, warm) <= coolant_density(table, cold) * (1.0 + 1e-12)


def test_glycol_lowers_freezing_and_raises_boiling() -> None:
    water, weak, strong = coolant("water"), coolant("PG25"), coolant("PG50")
    assert water.freezing_point > weak.freezing_point > strong.freezing_point
    assert water.boiling_point < weak.boiling_point < strong.boiling_point
    assert water.boiling_point_at(101_325.0) == pytest.approx(99.97, abs=0.02)
    assert freezing_margin(-5.0, weak.freezing_point) > 0.0 > freezing_margin(-20.0, -10.0)
    assert boiling_margin(95.0, 101_325.0, 1.0) == pytest.approx(4.97, abs=0.02)
    assert boiling_margin(95.0, 60_000.0, 1.0) < 0.0


def test_volume_and_mass_fractions_differ() -> None:
    assert glycol_mass_fraction(0.25, PROPYLENE_GLYCOL) == pytest.approx(0.2570, abs=5e-4)
    assert glycol_mass_fraction(0.25, ETHYLENE_GLYCOL) == pytest.approx(0.2710, abs=5e-4)
    assert coolant("PG25").glycol_mass_fraction > 0.25
    assert coolant("MPG25").glycol_mass_fraction == 0.25
    by_volume = glycol_coolant(PROPYLENE_GLYCOL, 0.25, basis="volume")
    assert np.array_equal(by_volume.table, coolant("PG25").table)


def test_pressure_widens_the_liquid_range() -> None:
    assert coolant("water", 1.0e6).table[-1, 0] > coolant("water", 1.1e5).table[-1, 0]


def test_tables_are_shared_and_read_only() -> None:
    assert coolant("PG25") is coolant("PG25")
    with pytest.raises(ValueError, match="read-only"):
        coolant("PG25").table[0, 0] = 0.0


@pytest.mark.parametrize("name", ["", "oil", "PG", "PG--1", "PG120", "EG80", "PG25 junk"])
def test_unknown_coolants_are_refused(name: str) -> None:
    with pytest.raises(ValueError):
        coolant(name)


@pytest.mark.parametrize("kwargs", [{"pressure": 0.0}, {"pressure": math.nan}, {"step": 0.0}])
def test_impossible_conditions_are_refused(kwargs: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        coolant("water", **kwargs)
    with pytest.raises(ValueError):
        coolant("water").boiling_point_at(-1.0)


def test_air_thins_with_height_and_heat() -> None:
    assert dry_air_density(20.0, 101_325.0) == pytest.approx(1.2042, abs=1e-3)
    assert dry_air_density(20.0, 84_556.0) < dry_air_density(20.0, 101_325.0)
    assert dry_air_specific_heat(20.0) == pytest.approx(1006.1, abs=0.3)
