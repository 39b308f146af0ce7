"""Redfish resources of one element, made of its channels: racks, CDUs, panels and their parts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.channels import Channel
from twin.server.redfish_service import ROOT, collection, link, resource
from twin.server.rest_live import finite

UNITS = {
    # unit of the channel: reading type, reading unit, factor
    "degC": ("Temperature", "Cel", 1.0),
    "delta_degC": ("Temperature", "K", 1.0),
    "W": ("Power", "W", 1.0),
    "A": ("Current", "A", 1.0),
    "m**3/s": ("LiquidFlowLPM", "L/min", 60_000.0),
    "Pa": ("PressurekPa", "kPa", 1e-3),
}
SHARE = ("Percent", "%", 100.0)
SEVERITY = {"": "OK", "warning": "Warning", "limit": "Critical"}
"""Health by what a value has gone beyond."""
WORSE = ("OK", "Warning", "Critical")
MARKS = {
    # whether limits are undershot: names of the thresholds of warning and limit
    False: ("UpperCaution", "UpperCritical"),
    True: ("LowerCaution", "LowerCritical"),
}
SIDES = {
    "PrimaryCoolantConnectors": (
        "primary_supply_temperature",
        "primary_return_temperature",
        "primary_flow",
    ),
    "SecondaryCoolantConnectors": (
        "supply_temperature",
        "return_temperature",
        "secondary_flow",
    ),
}
"""Supply, return and flow of both sides of a CDU."""


@dataclass(frozen=True)
class Element:
    """An element and its values by the channel's name in its level."""

    id: str
    level: str
    channels: dict[str, Channel]
    values: dict[str, float]

    @property
    def path(self) -> str:
        """Its path in the layout."""
        return "/" + self.id.replace(".", "/")

    @property
    def sensors(self) -> str:
        """Address of its sensors below the root: those of its chassis."""
        return f"Chassis/{self.id}/Sensors"

    def value(self, name: str) -> float:
        """A value; NaN where it is not known or does not apply."""
        return self.values.get(name, math.nan)

    def sensor_ids(self) -> dict[str, str]:
        """Channel of every sensor by the sensor's id."""
        return {sensor_id(name): name for name in self.channels}


def sensor_id(name: str) -> str:
    """Id of a channel's sensor: ``SupplyTemperature``."""
    return "".join(word.capitalize() for word in name.split("_"))


def reading_of(channel: Channel) -> tuple[str | None, str | None, float]:
    """Reading type and unit of a channel and the factor to it; none of counts and states."""
    if channel.unit == "" and channel.resolution < 0.1:
        return SHARE
    return UNITS.get(channel.unit, (None, None, 1.0))


def sensor(element: Element, name: str) -> dict[str, Any]:
    """A channel as a sensor; one that does not apply to the element is absent."""
    channel, value = element.channels[name], element.value(name)
    kind, unit, factor = reading_of(channel)
    reading = finite(np.array([value * factor]), channel.resolution * factor)[0]
    status = {"State": "Absent"}
    if math.isfinite(value):
        status = {"State": "Enabled", "Health": SEVERITY[channel.beyond(value)]}
    known = {"ReadingType": kind, "ReadingUnits": unit}
    marks = zip(MARKS[channel.falling], (channel.warning, channel.limit), strict=True)
    thresholds = {mark: {"Reading": at * factor} for mark, at in marks if at is not None}
    id = sensor_id(name)
    return {
        **resource(f"{element.sensors}/{id}", "Sensor", id, channel.title),
        "Description": channel.description,
        "Reading": reading,
        **{key: text for key, text in known.items() if text is not None},
        "Status": status,
        **({"Thresholds": thresholds} if thresholds else {}),
    }


def sensors(element: Element) -> dict[str, Any]:
    """The collection of an element's sensors."""
    return collection(element.sensors, "Sensor", "Sensors", [*element.sensor_ids()])


def status(element: Element) -> dict[str, str]:
    """State and health of an element: what it does, and the worst of its sensors."""
    worst = max(
        (
            WORSE.index(SEVERITY[channel.beyond(element.value(name))])
            for name, channel in element.channels.items()
        ),
        default=0,
    )
    state = "Enabled"
    if element.level == "rack" and element.value("power") <= 0.0:
        state = "UnavailableOffline"
    if element.level == "cdu" and element.value("secondary_flow") <= 0.0:
        # nothing else fails when a pump that should run stands still
        state, worst = "UnavailableOffline", WORSE.index("Critical")
    if element.level == "panel":
        if element.value("tripped") > 0.0:
            state = "Disabled"
        elif element.value("voltage") <= 0.0:
            state = "UnavailableOffline"
    return {"State": state, "Health": WORSE[worst]}


def chassis(element: Element) -> dict[str, Any]:
    """A rack, or the cabinet of a CDU or panel, as a chassis."""
    made = {
        **resource(f"Chassis/{element.id}", "Chassis", element.id, element.path),
        "ChassisType": "Rack" if element.level == "rack" else "Enclosure",
        "Status": status(element),
        "Sensors": link(element.sensors),
    }
    if element.level == "rack":
        made["PowerState"] = "On" if element.value("power") > 0.0 else "Off"
    if element.level == "cdu":
        made["Links"] = {"CoolingUnits": [link(f"ThermalEquipment/CDUs/{element.id}")]}
    if element.level == "panel":
        made["Links"] = {"PowerDistribution": link(f"PowerEquipment/FloorPDUs/{element.id}")}
    return made


def cooling_unit(element: Element, rest: str) -> dict[str, Any] | None:
    """A CDU as a cooling unit, or the part ``rest`` of it; None when there is no such part."""
    base = f"ThermalEquipment/CDUs/{element.id}"
    head, _, tail = rest.partition("/")
    if not rest:
        return {
            **resource(base, "CoolingUnit", element.id, element.path),
            "EquipmentType": "CDU",
            "Status": status(element),
            **{name: link(f"{base}/{name}") for name in (*SIDES, "Pumps")},
            "Links": {"Chassis": [link(f"Chassis/{element.id}")]},
        }
    if head in SIDES and not tail:
        return collection(f"{base}/{head}", "CoolantConnector", head, ["1"])
    if head in SIDES and tail == "1":
        return _connector(element, f"{base}/{rest}", head)
    if rest == "Pumps":
        return collection(f"{base}/Pumps", "Pump", "Pumps", ["1"])
    if rest == "Pumps/1":
        return {
            **resource(f"{base}/{rest}", "Pump", "1", "Pumps, together"),
            "PumpType": "Liquid",
            "Status": status(element),
            "PumpSpeedPercent": excerpt(element, "pump_speed"),
        }
    return None


def _connector(element: Element, path: str, side: str) -> dict[str, Any]:
    supply, back, flow = SIDES[side]
    made = {
        **resource(path, "CoolantConnector", "1", side),
        "CoolantConnectorType": "Pair",
        "Status": {"State": status(element)["State"]},
        "SupplyTemperatureCelsius": excerpt(element, supply),
        "ReturnTemperatureCelsius": excerpt(element, back),
        "FlowLitersPerMinute": excerpt(element, flow),
    }
    if math.isfinite(element.value("heat")):
        made["HeatRemovedkW"] = {"Reading": round(element.value("heat") / 1000.0, 3)}
    if side.startswith("Secondary"):
        made["DeltaPressurekPa"] = excerpt(element, "differential_pressure")
    return made


def distribution(element: Element) -> dict[str, Any]:
    """A panel as a floor distribution unit."""
    base = f"PowerEquipment/FloorPDUs/{element.id}"
    return {
        **resource(base, "PowerDistribution", element.id, element.path),
        "EquipmentType": "FloorPDU",
        "Status": status(element),
        "Links": {"Chassis": [link(f"Chassis/{element.id}")]},
    }


def excerpt(element: Element, name: str) -> dict[str, Any]:
    """The reading of a sensor and where the whole of it is."""
    if name not in element.channels:
        return {"Reading": None}
    uri = f"{ROOT}/{element.sensors}/{sensor_id(name)}"
    return {"Reading": sensor(element, name)["Reading"], "DataSourceUri": uri}
