"""REST: models of the products as GLB, for viewers that draw on their own machine."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from twin.errors import InputError, near_matches
from twin.product_glb import product_glb
from twin.server import answers
from twin.server.guard import Viewing
from twin.server.rest_live import SessionName
from twin.server.session import Session
from twin.server.state import ServerState

MOST_MODELS = 512
"""Models kept in memory: about 40 MB when all are of the finest detail."""
FOR_EVER = "private, max-age=31536000, immutable"


def rest_mesh(state: ServerState) -> APIRouter:
    """Routes under ``/api/mesh``."""
    router = APIRouter(prefix="/api", responses=answers.PROBLEMS, tags=["scene"])
    models = Models()

    @router.get(
        "/mesh/{product}/{detail}.glb",
        response_class=Response,
        responses={
            200: {"content": {"model/gltf-binary": {}}, "description": "Model"},
            304: {"description": "Not changed"},
        },
    )
    async def mesh(
        request: Request,
        user: Viewing,
        product: Annotated[str, Path(max_length=200)],
        detail: Annotated[int, Path(ge=0, le=2)],
        session: SessionName = None,
        digest: Annotated[
            str | None, Query(max_length=100, description="of the layout: may be kept for ever")
        ] = None,
    ) -> Response:
        """Model of one product: 0 coarse, 1 medium, 2 fine. One mesh per use and role."""
        chosen = state.manager.get(session)
        etag, plain, packed = await state.costly.run(
            request, partial(models.get, chosen, product, detail)
        )
        keep = FOR_EVER if digest == chosen.subject.digest else "private, no-cache"
        headers = {"ETag": etag, "Cache-Control": keep, "Vary": "Accept-Encoding"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return state.costly.large(packed, "model/gltf-binary", headers)
        return state.costly.large(plain, "model/gltf-binary", headers)

    return router


class Models:
    """Models built so far, the least recently used ones forgotten; safe to use from any thread."""

    def __init__(self) -> None:
        self._products: dict[str, Mapping[str, Any]] = {}
        self._models: OrderedDict[tuple[str, str, int], tuple[str, bytes, bytes]] = OrderedDict()

    def get(self, session: Session, product: str, detail: int) -> tuple[str, bytes, bytes]:
        """ETag, GLB and gzipped GLB; raises InputError for a product the scene does not have."""
        digest = session.subject.digest
        products = self._products.get(digest)
        if products is None:
            products = session.subject.scene()["products"]
            if len(self._products) >= 64:
                self._products.pop(next(iter(self._products)), None)
            self._products[digest] = products
        if product not in products:
            raise InputError(
                "no such product in this layout",
                key="product",
                found=product[:80],
                allowed=near_matches(product[:80], [*products]),
            )
        key = (digest, product, detail)
        found = self._models.pop(key, None)
        if found is None:
            plain = product_glb(product, products[product], detail)
            etag = f'"{hashlib.sha256(plain).hexdigest()[:32]}"'
            found = (etag, plain, gzip.compress(plain, 6, mtime=0))
        self._models[key] = found
        while len(self._models) > MOST_MODELS:
            self._models.popitem(last=False)
        return found
