"""The bundled catalogue: complete, sourced, and consistent as engineering data."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assets.locations import CATALOG_FOLDER
from physics.electrical.conversion import efficiency_table
from physics.package import steady_die_rise, steady_hbm_rise
from twin.catalog import bundled_catalog
from twin.catalog.loader import CatalogEntry
from twin.catalog.specs import (
    PRODUCT_CLASSES,
    Accelerator,
    Battery,
    Chiller,
    CoolantDistributionUnit,
    CoolingTower,
    Crah,
    Distribution,
    DryCooler,
    Generator,
    NetworkSwitch,
    PowerShelf,
    Pump,
    PumpCurve,
    Rack,
    RearDoor,
    Transformer,
    Ups,
)

CATALOG = bundled_catalog()
PG25_HEAT = 1012.0 * 3930.0  # J/(m3 K) at 40 degC
WATER_HEAT = 992.0 * 4180.0
AIR_HEAT = 1.16 * 1006.0
ESTIMATE = "engineering estimate:"
UNREAD = "not read at the source"


def of_class(kind):
    return [entry.product for entry in CATALOG.values() if isinstance(entry.product, kind)]


def products(kind, condition=lambda product: True):
    found = [product for product in of_class(kind) if condition(product)]
    return pytest.mark.parametrize("product", found, ids=[p.id for p in found])


every_entry = pytest.mark.parametrize("entry", CATALOG.values(), ids=[*CATALOG])


# --- the collection -------------------------------------------------------------------------------


def test_every_class_is_covered():
    assert {entry.product.product_class for entry in CATALOG.values()} == set(PRODUCT_CLASSES)


@pytest.mark.parametrize(
    "product_id",
    [
        "nvidia-gb200-nvl72",
        "nvidia-gb300-nvl72",
        "nvidia-vr200-nvl72",
        "amd-helios-72",
        "nvidia-dgx-h100-x4",
        "nvidia-hgx-b200-x4",
        "furiosa-nxt-rngd-x5",
        "rebellions-rebelrack-32",
        "nvidia-h200-sxm",
        "amd-mi355x",
        "vertiv-xdu1350",
        "coolit-chx2000",
        "york-yk-5170",
    ],
)
def test_promised_product_is_there(product_id):
    assert product_id in CATALOG


@every_entry
def test_file_is_named_after_the_product(entry: CatalogEntry):
    assert entry.file.stem == entry.product.id
    assert entry.file.is_relative_to(CATALOG_FOLDER)


@every_entry
def test_every_figure_has_an_origin(entry: CatalogEntry):
    assert len(entry.provenance) >= 7
    for key, origin in entry.provenance.items():
        assert len(origin.source) > 20, key


@every_entry
def test_trust_marks_are_honest(entry: CatalogEntry):
    """An estimate is never better than C, and C says why it is one."""
    for key, origin in entry.provenance.items():
        unread = origin.source.startswith(ESTIMATE) or UNREAD in origin.source
        assert unread == (origin.mark == "C"), f"{key}: {origin}"


@every_entry
def test_no_source_is_left_over(entry: CatalogEntry):
    text = entry.file.read_text(encoding="utf-8")
    body, _, sources = text.partition("\n[sources]\n")
    for line in sources.splitlines():
        name = line.split(" = ")[0]
        assert f'source = "{name}"' in body, name


# --- accelerators ---------------------------------------------------------------------------------


def design_temperatures(gpu: Accelerator, inlet: float) -> tuple[float, float, float]:
    """Plate, die and hottest-stack temperature [degC] at full load and rated flow."""
    plate_resistance = gpu.cold_plate.minimum_resistance + gpu.cold_plate.convective_resistance
    plate = inlet + plate_resistance * gpu.thermal_design_power
    mutual = gpu.die_hbm_coupling * gpu.die_resistance
    die = steady_die_rise(gpu.full_die_power, gpu.hbm.full_power, gpu.die_resistance, mutual)
    hbm = steady_hbm_rise(
        gpu.full_die_power, gpu.hbm.full_power, gpu.hbm.resistance / gpu.hbm.stacks, mutual
    )
    return plate, plate + die, plate + hbm * gpu.hbm.hottest_stack_factor


@products(Accelerator)
def test_full_load_stays_below_every_limit(product: Accelerator):
    inlet = 40.0 if product.cold_plate.medium == "liquid" else 27.0
    plate, die, hbm = design_temperatures(product, inlet)
    assert plate < die < product.slowdown_temperature
    assert plate < hbm < product.hbm.throttle_temperature
    assert abs(hbm - die) < 18.0


def test_gb300_design_point():
    """At 40 degC supply: die 60-85 degC, hottest stack within 15 K of it."""
    gpu = CATALOG["nvidia-b300-gb300"].product
    assert isinstance(gpu, Accelerator)
    _, die, hbm = design_temperatures(gpu, 40.0)
    assert 60.0 < die < 85.0
    assert abs(hbm - die) < 15.0


@products(Accelerator)
def test_memory_power_is_plausible(product: Accelerator):
    """Per stack at full bandwidth: HBM3 25-30 W, HBM3E 30-45 W, HBM4 50-75 W."""
    low, high = {"HBM3": (25, 32), "HBM3E": (30, 46), "HBM4": (49, 76)}[product.hbm.generation]
    assert low <= product.hbm.full_power / product.hbm.stacks <= high


@products(Accelerator)
def test_die_takes_most_of_the_power(product: Accelerator):
    assert 0.4 * product.thermal_design_power < product.full_die_power
    idle_die = product.idle_power * product.regulator_efficiency - product.hbm.idle_power
    leakage = product.leakage_share * product.full_die_power
    assert 0.1 * leakage < idle_die < 0.25 * product.full_die_power


@products(Accelerator, lambda gpu: gpu.cold_plate.medium == "liquid")
def test_lost_flow_leaves_seconds_not_minutes(product: Accelerator):
    """Adiabatic heating from full load to the first shutdown limit."""
    _, die, hbm = design_temperatures(product, 40.0)
    margin = min(product.shutdown_temperature - die, product.hbm.shutdown_temperature - hbm)
    capacity = product.cold_plate.heat_capacity + product.die_heat_capacity
    assert 3.0 < margin * capacity / product.thermal_design_power < 20.0


@products(Accelerator)
def test_fast_parts_are_faster_than_the_plate(product: Accelerator):
    plate = product.cold_plate.heat_capacity * (
        product.cold_plate.minimum_resistance + product.cold_plate.convective_resistance
    )
    assert product.die_resistance * product.die_heat_capacity < 0.1 * plate
    assert product.hbm.resistance * product.hbm.heat_capacity < 0.1 * plate


# --- racks ----------------------------------------------------------------------------------------


def shelf_efficiency(shelf: PowerShelf, load: float) -> float:
    table = shelf.conversion.table
    assert table is not None
    return float(np.interp(load, [p.load for p in table], [p.efficiency for p in table]))


def full_load(rack: Rack) -> tuple[float, float]:
    """Input power and heat to liquid [W] with every part at its maximum."""
    gpu, shelf = CATALOG[rack.accelerator].product, CATALOG[rack.power_shelf].product
    assert isinstance(gpu, Accelerator)
    assert isinstance(shelf, PowerShelf)
    accelerators = rack.accelerators * gpu.thermal_design_power
    auxiliary = sum(load.count * load.maximum_power for load in rack.auxiliary)
    output = accelerators + auxiliary + rack.fan_power
    rating = rack.power_shelves * shelf.modules * shelf.module_power
    power = output / shelf_efficiency(shelf, output / rating)
    liquid = accelerators * rack.accelerator_liquid_share
    liquid += sum(load.count * load.maximum_power * load.liquid_share for load in rack.auxiliary)
    liquid += (power - output) * shelf.liquid_share
    return power, liquid


@products(Rack)
def test_parts_add_up_to_the_rated_power(product: Rack):
    power, _ = full_load(product)
    assert power == pytest.approx(product.rated_power, rel=0.03)
    assert power <= product.provisioned_power


@products(Rack)
def test_shelves_carry_the_rack_without_their_spare_modules(product: Rack):
    shelf = CATALOG[product.power_shelf].product
    assert isinstance(shelf, PowerShelf)
    firm = product.power_shelves * (shelf.modules - shelf.redundant_modules) * shelf.module_power
    assert firm >= product.rated_power


@pytest.mark.parametrize(
    ("rack_id", "low", "high"),
    [
        ("nvidia-gb200-nvl72", 0.83, 0.89),  # published: 115 of 132 kW; "about 85 %"
        ("nvidia-gb300-nvl72", 0.88, 0.94),  # published: 6.2 of 6.6 kW in a compute tray
        ("nvidia-vr200-nvl72", 0.98, 1.00),  # published: all
    ],
)
def test_liquid_share_is_near_the_published_one(rack_id, low, high):
    rack = CATALOG[rack_id].product
    assert isinstance(rack, Rack)
    power, liquid = full_load(rack)
    assert low <= liquid / power <= high


def test_gb300_tray_meets_its_published_power():
    """6.6 kW per compute tray, 6.2 kW of it from GPUs and CPUs, without transceivers."""
    rack = CATALOG["nvidia-gb300-nvl72"].product
    gpu = CATALOG[rack.accelerator].product
    assert isinstance(rack, Rack)
    assert isinstance(gpu, Accelerator)
    loads = {load.name: load.count * load.maximum_power / 18 for load in rack.auxiliary}
    core = 4 * gpu.thermal_design_power + loads["Grace CPU with memory"]
    rest = sum(
        power
        for name, power in loads.items()
        if not any(word in name for word in ("CPU", "switch", "transceiver"))
    )
    assert core == pytest.approx(6200.0, rel=0.01)
    assert core + rest + rack.fan_power / 18 == pytest.approx(6600.0, rel=0.01)


@products(Rack)
def test_coolant_and_air_carry_the_heat(product: Rack):
    power, liquid = full_load(product)
    air_rise = (power - liquid) / (product.rated_airflow * AIR_HEAT)
    assert 8.0 < air_rise < 20.0
    if product.cooling == "air":
        assert liquid == 0.0
        assert product.rated_flow == 0.0
        return
    # OCP guidance is 1.25-2.0 L/min/kW; one vendor's published 130 L/min lies on its lower end
    assert 1.25 <= product.rated_flow * 6e4 / (liquid / 1e3) <= 2.0
    gpu = CATALOG[product.accelerator].product
    assert isinstance(gpu, Accelerator)
    plates = product.accelerators * gpu.cold_plate.rated_flow / product.series_plates
    assert 0.6 * product.rated_flow < plates < product.rated_flow
    assert gpu.cold_plate.rated_pressure_drop < product.rated_pressure_drop
    assert gpu.cold_plate.medium == "liquid"


def test_gb300_coolant_rise():
    rack = CATALOG["nvidia-gb300-nvl72"].product
    assert isinstance(rack, Rack)
    _, liquid = full_load(rack)
    assert 8.0 < liquid / (rack.rated_flow * PG25_HEAT) < 12.0


@products(Rack)
def test_trays_fit_into_the_frame(product: Rack):
    trays = product.trays
    units = sum(trays.compute_units if letter == "c" else 1 for letter in trays.order)
    assert trays.first_height + units * trays.pitch <= product.height
    assert product.accelerators % product.nvlink_domain == 0


def test_nvl72_racks_hold_72():
    for rack in of_class(Rack):
        if "nvl72" in rack.id or "helios" in rack.id:
            assert rack.accelerators == 72
            assert rack.trays.order.count("s") == 9


# --- cooling --------------------------------------------------------------------------------------


def check_pump(curve: PumpCurve) -> None:
    assert 0.3 < curve.efficiency * curve.motor_efficiency < 0.85
    assert 1.15 < curve.shutoff_head / curve.rated_head < 1.8


def electric_power(curve: PumpCurve) -> float:
    hydraulic = curve.rated_flow * curve.rated_head
    return hydraulic / (curve.efficiency * curve.motor_efficiency)


@products(Pump)
def test_pump(product: Pump):
    check_pump(product.curve)
    assert electric_power(product.curve) < 0.02 * product.curve.rated_flow * WATER_HEAT * 10.0


def effectiveness_and_ntu(capacity: float, hot: float, cold: float, inlet_difference: float):
    """Counterflow effectiveness and NTU for a duty; hot and cold are heat capacity rates [W/K]."""
    smaller, larger = min(hot, cold), max(hot, cold)
    effectiveness = capacity / (smaller * inlet_difference)
    ratio = smaller / larger
    if math.isclose(ratio, 1.0):
        return effectiveness, effectiveness / (1.0 - effectiveness)
    ntu = math.log((1.0 - effectiveness * ratio) / (1.0 - effectiveness)) / (1.0 - ratio)
    return effectiveness, ntu


@products(CoolantDistributionUnit)
def test_cdu(product: CoolantDistributionUnit):
    check_pump(product.pump)
    secondary = product.rated_secondary_flow * PG25_HEAT
    primary = product.rated_primary_flow * WATER_HEAT
    rise = product.rated_capacity / secondary
    effectiveness, ntu = effectiveness_and_ntu(
        product.rated_capacity, secondary, primary, product.rated_approach + rise
    )
    assert 0.5 < effectiveness < 0.9
    assert 1.0 < ntu < 6.0
    assert 9.0 < rise < 18.0
    assert product.pump.rated_head > product.secondary_pressure_drop + 100e3
    assert product.pumps_required * electric_power(product.pump) < 0.02 * product.rated_capacity


@pytest.mark.parametrize(
    ("cdu_id", "power"),
    [
        ("vertiv-xdu1350", 13.7e3),
        ("vertiv-coolchip-cdu121", 875.0),
    ],
)
def test_cdu_draws_its_published_power(cdu_id, power):
    cdu = CATALOG[cdu_id].product
    assert isinstance(cdu, CoolantDistributionUnit)
    drawn = cdu.pumps_required * electric_power(cdu.pump) + cdu.standby_power
    assert drawn == pytest.approx(power, rel=0.03)


def test_xdu1350_has_the_conductance_of_its_class():
    """About 325 kW/K for 1.3 MW, both sides near 80 kW/K, 4 K approach."""
    cdu = CATALOG["vertiv-xdu1350"].product
    assert isinstance(cdu, CoolantDistributionUnit)
    secondary, primary = cdu.rated_secondary_flow * PG25_HEAT, cdu.rated_primary_flow * WATER_HEAT
    difference = cdu.rated_approach + cdu.rated_capacity / secondary
    _, ntu = effectiveness_and_ntu(cdu.rated_capacity, secondary, primary, difference)
    assert ntu * min(secondary, primary) == pytest.approx(325e3, rel=0.1)


def check_coil(product: RearDoor | Crah | DryCooler) -> None:
    water = product.rated_flow * WATER_HEAT
    air = product.rated_airflow * AIR_HEAT
    effectiveness = product.rated_capacity / (
        min(water, air) * product.rated_temperature_difference
    )
    assert 0.3 < effectiveness < 0.85
    head = product.fan_power / product.rated_airflow  # Pa, with losses of fan and motor
    assert 200.0 < head < 900.0


@products(RearDoor)
def test_rear_door(product: RearDoor):
    check_coil(product)


@products(Crah)
def test_crah(product: Crah):
    check_coil(product)
    assert product.fan_power < 0.06 * product.rated_capacity


@products(DryCooler)
def test_dry_cooler(product: DryCooler):
    check_coil(product)
    assert product.fan_power < 0.04 * product.rated_capacity


def test_one_dry_cooler_has_adiabatic_pads():
    assert sum(cooler.adiabatic_effectiveness > 0 for cooler in of_class(DryCooler)) == 1


@products(CoolingTower)
def test_cooling_tower(product: CoolingTower):
    water = product.rated_capacity / (4180.0 * product.rated_range)
    air = product.rated_airflow * 1.15
    assert 0.8 < water / air < 2.2
    assert product.fan_power < 0.02 * product.rated_capacity
    assert product.drift_share < 2e-4


@products(Chiller)
def test_chiller_curves_are_one_at_the_rating_point(product: Chiller):
    x, y = product.rated_leaving_temperature, product.rated_condenser_temperature
    terms = (1.0, x, x * x, y, y * y, x * y)
    for curve in (product.capacity_curve, product.eir_curve):
        value = sum(c * t for c, t in zip(curve, terms, strict=True))
        assert value == pytest.approx(1.0, abs=0.02)
    assert sum(product.eir_part_load) == pytest.approx(1.0, abs=0.005)


@products(Chiller)
def test_chiller_flows_suit_its_capacity(product: Chiller):
    evaporator = product.rated_capacity / (product.rated_evaporator_flow * 4186e3)
    rejected = product.rated_capacity * (1.0 + 1.0 / product.rated_cop)
    condenser = rejected / (product.rated_condenser_flow * 4186e3)
    assert 4.0 < evaporator < 9.0
    assert 4.0 < condenser < 9.0


# --- power ----------------------------------------------------------------------------------------


@products(Transformer)
def test_transformer(product: Transformer):
    half = 0.5 * product.rated_power
    loss = product.no_load_loss + product.load_loss / 4.0
    assert 0.99 < half / (half + loss) < 0.999
    assert product.secondary_voltage < product.primary_voltage
    assert 0.04 < product.impedance_voltage < 0.2


def test_transformers_cover_the_korean_supply():
    pairs = {(t.primary_voltage, t.secondary_voltage) for t in of_class(Transformer)}
    assert {(154e3, 22.9e3), (22.9e3, 480.0), (22.9e3, 415.0)} <= pairs


def converters():
    return [*of_class(Ups), *of_class(PowerShelf)]


@pytest.mark.parametrize("product", converters(), ids=[p.id for p in converters()])
def test_conversion_is_a_valid_loss_curve(product: Ups | PowerShelf):
    """The table is accepted by the physics: input power rises with output power."""
    table = product.conversion.table
    assert table is not None
    loads = [point.load for point in table]
    efficiency_table(loads, [point.efficiency for point in table], 1.0)
    assert loads[-1] == 1.0
    assert min(point.efficiency for point in table) > 0.85
    assert max(point.efficiency for point in table) < 0.99


@products(Ups)
def test_ups(product: Ups):
    table = product.conversion.table
    assert table is not None
    if product.output_voltage is None:
        assert max(point.efficiency for point in table) < product.eco_efficiency < 1.0
    else:  # direct current has no bypass
        assert product.eco_efficiency == pytest.approx(table[-1].efficiency)
    assert 180.0 <= product.battery_energy / product.rated_power <= 600.0


@products(PowerShelf)
def test_power_shelf_holds_up_for_a_few_cycles(product: PowerShelf):
    assert 0.008 <= product.holdup_time <= 0.03


@products(Distribution)
def test_distribution(product: Distribution):
    assert 0.0 < product.rated_loss_share < 0.01


@products(Battery)
def test_battery(product: Battery):
    assert 0.8 < product.round_trip_efficiency < 1.0
    assert 120.0 < product.energy / product.rated_power < 5 * 3600.0


@products(Generator)
def test_generator(product: Generator):
    assert product.start_time <= 10.0
    assert 0.3 < product.full_load_efficiency < 0.45
    assert 0.2 <= product.load_step_share <= 0.6


@products(NetworkSwitch)
def test_network_switch(product: NetworkSwitch):
    assert product.idle_power < product.maximum_power
    assert 1.0 < product.optic_power < 30.0
    assert product.maximum_power / product.ports < 25.0
