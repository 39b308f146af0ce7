"""Product meshes prepared for drawing: one surface per role, coloured by a palette of materials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkImageData, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals
from vtkmodules.vtkRenderingCore import vtkTexture

from assets.meshes import MATERIALS, Part, build

Mode = Literal["closed", "open"]
Role = Literal["body", "state"]

FEATURE_ANGLE = 38.0  # degrees; edges sharper than this stay sharp


@dataclass(frozen=True)
class Surface:
    """Triangles with normals and texture coordinates into the palette of materials."""

    polydata: vtkPolyData
    triangles: int


def polydata(
    points: NDArray[Any], faces: NDArray[Any], tcoords: NDArray[Any] | None = None
) -> vtkPolyData:
    """vtkPolyData of triangles or quads: points (n, 3), faces (m, 3 or 4), tcoords (n, 2)."""
    data = vtkPolyData()
    vertices = vtkPoints()
    vertices.SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float32), deep=True))
    data.SetPoints(vertices)
    count, corners = faces.shape
    cells = vtkCellArray()
    offsets = np.arange(0, corners * count + 1, corners, dtype=np.int64)
    cells.SetData(
        numpy_to_vtkIdTypeArray(offsets, deep=True),
        numpy_to_vtkIdTypeArray(np.ascontiguousarray(faces, np.int64).reshape(-1), deep=True),
    )
    data.SetPolys(cells)
    if tcoords is not None:
        array = numpy_to_vtk(np.ascontiguousarray(tcoords, np.float32), deep=True)
        array.SetName("tcoords")
        data.GetPointData().SetTCoords(array)
    return data


def with_normals(data: vtkPolyData) -> vtkPolyData:
    """The same surface with normals: smooth on round parts, sharp at edges."""
    normals = vtkPolyDataNormals()
    normals.SetInputData(data)
    normals.SetFeatureAngle(FEATURE_ANGLE)
    normals.SplittingOn()
    normals.ConsistencyOff()
    normals.AutoOrientNormalsOff()
    normals.Update()
    output: vtkPolyData = normals.GetOutput()
    return output


_MATERIAL_ROW = {name: k for k, name in enumerate(MATERIALS)}


def _surface(parts: list[Part]) -> Surface | None:
    if not parts:
        return None
    points = np.concatenate([p.mesh.vertices for p in parts])
    offsets = np.cumsum([0] + [len(p.mesh.vertices) for p in parts[:-1]])
    faces = np.concatenate([p.mesh.faces + o for p, o in zip(parts, offsets, strict=True)])
    place = np.repeat(
        [(_MATERIAL_ROW[p.material] + 0.5) / len(MATERIALS) for p in parts],
        [len(p.mesh.vertices) for p in parts],
    )
    tcoords = np.column_stack([place, np.full(len(place), 0.5)])
    return Surface(with_normals(polydata(points, faces, tcoords)), len(faces))


@cache
def _surfaces(
    kind: str, size: tuple[float, float, float], parameters: str, detail: int
) -> dict[tuple[Mode, Role], Surface]:
    parts = build(kind, size, json.loads(parameters), detail)
    out: dict[tuple[Mode, Role], Surface] = {}
    covered = any(p.shown != "always" for p in parts)
    modes: tuple[Mode, ...] = ("closed", "open") if covered else ("closed",)
    roles: tuple[Role, ...] = ("body", "state")
    for mode in modes:
        for role in roles:
            chosen = [p for p in parts if p.channel_role == role and p.shown in ("always", mode)]
            surface = _surface(chosen)
            if surface is not None:
                out[mode, role] = surface
    if not covered:  # nothing to take off: opened is closed
        out |= {("open", role): s for (_, role), s in list(out.items())}
    return out


def surfaces(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> dict[tuple[Mode, Role], Surface]:
    """Surfaces of a model by (mode, role): "closed" with its covers, "open" without them.

    Cached: equal arguments give the same objects.
    """
    return _surfaces(kind, size, json.dumps(dict(parameters), sort_keys=True, default=str), detail)


@cache
def palette_texture() -> vtkTexture:
    """One texel per material; surfaces point into it with their texture coordinates."""
    row = np.array([[round(255 * c) for c in m.colour[:3]] for m in MATERIALS.values()], np.uint8)
    return texture_of(row[None, :, :])


def image_data(pixels: NDArray[np.uint8]) -> vtkImageData:
    """vtkImageData over a copy of ``pixels`` (height, width, 3 or 4), first row at the bottom."""
    height, width, channels = pixels.shape
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    array = numpy_to_vtk(np.ascontiguousarray(pixels).reshape(-1, channels), deep=True)
    array.SetName("pixels")
    image.GetPointData().SetScalars(array)
    return image


def texture_of(pixels: NDArray[np.uint8], smooth: bool = False, repeat: bool = False) -> vtkTexture:
    """A texture of ``pixels`` (height, width, 3 or 4), first row at the bottom."""
    texture = vtkTexture()
    texture.SetInputData(image_data(pixels))
    texture.SetColorModeToDirectScalars()
    texture.SetInterpolate(smooth)
    texture.SetMipmap(smooth)
    texture.SetRepeat(repeat)
    return texture
