"""Accelerators of one rack product: single modules nearby, painted cards on racks further away.

A card shows every accelerator of a rack as one texel. On front and rear a tray's accelerators lie
side by side (columns left to right, in each the lines from front to rear); on the sides those next
to them; the lid is the front laid flat. Opened racks keep a strip of the front under each tray's
opening. All racks' cards are one mesh with one texture, so that 260,000 accelerators cost a texture
upload of 1 MB per frame. Racks of a few pixels have their mean value's colour all over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkTexture

from assets.meshes.shapes import box
from assets.meshes.trays import FACE_SETBACK, REAR_SPACE, SIDE_GAP
from viewer.instances import Bytes, InstanceSet, glyph_actor, set_material
from viewer.lod import DETAILS, View
from viewer.models import polydata, surfaces, with_normals
from viewer.palette import Theme
from viewer.scene_model import Group, Product

FAR_HEIGHT = 14.0  # pixel: below this a rack's card is one colour
STRIP = 0.6  # share of a tray's height that the coloured strip of an opened rack takes
FAR_WIDENING = 1.7  # depth of a rack of a few pixels, so that its colour is seen from far away
STAND_OFF = 0.006  # m between a cabinet's surface and its card


Mask = NDArray[np.bool_]
Strip = tuple[float, int]


@dataclass(frozen=True)
class SlotGrid:
    """Slots of a rack as trays of lines and columns.

    order : slot at [tray, line, column]; low, high : z range of each tray's accelerators' cell
    """

    order: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def slot_grid(product: Product) -> SlotGrid:
    """Arrange a product's slots: trays by the first part of their names, lines by y, columns by x.

    Trays that are no full grid become one line; shorter trays repeat their last accelerator.
    """
    trays: dict[str, list[int]] = {}
    for k, name in enumerate(product.slot_names):
        trays.setdefault(name.split("/")[0], []).append(k)
    place = product.slot_positions.astype(np.float64)
    slots = sorted(trays.values(), key=lambda t: float(place[t, 2].mean()))
    most = max(len(t) for t in slots)
    lines = {len(np.unique(place[t, 1].round(3))) for t in slots}
    count = lines.pop() if len(lines) == 1 else 1
    if most % count or any(len(t) != most for t in slots):
        count = 1
    order = np.empty((len(slots), count, most // count), np.int64)
    for row, tray in enumerate(slots):
        tray = sorted(tray, key=lambda k: (round(place[k, 1], 3), place[k, 0]))
        tray += [tray[-1]] * (most - len(tray))
        order[row] = np.array(tray).reshape(count, -1)
    middle = place[order[:, 0, 0], 2]
    gaps = np.diff(middle)
    pitch = float(np.median(gaps)) if len(gaps) else product.size[2] * 0.5
    half = np.full(len(middle), 0.47 * pitch)
    return SlotGrid(order, middle - half, middle + half)


class Accelerators:
    """All accelerators of one group of racks."""

    def __init__(self, group: Group, first_gpu: NDArray[np.int64], theme: Theme) -> None:
        self.group = group
        self.grid = slot_grid(group.product)
        self.slots = len(group.product.slot_names)
        self.gpu = first_gpu[group.index][:, None] + np.arange(self.slots)[None, :]
        self.colours = np.full((int(first_gpu[-1]), 4), 255, np.uint8)
        self.kept: Mask | None = None
        self.opened = np.zeros(len(group.index), bool)
        self.far = np.zeros(len(group.index), bool)
        self.tray_pull: tuple[int, int, float] | None = None
        self._build_atlas()
        self._build_card_template()
        self._partition: tuple[bytes, ...] = ()
        self.cards = vtkActor()
        mapper = vtkPolyDataMapper()
        mapper.ScalarVisibilityOff()
        self.cards.SetMapper(mapper)
        self.cards.SetTexture(self.texture)
        self._build_modules(theme)
        self.set_theme(theme)
        self.hide()

    # --- set-up -------------------------------------------------------------------------------

    def _build_atlas(self) -> None:
        """Where in the texture each accelerator and each rack's mean has its texel."""
        trays, lines, columns = self.grid.order.shape
        racks = len(self.group.index)
        self.tile = (lines * columns + 1, trays)  # the last column holds the mean
        across = max(1, min(racks, round(np.sqrt(racks * self.tile[1] / self.tile[0]))))
        down = -(-racks // across)
        self.atlas_size = (across * self.tile[0], down * self.tile[1])
        corner_x = (np.arange(racks) % across) * self.tile[0]
        corner_y = (np.arange(racks) // across) * self.tile[1]
        self.corner = np.column_stack([corner_x, corner_y])
        inside = np.empty(self.slots, np.int64)
        width = self.atlas_size[0]
        tray, line, column = np.indices(self.grid.order.shape)
        inside[self.grid.order] = tray * width + column * lines + line
        self.texel = (corner_y * width + corner_x)[:, None] + inside[None, :]
        mean_rows = np.arange(trays)[None, :] * width + lines * columns
        self.mean_texel = (corner_y * width + corner_x)[:, None] + mean_rows
        self.atlas = np.full((self.atlas_size[1], width, 4), 255, np.uint8)
        self.image = vtkImageData()
        self.image.SetDimensions(width, self.atlas_size[1], 1)
        array = numpy_to_vtk(self.atlas.reshape(-1, 4), deep=False)
        array.SetName("atlas")
        self.image.GetPointData().SetScalars(array)
        self.texture = vtkTexture()
        self.texture.SetInputData(self.image)
        self.texture.SetColorModeToDirectScalars()
        self.texture.InterpolateOff()
        self.texture.RepeatOff()

    def _build_card_template(self) -> None:
        """Quads of one card: corners in the rack's frame, texture corners in texels of its tile."""
        trays, lines, columns = self.grid.order.shape
        w, d, h = self.group.product.size
        x, y, top = w / 2 + STAND_OFF, d / 2 + STAND_OFF, h + STAND_OFF
        inset = 0.05
        runs = self.runs = _runs(self.grid)
        quads: list[tuple[list[Any], list[Any]]] = []

        def wall(a: tuple[float, float], b: tuple[float, float], u0: float, u1: float) -> None:
            for first, last, low, high in runs:
                corners = [(*a, low), (*b, low), (*b, high), (*a, high)]
                quads.append((corners, [(u0, first), (u1, first), (u1, last), (u0, last)]))

        wide = lines * columns
        wall((-x + inset, -y), (x - inset, -y), 0, wide)
        wall((x - inset, y), (-x + inset, y), wide, 0)
        wall((-x, y - inset), (-x, -y + inset), lines, 0)
        wall((x, -y + inset), (x, y - inset), wide - lines, wide)
        lid = [(-x + inset, -y + inset, top), (x - inset, -y + inset, top),
               (x - inset, y - inset, top), (-x + inset, y - inset, top)]  # fmt: skip
        quads.append((lid, [(0, 0), (wide, 0), (wide, trays), (0, trays)]))
        self.card_points = np.array([q[0] for q in quads], np.float32).reshape(-1, 3)
        self.card_texels = np.array([q[1] for q in quads], np.float32).reshape(-1, 2)
        quads.clear()
        face, back, half = -d / 2 + FACE_SETBACK, d / 2 - REAR_SPACE + 0.002, w / 2 - SIDE_GAP
        for tray, (low, high) in enumerate(zip(self.grid.low, self.grid.high, strict=True)):
            ceiling = low + STRIP * (high - low)
            for a, b, u0, u1 in (((-half, face), (half, face), 0, wide),
                                 ((half, back), (-half, back), wide, 0)):  # fmt: skip
                corners = [(*a, low), (*b, low), (*b, ceiling), (*a, ceiling)]
                quads.append((corners, [(u0, tray), (u1, tray), (u1, tray + 1), (u0, tray + 1)]))
        self.strip_points = np.array([q[0] for q in quads], np.float32).reshape(-1, 3)
        self.strip_texels = np.array([q[1] for q in quads], np.float32).reshape(-1, 2)
        x, y = x * 0.98, y * FAR_WIDENING
        block = [
            ([(-x, -y), (x, -y)]),
            ([(x, -y), (x, y)]),
            ([(x, y), (-x, y)]),
            ([(-x, y), (-x, -y)]),
        ]
        far_quads = [[(*a, 0.05), (*b, 0.05), (*b, top), (*a, top)] for a, b in block]
        far_quads.append([(-x, -y, top), (x, -y, top), (x, y, top), (-x, y, top)])
        self.far_points = np.array(far_quads, np.float32).reshape(-1, 3)
        self.far_texels = np.tile(
            np.array([wide + 0.5, 0.5], np.float32), (len(self.far_points), 1)
        )

    def _build_modules(self, theme: Theme) -> None:
        """Glyph actors of single accelerators, and the plates under them that fill their cells."""
        product = self.group.product
        self.module_size = tuple(float(s) for s in product.slot_sizes[0])
        self.sets = [InstanceSet.empty() for _ in DETAILS]
        self.module_actors: list[tuple[int, str, vtkActor]] = []
        stacks = {"stacks": product.parameters.get("stacks", 8)}
        self.module_triangles = []
        for detail in DETAILS:
            made = surfaces("gpu-module", self.module_size, stacks, detail)  # type: ignore[arg-type]
            self.module_triangles.append(
                sum(s.triangles for (m, _), s in made.items() if m == "open")
            )
            for (mode, role), surface in made.items():
                if mode == "open":
                    actor = glyph_actor(self.sets[detail], surface.polydata, theme)
                    actor.GetMapper().SetScalarVisibility(role == "state")
                    if role == "state":
                        actor.SetTexture(None)  # type: ignore[arg-type]
                    self.module_actors.append((detail, role, actor))
            plate = glyph_actor(self.sets[detail], self._plate(), theme)
            plate.GetMapper().ScalarVisibilityOn()
            plate.SetTexture(None)  # type: ignore[arg-type]
            self.module_actors.append((detail, "state", plate))

    def _plate(self) -> vtkPolyData:
        """A plate round the foot of an accelerator, to show its colour from above."""
        x, y = (0.72 * s for s in self.module_size[:2])
        solid = box((-x, -y, -0.002), (x, y, 0.003))
        return with_normals(polydata(solid.vertices, solid.faces))

    @property
    def actors(self) -> list[vtkActor]:
        """Everything to add to a renderer."""
        return [self.cards, *(actor for _, _, actor in self.module_actors)]

    # --- state --------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Adapt the surfaces to a theme."""
        set_material(self.cards, theme, "state")
        for _, role, actor in self.module_actors:
            set_material(actor, theme, role)  # type: ignore[arg-type]

    def hide(self) -> None:
        """Draw nothing (another level's channel is shown)."""
        self.cards.VisibilityOff()
        for _, _, actor in self.module_actors:
            actor.VisibilityOff()
        self._partition = ()
        for instances in self.sets:
            instances.rows = np.empty(0, np.int64)

    def set_colours(self, colours: Bytes, means: Bytes) -> None:
        """Colours of all accelerators (whole scene) and of this group's racks' means, in place."""
        self.colours = colours
        flat = self.atlas.view(np.uint32).reshape(-1)
        words = colours.view(np.uint32).reshape(-1)
        if self.gpu.size == len(words) and self.gpu.size and self.gpu[0, 0] == 0:
            flat[self.texel.reshape(-1)] = words
        else:
            flat[self.texel] = words[self.gpu]
        flat[self.mean_texel] = means.view(np.uint32).reshape(-1)[:, None]
        self.image.GetPointData().GetScalars().Modified()
        self.image.Modified()
        for instances in self.sets:
            instances.paint(colours)

    # --- what is drawn ------------------------------------------------------------------------

    def open_rows(self, view: View, centres: NDArray[np.float32], radius: float) -> Mask:
        """Racks near enough that their single accelerators are drawn."""
        tall = view.pixels(self.group.product.size[2], view.depth(centres))
        near = view.visible(centres, radius) & (tall >= view.quality.open_height)
        if self.kept is not None:
            near &= self.kept
        if view.quality.open_racks >= 0 and near.sum() > view.quality.open_racks:
            rows = np.nonzero(near)[0]
            keep = rows[np.argsort(-tall[rows], kind="stable")[: view.quality.open_racks]]
            near = np.zeros(len(near), bool)
            near[keep] = True
        return near

    def pulled_slots(self, row: int) -> NDArray[np.int64]:
        """Slots of the tray that is drawn out of rack ``row``; none for the other racks."""
        if self.tray_pull is None or self.tray_pull[0] != row:
            return np.empty(0, np.int64)
        return np.asarray(self.grid.order[self.tray_pull[1]].reshape(-1))

    def pull_of(self, row: int) -> float:
        """How far a tray is drawn out of rack ``row`` [m]."""
        return self.tray_pull[2] if self.tray_pull is not None and self.tray_pull[0] == row else 0.0

    def cell_at(self, local: NDArray[np.float64]) -> int | None:
        """Slot whose cell of the card lies at a point of the cabinet's surface (rack's frame)."""
        w, d, h = self.group.product.size
        trays, lines, columns = self.grid.order.shape
        x, y, z = (float(v) for v in local)
        reach = np.array([(w / 2 - abs(x)) / w, (d / 2 - abs(y)) / d, (h - z) / h])
        inset = 0.05
        u = (x + w / 2 - inset) / (w - 2 * inset)
        v = (y + d / 2 - inset) / (d - 2 * inset)
        if not (0 <= u < 1 or reach.argmin() == 0) or not (0 <= v < 1 or reach.argmin() == 1):
            return None
        wide = lines * columns
        if reach.argmin() == 2:  # the lid: columns of all lines across, trays from front to rear
            return self._slot_of(int(v * trays), int(u * wide))
        for first, last, low, high in self.runs:
            if low <= z < high:
                tray = first + int((z - low) / (high - low) * (last - first))
                if reach.argmin() == 1:
                    return self._slot_of(tray, int(u * wide))
                return self._slot_of(tray, int(v * lines) + (0 if x < 0 else wide - lines))
        return None

    def _slot_of(self, tray: int, across: int) -> int:
        """Slot shown by a texel of a tile."""
        lines = self.grid.order.shape[1]
        return int(self.grid.order[tray, across % lines, across // lines])

    def strip_at(self, origin: NDArray[np.float64], direction: NDArray[np.float64]) -> Strip | None:
        """Distance and slot of the coloured strip of an opened rack that a ray meets first."""
        w, d, _ = self.group.product.size
        wide = self.grid.order.shape[1] * self.grid.order.shape[2]
        half = w / 2 - SIDE_GAP
        for plane, facing in ((-d / 2 + FACE_SETBACK, 1), (d / 2 - REAR_SPACE, -1)):
            if direction[1] * facing <= 0:
                continue
            distance = (plane - origin[1]) / direction[1]
            x, _, z = origin + distance * direction
            ceiling = self.grid.low + STRIP * (self.grid.high - self.grid.low)
            tray = np.nonzero((self.grid.low <= z) & (z < ceiling))[0]
            if distance > 0 and abs(x) < half and len(tray):
                across = int((x + half) / (2 * half) * wide)
                return float(distance), self._slot_of(int(tray[0]), across)
        return None

    def refresh(self, view: View, opened: Mask, centres: NDArray[np.float32],
                radius: float) -> int:  # fmt: skip
        """Lay out cards and modules for the camera; returns the triangles drawn."""
        tall = view.pixels(self.group.product.size[2], view.depth(centres))
        seen = view.visible(centres, radius) & ~opened
        if self.kept is not None:
            seen &= self.kept
        middle, far = seen & (tall >= FAR_HEIGHT), seen & (tall < FAR_HEIGHT)
        self.opened, self.far = opened, far
        drawn = self._lay_cards(middle, far, opened)
        rows = np.nonzero(opened)[0]
        self._lay_modules(view, rows)
        return drawn + sum(
            len(s.rows) * (t + 12) for s, t in zip(self.sets, self.module_triangles, strict=True)
        )

    def _lay_cards(self, middle: Mask, far: Mask, opened: Mask) -> int:
        partition = (middle.tobytes(), far.tobytes(), opened.tobytes())
        drawn = 0
        if partition != self._partition:
            self._partition = partition
            points, texels = [], []
            for chosen, local, uv in ((middle, self.card_points, self.card_texels),
                                      (far, self.far_points, self.far_texels),
                                      (opened, self.strip_points, self.strip_texels)):  # fmt: skip
                rows = np.nonzero(chosen)[0]
                points.append(self.group.to_world(rows, local).reshape(-1, 3))
                place = self.corner[rows, None, :] + uv[None, :, :]
                texels.append((place / self.atlas_size).reshape(-1, 2))
            vertices = np.concatenate(points)
            faces = np.arange(len(vertices)).reshape(-1, 4)
            if len(vertices):
                data = polydata(vertices, faces, np.concatenate(texels))
                corners = vertices.reshape(-1, 4, 3)
                normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
                normals /= np.linalg.norm(normals, axis=1, keepdims=True)
                array = numpy_to_vtk(np.repeat(normals, 4, axis=0).astype(np.float32), deep=True)
                data.GetPointData().SetNormals(array)
                self.cards.GetMapper().SetInputData(data)
            self.cards.SetVisibility(len(vertices) > 0)
        for chosen, local in ((middle, self.card_points), (far, self.far_points),
                              (opened, self.strip_points)):  # fmt: skip
            drawn += int(chosen.sum()) * len(local) // 2
        return drawn

    def _lay_modules(self, view: View, rows: NDArray[np.int64]) -> None:
        local = self.group.product.slot_positions.copy()
        local[:, 2] -= self.module_size[2] / 2
        points = self.group.to_world(rows, local)
        if self.tray_pull is not None:
            rack, tray, distance = self.tray_pull
            at = np.nonzero(rows == rack)[0]
            if len(at):
                c, s = self.group.rotation[rack]
                slots = self.grid.order[tray].reshape(-1)
                points[at[0], slots] += np.array([s * distance, -c * distance, 0], np.float32)
        points = points.reshape(-1, 3)
        yaw = np.repeat(self.group.yaw[rows], self.slots)
        gpu = self.gpu[rows].reshape(-1)
        size = max(self.module_size)
        chosen = view.details(points, size, size * 1.6, self.module_triangles)
        for detail, instances in enumerate(self.sets):
            at = np.nonzero(chosen == detail)[0]
            if not np.array_equal(gpu[at], instances.rows) or self.tray_pull is not None:
                instances.show(gpu[at], points[at], yaw[at])
                instances.paint(self.colours)
            for d, _, actor in self.module_actors:
                if d == detail:
                    actor.SetVisibility(len(at) > 0)


def _runs(grid: SlotGrid) -> list[tuple[int, int, float, float]]:
    """Neighbouring trays: first and one past the last, z from and to."""
    out: list[tuple[int, int, float, float]] = []
    start = 0
    gap = 1.5 * float(np.min(grid.high - grid.low))
    for k in range(1, len(grid.low) + 1):
        if k == len(grid.low) or grid.low[k] - grid.low[k - 1] > gap:
            out.append((start, k, float(grid.low[start]), float(grid.high[k - 1])))
            start = k
    return out
