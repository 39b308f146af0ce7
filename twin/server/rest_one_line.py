"""REST: the one-line diagram of a site as it is now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from twin.errors import InputError, NumericalError
from twin.power.diagram import diagram
from twin.power.flow import Solver
from twin.power.operating import Operating
from twin.server import answers
from twin.server.guard import Viewing
from twin.server.painter import Unavailable
from twin.server.rest_live import SessionName
from twin.server.session import Session
from twin.server.state import ServerState

MOST_SOLVERS = 8
"""Networks kept ready, one for each layout that was looked at last."""


def rest_one_line(state: ServerState) -> APIRouter:
    """The route ``/api/one-line.svg``."""
    router = APIRouter(prefix="/api", responses=answers.PROBLEMS, tags=["state"])
    solvers: dict[str, Solver] = {}

    @router.get(
        "/one-line.svg",
        response_class=Response,
        responses={
            200: {"content": {"image/svg+xml": {}}, "description": "Diagram"},
            501: {"model": answers.Problem, "description": "A recording: it has no network state"},
        },
    )
    async def one_line(
        request: Request,
        user: Viewing,
        session: SessionName = None,
        site: Annotated[int, Query(ge=0, le=10_000, description="number of the site")] = 0,
    ) -> Response:
        """One-line diagram of a site now: voltages, loadings; ``data-path`` names the elements."""
        chosen = state.manager.get(session)
        solver = await state.costly.run(request, lambda: _solver(chosen, solvers, site))
        simulation: Any = getattr(chosen.subject, "simulation", None)
        operating = await state.costly.read(
            request, chosen, lambda: solver.reader.read(simulation.state)
        )
        return await state.costly.answer(
            request,
            lambda: _drawn(solver, operating, site).encode(),
            "image/svg+xml",
            {"Cache-Control": "no-store"},
        )

    return router


def _solver(session: Session, solvers: dict[str, Solver], site: int) -> Solver:
    """What solves a session's network, kept from before or made now."""
    simulation: Any = getattr(session.subject, "simulation", None)
    if simulation is None:
        raise Unavailable("a recording has no network to draw; open the layout instead")
    sites = session.subject.levels["site"].count
    if site >= sites:
        raise InputError("no such site", key="site", found=str(site), allowed=f"0 to {sites - 1}")
    digest = session.subject.digest
    solver = solvers.get(digest)
    if solver is None:
        solver = Solver(simulation.plant)
        while len(solvers) >= MOST_SOLVERS:
            solvers.pop(next(iter(solvers)), None)
        solvers[digest] = solver
    return solver


def _drawn(solver: Solver, operating: Operating, site: int) -> str:
    try:
        return diagram(solver.of(operating), site)
    except NumericalError as error:
        raise InputError(f"the network has no solution now: {error}", key="site") from None
