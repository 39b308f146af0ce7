"""Load a layout, run it for ten minutes, and look at the result as xarray.

python examples/first_run.py
"""

from __future__ import annotations

import twin


def main() -> None:
    """Run the pilot row at design load and say where it is warmest."""
    run = twin.load("pilot").run(duration="10min")

    last = run.gpu.temperature.isel(time=-1)
    hottest = last.idxmax("gpu").item()
    print(f"hottest GPU: {float(last.max()):.1f} degC at {hottest}")
    print(f"mean rack power: {float(run.rack.power.isel(time=-1).mean()) / 1e3:.1f} kW")
    print(f"PUE over the run: {run.kpis['pue']:.3f}")
    print(f"energy not accounted for: {run.kpis['energy_residual']:.1e} of the throughput")

    # what a run of a healthy row must look like
    assert 60.0 < float(last.max()) < 85.0
    assert abs(run.kpis["energy_residual"]) < 1e-6
    assert run.events == []


if __name__ == "__main__":
    main()
