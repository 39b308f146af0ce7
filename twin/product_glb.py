"""One product's model as binary glTF, for viewers that colour parts by their state.

One node and mesh for every use ("always", "closed", "open") and role ("body", "state"), named
``use/role``, with the materials' colours at the vertices: a viewer draws a thousand of a product
with one or two calls and puts the colour of a value on the state meshes. Without an accelerator the
model of a rack is complete; ``accelerator`` holds the module that stands in its slots, and, in the
finest detail of a liquid-cooled rack, ``tray`` one compute tray to be drawn out of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import trimesh

from assets.meshes import MATERIALS, Part, build
from assets.meshes.trays import SIDE_GAP, bay_of
from twin.usd.colours import linear_colour

FEATURE_ANGLE = 0.66
"""Radians; edges sharper than this (38 degrees) stay sharp."""
UP = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], dtype=float)
"""Our Z up to glTF's Y up, on the root node; the meshes keep the product's own frame."""


def product_glb(name: str, entry: Mapping[str, Any], detail: int) -> bytes:
    """GLB of a product as the scene description gives it.

    Parameters
    ----------
    name : of the product, for the root node
    entry : its row in the scene's ``products``
    detail : 0 coarse, 1 medium, 2 fine; see ``assets.meshes.DETAIL_BUDGETS``
    """
    width, depth, height = entry["size"]
    parts = build(entry["mesh"], (width, depth, height), entry["parameters"], detail)
    uses: dict[str, list[Part]] = {}
    for part in parts:
        uses.setdefault(f"{part.shown}/{part.channel_role}", []).append(part)
    slots = entry.get("slots") or []
    if slots:
        module = build("gpu-module", tuple(slots[0]["size"]), entry["parameters"], detail)
        for part in module:
            uses.setdefault(f"accelerator/{part.channel_role}", []).append(part)
        if detail == 2 and entry["mesh"] == "nvl72-rack":
            bay = bay_of(width, depth)
            sheet = (width - 2 * SIDE_GAP, bay.rear - bay.front, entry["parameters"]["pitch"])
            for part in build("compute-tray", sheet, entry["parameters"], detail):
                if part.shown != "closed":  # the lid stays off
                    uses.setdefault(f"tray/{part.channel_role}", []).append(part)
    whole = trimesh.Scene(base_frame=name)
    whole.graph.update(frame_to="product", frame_from=name, matrix=UP)
    for use, own in uses.items():
        whole.geometry[use] = _joined(own)
        whole.graph.update(frame_to=use, frame_from="product", geometry=use)
    data = whole.export(file_type="glb", include_normals=True)
    assert isinstance(data, bytes)
    return data


def _joined(parts: Sequence[Part]) -> trimesh.Trimesh:
    """Parts as one mesh: smooth round surfaces, sharp edges, a colour at every vertex."""
    smooth = [
        trimesh.graph.smooth_shade(part.mesh, angle=FEATURE_ANGLE, facet_minarea=None)
        for part in parts
    ]
    offsets = np.cumsum([0] + [len(mesh.vertices) for mesh in smooth[:-1]])
    colours = []
    for part, mesh in zip(parts, smooth, strict=True):
        look = MATERIALS[part.material].colour
        rgba = np.round(255 * np.array((*linear_colour(look), look[3]))).astype(np.uint8)
        colours.append(np.tile(rgba, (len(mesh.vertices), 1)))
    return trimesh.Trimesh(
        np.concatenate([mesh.vertices for mesh in smooth]),
        np.concatenate([m.faces + o for m, o in zip(smooth, offsets, strict=True)]),
        vertex_normals=np.concatenate([mesh.vertex_normals for mesh in smooth]),
        vertex_colors=np.concatenate(colours),
        process=False,
    )
