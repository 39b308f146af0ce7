"""Connection points of equipment: where pipes, cables and air meet it, and what flows there.

Each is a frame in the product's own coordinates whose z axis points out of the opening, with the
``simready:connectionPoint`` properties of the profile. Flows, powers and temperatures come from the
product; what no catalogue figure says is an engineering estimate of :data:`ESTIMATES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, Literal

from twin.catalog.specs import CoolantDistributionUnit, Crah, Product, Rack, Ups
from twin.plant.fluids import AIR_HEAT_CAPACITY, DESIGN_RISE, pipe_diameter
from twin.rigid.service_space import service_space
from twin.usd.aif_values import Supply, cdu_power

Facing = Literal["up", "front", "back"]
ROTATIONS: Mapping[Facing, tuple[float, float, float]] = {
    "up": (0.0, 0.0, 0.0),
    "front": (90.0, 0.0, 0.0),
    "back": (-90.0, 0.0, 0.0),
}
"""Rotation about x, y, z [deg] that turns z out of the product's top, front (-y) or back."""

ESTIMATES: dict[str, float] = {
    "matingDepth": 0.02,  # m, gasketed flange or blind-mate coupling
    "operatingPressure": 300e3,  # Pa gauge, mid of a 1.5 to 5 bar loop
    "maxPressure": 1000e3,  # Pa gauge, PN 10 as common for building services
    "tcsTemperature": 40.0,  # degC, warm-water technology loop
    "fwsTemperature": 36.0,  # degC, warm-water facility loop
    "maxTemperature": 65.0,  # degC, return limit of technology loops
    "chilledTemperature": 20.0,  # degC, medium-temperature chilled water
    "airTemperature": 24.0,  # degC, cold aisle
    "maxAirTemperature": 45.0,  # degC
    "rackAirRise": 15.0,  # K, over a rack
    "staticPressure": 20.0,  # Pa, across a perforated door or filter
    "freeAreaRatio": 0.7,
    "powerFactor": 0.99,
    "breakerMargin": 1.25,  # breaker over continuous current
}
"""Engineering estimates for properties that no data sheet of the catalogue gives."""

FLANGE_RATING = "PN10"
"""As the largest pressure: common for building services."""

PIPE_SIZES = (15, 20, 25, 32, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300, 350, 400)
"""Nominal sizes DN [mm] of ISO 6708."""


@dataclass(frozen=True)
class ConnectionPoint:
    """One interface: prim name, position [m], facing, and properties by name without namespace."""

    name: str
    position: tuple[float, float, float]
    facing: Facing
    domain: str
    direction: str
    system: str
    disconnect: str
    clearance: float
    values: Mapping[str, Any] = field(default_factory=dict)


def connection_points(product: Product, supply: Supply) -> list[ConnectionPoint]:
    """Connection points of a rack, CDU, CRAH or UPS; none for other products."""
    build = _POINTS.get(type(product))
    return build(product, supply) if build is not None else []


def nominal_size(diameter: float) -> str:
    """Smallest nominal pipe size with at least a bore [m], such as ``DN100``."""
    return f"DN{next((size for size in PIPE_SIZES if size >= 1e3 * diameter - 0.5), 400)}"


def _thermal(flow: float, temperature: float, fluid: str) -> dict[str, Any]:
    bore = pipe_diameter(flow)
    return {
        "portDiameter": bore,
        "matingDepth": ESTIMATES["matingDepth"],
        "designFlowRate": flow * 1e3,
        "maxFlowRate": flow * 1e3,
        "designTemperature": temperature,
        "maxTemperature": ESTIMATES["maxTemperature"],
        "operatingPressure": ESTIMATES["operatingPressure"],
        "maxPressure": ESTIMATES["maxPressure"],
        "fluidType": fluid,
        "flangeRating": FLANGE_RATING,
        "flangeSize": nominal_size(bore),
    }


def _electrical(power: float, supply: Supply) -> dict[str, Any]:
    factor = ESTIMATES["powerFactor"] if supply.phases else 1.0
    line = sqrt(3.0) if supply.phases == 3 else 1.0
    current = power / (line * supply.voltage * factor)
    return {
        "matingDepth": 0.0,
        "nominalVoltage": supply.voltage,
        "maxCurrent": current,
        "phases": supply.phases,
        "frequency": supply.frequency,
        "connectorType": "hardwired",
        "ratedPower": power,
        "breakerRating": current * ESTIMATES["breakerMargin"],
        "powerFactor": factor,
    }


def _air(width: float, height: float, flow: float, temperature: float) -> dict[str, Any]:
    return {
        "interfaceWidth": width,
        "interfaceHeight": height,
        "freeAreaRatio": ESTIMATES["freeAreaRatio"],
        "designAirflowRate": flow,
        "maxAirflowRate": flow,
        "designTemperature": temperature,
        "maxTemperature": max(temperature, ESTIMATES["maxAirTemperature"]),
        "staticPressure": ESTIMATES["staticPressure"],
        "filterType": "none",
    }


def _management(product: Product) -> ConnectionPoint:
    x = 0.25 * product.width
    return ConnectionPoint(
        "network_management",
        (x, 0.3 * product.depth, product.height),
        "up",
        "network",
        "bidirectional",
        "mgmt",
        "RJ45",
        0.1,
        {
            "portWidth": 0.0117,
            "portHeight": 0.0068,
            "matingDepth": 0.0109,
            "portType": "RJ45",
            "protocol": "Ethernet",
            "dataRate": "1GbE",
            "medium": "copper",
            "fabricRole": "mgmt",
            "supportedLineRates": ["1GbE", "100Mbps"],
            "supportedConfigurations": ["1x1G"],
            "allowedTransceivers": ["none"],
            "hotPlugCapable": True,
        },
    )


def _rack(rack: Rack, supply: Supply) -> list[ConnectionPoint]:
    space = service_space(rack)
    w, d, h = rack.width, rack.depth, rack.height
    points = [
        ConnectionPoint(
            "electrical_feed",
            (0.0, 0.25 * d, h),
            "up",
            "electrical",
            "input",
            "power",
            "hardwired",
            0.3,
            _electrical(rack.provisioned_power, supply.critical),
        ),
        _management(rack),
    ]
    inlet = ESTIMATES["airTemperature"]
    if rack.cooling == "liquid":
        supply_at, rise = ESTIMATES["tcsTemperature"], DESIGN_RISE
        for side, name, temperature in ((1, "supply", supply_at), (-1, "return", supply_at + rise)):
            points.append(
                ConnectionPoint(
                    f"tcs_{name}",
                    (side * (0.5 * w - 0.06), 0.5 * d - 0.06, h),
                    "up",
                    "thermal",
                    name,
                    "TCS",
                    "quick_disconnect",
                    space.rear,
                    _thermal(rack.rated_flow, temperature, "glycol_water_25"),
                )
            )
    else:
        inlet = min(inlet, rack.maximum_supply_temperature)
    outlet = inlet + ESTIMATES["rackAirRise"]
    faces: tuple[tuple[str, str, float, Facing, float, float], ...] = (
        ("air_intake", "input", -0.5 * d, "front", inlet, space.front),
        ("air_exhaust", "output", 0.5 * d, "back", outlet, space.rear),
    )
    for name, direction, y, facing, temperature, free in faces:
        points.append(
            ConnectionPoint(
                name,
                (0.0, y, 0.5 * h),
                facing,
                "airflow",
                direction,
                "equipment_cooling",
                "open_vent",
                free,
                _air(w - 0.1, h - 0.2, rack.rated_airflow, temperature),
            )
        )
    return points


def _cdu(unit: CoolantDistributionUnit, supply: Supply) -> list[ConnectionPoint]:
    x, y, h = 0.5 * unit.width, 0.5 * unit.depth, unit.height
    fws, tcs = ESTIMATES["fwsTemperature"], ESTIMATES["tcsTemperature"]
    points = []
    for k, (name, system, direction, flow, temperature, fluid) in enumerate(
        (
            ("fws_supply", "FWS", "supply", unit.rated_primary_flow, fws, "water"),
            ("fws_return", "FWS", "return", unit.rated_primary_flow, fws + DESIGN_RISE, "water"),
            ("tcs_supply", "TCS", "supply", unit.rated_secondary_flow, tcs, "glycol_water_25"),
            (
                "tcs_return",
                "TCS",
                "return",
                unit.rated_secondary_flow,
                tcs + DESIGN_RISE,
                "glycol_water_25",
            ),
        )
    ):
        # the four stubs on the cabinet's roof, left to right
        points.append(
            ConnectionPoint(
                name,
                (-0.72 * x + k * 0.48 * x, 0.45 * y, h),
                "up",
                "thermal",
                direction,
                system,
                "flanged",
                0.3,
                _thermal(flow, temperature, fluid),
            )
        )
    points.append(
        ConnectionPoint(
            "electrical_feed",
            (0.0, -0.4 * y, h - 0.12),
            "up",
            "electrical",
            "input",
            "power",
            "hardwired",
            0.3,
            _electrical(cdu_power(unit), supply.critical),
        )
    )
    points.append(_management(unit))
    return points


def _crah(unit: Crah, supply: Supply) -> list[ConnectionPoint]:
    x, y, h = 0.5 * unit.width, 0.5 * unit.depth, unit.height
    chilled = ESTIMATES["chilledTemperature"]
    cold = ESTIMATES["airTemperature"]
    warm = cold + unit.rated_capacity / (AIR_HEAT_CAPACITY * unit.rated_airflow)
    points = [
        ConnectionPoint(
            f"liq_{name}",
            (x - 0.16 + side * 0.07, y - 0.12, h),
            "up",
            "thermal",
            name,
            "FWS",
            "flanged",
            0.3,
            _thermal(unit.rated_flow, temperature, "water"),
        )
        for side, name, temperature in (
            (-1, "supply", chilled),
            (1, "return", chilled + DESIGN_RISE),
        )
    ]
    points.append(
        ConnectionPoint(
            "electrical_feed",
            (-0.8 * x, 0.5 * y, h - 0.1),
            "up",
            "electrical",
            "input",
            "power",
            "hardwired",
            0.3,
            _electrical(unit.fan_power, supply),
        )
    )
    free = service_space(unit).front
    for name, direction, z, height, temperature in (
        ("air_return", "input", 0.72 * h, 0.5 * h, warm),
        ("air_supply", "output", 0.25 * h, 0.35 * h, cold),
    ):
        points.append(
            ConnectionPoint(
                name,
                (0.0, -y, z),
                "front",
                "airflow",
                direction,
                "equipment_cooling",
                "open_vent",
                free,
                _air(unit.width - 0.1, height, unit.rated_airflow, temperature),
            )
        )
    points.append(_management(unit))
    return points


def _ups(unit: Ups, supply: Supply) -> list[ConnectionPoint]:
    x, h = 0.5 * unit.width, unit.height
    points = [
        ConnectionPoint(
            f"electrical_{name}",
            (place * x, 0.0, h),
            "up",
            "electrical",
            name,
            "power",
            "hardwired",
            0.3,
            _electrical(unit.rated_power, side),
        )
        for name, place, side in (("input", -0.6, supply), ("output", 0.2, supply.behind(unit)))
    ]
    points.append(_management(unit))
    return points


_POINTS: Mapping[type[Product], Callable[[Any, Supply], list[ConnectionPoint]]] = {
    Rack: _rack,
    CoolantDistributionUnit: _cdu,
    Crah: _crah,
    Ups: _ups,
}
