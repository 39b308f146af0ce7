"""Fuzzed commands: from a seed to the files of a folder and the arguments of one ``twin`` call.

Each family knows one kind of input: layouts, scenarios, tables beside them, weather files, studies,
stages, recordings, options. A seed always gives the same case, so that a finding can be repeated.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import documents
import yaml
from values import ODD_NUMBERS, ODD_QUANTITIES, ODD_TEXTS

from assets.locations import LAYOUTS_FOLDER, SCENARIOS_FOLDER

SMALL_LAYOUTS = ("pilot", "pilot-storage", "server-room", "four-panel-row", "hall")
PATHS = (
    "/", "/pilot", "/pilot/hall-a", "/pilot/hall-a/row-01", "/pilot/hall-a/row-01/rack-01",
    "/pilot/hall-a/row-01/cdu-1", "/pilot/warm", "/pilot/hall-a/row-01/rack-01/tray-01/gpu-1", "/nowhere", "pilot",
)  # fmt: skip
ROW = "/pilot/hall-a/row-01"


@dataclass
class Case:
    """One call: its arguments, and the files that it finds in its folder."""

    family: str
    arguments: list[str]
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """What takes long to make and is damaged anew for each case: a recording and a stage."""

    recording: Path
    stage: Path


def make_case(seed: int, material: Material) -> Case:
    """The case of a seed."""
    random = Random(seed)
    families, weights = zip(*FAMILIES.items(), strict=True)
    family = random.choices(families, weights)[0]
    case: Case = family(random, material)
    return case


def lay_out(case: Case, folder: Path, material: Material) -> None:
    """Write the files of a case; ``run.zarr`` in its arguments is a copy of the recording."""
    for name, content in case.files.items():
        if not name.startswith("run.zarr"):
            (folder / name).write_bytes(content)
    if "x.usda" in case.files:  # a stage refers to the products beside it
        for beside in material.stage.parent.iterdir():
            if beside.is_dir() and beside.suffix != ".zarr":
                (folder / beside.name).symlink_to(beside)
    if any("run.zarr" in argument for argument in case.arguments):
        shutil.copytree(material.recording, folder / "run.zarr")
        for name, content in case.files.items():
            if name.startswith("run.zarr"):
                (folder / name).write_bytes(content)


# --- layouts --------------------------------------------------------------------------------------


def layouts(random: Random, material: Material) -> Case:
    """A bundled layout, changed gently, roughly or as text, under any command that takes one."""
    name = random.choice((*SMALL_LAYOUTS, "pilot", "pilot"))
    text = (LAYOUTS_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    kind = random.randrange(10)
    if kind < 5:
        content = documents.as_yaml(
            documents.gently(random, yaml.safe_load(text), random.choice([1, 2, 5]))
        )
    elif kind < 8:
        content = documents.as_yaml(documents.roughly(random, yaml.safe_load(text)))
    else:
        return Case(
            "layouts",
            on_layout(random, "mine.yaml"),
            {"mine.yaml": documents.mangled(random, text)},
        )
    return Case(
        "layouts",
        on_layout(random, "mine.yaml"),
        {"mine.yaml": content.encode("utf-8", "surrogatepass")},
    )


def on_layout(random: Random, layout: str) -> list[str]:
    """A command about a layout that ends by itself soon."""
    return random.choices(
        [
            ["run", layout, "--for", random.choice(["5s", "30s"]), "--json"],
            ["check", layout, "--json"],
            ["check", layout],
            ["info", layout],
            ["solve", layout, "--json"],
            ["one-line", layout, random.choice(["--n-1", "--capacity", "--all"])],
            ["one-line", layout, "--svg", "line.svg"],
            ["phases", layout, "--json"],
            [
                "export",
                layout,
                "-o",
                random.choice(["x.usda", "x.usdc", "x.usdz", "x.glb", "x.stl"]),
            ],
            ["seismic", layout, "--json"],
            ["transient", layout, "--seconds", "0.2", "--json"],
            ["compare", layout, "pilot", "--for", "5s", "--json"],
            ["robot", layout, "--json", "-o", "round"],
            ["new-test", layout, "--to", "case"],
        ],
        [12, 6, 2, 6, 8, 3, 1, 3, 3, 1, 2, 1, 0.3, 1],
    )[0]


def products(random: Random, material: Material) -> Case:
    """A layout that brings a product with changed figures."""
    import tomllib

    from twin.catalog.loader import bundled_catalog

    data = yaml.safe_load((LAYOUTS_FOLDER / "pilot.yaml").read_text(encoding="utf-8"))
    used = [
        "nvidia-gb300-nvl72", "vertiv-xdu1350", "generic-dry-cooler-1200", "mcquay-wsc-471", "generic-crah-150",
        "generic-ups-1250", "generic-pump-60", "generic-panel-500", "generic-transformer-22.9kv-480v-2500",
        "generic-diesel-generator-3000",
    ]  # fmt: skip
    name = random.choice(used)
    raw = tomllib.loads(bundled_catalog()[name].file.read_text(encoding="utf-8"))
    sources = raw.pop("sources", {})
    if random.random() < 0.6:
        changed = documents.gently(random, raw, random.choice([1, 3]))
    else:
        changed = documents.roughly(random, raw)
    if isinstance(changed, dict):
        changed |= {"id": name, "sources": sources}
    data["products"] = [*data.get("products", []), changed]
    content = documents.as_yaml(data).encode("utf-8", "surrogatepass")
    return Case("products", on_layout(random, "mine.yaml"), {"mine.yaml": content})


# --- scenarios and what stands beside them --------------------------------------------------------


def scenarios(random: Random, material: Material) -> Case:
    """A bundled scenario, changed."""
    file = random.choice(sorted(SCENARIOS_FOLDER.glob("*.yaml")))
    text = file.read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    layout = data.get("layout", "pilot")
    if layout not in SMALL_LAYOUTS:
        layout = "pilot"
    kind = random.randrange(10)
    if kind < 5:
        content = documents.as_yaml(
            documents.gently(random, data, random.choice([1, 2, 4]))
        ).encode()
    elif kind < 9:
        content = documents.as_yaml(documents.roughly(random, data)).encode(
            "utf-8", "surrogatepass"
        )
    else:
        content = documents.mangled(random, text)
    arguments = random.choice(
        [
            ["run", layout, "--scenario", "mine.yaml", "--for", "20s", "--json"],
            ["run", layout, "--scenario", "mine.yaml", "--for", "20s", "--events"],
            ["solve", layout, "--scenario", "mine.yaml", "--json"],
            ["one-line", layout, "--scenario", "mine.yaml", "--for", "5s"],
            ["transient", layout, "--scenario", "mine.yaml", "--seconds", "0.2", "--json"],
            [
                "run",
                random.choice(SMALL_LAYOUTS),
                "--scenario",
                "mine.yaml",
                "--for",
                "5s",
                "--json",
            ],
        ]
    )
    return Case("scenarios", arguments, {"mine.yaml": content})


def series(random: Random, material: Material) -> Case:
    """A scenario with a measured series, in many a dialect."""
    start = datetime(2026, 8, 1, 14)
    stamp = random.choice(
        [
            lambda i: i * 10,
            lambda i: (start + timedelta(seconds=10 * i)).isoformat(),
            lambda i: (start + timedelta(seconds=10 * i)).isoformat() + "+09:00",
            lambda i: (start + timedelta(seconds=10 * i)).strftime("%Y/%m/%d %H:%M:%S.000"),
            lambda i: 1785560400 + 10 * i,
            lambda i: (1785560400 + 10 * i) * 1000,
        ]
    )
    quantity, unit, value = random.choice(
        [("power", "kW", lambda: random.uniform(60, 130)), ("utilisation", "", random.random),
         ("utilisation", "%", lambda: random.uniform(0, 100)), ("heat", "W", lambda: random.uniform(5e4, 1e5))]
    )  # fmt: skip
    rows = [[stamp(i), round(value(), 3)] for i in range(12)]
    spec: dict[str, Any] = {"file": "t.csv", "value": "v", "quantity": quantity}
    if unit:
        spec["unit"] = unit
    if random.random() < 0.3:
        spec |= random.choice(
            [{"timezone": "Asia/Seoul"}, {"after": "repeat"}, {"longest_gap": "5 s"}, {"scale": 0.5},
             {"interpolation": "hold"}, {"first": "2026-08-01T14:00:10"}, {"element": "v"}]
        )  # fmt: skip
    scenario: Any = {
        "schema": "twin.scenario/1", "start": "2026-08-01T14:00:00", "duration": "60 s",
        "workload": [{"path": random.choice([ROW, f"{ROW}/rack-01"]), "series": spec}],
    }  # fmt: skip
    if random.random() < 0.2:
        scenario = documents.roughly(random, scenario)
    return Case(
        "series",
        ["run", "pilot", "--scenario", "mine.yaml", "--events", *random.choice([[], ["--json"]])],
        {
            "t.csv": documents.table_text(random, ["time", "v"], rows),
            "mine.yaml": documents.as_yaml(scenario).encode("utf-8", "surrogatepass"),
        },
    )


def requests(random: Random, material: Material) -> Case:
    """A service under a trace of requests, as CSV or JSON lines."""
    rows = [
        [
            round(i * random.uniform(0.1, 2.0), 3),
            random.randrange(1, 9000),
            random.randrange(0, 900),
        ]
        for i in range(20)
    ]
    rows.sort()
    names = ["timestamp", "prompt_tokens", "output_tokens"]
    if random.random() < 0.4:
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
        text = "\n".join(lines)
        content = documents.mangled(random, text) if random.random() < 0.5 else text.encode()
        name = "t.jsonl"
    else:
        content, name = documents.table_text(random, names, rows), "t.csv"
    inference: Any = {"requests": name}
    if random.random() < 0.4:
        inference |= {
            "model": {
                "parameters": random.choice([*ODD_NUMBERS, 7e9, 671e9]),
                "active_parameters": 7e9,
            }
        }
    scenario = {
        "schema": "twin.scenario/1",
        "duration": "30 s",
        "workload": [{"path": ROW, "inference": inference}],
    }
    return Case(
        "requests",
        ["run", "pilot", "--scenario", "mine.yaml", "--json"],
        {name: content, "mine.yaml": documents.as_yaml(scenario).encode("utf-8", "surrogatepass")},
    )


def jobs(random: Random, material: Material) -> Case:
    """A job table or a log in the standard workload format."""
    spec: dict[str, Any] = {"file": "j.csv"}
    if random.random() < 0.4:
        lines = ["; MaxProcs: 576", "; UnixStartTime: 1785560400"]
        for number in range(1, 9):
            cells: list[Any] = [number, number * 10, 1, random.choice([-1, 0, 60, 300]), 72, -1, -1,
                     random.choice([-1, 0, 72, 144, 2304]), 300, -1, 1, 7, -1, -1, 1, -1, -1, -1]  # fmt: skip
            if random.random() < 0.2:
                cells[random.randrange(18)] = random.choice(ODD_TEXTS)
            lines.append(" ".join(map(str, cells)))
        text = "\n".join(lines)
        content = (
            documents.mangled(random, text)
            if random.random() < 0.2
            else text.encode("utf-8", "surrogatepass")
        )
        spec["file"] = "j.swf"
    else:
        rows = [
            [i, i * 15, random.choice([8, 72, 144, 576, 0]), random.choice([30, 120, 9000, 0])]
            for i in range(10)
        ]
        content = documents.table_text(
            random, ["job_id", "submit", "accelerators", "duration"], rows
        )
    if random.random() < 0.4:
        spec["policy"] = random.choice(["fcfs", "backfill", "replay", "sjf", ""])
    scenario = {
        "schema": "twin.scenario/1", "start": "2026-08-01T14:00:00", "duration": "2 min",
        "workload": [{"profile": [{"utilisation": "0 %"}]}], "jobs": spec,
    }  # fmt: skip
    return Case(
        "jobs",
        ["run", "pilot", "--scenario", "mine.yaml", "--json"],
        {
            spec["file"]: content,
            "mine.yaml": documents.as_yaml(scenario).encode("utf-8", "surrogatepass"),
        },
    )


def weather(random: Random, material: Material) -> Case:
    """A weather file: whole days or less, with what stations and editors do to them."""
    lines = [
        "LOCATION,Seoul,-,KOR,TMYx,471080,37.57,126.97,9.0,86.0", "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0", "GROUND TEMPERATURES,0", "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,x", "COMMENTS 2,y", "DATA PERIODS,1,1,Data,Saturday, 8/ 1, 8/ 2",
    ]  # fmt: skip
    for i in range(48):
        cells: list[Any] = [2026, 8, 1 + i // 24, i % 24 + 1, 60, "?9?9", 25.0 + i % 10, 18.0, 60, 100500, 0, 0,
                 350, 300, 400, 150, 0, 0, 0, 0, 180, 2.0, 5, 5, 20, 77777, 9, 999999999, 0, 0, 0, 88, 0, 0, 0]  # fmt: skip
        if random.random() < 0.02:
            cells[random.randrange(len(cells))] = random.choice(
                [*ODD_TEXTS, *ODD_NUMBERS, 9999, 99.9, 999999]
            )
        lines.append(",".join(map(str, cells)))
    text = "\n".join(lines) + "\n"
    content = (
        documents.mangled(random, text)
        if random.random() < 0.3
        else text.encode("utf-8", "surrogatepass")
    )
    scenario: Any = {
        "schema": "twin.scenario/1", "start": random.choice(["2026-08-01T14:00:00", "2026-08-02 23:59", "2024-02-29"]),
        "duration": "20 s", "weather": {"kind": "epw", "file": "w.epw"},
    }  # fmt: skip
    if random.random() < 0.2:
        scenario["weather"]["changes"] = [{"at": "5 s", "dry_bulb": random.choice(ODD_QUANTITIES)}]
    return Case(
        "weather",
        ["run", random.choice(["pilot", "pilot-storage"]), "--scenario", "mine.yaml", "--json"],
        {
            "w.epw": content,
            "mine.yaml": documents.as_yaml(scenario).encode("utf-8", "surrogatepass"),
        },
    )


# --- studies, stages, recordings ------------------------------------------------------------------


def studies(random: Random, material: Material) -> Case:
    """A sweep or a search of operating points."""
    grid = random.random() < 0.5
    study: Any = {
        "schema": "twin.study/1", "layout": "pilot", "scenario": "design-load", "solve": "steady",
        "sample": {"method": "grid"} if grid else {"method": random.choice(["latin-hypercube", "monte-carlo"]), "points": 3, "seed": 1},
        "vary": {
            "coolant": {"layout": "sites[0].halls[0].rows[0].supply_temperature", "range": ["38 degC", "42 degC"], **({"points": 2} if grid else {})},
            "fouling": {"control": "fouling", "path": "/pilot/warm", "values": ["0 %", "20 %"]},
        },
        "results": {"hottest": "max(gpu.temperature)", "pue": "last(site.pue)"}, "limits": ["hottest < 87 degC"],
        "minimise": ["pue"], "search": {"evaluations": 3, "population": 2},
    }  # fmt: skip
    study = (
        documents.roughly(random, study)
        if random.random() < 0.4
        else documents.gently(random, study, random.choice([0, 1, 2]))
    )
    command = random.choice(["sweep", "sweep", "optimise"])
    return Case(
        "studies",
        [command, "s.yaml", "-o", "out.csv" if command == "sweep" else "out", "--workers", "1"],
        {"s.yaml": documents.as_yaml(study).encode("utf-8", "surrogatepass")},
    )


SOUND = (
    ("last", "gpu.temperature", "87 degC"), ("mean", "rack.power", "120 kW"), ("last", "site.pue", "1.2"),
    ("mean", "cdu.supply_temperature", "41 degC"), ("sum", "rack.power", "1 MW"), ("max", "site.power", "1.3 MW"),
)  # fmt: skip
PLACES = ("", "", "", " from 5 s", " from 0 s to 10 s", " before 10 s")


def tests_of_scenarios(random: Random, material: Material) -> Case:
    """A case for ``twin test`` with odd expectations."""
    measures = [
        "max",
        "min",
        "mean",
        "last",
        "sum",
        "rate",
        "time_to",
        "integral",
        "count",
        "p99",
        "abs",
    ]
    channels = [
        "gpu.temperature",
        "rack.power",
        "site.pue",
        "cdu.supply_temperature",
        "rack.nothing",
        "gpu",
        "x.y",
    ]
    words = ["at rack-01", "at cdu-1", "before cdu-1.trip", "from 10 s", "after start", "+- 1 K", "87 degC", "1 MW", "1,2 MW",
             "60 %", "<", ">", "==", "(", ")", "*", "events include", "[rack-01.throttling]", "and", "not"]  # fmt: skip
    expectations = []
    for _ in range(random.choice([1, 1, 2])):
        place = random.choice(["", "", " at cdu-1", " from 5 s", *(" " + word for word in words)])
        text = (
            f"{random.choice(measures)}({random.choice(channels)}{place})"
            f" {random.choice(['<', '>', '==', '!='])} {random.choice([*ODD_QUANTITIES, '87 degC'])}"
        )
        if random.random() < 0.5:
            measure, channel, value = random.choice(SOUND)
            text = f"{random.choice(['max', 'min', measure])}({channel}{random.choice(PLACES)}) {random.choice('<>')} {value}"
        for _ in range(random.choice([0, 0, 0, 0, 1, 3])):
            text += " " + random.choice(words)
        if random.random() < 0.05:
            text = "(" * random.choice([3, 2000]) + text
        expectations.append(text)
    scenario = {
        "schema": "twin.scenario/1",
        "layout": "pilot",
        "duration": "15 s",
        "expect": expectations,
    }
    return Case(
        "expectations",
        [
            "test",
            "mine.yaml",
            "--workers",
            "1",
            *random.choice([[], ["--junit", "j.xml"], ["--html", "t.html"]]),
        ],
        {"mine.yaml": documents.as_yaml(scenario).encode("utf-8", "surrogatepass")},
    )


def stages(random: Random, material: Material) -> Case:
    """A USD stage as text, changed."""
    text = material.stage.read_text(encoding="utf-8")
    if random.random() < 0.5:
        lines = text.split("\n")
        at = [i for i, line in enumerate(lines) if "twin:" in line and "=" in line]
        for i in random.sample(at, min(3, len(at))):
            lines[i] = (
                lines[i].split("=")[0]
                + "= "
                + random.choice(["0", "-1", "nan", '"x"', "1e30", "true", '""', "[1]"])
            )
        content = "\n".join(lines).encode()
    else:
        content = documents.mangled(random, text)
    return Case("stages", ["import", "x.usda", "-o", "mine.yaml"], {"x.usda": content})


def recordings(random: Random, material: Material) -> Case:
    """A recording with flipped bytes, cut or emptied files."""
    files = sorted(f for f in material.recording.rglob("*") if f.is_file())
    damaged: dict[str, bytes] = {}
    for file in random.sample(files, random.choice([1, 1, 3])):
        data = file.read_bytes()
        kind = random.randrange(5)
        if kind < 2:
            data = documents.flipped(random, data)
        elif kind == 2:
            data = data[: random.randrange(len(data) + 1)]
        elif kind == 3 and file.suffix == ".json":
            try:
                data = json.dumps(documents.roughly(random, json.loads(data))).encode()
            except ValueError:
                data = b"{}"
        else:
            data = b""
        damaged["run.zarr/" + str(file.relative_to(material.recording))] = data
    arguments = random.choice(
        [
            ["report", "run.zarr", "-o", "r.html", "--no-pictures"],
            ["report", "run.zarr", "--json", "--no-pictures", "-o", "r.html"],
            ["replay", "run.zarr", "--verify", "--json"],
            ["compare", "run.zarr", "pilot", "--json", "--for", "10s"],
            ["export", "pilot", "-o", "x.usda", "--recording", "run.zarr"],
            ["compare", "run.zarr", "run.zarr", "--json"],
        ]
    )
    return Case("recordings", arguments, damaged)


# --- options --------------------------------------------------------------------------------------


def options(random: Random, material: Material) -> Case:
    """Any command with odd values for its options."""
    if not _COMMANDS:
        import typer

        from twin.cli.commands import application

        built: Any = application()
        group: Any = typer.main.get_command(built) if isinstance(built, typer.Typer) else built
        _COMMANDS.update(group.commands)
    name = random.choice(
        [n for n in _COMMANDS if n not in ("serve", "view", "bench", "doctor", "replay")]
    )
    command: Any = _COMMANDS[name]
    arguments = [name]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            arguments.append(_subject(random, name))
    chosen = [
        p
        for p in command.params
        if p.param_type_name == "option" and p.opts[0] not in ("--dask", "--help")
    ]
    for parameter in random.sample(chosen, min(len(chosen), random.choice([0, 1, 1, 2, 3]))):
        arguments.append(parameter.opts[0])
        if not getattr(parameter, "is_flag", False):
            arguments.append(_option(random, parameter.opts[0]))
    for required in [p for p in command.params if p.param_type_name == "option" and p.required]:
        if required.opts[0] not in arguments and required.opts[-1] not in arguments:
            arguments += [required.opts[0], "out.usda"]
    if name in ("run", "compare") and "--for" not in arguments:
        arguments += ["--for", "5s"]
    if name == "transient" and "--seconds" not in arguments:
        arguments += ["--seconds", "0.2"]
    arguments = [argument.replace("\x00", "") for argument in arguments]  # no shell can pass that
    return Case("options", [a.encode("utf-8", "replace").decode() for a in arguments])


_COMMANDS: dict[str, Any] = {}


def _subject(random: Random, command: str) -> str:
    if random.random() < 0.1:
        return random.choice(
            [*ODD_TEXTS, "/dev/null", "/", "korea", "pilot@", "@cdu-trip", "run.zarr"]
        )
    usual = {
        "report": "run.zarr",
        "schema": "layout",
        "import": "x.usda",
        "test": "case",
        "sweep": "s.yaml",
        "optimise": "s.yaml",
    }
    if command == "render":
        return "run.zarr"
    return usual.get(
        command, random.choice(["pilot", "pilot", "server-room", "pilot-storage", "run.zarr"])
    )


def _option(random: Random, name: str) -> str:
    usual: dict[str, list[str]] = {
        "--for": ["1s", "10 s", "0s", "1min", "-5s", "1e300 d"], "--every": ["1s", "0s", "10 min", "1e-9 s"],
        "--scenario": ["cdu-trip", "design-load", "nothing", "pilot"], "--at": ["1min", "0s", "-1s", "99 h"],
        "--path": list(PATHS), "--row": list(PATHS), "--focus": list(PATHS), "--target": list(PATHS), "--scope": list(PATHS),
        "--set": [f"{ROW}/cdu-1 pump_speed=50 %", "x=1", "/pilot=", "/pilot/warm fouling=1,2", "="],
        "--inject": [f"{ROW}/cdu-1 trip", "/pilot trip", "trip", "/nowhere x"],
        "--dry-bulb": ["35 degC", "35degC", "-300 degC", "35", "200 degC", "35,5 degC"], "--wet-bulb": ["20 degC", "60 degC"],
        "--weather": ["seoul", "design-day", "x.epw", "normals", "constant"], "--seed": ["0", "1", "-1", "1e3", "99999999999999999999"],
        "--workers": ["1", "0", "-1", "x"], "--size": ["320x200", "0x0", "1e5x1e5", "10", "100000000x1", "-5x5"],
        "--output": ["out.html", "/", "/nowhere/x", "out.xyz", "."], "-o": ["out.usda", "/", "out.xyz", "."], "--plot": ["p.png", "p.svg", "p.xyz", "/"],
        "--record": ["r.zarr", "/", "/dev/null", "run.zarr"], "--svg": ["o.svg", "/"], "--frequency": ["60 Hz", "1 Hz", "0 Hz", "1e9 Hz", "x"],
        "--seconds": ["0.1", "0", "-1", "nan", "1e12", "0.1 s"], "--step": ["1 ms", "0", "1", "1e-12 s", "1e-5"],
        "--rate": ["1", "0", "1e9"], "--camera": ["overview", "front", "nowhere"], "--channel": ["gpu.temperature", "x.y", "rack.*", ""],
        "--turn": ["10", "nan", "1e9"], "--json": [], "--limit": ["1 MW", "-1"], "--capacitors": ["1 kJ", "65 J", "-1 J"], "--battery": ["1 MW"],
        "--query": ["select 1", "drop table x", ""], "--form": ["compact", "addressable", "x"], "--detail": ["low", "high", "x"],
    }  # fmt: skip
    if random.random() < 0.6 and usual.get(name):
        return random.choice(usual[name])
    return random.choice([*ODD_TEXTS, *ODD_QUANTITIES, *map(str, ODD_NUMBERS), *PATHS])


FAMILIES: dict[Callable[[Random, Material], Case], float] = {
    layouts: 26, products: 12, scenarios: 16, series: 10, requests: 5, jobs: 5, weather: 5, studies: 2,
    tests_of_scenarios: 5, stages: 4, recordings: 6, options: 12,
}  # fmt: skip
