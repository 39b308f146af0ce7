"""Record a run and read it back with nothing but xarray.

python examples/record_and_read.py [FOLDER.zarr]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import xarray

import twin
from twin.recording import Recorder, channels_named


def main(path: Path) -> None:
    """Record an hour of the pilot, one frame a minute, and analyse it."""
    simulation = twin.load("pilot").simulation()
    channels = channels_named(["rack.power", "rack.coolant_rise", "cdu.heat", "site.pue"])
    with Recorder(path, simulation, channels, interval=60.0) as recorder:
        recorder.append()
        while simulation.time < 3600.0:
            simulation.advance(60.0)
            recorder.append()

    tree = xarray.open_datatree(path, engine="zarr")  # plain xarray: no code of ours
    racks = tree["rack"].to_dataset()
    late = racks.sel(time=slice(1800, None)).mean("time")
    print(late["coolant_rise"].to_series().round(2).to_string())
    print("PUE", tree["site"]["pue"].isel(time=-1).item())

    assert racks.sizes == {"time": 61, "rack": 8}
    assert ((late["coolant_rise"] > 8.0) & (late["coolant_rise"] < 12.0)).all()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder) / "run.zarr")
