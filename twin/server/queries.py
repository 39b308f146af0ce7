"""No parameter behind ``?`` is taken without effect: unknown and doubled ones are refused."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from twin.errors import InputError, near_matches

STANDARDISED = "/redfish/"
"""Addresses whose standard says what becomes of parameters: DSP0266 has unknown ones ignored."""


class Queries:
    """Which parameters each address takes, as its OpenAPI document says."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[str, bool]] | None = None

    async def check(self, request: Request) -> None:
        """Refuse parameters of a request that do nothing. Raises InputError."""
        route = request.scope["route"]
        if not request.url.query or route.path.startswith(STANDARDISED):
            return
        if self._known is None:
            self._known = _parameters(request.app.openapi())
        known = self._known.get((route.path, request.method.lower()))
        if known is None:  # pages without parameters, which browsers may be sent to with some
            return
        for name in dict.fromkeys(request.query_params):
            if name not in known:
                allowed = near_matches(name, sorted(known)) if known else "no parameter"
                raise InputError("unknown parameter", key="query", found=name[:80], allowed=allowed)
            given = request.query_params.getlist(name)
            if len(given) > 1 and not known[name]:
                found = ", ".join(value[:40] for value in given[:3])
                raise InputError(
                    "parameter given more than once", key=name, found=found, allowed="one value"
                )


def _parameters(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, bool]]:
    """Names of parameters by address and method, and whether they may be repeated."""
    return {
        (path, method): {
            parameter["name"]: parameter["schema"].get("type") == "array"
            for parameter in operation.get("parameters", [])
            if parameter["in"] == "query"
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
