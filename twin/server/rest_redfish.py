"""A read-only Redfish tree of racks, CDUs and panels, for tools that speak it.

Racks are chassis with sensors, CDUs are cooling units under ThermalEquipment with the connectors of
both sides, panels are floor distribution units under PowerEquipment. Identifiers are paths with
dots for slashes. Nothing can be written.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from twin.channels import Channel
from twin.errors import InputError
from twin.server.guard import Viewing
from twin.server.keeping import Gone
from twin.server.rest_live import finite, on_session
from twin.server.session import Session
from twin.server.state import ServerState

ROOT = "/redfish/v1"
UNITS = {
    # unit of the channel: reading type, reading unit, factor
    "degC": ("Temperature", "Cel", 1.0),
    "delta_degC": ("Temperature", "K", 1.0),
    "W": ("Power", "W", 1.0),
    "m**3/s": ("LiquidFlowLPM", "L/min", 60_000.0),
    "Pa": ("PressurekPa", "kPa", 1e-3),
    "": ("Percent", "%", 100.0),
}
COUNTS = ("rack.throttled",)  # channels without unit that are no shares
COLLECTIONS = {
    "Chassis": ("rack", "ChassisCollection.ChassisCollection", "Racks"),
    "ThermalEquipment/CDUs": ("cdu", "CoolingUnitCollection.CoolingUnitCollection", "CDUs"),
    "PowerEquipment/FloorPDUs": (
        "panel",
        "PowerDistributionCollection.PowerDistributionCollection",
        "Panels",
    ),
}


def rest_redfish(state: ServerState) -> APIRouter:
    """Routes under ``/redfish``; they show the server's first session."""
    router = APIRouter(tags=["redfish"])
    tree = Tree(state)

    @router.get("/redfish")
    async def versions() -> JSONResponse:
        """Versions of the service."""
        return _answer({"v1": f"{ROOT}/"})

    @router.get(f"{ROOT}/")
    async def root() -> JSONResponse:
        """The service root; needs no token, as the standard asks."""
        return _answer(
            {
                **_resource(
                    "", "#ServiceRoot.v1_15_0.ServiceRoot", "RootService", "AI factory twin"
                ),
                "RedfishVersion": "1.20.0",
                "Chassis": _link("Chassis"),
                "ThermalEquipment": _link("ThermalEquipment"),
                "PowerEquipment": _link("PowerEquipment"),
            }
        )

    @router.get(ROOT + "/{path:path}")
    async def resource(path: str, user: Viewing) -> JSONResponse:
        """Any other resource of the tree."""
        return _answer(await tree.get(path.strip("/")))

    return router


class Tree:
    """Resources by their address below the root."""

    def __init__(self, state: ServerState):
        self.state = state

    async def get(self, path: str) -> dict[str, Any]:
        """A resource; raises Gone when there is none."""
        session = self.state.manager.get(None)
        if path == "ThermalEquipment":
            return {
                **_resource(
                    path, "#ThermalEquipment.v1_1_0.ThermalEquipment", "ThermalEquipment", "Cooling"
                ),
                "CDUs": _link("ThermalEquipment/CDUs"),
            }
        if path == "PowerEquipment":
            return {
                **_resource(
                    path,
                    "#PowerEquipment.v1_2_0.PowerEquipment",
                    "PowerEquipment",
                    "Power distribution",
                ),
                "FloorPDUs": _link("PowerEquipment/FloorPDUs"),
            }
        for prefix, (level, kind, name) in COLLECTIONS.items():
            if path == prefix:
                ids = [_id(element) for element in session.subject.levels.paths(level)]
                return _collection(path, kind, name, ids)
            if path.startswith(prefix + "/"):
                id, _, rest = path[len(prefix) + 1 :].partition("/")
                return await self._element(session, prefix, level, id, rest)
        raise Gone(f"no resource '{path[:100]}'")

    async def _element(
        self, session: Session, prefix: str, level: str, id: str, rest: str
    ) -> dict[str, Any]:
        try:
            found, row = session.subject.levels.find("/" + id.replace(".", "/"))
        except InputError:
            raise Gone(f"no resource '{id[:100]}'") from None
        if found != level:
            raise Gone(f"no resource '{id[:100]}'")
        base = f"{prefix}/{id}"
        sensors = await _sensors(session, base, level, row)
        if rest == "Sensors":
            return _collection(
                f"{base}/Sensors",
                "SensorCollection.SensorCollection",
                "Sensors",
                [sensor["Id"] for sensor in sensors.values()],
            )
        if rest.startswith("Sensors/"):
            name = rest.removeprefix("Sensors/")
            for sensor in sensors.values():
                if sensor["Id"] == name:
                    return sensor
        if rest == "":
            return {"rack": _chassis, "cdu": _cooling_unit, "panel": _distribution}[level](
                base, id, sensors
            )
        if level == "cdu":
            found_part = _cdu_part(base, rest, sensors)
            if found_part is not None:
                return found_part
        raise Gone(f"no resource '{rest[:100]}'")


async def _sensors(session: Session, base: str, level: str, row: int) -> dict[str, dict[str, Any]]:
    """Sensors of an element by channel name."""
    own = [c for c in session.subject.channels if c.level == level]
    values = await on_session(
        session, lambda: [float(session.subject.channel(c.name)[row]) for c in own]
    )
    return {c.name: _sensor(base, c, value) for c, value in zip(own, values, strict=True)}


def _sensor(base: str, channel: Channel, value: float) -> dict[str, Any]:
    known = channel.unit in UNITS and channel.name not in COUNTS
    kind, unit, factor = UNITS[channel.unit] if known else (None, None, 1.0)
    id = "".join(word.capitalize() for word in channel.name.partition(".")[2].split("_"))
    reading = finite(np.array([value * factor]), channel.resolution * factor)[0]
    return {
        **_resource(f"{base}/Sensors/{id}", "#Sensor.v1_9_0.Sensor", id, channel.title),
        "Description": channel.description,
        "Reading": reading,
        "ReadingType": kind,
        "ReadingUnits": unit,
        "Status": {"State": "Enabled", "Health": _health(channel, value)},
        "Thresholds": {
            name: {"Reading": limit * factor}
            for name, limit in (("UpperCaution", channel.warning), ("UpperCritical", channel.limit))
            if limit is not None
        },
    }


def _health(channel: Channel, value: float) -> str:
    if channel.limit is not None and value >= channel.limit:
        return "Critical"
    if channel.warning is not None and value >= channel.warning:
        return "Warning"
    return "OK"


def _chassis(base: str, id: str, sensors: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        **_resource(base, "#Chassis.v1_25_0.Chassis", id, id.replace(".", "/")),
        "ChassisType": "Rack",
        "PowerState": "On" if _value(sensors, "rack.power") else "Off",
        "Status": _status(sensors),
        "Sensors": _link(f"{base}/Sensors"),
    }


def _cooling_unit(base: str, id: str, sensors: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        **_resource(base, "#CoolingUnit.v1_1_1.CoolingUnit", id, id.replace(".", "/")),
        "EquipmentType": "CDU",
        "Status": _status(sensors),
        "PrimaryCoolantConnectors": _link(f"{base}/PrimaryCoolantConnectors"),
        "SecondaryCoolantConnectors": _link(f"{base}/SecondaryCoolantConnectors"),
        "Pumps": _link(f"{base}/Pumps"),
        "Sensors": _link(f"{base}/Sensors"),
    }


def _distribution(base: str, id: str, sensors: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        **_resource(base, "#PowerDistribution.v1_4_0.PowerDistribution", id, id.replace(".", "/")),
        "EquipmentType": "FloorPDU",
        "Status": _status(sensors),
        "Sensors": _link(f"{base}/Sensors"),
    }


def _cdu_part(base: str, rest: str, sensors: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Connectors and pumps of a CDU."""
    sides = {
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
    head, _, tail = rest.partition("/")
    if head in sides:
        kind = "CoolantConnectorCollection.CoolantConnectorCollection"
        if not tail:
            return _collection(f"{base}/{head}", kind, head, ["1"])
        if tail == "1":
            supply, back, flow = sides[head]
            connector = {
                **_resource(
                    f"{base}/{rest}", "#CoolantConnector.v1_1_0.CoolantConnector", "1", head
                ),
                "CoolantConnectorType": "Pair",
                "SupplyTemperatureCelsius": _excerpt(sensors, f"cdu.{supply}"),
                "ReturnTemperatureCelsius": _excerpt(sensors, f"cdu.{back}"),
                "FlowLitersPerMinute": _excerpt(sensors, f"cdu.{flow}"),
            }
            heat = _value(sensors, "cdu.heat")
            if heat is not None:
                connector["HeatRemovedkW"] = {"Reading": heat / 1000.0}
            if head.startswith("Secondary"):
                connector["DeltaPressurekPa"] = _excerpt(sensors, "cdu.differential_pressure")
            return connector
    if head == "Pumps":
        if not tail:
            return _collection(f"{base}/Pumps", "PumpCollection.PumpCollection", "Pumps", ["1"])
        if tail == "1":
            return {
                **_resource(f"{base}/{rest}", "#Pump.v1_1_0.Pump", "1", "Pumps, together"),
                "PumpType": "Liquid",
                "PumpSpeedPercent": _excerpt(sensors, "cdu.pump_speed"),
            }
    return None


def _excerpt(sensors: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    sensor = sensors.get(name)
    if sensor is None:
        return {"Reading": None}
    return {"Reading": sensor["Reading"], "DataSourceUri": sensor["@odata.id"]}


def _value(sensors: dict[str, dict[str, Any]], name: str) -> float | None:
    sensor = sensors.get(name)
    return sensor["Reading"] if sensor is not None else None


def _status(sensors: dict[str, dict[str, Any]]) -> dict[str, str]:
    order = ("OK", "Warning", "Critical")
    worst = max((order.index(s["Status"]["Health"]) for s in sensors.values()), default=0)
    return {"State": "Enabled", "Health": order[worst]}


def _id(path: str) -> str:
    return path.strip("/").replace("/", ".")


def _link(path: str) -> dict[str, str]:
    return {"@odata.id": f"{ROOT}/{path}"}


def _resource(path: str, kind: str, id: str, name: str) -> dict[str, Any]:
    return {"@odata.id": f"{ROOT}/{path}", "@odata.type": kind, "Id": id, "Name": name}


def _collection(path: str, kind: str, name: str, ids: list[str]) -> dict[str, Any]:
    return {
        "@odata.id": f"{ROOT}/{path}",
        "@odata.type": f"#{kind}",
        "Name": name,
        "Members@odata.count": len(ids),
        "Members": [_link(f"{path}/{id}") for id in ids],
    }


def _answer(body: dict[str, Any]) -> JSONResponse:
    return JSONResponse(body, headers={"OData-Version": "4.0"})
