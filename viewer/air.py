"""Slices of air temperature through the aisles, in fixed colours, with their own legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkFiltersCore import vtkContourFilter
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from twin.air_slices import CHANNELS, HIGH, LOW, PLANES, RECOMMENDED, AirSlices, air_slices
from twin.errors import InputError
from viewer import hud
from viewer.models import polydata
from viewer.palette import Theme, colours_of
from viewer.scene_model import Channel
from viewer.text import Panel

OPACITY = 0.86
AIR = Channel(
    "air", "", "Air in the aisles (interpolated, not CFD)", "degC", LOW, HIGH, RECOMMENDED, None,
    False, "thermal", "", 0.1,
)  # fmt: skip
"""How air is coloured."""


def check_planes(word: str, option: str = "--air") -> str:
    """The word, if it names planes. Raises InputError that lists them."""
    if word not in PLANES:
        raise InputError("unknown slices of air", key=option, found=word, allowed=", ".join(PLANES))
    return word


class AirLayer:
    """Planes through all aisles of a scene; nothing is made before they are first shown."""

    def __init__(self, raw: Mapping[str, Any], theme: Theme) -> None:
        self.aisles: Sequence[Mapping[str, Any]] = raw.get("aisles") or ()
        self.planes = "off"
        self.slices: AirSlices | None = None
        self.temperatures: NDArray[np.float64] = np.empty(0)
        self.theme = theme
        self.facts: tuple[tuple[str, str], ...] = ()
        self._known: Mapping[str, NDArray[np.floating]] = {}
        self.data, self._cold = vtkPolyData(), vtkPolyData()
        self.actor = _actor(self.data)
        self.actor.GetProperty().SetOpacity(OPACITY)
        contour = vtkContourFilter()
        contour.SetInputData(self._cold)
        contour.SetValue(0, RECOMMENDED)
        self.limit = _actor(None)
        self.limit.GetMapper().SetInputConnection(contour.GetOutputPort())
        self.limit.GetMapper().ScalarVisibilityOff()
        self.limit.GetProperty().SetLineWidth(3.0)
        self.set_theme(theme)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.limit, self.actor]

    @property
    def on(self) -> bool:
        """Whether slices are shown."""
        return self.planes != "off"

    def wanted(self) -> tuple[str, ...]:
        """Channels that the slices are made of; none while they are off."""
        return CHANNELS if self.on and self.aisles else ()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours of limits and of what is not known."""
        self.theme = theme
        self.limit.GetProperty().SetColor(*theme.status["limit"])
        self._paint()

    def show(self, planes: str) -> None:
        """Show vertical or horizontal slices, both, or none (off)."""
        if planes != self.planes:
            self.planes = planes
            self.slices = air_slices(self.aisles, planes) if self.on else None
            if self.slices is not None and len(self.slices.points):
                self.data.ShallowCopy(polydata(self.slices.points, self.slices.quads))
                cold = self.slices.quads[~self.slices.hot[self.slices.quads[:, 0]]]
                self._cold.ShallowCopy(polydata(self.slices.points, cold))
        self._paint()

    def update(self, values: Mapping[str, NDArray[np.floating]]) -> None:
        """Take values, whole columns by channel."""
        self._known = values
        self._paint()

    def _paint(self) -> None:
        drawn = self.slices is not None and len(self.slices.points) > 0
        for actor in self.actors:
            actor.SetVisibility(drawn)
        if not drawn or self.slices is None:
            return
        self.temperatures = self.slices.values(self._known)
        colours = colours_of(self.temperatures, LOW, HIGH, AIR.colormap, self.theme.missing)
        self.data.GetPointData().SetScalars(numpy_to_vtk(colours, deep=True))
        self.data.Modified()
        numbers = np.nan_to_num(self.temperatures, nan=-273.15).astype(np.float32)
        self._cold.GetPointData().SetScalars(numpy_to_vtk(numbers, deep=True))
        self._cold.Modified()
        known = np.isfinite(self.temperatures)
        self.limit.SetVisibility(bool(known.any()))
        self.facts = _facts(self._known.get(CHANNELS[0]), self._known.get(CHANNELS[1]))

    def panel(self, theme: Theme, window: tuple[int, int], scale: float, right: int) -> Panel:
        """The legend, with its right edge at pixel ``right``."""
        made = hud.legend(
            AIR, None, theme, window, scale, marks={"warning": "recommended"},
            facts=self.facts,
        )  # fmt: skip
        return Panel(made.image, right - made.image.shape[1], made.y)


def _facts(
    inlet: NDArray[np.floating] | None, outlet: NDArray[np.floating] | None
) -> tuple[tuple[str, str], ...]:
    out: list[tuple[str, str]] = []
    if inlet is not None and np.isfinite(inlet).any():
        over = int((inlet > RECOMMENDED).sum())
        out += [("warmest inlet", f"{np.nanmax(inlet):.1f} °C"), ("inlets over 27 °C", f"{over:,}")]
    if outlet is not None and np.isfinite(outlet).any():
        out.append(("warmest outlet", f"{np.nanmax(outlet):.1f} °C"))
    return tuple(out)


def _actor(data: vtkPolyData | None) -> vtkActor:
    mapper = vtkPolyDataMapper()
    if data is not None:
        mapper.SetInputData(data)
    mapper.SetColorModeToDirectScalars()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.PickableOff()
    actor.VisibilityOff()
    return actor
