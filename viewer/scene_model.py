"""The scene description as arrays: what stands where, what it is called, what can be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import InputError

SCHEMA = "twin.scene/1"


@dataclass(frozen=True)
class Channel:
    """A value that can be shown: see the scene's channel table."""

    name: str
    level: str
    title: str
    unit: str
    low: float
    high: float
    warning: float | None
    limit: float | None
    falling: bool
    colormap: str
    description: str
    resolution: float


@dataclass(frozen=True, eq=False)
class Product:
    """A product: mesh kind, size (x, y, z) [m], mesh parameters and accelerator slots.

    slot_names : (s,); slot_positions : centres in the product's frame (s, 3); slot_sizes : (s, 3)
    """

    id: str
    title: str
    mesh: str
    size: tuple[float, float, float]
    parameters: Mapping[str, Any]
    slot_names: tuple[str, ...]
    slot_positions: NDArray[np.float32]
    slot_sizes: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Group:
    """All elements of one level that are one product.

    index : rows in the level (n,); position : footprint centres (n, 3) [m]; yaw : (n,) [deg]
    """

    level: str
    product: Product
    index: NDArray[np.int64]
    position: NDArray[np.float32]
    yaw: NDArray[np.float32]

    @cached_property
    def rotation(self) -> NDArray[np.float32]:
        """Cosine and sine of the yaw, shape [n, 2]."""
        angle = np.radians(self.yaw.astype(np.float64))
        return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)

    def to_world(self, rows: NDArray[np.int64], local: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points of the product's frame (s, 3) in the world for each of ``rows``: (r, s, 3)."""
        c, s = self.rotation[rows, 0, None], self.rotation[rows, 1, None]
        out = np.empty((len(rows), len(local), 3), np.float32)
        out[:, :, 0] = c * local[None, :, 0] - s * local[None, :, 1]
        out[:, :, 1] = s * local[None, :, 0] + c * local[None, :, 1]
        out[:, :, 2] = local[None, :, 2]
        return out + self.position[rows, None, :]


@dataclass(frozen=True, eq=False)
class SceneModel:
    """A scene description, checked and turned into arrays."""

    raw: Mapping[str, Any]
    products: Mapping[str, Product]
    groups: Sequence[Group]
    channels: Sequence[Channel]
    rack_first_gpu: NDArray[np.int64]
    bounds: NDArray[np.float64]

    @property
    def title(self) -> str:
        """Title for people, or the layout's name."""
        return str(self.raw.get("title") or self.raw.get("name") or "")

    @property
    def digest(self) -> str:
        """Digest of the layout."""
        return str(self.raw.get("digest", ""))

    def count(self, level: str) -> int:
        """Number of elements of a level; 0 for a level the scene does not have."""
        if level == "gpu":
            return int(self.rack_first_gpu[-1]) if len(self.rack_first_gpu) else 0
        return int(self.raw["levels"].get(level, {}).get("count", 0))

    @cached_property
    def _channels(self) -> Mapping[str, Channel]:
        return {c.name: c for c in self.channels}

    def channel(self, name: str) -> Channel:
        """The channel of that name. Raises InputError that lists what there is."""
        if name not in self._channels:
            from twin.errors import near_matches

            raise InputError(
                f"the scene has no channel {name!r}",
                key="channel",
                found=name,
                allowed=near_matches(name, list(self._channels)),
            )
        return self._channels[name]

    def groups_of(self, level: str) -> list[Group]:
        """The groups of a level."""
        return [g for g in self.groups if g.level == level]

    @cached_property
    def _rack_place(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Group number and row in the group of each rack."""
        racks = self.count("rack")
        group, row = np.full(racks, -1), np.full(racks, -1)
        for k, g in enumerate(self.groups):
            if g.level == "rack":
                group[g.index], row[g.index] = k, np.arange(len(g.index))
        return group, row

    def rack_of_gpu(self, gpu: int) -> tuple[int, int]:
        """Rack that holds an accelerator, and its slot there."""
        rack = int(np.searchsorted(self.rack_first_gpu, gpu, side="right")) - 1
        return rack, int(gpu - self.rack_first_gpu[rack])

    def placed(self, level: str, index: int) -> bool:
        """Whether an element of a level that stands on the floor has a place of its own."""
        return any(np.any(group.index == index) for group in self.groups_of(level))

    def place_of_rack(self, rack: int) -> tuple[Group, int]:
        """Group of a rack and its row there."""
        groups, rows = self._rack_place
        return self.groups[int(groups[rack])], int(rows[rack])

    def place(self, level: str, index: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centre and size (axis-aligned, world) of any element; of a container, its contents.

        Raises InputError for an element without a place.
        """
        if level == "gpu":
            rack, slot = self.rack_of_gpu(index)
            group, row = self.place_of_rack(rack)
            local = group.product.slot_positions[slot : slot + 1]
            centre = group.to_world(np.array([row]), local)[0, 0]
            return centre.astype(float), group.product.slot_sizes[slot].astype(float)
        for group in self.groups_of(level):
            rows = np.nonzero(group.index == index)[0]
            if len(rows):
                size = np.array(group.product.size)
                c, s = np.abs(group.rotation[rows[0]])
                extent = np.array([c * size[0] + s * size[1], s * size[0] + c * size[1], size[2]])
                return group.position[rows[0]] + np.array([0, 0, size[2] / 2]), extent
        boxes = [
            (np.asarray(s["position"], float), np.asarray(s["size"], float))
            for s in self.raw.get("structures", [])
            if s.get("level") == level and s.get("index") == index and s["kind"] != "label"
        ]
        boxes += [
            (centre - size / 2, size)
            for child, row in self._children(level, index)
            for centre, size in [self.place(child, row)]
        ]
        if not boxes:
            raise InputError(f"the scene has no place for {level} {index}", key="path")
        low = np.min([b[0] for b in boxes], axis=0)
        high = np.max([b[0] + b[1] for b in boxes], axis=0)
        return (low + high) / 2, high - low

    def _children(self, level: str, index: int) -> list[tuple[str, int]]:
        out = []
        for name, table in self.raw["levels"].items():
            if table.get("parent") == level and name != "gpu":
                rows = np.nonzero(np.asarray(table["parent_index"]) == index)[0]
                out += [(name, int(r)) for r in rows]
        return out

    def ancestor(self, level: str, index: int, above: str) -> int | None:
        """Row of the element of level ``above`` that holds an element, or is it; None: no such."""
        if level == "gpu" and above != "gpu":
            level, index = "rack", self.rack_of_gpu(index)[0]
        while level != above:
            table = self.raw["levels"][level]
            parent = table.get("parent")
            if parent is None:
                return None
            level, index = parent, int(table["parent_index"][index])
        return index

    def path(self, level: str, index: int) -> str:
        """Path of an element, such as /pilot/hall-a/row-01/rack-03/tray-04/gpu-2."""
        if level == "gpu":
            rack, slot = self.rack_of_gpu(index)
            group, _ = self.place_of_rack(rack)
            return f"{self.path('rack', rack)}/{group.product.slot_names[slot]}"
        table = self.raw["levels"][level]
        name = table["names"][index]
        parent = table.get("parent")
        if parent is None:
            return f"/{name}"
        return f"{self.path(parent, table['parent_index'][index])}/{name}"

    def find(self, path: str) -> tuple[str, int]:
        """Level and row of the element at a path. Raises InputError when there is none."""
        parts = [p for p in path.split("/") if p]
        level, index = None, 0
        used = 0
        while used < len(parts):
            step = self._step(level, index, parts[used])
            if step is None:
                if level == "rack":
                    group, _ = self.place_of_rack(index)
                    slot = "/".join(parts[used:])
                    if slot in group.product.slot_names:
                        row = group.product.slot_names.index(slot)
                        return "gpu", int(self.rack_first_gpu[index]) + row
                raise InputError(
                    f"nothing stands at {path}",
                    key="path",
                    found=parts[used],
                    allowed="see twin info",
                )
            level, index = step
            used += 1
        if level is None:
            raise InputError("the path is empty", key="path")
        return level, index

    def _step(self, level: str | None, index: int, name: str) -> tuple[str, int] | None:
        for child, table in self.raw["levels"].items():
            if table.get("parent") != level or child == "gpu":
                continue
            names = table["names"]
            parents = table.get("parent_index") or [0] * len(names)
            for row, (n, p) in enumerate(zip(names, parents, strict=True)):
                if n == name and (level is None or p == index):
                    return child, row
        return None


def read_scene(raw: Mapping[str, Any]) -> SceneModel:
    """Check a scene description and turn it into arrays.

    Raises InputError for another schema, an unknown product, or arrays of unequal length.
    """
    if raw.get("schema") != SCHEMA:
        raise InputError(
            "this is not a scene description the viewer understands",
            key="schema",
            found=str(raw.get("schema")),
            allowed=SCHEMA,
        )
    products = {key: _product(key, row) for key, row in raw.get("products", {}).items()}
    groups = []
    for number, row in enumerate(raw.get("instances", [])):
        if row["product"] not in products:
            raise InputError(
                "instances of a product the scene does not describe",
                key=f"instances[{number}].product",
                found=str(row["product"]),
                allowed=", ".join(sorted(products)[:8]),
            )
        index = np.asarray(row["index"], dtype=np.int64)
        position = _points(row["position"], np.float32)
        yaw = np.asarray(row.get("yaw", np.zeros(len(index))), dtype=np.float32)
        if not len(index) == len(position) == len(yaw):
            raise InputError(
                "index, position and yaw must have one entry per instance",
                key=f"instances[{number}]",
                found=f"{len(index)}, {len(position)}, {len(yaw)}",
            )
        if len(index):
            groups.append(Group(row["level"], products[row["product"]], index, position, yaw))
    return SceneModel(
        raw,
        products,
        tuple(groups),
        tuple(_channel(row) for row in raw.get("channels", [])),
        np.asarray(raw.get("rack_first_gpu", [0]), dtype=np.int64),
        np.asarray(raw.get("bounds", [[-10, -10, 0], [10, 10, 5]]), dtype=float),
    )


def _points(points: ArrayLike, dtype: type) -> NDArray[Any]:
    return np.asarray(points, dtype=dtype).reshape(-1, 3)


def _product(key: str, row: Mapping[str, Any]) -> Product:
    slots = row.get("slots") or []
    width, depth, height = row["size"]
    return Product(
        key,
        str(row.get("title", key)),
        str(row["mesh"]),
        (float(width), float(depth), float(height)),
        row.get("parameters") or {},
        tuple(s["name"] for s in slots),
        _points([s["position"] for s in slots], np.float32),
        _points([s["size"] for s in slots], np.float32),
    )


def _channel(row: Mapping[str, Any]) -> Channel:
    colours = row.get("colormap") or row.get("colours") or "sequential"
    return Channel(
        str(row["name"]),
        str(row.get("level") or str(row["name"]).partition(".")[0]),
        str(row.get("title", row["name"])),
        str(row.get("unit", "")),
        float(row["low"]),
        float(row["high"]),
        None if row.get("warning") is None else float(row["warning"]),
        None if row.get("limit") is None else float(row["limit"]),
        bool(row.get("falling", False)),
        str(colours),
        str(row.get("description", "")),
        float(row.get("resolution") or 0.0),
    )
