"""What a mesh builder returns: named parts with a material, a colour and a role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import trimesh

from assets.meshes.shapes import Solid, merge

Role = Literal["body", "state"]
Shown = Literal["always", "closed", "open"]
Colour = tuple[float, float, float, float]


@dataclass(frozen=True)
class Material:
    """Look of a surface: base colour (sRGB, 0..1, with opacity), metalness and roughness 0..1."""

    colour: Colour
    metallic: float
    roughness: float


MATERIALS: dict[str, Material] = {
    "frame": Material((0.16, 0.17, 0.19, 1.0), 0.4, 0.55),
    "panel-dark": Material((0.24, 0.26, 0.29, 1.0), 0.3, 0.6),
    "panel-light": Material((0.80, 0.82, 0.84, 1.0), 0.1, 0.6),
    "panel-grey": Material((0.58, 0.61, 0.64, 1.0), 0.2, 0.6),
    "faceplate": Material((0.66, 0.67, 0.68, 1.0), 0.7, 0.4),
    "faceplate-dark": Material((0.34, 0.36, 0.39, 1.0), 0.6, 0.45),
    "bezel-gold": Material((0.66, 0.57, 0.40, 1.0), 0.7, 0.45),
    "steel": Material((0.70, 0.72, 0.74, 1.0), 0.8, 0.35),
    "galvanised": Material((0.64, 0.67, 0.69, 1.0), 0.7, 0.5),
    "aluminium": Material((0.78, 0.79, 0.80, 1.0), 0.8, 0.4),
    "fins": Material((0.52, 0.56, 0.60, 1.0), 0.7, 0.5),
    "copper": Material((0.78, 0.48, 0.28, 1.0), 0.9, 0.35),
    "gold": Material((0.83, 0.68, 0.33, 1.0), 0.9, 0.35),
    "black": Material((0.07, 0.075, 0.085, 1.0), 0.1, 0.7),
    "rubber": Material((0.11, 0.115, 0.125, 1.0), 0.0, 0.9),
    "grille": Material((0.13, 0.14, 0.155, 1.0), 0.3, 0.7),
    "screen": Material((0.10, 0.36, 0.52, 1.0), 0.0, 0.2),
    "lamp": Material((0.35, 0.92, 0.55, 1.0), 0.0, 0.3),
    "port": Material((0.16, 0.17, 0.19, 1.0), 0.2, 0.6),
    "supply": Material((0.16, 0.47, 0.85, 1.0), 0.1, 0.4),
    "return": Material((0.86, 0.26, 0.21, 1.0), 0.1, 0.4),
    "pump": Material((0.15, 0.35, 0.60, 1.0), 0.3, 0.45),
    "motor": Material((0.36, 0.40, 0.44, 1.0), 0.5, 0.5),
    "ceramic": Material((0.47, 0.27, 0.20, 1.0), 0.0, 0.25),
    "tank": Material((0.47, 0.53, 0.53, 1.0), 0.2, 0.55),
    "generator": Material((0.86, 0.84, 0.78, 1.0), 0.1, 0.6),
    "concrete": Material((0.60, 0.60, 0.59, 1.0), 0.0, 0.95),
    "wall": Material((0.74, 0.76, 0.78, 1.0), 0.0, 0.9),
    "tile": Material((0.66, 0.68, 0.70, 1.0), 0.0, 0.8),
    "board": Material((0.07, 0.24, 0.17, 1.0), 0.1, 0.6),
    "package": Material((0.15, 0.30, 0.22, 1.0), 0.1, 0.5),
    "silicon": Material((0.36, 0.39, 0.46, 1.0), 0.6, 0.25),
    "hbm": Material((0.29, 0.31, 0.36, 1.0), 0.5, 0.3),
    "warning": Material((0.93, 0.74, 0.12, 1.0), 0.0, 0.5),
}


@dataclass(frozen=True)
class Part:
    """One surface of a product, in the product's own frame.

    name : what it is, unique within the product and level of detail
    mesh : closed triangles with outward normals [m]
    material, colour : key in MATERIALS, and its base colour RGBA 0..1
    channel_role : "state" takes the colour of the shown channel, "body" keeps its own
    shown : "always"; "closed" covers, removed to look inside; "open" what the covers hide
    """

    name: str
    mesh: trimesh.Trimesh
    material: str
    colour: Colour
    channel_role: Role = "body"
    shown: Shown = "always"


@dataclass
class Kit:
    """Collects solids by part name while a builder works."""

    _looks: dict[str, tuple[str, Role, Shown]] = field(default_factory=dict)
    _solids: dict[str, list[Solid]] = field(default_factory=dict)

    def add(
        self,
        name: str,
        material: str,
        *solids: Solid,
        role: Role = "body",
        shown: Shown = "always",
    ) -> None:
        """Add ``solids`` to the part ``name``; its look is set by the first call."""
        self._looks.setdefault(name, (material, role, shown))
        self._solids.setdefault(name, []).extend(solids)

    def parts(self) -> list[Part]:
        """The collected parts, one mesh each, in the order they were begun."""
        out = []
        for name, (material, role, shown) in self._looks.items():
            if not self._solids[name]:
                continue
            solid = merge(self._solids[name])
            mesh = trimesh.Trimesh(solid.vertices, solid.faces, process=False)
            colour = MATERIALS[material].colour
            out.append(Part(name, mesh, material, colour, role, shown))
        return out
