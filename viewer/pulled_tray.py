"""One compute tray drawn out of its rack, so that its accelerators can be seen from above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vtkmodules.vtkRenderingCore import vtkActor

from assets.meshes.trays import SIDE_GAP, bay_of
from viewer.instances import InstanceSet, glyph_actor, set_material
from viewer.models import surfaces
from viewer.palette import Theme
from viewer.scene_model import SceneModel

if TYPE_CHECKING:
    from viewer.accelerators import Accelerators
    from viewer.scene_builder import RackGroup


class PulledTray:
    """The tray's sheet, boards and faceplate; its accelerators move with the others' actors."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.instances = InstanceSet.empty()
        self._actors: list[vtkActor] = []
        self.which: Accelerators | None = None
        self.row, self.tray, self.distance = 0, 0, 0.0
        for _ in range(2):  # body and state; their geometry comes with the first tray
            actor = glyph_actor(
                self.instances,
                surfaces("label", (1.0, 1.0, 1.0), {}, 0)["open", "body"].polydata,
                theme,
            )
            self._actors.append(actor)

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return self._actors

    def set_theme(self, theme: Theme) -> None:
        """Adapt the surfaces to a theme."""
        self.theme = theme
        for actor in self._actors:
            set_material(actor, theme, "body")

    def hide(self) -> None:
        """No tray is drawn out."""
        self.which = None
        for actor in self._actors:
            actor.VisibilityOff()

    def show(self, which: Accelerators, row: int, tray: int, distance: float) -> None:
        """Draw the sheet of ``tray`` of rack ``row`` out by ``distance`` [m]."""
        self.which, self.row, self.tray, self.distance = which, row, tray, distance
        product = which.group.product
        width, depth, _ = product.size
        bay = bay_of(width, depth)
        low, high = float(which.grid.low[tray]), float(which.grid.high[tray])
        pitch = (high - low) / 0.94
        bottom = (low + high) / 2 - pitch / 2
        size = (width - 2 * SIDE_GAP, bay.rear - bay.front + 0.014, pitch)
        made = surfaces("compute-tray", size, product.parameters, 2)
        for actor, role in zip(self._actors, ("body", "state"), strict=True):
            actor.GetMapper().SetSourceData(made["open", role].polydata)  # type: ignore[index]
        local = np.array([[0.0, (bay.front + bay.rear) / 2 - distance, bottom]], np.float32)
        points = which.group.to_world(np.array([row]), local).reshape(-1, 3)
        self.instances.show(np.array([row]), points, which.group.yaw[[row]])

    def refresh(self, racks: Sequence[RackGroup]) -> None:
        """Visible only while the rack is drawn opened."""
        shown = (
            self.which is not None
            and bool(self.which.opened[self.row])
            and any(r.accelerators is self.which and r.opened.sets for r in racks)
        )
        for actor in self._actors:
            actor.SetVisibility(shown)

    def shift_of(self, model: SceneModel, gpu: int) -> NDArray[np.float64]:
        """How far an accelerator is displaced with the tray (3,) [m]."""
        which = self.which
        if which is None:
            return np.zeros(3)
        slots = which.grid.order[self.tray].reshape(-1)
        if gpu not in which.gpu[self.row, slots]:
            return np.zeros(3)
        c, s = (float(v) for v in which.group.rotation[self.row])
        return np.array([s, -c, 0.0]) * self.distance
