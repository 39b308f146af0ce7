"""A robot's task as a layer of a stage: its shapes, moving over time codes that are seconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.rigid.robot_shapes import Motion, Shape
from twin.usd.authoring import Types, attribute, define, new_layer
from twin.usd.names import ROOT, identifier
from twin.usd.pxr_modules import Gf, Sdf, Vt
from twin.usd.surfaces import display_colour

COLOURS = {
    "base": (0.93, 0.62, 0.12),
    "load": (0.55, 0.60, 0.66),
    "hand": (0.20, 0.22, 0.25),
    "puller": (0.20, 0.22, 0.25),
}
"""sRGB of links; the others are light grey."""
GREY = (0.82, 0.83, 0.85)


def robot_layer(motion: Motion, extension: str) -> Any:
    """Layer with ``/World/Robot``: one transform for each link, cubes and cylinders below it.

    Links have a matrix at every sample, so that any player shows the same.
    """
    layer = new_layer(extension, ROOT)
    root = layer.pseudoRoot
    root.SetInfo("timeCodesPerSecond", 1.0)
    root.SetInfo("framesPerSecond", 10.0)
    root.SetInfo("startTimeCode", float(motion.times[0]))
    root.SetInfo("endTimeCode", float(motion.times[-1]))
    moments = [(float(time), *motion.at(float(time))) for time in np.unique(motion.times)]
    with Sdf.ChangeBlock():
        define(layer, f"/{ROOT}", "Xform", "assembly")
        robot = define(layer, f"/{ROOT}/Robot", "Xform", "component")
        attribute(robot, "twin:task", Types.String, motion.task, custom=True)
        for link in dict.fromkeys(shape.link for shape in motion.figure.shapes):
            path = f"/{ROOT}/Robot/{identifier(link)}"
            prim = define(layer, path, "Xform")
            spec = attribute(prim, "xformOp:transform", Types.Matrix4d)
            order = Vt.TokenArray(["xformOp:transform"])
            attribute(prim, "xformOpOrder", Types.TokenArray, order, uniform=True)
            for time, frames, _ in moments:
                layer.SetTimeSample(spec.path, time, _matrix(frames[link]))
            if link == "load":
                shown = attribute(prim, "visibility", Types.Token)
                for time, _, loaded in moments:
                    layer.SetTimeSample(shown.path, time, "inherited" if loaded else "invisible")
            own = [shape for shape in motion.figure.shapes if shape.link == link]
            for number, shape in enumerate(own, start=1):
                _shape(layer, f"{path}/shape_{number}", shape)
    return layer


def _matrix(frame: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """A frame as USD has it: rows act on row vectors."""
    return Gf.Matrix4d(*frame.T.ravel().tolist())


def _shape(layer: Any, path: str, shape: Shape) -> None:
    prim = define(layer, path, "Cube" if shape.kind == "box" else "Cylinder")
    frame = shape.frame.copy()
    half = 0.5 * np.array(shape.size)
    if shape.kind == "box":
        attribute(prim, "size", Types.Double, 2.0)
        frame[:3, :3] = frame[:3, :3] * half
        half = np.ones(3)
    else:
        radius, _, length = shape.size
        attribute(prim, "radius", Types.Double, radius)
        attribute(prim, "height", Types.Double, length)
        attribute(prim, "axis", Types.Token, "Z", uniform=True)
        half = np.array([radius, radius, 0.5 * length])
    corners = np.array([-half, half], dtype=np.float32)
    attribute(prim, "extent", Types.Float3Array, Vt.Vec3fArray.FromNumpy(corners))
    attribute(prim, "xformOp:transform", Types.Matrix4d, _matrix(frame))
    order = Vt.TokenArray(["xformOp:transform"])
    attribute(prim, "xformOpOrder", Types.TokenArray, order, uniform=True)
    display_colour(prim, COLOURS.get(shape.link, GREY))
