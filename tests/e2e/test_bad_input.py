"""Bad input: one clear message with file, line, key, found, allowed; exit code 2; no traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from live_server import twin

from assets.locations import LAYOUTS_FOLDER
from twin.cli.main import main

PILOT = (LAYOUTS_FOLDER / "pilot.yaml").read_text()


Refused = Callable[..., str]


def refused_process(*arguments: object) -> str:
    """Message of a command that must be refused, run as people run it."""
    code, out, error = twin(*arguments)
    assert code == 2, (code, out, error)
    assert "Traceback" not in error
    assert error.strip()
    return error


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """The same in this process, which spares the imports; any exception but exit 2 fails."""

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["twin", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        error = capsys.readouterr().err
        assert ended.value.code == 2, error
        assert error.strip()
        return error

    return run


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def layout(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in PILOT
    file = folder / "mine.yaml"
    file.write_text(PILOT.replace(old, new, 1) if old else PILOT)
    return file


COMMANDS = ["run", "info", "check", "serve"]


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_file(command: str) -> None:
    message = refused_process(command, "atlantis.yaml")
    assert "atlantis.yaml" in message
    assert "not found" in message
    assert "pilot" in message  # what is allowed


@pytest.mark.parametrize("command", COMMANDS)
def test_yaml_error(refused: Refused, command: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("name: x\nsites:\n  - id: [a\n    b: c\n")
    message = refused(command, file)
    assert f"{file}:" in message
    assert "not valid YAML" in message


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("rack: nvidia-gb300-nvl72", "rack: nvidia-gb3000-nvl72", "rack: nvidia-gb3000-nvl72",
         ["unknown product", "sites[0].halls[0].rows[0].rack", "nvidia-gb300-nvl72"]),
        ("product: vertiv-xdu1350", "product: generic-pump-15", "cdu: {product: generic-pump-15",
         ["wrong class", "class pump", "class cdu"]),
        ("contract_power: 2 MW", "contract_power: 2 parsec", "contract_power: 2 parsec",
         ["contract_power", "2 parsec", "1400 W"]),
        ("contract_power: 2 MW", "contract_power: 2", "contract_power: 2", ["has no unit"]),
        ("supply_temperature: 36 degC", "supply_temperature: 36 kW", "supply_temperature: 36 kW",
         ["does not convert", "45 degC"]),
        ("elevation: 86 m", "elevation: 86m", "elevation: 86m", ["space between number and unit"]),
        ("racks: 8", "racks: many", "racks: many", ["rows[0].racks", "many", "integer"]),
        ("racks: 8", "racks: 0", "racks: 0", ["greater than 0"]),
        ("racks: 8", "rakcs: 8", "rakcs: 8", ["unknown key", "did you mean racks"]),
        ("    house_power: 15 kW\n", "    house_power: 15 kW\n    house_power: 9 kW\n",
         "house_power: 9 kW", ["key used twice"]),
        ("weather: seoul", "weather: atlantis", "location:", ["atlantis", "weather"]),
        ("plant: warm", "plant: cold", "plant: cold", ["cold", "did you mean chilled"]),
        ("schema: twin.layout/1", "schema: twin.layout/9", "schema: twin", ["twin.layout/1"]),
    ],
)  # fmt: skip
def test_a_wrong_layout_is_pointed_at(
    refused: Refused, tmp_path: Path, old: str, new: str, place: str, words: list[str]
) -> None:
    file = layout(tmp_path, old, new)
    message = refused("run", file, "--for", "10s")
    for word in words:
        assert word in message
    if "weather" not in new:  # weather is looked up when a run starts, not when the file is read
        assert f"{file}:{line_of(file.read_text(), place)}:" in message


def test_two_racks_in_one_place(refused: Refused, tmp_path: Path) -> None:
    file = layout(tmp_path)
    row = "/pilot/hall-a/row-01"
    file.write_text(
        file.read_text()
        + f"overrides:\n  - {{path: {row}/rack-01, position: [6 m, 4.6 m]}}\n"
        + f"  - {{path: {row}/rack-02, position: [6 m, 4.6 m]}}\n"
    )
    message = refused("run", file)
    assert f"{row}/rack-01" in message
    assert f"{row}/rack-02" in message
    assert "place" in message or "overlap" in message


def test_a_liquid_cooled_rack_without_a_cdu(refused: Refused, tmp_path: Path) -> None:
    file = layout(tmp_path, "            cdu: {product: vertiv-xdu1350, per_row: 2}\n", "")
    message = refused("run", file)
    assert str(file) in message
    assert "cdu" in message.lower()


def test_a_rack_without_a_feed_is_a_finding(tmp_path: Path) -> None:
    file = layout(tmp_path, "            panels: {product: generic-panel-500, per_row: 4}\n", "")
    code, out, error = twin("check", file)
    assert code in (1, 2)
    assert "Traceback" not in error
    assert "panel" in out + error or "feed" in out + error


@pytest.mark.parametrize("text", ["banana", "10 parsec", "-5min", "0s", "nan s", "inf s", "10", ""])
def test_nonsense_durations(refused: Refused, text: str) -> None:
    message = refused("run", "pilot", "--for", text)
    assert "--for" in message
    assert repr(text) in message


@pytest.mark.parametrize("text", ["banana", "300ms", "1500ms", "0s"])
def test_nonsense_intervals(refused: Refused, text: str) -> None:
    assert "--every" in refused("run", "pilot", "--for", "1min", "--every", text)


def test_wrong_options(refused: Refused) -> None:
    assert "--seed" in refused("run", "pilot", "--seed", "-1")
    assert "--sed" in refused("run", "pilot", "--sed", "1")
    assert "port" in refused("serve", "pilot", "--port", "70000")
    assert "layout" in refused("run").lower()
    assert "frobnicate" in refused("frobnicate")
    assert "layout or scenario" in refused("schema", "poem")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("events: [{at: 10 s, path: /pilot/hall-z, inject: trip}]", [":1:", "hall-z", "hall-a"]),
        ("seed: 1\nevents:\n  - {at: 1 s, path: /pilot, set: mood, value: 1}", [":3:", "mood"]),
        ("duration: 5 min\nspeed: 9", [":2:", "unknown key", "speed"]),
        ("workload:\n  - path: /nowhere\n    profile: [{}]", [":2:", "workload[0].path"]),
        ("weather: {kind: epw, file: none.epw}", ["none.epw", "not found"]),
    ],
)
def test_a_wrong_scenario_is_pointed_at(
    refused: Refused, tmp_path: Path, text: str, words: list[str]
) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(text + "\n")
    message = refused("run", "pilot", "--scenario", file)
    for word in words:
        assert word in message
    assert str(tmp_path) in message


def test_missing_scenarios_and_weather(refused: Refused, tmp_path: Path) -> None:
    assert "scenario not found" in refused("run", "pilot", "--scenario", "nothing")
    assert "folder" in refused("run", "pilot", "--scenario", tmp_path)
    assert "weather file not found" in refused("run", "pilot", "--weather", "none.epw")


def test_a_folder_that_is_no_recording_is_left_untouched(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"meow")
    message = refused("run", "pilot", "--for", "1min", "--record", tmp_path / "photos")
    assert "left untouched" in message
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"meow"


def test_a_place_that_cannot_be_written(refused: Refused) -> None:
    assert "cannot be written" in refused("run", "pilot", "--record", "/proc/run.zarr")
    assert "does not exist" in refused("run", "pilot", "--record", "/no/such/folder/run.zarr")


def test_a_full_disk_is_one_message(tmp_path: Path) -> None:
    # files may not grow beyond 20 kB: fine for metadata, not for a chunk of accelerators
    command = f"ulimit -f 20; exec {sys.executable} -m twin.cli.main run pilot --for 10min --record"
    done = subprocess.run(
        ["bash", "-c", f"{command} {tmp_path}/run.zarr"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("command", ["render", "replay"])
def test_an_unreadable_recording(refused: Refused, command: str, tmp_path: Path) -> None:
    record = tmp_path / "run.zarr"
    assert twin("run", "pilot", "--for", "1min", "--record", record, "--json")[0] == 0
    shutil.rmtree(record / "gpu")
    (record / "zarr.json").write_text('{"zarr_format": 3}')
    output = ("-o", tmp_path / "picture.png") if command == "render" else ()
    message = refused(command, record, *output)
    assert str(record) in message


def test_a_wrong_websocket_address(refused: Refused) -> None:
    pytest.importorskip("pyvista")
    for address in ("ws://127.0.0.1:1", "nonsense://x"):
        assert address.partition("://")[2] in refused("view", address)


@pytest.mark.parametrize(
    "command",
    [
        "run pilot --for 1d --plot {}.png",
        "transient pilot --plot {}.png",
        "one-line pilot --svg {}.svg",
        "compare pilot@design-load pilot@cdu-trip -o {}.html",
        "phases korea-260k -o {}.html",
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("the work has begun")

    monkeypatch.setattr("twin.simulation.Simulation.advance", work)
    lost = tmp_path / "nowhere" / "file"
    assert f"found: {lost.parent}" in refused(*command.format(lost).split())
    strange = command.format(tmp_path / "file").rsplit(".", 1)[0] + ".xyz"
    assert "unknown file format" in refused(*strange.split())
