"""Figures of products as attributes of NVIDIA's SimReady profile AIF-Entity, and back.

``aif:core:*`` is common to all equipment, ``aif:spec:*`` depends on the class. A row of
:data:`FIGURES` ties one attribute to one key of the product specification by a factor, so the same
table writes our products and reads those of others. :data:`DECLARED` holds the attributes of the
profile that no figure of the catalogue fills: they are declared without a value, which says that
nobody has given one.
"""

from __future__ import annotations

from dataclasses import dataclass

CDU, CRAH, UPS, RACK = "CDU", "CRAH", "UPS", "compute rack"
ASSET_CLASSES = {"rack": RACK, "cdu": CDU, "crah": CRAH, "ups": UPS}
"""``aif:core:assetClass`` of our product classes; other classes have none in the profile."""

CUBIC_FOOT_PER_MINUTE = 0.3048**3 / 60.0  # m3/s
GALLON_PER_MINUTE = 3.785411784e-3 / 60.0  # m3/s
FOOT_OF_WATER = 2989.06692  # Pa, at 4 degC
HORSEPOWER = 745.69987158227022  # W


@dataclass(frozen=True)
class Figure:
    """One attribute and the product's figure behind it: attribute = figure / unit.

    attribute : name without ``aif:spec:``; key : dotted key of the product specification
    unit : the attribute's unit in SI; kind : float or int
    """

    attribute: str
    key: str
    unit: float = 1.0
    kind: str = "float"


MILLIMETRE, KILOWATT, LITRE = 1e-3, 1e3, 1e-3
LITRE_PER_MINUTE = 1e-3 / 60.0

CORE_FIGURES = (
    Figure("height", "height", MILLIMETRE),
    Figure("width", "width", MILLIMETRE),
    Figure("depth", "depth", MILLIMETRE),
    Figure("weight", "mass"),
)
"""Dimensions, of every class; in ``aif:core:``."""

FIGURES: dict[str, tuple[Figure, ...]] = {
    CDU: (
        Figure("nominalCoolingCapacity", "rated_capacity", KILOWATT),
        Figure("nominalFlow", "rated_secondary_flow"),
        Figure("referenceTechnologyCoolantFlowRate", "rated_secondary_flow", LITRE_PER_MINUTE),
        Figure("numberOfPumps", "pumps", 1, "int"),
        Figure("secondaryCircuitVolume", "secondary_volume", LITRE),
        Figure("efficiencyRotatingEquipment", "pump.motor_efficiency"),
    ),
    CRAH: (
        Figure("nominalCoolingCapacity", "rated_capacity", KILOWATT),
        Figure("totalCapacity", "rated_capacity", KILOWATT),
        Figure("flowRate", "rated_flow", GALLON_PER_MINUTE),
        Figure("nominalAirVolume", "rated_airflow", CUBIC_FOOT_PER_MINUTE),
        Figure("returnAirVolume", "rated_airflow", CUBIC_FOOT_PER_MINUTE),
        Figure("fanMotorPowerMax", "fan_power", KILOWATT),
        Figure("maximumHp", "fan_power", HORSEPOWER),
        Figure("unitPressureDrop", "rated_pressure_drop", FOOT_OF_WATER),
        Figure("electricalPowerRating", "fan_power", KILOWATT),
    ),
    UPS: (
        Figure("upsRating", "rated_power", KILOWATT),
        Figure("outputActivePower", "rated_power", KILOWATT),
    ),
    RACK: (Figure("namePlatePower", "provisioned_power", 1, "int"),),
}
"""Figures that stand in the product specification as they are."""

_TEXT, _FLOAT, _INT, _CURVE = "string", "float", "int", "float2[]"

DECLARED: dict[str, dict[str, str]] = {
    CDU: {
        "auxiliaryPowerSourceAndConnections": _FLOAT,
        "breaker": _TEXT,
        "communication1": _FLOAT,
        "communication2": _FLOAT,
        "controlHmi": _TEXT,
        "controlWiresForExternalComm": _FLOAT,
        "coolingCapacityCurve": _CURVE,
        "coolingType": _TEXT,
        "current": _FLOAT,
        "disconnect": _TEXT,
        "efficiency": _FLOAT,
        "filterSizeCoolingCapacity": _FLOAT,
        "filterSizePumps": _TEXT,
        "frequency": _FLOAT,
        "fuse": _TEXT,
        "fwsReturnPipingConnection": _FLOAT,
        "fwsSupplyPipingConnection": _FLOAT,
        "incomingPowerFeeds": _FLOAT,
        "maxSpeed": _FLOAT,
        "maximumCoolingCapacity": _FLOAT,
        "maximumFlow": _FLOAT,
        "maximumPowerConsumption2XPumps": _FLOAT,
        "maximumPowerConsumption3XPumps": _FLOAT,
        "motorPowerInfo": _FLOAT,
        "motorSize": _TEXT,
        "mountStyle": _TEXT,
        "nominalVoltage": _FLOAT,
        "powerFactor": _FLOAT,
        "powerFactorRotatingEquipment": _FLOAT,
        "powerRating": _FLOAT,
        "powerTransferDesign": _FLOAT,
        "powerTransferDevice": _FLOAT,
        "primaryCircuitVolume": _FLOAT,
        "primaryFiltration": _TEXT,
        "pumpFlowCurve": _CURVE,
        "pumpRedundancyStrategyCoolingCapacity": _FLOAT,
        "pumpRedundancyStrategyPumps": _TEXT,
        "ratedCableSize": _TEXT,
        "ratedHp": _TEXT,
        "ratedMaxPower": _FLOAT,
        "ratedSpeed": _FLOAT,
        "ratedVoltageIncomingPower": _FLOAT,
        "ratedVoltageRotatingEquipment": _FLOAT,
        "redundancyScheme": _TEXT,
        "referenceFacilityCoolantTemperature": _FLOAT,
        "referenceSecondaryCoolantTemperature": _FLOAT,
        "secondaryFiltration": _TEXT,
        "tcsReturnPipingConnection": _FLOAT,
        "tcsSupplyPipingConnection": _FLOAT,
        "totalHeatDissipated": _FLOAT,
        "wettedMaterialFws": _TEXT,
        "wettedMaterialTcs": _TEXT,
        "wiringMethod": _TEXT,
        "workingFluidCoolingCapacity": _FLOAT,
        "workingFluidPumps": _TEXT,
    },
    CRAH: {
        "airFilter": _TEXT,
        "coil": _TEXT,
        "electricalCurrent": _FLOAT,
        "electricalFrequency": _FLOAT,
        "electricalNominalVoltage": _FLOAT,
        "electricalPanelAccess": _FLOAT,
        "electricalPanelOptions": _TEXT,
        "electricalPhase": _INT,
        "externalStaticUnitPressure": _FLOAT,
        "faceArea": _FLOAT,
        "faceVelocity": _FLOAT,
        "highVoltageOptions": _FLOAT,
        "humidification": _TEXT,
        "monitoring": _TEXT,
        "numberOfFans": _INT,
        "numberOfRows": _INT,
        "pipingConnection": _TEXT,
        "powerSupply": _FLOAT,
        "primaryControl": _TEXT,
        "primaryPipeDiameter": _FLOAT,
        "secondaryPipeDiameter": _FLOAT,
        "sensibleCapacity": _FLOAT,
    },
    UPS: {
        "batteryFloatVoltage": _FLOAT,
        "batteryType": _TEXT,
        "cardCompatibility": _TEXT,
        "color": _TEXT,
        "communicationOptions": _FLOAT,
        "dcRippleVoltage": _FLOAT,
        "electricalCurrent": _FLOAT,
        "electricalInputFrequency": _FLOAT,
        "electricalInputPhase": _INT,
        "electricalInputVoltage": _FLOAT,
        "electricalOutputFrequency": _FLOAT,
        "electricalOutputPhase": _INT,
        "electricalPowerWalkIn": _FLOAT,
        "inputCurrentDistortion": _FLOAT,
        "inputPowerFactor": _FLOAT,
        "loadPowerFactor": _FLOAT,
        "nominalBatteryBus": _TEXT,
        "operatingAltitude": _FLOAT,
        "operatingTemperature": _FLOAT,
        "outputThdNominalVoltage": _FLOAT,
        "outputThdNominalVoltageWithNonLinearLoad": _FLOAT,
        "outputVoltage": _FLOAT,
        "overloadAtNominalVoltage": _FLOAT,
        "protocolsAvailable": _TEXT,
        "relativeHumidity": _FLOAT,
        "transientRecoveryLoad": _TEXT,
        "upsEnclosureClass": _TEXT,
    },
    RACK: {
        "airCooling": _FLOAT,
        "doorsPerforations": _TEXT,
        "heatCaptureRatio": _FLOAT,
        "idlePowerDefault30Pct": _FLOAT,
        "idlePowerSmoothing90Pct": _FLOAT,
        "liquidCooling": _FLOAT,
        "liquidSidePqCurve": _TEXT,
        "maxPowerAcEdpp1": _FLOAT,
        "maxPowerDcEdpp1": _FLOAT,
        "maxPowerDcEdpp2": _FLOAT,
        "maxPowerDcTdp": _FLOAT,
        "numGPUs": _INT,
        "rampDownRateDefault": _FLOAT,
        "rampUpRateDefault": _FLOAT,
        "requiredAirFlowRate": "float3[]",
        "requiredLiquidFlowRate": "float3[]",
        "significantInternalStructure": _TEXT,
    },
}
"""Type of every other attribute of a class in the profile; some are derived when writing."""


def plain_figure(product: object, key: str) -> float | None:
    """A figure of a product by its dotted key, in SI."""
    value: object = product
    for part in key.split("."):
        value = getattr(value, part, None)
    return float(value) if isinstance(value, int | float) else None
