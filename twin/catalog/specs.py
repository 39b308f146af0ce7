"""Typed specifications of products: what a data sheet says, in SI units.

One class per product class; ``class`` in the TOML file chooses it. The quantities are written as
text with a unit and arrive here as floats. Fields are what the physics needs, no more.
"""

from __future__ import annotations

from twin.catalog.base_spec import (
    Product,
    Spec,
)
from twin.catalog.computing_specs import (
    Accelerator,
    AuxiliaryLoad,
    Clock,
    ColdPlate,
    Hbm,
    NetworkSwitch,
    Rack,
    Trays,
)
from twin.catalog.cooling_specs import (
    Chiller,
    CoolantDistributionUnit,
    CoolingTower,
    Crah,
    DryCooler,
    Pump,
    PumpCurve,
    RearDoor,
)
from twin.catalog.power_specs import (
    Battery,
    Conversion,
    Distribution,
    EfficiencyPoint,
    Generator,
    PowerShelf,
    Transformer,
    Ups,
)

AnyProduct = (
    Accelerator
    | Rack
    | NetworkSwitch
    | Pump
    | CoolantDistributionUnit
    | RearDoor
    | Crah
    | DryCooler
    | CoolingTower
    | Chiller
    | Transformer
    | Ups
    | Distribution
    | PowerShelf
    | Battery
    | Generator
)

PRODUCT_CLASSES: dict[str, type[Product]] = {
    "accelerator": Accelerator,
    "rack": Rack,
    "network-switch": NetworkSwitch,
    "pump": Pump,
    "cdu": CoolantDistributionUnit,
    "rear-door": RearDoor,
    "crah": Crah,
    "dry-cooler": DryCooler,
    "cooling-tower": CoolingTower,
    "chiller": Chiller,
    "transformer": Transformer,
    "ups": Ups,
    "distribution": Distribution,
    "power-shelf": PowerShelf,
    "battery": Battery,
    "generator": Generator,
}

__all__ = [
    "PRODUCT_CLASSES",
    "Accelerator",
    "AnyProduct",
    "AuxiliaryLoad",
    "Battery",
    "Chiller",
    "Clock",
    "ColdPlate",
    "Conversion",
    "CoolantDistributionUnit",
    "CoolingTower",
    "Crah",
    "Distribution",
    "DryCooler",
    "EfficiencyPoint",
    "Generator",
    "Hbm",
    "NetworkSwitch",
    "PowerShelf",
    "Product",
    "Pump",
    "PumpCurve",
    "Rack",
    "RearDoor",
    "Spec",
    "Transformer",
    "Trays",
    "Ups",
]
