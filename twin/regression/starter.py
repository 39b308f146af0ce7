"""A first case for a layout: runs it once and writes down what holds, with some room."""

from __future__ import annotations

import math
from pathlib import Path

from twin.errors import InputError
from twin.regression.discovery import CASE_FILE
from twin.whole_files import make_folder, write_file

DURATION = 900.0
SETTLE = 1800.0

TEMPLATE = """\
# What must stay true of this factory. Run it with:  twin test {folder}
# or with plain pytest. Everything that can be written here: docs/EXPECTATIONS.md
schema: twin.case/1
title: {title} at design load
layout: {layout}
scenario: scenario.yaml

expect:
  # found when this file was made: {temperature:.1f} degC
  - {{that: max(gpu.temperature) < {temperature_limit:.0f} degC,
     because: room before accelerators slow themselves down}}
  # found: {hbm:.1f} degC
  - max(gpu.hbm_temperature) < {hbm_limit:.0f} degC
  - {{that: max(site.throttled) == 0, because: nothing slows down at design load}}
  # found: {pue:.3f}
  - mean(pue) < {pue_limit:.2f}
  # found: {power:.3g} MW
  - max(site.power) < {power_limit:.3g} MW
  - events == []

# every channel but those of single accelerators, compared within its resolution;
# after a change that is meant to be:  twin test --update-golden {folder}
golden: {{every: 60 s}}
"""

SCENARIO = """\
schema: twin.scenario/1
name: {name}-design-load
title: Design load on the design day
layout: {layout}
start: 2026-08-01T14:00:00
settle: 30 min      # begin where everything has come to rest
duration: 15 min
weather: {{kind: design-day}}
workload:
  - profile:
      - {{utilisation: 100 %, compute_share: 100 %, memory_share: 60 %}}
"""


def new_folder(layout: str, folder: Path | None = None) -> Path:
    """Where a layout's first case goes: a folder that is not there yet.

    Raises
    ------
    InputError : the layout cannot be loaded, or the folder exists
    """
    from twin.layout import load_layout

    target = folder or Path("tests") / "cases" / load_layout(layout).name
    if target.exists():
        raise InputError(
            "exists already; it is left untouched", target, allowed="another folder, with --to"
        )
    return target


def new_case(layout: str, folder: Path, shown: Path | None = None) -> Path:
    """Make a case for a layout (file or bundled name) in a folder and return the folder.

    The figures in it come from a run made now. ``shown`` is the folder that the case names as its
    own, when it is to be moved there.

    Raises
    ------
    InputError : the layout cannot be loaded, or the folder cannot be written
    """
    from twin.factory import Factory
    from twin.scenario import load_scenario

    factory = Factory.load(layout)
    name = factory.layout.name
    make_folder(folder)
    reference = layout
    if Path(layout).is_file():
        reference = _relative(Path(layout), folder)
    write_file(folder / "scenario.yaml", SCENARIO.format(name=name, layout=reference))
    simulation = factory.simulation(load_scenario(folder / "scenario.yaml"))
    simulation.advance(DURATION)
    found = simulation.averages()
    power = found["facility_power_w"] / 1e6
    text = TEMPLATE.format(
        folder=shown or folder,
        title=factory.layout.model.title or name,
        layout=reference,
        temperature=found["max_gpu_temperature_c"],
        temperature_limit=math.ceil(found["max_gpu_temperature_c"] + 2.0),
        hbm=found["max_hbm_temperature_c"],
        hbm_limit=math.ceil(found["max_hbm_temperature_c"] + 2.0),
        pue=found["pue"],
        pue_limit=math.ceil(found["pue"] * 100.0 + 1.0) / 100.0,
        power=power,
        power_limit=power * 1.05,
    )
    write_file(folder / CASE_FILE, text)
    return folder


def _relative(layout: Path, folder: Path) -> str:
    """Path of a layout as seen from a case folder."""
    import os

    return os.path.relpath(layout.resolve(), folder.resolve())
