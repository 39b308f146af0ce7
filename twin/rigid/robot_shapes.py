"""The robot as shapes that move: read from its URDF, for viewers and files.

Needs no physics engine. Frames are 4 x 4 matrices, columns as they act on points.
"""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError
from twin.foreign_data import reading

Matrix = NDArray[np.float64]
SCHEMA = "twin.robot/1"


@dataclass(frozen=True, eq=False)
class Shape:
    """A box (size along x, y, z) or a cylinder (radius, radius, length along z) of a link [m]."""

    link: str
    kind: Literal["box", "cylinder"]
    size: tuple[float, float, float]
    frame: Matrix


@dataclass(frozen=True, eq=False)
class _Joint:
    name: str
    slides: bool
    parent: str
    child: str
    origin: Matrix
    axis: Matrix


@dataclass(frozen=True, eq=False)
class Figure:
    """Shapes of a robot and the joints between its links."""

    shapes: tuple[Shape, ...]
    joints: tuple[_Joint, ...]
    root: str

    def frames(self, base: Matrix, values: Mapping[str, float]) -> dict[str, Matrix]:
        """Frame of every link for a frame of the base and joint values [m, rad] by name."""
        found = {self.root: base}
        for joint in self.joints:
            frame = found[joint.parent] @ joint.origin
            value = values.get(joint.name, 0.0)
            if value:
                frame = frame @ (
                    _shift(joint.axis * value) if joint.slides else _turn(joint.axis, value)
                )
            found[joint.child] = frame
        return found


@dataclass(frozen=True, eq=False)
class Motion:
    """A robot's task read back from its file: what moves, its samples, the layout's digest.

    columns : names of the samples' columns; samples [n, columns]
    """

    figure: Figure
    columns: tuple[str, ...]
    samples: Matrix
    digest: str
    task: str

    @property
    def times(self) -> Matrix:
        """Of the samples [s]."""
        return np.asarray(self.samples[:, 0])

    def at(self, time: float) -> tuple[dict[str, Matrix], bool]:
        """Frame of every link at a time [s], linear between samples; whether it carries a tray."""
        inside = float(np.clip(time, self.times[0], self.times[-1]))
        values = {
            name: float(np.interp(inside, self.times, self.samples[:, k]))
            for k, name in enumerate(self.columns)
        }
        row = int(np.searchsorted(self.times, inside, side="right")) - 1
        loaded = bool(self.samples[row, self.columns.index("loaded")])
        base = _shift(np.array([values["x"], values["y"], 0.0])) @ _turn(
            np.array([0.0, 0.0, 1.0]), math.radians(values["yaw"])
        )
        return self.figure.frames(base, values), loaded

    @property
    def way(self) -> Matrix:
        """Points [n, 2] of its way over the floor [m]."""
        return np.asarray(self.samples[:, 1:3])


def figure_of(urdf: str) -> Figure:
    """Shapes and joints of a URDF text; joints come after those that carry them."""
    root = ElementTree.fromstring(urdf)
    shapes = [
        _shape(str(link.get("name")), visual)
        for link in root.findall("link")
        for visual in link.findall("visual")
    ]
    joints = [
        _Joint(
            str(joint.get("name")),
            joint.get("type") == "prismatic",
            _of(joint, "parent", "link"),
            _of(joint, "child", "link"),
            _origin(joint),
            np.array(_numbers(_of(joint, "axis", "xyz", "0 0 1"))),
        )
        for joint in root.findall("joint")
    ]
    children = {joint.child for joint in joints}
    base = next(
        name for link in root.findall("link") if (name := str(link.get("name"))) not in children
    )
    return Figure(tuple(shapes), tuple(joints), base)


def read_motion(file: Path) -> Motion:
    """A task from ``robot.json``.

    Raises
    ------
    InputError : the file is not there, not a robot's task, or a task without movement
    """
    with reading(file, "robot's task"):
        data: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError("is not a robot's task", file, key="schema", allowed=SCHEMA)
    if "track" not in data:
        raise InputError("the task has no movement", file, key="task", found=str(data.get("task")))
    with reading(file, "robot's task"):
        samples = np.array(data["track"]["samples"], dtype=float)
        columns = tuple(data["track"]["columns"])
        if samples.ndim != 2 or samples.shape[1] != len(columns) or not np.isfinite(samples).all():
            raise ValueError("samples and columns do not fit")
        figure = figure_of(data["robot"]["urdf"])
        return Motion(figure, columns, samples, str(data["digest"]), str(data["task"]))


def _of(element: ElementTree.Element, name: str, key: str, default: str = "") -> str:
    child = element.find(name)
    return default if child is None else str(child.get(key, default))


def _numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def _origin(element: ElementTree.Element) -> Matrix:
    roll, pitch, yaw = _numbers(_of(element, "origin", "rpy", "0 0 0"))
    turned = (
        _turn(np.array([0.0, 0.0, 1.0]), yaw)
        @ _turn(np.array([0.0, 1.0, 0.0]), pitch)
        @ _turn(np.array([1.0, 0.0, 0.0]), roll)
    )
    return _shift(np.array(_numbers(_of(element, "origin", "xyz", "0 0 0")))) @ turned


def _shape(link: str, visual: ElementTree.Element) -> Shape:
    geometry = visual.find("geometry")
    if geometry is None:
        raise ValueError(f"{link} has a shape without geometry")
    box, rod = geometry.find("box"), geometry.find("cylinder")
    if box is not None:
        x, y, z = _numbers(str(box.get("size")))
        return Shape(link, "box", (x, y, z), _origin(visual))
    if rod is None:
        raise ValueError(f"{link} has a shape that is neither box nor cylinder")
    radius = float(str(rod.get("radius")))
    return Shape(link, "cylinder", (radius, radius, float(str(rod.get("length")))), _origin(visual))


def _shift(by: Sequence[float] | Matrix) -> Matrix:
    matrix = np.eye(4)
    matrix[:3, 3] = by
    return matrix


def _turn(axis: Matrix, angle: float) -> Matrix:
    """Rotation about an axis [rad], by Rodrigues' formula."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    matrix = np.eye(4)
    matrix[:3, :3] += math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross
    return matrix
