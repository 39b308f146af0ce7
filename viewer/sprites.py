"""Pictures lying over a render window, each uploaded only when it changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vtkmodules.vtkCommonCore import vtkFloatArray, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import (
    vtkPolyDataMapper2D,
    vtkRenderer,
    vtkRenderWindow,
    vtkTexturedActor2D,
)

from viewer.models import image_data, texture_of
from viewer.text import Panel


class Sprite:
    """One picture in window coordinates."""

    def __init__(self) -> None:
        self.data = vtkPolyData()
        cells = vtkCellArray()
        cells.InsertNextCell(4, [0, 1, 2, 3])
        coordinates = vtkFloatArray()
        coordinates.SetNumberOfComponents(2)
        for u, v in ((0, 0), (1, 0), (1, 1), (0, 1)):
            coordinates.InsertNextTuple2(u, v)
        self.data.SetPolys(cells)
        self.data.GetPointData().SetTCoords(coordinates)
        mapper = vtkPolyDataMapper2D()
        mapper.SetInputData(self.data)
        self.texture = texture_of(np.zeros((1, 1, 4), np.uint8))
        self.texture.InterpolateOff()
        self.actor = vtkTexturedActor2D()
        self.actor.SetMapper(mapper)
        self.actor.SetTexture(self.texture)
        self.actor.PickableOff()
        self.actor.VisibilityOff()
        self._shown: np.ndarray | None = None
        self._size = (0, 0)

    def show(self, panel: Panel, window: tuple[int, int]) -> None:
        """Draw a panel; its picture is uploaded only if it is another one."""
        height, width = panel.image.shape[:2]
        if self._shown is not panel.image:
            self.texture.SetInputData(image_data(np.ascontiguousarray(panel.image[::-1])))
            self._shown = panel.image
        if self._size != (width, height):
            points = vtkPoints()
            for x, y in ((0, 0), (width, 0), (width, height), (0, height)):
                points.InsertNextPoint(x, y, 0)
            self.data.SetPoints(points)
            self._size = (width, height)
        self.actor.SetPosition(panel.x, window[1] - panel.y - height)
        self.actor.VisibilityOn()


class Overlay:
    """A growing set of sprites in a layer of their own over a window's renderer."""

    def __init__(self, window: vtkRenderWindow) -> None:
        self.renderer = vtkRenderer()
        self.renderer.SetLayer(1)
        self.renderer.InteractiveOff()
        window.SetNumberOfLayers(2)
        window.AddRenderer(self.renderer)
        self.sprites: list[Sprite] = []

    def show(self, panels: Sequence[Panel], window: tuple[int, int]) -> None:
        """Draw exactly these panels, later ones over earlier ones."""
        while len(self.sprites) < len(panels):
            sprite = Sprite()
            self.renderer.AddViewProp(sprite.actor)
            self.sprites.append(sprite)
        for sprite, panel in zip(self.sprites, panels, strict=False):
            sprite.show(panel, window)
        for sprite in self.sprites[len(panels) :]:
            sprite.actor.VisibilityOff()
