"""Tools of the window, driven without one: time bar, charts, heat path, faults, measure, cut."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pyvista")

from twin.sources import RecordingSource, SimulationSource
from viewer import travel
from viewer.gl_probe import probe
from viewer.time_bar import track
from viewer.video import span_of
from viewer.window import Viewer

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)

CDU = "/pilot/hall-a/row-01/cdu-1"
SCENARIO = """\
schema: twin.scenario/1
name: trip
title: A CDU trips
layout: pilot
settle: 1 min
duration: 3 min
events:
  - {at: 1 min, path: /pilot/hall-a/row-01/cdu-2, inject: trip}
"""


def twin(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twin.cli.main", *arguments],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recording")
    (folder / "trip.yaml").write_text(SCENARIO)
    scenario, target = folder / "trip.yaml", folder / "trip.zarr"
    twin("run", "pilot", "--scenario", str(scenario), "--record", str(target))
    return target


@pytest.fixture
def viewer(recording: Path):
    made = Viewer(
        [lambda: RecordingSource(recording)],
        channel="rack.temperature", off_screen=True, size=(1280, 720),
    )  # fmt: skip
    made.tick()
    yield made
    made.close()


def settle(viewer: Viewer) -> None:
    viewer.tools._asked = -1e9  # events are asked for now and then
    viewer.tick()
    viewer.render()


def pixel(viewer: Viewer, level: str, index: int) -> tuple[float, float]:
    centre, _ = viewer.scene.model.place(level, index)
    x, y, _ = viewer.view().project(centre[None])[0]
    return float(x), float(y)


def test_a_click_on_the_time_bar_goes_there_and_faults_show(viewer: Viewer) -> None:
    assert viewer.scene.faults.faults == {}
    left, right, top, bottom = track((1280, 720), 1.0)
    viewer.click(left + 0.8 * (right - left), (top + bottom) / 2)
    settle(viewer)
    assert viewer.frame.time == pytest.approx(0.8 * 180, abs=10)
    assert list(viewer.scene.faults.faults) == ["/pilot/hall-a/row-01/cdu-2"]
    after = viewer.picture().astype(int)
    for _ in range(len(viewer.tools.bar.events)):  # from event to event, back to the fault
        viewer.press("bracketleft")
        settle(viewer)
        if viewer.frame.time <= 70:
            break
    assert 0 < viewer.frame.time <= 70
    viewer.click(left, (top + bottom) / 2)
    settle(viewer)
    assert viewer.scene.faults.faults == {}
    x, y = pixel(viewer, "cdu", 1)
    area = np.s_[round(y) - 15 : round(y) + 15, round(x) - 8 : round(x) + 8]
    calm = viewer.picture().astype(int)[area].mean(axis=(0, 1))
    red = after[area].mean(axis=(0, 1))
    assert red[0] - red[2] > calm[0] - calm[2] + 25, (red, calm)


def test_lines_of_picked_elements_are_charted_with_their_past(viewer: Viewer) -> None:
    for rack in (1, 3):
        viewer.click(*pixel(viewer, "rack", rack))
        assert viewer.selected.level == "rack"
        viewer.press("v")
    assert len(viewer.tools.lines.lines) == 2
    assert min(len(line.times) for line in viewer.tools.lines.lines) > 10
    before = len(viewer.tools.panels(viewer.view(), 1.0))
    viewer.press("v")  # the second goes again
    assert len(viewer.tools.lines.lines) == 1
    assert len(viewer.tools.panels(viewer.view(), 1.0)) == before


def test_arrows_can_be_switched_off(viewer: Viewer) -> None:
    settle(viewer)
    assert viewer.scene.flow.shown.count > 20
    viewer.press("o")
    settle(viewer)
    assert viewer.scene.flow.shown.count == 0


def test_two_clicks_measure_a_distance(viewer: Viewer) -> None:
    viewer.press("m")
    places = [viewer.view().project(np.array([p]))[0] for p in ([7.0, 1.5, 0], [11.0, 1.5, 0])]
    for x, y, _ in places:
        viewer.click(float(x), float(y))
    assert viewer.tools.probes.distance == pytest.approx(4.0, abs=0.05)
    viewer.press("m")
    assert viewer.tools.probes.distance is None


def test_a_cut_takes_away_what_lies_before_it(viewer: Viewer) -> None:
    whole = viewer.picture().astype(int)
    for kind in "xyz":
        viewer.press("x")
        assert viewer.tools.probes.cut_kind == kind
        assert np.abs(viewer.picture().astype(int) - whole).mean() > 2
    viewer.press("x")
    viewer.message = None
    viewer.redraw()
    again = viewer.picture().astype(int)
    assert np.abs(again - whole).mean() < 1.5


def test_bookmarks_are_kept_for_the_next_time(viewer: Viewer, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    viewer.press("B")
    assert "no bookmarks" in viewer.message[0]
    viewer.press("4")
    camera = viewer.plotter.renderer.GetActiveCamera()
    place = camera.GetPosition()
    viewer.press("b")
    viewer.press("1")
    assert camera.GetPosition() != place
    viewer.press("B")
    assert camera.GetPosition() == pytest.approx(place)
    known = json.loads(travel.bookmark_file().read_text())
    assert list(known) == [viewer.scene.model.digest]


def test_walking_stands_on_the_floor_and_arrows_move(viewer: Viewer) -> None:
    viewer.press("g")
    camera = viewer.plotter.renderer.GetActiveCamera()
    place = np.array(camera.GetPosition())
    assert place[2] == pytest.approx(travel.EYES)
    ahead = np.subtract(camera.GetFocalPoint(), place)
    viewer.press("Up")
    step = np.array(camera.GetPosition()) - place
    assert np.dot(step, ahead) > 0.3 * np.linalg.norm(ahead)
    for _ in range(60):
        viewer.press("Next")
    assert camera.GetPosition()[2] >= 0.3 - 1e-9


def test_the_heat_path_has_numbers_of_a_simulation() -> None:
    source = SimulationSource("pilot", paused=True)
    made = Viewer([lambda: source], channel="gpu.temperature", off_screen=True, size=(1280, 720))
    try:
        source.advance(120.0)
        made.tick()
        made.press("k")
        made.tick()
        settle(made)
        scene = made.scene
        assert scene.heat_of == int(np.nanargmax(scene.values["gpu.temperature"]))
        from viewer.overlays import heat_rows

        rows = heat_rows(scene)
        degrees = {t: float(v.split()[0]) for t, v, _ in rows if "°C" in v}
        assert degrees["Die"] > degrees["Cold plate"] > degrees["Coolant out of the rack"]
        assert "no value" not in [v for _, v, _ in rows]
        made.press("1")
        settle(made)
        bright = np.round(255 * np.array(scene.theme.selection))
        seen = np.abs(made.picture() - bright).max(axis=2) < 25
        assert seen.sum() > 300
        made.press("k")
        settle(made)
        assert scene.heat_of is None
    finally:
        made.close()


def probe_of(path: Path) -> dict:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_streams", "-count_frames", "-of", "json", str(path)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)["streams"][0]


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
@pytest.mark.parametrize("name", ["lapse.mp4", "lapse.gif"])
def test_a_recording_becomes_a_video(recording: Path, tmp_path: Path, name: str) -> None:
    pytest.importorskip("imageio_ffmpeg")
    target = tmp_path / name
    twin("render", str(recording), "--video", str(target), "--seconds", "1", "--rate", "6",
         "--size", "321x180", "--channel", "rack.temperature")  # fmt: skip
    stream = probe_of(target)
    assert (stream["width"], stream["height"]) == (320, 180)
    assert int(stream["nb_read_frames"]) == 6
    if name.endswith("mp4"):
        assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_a_layout_is_seen_from_all_around(tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    target = tmp_path / "turn.mp4"
    twin("render", "pilot", "--video", str(target), "--seconds", "1", "--rate", "4",
         "--size", "320x180", "--plain", "--channel", "none", "--camera", "site")  # fmt: skip
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(target), str(tmp_path / "p%d.png")],
        timeout=60, check=True,
    )  # fmt: skip
    seen = [np.asarray(Image.open(tmp_path / f"p{k}.png").convert("L"), float) for k in (1, 2, 3)]
    assert np.abs(seen[0] - seen[1]).mean() > 3
    assert np.abs(seen[0] - seen[2]).mean() > 3


def test_a_contact_sheet_shows_a_recording_from_start_to_end(recording, tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    twin("render", str(recording), "--sheet", "4", "-o", str(target), "--size", "320x180",
         "--channel", "rack.temperature")  # fmt: skip
    sheet = np.asarray(Image.open(target).convert("RGB"), float)
    assert sheet.shape == (10 + 2 * 210, 10 + 2 * 330, 3)
    first, last = sheet[10:190, 10:330], sheet[220:400, 340:660]
    assert np.abs(first - last).mean() > 1  # the racks grew hot
    assert span_of(RecordingSource(recording)) == (0.0, 180.0)


def test_a_video_in_a_format_nobody_knows_is_refused(recording, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twin.cli.main", "render", str(recording), "--video",
         str(tmp_path / "a.xyz")],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "unknown video format" in done.stderr
