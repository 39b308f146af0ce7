"""The read-only Redfish tree: every link leads somewhere, and readings are those of the twin."""

import pytest
from live_server import Server

CDU = "pilot.hall-a.row-01.cdu-1"


@pytest.fixture(scope="module")
def server():
    with Server("pilot", "--paused", "--redfish") as running:
        running.get("/api/commands", body={"name": "step", "value": 120})
        yield running


def links(value):
    """Every ``@odata.id`` and ``DataSourceUri`` in an answer."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("@odata.id", "DataSourceUri"):
                yield inner
            else:
                yield from links(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from links(inner)


def test_every_link_leads_to_a_resource_that_names_itself(server):
    assert server.get("/redfish") == {"v1": "/redfish/v1/"}
    seen, waiting = set(), ["/redfish/v1/"]
    while waiting and len(seen) < 150:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        resource = server.get(address)
        assert resource["@odata.id"].rstrip("/") == address.rstrip("/")
        assert resource["@odata.type"].startswith("#")
        assert resource["Name"]
        if "Members" in resource:
            assert resource["Members@odata.count"] == len(resource["Members"])
        waiting.extend(links(resource))
    assert any(CDU in address for address in seen)
    assert len(seen) > 100


def test_readings_are_those_of_the_twin(server):
    unit = server.get(f"/redfish/v1/ThermalEquipment/CDUs/{CDU}")
    assert unit["EquipmentType"] == "CDU"
    connector = server.get(f"/redfish/v1/ThermalEquipment/CDUs/{CDU}/SecondaryCoolantConnectors/1")
    values = server.get("/api/element?path=/" + CDU.replace(".", "/"))["values"]
    assert connector["SupplyTemperatureCelsius"]["Reading"] == pytest.approx(
        values["cdu.supply_temperature"], abs=0.01
    )
    assert connector["FlowLitersPerMinute"]["Reading"] == pytest.approx(
        values["cdu.secondary_flow"] * 60_000, rel=1e-3
    )
    heat = connector["HeatRemovedkW"]["Reading"]
    assert heat == pytest.approx(values["cdu.heat"] / 1e3, rel=1e-3)
    sensor = server.get("/redfish/v1/Chassis/pilot.hall-a.row-01.rack-01/Sensors/Power")
    assert (sensor["ReadingType"], sensor["ReadingUnits"]) == ("Power", "W")


def test_a_fault_shows_as_health(server):
    server.get(
        "/api/commands", body={"name": "inject", "path": "/" + CDU.replace(".", "/"), "key": "trip"}
    )
    server.get("/api/commands", body={"name": "step", "value": 60})
    rack = server.get("/redfish/v1/Chassis/pilot.hall-a.row-01.rack-01")
    assert rack["Status"]["Health"] != "OK"


@pytest.mark.parametrize(
    "path",
    [
        "Chassis/none",
        "Chassis/pilot",
        "Systems",
        "../api/kpis",
        "Chassis/%2e%2e/x",
        f"ThermalEquipment/CDUs/{CDU}/Nothing",
        f"Chassis/{CDU}",
    ],
)
def test_what_is_not_there_is_not_found(server, path):
    assert server.request(f"/redfish/v1/{path}")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_nothing_can_be_written(server, method):
    status, _ = server.request(f"/redfish/v1/ThermalEquipment/CDUs/{CDU}", body={}, method=method)
    assert status == 405


def test_it_is_off_by_default():
    from twin.server.state import Settings

    assert Settings().redfish is False
