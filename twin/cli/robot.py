"""``twin robot``: a mobile manipulator in the halls of a layout."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.bounds import LARGEST_SEED
from twin.cli.idle_options import refuse_idle
from twin.cli.number_options import whole
from twin.errors import InputError
from twin.extras import need
from twin.whole_files import folder_beside, write_file

if TYPE_CHECKING:
    from twin.plant.plant import Plant
    from twin.rigid.delivery import Delivery
    from twin.rigid.robot_design import RobotDesign
    from twin.rigid.robot_floor import RobotFloor
    from twin.rigid.robot_tasks import Patrol, Stop

TASKS = ("patrol", "reach", "swap", "deliver")
PICTURE_SIZE = (384, 288)


def robot(
    context: typer.Context,
    layout: Annotated[str, typer.Argument(help="Layout file, or the name of a bundled layout")],
    task: Annotated[
        str, typer.Option(help="patrol, reach, swap, or deliver (a rack on a dolly, by people)")
    ] = "patrol",
    target: Annotated[
        str | None,
        typer.Option(help="Path: a hall, row or rack; for swap a tray, such as .../tray-04"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Folder for robot.json and pictures"),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(help="What its cameras see: a recording or a server (else the layout)"),
    ] = None,
    at: Annotated[str | None, typer.Option(help="Simulated time of that, such as 8min")] = None,
    pictures: Annotated[int, typer.Option(help="Thermal pictures of a round", parser=whole(0))] = 4,
    seed: Annotated[
        int, typer.Option(help="Seed of the sensors' noise", parser=whole(0, LARGEST_SEED))
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of text")] = False,
) -> None:
    """Let a robot go round, try its reach, or exchange a tray. Exit 1: it cannot or collides."""
    if task not in TASKS:
        raise InputError("unknown task", key="task", found=task, allowed=", ".join(TASKS))
    if task != "patrol":
        refuse_idle(context, f"with --task {task}", "state", "at", "pictures")
    elif output is None:
        refuse_idle(context, "without --output", "state", "at", "pictures")
    need("robots", "pybullet", what="twin robot")
    if output is not None:
        need("robots", "PIL", what="twin robot -o")
    with folder_beside(output) if output is not None else nullcontext() as folder:
        data, lines, good = _do(layout, task, target, folder, state, at, pictures, seed)
        if output is not None and folder is not None:
            write_file(folder / "robot.json", json.dumps(data))
            lines += _what_lies_there(data, output)
    if as_json:
        print(json.dumps(data))
    else:
        for line in lines:
            typer.echo(line)
    raise typer.Exit(0 if good else 1)


def _do(
    layout: str,
    task: str,
    target: str | None,
    folder: Path | None,
    state: str | None,
    at: str | None,
    pictures: int,
    seed: int,
) -> tuple[dict[str, Any], list[str], bool]:
    """Carry a task out, with pictures in a folder: what came out, as text, and whether it went."""
    from twin.plant import load_plant
    from twin.rigid import robot_report as report
    from twin.rigid.delivery import deliver
    from twin.rigid.robot_design import RobotDesign, urdf
    from twin.rigid.robot_floor import hall_of, robot_floor
    from twin.rigid.robot_reach import check_reach
    from twin.rigid.robot_tasks import patrol, swap

    plant, design = load_plant(layout), RobotDesign()
    hall, racks, tray = hall_of(plant, target)
    floor = robot_floor(plant, hall, design)
    data = report.head(plant, task, target or plant.levels.path("hall", hall), seed, design)
    good = True
    if task == "patrol":
        tour = patrol(plant, floor, racks, design)
        data |= report.patrol_data(plant, tour)
        lines = list(report.patrol_lines(tour))
        good = not (tour.blocked or tour.collisions)
        if folder is not None:
            lines += _look(plant, floor, design, tour, folder, state, at, pictures, seed, data)
    elif task == "reach":
        reach = check_reach(plant, floor, racks, design, tray)
        data["reach"] = report.reach_data(reach)
        lines = list(report.reach_lines(reach))
        good = all(entry.reached for entry in reach)
    elif task == "deliver":
        brought = deliver(plant, racks[0])
        data |= report.delivery_data(plant, brought)
        lines = list(report.delivery_lines(plant, brought))
        good = bool(brought.way) and brought.clearance > 0.0
        if folder is not None:
            _draw_delivery(brought, folder / "delivery.png")
    else:
        if not tray or len(racks) != 1:
            raise InputError(
                "which tray is to be exchanged?",
                key="target",
                found=str(target),
                allowed="a tray, such as /site/hall/row/rack-01/tray-04",
            )
        result = swap(plant, floor, racks[0], tray, design)
        data |= report.swap_data(result)
        data["robot"]["urdf"] = urdf(design, result.load)
        lines = list(report.swap_lines(result))
        good = bool(data["possible"]) and not result.collisions
    return data, lines, good


def _what_lies_there(data: dict[str, Any], folder: Path) -> list[str]:
    """What to say of the pictures of a round."""
    thermal = data.get("thermal")
    if not thermal:
        return []
    low, high = thermal[0]["low_degC"], thermal[0]["high_degC"]
    return [
        f"{len(thermal)} thermal pictures, {low:.0f} (black) to {high:.0f} degC (white), "
        f"and lidar.png in {folder}"
    ]


def _draw_delivery(brought: Delivery, file: Path) -> None:
    """Map of a hall with the outlines that the rack sweeps."""
    from twin.rigid.robot_pictures import save_png, swept_map

    save_png(swept_map(brought), file)


def _look(
    plant: Plant,
    floor: RobotFloor,
    design: RobotDesign,
    tour: Patrol,
    folder: Path,
    state: str | None,
    at: str | None,
    pictures: int,
    seed: int,
    data: dict[str, Any],
) -> list[str]:
    """Thermal pictures of the hottest stops, the lidar's map; adds to ``data``, returns lines."""
    from twin.rigid import robot_report as report
    from twin.rigid.robot_pictures import floor_map, save_png, thermal_pixels
    from twin.rigid.robot_round import lidar_points, look_at, values_of
    from twin.rigid.robot_sight import ThermalScene, tray_heat

    time, values = values_of(plant, state, at)
    racks = sorted({stop.rack for stop in tour.stops})
    heat = [entry for rack in racks for entry in tray_heat(plant, values, rack)]

    def hottest(stop: Stop) -> float:
        seen = [getattr(entry, stop.face) for entry in heat if entry.rack == stop.rack]
        return max(seen, default=-math.inf)

    order = sorted(tour.stops, key=lambda stop: (-hottest(stop), stop.time))[:pictures]
    images = []
    for number, stop in enumerate(order):
        with ThermalScene(plant, floor.hall, values, stop.pose[:2]) as scene:
            eye, aim = look_at(plant, stop)
            image, _ = scene.picture(eye, aim, PICTURE_SIZE, seed + number)
        images.append((stop, image))
    low = min((float(image.min()) for _, image in images), default=0.0)
    high = max((float(image.max()) for _, image in images), default=1.0)
    data["state_time_s"] = time
    data["thermal"] = []
    for number, (stop, image) in enumerate(images, start=1):
        file = folder / f"thermal-{number:02d}.png"
        save_png(thermal_pixels(image, low, high), file)
        data["thermal"].append(
            {
                "file": file.name,
                "path": plant.levels.path("rack", stop.rack),
                "face": stop.face,
                "low_degC": low,
                "high_degC": high,
                "hottest_degC": float(image.max()),
            }
        )
    points = lidar_points(plant, floor, design, tour, seed)
    marks = [(stop.pose[0], stop.pose[1]) for stop in tour.stops]
    save_png(floor_map(floor.floor, tour.track, points, marks), folder / "lidar.png")
    found = report.outliers(heat)
    data["outliers"] = [
        {
            "path": f"{plant.levels.path('rack', entry.rack)}/{entry.tray}",
            "mean_gpu_degC": entry.accelerators,
            "above_median_K": above,
        }
        for entry, above in found
    ]
    lines = [
        f"{plant.levels.path('rack', entry.rack)}/{entry.tray}: accelerators at "
        f"{entry.accelerators:.1f} degC, {abs(above):.1f} K "
        f"{'above' if above > 0 else 'below'} the rack's other trays"
        for entry, above in found[:10]
    ]
    return lines
