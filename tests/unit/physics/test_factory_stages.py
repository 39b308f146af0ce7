"""Stages of the coupled step one by one: banks, coolers, chillers, weights of what is online."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.factory import arrays
from physics.factory.banks import units_online
from physics.factory.chillers import STAGE_UP_LOAD, chillers_needed
from physics.factory.coolers import cooler_bank
from physics.factory.electricity import bank_loss, main_transformer_loss
from physics.factory.power_halls import permit_cdus
from physics.factory.power_sources import GENERATORS, GRID, bus_dark
from physics.factory.site_battery import site_battery
from twin.factory import Factory

# --- arrays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "group", ["GpuState", "RackState", "CduState", "RowState", "HallState", "PlantState",
              "SiteState", "LedgerState"],
)  # fmt: skip
def test_rows_of_a_block_follow_the_fields_of_its_tuple(group: str) -> None:
    short = {"GpuState": "GPU", "LedgerState": "LEDGER"}.get(group, group[:-5].upper())
    rows = getattr(arrays, short)
    assert list(rows) == list(range(len(getattr(arrays, group)._fields)))


def test_constants_split_into_numbers_and_links_without_loss() -> None:
    for constants in (arrays.RackKinds, arrays.CduConstants, arrays.HallConstants):
        numbers = arrays._rows(constants, False)
        links = arrays._rows(constants, True)
        for number, link in zip(numbers, links, strict=True):
            assert (number == -1) != (link == -1)


def test_constants_of_a_plant_cannot_be_written(pilot: Factory) -> None:
    constants = pilot.plant().constants
    with pytest.raises(ValueError, match="read-only"):
        constants.kinds.die_resistance[0] = 0.0


# --- units and transformers -----------------------------------------------------------------------


def test_units_online_counts_a_slice() -> None:
    unit = np.array([[1.0, 0.0, 1.0, 1.0]])
    assert units_online(unit, 0, 4) == 3.0
    assert units_online(unit, 1, 2) == 0.0
    assert units_online(unit, 2, 2) == 0.0


@given(power=st.floats(0.0, 5e6), units=st.integers(1, 4))
def test_bank_loss_shares_the_load_evenly(power: float, units: int) -> None:
    loss, load = bank_loss(power, float(units), 0.98, 2.5e6, 3e3, 20e3)
    alone, alone_load = bank_loss(power / units, 1.0, 0.98, 2.5e6, 3e3, 20e3)
    assert loss == pytest.approx(units * alone)
    assert load == pytest.approx(alone_load)
    assert loss >= units * 3e3


@given(power=st.floats(1e5, 4e6))
def test_more_transformers_share_copper_loss_and_add_iron_loss(power: float) -> None:
    one, _ = bank_loss(power, 1.0, 1.0, 2.5e6, 3e3, 20e3)
    two, _ = bank_loss(power, 2.0, 1.0, 2.5e6, 3e3, 20e3)
    assert two - 6e3 == pytest.approx((one - 3e3) / 2.0)


def test_no_transformer_no_loss() -> None:
    assert bank_loss(1e6, 0.0, 0.98, 2.5e6, 3e3, 20e3) == (0.0, 0.0)


def site_of(**values: float) -> np.ndarray:  # type: ignore[type-arg]
    """State of one site, zero but for some values."""
    state = np.zeros((len(arrays.SiteState._fields), 1))
    for name, value in values.items():
        state[getattr(arrays.SITE, name), 0] = value
    return state


@pytest.mark.parametrize(
    ("voltage", "sag", "dark"),
    [(1.0, 0.0, False), (0.0, 1.0, True), (0.0, 0.3, False), (0.7, 5.0, False), (0.4, 5.0, True)],
)
def test_a_dead_grid_delivers_nothing_whether_a_house_hangs_on_it_or_not(
    pilot: Factory, voltage: float, sag: float, dark: bool
) -> None:
    constants = arrays.blocks_of(pilot.plant().constants)
    sites, links = constants.sites.copy(), constants.site_links.copy()
    links[arrays.SITE_LINK.first_transformer] = [0, 1]
    for name, value in (
        ("house_power", 0.0), ("transformer_rating", 2.5e6), ("transformer_no_load_loss", 3e3),
        ("battery_power", 1e6), ("battery_energy", 1e9), ("battery_efficiency", 0.95),
    ):  # fmt: skip
        sites[getattr(arrays.SITE_DATA, name), 0] = value
    site = site_of(
        source=GRID, voltage=voltage, bus_sag=sag, shaving_threshold=np.inf, power_cap=np.inf
    )
    assert bus_dark(voltage, sag, 1.0) == dark
    loss = main_transformer_loss(0, 0.0, sites, links, np.ones((1, 1)), site, 1.0)
    assert (loss == 0.0) == dark
    battery = np.zeros((len(arrays.BatteryState._fields), 1))
    battery[arrays.ONLINE] = 1.0
    journal = np.zeros((8, len(arrays.JournalState._fields)))
    given_power = site_battery(0, 0, 1, 0.0, 0.0, sites, site, battery, journal, 0.0, 1.0)
    assert (given_power == 0.0) == dark  # an empty one charges from a grid that lives


@pytest.mark.parametrize(("left", "fed"), [(60e3, 1.0), (40e3, 0.0)])
def test_cdu_pumps_beside_the_ups_are_carried_by_a_source_that_can(
    pilot: Factory, left: float, fed: float
) -> None:
    links = arrays.blocks_of(pilot.plant().constants).hall_links
    hall = np.zeros((len(arrays.HallState._fields), 1))
    hall[arrays.HALL.cdus_fed] = 1.0
    cdu = np.zeros((len(arrays.CduState._fields), 2))
    cdu[arrays.CDU.pump_power] = 25e3
    site = site_of(source=GENERATORS, capacity_left=left)
    permit_cdus(0, 0, 10.0, links, hall, cdu, site)
    assert hall[arrays.HALL.cdus_fed, 0] == fed
    assert site[arrays.SITE.capacity_left, 0] == left - fed * 50e3
    permit_cdus(0, 0, -1.0, links, hall, cdu, site)
    assert hall[arrays.HALL.cdus_fed, 0] == 0.0


# --- coolers and chillers -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plants(pilot: Factory) -> np.ndarray:  # type: ignore[type-arg]
    """Constants of the pilot's plants as a block: row 0 is the warm one, with dry coolers."""
    return arrays.blocks_of(pilot.plant().constants).plants


WEATHER = (30.0, 24.0, 101_325.0)


@given(speed=st.floats(0.0, 1.0), faster=st.floats(0.0, 0.5), inlet=st.floats(32.0, 60.0))
def test_faster_fans_never_reject_less(
    plants: np.ndarray,  # type: ignore[type-arg]
    speed: float,
    faster: float,
    inlet: float,
) -> None:
    slow, _ = cooler_bank(0, plants, 3.0, speed, 1.5e5, inlet, 0.0, *WEATHER)
    fast, _ = cooler_bank(0, plants, 3.0, min(1.0, speed + faster), 1.5e5, inlet, 0.0, *WEATHER)
    assert fast >= slow - 1e-6 >= -1e-6


@given(fouling=st.floats(0.0, 0.9), worse=st.floats(0.0, 0.09), inlet=st.floats(32.0, 60.0))
def test_fouled_coolers_reject_less(
    plants: np.ndarray,  # type: ignore[type-arg]
    fouling: float,
    worse: float,
    inlet: float,
) -> None:
    clean, _ = cooler_bank(0, plants, 3.0, 1.0, 1.5e5, inlet, fouling, *WEATHER)
    dirty, _ = cooler_bank(0, plants, 3.0, 1.0, 1.5e5, inlet, fouling + worse, *WEATHER)
    assert dirty <= clean + 1e-6


@given(inlet=st.floats(-5.0, 60.0), rate=st.floats(1e3, 5e5))
def test_heat_flows_from_warm_to_cold_and_no_further(
    plants: np.ndarray,  # type: ignore[type-arg]
    inlet: float,
    rate: float,
) -> None:
    heat, water = cooler_bank(0, plants, 3.0, 1.0, rate, inlet, 0.0, *WEATHER)
    # water cannot leave colder than the air that cools it (nor warmer than the air that heats it)
    assert min(0.0, rate * (inlet - 30.0)) - 1e-6 <= heat <= max(0.0, rate * (inlet - 30.0)) + 1e-6
    assert water >= 0.0


def test_without_coolers_or_flow_nothing_is_rejected(plants: np.ndarray) -> None:  # type: ignore[type-arg]
    assert cooler_bank(0, plants, 0.0, 1.0, 1e5, 40.0, 0.0, *WEATHER) == (0.0, 0.0)
    assert cooler_bank(0, plants, 3.0, 1.0, 0.0, 40.0, 0.0, *WEATHER) == (0.0, 0.0)


@given(load=st.floats(0.0, 5e6), units=st.integers(0, 6))
def test_as_many_chillers_run_as_the_load_asks_for(load: float, units: int) -> None:
    running = chillers_needed(load, 4.7e5, float(units))
    assert 0.0 <= running <= units
    assert running == round(running)
    if 0.0 < running < units:
        assert load <= running * STAGE_UP_LOAD * 4.7e5 * (1 + 1e-12)
        assert load > (running - 1) * STAGE_UP_LOAD * 4.7e5 * (1 - 1e-12)


def test_a_chiller_that_can_do_nothing_is_not_alone() -> None:
    # colder than its curves allow it has no capacity left: all run, none is divided by
    assert chillers_needed(1e5, 0.0, 3.0) == 3.0
