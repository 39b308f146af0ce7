"""A read-only Redfish tree of racks, CDUs and panels, for tools that speak it.

Racks are chassis with sensors; CDUs are cooling units under ThermalEquipment with the connectors of
both sides, panels floor distribution units under PowerEquipment, and the sensors of both those of
their cabinets, which are chassis too. Identifiers are paths with dots for slashes. Nothing can be
written.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from twin.errors import InputError
from twin.server import redfish_resources as made
from twin.server import redfish_service as service
from twin.server.guard import Viewing
from twin.server.keeping import Gone
from twin.server.redfish_resources import Element
from twin.server.redfish_service import METADATA, ROOT, collection, link, resource
from twin.server.rest_live import on_session
from twin.server.session import Session
from twin.server.state import ServerState

HEADERS = {"OData-Version": "4.0", "Cache-Control": "no-cache"}


def rest_redfish(state: ServerState) -> APIRouter:
    """Routes under ``/redfish``; they show the server's first session."""
    router = APIRouter(tags=["redfish"])
    tree = Tree(state)

    @router.get("/redfish")
    @router.get("/redfish/", include_in_schema=False)
    async def versions() -> JSONResponse:
        """Versions of the service."""
        return _answer({"v1": f"{ROOT}/"})

    @router.get(ROOT, include_in_schema=False)
    @router.get(f"{ROOT}/")
    async def root() -> JSONResponse:
        """The service root; needs no token, as the standard asks."""
        return _answer(service.service_root(state.manager.get(None).subject.digest))

    @router.get(f"{ROOT}/odata")
    async def document() -> JSONResponse:
        """The OData service document."""
        return _answer(service.service_document())

    @router.get(METADATA, response_class=Response)
    async def metadata() -> Response:
        """The OData metadata document."""
        return Response(service.metadata(), media_type="application/xml", headers=HEADERS)

    @router.get(ROOT + "/{path:path}")
    async def other(path: str, user: Viewing) -> JSONResponse:
        """Any other resource of the tree."""
        try:
            return _answer(await tree.get(path.strip("/")))
        except Gone as error:
            return _answer(service.error("ResourceMissingAtURI", str(error)), 404)

    return router


class Tree:
    """Resources by their address below the root."""

    def __init__(self, state: ServerState):
        self.state = state

    async def get(self, path: str) -> dict[str, Any]:
        """A resource; raises Gone when there is none."""
        session = self.state.manager.get(None)
        fixed = _fixed(path)
        if fixed is not None:
            return fixed
        levels = session.subject.levels
        cdus, racks, panels = ([_id(p) for p in levels.paths(n)] for n in ("cdu", "rack", "panel"))
        if path == "Chassis":
            return collection(path, "Chassis", "Racks, CDUs, panels", [*racks, *cdus, *panels])
        if path == "ThermalEquipment/CDUs":
            return collection(path, "CoolingUnit", "CDUs", cdus)
        if path == "PowerEquipment/FloorPDUs":
            return collection(path, "PowerDistribution", "Panels", panels)
        for prefix, wanted in (
            ("Chassis", ("rack", "cdu", "panel")),
            ("ThermalEquipment/CDUs", ("cdu",)),
            ("PowerEquipment/FloorPDUs", ("panel",)),
        ):
            if path.startswith(prefix + "/"):
                id, _, rest = path[len(prefix) + 1 :].partition("/")
                element = await _element(session, id, wanted)
                found = _of_element(element, prefix, rest)
                if found is not None:
                    return found
        raise Gone(f"no resource '{path[:100]}'")


def _fixed(path: str) -> dict[str, Any] | None:
    """Resources that are the same of every plant."""
    if path == "SessionService":
        return service.session_service()
    if path == "SessionService/Sessions":
        return collection(path, "Session", "Sessions", [])
    for name, title, inner in (
        ("ThermalEquipment", "Cooling", "CDUs"),
        ("PowerEquipment", "Power distribution", "FloorPDUs"),
    ):
        if path == name:
            below = {"Status": {"State": "Enabled"}, inner: link(f"{name}/{inner}")}
            return {**resource(name, name, name, title), **below}
    return None


async def _element(session: Session, id: str, wanted: tuple[str, ...]) -> Element:
    """An element of one of some levels with its values now; raises Gone."""
    try:
        level, row = session.subject.levels.find("/" + id.replace(".", "/"))
    except InputError:
        raise Gone(f"no resource '{id[:100]}'") from None
    if level not in wanted:
        raise Gone(f"no resource '{id[:100]}'")
    own = {c.name.partition(".")[2]: c for c in session.subject.channels if c.level == level}
    values = await on_session(
        session,
        lambda: {n: float(session.subject.channel(c.name)[row]) for n, c in own.items()},
    )
    return Element(id, level, own, values)


def _of_element(element: Element, prefix: str, rest: str) -> dict[str, Any] | None:
    """A resource of an element: itself, its sensors, or a part of it."""
    if prefix.startswith("Thermal"):
        return made.cooling_unit(element, rest)
    if prefix.startswith("Power"):
        return made.distribution(element) if not rest else None
    if not rest:
        return made.chassis(element)
    if rest == "Sensors":
        return made.sensors(element)
    head, _, id = rest.partition("/")
    name = element.sensor_ids().get(id) if head == "Sensors" else None
    return made.sensor(element, name) if name is not None else None


def _id(path: str) -> str:
    return path.strip("/").replace("/", ".")


def _answer(body: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(body, status, headers=HEADERS)
