"""The read-only Redfish tree: every link leads somewhere, and readings are those of the twin."""

from xml.etree import ElementTree

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
        for key in ("Links", "Status", "Thresholds"):
            assert resource.get(key) != {}
    assert any(CDU in address for address in seen)
    assert len(seen) > 100


def test_the_service_says_what_it_is_without_a_token(tmp_path):
    tokens = tmp_path / "tokens"
    tokens.write_text("view somebody viewer-token-0001\n")
    tokens.chmod(0o600)
    with Server("pilot", "--paused", "--redfish", "--tokens", tokens) as guarded:
        for path in ("/redfish", "/redfish/v1", "/redfish/v1/", "/redfish/v1/odata"):
            status, body = guarded.request(path)
            assert status == 200, path
            assert body
        assert guarded.request("/redfish/v1/$metadata", raw=True)[0] == 200
        assert guarded.request("/redfish/v1/Chassis")[0] == 401


def test_the_root_has_what_the_standard_requires(server):
    root = server.get("/redfish/v1")
    assert root == server.get("/redfish/v1/")
    assert root["@odata.type"].startswith("#ServiceRoot.v1_")
    sessions = root["Links"]["Sessions"]["@odata.id"]
    assert server.get(sessions)["Members@odata.count"] == 0
    assert server.get(root["SessionService"]["@odata.id"])["ServiceEnabled"] is False
    document = server.get("/redfish/v1/odata")
    assert document["@odata.context"] == "/redfish/v1/$metadata"
    entries = {entry["name"]: entry for entry in document["value"]}
    assert entries["Service"] == {"name": "Service", "kind": "Singleton", "url": "/redfish/v1/"}
    for entry in entries.values():
        assert server.get(entry["url"])["@odata.id"] == entry["url"]


def test_metadata_names_the_schema_of_every_resource(server):
    status, body = server.request("/redfish/v1/$metadata", raw=True)
    assert status == 200
    tree = ElementTree.fromstring(body)
    space = {"edmx": "http://docs.oasis-open.org/odata/ns/edmx",
             "edm": "http://docs.oasis-open.org/odata/ns/edm"}  # fmt: skip
    included = {row.get("Namespace") for row in tree.iterfind(".//edmx:Include", space)}
    container = tree.find(".//edm:EntityContainer", space)
    assert container.get("Extends").rpartition(".")[0] in included
    for address in ("", "Chassis", f"Chassis/{CDU}", f"Chassis/{CDU}/Sensors",
                    f"Chassis/{CDU}/Sensors/Heat", "ThermalEquipment", "PowerEquipment",
                    f"ThermalEquipment/CDUs/{CDU}/Pumps/1", "SessionService"):  # fmt: skip
        kind = server.get(f"/redfish/v1/{address}")["@odata.type"].removeprefix("#")
        assert kind.rpartition(".")[0] in included, address


def elements(server):
    """Addresses of all racks, CDUs and panels and of their equipment."""
    for path in ("Chassis", "ThermalEquipment/CDUs", "PowerEquipment/FloorPDUs"):
        for member in server.get(f"/redfish/v1/{path}")["Members"]:
            yield member["@odata.id"]


def test_a_healthy_factory_is_healthy_everywhere(server):
    states = {address: server.get(address)["Status"] for address in elements(server)}
    assert len(states) == 8 + 2 * 2 + 2 * 4
    assert {tuple(status.values()) for status in states.values()} == {("Enabled", "OK")}
    level = server.get(f"/redfish/v1/Chassis/{CDU}/Sensors/CoolantLevel")
    assert level["Reading"] == 100.0
    assert level["Status"] == {"State": "Enabled", "Health": "OK"}
    # a full vessel is no fault: the marks lie below
    assert level["Thresholds"] == {
        "LowerCaution": {"Reading": 50.0}, "LowerCritical": {"Reading": 5.0}
    }  # fmt: skip


def test_counts_and_states_are_no_percentages_and_what_there_is_not_is_absent(server):
    panel = "/redfish/v1/Chassis/pilot.hall-a.row-01.panel-1/Sensors"
    tripped = server.get(f"{panel}/Tripped")
    assert tripped["Reading"] == 0.0
    assert "ReadingUnits" not in tripped
    assert server.get(f"{panel}/Current")["ReadingUnits"] == "A"
    assert server.get(f"{panel}/Voltage")["ReadingUnits"] == "%"
    system = server.get(f"{panel}/System")
    assert (system["Reading"], system["Status"]) == (None, {"State": "Absent"})


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
    for address in (f"ThermalEquipment/CDUs/{CDU}", f"Chassis/{CDU}"):
        status = server.get(f"/redfish/v1/{address}")["Status"]
        assert status == {"State": "UnavailableOffline", "Health": "Critical"}
    other = CDU.replace("cdu-1", "cdu-2")
    assert server.get(f"/redfish/v1/Chassis/{other}")["Status"]["State"] == "Enabled"
    path = "/pilot/hall-a/row-01/rack-05"
    server.get("/api/commands", body={"name": "inject", "path": path, "key": "breaker-open"})
    server.get("/api/commands", body={"name": "step", "value": 5})
    dark = server.get("/redfish/v1/Chassis/pilot.hall-a.row-01.rack-05")
    assert (dark["PowerState"], dark["Status"]["State"]) == ("Off", "UnavailableOffline")
    throttled = server.get(f"{dark['@odata.id']}/Sensors/Throttled")
    assert (throttled["Reading"], throttled["Status"]["State"]) == (None, "Absent")


@pytest.mark.parametrize(
    "path",
    [
        "Chassis/none",
        "Chassis/pilot",
        "Systems",
        "../api/kpis",
        "Chassis/%2e%2e/x",
        f"ThermalEquipment/CDUs/{CDU}/Nothing",
        f"PowerEquipment/FloorPDUs/{CDU}",
        f"Chassis/{CDU}/Sensors/Nothing",
        f"Chassis/{CDU}/Pumps",
    ],
)
def test_what_is_not_there_is_not_found(server, path):
    status, body = server.request(f"/redfish/v1/{path}")
    assert status == 404
    if not path.startswith(".."):
        assert body["error"]["code"].endswith("ResourceMissingAtURI")


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_nothing_can_be_written(server, method):
    status, _ = server.request(f"/redfish/v1/ThermalEquipment/CDUs/{CDU}", body={}, method=method)
    assert status == 405


def test_it_is_off_by_default():
    from twin.server.state import Settings

    assert Settings().redfish is False
