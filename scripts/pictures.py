"""Draw the pictures of README and docs again: ``python scripts/pictures.py``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
TWIN = (sys.executable, "-m", "twin.cli.main")


def twin(*arguments: str) -> None:
    """Run one command line of the twin; stop when it fails."""
    subprocess.run([*TWIN, *arguments], check=True)


def main() -> None:
    """A CDU trip on the pilot row, its plant, a mixed hall and the Korean sites."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        trip = str(Path(folder) / "trip.zarr")
        twin("run", "pilot", "--scenario", "cdu-trip", "--record", trip, "--every", "5s")
        twin("render", trip, "--at", "7min", "-o", str(PICTURES / "cdu-trip.png"))
        twin(
            "render",
            trip,
            "--at",
            "7min",
            "--camera",
            "rack",
            "--focus",
            "/pilot/hall-a/row-01/rack-04",
            "-o",
            str(PICTURES / "rack.png"),
        )
        twin(
            "render",
            trip,
            "--camera",
            "plant",
            "--channel",
            "cooler.fan_speed",
            "-o",
            str(PICTURES / "plant.png"),
        )
        twin(
            "render",
            trip,
            "--at",
            "7min",
            "--camera",
            "site",
            "--heat",
            "/pilot/hall-a/row-01/rack-06/tray-04/gpu-1",
            "-o",
            str(PICTURES / "heat-path.png"),
        )
        twin(
            "render",
            trip,
            "--at",
            "1min",
            "--beside",
            trip,
            "--beside-at",
            "7min",
            "--difference",
            "--channel",
            "rack.temperature",
            "-o",
            str(PICTURES / "difference.png"),
        )
        twin(
            "render",
            trip,
            "--at",
            "7min",
            "--camera",
            "one-line",
            "--channel",
            "panel.load",
            "-o",
            str(PICTURES / "one-line.png"),
        )
    twin(
        "render",
        "hall",
        "--at",
        "10min",
        "--camera",
        "hall",
        "--channel",
        "rack.return_temperature",
        "-o",
        str(PICTURES / "hall.png"),
    )
    twin(
        "render",
        "korea-260k",
        "--at",
        "2min",
        "--camera",
        "site",
        "--channel",
        "hall.it_power",
        "-o",
        str(PICTURES / "korea-260k.png"),
    )


if __name__ == "__main__":
    main()
