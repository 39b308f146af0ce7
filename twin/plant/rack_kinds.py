"""Constants of rack products, derived from what data sheets say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from physics.factory.arrays import RackKinds
from physics.hbm import access_power
from physics.psychrometrics import CP_DRY_AIR
from twin.catalog.specs import Accelerator, PowerShelf, Rack
from twin.errors import InputError
from twin.plant.fluids import AIR_DENSITY, density_and_specific_heat, heat_capacity_per_volume

LAMINAR_SHARE = 0.05  # of rated flow, below which the channels of cold plates are laminar
IDLE_FLOOR = 1.0  # W: least power of a gated die


@dataclass(frozen=True)
class RackKind:
    """A rack product with the coolant it runs on (None: air-cooled); temperature is the mean of
    supply and return at which the coolant's properties are taken [degC]."""

    rack: Rack
    accelerator: Accelerator
    shelf: PowerShelf
    coolant: str | None
    temperature: float

    @property
    def liquid(self) -> bool:
        """Whether coolant passes through it."""
        return self.rack.cooling == "liquid"


@dataclass(frozen=True)
class PowerSplit:
    """Where the power of an accelerator goes, in W behind its regulator."""

    leakage: float
    dynamic: float
    idle: float
    hbm_static: float
    hbm_refresh: float
    hbm_access: float


def power_split(part: Accelerator) -> PowerSplit:
    """Split an accelerator's design power into die and memory, dynamic and leakage.

    Behind the regulator: TDP times its efficiency. All stacks at full bandwidth take 8 e_bit BW +
    static + refresh, the die the rest. ``leakage_share`` of the die's part is leakage (at its
    reference temperature), the remainder dynamic. Idle: what the module draws less static memory
    power, never below ``IDLE_FLOOR``.

    Raises
    ------
    InputError : memory and leakage leave the die no dynamic power
    """
    hbm = part.hbm
    static = hbm.stacks * hbm.static_power
    refresh = hbm.stacks * hbm.refresh_power
    access = float(access_power(hbm.energy_per_bit, hbm.bandwidth))
    die = part.thermal_design_power * part.regulator_efficiency - static - refresh - access
    leakage = part.leakage_share * die
    if die - leakage <= 0.0:
        raise InputError(
            f"accelerator {part.id}: memory and leakage take all of its design power",
            key="thermal_design_power",
            found=f"{part.thermal_design_power:g} W",
            allowed=f"more than {(static + refresh + access) / part.regulator_efficiency:.0f} W",
        )
    idle = part.idle_power * part.regulator_efficiency - static - refresh
    return PowerSplit(leakage, die - leakage, max(idle, IDLE_FLOOR), static, refresh, access)


def auxiliary_power(rack: Rack) -> tuple[float, float, float]:
    """Idle and maximum power [W] of all other loads of a rack, and the share that goes to liquid.

    The share is weighted by maximum power.
    """
    idle = sum(load.count * load.idle_power for load in rack.auxiliary)
    maximum = sum(load.count * load.maximum_power for load in rack.auxiliary)
    liquid = sum(load.count * load.maximum_power * load.liquid_share for load in rack.auxiliary)
    return idle, maximum, liquid / maximum if maximum > 0.0 else 0.0


def plate_flow(kind: RackKind) -> float:
    """Coolant (or air) through one accelerator's plate at the rack's rated flow [m3/s].

    Liquid: the rack's flow is shared in proportion to heat, as orifices are sized; the plates of
    one path (``series_plates``) see the same coolant. Air: the plate's own rating.
    """
    rack, part = kind.rack, kind.accelerator
    if not kind.liquid:
        return float(part.cold_plate.rated_flow)
    _, auxiliary, share = auxiliary_power(rack)
    modules = rack.accelerators * part.thermal_design_power * rack.accelerator_liquid_share
    to_modules = modules / (modules + auxiliary * share)
    return float(rack.rated_flow * to_modules * rack.series_plates / rack.accelerators)


def plate_convective_resistance(kind: RackKind) -> float:
    """Convective resistance of a plate at the rack's rated flow [K/W], from its own rated point."""
    plate = kind.accelerator.cold_plate
    ratio = plate_flow(kind) / plate.rated_flow
    return float(plate.convective_resistance * ratio**-plate.exponent)


def rack_design_heat(kind: RackKind) -> tuple[float, float]:
    """Heat to liquid and to air at full load [W]; together the rack's rated power.

    The parts' shares come from accelerators, other loads and fans; what rated power exceeds them
    by is the shelves' loss and goes where the shelves' heat goes.
    """
    rack, part = kind.rack, kind.accelerator
    _, auxiliary, share = auxiliary_power(rack)
    modules = rack.accelerators * part.thermal_design_power
    fans = rack.fan_power
    other = max(rack.rated_power - modules - auxiliary - fans, 0.0)
    liquid = modules * rack.accelerator_liquid_share + auxiliary * share
    liquid += other * kind.shelf.liquid_share
    total = modules + auxiliary + fans + other
    liquid *= rack.rated_power / total if kind.liquid else 0.0
    return liquid, rack.rated_power - liquid


def check_rack_kind(kind: RackKind) -> None:
    """Refuse rack products that the physics cannot represent.

    Raises
    ------
    InputError : plate medium and rack cooling disagree, or an odd number of plates in series
    """
    rack, plate = kind.rack, kind.accelerator.cold_plate
    if plate.medium != rack.cooling:
        raise InputError(
            f"rack {rack.id} is cooled by {rack.cooling}, its accelerator's plate by "
            f"{plate.medium}",
            key="accelerator",
            found=kind.accelerator.id,
            allowed="an accelerator for that cooling",
        )
    if rack.series_plates not in (1, 2, 4) or rack.accelerators % rack.series_plates:
        raise InputError(
            f"rack {rack.id}: plates in series must be 1, 2 or 4 and divide its accelerators",
            key="series_plates",
            found=str(rack.series_plates),
            allowed="1, 2 or 4",
        )
    if rack.accelerators == 0:
        raise InputError(
            f"rack {rack.id} has no compute tray",
            key="trays.order",
            found=rack.trays.order,
            allowed="at least one letter c",
        )


def rack_kinds(kinds: Sequence[RackKind], shelf_stage: Mapping[str, int]) -> RackKinds:
    """Constants of all kinds; ``shelf_stage`` is the conversion stage of each power shelf."""
    for kind in kinds:
        check_rack_kind(kind)
    columns = [_constants(kind, shelf_stage[kind.shelf.id]) for kind in kinds]
    whole = {"series_plates", "shelf_stage", "shelf_modules", "shelf_spare_modules"}
    arrays: dict[str, Any] = {
        name: np.array([c[name] for c in columns], dtype=np.int64 if name in whole else np.float64)
        for name in RackKinds._fields
    }
    return RackKinds(**arrays)


def branch_law(kind: RackKind) -> dict[str, float]:
    """Hydraulic law of a rack's branch, dp = coefficient m^exponent through its rated point.

    The exponent is that of its cold plates, which take the largest part of the drop. Air-cooled
    racks pass no coolant; harmless numbers stand for them.
    """
    if kind.coolant is None:
        return {
            "rated_mass_flow": 1.0,
            "branch_coefficient": 1.0,
            "branch_exponent": 2.0,
            "branch_transition": 0.0,
        }
    density, _ = density_and_specific_heat(kind.coolant, kind.temperature)
    mass_flow = kind.rack.rated_flow * density
    exponent = kind.accelerator.cold_plate.pressure_exponent
    return {
        "rated_mass_flow": mass_flow,
        "branch_coefficient": kind.rack.rated_pressure_drop / mass_flow**exponent,
        "branch_exponent": exponent,
        "branch_transition": LAMINAR_SHARE * mass_flow,
    }


def _constants(kind: RackKind, stage: int) -> dict[str, float]:
    """One column of :class:`RackKinds`."""
    rack, part, shelf = kind.rack, kind.accelerator, kind.shelf
    hbm, plate = part.hbm, part.cold_plate
    split = power_split(part)
    idle, maximum, liquid_share = auxiliary_power(rack)
    per_volume = 0.0
    if kind.coolant is not None:
        per_volume = heat_capacity_per_volume(kind.coolant, kind.temperature)
    return {
        "liquid": float(kind.liquid),
        "gpus": float(rack.accelerators),
        "die_idle_power": split.idle,
        "die_leakage_power": split.leakage,
        "leakage_coefficient": part.leakage_temperature_coefficient,
        "leakage_reference": part.leakage_reference_temperature,
        "die_dynamic_power": split.dynamic,
        "voltage_intercept": part.clock.voltage_intercept,
        "minimum_clock": part.clock.minimum,
        "regulator_efficiency": part.regulator_efficiency,
        "hbm_static_power": split.hbm_static,
        "hbm_refresh_power": split.hbm_refresh,
        "hbm_access_power": split.hbm_access,
        "hbm_doubling_temperature": hbm.refresh_doubling_temperature,
        "hbm_throttle_temperature": hbm.throttle_temperature,
        "hbm_shutdown_temperature": hbm.shutdown_temperature,
        "hbm_hottest_factor": hbm.hottest_stack_factor,
        "slowdown_temperature": part.slowdown_temperature,
        "shutdown_temperature": part.shutdown_temperature,
        "die_resistance": part.die_resistance,
        "hbm_resistance": hbm.resistance / hbm.stacks,
        "mutual_resistance": part.die_hbm_coupling * part.die_resistance,
        "die_heat_capacity": part.die_heat_capacity,
        "hbm_heat_capacity": hbm.heat_capacity * hbm.stacks,
        "plate_heat_capacity": plate.heat_capacity,
        "plate_minimum_resistance": plate.minimum_resistance,
        "plate_convective_resistance": plate_convective_resistance(kind),
        "plate_exponent": plate.exponent,
        "series_plates": rack.series_plates,
        "peak_operations": part.peak_fp8,
        "auxiliary_idle_power": idle,
        "auxiliary_maximum_power": maximum,
        "auxiliary_liquid_share": liquid_share if kind.liquid else 0.0,
        "gpu_liquid_share": rack.accelerator_liquid_share if kind.liquid else 0.0,
        "fan_power": rack.fan_power,
        "airflow_capacity_rate": rack.rated_airflow * AIR_DENSITY * CP_DRY_AIR,
        "flow_capacity_rate": rack.rated_flow * per_volume if kind.liquid else 0.0,
        "flow_conductance": (
            rack.rated_flow / math.sqrt(rack.rated_pressure_drop) if kind.liquid else 0.0
        ),
        # air-cooled racks pass no coolant; a flow relative to 1 m3/s is then 0, not 0/0
        "rated_flow": rack.rated_flow if kind.liquid else 1.0,
        **branch_law(kind),
        "coolant_heat_capacity": max(rack.coolant_volume * per_volume, 1.0),
        "shelf_stage": stage,
        "shelf_modules": shelf.modules * rack.power_shelves,
        "shelf_spare_modules": shelf.redundant_modules * rack.power_shelves,
        "shelf_liquid_share": shelf.liquid_share if kind.liquid else 0.0,
        "boot_time": rack.boot_time,
    }
