"""Which files a session may be made of over REST: bundled ones, and those of a folder given."""

import os
import shutil

import pytest
from live_server import Server, twin

from assets.locations import LAYOUTS_FOLDER
from twin.errors import InputError
from twin.server.allowed_files import AllowedFiles

HEAD = "schema: twin.scenario/1\nduration: 5 min\n"
EPW = "weather: {{kind: epw, file: {file}}}\n"
SERIES = "workload:\n  - series: {{file: {file}, quantity: utilisation, value: load}}\n"
REQUESTS = "workload:\n  - inference: {{requests: {file}}}\n"
JOBS = "jobs: {{file: {file}}}\n"


@pytest.fixture
def folder(tmp_path):
    """A folder of layouts beside things that are nobody's business."""
    inside = tmp_path / "layouts"
    (inside / "more").mkdir(parents=True)
    for name in ("own.yaml", "more/deep.yml"):
        shutil.copy(LAYOUTS_FOLDER / "pilot.yaml", inside / name)
    shutil.copy(LAYOUTS_FOLDER / "pilot.yaml", tmp_path / "secret.yaml")
    (tmp_path / "secret.txt").write_text("password: 1234\n")
    (inside / "notes.txt").write_text("schema: twin.layout/1\n")
    os.symlink(tmp_path / "secret.yaml", inside / "link.yaml")
    os.symlink(tmp_path, inside / "up")
    os.symlink(inside / "own.yaml", inside / "alias.yaml")
    os.symlink(inside / "round.yaml", inside / "round.yaml")
    (inside / "plain.yaml").write_text(HEAD)
    return inside


@pytest.mark.parametrize(
    "name",
    [
        "../secret.yaml",
        "more/../../secret.yaml",
        "link.yaml",
        "up/secret.yaml",
        "round.yaml",
        "notes.txt",
        "more",
        ".",
        "",
        "\0",
        "own.yaml\0",
        "a" * 5000,
        "/etc/passwd",
        "..\\secret.yaml",
        "~/secret.yaml",
        "file:///etc/passwd",
    ],
)
def test_nothing_outside_the_folder_is_opened(folder, name):
    for layout, scenario in ((name, None), ("pilot", name)):
        with pytest.raises(InputError, match="not a bundled"):
            AllowedFiles(folder).origin(layout, scenario, None)


def test_absolute_paths_are_refused_even_into_the_folder(folder):
    with pytest.raises(InputError, match="not a bundled layout"):
        AllowedFiles(folder).origin(str(folder / "own.yaml"), None, None)


def test_bundled_ones_and_those_of_the_folder_are_found(folder):
    allowed = AllowedFiles(folder)
    assert allowed.origin("pilot", "cdu-trip", 3).layout == "pilot"
    assert allowed.origin("own.yaml", "plain.yaml", 3).scenario == str(folder / "plain.yaml")
    assert allowed.origin("more/deep.yml", None, None).layout == str(folder / "more/deep.yml")
    assert allowed.origin("alias.yaml", None, None).layout == str(folder / "own.yaml")


def test_without_a_folder_only_bundled_ones_are(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("own.yaml", "more/deep.yml", "plain.yaml"):
        with pytest.raises(InputError, match="not a bundled layout"):
            AllowedFiles().origin(name, None, None)


def test_a_bundled_name_never_means_a_file_of_the_working_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("pilot", "cdu-trip"):
        (folder / name).write_text("password: 1234\n")
    origin = AllowedFiles().origin("pilot", "cdu-trip", None)
    assert origin.simulation().plant.name == "pilot"


@pytest.mark.parametrize("text", [EPW, SERIES, REQUESTS, JOBS])
@pytest.mark.parametrize("file", ["../secret.txt", "up/secret.txt", "/etc/passwd", "gone.csv"])
def test_files_that_a_scenario_names_lie_in_the_folder(folder, text, file):
    (folder / "asks.yaml").write_text(HEAD + text.format(file=file))
    with pytest.raises(InputError) as found:
        AllowedFiles(folder).origin("pilot", "asks.yaml", None)
    assert "not a file of the folder" in str(found.value)
    assert "1234" not in str(found.value)


def test_a_scenario_may_name_files_of_the_folder(folder):
    (folder / "more" / "load.csv").write_text("time,load\n0,1\n")
    (folder / "asks.yaml").write_text(HEAD + SERIES.format(file="more/load.csv"))
    assert AllowedFiles(folder).origin("pilot", "asks.yaml", None).scenario


@pytest.mark.parametrize("base", ["../secret.yaml", "up/secret.yaml", "/etc/passwd", "link.yaml"])
def test_what_a_scenario_extends_lies_in_the_folder(folder, base):
    (folder / "middle.yaml").write_text(f"extends: {base}\n")
    (folder / "asks.yaml").write_text("extends: middle.yaml\n")
    with pytest.raises(InputError, match="not a file of the folder"):
        AllowedFiles(folder).origin("pilot", "asks.yaml", None)


def test_a_scenario_may_extend_bundled_ones_and_those_of_the_folder(folder):
    (folder / "middle.yaml").write_text("extends: cdu-trip\n")
    (folder / "asks.yaml").write_text("extends: middle.yaml\n")
    assert AllowedFiles(folder).origin("pilot", "asks.yaml", None).scenario


def test_over_rest_and_on_the_command_line(folder):
    with Server("pilot", "--paused", "--layouts", folder) as server:
        body = {"layout": "own.yaml", "scenario": "plain.yaml", "id": "mine", "paused": True}
        status, answer = server.request("/api/sessions", body=body)
        assert status == 201, answer
        for layout in ("../secret.yaml", "link.yaml", "/etc/passwd", "nothing"):
            status, answer = server.request("/api/sessions", body={"layout": layout})
            assert status == 422
            assert answer["key"] == "layout"
            assert "--layouts" in answer["allowed"]
    code, _, text = twin("serve", "pilot", "--layouts", folder / "gone", "--port", "0")
    assert code == 2
    assert "--layouts" in text
    assert "Traceback" not in text
