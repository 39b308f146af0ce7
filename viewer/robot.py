"""A robot's task drawn into a scene: its shapes at a time, and its way over the floor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.rigid.robot_shapes import Motion, Shape, read_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLOURS = {
    "base": (0.93, 0.62, 0.12),
    "load": (0.55, 0.60, 0.66),
    "hand": (0.20, 0.22, 0.25),
    "puller": (0.20, 0.22, 0.25),
}
"""sRGB of links; the others are light grey."""
GREY = (0.82, 0.83, 0.85)
WAY = (0.20, 0.62, 0.95)
WAY_WIDTH, WAY_HEIGHT = 0.06, 0.012  # m
SIDES = 20  # of a cylinder


def robot_actors(file: str | Path, time: float | None = None) -> list[Any]:
    """Actors of a robot at a time of its task [s] (None: half way), and of its way.

    Raises InputError for a file that is no robot's task.
    """
    motion = read_motion(Path(file))
    moment = 0.5 * float(motion.times[-1]) if time is None else time
    return [*_way(motion), *_robot(motion, moment)]


def _robot(motion: Motion, time: float) -> Iterator[Any]:
    frames, loaded = motion.at(time)
    for shape in motion.figure.shapes:
        if shape.link != "load" or loaded:
            mesh = _mesh(shape)
            mesh.transform(frames[shape.link] @ shape.frame, inplace=True)
            yield _actor(mesh, COLOURS.get(shape.link, GREY))


def _mesh(shape: Shape) -> Any:
    import pyvista

    if shape.kind == "box":
        x, y, z = (0.5 * length for length in shape.size)
        return pyvista.Box((-x, x, -y, y, -z, z))
    radius, _, length = shape.size
    return pyvista.Cylinder(
        direction=(0.0, 0.0, 1.0), radius=radius, height=length, resolution=SIDES
    ).extract_surface(algorithm="dataset_surface")


def _way(motion: Motion) -> Iterator[Any]:
    """A flat ribbon along the way."""
    import pyvista

    points: NDArray[np.float64] = motion.way
    moved = np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-6
    points = points[np.concatenate([[True], moved])]
    if len(points) < 2:
        return
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    side = 0.5 * WAY_WIDTH * np.stack([-along[:, 1], along[:, 0]], axis=1)
    height = np.full((len(points), 1), WAY_HEIGHT)
    left, right = np.hstack([points + side, height]), np.hstack([points - side, height])
    k = np.arange(len(points) - 1)
    n = len(points)
    faces = np.stack([np.full(n - 1, 4), k, n + k, n + k + 1, k + 1], axis=1)
    yield _actor(pyvista.PolyData(np.concatenate([left, right]), faces.ravel()), WAY)


def _actor(mesh: Any, colour: tuple[float, float, float]) -> Any:
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

    mapper = vtkPolyDataMapper()
    mapper.SetInputData(mesh)
    mapper.ScalarVisibilityOff()
    actor = vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetColor(*colour)
    look.SetInterpolationToFlat()
    look.SetAmbient(0.35)
    look.SetDiffuse(0.65)
    return actor
