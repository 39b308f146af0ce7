"""What files and options ask for is bounded before anything is made of it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from small_layout import HALL, ROW, SMALL, changed, plant_of

import twin
from twin import recording_size
from twin.bounds import LONGEST_TIME, count_text, maximum_elements
from twin.catalog.loader import load_product
from twin.cli.run import parse_duration
from twin.errors import InputError, TwinError
from twin.factory import Factory
from twin.recording import Recorder, channels_named
from twin.recording_size import expected_size, size_text
from twin.scenario import Scenario, load_scenario
from twin.study.sampling import points_of
from twin.study.spec import Study
from twin.yaml_file import parse

MEGABYTES = 2**20


@pytest.fixture
def sparing() -> Any:
    """Fails a test that allocates what it should have refused."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * MEGABYTES


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (f"{ROW}.racks", 10**9),
        (f"{ROW}.racks", 15_000),  # 72 accelerators each
        (f"{ROW}.count", 10**12),
        (f"{HALL}.count", 10**6),
        (f"{HALL}.crahs.count", 10**8),
        (f"{HALL}.ups.count", 10**8),
        ("sites.0.count", 10**15),
        ("sites.0.plants.0.count", 10**7),
        ("sites.0.plants.0.pumps.count", 10**7),
    ],
)
@pytest.mark.usefixtures("sparing")
def test_a_layout_of_too_many_elements_is_refused_at_what_asks_for_most(
    key: str, value: int
) -> None:
    with pytest.raises(InputError, match="stands for too many elements") as caught:
        plant_of(changed((key, value)))
    words = key.split(".")
    shown = "".join(f"[{w}]" if w.isdigit() else f".{w}" for w in words).removeprefix(".")
    assert caught.value.key == shown
    assert caught.value.line is not None
    assert "TWIN_MAXIMUM_ELEMENTS" in caught.value.allowed


@pytest.mark.parametrize("value", [10**16, 10**30, 10**299, 10**310, "1" + "0" * 40])
@pytest.mark.parametrize("key", [f"{ROW}.racks", f"{HALL}.crahs.count"])
@pytest.mark.usefixtures("sparing")
def test_numbers_beyond_all_counts_are_refused(key: str, value: int | str) -> None:
    with pytest.raises(InputError):
        plant_of(changed((key, value)))


@pytest.mark.parametrize("length", ["1e308 m", "-1e308 m", "2e4 km"])
@pytest.mark.parametrize("key", ["sites.0.plants.0.pitch", f"{HALL}.position"])
def test_nothing_stands_off_the_planet(key: str, length: str) -> None:
    with pytest.raises(InputError, match=r"beyond anything that is built: -?1e\+07 m") as caught:
        plant_of(changed((key, ["0 m", length])))
    assert caught.value.found == repr(length)


@pytest.mark.parametrize(
    ("key", "value"),
    [("mass", "1e30 kg"), ("rated_power", "1e20 MW"), ("thermal_design_power", "1e300 W")],
)
def test_products_are_of_this_world(key: str, value: str) -> None:
    base = "nvidia-b300-gb300" if key == "thermal_design_power" else "nvidia-gb300-nvl72"
    with pytest.raises(InputError, match="beyond anything that is built"):
        plant_of(changed(("products", [{"extends": base, "id": "odd", key: value}])))


@pytest.mark.parametrize(
    ("product", "change", "key"),
    [
        ("nvidia-gb300-nvl72", {"rated_power": "0 kW"}, "rated_power"),
        ("nvidia-b300-gb300", {"cold_plate": {"rated_flow": "0 L/min"}}, "rated_flow"),
        ("vertiv-xdu1350", {"rated_approach": "0 K"}, "rated_approach"),
        ("vertiv-xdu1350", {"depth": "0 m"}, "depth"),
        ("vertiv-xdu1350", {"pump": {"motor_efficiency": "0 %"}}, "motor_efficiency"),
    ],
)
def test_a_rating_of_nothing_is_refused(product: str, change: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError, match=f"{key} must be above zero"):
        plant_of(changed(("products", [{"extends": product, "id": "odd", **change}])))


@pytest.mark.parametrize(
    ("volume", "message"),
    [("0 m**3", "greater than 0"), ("1 L", "passes within a step of the simulation")],
)
def test_water_that_no_step_resolves_is_refused(volume: str, message: str) -> None:
    """A litre at the supply of a megawatt ended in a PUE of 1e72."""
    with pytest.raises(InputError, match=message) as caught:
        plant_of(changed(("sites.0.plants.0.supply_volume", volume)))
    assert caught.value.key == "sites[0].plants[0].supply_volume"


def test_accelerators_of_a_rack_count() -> None:
    rack = {
        "extends": "nvidia-gb300-nvl72",
        "id": "tall",
        "trays": {
            "order": "c",
            "pitch": "44.45 mm",
            "first_height": "0.1 m",
            "accelerators_per_tray": 10**12,
        },
    }
    with pytest.raises(InputError, match="rack tall holds too many accelerators") as caught:
        plant_of(changed(("products", [rack]), (f"{ROW}.rack", "tall")))
    assert caught.value.found == "1,000,000,000,000"


def test_the_bound_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_MAXIMUM_ELEMENTS", "600")
    with pytest.raises(InputError, match="too many elements") as caught:
        plant_of(SMALL)  # two rows of four racks of 72 accelerators
    assert caught.value.allowed.startswith("at most 600;")
    monkeypatch.setenv("TWIN_MAXIMUM_ELEMENTS", "700")
    assert plant_of(SMALL).levels["gpu"].count == 576
    for text in ("lots", "0", "-5", "1e6", "9" * 30):
        monkeypatch.setenv("TWIN_MAXIMUM_ELEMENTS", text)
        with pytest.raises(TwinError, match="TWIN_MAXIMUM_ELEMENTS"):
            maximum_elements()


def test_overrides_cannot_pass_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {
        "extends": "nvidia-gb300-nvl72",
        "id": "few",
        "trays": {
            "order": "c",
            "pitch": "44.45 mm",
            "first_height": "0.1 m",
            "accelerators_per_tray": 4,
        },
    }
    monkeypatch.setenv("TWIN_MAXIMUM_ELEMENTS", "500")
    data = changed(("products", [few]), (f"{ROW}.rack", "few"))
    assert plant_of(data).levels["gpu"].count == 32
    overrides = [
        {"path": f"/site/hall/row-0{w}/rack-0{r}", "product": "nvidia-gb300-nvl72"}
        for w in (1, 2)
        for r in (1, 2, 3, 4)
    ]
    with pytest.raises(InputError, match="too many accelerators") as caught:
        plant_of(data | {"overrides": overrides})
    assert (caught.value.key, caught.value.found) == ("overrides", "576")


@pytest.mark.parametrize("text", ["1e300 d", "1e9 h", "101e0 d d"])
def test_times_beyond_a_century_are_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_duration(text, "--for")
    assert caught.value.key == "--for"


@pytest.mark.parametrize(("key", "text"), [("duration", "1e300 d"), ("settle", "1e6 d")])
def test_scenarios_beyond_a_century_are_refused(tmp_path: Path, key: str, text: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(f"schema: twin.scenario/1\n{key}: {text}\n")
    with pytest.raises(InputError) as caught:
        load_scenario(file)
    assert (caught.value.line, caught.value.key) == (2, key)


def test_steps_without_end_are_refused(pilot: Factory) -> None:
    with pytest.raises(InputError, match="too many time steps") as caught:
        pilot.run(duration=LONGEST_TIME, scenario=Scenario(step="1 ms"))
    assert "0.001 s" in caught.value.found
    with pytest.raises(InputError, match="simulated time is too long"):
        pilot.run(duration=2 * LONGEST_TIME)


@pytest.mark.parametrize(
    ("sample", "points"),
    [("grid", 10**6), ("grid", 10**15), ("latin-hypercube", 10**9), ("monte-carlo", 10**15)],
)
@pytest.mark.usefixtures("sparing")
def test_points_of_a_study_are_counted_before_they_are_made(sample: str, points: int) -> None:
    vary = {
        name: {"scenario": f"weather.{name}", "range": ["10 degC", "20 degC"]}
        | ({"points": points} if sample == "grid" else {})
        for name in ("dry_bulb", "wet_bulb")
    }
    study = Study.model_validate(
        {
            "schema": "twin.study/1",
            "layout": "pilot",
            "sample": {"method": sample} | ({} if sample == "grid" else {"points": points}),
            "vary": vary,
            "results": {"pue": "last(site.pue)"},
        }
    )
    with pytest.raises(InputError, match="too many points") as caught:
        points_of(study)
    assert caught.value.found == count_text(points**2 if sample == "grid" else points)


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5000 + "]" * 5000, "a = " + "{b = " * 5000, "a = 1" + "0" * 5000],
    ids=["lists", "tables", "digits"],
)
def test_toml_nested_deep_or_of_endless_numbers_is_one_message(tmp_path: Path, text: str) -> None:
    file = tmp_path / "product.toml"
    file.write_text(text)
    with pytest.raises(InputError, match="not valid TOML") as caught:
        load_product(file)
    assert caught.value.file == file


@pytest.mark.usefixtures("sparing")
def test_parameters_cannot_multiply_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.scenario_template.MAXIMUM_BYTES", 100_000)
    file = tmp_path / "s.yaml"
    title = "${x}" * 1000
    file.write_text(f"schema: twin.scenario/1\nparameters: {{x: {'y' * 1000}}}\ntitle: '{title}'\n")
    with pytest.raises(InputError, match="grows too large") as caught:
        load_scenario(file)
    assert (caught.value.line, caught.value.key) == (3, "title")


def test_a_recording_that_does_not_fit_is_refused_before_the_run(
    pilot: Factory, tmp_path: Path
) -> None:
    channels = channels_named(["gpu.temperature", "rack.power"])
    target = tmp_path / "run.zarr"
    with pytest.raises(InputError, match="No space left on device for all of it") as caught:
        Recorder(target, pilot.simulation(), channels, frames=10**13)
    assert caught.value.file == target
    assert caught.value.found.startswith("10,000,000,000,000 frames, at least ")
    assert list(tmp_path.iterdir()) == []
    few = expected_size(target, 100, [576, 8])
    assert 4 * 2 * 4096 <= few < expected_size(target, 1000, [576, 8]) < 10 * MEGABYTES


def test_a_disk_that_takes_no_more_files_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Disk:
        f_frsize, f_bavail, f_files, f_favail = 1, 10**12, 10**6, 10

    monkeypatch.setattr(recording_size.os, "statvfs", lambda _: Disk)
    with pytest.raises(InputError, match="more files than the disk takes"):
        expected_size(tmp_path / "run.zarr", 32 * 6, [1, 1])
    assert expected_size(tmp_path / "run.zarr", 32 * 5, [1, 1]) > 0


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (4096, "4.1 kB"), (79.2e9, "79.2 GB"), (5e18, "5,000 PB")],
)
def test_sizes_as_people_read_them(size: float, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("count", "text"), [(1234, "1,234"), (10**15, "about 10^15"), (10**400, "about 10^400")]
)
def test_counts_as_people_read_them(count: int, text: str) -> None:
    assert count_text(count) == text


def test_integers_beyond_all_arithmetic_are_no_integers() -> None:
    assert parse("a: 1" + "0" * 299, Path("x")).data["a"] == 10**299
    assert isinstance(parse("a: 1" + "0" * 300, Path("x")).data["a"], float)


def test_the_largest_bundled_layout_is_within_the_bound() -> None:
    assert twin.load("korea-260k").layout.model.name == "korea-260k"
    assert maximum_elements() > 3 * 263_232
