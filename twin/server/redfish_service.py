"""What a Redfish service says of itself: versions, root, sessions, metadata, service document."""

from __future__ import annotations

import uuid
from typing import Any

ROOT = "/redfish/v1"
METADATA = f"{ROOT}/$metadata"
OPEN = frozenset({"/redfish", "/redfish/", ROOT, f"{ROOT}/", f"{ROOT}/odata", METADATA})
"""Addresses that need no token, as the standard asks (DSP0266, 13.3)."""

TYPES: dict[str, str] = {
    # what it is, without version: with version
    "ServiceRoot": "v1_16_0",
    "SessionService": "v1_1_9",
    "SessionCollection": "",
    "ChassisCollection": "",
    "Chassis": "v1_25_0",
    "SensorCollection": "",
    "Sensor": "v1_9_0",
    "ThermalEquipment": "v1_1_0",
    "CoolingUnitCollection": "",
    "CoolingUnit": "v1_1_1",
    "CoolantConnectorCollection": "",
    "CoolantConnector": "v1_1_0",
    "PumpCollection": "",
    "Pump": "v1_1_0",
    "PowerEquipment": "v1_2_0",
    "PowerDistributionCollection": "",
    "PowerDistribution": "v1_4_0",
}
"""Schemas of the tree and the version that its resources follow; collections have none."""

SERVICES = {
    "Chassis": "Chassis",
    "ThermalEquipment": "ThermalEquipment",
    "PowerEquipment": "PowerEquipment",
    "SessionService": "SessionService",
}
"""What the root leads to, by property."""


def type_of(name: str) -> str:
    """Type of a resource, such as ``#Sensor.v1_9_0.Sensor``."""
    version = TYPES[name]
    return f"#{name}.{version}.{name}" if version else f"#{name}.{name}"


def link(path: str) -> dict[str, str]:
    """A reference to a resource below the root."""
    return {"@odata.id": f"{ROOT}/{path}"}


def resource(path: str, kind: str, id: str, name: str) -> dict[str, Any]:
    """What every resource begins with."""
    return {"@odata.id": f"{ROOT}/{path}", "@odata.type": type_of(kind), "Id": id, "Name": name}


def collection(path: str, kind: str, name: str, ids: list[str]) -> dict[str, Any]:
    """A collection of resources of a kind (without ``Collection``)."""
    return {
        "@odata.id": f"{ROOT}/{path}",
        "@odata.type": type_of(f"{kind}Collection"),
        "Name": name,
        "Members@odata.count": len(ids),
        "Members": [link(f"{path}/{id}") for id in ids],
    }


def service_root(digest: str) -> dict[str, Any]:
    """The service root; ``digest`` is of the layout, by which the service is known again."""
    return {
        **resource("", "ServiceRoot", "RootService", "AI factory twin"),
        "RedfishVersion": "1.20.0",
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, digest)),
        "Product": "AI factory twin",
        "ProtocolFeaturesSupported": {
            "ExcerptQuery": False,
            "FilterQuery": False,
            "OnlyMemberQuery": False,
            "SelectQuery": False,
            "ExpandQuery": {"ExpandAll": False, "Levels": False, "Links": False, "NoLinks": False},
        },
        **{name: link(path) for name, path in SERVICES.items()},
        "Links": {"Sessions": link("SessionService/Sessions")},
    }


def session_service() -> dict[str, Any]:
    """The session service: none can be opened, users come with a bearer token."""
    return {
        **resource("SessionService", "SessionService", "SessionService", "Sessions"),
        "Description": "No sessions: send a token, Authorization: Bearer TOKEN",
        "ServiceEnabled": False,
        "Status": {"State": "Disabled"},
        "Sessions": link("SessionService/Sessions"),
    }


def service_document() -> dict[str, Any]:
    """The OData service document."""
    entries = {"Service": "", **SERVICES, "Sessions": "SessionService/Sessions"}
    return {
        "@odata.context": METADATA,
        "value": [
            {"name": name, "kind": "Singleton", "url": f"{ROOT}/{path}"}
            for name, path in entries.items()
        ],
    }


def metadata() -> str:
    """The OData metadata document: which schemas the resources follow, and where they are."""
    references = [
        reference(f"{name}_v1.xml", [name, f"{name}.{version}" if version else ""])
        for name, version in TYPES.items()
    ]
    references.append(
        '  <edmx:Reference Uri="http://redfish.dmtf.org/schemas/v1/RedfishExtensions_v1.xml">\n'
        '    <edmx:Include Namespace="RedfishExtensions.v1_0_0" Alias="Redfish"/>\n'
        "  </edmx:Reference>\n"
    )
    container = f"ServiceRoot.{TYPES['ServiceRoot']}.ServiceContainer"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">\n'
        f"{''.join(references)}"
        "  <edmx:DataServices>\n"
        '    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Service">\n'
        f'      <EntityContainer Name="Service" Extends="{container}"/>\n'
        "    </Schema>\n"
        "  </edmx:DataServices>\n"
        "</edmx:Edmx>\n"
    )


def reference(file: str, namespaces: list[str]) -> str:
    """A schema file of the standard and the namespaces of it that are used."""
    includes = "".join(f'    <edmx:Include Namespace="{name}"/>\n' for name in namespaces if name)
    return (
        f'  <edmx:Reference Uri="http://redfish.dmtf.org/schemas/v1/{file}">\n'
        f"{includes}  </edmx:Reference>\n"
    )


def error(code: str, message: str) -> dict[str, Any]:
    """An error answer; ``code`` is a message of the Base registry."""
    return {
        "error": {
            "code": f"Base.1.19.{code}",
            "message": message,
            "@Message.ExtendedInfo": [
                {
                    "@odata.type": "#Message.v1_2_1.Message",
                    "MessageId": f"Base.1.19.{code}",
                    "Message": message,
                    "MessageSeverity": "Critical",
                    "Resolution": "Look for it from the service root on.",
                }
            ],
        }
    }
