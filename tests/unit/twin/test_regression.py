"""Cases: files, golden recordings, reports, and what they say when something is wrong."""

from __future__ import annotations

import dataclasses
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest

from twin.cli.commands import app
from twin.errors import InputError
from twin.factory import Factory
from twin.regression import reports
from twin.regression.case import load_case
from twin.regression.discovery import find_cases, is_case
from twin.regression.golden import Golden, read_golden, write_golden
from twin.regression.golden_compare import compare
from twin.regression.invariants import Invariants
from twin.regression.runner import Options, run_case, run_cases

CASE = """\
schema: twin.case/1
title: A short run
layout: pilot
scenario: scenario.yaml
parameters: {{load: "{load}"}}
expect:
  - {{that: max(gpu.temperature) < 90 degC, because: it must}}
  - {expectation}
golden: {{every: 10 s, levels: [site, rack]}}
"""
SCENARIO = """\
schema: twin.scenario/1
duration: 30 s
parameters: {load: 100 %}
workload:
  - profile: [{utilisation: "${load}", compute_share: 100 %, memory_share: 60 %}]
"""


def make_case(folder: Path, expectation: str = "mean(pue) < 2", load: str = "100 %") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.yaml").write_text(SCENARIO)
    (folder / "case.yaml").write_text(CASE.format(expectation=expectation, load=load))
    return folder / "case.yaml"


def test_a_case_without_its_golden_recording_fails_until_it_is_made(tmp_path: Path) -> None:
    case = make_case(tmp_path / "short")
    missing = run_case(case)
    assert missing.golden_state == "failed"
    assert "--update-golden" in missing.failures[0]
    assert run_case(case, Options(update_golden=True)).golden_state == "new"
    again = run_case(case)
    assert (again.passed, again.golden_state) == (True, "passed")
    assert run_case(case, Options(update_golden=True)).golden_state == "unchanged"


def test_a_change_is_told_by_channel_place_and_time_with_a_plot(tmp_path: Path) -> None:
    case = make_case(tmp_path / "short")
    run_case(case, Options(update_golden=True))
    make_case(tmp_path / "short", load="97 %")
    changed = run_case(case)
    assert changed.golden_state == "failed"
    text = "\n".join(changed.golden)
    assert "first divergence: " in text
    assert ", 10 s" in text
    assert "worst: site.tokens_per_second differs by up to" in text
    assert "/pilot/hall-a/row-01/rack-0" in text
    assert Path(changed.plot).read_text().startswith("<?xml")
    updated = run_case(case, Options(update_golden=True))
    assert updated.golden_state == "updated"
    assert any("rack.power differs by" in line for line in updated.changes)
    assert not Path(changed.plot).exists()


def test_a_golden_file_is_the_same_bytes_for_the_same_run(tmp_path: Path) -> None:
    golden = Golden(
        [1.0, 2.0],
        {"site": ["/a"]},
        {"site.power": np.array([[1e6], [2.4e6]])},
        {"site.power": "W"},
        {"site.power": 1e3},
        {"layout": "a"},
    )
    write_golden(golden, tmp_path / "one.zarr.zip")
    write_golden(golden, tmp_path / "two.zarr.zip")
    assert (tmp_path / "one.zarr.zip").read_bytes() == (tmp_path / "two.zarr.zip").read_bytes()
    back = read_golden(tmp_path / "one.zarr.zip")
    assert back.times == [1.0, 2.0]
    assert back.paths == {"site": ["/a"]}
    np.testing.assert_allclose(back.values["site.power"], [[1e6], [2.4e6]])


@pytest.fixture
def two_goldens() -> tuple[Golden, Golden]:
    values = np.array([[50.0, 60.0], [51.0, 61.0], [52.0, 62.0]])

    def one() -> Golden:
        return Golden(
            [1.0, 2.0, 3.0],
            {"rack": ["/r/1", "/r/2"]},
            {"rack.temperature": values.copy()},
            {"rack.temperature": "degC"},
            {"rack.temperature": 0.05},
            {"interval_s": 1.0},
        )

    return one(), one()


def test_differences_within_the_resolution_pass_and_beyond_it_do_not(
    two_goldens: tuple[Golden, Golden],
) -> None:
    old, new = two_goldens
    new.values["rack.temperature"] += 0.05
    assert compare(old, new, {}).passed
    new.values["rack.temperature"][1, 1] += 0.05
    comparison = compare(old, new, {})
    assert not comparison.passed
    worst = comparison.differences[0]
    assert (worst.path, worst.time, worst.first_time) == ("/r/2", 2.0, 2.0)
    assert worst.worst == pytest.approx(0.10)
    assert compare(old, new, {"rack.temperature": 0.2}).passed


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_no_number_diverges(two_goldens: tuple[Golden, Golden], bad: float) -> None:
    old, new = two_goldens
    new.values["rack.temperature"][2, 0] = bad
    assert not compare(old, new, {}).passed


def test_what_cannot_be_compared_is_explained(two_goldens: tuple[Golden, Golden]) -> None:
    old, new = two_goldens
    new.times[-1] = 4.0
    assert "cannot be compared" in " ".join(compare(old, new, {}).report())
    old, new = two_goldens[0], dataclasses.replace(two_goldens[1], times=[1.0, 2.0, 3.0])
    new.paths = {"rack": ["/r/1", "/r/3"]}
    report = " ".join(compare(old, new, {}).report())
    assert "only in the golden recording: /r/2" in report
    assert "only in this run: /r/3" in report
    old.values["rack.tempreature"] = old.values.pop("rack.temperature")
    old.units["rack.tempreature"] = "degC"
    assert "no channel any more" in " ".join(compare(old, new, {}).report())


def test_goldens_of_other_versions_and_damaged_ones_are_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not found"):
        read_golden(tmp_path / "none.zarr.zip")
    (tmp_path / "text.zarr.zip").write_text("not a zip")
    with pytest.raises(InputError, match="cannot be read"):
        read_golden(tmp_path / "text.zarr.zip")
    with zipfile.ZipFile(tmp_path / "old.zarr.zip", "w") as archive:
        archive.writestr(
            "zarr.json",
            json.dumps(
                {"zarr_format": 3, "node_type": "group", "attributes": {"format": "twin.golden/0"}}
            ),
        )
    with pytest.raises(InputError, match="another version") as caught:
        read_golden(tmp_path / "old.zarr.zip")
    assert "--update-golden" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("schema: twin.case/1\nlayout: pilott\n", "did you mean pilot"),
        ("schema: twin.case/1\n", "a case needs a layout"),
        ("schema: twin.case/1\nlayout: pilot\nscenario: cdu-tripp\n", "did you mean cdu-trip"),
        (
            "schema: twin.case/1\nlayout: pilot\nexpect: [max(gpu.temprature) < 3]\n",
            "case.yaml:3: unknown channel",
        ),
        ("schema: twin.case/1\nlayout: pilot\nparameters: {a: 1}\n", "parameters need a scenario"),
        ("schema: twin.case/1\nlayout: pilot\nexpected: []\n", "unknown key"),
        ("schema: twin.case/1\nlayout: pilot\ngolden: {levels: [racks]}\n", "did you mean rack"),
        (
            "schema: twin.case/1\nlayout: pilot\ngolden: {tolerance: {site.power: 3 K}}\n",
            "does not convert",
        ),
    ],
)
def test_bad_cases_are_refused_with_their_place(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "case.yaml").write_text(text)
    result = run_case(tmp_path / "case.yaml")
    assert result.error_kind == "input", result.error
    assert found in result.error


def test_cases_are_found_by_folder_file_and_name(tmp_path: Path) -> None:
    case = make_case(tmp_path / "b" / "deep")
    assert find_cases([str(tmp_path)]) == [case]
    assert not is_case(tmp_path / "b" / "deep" / "scenario.yaml")
    assert [file.stem for file in find_cases(["cdu-trip"])] == ["cdu-trip"]
    assert len(find_cases(["library"])) >= 20
    for wrong in ("cdu-tripp", str(tmp_path / "nothing")):
        with pytest.raises(InputError, match="not found"):
            find_cases([wrong])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no case"):
        find_cases([str(tmp_path / "empty")])


def test_every_library_scenario_names_its_layout_and_explains_itself() -> None:
    for file in find_cases(["library"]):
        case = load_case(file)
        assert case.scenario.name == file.stem
        assert case.scenario.title
        assert len(case.description) > 40, file
        assert len(case.wanted) >= 3, file


def test_reports_hold_every_expectation_and_finding(tmp_path: Path) -> None:
    cases = [make_case(tmp_path / "good"), make_case(tmp_path / "bad", "pue < 1")]
    for case in cases:
        run_case(case, Options(update_golden=True))
    results = run_cases(cases, Options(pictures=True), workers=1)
    assert [r.passed for r in results] == [True, False]
    reports.write_junit(results, tmp_path / "r" / "junit.xml")
    suites = ET.parse(tmp_path / "r" / "junit.xml").getroot()
    assert [s.get("failures") for s in suites] == ["0", "1"]
    assert "pue < 1" in {c.get("name") for c in suites[1]}
    reports.write_json(results, tmp_path / "r.json")
    data = json.loads((tmp_path / "r.json").read_text())
    assert data["passed"] is False
    assert data["cases"][1]["expectations"][1]["status"] == "failed"
    reports.write_html(results, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert "1 of 2 cases passed" in text
    assert "<svg" in text
    assert "it must" in text
    outside = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//[^"']*""", text)
    assert outside == []


def test_broken_arithmetic_is_found_by_the_invariants() -> None:
    simulation = Factory.load("pilot").simulation()
    simulation.advance(5)
    checks = Invariants(simulation)
    checks.look()
    assert all(o.passed for o in checks.outcomes()), checks.outcomes()
    state = simulation.state.view
    state.rack.it_power[2] += 5e3
    state.rack.flow[5] *= 1.01
    state.ledger.residual[0] = 1e-3
    state.cdu.valve[1] = 1.2
    state.gpu.power[7] = np.nan
    checks = Invariants(simulation)
    checks.look()
    broken = {o.text.partition(":")[0]: o.found for o in checks.outcomes() if not o.passed}
    assert set(broken) == {"energy", "numbers", "bounds", "mass", "power"}
    assert "cdu.valve" in broken["bounds"]
    assert "cdu-2" in broken["mass"]
    assert "hall-a" in broken["power"]


def test_the_command_ends_with_the_code_of_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = make_case(tmp_path / "good"), make_case(tmp_path / "bad", "pue < 1")
    for case in (good, bad):
        run_case(case, Options(update_golden=True))

    def code(*paths: str) -> int:
        with pytest.raises(SystemExit) as caught:
            app(["test", *paths, "--workers", "1"])
        return int(caught.value.code or 0)

    assert code(str(good)) == 0
    assert code(str(bad)) == 1
    assert "failed: pue < 1" in capsys.readouterr().out
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "case.yaml").write_text("schema: twin.case/1\n")
    assert code(str(good), str(tmp_path / "broken")) == 2
    capsys.readouterr()
    assert code("-v", str(tmp_path / "broken")) == 2
    assert "case.yaml" in capsys.readouterr().out  # the error, which no expectation tells
    assert code("-v", str(bad)) == 1
    assert capsys.readouterr().out.count("pue < 1") == 1
