"""The way of one accelerator's heat from its die to the sky: stages, numbers, and a line in space.

The stages are one table for the window and, as JSON, for the browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewer.scene_model import SceneModel

Floats = NDArray[np.float64]
SKY = 7.0  # m above the cooler at which the line ends


@dataclass(frozen=True)
class Stage:
    """One station of the heat: element level, title, temperature channel, further channels."""

    level: str
    title: str
    temperature: str
    others: tuple[str, ...] = ()


LIQUID: tuple[Stage, ...] = (
    Stage("gpu", "Die", "gpu.temperature", ("gpu.power", "gpu.clock")),
    Stage("gpu", "HBM stacks", "gpu.hbm_temperature", ("gpu.memory_clock",)),
    Stage("gpu", "Cold plate", "gpu.plate_temperature"),
    Stage("rack", "Coolant out of the rack", "rack.return_temperature",
          ("rack.supply_temperature", "rack.coolant_flow", "rack.liquid_heat")),
    Stage("cdu", "Coolant into the CDU", "cdu.return_temperature",
          ("cdu.supply_temperature", "cdu.heat", "cdu.approach")),
    Stage("cdu", "Facility water out of it", "cdu.primary_return_temperature",
          ("cdu.primary_supply_temperature", "cdu.primary_flow")),
    Stage("plant", "Water back at the plant", "plant.return_temperature",
          ("plant.heat_rejected", "plant.flow")),
    Stage("cooler", "Water out of the coolers", "plant.supply_temperature", ("cooler.fan_speed",)),
    Stage("site", "Outdoor air", "site.dry_bulb_temperature", ("site.wet_bulb_temperature",)),
)  # fmt: skip
"""Through coolant, a CDU and facility water."""

AIR: tuple[Stage, ...] = (
    *LIQUID[:2],
    Stage("gpu", "Heat sink", "gpu.plate_temperature"),
    Stage("rack", "Air out of the rack", "rack.return_temperature", ("rack.air_heat",)),
    Stage("row", "Hot aisle", "row.hot_aisle_temperature"),
    Stage("hall", "Return air", "hall.air_return_temperature", ("hall.crah_heat",)),
    Stage("crah", "Air handler", "hall.air_supply_temperature", ("crah.fan_speed",)),
    *LIQUID[6:],
)
"""Through the room's air and an air handler."""


def way(model: SceneModel, gpu: int) -> tuple[tuple[Stage, ...], dict[str, int]]:
    """Stages of an accelerator's heat, and the row of the element of each level that it passes."""
    rack, _ = model.rack_of_gpu(gpu)
    rows = {"gpu": gpu, "rack": rack}
    for level in ("row", "hall", "site"):
        found = model.ancestor("rack", rack, level)
        if found is not None:
            rows[level] = found
    links: Mapping[str, Sequence[int]] = model.raw.get("links") or {}
    cdu = _linked(links, "rack_cdu", rack)
    if not links:  # a recording of before the scene told: any CDU of the row
        cdu = _first(model, "cdu", "row", rows.get("row"))
    liquid = cdu is not None
    hall = rows.get("hall")
    plant = _linked(links, "hall_plant" if liquid else "hall_air_plant", hall)
    if plant is None:
        plant = _first(model, "plant", "site", rows.get("site"))
    for level, row in (
        ("cdu", cdu),
        ("crah", None if liquid else _first(model, "crah", "hall", hall)),
        ("plant", plant),
        ("cooler", _first(model, "cooler", "plant", plant)),
    ):
        if row is not None:
            rows[level] = row
    stages = tuple(s for s in (LIQUID if liquid else AIR) if s.level in rows)
    return stages, rows


def _linked(links: Mapping[str, Sequence[int]], name: str, row: int | None) -> int | None:
    table = links.get(name)
    if table is None or row is None or row >= len(table) or table[row] < 0:
        return None
    return int(table[row])


def _first(model: SceneModel, level: str, parent: str, row: int | None) -> int | None:
    table = model.raw["levels"].get(level)
    if row is None or not table or table.get("parent") != parent:
        return None
    rows = np.nonzero(np.asarray(table["parent_index"]) == row)[0]
    return int(rows[0]) if len(rows) else None


def values_of(
    stage: Stage, rows: Mapping[str, int], values: Mapping[str, NDArray[np.floating]]
) -> dict[str, float]:
    """Values of a stage's channels at the elements on the way; those that are not known: left out.

    values : whole columns by channel
    """
    out = {}
    for name in (stage.temperature, *stage.others):
        row, column = rows.get(name.partition(".")[0]), values.get(name)
        if row is not None and column is not None and row < len(column):
            if np.isfinite(column[row]):
                out[name] = float(column[row])
    return out


def channels_of(stages: Sequence[Stage]) -> list[str]:
    """Every channel the stages show, each once."""
    return list(dict.fromkeys(n for s in stages for n in (s.temperature, *s.others)))


def line(model: SceneModel, rows: Mapping[str, int]) -> Floats:
    """The way as points (n, 3): out of the rack, along the return pipes, over the cooler."""
    centre, _ = model.place("gpu", rows["gpu"])
    points: list[Floats] = [centre]
    _, size = model.place("rack", rows["rack"])
    top = float(size[2]) + 0.25
    points.append(np.array([centre[0], centre[1], top]))
    if "cdu" in rows:
        _follow(model, points, "tcs-return", "cdu", rows["cdu"])
        points.append(_top_of(model, "cdu", rows["cdu"]))
        _follow(model, points, "fws-return", "cdu", rows["cdu"])
    elif "crah" in rows:
        points.append(_top_of(model, "crah", rows["crah"]))
    if "plant" in rows:
        over = _top_of(model, "cooler", rows["cooler"]) if "cooler" in rows else None
        _follow(model, points, "fws-return", "plant", rows["plant"])
        _follow(model, points, "fws-return", "plant", rows["plant"], over)
    if "cooler" in rows:
        over = _top_of(model, "cooler", rows["cooler"])
        points += [over, over + np.array([0.0, 0.0, SKY])]
    return np.array(points)


def _top_of(model: SceneModel, level: str, row: int) -> Floats:
    centre, size = model.place(level, row)
    return np.asarray(centre + np.array([0.0, 0.0, size[2] / 2]))


def _follow(
    model: SceneModel,
    points: list[Floats],
    service: str,
    level: str,
    row: int,
    towards: Floats | None = None,
) -> None:
    """Go on along the pipe of that service that leads away from where the line is.

    Of several pipes (from the halls, and to the coolers) the one that passes nearest, if walking
    along it leads on; as far as its nearest point to ``towards``, or to its end.
    """
    best: tuple[float, Floats] | None = None
    for pipe in model.raw.get("pipes", []):
        if (pipe["service"], pipe["level"], pipe["index"]) != (service, level, row):
            continue
        route = np.asarray(pipe["points"], float)
        at, leg, spot = _nearest(route, points[-1])
        rest = np.concatenate([spot[None], route[leg + 1 :]])
        length = float(np.linalg.norm(np.diff(rest, axis=0), axis=1).sum())
        if length > 0.3 and (best is None or at < best[0]):
            best = at, rest
    if best is not None:
        rest = best[1]
        if towards is not None:
            _, leg, spot = _nearest(rest, towards)
            rest = np.concatenate([rest[: leg + 1], spot[None]])
        points += list(rest)


def _nearest(route: Floats, point: Floats) -> tuple[float, int, Floats]:
    """Distance to a polyline, the leg it is on, and the nearest point there."""
    start, step = route[:-1], np.diff(route, axis=0)
    share = ((point - start) * step).sum(axis=1) / np.maximum((step**2).sum(axis=1), 1e-12)
    spots = start + np.clip(share, 0.0, 1.0)[:, None] * step
    away = np.linalg.norm(spots - point, axis=1)
    leg = int(np.argmin(away))
    return float(away[leg]), leg, spots[leg]


def as_json() -> dict[str, Any]:
    """The tables as plain data for other clients."""
    return {
        name: [[s.level, s.title, s.temperature, list(s.others)] for s in stages]
        for name, stages in (("liquid", LIQUID), ("air", AIR))
    }
