"""No key and no option is taken without effect: every one is read, idle ones are refused."""

from __future__ import annotations

import ast
import asyncio
import inspect
import sys
import typing
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deep_cooling import deep, pilot_with
from pydantic import BaseModel
from small_layout import ROW, changed, layout_of
from typer.testing import CliRunner

import twin
from twin import yaml_file
from twin.catalog import bundled_catalog
from twin.catalog.specs import PRODUCT_CLASSES
from twin.check import check_plant
from twin.cli.commands import application
from twin.errors import InputError
from twin.layout.models import LayoutModel
from twin.phases.timeline import deploy
from twin.power.utility_limit import LimitModel
from twin.regression.case import CaseModel
from twin.scenario import Scenario
from twin.scene import scene
from twin.server import answers
from twin.server.commands import COMMANDS as NAMES
from twin.server.commands import TAKES, carry_out
from twin.server.security import Role, User
from twin.simulation import Simulation
from twin.study.spec import Study

HOUSE = Path(twin.__file__).parent
APPLICATION = application()

# --- every key is read -------------------------------------------------------------------------

FORMATS = (
    LayoutModel,
    Scenario,
    Study,
    CaseModel,
    LimitModel,
    *PRODUCT_CLASSES.values(),
    answers.CommandRequest,
    answers.NewSession,
    answers.Branch,
)

TOLD = "a data sheet's figure, told with its source in reports and the catalogue; no law needs it"
PLACED = "of products that stand inside a rack, on a door or nowhere: their place needs no size"
UNREAD = {
    "*.schema_version": "chooses the format itself",
    **{
        f"{model}.{name}": "read as one of the keys that all tables have"
        for model, names in (
            ("Inference", ("first", "time_format", "time_unit", "timezone")),
            ("Jobs", ("time_format", "time_unit", "timezone")),
        )
        for name in names
    },
    "Accelerator.mass": "counted in the mass of its rack",
    "NetworkSwitch.width": PLACED,
    "NetworkSwitch.depth": PLACED,
    "NetworkSwitch.height": PLACED,
    "NetworkSwitch.mass": PLACED,
    "RearDoor.width": PLACED,
    "RearDoor.depth": PLACED,
    "RearDoor.mass": PLACED,
    "PowerShelf.mass": PLACED,
    "Hbm.layers": TOLD,
    "Generator.full_load_efficiency": TOLD,
    "Chiller.rated_leaving_temperature": "the curves must be 1 there",
    "Chiller.rated_condenser_temperature": "the curves must be 1 there",
    "*.title": "name for people",
    "*.description": "for people",
    "*.vendor": "for people",
}
"""Fields that nothing is seen to read, and why that is right."""


def models(roots: tuple[Any, ...] = FORMATS) -> list[type[BaseModel]]:
    """All models of our formats, each once."""
    found: dict[type[BaseModel], None] = {}

    def visit(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation not in found:
                found[annotation] = None
                for field in annotation.model_fields.values():
                    visit(field.annotation)
        for part in typing.get_args(annotation):
            visit(part)

    for root in roots:
        visit(root)
    return list(found)


def nodes(file: Path) -> Iterator[ast.AST]:
    """All nodes of a file outside what only checks a model when it is read."""
    waiting: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        checks = isinstance(node, ast.FunctionDef) and any(
            "validator" in ast.dump(decorator) for decorator in node.decorator_list
        )
        if not checks:
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def reads() -> list[tuple[set[str], set[str]]]:
    """Of every file: names that stand in it, and attributes that are read in it.

    Texts count as well: ``getattr(thing, name) for name in ("permit", "substation")``.
    """
    found = []
    for file in [*HOUSE.rglob("*.py"), *(HOUSE.parent / "viewer").glob("*.py")]:
        names, attributes = set(), set()
        for node in nodes(file):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
                if isinstance(node.ctx, ast.Load):
                    attributes.add(node.attr)
            elif isinstance(node, ast.alias):
                names.add(node.name)
            elif isinstance(node, ast.Tuple | ast.List | ast.Dict | ast.Call):
                attributes |= {
                    part.value
                    for part in ast.iter_child_nodes(node)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
        found.append((names, attributes))
    return found


def owners() -> dict[str, set[str]]:
    """Of every model: its name and those of the models that hold it, however deep."""
    holds = {
        model.__name__: {
            m.__name__
            for m in models(tuple(field.annotation for field in model.model_fields.values()))
        }
        for model in models()
    }
    return {name: {name, *(other for other in holds if name in holds[other])} for name in holds}


@pytest.fixture(scope="module")
def looked_at() -> set[str]:
    """``Class.field`` of what is read where a layout with everything is compiled, run and shown."""
    seen: set[str] = set()
    known = models()
    checks = {name for model in known for name in model.__pydantic_decorators__.model_validators}

    def spy(model: type[BaseModel]) -> None:
        def read(self: BaseModel, name: str) -> Any:
            if name in type(self).model_fields:
                if sys._getframe(1).f_code.co_name not in checks:
                    seen.add(f"{type(self).__name__}.{name}")
            return object.__getattribute__(self, name)

        model.__getattribute__ = read  # type: ignore[method-assign]

    for model in known:
        spy(model)
    bundled_catalog.cache_clear()  # its reading is looked at too
    try:
        for factory in (pilot_with(everything), twin.load("server-room"), twin.load("hall")):
            plant = factory.plant()
            scene(plant)
            check_plant(plant)
            if plant.layout.model.phases is not None:
                deploy(plant)
            Simulation(plant, Scenario()).advance(2.0)
    finally:
        for model in known:
            del model.__getattribute__
    return seen


def everything(data: dict[str, Any]) -> None:
    """The pilot with all that its power and cooling can have."""
    deep(data)
    storage = twin.load("pilot-storage").layout.document.data
    data["products"] = storage["products"]
    keys = ("battery", "solar", "generators", "network")
    data["sites"][0] |= {key: storage["sites"][0][key] for key in keys}
    data["phases"] = {"steps": [{"date": "2027-01-01", "path": "/pilot", "permit": "2 MW"}]}
    data["sites"][0]["feeders"] = {"count": 2, "rated_power": "12 MVA", "scheme": "dual"}


def test_every_key_is_read_by_something(looked_at: set[str]) -> None:
    """Seen while a layout is run; else read in a file that names the model, or one that holds it.

    A name that only one model has may be read anywhere.
    """
    files, holders = reads(), owners()
    shared = Counter(name for model in models() for name in model.model_fields)

    def is_read(model: str, name: str) -> bool:
        return f"{model}.{name}" in looked_at or any(
            name in attributes and (shared[name] == 1 or names & holders[model])
            for names, attributes in files
        )

    unread = {
        f"{model.__name__}.{name}"
        for model in models()
        for name in model.model_fields
        if not is_read(model.__name__, name)
    }
    idle = sorted(key for key in unread if not excuse(key))
    assert not idle, f"nothing reads {idle}"
    stale = set(UNREAD) - {excuse(key) for key in unread}
    assert not stale, f"something reads {sorted(stale)}"


def excuse(key: str) -> str:
    """The line of `UNREAD` that a field falls under; empty if none."""
    wide = f"*.{key.partition('.')[2]}"
    return key if key in UNREAD else wide if wide in UNREAD else ""


# --- idle keys are refused ---------------------------------------------------------------------

HALL = "sites.0.halls.0"
BATTERY = {"product": "generic-battery-5mw-10mwh", "count": 1}
CHILLER = {"product": "mcquay-wsc-471", "count": 1}
AIR_COOLED = [(f"{ROW}.rack", "nvidia-dgx-h100-x4"), (f"{ROW}.cdu", ...)]
PANELS = {"product": "generic-panel-500", "per_row": 3}
RING = {"count": 2, "rated_power": "12 MVA"}
SWITCH = {"switch": "nvidia-quantum-x800-q3400"}
ONE_ROW = (f"{ROW}.count", ...)
STEPS = {"rated_power": "0.2 Mvar", "count": 2}
BREATHE = [[0.1] * 4] * 4


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ([ONE_ROW, (f"{ROW}.pitch", "3.5 m")], f"{ROW}.pitch"),
        ([ONE_ROW, (f"{ROW}.first", 3)], f"{ROW}.first"),
        ([(f"{HALL}.pitch", ["5 m", "0 m"])], f"{HALL}.pitch"),
        ([*AIR_COOLED, (f"{ROW}.coolant", "water")], f"{ROW}.coolant"),
        ([*AIR_COOLED, (f"{ROW}.supply_temperature", "35 degC")], f"{ROW}.supply_temperature"),
        ([*AIR_COOLED, (f"{ROW}.pipe_diameter", "0.1 m")], f"{ROW}.pipe_diameter"),
        ([*AIR_COOLED, (f"{ROW}.return_header", "reverse")], f"{ROW}.return_header"),
        ([("sites.0.battery", BATTERY | {"holds_ramp": True})], "sites.0.battery.holds_ramp"),
        ([("sites.0.retransfer_delay", "9 s")], "sites.0.retransfer_delay"),
        ([("sites.0.feeders", RING | {"transfer_time": "1 s"})], "sites.0.feeders.transfer_time"),
        ([("sites.0.network", SWITCH | {"topology": "fat-tree", "rails": 4})],
         "sites.0.network.rails"),
        ([("sites.0.plants.1.chillers", CHILLER | {"rotation": "9 h"})],
         "sites.0.plants.1.chillers.rotation"),
        ([(f"{HALL}.capacitors", STEPS | {"control": "fixed", "target_power_factor": 0.9})],
         f"{HALL}.capacitors.target_power_factor"),
        ([(f"{ROW}.panels", PANELS | {"breaker": {"time_multiplier": 2.0}})],
         f"{ROW}.panels.breaker.time_multiplier"),
        ([(f"{ROW}.panels", PANELS | {"breaker": {"curve": "iec-very-inverse",
                                                  "time_at_six": "9 s"}})],
         f"{ROW}.panels.breaker.time_at_six"),
        ([(f"{ROW}.recirculation_shares", BREATHE), (f"{HALL}.recirculation", 0.1)],
         f"{HALL}.recirculation"),
        ([("products", [{"extends": "nvidia-dgx-h100-x4", "id": "x", "rated_flow": "9 L/min"}]),
          (f"{ROW}.rack", "x"), (f"{ROW}.cdu", ...)], "products.0.rated_flow"),
    ],
)  # fmt: skip
def test_an_idle_key_of_a_layout_is_refused_with_its_place(changes: Any, key: str) -> None:
    with pytest.raises(InputError, match=r"has no effect (with|where)") as caught:
        layout_of(changed(*changes))
    words = [f"[{word}]" if word.isdigit() else f".{word}" for word in key.split(".")]
    assert caught.value.key == "".join(words).lstrip(".")
    assert caught.value.line is not None
    assert caught.value.found


def test_an_override_that_changes_nothing_is_refused() -> None:
    for idle in ({}, {"enabled": True}):
        entry = {"path": "/site/hall/row-01/rack-01"} | idle
        with pytest.raises(InputError, match="changes nothing"):
            layout_of(changed(("overrides", [entry])))


JOB = {"id": "a", "accelerators": 8, "duration": "1 h"}
STUDY: dict[str, Any] = {
    "schema": "twin.study/1",
    "layout": "pilot",
    "vary": {"x": {"control": "fouling", "path": "/pilot", "range": [0, 0.2]}},
    "results": {"y": "max(gpu.temperature)"},
}


def training(**keys: Any) -> dict[str, Any]:
    return {"workload": [{"training": keys}]}


@pytest.mark.parametrize(
    ("model", "data", "key"),
    [
        (Scenario, training(overlap=0.5), "workload[0].training.overlap"),
        (Scenario, training(checkpoint="9 s"), "workload[0].training.checkpoint"),
        (Scenario, training(exchange="1 TB", communication=0.3),
         "workload[0].training.communication"),
        (Scenario, {"jobs": {"policy": "fcfs", "jobs": [JOB | {"requested": "2 h"}]}},
         "jobs.jobs[0].requested"),
        (Study, STUDY | {"sample": {"points": 9}}, "sample.points"),
        (Study, STUDY | {"sample": {"seed": 9}}, "sample.seed"),
        (Study, STUDY | {"search": {"population": 9}}, "search"),
        (Study, STUDY | {"solve": "steady", "every": "9 s"}, "every"),
        (Study, STUDY | {"vary": {"x": {"parameter": "p", "path": "/pilot", "values": [1]}}},
         "vary.x.path"),
        (Study, STUDY | {"vary": {"x": {"parameter": "p", "points": 9, "values": [1]}}},
         "vary.x.points"),
        (Study, STUDY | {"sample": {"method": "monte-carlo"},
                         "vary": {"x": {"parameter": "p", "points": 9, "range": [0, 1]}}},
         "vary.x.points"),
        (LimitModel, {"schema": "twin.utility-limit/1", "ramp_rate": "1 MW/s",
                      "range_window": "9 s"}, "range_window"),
        (LimitModel, {"schema": "twin.utility-limit/1", "dynamic_range": "1 MW",
                      "ramp_window": "9 s"}, "ramp_window"),
        (CaseModel, {"schema": "twin.case/1", "golden": {"levels": ["cdu"],
                                                         "channels": ["gpu.power"]}},
         "golden.levels"),
    ],
)  # fmt: skip
def test_an_idle_key_of_another_file_is_refused_with_its_place(
    model: type[BaseModel], data: Any, key: str
) -> None:
    document = yaml_file.parse(yaml.safe_dump(data, sort_keys=False), Path("file.yaml"))
    with pytest.raises(InputError, match="has no effect with") as caught:
        yaml_file.validate(document, model)
    assert caught.value.key == key
    assert caught.value.line is not None


@pytest.mark.parametrize(
    ("model", "data", "words"),
    [
        (Scenario, training(start="2 h", stop="1 h"), "stop must be after start"),
        (
            Scenario,
            {"jobs": {"jobs": [JOB | {"tenant": "ours"}], "quotas": {"theirs": 0.5}}},
            "the quota of 'theirs' has no effect",
        ),
        (LimitModel, {"schema": "twin.utility-limit/1"}, "limits nothing"),
    ],
)
def test_what_would_do_nothing_is_refused(model: type[BaseModel], data: Any, words: str) -> None:
    document = yaml_file.parse(yaml.safe_dump(data), Path("file.yaml"))
    with pytest.raises(InputError, match=words):
        yaml_file.validate(document, model)


def test_what_a_template_gives_as_default_is_taken() -> None:
    """A key that says what goes without saying hides nothing."""
    layout_of(changed((f"{ROW}.count", 1), (f"{ROW}.pitch", "5 m")))  # a study may vary the count
    layout_of(changed(ONE_ROW, (f"{ROW}.first", 1), (f"{ROW}.pitch", "3 m")))


@pytest.mark.parametrize("name", NAMES)
def test_a_command_takes_only_what_it_uses(name: str) -> None:
    for key, value in (("path", "/pilot"), ("key", "fouling"), ("value", 1.0)):
        if key in TAKES[name]:
            continue
        message = {"name": name, key: value}
        with pytest.raises(InputError, match=f"{key} has no effect with {name}"):
            asyncio.run(carry_out(None, message, User("me", Role.admin)))  # type: ignore[arg-type]


# --- options -----------------------------------------------------------------------------------


def callbacks() -> dict[str, Any]:
    """The function of every command, by its name."""
    return {str(i.name): i.callback for i in APPLICATION.registered_commands if i.callback}


@pytest.mark.parametrize("name", callbacks())
def test_every_option_is_read(name: str) -> None:
    function = callbacks()[name]
    (tree,) = ast.parse(inspect.cleandoc(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    read = {n.id for part in tree.body for n in ast.walk(part) if isinstance(n, ast.Name)}
    assert set(inspect.signature(function).parameters) <= read


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("run pilot --for 1min --every 20s", "--every"),
        ("replay x.zarr --json", "--json"),
        ("replay x.zarr --verify --port 8001", "--port"),
        ("replay x.zarr --verify --paused", "--paused"),
        ("serve pilot --every 20s", "--every"),
        ("serve pilot --key key.pem", "--key"),
        ("serve pilot --mqtt-flex", "--mqtt-flex"),
        ("serve pilot --mqtt-integration EMS", "--mqtt-integration"),
        ("serve --state folder --scenario cdu-trip", "--scenario"),
        ("serve --state folder --seed 3", "--seed"),
        ("compare pilot pilot --no-pictures", "--no-pictures"),
        ("export pilot -o pilot.glb --form compact", "--form"),
        ("export pilot -o pilot.usd --every 2", "--every"),
        ("robot pilot --task reach --at 8min", "--at"),
        ("robot pilot --state x.zarr", "--state"),
        ("sweep study.yaml --dask tcp://x --workers 2", "--workers"),
        ("optimise study.yaml --dask tcp://x --workers 2", "--workers"),
        ("test assets --json - --verbose", "--verbose"),
        ("one-line pilot --json --all", "--all"),
        ("seismic pilot --code gr63 --soil S3", "--soil"),
        ("seismic pilot --height 1", "--height"),
        ("seismic pilot --frequency 8", "--frequency"),
        ("seismic pilot --anchored --friction 0.5", "--friction"),
        ("render pilot --seconds 3", "--seconds"),
        ("render pilot --start 3min", "--start"),
        ("render pilot --beside-at 3min", "--beside-at"),
        ("render pilot --difference", "--difference"),
        ("render pilot --robot-at 3s", "--robot-at"),
        ("render pilot --sheet 3 --at 3min", "--at"),
        ("render pilot --video x.mp4 -o x.png", "--output"),
    ],
)
def test_an_idle_option_is_refused(words: str, option: str) -> None:
    result = CliRunner().invoke(APPLICATION, words.split())
    assert isinstance(result.exception, InputError), result.output
    assert option in str(result.exception).partition(" has no effect ")[0].split("/")
