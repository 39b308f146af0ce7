"""Hand-made scene descriptions for the viewer's tests, and frames of plausible values for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRAYS = "pp" + "c" * 10 + "s" * 9 + "c" * 8 + "pp"
PITCH, FIRST = 0.0465, 0.16

CHANNELS: list[dict[str, Any]] = [
    {"name": "gpu.temperature", "title": "GPU junction temperature", "unit": "degC", "low": 30,
     "high": 95, "warning": 87, "limit": 92, "colormap": "thermal"},
    {"name": "gpu.power", "title": "GPU power", "unit": "W", "low": 0, "high": 1500},
    {"name": "rack.power", "title": "Rack power", "unit": "W", "low": 0, "high": 150e3},
    {"name": "rack.supply_temperature", "title": "Rack supply temperature", "unit": "degC",
     "low": 15, "high": 55, "warning": 45, "limit": 50, "colormap": "thermal"},
    {"name": "cdu.heat", "title": "CDU heat", "unit": "W", "low": 0, "high": 1e6},
    {"name": "crah.fan_speed", "title": "CRAH fan speed", "unit": "", "low": 0, "high": 1,
     "colormap": "share"},
    {"name": "cooler.fan_speed", "title": "Cooler fan speed", "unit": "", "low": 0, "high": 1,
     "warning": 0.98, "colormap": "share"},
    {"name": "panel.load", "title": "Panel load", "unit": "", "low": 0, "high": 1.2,
     "warning": 0.8, "limit": 1.0},
    {"name": "ups.load", "title": "UPS load", "unit": "", "low": 0, "high": 1.2, "warning": 0.9,
     "limit": 1.0},
    {"name": "hall_transformer.load", "title": "Transformer load", "unit": "", "low": 0,
     "high": 1.2, "warning": 0.9, "limit": 1.0},
    {"name": "row.cold_aisle_temperature", "title": "Cold aisle temperature", "unit": "degC",
     "low": 15, "high": 40, "warning": 27, "limit": 32, "colormap": "thermal"},
    {"name": "site.pue", "title": "PUE", "unit": "", "low": 1, "high": 1.5},
]  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """What a source's ``latest()`` gives, as far as the viewer reads it."""

    time: float
    values: dict[str, NDArray[np.float32]]
    kpi: dict[str, float] = field(default_factory=dict)
    start: dict[str, int] = field(default_factory=dict)
    sequence: int = 0
    wall: float = 0.0
    speed: float = 1.0
    paused: bool = False


def _slots() -> list[dict[str, Any]]:
    slots, tray, z = [], 0, FIRST
    for letter in TRAYS:
        if letter == "c":
            tray += 1
            for k in range(4):
                x, y = (-0.1225, 0.1225)[k % 2], (-0.2, 0.14)[k // 2]
                slots.append(
                    {"name": f"tray-{tray:02d}/gpu-{k + 1}", "size": [0.10, 0.12, 0.02],
                     "position": [x, y, round(z + PITCH / 2, 5)]}
                )  # fmt: skip
        z += PITCH
    return slots


def products() -> dict[str, dict[str, Any]]:
    def product(kind: str, title: str, mesh: str, size: list[float], **more: Any) -> dict[str, Any]:
        return {"class": kind, "title": title, "mesh": mesh, "size": size, "parameters": {}, **more}

    return {
        "gb300-nvl72": product(
            "rack", "GB300 NVL72", "nvl72-rack", [0.6, 1.068, 2.236], slots=_slots(),
            parameters={"tray_order": TRAYS, "pitch": PITCH, "first_height": FIRST, "stacks": 8,
                        "accelerators_per_tray": 4, "cooling": "liquid", "compute_units": 1}),
        "cdu-1300": product("cdu", "CDU 1.3 MW", "cdu", [0.9, 1.2, 2.3]),
        "crah-100": product("crah", "CRAH 100 kW", "crah", [2.2, 0.95, 2.4]),
        "panel-500": product("panel", "Remote power panel", "panel", [0.8, 0.8, 2.1]),
        "ups-500": product("ups", "UPS 500 kW", "ups", [2.4, 0.95, 2.0]),
        "transformer-2500": product(
            "transformer", "22.9 kV 2.5 MVA", "transformer", [2.3, 1.9, 2.5]),
        "dry-cooler-600": product("cooler", "Dry cooler", "dry-cooler", [9.2, 2.4, 2.7]),
        "pump-45": product("pump", "Pump 45 kW", "pump", [1.6, 0.7, 1.05]),
        "generator-2000": product("generator", "Generator 2 MW", "generator", [7.0, 2.4, 3.4]),
        "battery-500": product("battery", "Battery", "battery", [2.8, 1.0, 2.2]),
        "tower-3": product("cooler", "Cooling tower", "cooling-tower", [7.2, 3.6, 5.0]),
        "chiller-1500": product("chiller", "Chiller", "chiller", [4.6, 1.9, 2.3]),
    }  # fmt: skip


@dataclass
class _Builder:
    levels: dict[str, dict[str, Any]] = field(default_factory=dict)
    spots: dict[tuple[str, str], dict[str, list[Any]]] = field(default_factory=dict)
    pipes: list[dict[str, Any]] = field(default_factory=list)
    busways: list[dict[str, Any]] = field(default_factory=list)
    structures: list[dict[str, Any]] = field(default_factory=list)

    def element(self, level: str, parent: str | None, parent_index: int, name: str) -> int:
        table = self.levels.setdefault(
            level, {"count": 0, "parent": parent, "parent_index": [], "names": []}
        )
        table["parent_index"].append(parent_index)
        table["names"].append(name)
        table["count"] += 1
        return table["count"] - 1

    def stand(
        self, level: str, parent: str, parent_index: int, name: str, product: str,
        x: float, y: float, yaw: float = 0.0, z: float = 0.0,
    ) -> int:  # fmt: skip
        index = self.element(level, parent, parent_index, name)
        spot = self.spots.setdefault((level, product), {"index": [], "position": [], "yaw": []})
        spot["index"].append(index)
        spot["position"].append([round(x, 3), round(y, 3), z])
        spot["yaw"].append(yaw)
        return index

    def structure(
        self, kind: str, title: str, low: list, size: list, level: str, index: int
    ) -> None:
        self.structures.append(
            {"kind": kind, "title": title, "position": low, "size": size, "level": level,
             "index": index}
        )  # fmt: skip

    def scene(self, name: str, title: str) -> dict[str, Any]:
        racks = self.levels["rack"]["count"]
        gpus = {"count": racks * 72, "parent": "rack"}
        instances = [
            {"level": level, "product": product, **spot}
            for (level, product), spot in self.spots.items()
        ]
        corners = [s["position"] for s in self.structures]
        ends = [np.add(s["position"], s["size"]) for s in self.structures]
        return {
            "schema": "twin.scene/1", "digest": f"test-{name}", "name": name, "title": title,
            "up": "z", "units": "m",
            "bounds": [np.min(corners, axis=0).tolist(), np.max(ends, axis=0).tolist()],
            "levels": {**self.levels, "gpu": gpus},
            "rack_first_gpu": [72 * k for k in range(racks + 1)],
            "products": {k: v for k, v in products().items()
                         if any(k == p for _, p in self.spots)},
            "instances": instances, "pipes": self.pipes, "busways": self.busways,
            "structures": self.structures,
            "channels": [{"resolution": 0.01, "warning": None, "limit": None,
                          "colormap": "sequential", "description": "",
                          "level": c["name"].split(".")[0],
                          "field": c["name"], **c} for c in CHANNELS],
        }  # fmt: skip


def _row(b: _Builder, hall: int, name: str, x: float, y: float, racks: int, yaw: float) -> int:
    """A row of racks with a CDU and a panel at both ends, its headers and busways above."""
    row = b.element("row", "hall", hall, name)
    place = x
    path = f"/row/{name}"
    for side in (0, 1):
        for level, product, width in (("panel", "panel-500", 0.8), ("cdu", "cdu-1300", 0.9))[
            :: 1 if side == 0 else -1
        ]:
            number = f"{level}-{side + 1}"
            index = b.stand(level, "row", row, number, product, place + width / 2, y, yaw)
            place += width
            if level == "panel":
                z, shift = 2.95, (side - 0.5) * 0.3
                start = place - width / 2
                end = x + 1.7 + racks * 0.6 if side == 0 else x + 1.7
                b.busways.append(
                    {"path": f"{path}/{number}", "size": [0.12, 0.18], "level": "panel",
                     "index": index,
                     "points": [[start, y + shift, 2.1], [start, y + shift, z],
                                [end, y + shift, z]]}
                )  # fmt: skip
        if side == 0:
            for k in range(racks):
                b.stand("rack", "row", row, f"rack-{k + 1:02d}", "gb300-nvl72", place + 0.3, y, yaw)
                place += 0.6
    back = 1 if yaw == 0 else -1
    for service, z, offset in (("tcs-supply", 2.55, 0.30), ("tcs-return", 2.55, 0.48)):
        b.pipes.append(
            {"path": path, "service": service, "diameter": 0.11, "level": "cdu", "index": 0,
             "points": [[x + 1.2, y + back * offset, 2.3], [x + 1.2, y + back * offset, z],
                        [place - 1.2, y + back * offset, z], [place - 1.2, y + back * offset, 2.3]]}
        )  # fmt: skip
    return row


def pilot_scene() -> dict[str, Any]:
    """One hall with a row of 8 racks, electrical room in front, cooling plant behind."""
    b = _Builder()
    site = b.element("site", None, 0, "pilot")
    plant = b.element("plant", "site", site, "plant-1")
    hall = b.element("hall", "site", site, "hall-a")
    b.structure("slab", "", [-8, -16, -0.2], [36, 42, 0.2], "site", site)
    b.structure("hall", "Hall A", [0, 0, 0], [15.2, 9.2, 5], "hall", hall)
    b.structure("room", "Electrical room", [0, -6.4, 0], [15.2, 6.2, 4], "hall", hall)
    b.structure("label", "Hall A", [7.6, 4.6, 5.2], [1, 1, 1], "hall", hall)
    _row(b, hall, "row-01", 3.4, 4.4, 8, 0.0)
    for k in range(4):
        left = k < 2
        b.stand("crah", "hall", hall, f"crah-{k + 1:02d}", "crah-100", 0.8 if left else 14.4,
                2.4 + 4.4 * (k % 2), 90.0 if left else 270.0)  # fmt: skip
    for k in range(2):
        b.stand("ups", "hall", hall, f"ups-{k + 1:02d}", "ups-500", 2.0 + 3.4 * k, -1.6)
        b.stand("hall_transformer", "hall", hall, f"transformer-{k + 1:02d}", "transformer-2500",
                2.0 + 3.4 * k, -4.4)  # fmt: skip
    b.stand("battery", "site", site, "battery-01", "battery-500", 12.2, -1.6)
    b.stand("generator", "site", site, "generator-01", "generator-2000", 5.0, -11.5)
    for k in range(2):
        b.stand("pump", "plant", plant, f"pump-{k + 1:02d}", "pump-45", 6.0 + 2.6 * k, 11.4)
    for k in range(3):
        b.stand("cooler", "plant", plant, f"cooler-{k + 1:02d}", "dry-cooler-600", 7.6,
                15.6 + 3.6 * k)  # fmt: skip
    for n, (service, shift, z) in enumerate((("fws-supply", 0.0, 3.3), ("fws-return", 0.35, 3.65))):
        d = 0.16
        x = -0.9 + 0.4 * n
        b.pipes.append(
            {"path": "/pilot/plant-1", "service": service, "diameter": d, "level": "plant",
             "index": plant,
             "points": [[4.0, 4.7 + shift, 2.3], [4.0, 4.7 + shift, z], [x + 0.0, 4.7 + shift, z],
                        [x, 12.4 + shift, z], [x, 12.4 + shift, 0.5], [x, 23.6, 0.5]]}
        )  # fmt: skip
        for k in range(3):
            b.pipes.append(
                {"path": f"/pilot/plant-1/cooler-{k + 1:02d}", "service": service,
                 "diameter": 0.11, "level": "plant", "index": plant,
                 "points": [[x, 15.2 + 3.6 * k + 0.8 * n, 0.5],
                            [3.0, 15.2 + 3.6 * k + 0.8 * n, 0.5]]}
            )  # fmt: skip
    b.structure("label", "Cooling plant", [7.6, 19.0, 3.4], [1, 1, 1], "plant", plant)
    return b.scene("pilot", "Pilot, 8 x GB300 NVL72")


def wide_scene(sites: int = 5, halls: int = 4, rows: int = 9, racks: int = 20) -> dict[str, Any]:
    """Several sites of equal halls; the default is 3,600 racks with 259,200 accelerators."""
    b = _Builder()
    for s in range(sites):
        ox, oy = (s % 3) * 190.0, (s // 3) * 150.0
        site = b.element("site", None, 0, f"site-{s + 1}")
        plant = b.element("plant", "site", site, "plant-1")
        length, width = 22.0 + racks * 0.6, 4.5 + rows * 2.7
        b.structure("slab", "", [ox - 12, oy - 14, -0.2],
                    [2 * length + 36, 2 * (width + 10) + 54, 0.2], "site", site)  # fmt: skip
        b.structure("label", f"Site {s + 1}", [ox + length, oy + width, 9], [1, 1, 1], "site", site)
        for h in range(halls):
            hx, hy = ox + (h % 2) * (length + 6), oy + (h // 2) * (width + 14)
            hall = b.element("hall", "site", site, f"hall-{'abcdefgh'[h]}")
            b.structure("hall", f"Hall {'ABCDEFGH'[h]}", [hx, hy, 0], [length, width, 5], "hall",
                        hall)  # fmt: skip
            for r in range(rows):
                _row(b, hall, f"row-{r + 1:02d}", hx + 8.0, hy + 3.2 + 2.7 * r, racks,
                     180.0 if r % 2 else 0.0)  # fmt: skip
            for k in range(8):
                b.stand("crah", "hall", hall, f"crah-{k + 1:02d}", "crah-100",
                        hx + (0.9 if k < 4 else length - 0.9), hy + width * ((k % 4) + 0.5) / 4,
                        90.0 if k < 4 else 270.0)  # fmt: skip
            for k in range(6):
                b.stand("ups", "hall", hall, f"ups-{k + 1:02d}", "ups-500", hx + 2 + 3.2 * k,
                        hy - 1.6)  # fmt: skip
                b.stand("hall_transformer", "hall", hall, f"transformer-{k + 1:02d}",
                        "transformer-2500", hx + 2 + 3.2 * k, hy - 4.6)  # fmt: skip
        top = oy + 2 * width + 26
        for k in range(18):
            b.stand("cooler", "plant", plant, f"cooler-{k + 1:02d}", "dry-cooler-600",
                    ox + 6 + 10.5 * (k % 6), top + 4.0 * (k // 6))  # fmt: skip
        for service, y in (("fws-supply", top - 4.0), ("fws-return", top - 4.6)):
            b.pipes.append(
                {"path": f"/site-{s + 1}/plant-1", "service": service, "diameter": 0.5,
                 "level": "plant", "index": plant,
                 "points": [[ox, y, 0.6], [ox + 2 * length, y, 0.6], [ox + 2 * length, oy, 0.6]]}
            )  # fmt: skip
    return b.scene("wide", f"{sites} sites, {sites * halls * rows * racks:,} racks")


def hall_scene() -> dict[str, Any]:
    """One hall of 128 racks."""
    return wide_scene(sites=1, halls=1, rows=8, racks=16)


def frame_for(scene: dict[str, Any], time: float = 0.0, seed: int = 1) -> Frame:
    """Values for every channel of a scene: smooth over racks with some spread."""
    rng = np.random.default_rng(seed)
    values = {}
    for c in scene["channels"]:
        level = scene["levels"].get(c["level"])
        if level is None:
            continue
        n = level["count"]
        wave = 0.62 + 0.16 * np.sin(np.arange(n) / max(n / 19, 2.0) + time / 60)
        share = wave + rng.normal(0, 0.05, n)
        if c["name"].startswith("gpu"):
            racks = scene["levels"]["rack"]["count"]
            rack = np.repeat(rng.normal(0, 0.07, racks), np.diff(scene["rack_first_gpu"]))
            share = share + rack
        values[c["name"]] = (c["low"] + share * (c["high"] - c["low"])).astype(np.float32)
    kpi = {
        "it_power_w": 132e3 * scene["levels"]["rack"]["count"], "pue": 1.134,
        "facility_power_w": 150e3 * scene["levels"]["rack"]["count"],
        "max_gpu_temperature_c": float(values["gpu.temperature"].max()),
        "throttled_gpu_fraction": 0.0123, "tokens_per_s": 1.234e6,
    }  # fmt: skip
    return Frame(time, values, kpi, sequence=int(time) + 1)
