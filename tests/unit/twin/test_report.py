"""Reports: their figures are those of the run, and the page needs nothing outside itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from twin.errors import InputError
from twin.factory import Factory
from twin.recording import Recorder
from twin.replay import Recording
from twin.report.build import write_report
from twin.report.limits import touched
from twin.report.origins import ABOUT, FIGURES
from twin.report.summary import integral, mean, shown, summarise


@pytest.fixture(scope="module")
def tripped(pilot: Factory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of a CDU trip: eight minutes, a frame every 5 s."""
    path = tmp_path_factory.mktemp("report") / "run.zarr"
    simulation = pilot.simulation("cdu-trip")
    with Recorder(path, simulation, interval=5.0) as recorder:
        recorder.append()
        while simulation.time < 480.0:
            simulation.advance(5.0)
            recorder.append()
        recorder.write_figures()
    return path


def test_trapezoids_bridge_lost_frames() -> None:
    times = np.array([0.0, 1.0, 2.0, 4.0])
    assert integral(times, 3.0 + 2.0 * times) == pytest.approx(3.0 * 4.0 + 16.0)
    assert integral(times, np.array([1.0, np.nan, 1.0, 1.0])) == pytest.approx(4.0)
    assert mean(times, np.full(4, 7.0)) == pytest.approx(7.0)
    assert mean(np.array([5.0]), np.array([7.0])) == 7.0


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.1304e6, "W", "1.130 MW"),
        (952.0, "W", "952 W"),
        (3.6e9, "J", "1 MWh"),
        (0.125, "%", "12.5 %"),
        (0.0, "kg", "0 kg"),
        (87.04, "degC", "87.0 °C"),
        (13.6e6, "token/s", "13.60 M token/s"),
        (float("nan"), "W", "- "),
    ],
)
def test_people_read_values_with_units(value: float, unit: str, text: str) -> None:
    assert " ".join(shown(value, unit)) == text


def test_exact_figures_agree_with_frames(tripped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger's means and those of 5 s frames of the same run differ only by sampling."""
    exact = {f.key: f.value for f in summarise(Recording(tripped)).figures}
    of_a_killed_run = Recording(tripped)
    about = of_a_killed_run.beside(ABOUT)
    monkeypatch.setattr(of_a_killed_run, "beside", {ABOUT: about, FIGURES: {}}.get)
    sampled = {f.key: f.value for f in summarise(of_a_killed_run).figures}
    # the peak lies between frames
    assert exact.pop("peak_grid_power_w") >= sampled.pop("peak_power_w")
    assert exact.keys() == sampled.keys()
    for key in ("it_power_w", "facility_power_w", "pue", "tokens_per_s"):
        assert sampled[key] == pytest.approx(exact[key], rel=0.01), key
        assert sampled[key] != exact[key], key
    assert exact["max_gpu_temperature_c"] >= sampled["max_gpu_temperature_c"] - 0.05
    assert exact["cost_won"] == pytest.approx(exact["energy_j"] / 3.6e6 * 150.0)
    assert exact["energy_residual"] < 1e-6


def test_limits_name_where_when_and_how_long(tripped: Path) -> None:
    recording = Recording(tripped)
    by_name = {t.channel.name: t for t in touched(recording)}
    rack = by_name["rack.temperature"]
    values = np.array([recording.read("rack.temperature", i) for i in range(len(recording))])
    assert rack.severity == "limit"
    assert rack.extreme == pytest.approx(values.max())
    assert rack.elements == int((values > rack.mark + 0.025).any(axis=0).sum()) == 4
    assert rack.first == recording.times[np.argmax((values > rack.mark + 0.025).any(axis=1))]
    assert 120.0 < rack.first <= rack.time <= 480.0
    assert 0.0 < rack.longest < 360.0
    assert rack.path.startswith("/pilot/hall-a/row-01/rack-0")
    assert "gpu.temperature" not in by_name  # told once, by rack
    assert "cdu.supply_temperature" not in by_name


class Outside(HTMLParser):
    """Collects what a page would fetch, and whether its tags close."""

    VOID = ("meta", "img", "br", "link", "input", "hr")

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "xlink:href") and value and value[0] != "#":
                self.fetched.append(value[:40])
        if tag in ("table", "div", "figure", "details", "main", "body", "header"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("table", "div", "figure", "details", "main", "body", "header"):
            assert self.open.pop() == tag


def test_page_needs_nothing_outside_and_tells_what_happened(tripped: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    write_report(tripped, page, pictures=False)
    text = page.read_text()
    outside = Outside()
    outside.feed(text)
    assert outside.open == []
    assert all(value.startswith("data:") for value in outside.fetched)
    assert "@import" not in text
    assert "url(http" not in text
    assert text.count("<svg") >= 6
    assert "trip injected" in text
    assert "NVIDIA GB300 NVL72" in text  # products, with their marks and sources
    assert re.search(r'<span class="mark A">A</span></td><td>[^<]*nvlink domain 72', text)
    assert "Peak grid power" in text


def test_text_of_a_recording_cannot_become_markup(tripped: Path, tmp_path: Path) -> None:
    events = tripped / "events.jsonl"
    kept = events.read_text()
    try:
        line = '{"time": 1.0, "path": "/a", "kind": "set", "message": "<script>x</script>"}\n'
        events.write_text(line * len(kept.splitlines()))
        write_report(tripped, tmp_path / "r.html", pictures=False)
    finally:
        events.write_text(kept)
    assert "<script>" not in (tmp_path / "r.html").read_text()


def test_bad_targets_get_one_message(tripped: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="recording not found"):
        write_report(tmp_path / "none.zarr", tmp_path / "r.html")
    with pytest.raises(InputError, match="cannot be written"):
        write_report(tripped, tmp_path / "no" / "r.html", pictures=False)


def test_pictures_are_within_the_page(tripped: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyvista")
    write_report(tripped, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert text.count('src="data:image/webp;base64,') == 3
