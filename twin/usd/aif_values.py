"""``aif:spec:*`` values that follow from several figures of a product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.catalog.loader import Catalog
from twin.catalog.specs import (
    Accelerator,
    CoolantDistributionUnit,
    Crah,
    PowerShelf,
    Product,
    Rack,
    Ups,
)
from twin.plant.fluids import pipe_diameter
from twin.plant.rack_kinds import RackKind, rack_design_heat
from twin.usd.aif_fields import CDU, CRAH, KILOWATT, LITRE, LITRE_PER_MINUTE, RACK, UPS

TRAY_NAMES = {"c": "compute", "s": "switch", "p": "power", "b": "battery", "n": "network"}
PRESSURE_EXPONENT = 1.8  # of a rack's pressure drop over flow, as in its cold plates
CURVE_POINTS = 5  # that the profile asks of a curve
KELVIN = 273.15


@dataclass(frozen=True)
class Supply:
    """Electrical supply that a product is set up for: line voltage [V], frequency [Hz], phases.

    direct_voltage : of racks and CDUs that hang on a rectifier's direct current [V]
    """

    voltage: float = 480.0
    frequency: float = 60.0
    phases: int = 3
    direct_voltage: float | None = None

    @classmethod
    def direct(cls, voltage: float) -> Supply:
        """Direct current: no frequency and no phases."""
        return cls(voltage, 0.0, 0)

    @property
    def critical(self) -> Supply:
        """Supply of racks and CDUs, which may hang on a rectifier."""
        return self if self.direct_voltage is None else Supply.direct(self.direct_voltage)

    def behind(self, unit: Ups) -> Supply:
        """Supply at a UPS's output: direct current where it is a rectifier."""
        return self if unit.output_voltage is None else Supply.direct(unit.output_voltage)


def derived_values(product: Product, catalog: Catalog, supply: Supply) -> Mapping[str, Any]:
    """Derived attributes of a product, by name without ``aif:spec:``."""
    derive = _DERIVED[type(product)]
    return derive(product, catalog, supply)


def _rack(rack: Rack, catalog: Catalog, supply: Supply) -> dict[str, Any]:
    accelerator = catalog[rack.accelerator].product
    shelf = catalog[rack.power_shelf].product
    assert isinstance(accelerator, Accelerator)
    assert isinstance(shelf, PowerShelf)
    liquid, air = rack_design_heat(RackKind(rack, accelerator, shelf, "water", 40.0))
    if rack.cooling == "air":
        liquid, air = 0.0, rack.rated_power
    loads = sum(load.count * load.maximum_power for load in rack.auxiliary) + rack.fan_power
    counts = {name: rack.trays.order.count(letter) for letter, name in TRAY_NAMES.items()}
    values: dict[str, Any] = {
        "numGPUs": rack.accelerators,
        "maxPowerDcTdp": (rack.accelerators * accelerator.thermal_design_power + loads) / KILOWATT,
        "liquidCooling": liquid / KILOWATT,
        "airCooling": air / KILOWATT,
        "heatCaptureRatio": 100.0 * liquid / rack.rated_power,
        "significantInternalStructure": ", ".join(
            f"{count} {name} trays" for name, count in counts.items() if count
        ),
    }
    limit = rack.maximum_supply_temperature
    if rack.cooling == "liquid":
        flow = rack.rated_flow / LITRE_PER_MINUTE
        values["requiredLiquidFlowRate"] = [(limit, rack.rated_flow / LITRE, flow)]
        values["liquidSidePqCurve"] = (
            f"y = {rack.rated_pressure_drop / 1e3:.6g} * (x / {flow:.6g})^{PRESSURE_EXPONENT}"
        )
    else:
        values["requiredAirFlowRate"] = [(limit, rack.rated_airflow, 0.0)]
    return values


def cdu_power(unit: CoolantDistributionUnit) -> float:
    """Electric power of a CDU at its rated flow [W]: pumps in service, drives and controls."""
    each = unit.pump.rated_flow * unit.pump.rated_head
    each /= unit.pump.efficiency * unit.pump.motor_efficiency
    power: float = unit.pumps_required * each + unit.standby_power
    return power


def _cdu(unit: CoolantDistributionUnit, catalog: Catalog, supply: Supply) -> dict[str, Any]:
    curve = unit.pump
    fall = (curve.shutoff_head - curve.rated_head) / curve.rated_flow**2
    flows = [curve.rated_flow * k / (CURVE_POINTS - 1) for k in range(CURVE_POINTS)]
    power = cdu_power(unit) / KILOWATT
    values: dict[str, Any] = {
        "coolingType": "Water/Glycol",
        "mountStyle": "In Row",
        "nominalVoltage": supply.critical.voltage,
        "frequency": supply.critical.frequency,
        "powerRating": power,
        "ratedVoltageIncomingPower": supply.critical.voltage,
        "pumpFlowCurve": [(q, (curve.shutoff_head - fall * q * q) / 1e3) for q in flows],
        "pumpRedundancyStrategyPumps": f"{unit.pumps_required}+{unit.pumps - unit.pumps_required}",
        "fwsSupplyPipingConnection": pipe_diameter(unit.rated_primary_flow) * 1e3,
        "fwsReturnPipingConnection": pipe_diameter(unit.rated_primary_flow) * 1e3,
        "tcsSupplyPipingConnection": pipe_diameter(unit.rated_secondary_flow) * 1e3,
        "tcsReturnPipingConnection": pipe_diameter(unit.rated_secondary_flow) * 1e3,
        "motorPowerInfo": curve.rated_flow * curve.rated_head / curve.efficiency / KILOWATT,
    }
    if unit.pumps_required == 2:
        values["maximumPowerConsumption2XPumps"] = power
    return values


def _crah(unit: Crah, catalog: Catalog, supply: Supply) -> dict[str, Any]:
    diameter = pipe_diameter(unit.rated_flow) * 1e3
    return {
        "electricalNominalVoltage": supply.voltage,
        "electricalFrequency": supply.frequency,
        "electricalPhase": supply.phases,
        "pipingConnection": "top",
        "primaryPipeDiameter": diameter,
        "faceArea": unit.width * unit.height,
        "sensibleCapacity": unit.rated_capacity / KILOWATT,
    }


def _ups(unit: Ups, catalog: Catalog, supply: Supply) -> dict[str, Any]:
    output = supply.behind(unit)
    return {
        "electricalInputVoltage": supply.voltage,
        "electricalInputFrequency": supply.frequency,
        "electricalInputPhase": supply.phases,
        "electricalOutputFrequency": output.frequency,
        "electricalOutputPhase": output.phases,
        "outputVoltage": output.voltage,
    }


_DERIVED: Mapping[type[Product], Callable[[Any, Catalog, Supply], Mapping[str, Any]]] = {
    Rack: _rack,
    CoolantDistributionUnit: _cdu,
    Crah: _crah,
    Ups: _ups,
}

CLASS_OF_TYPE: Mapping[type[Product], str] = {
    Rack: RACK,
    CoolantDistributionUnit: CDU,
    Crah: CRAH,
    Ups: UPS,
}
"""``aif:core:assetClass`` of a product's type."""
