"""A hall of one's own: write a layout, check it, and compare two sizes of it.

python examples/own_layout.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import twin
from twin.check import check_plant
from twin.factory import Factory

LAYOUT = """\
schema: twin.layout/1
name: edge
title: Edge room
sites:
  - id: edge
    location: {{latitude: 35.18, longitude: 129.08, elevation: 69 m, weather: busan}}
    grid: {{voltage: 22.9 kV, contract_power: 4 MW, short_circuit_power: 500 MVA}}
    plants:
      - id: water
        position: [0 m, 25 m]
        coolant: PG25
        supply_temperature: 36 degC
        heat_rejection: {{product: generic-dry-cooler-1200, count: {coolers}}}
        pumps: {{product: generic-pump-60, count: 2}}
      - id: chilled
        position: [40 m, 25 m]
        supply_temperature: 20 degC
        heat_rejection: {{product: generic-adiabatic-cooler-1500, count: 1}}
        chillers: {{product: mcquay-wsc-471, count: 1}}
        pumps: {{product: generic-pump-15, count: 2}}
    halls:
      - id: room
        position: [0 m, 0 m]
        plant: water
        air_plant: chilled
        crahs: {{product: generic-crah-150, count: 3}}
        transformers: {{product: generic-transformer-22.9kv-480v-2500, count: 2}}
        rows:
          - id: row
            racks: {racks}
            rack: nvidia-gb300-nvl72
            cdu: {{product: vertiv-xdu1350, per_row: 2}}
            panels: {{product: generic-panel-500, per_row: {panels}}}
"""


def build(folder: Path, racks: int, coolers: int, panels: int) -> Factory:
    """Write the layout of a given size and load it."""
    file = folder / f"edge-{racks}.yaml"
    file.write_text(LAYOUT.format(racks=racks, coolers=coolers, panels=panels))
    return twin.load(file)


def main() -> None:
    """Check and run the room with six racks, and with ten on the same coolers and panels."""
    with tempfile.TemporaryDirectory() as folder:
        small = build(Path(folder), racks=6, coolers=3, panels=4)
        large = build(Path(folder), racks=10, coolers=3, panels=2)

    for factory in (small, large):
        run = factory.run("20min")
        print(f"{factory.layout.name} with {run.rack.sizes['rack']} racks: "
              f"{run.kpis['it_power_w'] / 1e6:.2f} MW, PUE {run.kpis['pue']:.3f}, "
              f"hottest GPU {run.kpis['max_gpu_temperature_c']:.1f} degC")  # fmt: skip
        for finding in check_plant(factory.plant()):
            print(f"  {finding.severity}: {finding.path}: {finding.message}")

    # two 500 kW panels cannot feed ten racks of 132 kW, and the check says so
    complaints = [finding.path for finding in check_plant(large.plant())]
    assert any(path.startswith("/edge/room/row") for path in complaints)


if __name__ == "__main__":
    main()
