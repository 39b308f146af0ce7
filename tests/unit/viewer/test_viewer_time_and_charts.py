"""Time bar, lines on the chart, faults and moments of a video: pure functions of the viewer."""

from __future__ import annotations

import numpy as np
import pytest
import scenes
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InputError
from viewer.camera import Camera
from viewer.charts import KEPT, Line, Lines, chart_panel
from viewer.highlights import faults_in_force
from viewer.palette import THEMES
from viewer.scene_model import read_scene
from viewer.time_bar import TimeBar, time_at, time_panel, track
from viewer.video import Shot, contact_sheet, moments, turned

WINDOW = (1280, 720)
EVENTS = [
    {"time": 20.0, "kind": "inject", "path": "/p/cdu-1", "message": "trip injected"},
    {"time": 30.0, "kind": "throttling", "path": "/p/rack-1", "message": "slowed"},
    {"time": 80.0, "kind": "clear", "path": "/p/cdu-1", "message": "trip cleared"},
]


def test_faults_are_in_force_from_injection_to_clearing() -> None:
    assert faults_in_force(EVENTS[:1]) == {"/p/cdu-1": ["trip"]}
    assert faults_in_force(EVENTS[:2]) == {"/p/cdu-1": ["trip"]}
    assert faults_in_force(EVENTS) == {}
    assert faults_in_force([]) == {}


@given(st.floats(0, 100), st.floats(0.6, 2.0))
def test_a_click_on_the_bar_means_the_time_under_it(moment: float, scale: float) -> None:
    window = (round(1280 * scale), round(720 * scale))
    bar = TimeBar(0.0, 100.0, 50.0)
    left, right, top, bottom = track(window, scale)
    x = left + moment / 100.0 * (right - left)
    found = time_at(bar, window, scale, x, (top + bottom) / 2)
    assert found == pytest.approx(moment, abs=0.01)
    assert time_at(bar, window, scale, x, top - 30) is None


def test_a_click_near_an_event_means_the_event() -> None:
    bar = TimeBar(0.0, 100.0, 50.0, EVENTS)
    left, right, top, bottom = track(WINDOW, 1.0)
    x = left + 0.2 * (right - left) + 3
    assert time_at(bar, WINDOW, 1.0, x, (top + bottom) / 2) == 20.0


def test_events_before_and_after() -> None:
    bar = TimeBar(0.0, 100.0, 50.0, EVENTS)
    assert bar.event(1) == 80.0
    assert bar.event(-1) == 30.0
    assert TimeBar(0.0, 100.0, 10.0, EVENTS).event(-1) is None


def test_the_bar_shows_how_far_it_is_and_what_happened() -> None:
    theme = THEMES["dark"]
    early, late = (
        time_panel(TimeBar(0.0, 100.0, t, EVENTS), theme, WINDOW).image for t in (10.0, 90.0)
    )
    blue = np.round(255 * np.array(theme.selection))
    count = [np.sum(np.abs(p[:, :, :3] - blue).max(axis=2) < 30) for p in (early, late)]
    assert count[1] > 3 * count[0]
    red = np.round(255 * np.array(theme.status["limit"]))
    assert np.sum(np.abs(early[:, :, :3] - red).max(axis=2) < 30) > 8


def test_a_line_forgets_what_came_after_when_time_is_set_back() -> None:
    model = read_scene(scenes.hall_scene())
    line = Line("rack", 0, model.channel("rack.power"))
    for t in range(10):
        line.add(float(t), 1000.0 + t)
    line.add(4.0, 7.0)
    assert line.times == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert line.values[-1] == 7.0
    line.before([-2.0, -1.0, 0.0], [5.0, 6.0, 9.0])
    assert line.times[:3] == [-2.0, -1.0, 0.0]
    assert line.values[2] == 1000.0  # what was seen stays


def test_a_long_line_is_thinned_but_keeps_its_ends() -> None:
    model = read_scene(scenes.hall_scene())
    line = Line("rack", 0, model.channel("rack.power"))
    for t in range(3 * KEPT):
        line.add(float(t), float(t))
    assert len(line.times) <= KEPT
    assert line.times[0] == 0.0
    assert line.times[-1] == 3 * KEPT - 1
    assert np.all(np.diff(line.times) > 0)


def test_the_chart_has_a_plot_for_every_unit_and_a_colour_for_every_line() -> None:
    model = read_scene(scenes.hall_scene())
    lines = Lines()
    channel = model.channel("rack.power")
    assert lines.toggle(model, "rack", 0, channel)
    assert lines.toggle(model, "rack", 1, channel)
    for t in range(50):
        power = np.full(model.count("rack"), 1e5 + 100 * t, np.float32)
        power[1] -= 3e4
        lines.take(float(t), {"rack.power": power})
    one = chart_panel(model, lines, THEMES["dark"], WINDOW).image
    for colour in ((230, 159, 0), (86, 180, 233)):
        assert np.sum(np.abs(one[:, :, :3] - np.array(colour)).max(axis=2) < 40) > 100
    assert lines.toggle(model, "rack", 0, model.channel("rack.supply_temperature"))
    assert chart_panel(model, lines, THEMES["dark"], WINDOW).image.shape[0] > one.shape[0] + 80
    assert not lines.toggle(model, "rack", 1, channel)  # off again
    assert lines.channels() == ["rack.power", "rack.supply_temperature"]


def test_moments_of_a_video_go_from_start_to_end() -> None:
    assert moments(0.0, 60.0, 4) == [0.0, 20.0, 40.0, 60.0]
    assert moments(None, None, 2) == [None, None]
    with pytest.raises(InputError, match="too few"):
        _ = Shot(seconds=0.01).count


@given(st.floats(-720, 720))
def test_a_turned_camera_keeps_its_distance_and_height(degrees: float) -> None:
    camera = Camera((3.0, 4.0, 5.0), (1.0, 1.0, 1.0))
    other = turned(camera, degrees)
    away = np.subtract(other.position, other.focal_point)
    assert np.linalg.norm(away) == pytest.approx(np.linalg.norm([2.0, 3.0, 4.0]))
    assert other.position[2] == pytest.approx(5.0)
    assert turned(camera, 360.0).position == pytest.approx(camera.position)


def test_a_contact_sheet_holds_every_picture_in_its_cell() -> None:
    shades = [20, 90, 160, 230, 120]
    taken = [np.full((40, 60, 3), s, np.uint8) for s in shades]
    sheet = contact_sheet(taken, [f"00:0{k}" for k in range(5)])
    for k, shade in enumerate(shades):  # three columns
        x, y = 10 + (k % 3) * 70 + 30, 10 + (k // 3) * 70 + 20
        assert sheet[y, x].tolist() == [shade] * 3
    with pytest.raises(ValueError, match="captions"):
        contact_sheet(taken, ["one"])
