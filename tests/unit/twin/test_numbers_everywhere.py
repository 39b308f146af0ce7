"""One rule for numbers wherever they enter: a comma and digits of other scripts are refused."""

from __future__ import annotations

import functools
import json
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from small_layout import changed, layout_of
from typer.testing import CliRunner

import twin
from twin import controls, money, units, yaml_file
from twin.catalog import bundled_catalog
from twin.catalog.loader import load_product
from twin.cli.commands import application
from twin.cli.run import parse_duration
from twin.cli.solve import commands_of
from twin.controls import Command
from twin.errors import InputError
from twin.mqtt.flex import parse_targets
from twin.mqtt.requests import parse_request
from twin.plant import Plant
from twin.power.utility_limit import load_limit
from twin.regression.case import CaseModel, GoldenSettings, tolerances
from twin.regression.parser import parse
from twin.scenario import Scenario, load_scenario
from twin.server import answers
from twin.server.commands import _state_command
from twin.server.subscription import parse_speed, parse_subscription
from twin.study.limits import bound_of
from twin.study.sampling import points_of
from twin.study.spec import Study
from twin.usd.third_party import product_entry
from viewer.commands import parse_size, seconds_of

WRONG = {
    "decimal comma": "1,2",
    "full-width": "\uff11\uff12",
    "arabic-indic": "\u0661\u0662",
    "hexadecimal": "0x10",
    "infinite": "inf",
    "not a number": "nan",
    "underscore": "1__2",
}
HALL = "/pilot/hall-a"
COMMANDS = application()


@pytest.fixture(scope="module")
def pilot() -> twin.factory.Factory:
    return twin.load("pilot")


@functools.cache
def plant() -> Plant:
    return twin.load("pilot").plant()


def written(folder: Path, text: str, name: str = "file.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def layout(key: str, unit: str) -> Callable[[str, Path], Any]:
    return lambda number, _: layout_of(changed((key, f"{number} {unit}".strip())))


def scenario(text: str) -> Callable[[str, Path], Any]:
    return lambda number, folder: load_scenario(written(folder, text.replace("N", number)))


def command(value: str, key: str = "supply_setpoint") -> Callable[[str, Path], Any]:
    def check(number: str, _: Path) -> None:
        asked = {"path": f"{HALL}/row-01/cdu-1", "key": key, "value": value.replace("N", number)}
        controls.check(plant(), _state_command("set", asked))

    return check


def study(**changes: Any) -> Callable[[str, Path], Any]:
    def read(number: str, folder: Path) -> None:
        data = {
            "schema": "twin.study/1",
            "layout": "pilot",
            "vary": {"x": {"parameter": "p", "range": ["1 kW", "2 kW"]}},
            "results": {"y": "max(gpu.temperature)"},
        } | json.loads(json.dumps(changes).replace("N", number))
        document = yaml_file.parse(json.dumps(data, ensure_ascii=False), folder / "study.yaml")
        points_of(yaml_file.validate(document, Study))

    return read


def product(number: str, folder: Path) -> None:
    given = bundled_catalog()["vertiv-xdu1350"].file.read_text()
    old = 'value = "1368 kW"' if 'value = "1368 kW"' in given else None
    first = old or next(line for line in given.splitlines() if "kW" in line and "value" in line)
    quantity = first.split('value = "')[1].split('"')[0]
    changed_text = given.replace(f'"{quantity}"', f'"{number} kW"', 1)
    load_product(written(folder, changed_text, "product.toml"))


def utility_limit(number: str, folder: Path) -> None:
    text = f"schema: twin.utility-limit/1\nramp_rate: {number} MW/min\n"
    load_limit(written(folder, text))


def case(text: str) -> Callable[[str, Path], Any]:
    def read(number: str, folder: Path) -> None:
        document = yaml_file.parse(f"schema: twin.case/1\n{text.replace('N', number)}", folder)
        model = yaml_file.validate(document, CaseModel)
        tolerances(model.golden or GoldenSettings(), folder)

    return read


def asset(number: str, _: Path) -> None:
    given = {"aif:core:assetClass": "CRAH", "aif:spec:nominalCoolingCapacity": f"{number} kW"}
    product_entry(given, None, "generic-crah-150", Path("a.usd"))


def asset_bare(number: str, _: Path) -> None:
    given = {"aif:core:assetClass": "CRAH", "aif:spec:nominalCoolingCapacity": number}
    product_entry(given, None, "generic-crah-150", Path("a.usd"))


def mqtt(number: str, _: Path) -> None:
    topic = "BMS/v1/TWIN/Value/CDU/LiquidTemperatureSpRequest/pilot/hall-a/row-01/cdu-1"
    message = {"value": number, "timestamp": 0, "quality": 1}
    parse_request(topic, json.dumps(message).encode(), "TWIN")


def flex(number: str, _: Path) -> None:
    row = {"interval": {}, "load_constraint": {"value": number, "unit": "megawatt"}}
    data = {"type": "grid.loadtarget.set.v1", "data": {"targets": [row]}}
    parse_targets(json.dumps(data).encode(), ["pilot"], 0.0)


def from_text(function: Callable[[str], Any], text: str) -> Callable[[str, Path], Any]:
    return lambda number, _: function(text.replace("N", number))


ENTRIES: dict[str, Callable[[str, Path], Any]] = {
    "layout: quantity": layout("sites.0.grid.contract_power", "MW"),
    "layout: count": layout("sites.0.halls.0.rows.0.racks", ""),
    "layout: plain number": layout("sites.0.location.latitude", ""),
    "layout: share": layout("sites.0.halls.0.recirculation", ""),
    "layout: price": layout("sites.0.grid.price", "won/kWh"),
    "layout: demand price": layout("sites.0.grid.demand_price", "EUR/kW"),
    "catalogue": product,
    "scenario: duration": scenario("schema: twin.scenario/1\nduration: N min\n"),
    "scenario: seed": scenario("schema: twin.scenario/1\nseed: N\n"),
    "scenario: weather": scenario(
        "weather: {kind: constant, dry_bulb: 'N degC', wet_bulb: 10 degC}\n"
    ),
    "scenario: plain number": scenario("tokens: {parameters: 'N'}\n"),
    "scenario: parameter": scenario("parameters: {at: 'N min'}\nduration: '${at}'\n"),
    "scenario: tariff": scenario("tariff: {price_by_hour: [" + "'N won/kWh', " * 24 + "]}\n"),
    "case: golden": case("golden: {every: 'N s'}"),
    "case: tolerance": case("golden: {tolerance: {gpu.power: 'N W'}}"),
    "expectation": from_text(parse, "max(site.power) < N MW"),
    "expectation: time": from_text(parse, "max(site.power) < 1 MW within N min after 06:00"),
    "study: range": study(vary={"x": {"parameter": "p", "range": ["N kW", "20 kW"]}}),
    "study: points": study(sample={"method": "latin-hypercube", "points": "N"}),
    "study: limit": from_text(lambda text: bound_of(text, {"hot": "degC"}), "hot < N degC"),
    "utility limit": utility_limit,
    "command over REST and websocket": command("N degC"),
    "command without a unit": command("N", "fouling"),
    "speed over websocket": from_text(parse_speed, "N"),
    "rate of a subscription": from_text(
        lambda text: parse_subscription({"channels": ["gpu.power"], "rate": text}), "N"
    ),
    "new session over REST": from_text(
        lambda text: answers.NewSession.model_validate({"layout": "pilot", "speed": text}), "N"
    ),
    "MQTT request": mqtt,
    "load target": flex,
    "SimReady asset": asset,
    "SimReady asset, bare number": asset_bare,
    "--for": from_text(lambda text: parse_duration(text, "--for"), "Nmin"),
    "--at": from_text(lambda text: seconds_of(text, "--at"), "Nmin"),
    "--at, bare number": from_text(lambda text: seconds_of(text, "--at"), "N"),
    "--size": from_text(parse_size, "Nx720"),
    "--dry-bulb": from_text(lambda text: units.parse_quantity(units.spaced(text), "degC"), "NdegC"),
    "price": from_text(lambda text: money.parse_price(text, "J"), "N won/kWh"),
}


@pytest.mark.parametrize("number", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
def test_a_number_that_can_be_misread_is_refused(
    entry: Callable[[str, Path], Any], number: str, tmp_path: Path
) -> None:
    with pytest.raises((InputError, ValueError)):
        entry(number, tmp_path)


NUMBERS_OF_JSON = {"speed over websocket", "rate of a subscription", "MQTT request", "load target"}
"""Where a number is no text at all."""


@pytest.mark.parametrize(
    "entry", [entry for name, entry in ENTRIES.items() if name not in NUMBERS_OF_JSON]
)
def test_a_plain_number_gets_further(entry: Callable[[str, Path], Any], tmp_path: Path) -> None:
    """What is refused above is the number: with a plain one nothing says that it is none."""
    try:
        entry("12", tmp_path)
    except (InputError, ValueError) as error:
        text = str(error)
        for words in (
            "comma",
            "digits other",
            "finite",
            "decimal",
            "underscore",
            "is not a number",
        ):
            assert words not in text, text


def numeric_options() -> Iterator[tuple[str, str, str]]:
    """Command, option, and a value in its limits, of every option that takes a number."""
    for info in COMMANDS.registered_commands:
        assert info.callback is not None
        hints = typing.get_type_hints(info.callback, include_extras=True)
        for name, hint in hints.items():
            if typing.get_origin(hint) is not Annotated:
                continue
            kind, *details = typing.get_args(hint)
            kinds = set(typing.get_args(kind)) or {kind}
            if kinds & {int, float}:
                words = [w for w in getattr(details[0], "param_decls", ()) or () if w[:2] == "--"]
                option = words[0] if words else f"--{name.replace('_', '-')}"
                yield str(info.name), option, details[0]


OPTIONS = list(numeric_options())


def test_there_are_options_to_try() -> None:
    assert len(OPTIONS) >= 25


@pytest.mark.parametrize("number", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize(
    ("name", "option"), [(name, option) for name, option, _ in OPTIONS], ids=lambda v: str(v)
)
def test_every_numeric_option_refuses_it(name: str, option: str, number: str) -> None:
    result = CliRunner().invoke(COMMANDS, [name, f"{option}={number}"])
    assert result.exit_code == 2
    assert option in result.output
    assert "Invalid value" in result.output


def test_settings_of_the_command_line_are_read_by_the_same_rule() -> None:
    for value in ("4,2degC", "\uff14\uff12 degC", "4,2 degC"):
        (command,) = commands_of([f"{HALL}/row-01/cdu-1:supply_setpoint={value}"], [])
        with pytest.raises(InputError, match=r"comma|digits other"):
            controls.check(plant(), command)


@pytest.mark.parametrize("duration", ["1,2 min", float("inf"), float("nan"), 0.0, -1.0, True])
def test_the_python_door_refuses_what_is_no_time(pilot: Any, duration: Any) -> None:
    with pytest.raises(InputError, match="duration"):
        pilot.run(duration=duration)


def test_an_event_of_a_scenario_is_refused_before_the_run(pilot: Any) -> None:
    event = {"at": "1 h", "path": f"{HALL}/row-01/cdu-1", "set": "supply_setpoint"}
    with pytest.raises(InputError, match=r"4\.2 degC"):
        pilot.simulation(Scenario.model_validate({"events": [event | {"value": "4,2 degC"}]}))


def test_true_is_no_number_over_rest() -> None:
    with pytest.raises(ValueError):
        answers.CommandRequest.model_validate({"name": "set", "value": True})


def test_a_grouping_in_threes_before_a_point_is_taken() -> None:
    command = Command("set", f"{HALL}/row-01", "power_cap", "1,234.5 W")
    controls.check(plant(), command)
    assert units.parse_quantity("1,234.5 kW", "W") == 1234500.0
