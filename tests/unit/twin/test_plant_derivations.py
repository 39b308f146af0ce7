"""Derivations: what a data sheet says comes out again where the physics looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_layout import ROW, SMALL, changed, plant_of

from physics.coil import coil_exchange
from physics.cooling_tower import merkel_tower
from physics.effectiveness_ntu import CROSSFLOW_UNMIXED
from physics.heat_exchanger import plate_exchanger
from physics.psychrometrics import CP_DRY_AIR
from twin.catalog.loader import bundled_catalog
from twin.catalog.specs import (
    Accelerator,
    CoolantDistributionUnit,
    CoolingTower,
    Crah,
    DryCooler,
    Rack,
)
from twin.errors import InputError
from twin.plant import Plant, load_plant
from twin.plant.capacity import cdu_capacity, cdu_flow_limit
from twin.plant.cooling import (
    cdu_conductance,
    crah_conductance,
    dry_cooler_conductance,
    tower_rating,
)
from twin.plant.fluids import (
    AIR_DENSITY,
    PIPE_GRADIENT,
    PIPE_VELOCITY,
    density_and_specific_heat,
    heat_capacity_per_volume,
    pipe_diameter,
    pipe_resistance,
)
from twin.plant.rack_kinds import auxiliary_power, power_split, rack_design_heat
from twin.plant.slots import compute_tray_bottoms, rack_slots

CATALOG = bundled_catalog()
PRODUCTS = [entry.product for entry in CATALOG.values()]
ACCELERATORS = [p for p in PRODUCTS if isinstance(p, Accelerator)]
RACKS = [p for p in PRODUCTS if isinstance(p, Rack)]


@pytest.fixture(scope="module")
def pilot() -> Plant:
    return load_plant("pilot")


@pytest.mark.parametrize("part", ACCELERATORS, ids=lambda part: part.id)
def test_the_parts_of_an_accelerator_add_up_to_its_design_power(part: Accelerator) -> None:
    split = power_split(part)
    behind = part.thermal_design_power * part.regulator_efficiency
    full = split.leakage + split.dynamic + split.hbm_static + split.hbm_refresh + split.hbm_access
    assert full == pytest.approx(behind)
    idle = split.idle + split.hbm_static + split.hbm_refresh
    assert idle >= part.idle_power * part.regulator_efficiency - 1e-9
    assert min(split.leakage, split.dynamic, split.idle) > 0.0


def test_memory_that_takes_all_power_is_refused() -> None:
    part = ACCELERATORS[0].model_copy(update={"thermal_design_power": 60.0})
    with pytest.raises(InputError, match="memory and leakage"):
        power_split(part)


@pytest.mark.parametrize("rack", RACKS, ids=lambda rack: rack.id)
def test_slots_lie_inside_the_rack_and_apart(rack: Rack) -> None:
    part = CATALOG[rack.accelerator].product
    assert isinstance(part, Accelerator)
    slots = rack_slots(rack, part)
    assert len(slots) == rack.accelerators == len({slot.name for slot in slots})
    low = np.array([np.subtract(s.position, np.divide(s.size, 2)) for s in slots])
    high = np.array([np.add(s.position, np.divide(s.size, 2)) for s in slots])
    half = (rack.width / 2, rack.depth / 2)
    assert (low[:, :2] >= -np.array(half)).all()
    assert (high[:, :2] <= half).all()
    assert low[:, 2].min() >= 0.0
    assert high[:, 2].max() <= rack.height
    for i in range(len(slots)):
        inside = (low[i] < high[i + 1 :] - 1e-9) & (high[i] > low[i + 1 :] + 1e-9)
        assert not inside.all(axis=1).any()


@pytest.mark.parametrize("rack", RACKS, ids=lambda rack: rack.id)
def test_trays_follow_the_order_of_their_letters(rack: Rack) -> None:
    bottoms = compute_tray_bottoms(rack)
    assert len(bottoms) == rack.trays.order.count("c")
    assert bottoms == sorted(bottoms)
    assert bottoms[0] == pytest.approx(
        rack.trays.first_height + rack.trays.order.index("c") * rack.trays.pitch
    )


def test_rack_heat_is_rated_power(pilot: Plant) -> None:
    kind = pilot.design.kinds[0]
    liquid, air = rack_design_heat(kind)
    assert liquid + air == pytest.approx(kind.rack.rated_power)
    assert 0.85 < liquid / kind.rack.rated_power < 0.95
    hot = plant_of(changed((f"{ROW}.rack", "nvidia-dgx-h100-x4"), (f"{ROW}.cdu", ...)))
    assert rack_design_heat(hot.design.kinds[0]) == (0.0, 40.8e3)


def test_auxiliary_loads_are_weighted_by_power() -> None:
    rack = CATALOG["nvidia-gb300-nvl72"].product
    assert isinstance(rack, Rack)
    idle, maximum, share = auxiliary_power(rack)
    assert 0.0 < idle < maximum
    liquid = sum(load.count * load.maximum_power * load.liquid_share for load in rack.auxiliary)
    assert share == pytest.approx(liquid / maximum)


def test_a_rack_s_branch_passes_its_rated_flow_at_its_rated_drop(pilot: Plant) -> None:
    kinds, rack = pilot.constants.kinds, pilot.design.kinds[0].rack
    flow = kinds.flow_conductance[0] * math.sqrt(rack.rated_pressure_drop)
    assert flow == pytest.approx(rack.rated_flow)
    rise = pilot.design.rack_liquid_heat[0] / kinds.flow_capacity_rate[0]
    assert 8.0 < rise < 12.0


CDUS = [p for p in PRODUCTS if isinstance(p, CoolantDistributionUnit)]


@pytest.mark.parametrize("unit", CDUS, ids=lambda unit: unit.id)
def test_a_cdu_meets_its_rated_point(unit: CoolantDistributionUnit) -> None:
    secondary = heat_capacity_per_volume("PG25", 45.0)
    primary = heat_capacity_per_volume("water", 41.0)
    side = 2.0 * cdu_conductance(unit, secondary, primary)
    rates = unit.rated_secondary_flow * secondary, unit.rated_primary_flow * primary
    inlet = 36.0 + unit.rated_approach + unit.rated_capacity / rates[0]
    heat, leaving, _, _ = plate_exchanger(
        rates[0], 1.0, inlet, rates[1], 1.0, 36.0, rates[0], side, rates[1], side
    )
    assert heat == pytest.approx(unit.rated_capacity, rel=1e-9)
    assert leaving - 36.0 == pytest.approx(unit.rated_approach, rel=1e-9)


def test_an_impossible_approach_names_the_product() -> None:
    unit = CDUS[0].model_copy(update={"rated_approach": 0.0})
    per_volume = heat_capacity_per_volume("water", 40.0)
    with pytest.raises(InputError, match="no exchanger has this rated point"):
        cdu_conductance(unit, per_volume, per_volume * 0.9)


def test_the_capacity_of_a_cdu_is_its_rating_at_rated_flows(pilot: Plant) -> None:
    unit = CATALOG["vertiv-xdu1350"].product
    assert isinstance(unit, CoolantDistributionUnit)
    capacity = cdu_capacity(pilot.constants.cdu, 0, unit.rated_approach, unit.rated_secondary_flow)
    assert capacity == pytest.approx(unit.rated_capacity, rel=1e-9)


@settings(max_examples=30)
@given(st.floats(0.5, 8.0), st.floats(0.5, 8.0), st.floats(0.002, 0.03))
def test_a_cdu_moves_more_at_a_larger_approach(a: float, b: float, flow: float) -> None:
    cdus = PILOT_CDUS
    low, high = sorted((a, b))
    assert cdu_capacity(cdus, 0, low, flow) <= cdu_capacity(cdus, 0, high, flow) * (1 + 1e-12)
    assert cdu_capacity(cdus, 0, 0.0, flow) == cdu_capacity(cdus, 0, 4.0, 0.0) == 0.0


PILOT_CDUS = load_plant("pilot").constants.cdu


def test_more_pumps_bring_more_flow() -> None:
    flows = [cdu_flow_limit(PILOT_CDUS, 0, pumps) for pumps in (0.0, 1.0, 2.0, 3.0)]
    assert flows[0] == 0.0
    assert flows == sorted(flows)


@pytest.mark.parametrize(
    "unit", [p for p in PRODUCTS if isinstance(p, DryCooler)], ids=lambda unit: unit.id
)
def test_a_dry_cooler_meets_its_rated_point(unit: DryCooler) -> None:
    density, specific_heat = density_and_specific_heat("PG25", 40.0)
    film = 2.0 * dry_cooler_conductance(unit, "PG25", 40.0)
    water = unit.rated_flow * density
    air = unit.rated_airflow * AIR_DENSITY
    heat, _, _, _ = coil_exchange(
        CROSSFLOW_UNMIXED,
        water,
        specific_heat,
        30.0 + unit.rated_temperature_difference,
        air,
        CP_DRY_AIR,
        30.0,
        water,
        film,
        air,
        film,
    )
    assert heat == pytest.approx(unit.rated_capacity, rel=1e-6)


@pytest.mark.parametrize(
    "unit", [p for p in PRODUCTS if isinstance(p, Crah)], ids=lambda unit: unit.id
)
def test_an_air_handler_meets_its_rated_point(unit: Crah) -> None:
    conductance, water_rate = crah_conductance(unit, "water", 20.0)
    film, air = 2.0 * conductance, unit.rated_airflow * AIR_DENSITY
    heat, _, _, _ = coil_exchange(
        CROSSFLOW_UNMIXED,
        water_rate,
        1.0,
        15.0,
        air,
        CP_DRY_AIR,
        15.0 + unit.rated_temperature_difference,
        water_rate,
        film,
        air,
        film,
    )
    assert -heat == pytest.approx(unit.rated_capacity, rel=1e-6)


@pytest.mark.parametrize(
    "unit", [p for p in PRODUCTS if isinstance(p, CoolingTower)], ids=lambda unit: unit.id
)
def test_a_tower_meets_its_rated_point(unit: CoolingTower) -> None:
    water, air, conductance = tower_rating(unit, 4186.0)
    leaving = unit.rated_wet_bulb + unit.rated_approach
    heat, temperature, _, _, _ = merkel_tower(
        1.0,
        water,
        leaving + unit.rated_range,
        32.0,
        unit.rated_wet_bulb,
        101325.0,
        water,
        air,
        conductance,
    )
    assert temperature == pytest.approx(leaving, abs=1e-6)
    assert heat == pytest.approx(unit.rated_capacity, rel=1e-6)


@given(st.floats(1e-4, 2.0))
def test_mains_keep_velocity_and_friction(flow: float) -> None:
    bore = pipe_diameter(flow)
    assert flow / (0.25 * math.pi * bore**2) <= PIPE_VELOCITY * (1 + 1e-9)
    per_metre = pipe_resistance("water", 30.0, flow, bore, 1.0) * flow**2 / 1.5
    assert per_metre <= PIPE_GRADIENT


def test_plate_flow_follows_the_rack_s_flow(pilot: Plant) -> None:
    base = pilot.constants.kinds.plate_convective_resistance[0]
    data = changed(
        ("products", [{"extends": "nvidia-gb300-nvl72", "id": "fast", "rated_flow": "340 L/min"}]),
        (f"{ROW}.rack", "fast"),
    )
    faster = plant_of(data).constants.kinds.plate_convective_resistance[0]
    assert faster == pytest.approx(base * 2.0 ** -pilot.constants.kinds.plate_exponent[0])


def test_mains_and_volumes_may_be_given() -> None:
    key = "sites.0.plants.0"
    plain = plant_of(SMALL).constants.plant
    given_ = plant_of(
        changed(
            (f"{key}.supply_volume", "12 m**3"),
            (f"{key}.distribution_pressure", "111 kPa"),
            (f"{key}.header_diameter", "500 mm"),
        )
    ).constants.plant
    per_volume = given_.heat_capacity_per_flow[0]
    assert given_.supply_heat_capacity[0] == pytest.approx(12.0 * per_volume)
    assert given_.distribution_pressure[0] == 111e3
    assert given_.equipment_resistance[0] < plain.equipment_resistance[0]
    assert plain.distribution_pressure[0] == 160e3  # twice the CDUs' 80 kPa


def test_an_unusual_series_of_plates_is_refused() -> None:
    data = changed(
        ("products", [{"extends": "nvidia-gb300-nvl72", "id": "odd", "series_plates": 3}]),
        (f"{ROW}.rack", "odd"),
    )
    with pytest.raises(InputError, match="plates in series"):
        plant_of(data)
