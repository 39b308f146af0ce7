"""What an importer needs of a stage, as plain data: read in a process of its own.

A damaged or hostile USD file can bring the USD library down, or ask for all memory. So a stage is
opened by a child process with bounds on memory and time, which hands over plain data; whatever
happens to it becomes one clear error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import twin
from twin.errors import InputError
from twin.extras import need

TIMEOUT = 120.0  # s of waiting for the child
LARGEST_FILE = 4 * 2**30  # bytes
KNOWN_ENDINGS = (".usd", ".usda", ".usdc", ".usdz")

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Placed:
    """One element of a stage.

    path : twin path; prim : prim path; product : id, empty if unknown
    position : origin in the common frame [m], Z up; axes : its x, y, z axes there (unit length
    where it is not scaled, metres per metre); active : not removed; enabled : in service
    cdu, plant, air_plant : prim paths of what it is connected to, empty if not said
    supply_temperature : set point [degC], None if not said
    equipment : ``aif:`` attributes of an asset that is no product of ours
    extent : its size by its geometry [m], for such an asset
    """

    path: str
    prim: str
    product: str
    position: Vector
    axes: tuple[Vector, Vector, Vector]
    active: bool = True
    enabled: bool = True
    cdu: str = ""
    plant: str = ""
    air_plant: str = ""
    supply_temperature: float | None = None
    equipment: dict[str, Any] = field(default_factory=dict)
    extent: Vector | None = None


@dataclass(frozen=True)
class StageContent:
    """Plain data of a stage.

    twin : what our exporter left in the root layer (empty for a foreign stage); elements : every
    prim or instance with a twin path; default : the default prim as an element, whatever it is
    notes : what the USD library could not compose
    """

    twin: dict[str, str]
    elements: tuple[Placed, ...]
    default: Placed | None
    notes: tuple[str, ...] = ()


def read_content(file: Path) -> StageContent:
    """Content of a stage file.

    Raises
    ------
    MissingExtra : OpenUSD is not installed
    InputError : no such file, not USD, damaged, without unit, or too much for the bounds
    """
    if not file.exists():
        raise InputError("stage not found", file)
    if not file.is_file():
        raise InputError("is not a file", file)
    if file.suffix.lower() not in KNOWN_ENDINGS:
        raise InputError(
            "is not a USD file by its name",
            file,
            found=file.suffix or "no ending",
            allowed=", ".join(KNOWN_ENDINGS),
        )
    if file.stat().st_size > LARGEST_FILE:
        raise InputError(
            "file is too large",
            file,
            found=f"{file.stat().st_size:,} bytes",
            allowed=f"{LARGEST_FILE:,} bytes",
        )
    need("usd", "pxr", what="Reading a stage")
    source = str(Path(twin.__file__).parents[1])
    known = os.environ.get("PYTHONPATH")
    environment = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{known}" if known else source}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "twin.usd.reader", str(file.absolute())],
            capture_output=True,
            timeout=TIMEOUT,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(
            "takes too long to compose",
            file,
            allowed=f"at most {TIMEOUT:.0f} s; references may multiply",
        ) from None
    return _content(file, done)


def _content(file: Path, done: subprocess.CompletedProcess[bytes]) -> StageContent:
    if done.returncode != 0:
        raise InputError(
            "cannot be read: damaged, or more than memory and time allow",
            file,
            found=f"the USD library ended with status {done.returncode}",
        )
    try:
        data = json.loads(done.stdout)
    except (json.JSONDecodeError, RecursionError, UnicodeDecodeError):
        raise InputError("cannot be read: damaged", file) from None
    if "error" in data:
        raise InputError(
            data["error"],
            file,
            key=data.get("key", ""),
            found=data.get("found", ""),
            allowed=data.get("allowed", ""),
        )
    return StageContent(
        data["twin"],
        tuple(_placed(row) for row in data["elements"]),
        None if data["default"] is None else _placed(data["default"]),
        tuple(data["notes"]),
    )


def _placed(row: dict[str, Any]) -> Placed:
    x, y, z = (tuple(axis) for axis in row["axes"])
    extent = row.get("extent")
    return Placed(
        **(
            row
            | {
                "position": tuple(row["position"]),
                "axes": (x, y, z),
                "extent": None if extent is None else tuple(extent),
            }
        )
    )
