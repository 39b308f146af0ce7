"""Checks: sound layouts have no findings, and each fault is found at its place, with a fix."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_layout import HALL, ROW, SMALL, changed, plant_of
from typer.testing import CliRunner

from twin.check import CHECKS, Finding, check_plant, notes
from twin.check import gathered as gather
from twin.check.cdu_loss import cdu_losses
from twin.check.network import NETWORK_CHECKS
from twin.cli.commands import app
from twin.controls import Command
from twin.errors import InputError
from twin.layout import bundled_layouts
from twin.plant import load_plant
from twin.scenario import Scenario
from twin.simulation import Simulation

PLANT = "sites.0.plants"


def findings(*changes: tuple[str, Any]) -> list[Finding]:
    return check_plant(plant_of(changed(*changes)))


def test_the_small_layout_is_sound() -> None:
    assert check_plant(plant_of(SMALL)) == []


@pytest.mark.parametrize("name", sorted(set(bundled_layouts()) - {"frontier-like"}))
def test_bundled_layouts_are_sound(name: str) -> None:
    found = check_plant(load_plant(name))
    # a battery that covers design power above the contract is what pilot-storage is for
    expected = [("warning", "contract")] if name == "pilot-storage" else []
    assert [(finding.severity, finding.check) for finding in found] == expected


def test_the_frontier_like_machine_has_one_cdu_without_reserve() -> None:
    found = check_plant(load_plant("frontier-like"))
    assert [(f.severity, f.path, f.check) for f in found] == [
        ("warning", "/centre/machine/row-end/cdu-1", "cdu-capacity"),
        ("warning", "/centre", "weather-place"),  # no weather of Tennessee is bundled
    ]


def one_row_with_aisle(aisle: str, width: str) -> list[tuple[str, Any]]:
    """Changes that leave one row with an aisle of a width in front and half a metre behind."""
    return [
        (f"{ROW}.count", ...),
        (f"{ROW}.position", ["4 m", aisle]),
        (f"{ROW}.facing", "front"),
        (f"{HALL}.size", ["14 m", width, "5 m"]),
        (f"{HALL}.crahs.count", 1),
    ]


AIR_COOLED: list[tuple[str, Any]] = [
    (f"{ROW}.rack", "nvidia-dgx-h100-x4"),
    (f"{ROW}.cdu", ...),
    (
        "products",
        [{"extends": "generic-rear-door-50", "id": "small-door", "rated_capacity": "20 kW"}],
    ),
]
"""Rows of racks cooled by air, and a door too small for them."""

CASES: list[tuple[list[tuple[str, Any]], str, str, str, str]] = [
    # changes, check, severity, path, words of the message
    (
        [(f"{ROW}.panels.per_row", 1)],
        "row-feeds",
        "error",
        "/site/hall/row-01",
        "feed of the racks overloaded",
    ),
    (
        [(f"{ROW}.panels.per_row", 2)],
        "row-feeds",
        "warning",
        "/site/hall/row-01",
        "500 kW with one",
    ),
    (
        [
            (
                "sites.0.capacitors",
                {"rated_power": "1 kvar", "count": 1, "target_power_factor": 0.999},
            )
        ],
        "power-factor",
        "warning",
        "/site",
        "1 of 1 steps in",
    ),
    (
        [
            ("sites.0.grid.short_circuit_power", "500 MVA"),
            ("sites.0.capacitors", {"rated_power": "10 Mvar", "count": 2}),
        ],
        "resonance",
        "warning",
        "/site",
        "order 5.0",
    ),
    ([(f"{ROW}.phases", "a")], "phases", "error", "/site/hall/row-01/panel-1", "phase a carries"),
    ([(f"{HALL}.ups.count", 1)], "ups", "warning", "/site/hall", "UPS"),
    ([(f"{HALL}.ups.count", 1), (f"{ROW}.racks", 6)], "ups", "error", "/site/hall", "UPS"),
    (
        [(f"{HALL}.transformers.count", 1)],
        "transformers",
        "warning",
        "/site/hall",
        "without redundancy",
    ),
    (
        [("sites.0.grid.contract_power", "1 MW")],
        "contract",
        "error",
        "/site",
        "exceeds the contract",
    ),
    (
        [("sites.0.generators", {"product": "generic-diesel-generator-3000", "count": 1})],
        "generators",
        "warning",
        "/site",
        "standby generators",
    ),
    ([("sites.0.grid.voltage", "154 kV")], "voltages", "error", "/site/hall", "22.9 kV on 154 kV"),
    (
        [("sites.0.transformers", {"product": "generic-transformer-22.9kv-480v-2500", "count": 3})],
        "voltages",
        "error",
        "/site/hall",
        "on 480 V",
    ),
    (
        [(f"{ROW}.supply_temperature", "46 degC")],
        "supply-temperatures",
        "error",
        "/site/hall/row-01/rack-01",
        "allows 45 degC",
    ),
    (
        [(f"{ROW}.supply_temperature", "35 degC")],
        "cdu-approach",
        "error",
        "/site/hall/row-01/cdu-1",
        "its water arrives at 36",
    ),
    ([(f"{ROW}.cdu.per_row", 1)], "cdu-capacity", "warning", "/site/hall/row-01/cdu-1", "only CDU"),
    (
        [("sites.0.location.latitude", -33.0)],
        "weather-place",
        "warning",
        "/site",
        "km away, on the other half of the earth",
    ),
    (
        [("sites.0.solar", {"peak_power": "100 kW", "azimuth": "0 deg"})],
        "azimuth",
        "warning",
        "/site",
        "faces the pole",
    ),
    (
        [(f"{PLANT}.0.supply_temperature", "39.5 degC"), (f"{ROW}.racks", 16)],
        "cdu-capacity",
        "error",
        "/site/hall/row-01/cdu-1",
        "0.5 K approach",
    ),
    (
        [
            (f"{ROW}.cdu", {"product": "generic-cdu-600", "per_row": 1}),
            (f"{ROW}.racks", 10),
            (f"{ROW}.panels.per_row", 5),
        ],
        "cdu-flow",
        "error",
        "/site/hall/row-01/cdu-1",
        "racks need",
    ),
    (
        [(f"{ROW}.rear_doors", {"product": "generic-rear-door-50", "plant": "warm"})],
        "rear-doors",
        "error",
        "/site/hall/row-01",
        "their water arrives at 36 degC",
    ),
    (
        [*AIR_COOLED, (f"{ROW}.rear_doors", {"product": "small-door"})],
        "rear-doors",
        "warning",
        "/site/hall/row-01",
        "air handlers have to take the rest",
    ),
    ([(f"{HALL}.crahs.count", 1)], "air-handlers", "warning", "/site/hall", "air handler lost"),
    (
        [(f"{HALL}.crahs.count", 1), (f"{ROW}.racks", 12)],
        "air-handlers",
        "error",
        "/site/hall",
        "air handlers bring",
    ),
    (
        [(f"{PLANT}.1.supply_temperature", "30 degC")],
        "air-handlers",
        "error",
        "/site/hall",
        "air handlers take",
    ),
    (
        [(f"{PLANT}.0.pumps", {"product": "generic-pump-15", "count": 1})],
        "plant-pumps",
        "error",
        "/site/warm",
        "pumps bring",
    ),
    ([(f"{PLANT}.0.pumps.count", 1)], "plant-pumps", "warning", "/site/warm", "one pump lost"),
    ([(f"{PLANT}.0.coolant", "water")], "frost", "warning", "/site/warm", "freezes at 0.0 degC"),
    (
        [(f"{PLANT}.0.heat_rejection.count", 2)],
        "heat-rejection",
        "warning",
        "/site/warm",
        "with one lost",
    ),
    (
        [(f"{PLANT}.0.heat_rejection.count", 1)],
        "heat-rejection",
        "error",
        "/site/warm",
        "its coolers reject",
    ),
    (
        [(f"{PLANT}.0.supply_temperature", "33 degC")],
        "heat-rejection",
        "error",
        "/site/warm",
        "at 32.8 degC outdoors",
    ),
    (
        [(f"{PLANT}.1.chillers.count", 1)],
        "heat-rejection",
        "warning",
        "/site/chilled",
        "one chiller lost",
    ),
    (
        [(f"{PLANT}.1.heat_rejection.count", 1)],
        "heat-rejection",
        "warning",
        "/site/chilled",
        "one cooler lost",
    ),
    (
        [(f"{PLANT}.1.position", ["5 m", "30 m"])],
        "overlaps",
        "error",
        "/site/chilled/cooler-01",
        "stands in /site/warm",
    ),
    ([(f"{PLANT}.0.position", ["0 m", "5 m"])], "rooms", "error", "/site/warm", "overlaps"),
    (
        [(f"{HALL}.size", ["30 m", "6 m", "4 m"])],
        "inside-hall",
        "error",
        "/site/hall/row-02/rack-01",
        "stands outside /site/hall",
    ),
    ([(f"{ROW}.pitch", "2 m")], "aisles", "warning", "/site/hall/row-02", "0.80 m"),
    (
        [("overrides", [{"path": "/site/hall/crah-01", "position": ["7 m", "3.6 m"]}])],
        "overlaps",
        "error",
        "/site/hall/crah-01",
        "stands in /site/hall/row-01/rack-01",
    ),
    (
        [
            (
                "overrides",
                [{"path": "/site/hall/crah-01", "position": ["7 m", "2 m"], "yaw": "0 deg"}],
            )
        ],
        "service-space",
        "warning",
        "/site/hall/row-01/rack-01",
        "0.58 m free at its front",
    ),
    (
        [
            (
                "overrides",
                [{"path": "/site/hall/crah-01", "position": ["7 m", "2 m"], "yaw": "0 deg"}],
            )
        ],
        "doors",
        "error",
        "/site/hall/row-01/rack-01",
        "strikes /site/hall/crah-01",
    ),
    (
        one_row_with_aisle("1 m", "2.7 m"),
        "delivery",
        "error",
        "/site/hall/row",
        "cannot be brought to their place",
    ),
    (one_row_with_aisle("0.7 m", "2.4 m"), "egress", "error", "/site/hall/row", "way out of 0.9 m"),
    (
        [(f"{HALL}.floor_rating", "600 kg/m**2")],
        "floor-load",
        "error",
        "/site/hall/row-01",
        "the hall carries 600",
    ),
]


@pytest.mark.parametrize(("changes", "check", "severity", "path", "words"), CASES)
def test_faults_are_found_at_their_place(
    changes: list[tuple[str, Any]], check: str, severity: str, path: str, words: str
) -> None:
    found = findings(*changes)
    matching = [f for f in found if (f.check, f.severity, f.path) == (check, severity, path)]
    assert matching, "\n".join(map(str, found))
    assert words in matching[0].message
    assert matching[0].fix


def test_every_check_has_a_case() -> None:
    named = {
        check.__name__.removeprefix("check_").replace("_", "-")
        for check in CHECKS
        if check not in NETWORK_CHECKS
    }
    assert named == {case[1] for case in CASES} | {"rack-shelves"}


def test_shelves_too_small() -> None:
    data = changed(
        (
            "products",
            [
                {"extends": "ocp-orv3-hpr-33kw", "id": "weak", "module_power": "2 kW"},
                {"extends": "nvidia-gb300-nvl72", "id": "own", "power_shelf": "weak"},
            ],
        ),
        (f"{ROW}.rack", "own"),
    )
    found = check_plant(plant_of(data))
    assert [f.path for f in found if f.check == "rack-shelves"] == ["/site/hall/row-01/rack-01"]


def test_errors_come_first() -> None:
    found = findings((f"{ROW}.panels.per_row", 2), ("sites.0.grid.contract_power", "1 MW"))
    assert [f.severity for f in found] == sorted(f.severity for f in found)
    assert {f.severity for f in found} == {"error", "warning"}


def test_equal_findings_are_said_once() -> None:
    found = [f for f in findings((f"{ROW}.panels.per_row", 1)) if f.check == "row-feeds"]
    assert len(found) == 1
    assert "1 more, to /site/hall/row-02" in found[0].message
    one = Finding("error", "/a", "m", "f", "c")
    assert gather([one]) == [one]


def test_an_unknown_weather_is_an_input_error() -> None:
    with pytest.raises(InputError, match="unknown weather") as caught:
        findings(("sites.0.location.weather", "soul"))
    assert "seoul" in caught.value.allowed


@settings(max_examples=10)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_more_units_never_make_it_worse(coolers: int, ups: int, crahs: int) -> None:
    def count(extra: int) -> int:
        return len(
            findings(
                (f"{PLANT}.0.heat_rejection.count", coolers + extra),
                (f"{HALL}.ups.count", ups + extra),
                (f"{HALL}.crahs.count", crahs + extra),
            )
        )

    assert count(1) <= count(0)


@pytest.mark.parametrize(
    ("coolant", "weather", "told"),
    [("water", "mokpo", True), ("water", "seoul", True), ("PG25", "seoul", False),
     ("PG25", "chuncheon", False)],
)  # fmt: skip
def test_plain_water_in_dry_coolers_freezes(coolant: str, weather: str, told: bool) -> None:
    found = [
        f
        for f in findings((f"{PLANT}.0.coolant", coolant), ("sites.0.location.weather", weather))
        if f.check == "frost"
    ]
    assert bool(found) == told
    if told:
        assert found[0].severity == "warning"
        assert "freezes at 0.0 degC" in found[0].message
        assert "glycol" in found[0].fix


def air_cooled(crahs: int, *more: tuple[str, Any]) -> list[str]:
    """Severities of what is said about air in a hall of air-cooled racks."""
    found = findings(*AIR_COOLED, (f"{HALL}.crahs.count", crahs), *more)
    return [f"{f.severity}: {f.message}" for f in found if f.check == "air-handlers"]


def test_rear_doors_count_in_the_balance_of_the_air() -> None:
    """What doors have cooled need not come from air handlers; warm water counts for little."""
    doors = (f"{ROW}.rear_doors", {"product": "generic-rear-door-50"})
    warm = (f"{ROW}.rear_doors", {"product": "generic-rear-door-50", "plant": "warm"})
    bare, helped, hardly = (air_cooled(1, *more) for more in ((), (doors,), (warm,)))
    assert bare[0].startswith("error: racks draw")
    assert not any(text.startswith("error") for text in helped)
    assert hardly[0].startswith("error: racks draw")


def test_doors_that_are_lost_leave_their_heat_to_the_air_handlers() -> None:
    doors = (f"{ROW}.rear_doors", {"product": "generic-rear-door-50"})
    told = [text for text in air_cooled(1, doors, (f"{ROW}.racks", 8)) if "rear doors" in text]
    assert len(told) == 1
    assert told[0].startswith("warning: ")
    assert told[0].endswith("with the rear doors of row-01 lost")


def test_check_and_simulation_agree_on_doors() -> None:
    """One air handler and cold doors hold the cold aisle; with warm water they do not."""
    from twin.steady import solve

    aisles = {}
    for plant in ("chilled", "warm"):
        doors = (f"{ROW}.rear_doors", {"product": "generic-rear-door-50", "plant": plant})
        built = plant_of(changed(*AIR_COOLED, (f"{HALL}.crahs.count", 1), doors))
        aisles[plant] = float(solve(built).state.view.row.cold_aisle_temperature.max())
    assert aisles["chilled"] == pytest.approx(24.0, abs=0.1)
    assert aisles["warm"] > 25.0


def test_a_second_cdu_is_no_reserve_and_check_says_what_its_loss_takes() -> None:
    plant = plant_of(SMALL)
    assert check_plant(plant) == []
    (note,) = notes(plant)
    assert (note.severity, note.check, note.path) == (
        "note", "cdu-loss", "/site/hall/row-01/cdu-1"
    )  # fmt: skip
    assert "its loss takes 2 racks (144 accelerators, " in note.message
    assert "no other CDU of the row takes them over (and 3 more" in note.message
    assert notes(plant_of(changed((f"{ROW}.cdu.per_row", 1)))) == []


def test_a_lost_cdu_takes_its_racks_and_no_others() -> None:
    """The note holds: in a run the other CDU's racks do not notice."""
    simulation = Simulation(plant_of(SMALL), Scenario())
    simulation.apply(Command("inject", "/site/hall/row-01/cdu-1", "trip"))
    simulation.advance(120.0)
    rack = simulation.state.view.rack
    suffers = (rack.throttled + rack.gpus_off)[:4]
    (loss, other, *_) = cdu_losses(simulation.plant)
    assert (loss.racks, loss.accelerators, other.racks) == (2, 144, 2)
    assert (suffers > 0).tolist() == [True, True, False, False]


def test_the_command_tells_notes_and_exits_by_findings() -> None:
    told = CliRunner().invoke(app, ["check", "pilot"])
    assert told.exit_code == 0
    assert "note: /pilot/hall-a/row-01/cdu-1: a loop of its own" in told.stdout
    assert re.search(r"^no findings, \d notes?$", told.stdout, re.MULTILINE)
    data = json.loads(CliRunner().invoke(app, ["check", "pilot", "--json"]).stdout)
    assert [entry["severity"] for entry in data] == ["note"]


def test_what_one_unit_out_means_is_said_of_power_and_of_cooling() -> None:
    told = CliRunner().invoke(app, ["one-line", "pilot", "--n-1"]).stdout
    assert "with any single unit of the power chain out" in told
    assert "losing /pilot/hall-a/row-01/cdu-1 takes 4 racks with 288 GPUs with it" in told


def test_what_a_fix_names_does_it() -> None:
    """Counts where they help; where the weather is what lacks, the temperature that does."""
    first = f"{PLANT}.0"

    def errors(*changes: tuple[str, Any]) -> list[Finding]:
        return [
            f for f in findings(*changes) if (f.check, f.severity) == ("heat-rejection", "error")
        ]

    def named(pattern: str, fix: str) -> str:
        found = re.search(pattern, fix)
        assert found is not None, fix
        return found[1]

    (few,) = errors((f"{first}.heat_rejection.count", 1))
    number = int(named(r"count of (\d+)", few.fix))
    assert errors((f"{first}.heat_rejection.count", number)) == []
    cold = (f"{first}.supply_temperature", "30 degC")
    (warm,) = errors(cold)
    assert warm.fix.startswith("more of these coolers do not help")
    assert errors(cold, (f"{first}.heat_rejection.count", 40))
    degrees = named(r"of ([\d.]+ degC)", warm.fix)
    assert errors((f"{first}.supply_temperature", degrees)) == []
