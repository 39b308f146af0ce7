"""The interactive viewer driven without a window: keys, frames, notices."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyvista")
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "viewer"))

import scenes

from twin.errors import InputError, TwinError
from viewer.camera import PRESETS
from viewer.gl_probe import probe
from viewer.window import Viewer

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)


class Source:
    """A source whose frames the test makes."""

    def __init__(self, raw: dict) -> None:
        self.scene = raw
        self.version = 0
        self.connected = True
        self.frame = scenes.frame_for(raw)
        self.commands: list[tuple] = []
        self.selected: list[str] = []
        self.closed = False
        self.happened: list[dict] = []
        self.error: TwinError | None = None

    def select(self, channels, rate: float = 10.0) -> None:
        self.selected = list(channels)

    def latest(self):
        if self.error is not None:
            raise self.error
        return self.frame

    def command(self, name, path=None, key=None, value=None):
        if name == "speed" and value > 500:
            raise InputError("too fast", key="value")
        self.commands.append((name, value))
        return {"ok": True}

    def events(self) -> list[dict]:
        return self.happened

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def source() -> Source:
    return Source(scenes.pilot_scene())


@pytest.fixture
def viewer(source: Source):
    made = Viewer([lambda: source], off_screen=True, size=(640, 360))
    made.tick()
    yield made
    if made.source is not None:
        made.close()


def test_it_starts_with_a_picture_of_the_first_channel(viewer: Viewer, source: Source) -> None:
    assert viewer.scene.channel.name == "gpu.temperature"
    assert source.selected[0] == "gpu.temperature"
    picture = viewer.picture()
    assert picture.shape == (360, 640, 3)
    assert picture.std() > 15


def test_channel_keys_go_round(viewer: Viewer) -> None:
    names = [c.name for c in viewer.scene.model.channels if viewer.scene.model.count(c.level)]
    seen = []
    for _ in names:
        seen.append(viewer.scene.channel.name)
        assert viewer.press("c")
    assert seen == names
    viewer.press("C")
    assert viewer.scene.channel.name == names[-1]


def test_new_frames_are_drawn_without_new_actors(viewer: Viewer, source: Source) -> None:
    first = viewer.picture()
    count = viewer.plotter.renderer.GetViewProps().GetNumberOfItems()
    source.frame = scenes.frame_for(source.scene, time=200.0, seed=9)
    assert viewer.poll()
    assert not viewer.poll()  # the same frame is not taken twice
    assert not np.array_equal(first, viewer.picture())
    assert viewer.plotter.renderer.GetViewProps().GetNumberOfItems() == count


def test_the_colour_range_can_be_fitted(viewer: Viewer) -> None:
    fixed = viewer.picture()
    viewer.press("a")
    scale = viewer.scene.scale()
    values = viewer.scene.shown_values()
    assert scale.low > viewer.scene.channel.low
    assert values.min() > scale.low - 10
    assert not np.array_equal(fixed, viewer.picture())
    viewer.press("a")
    assert viewer.scene.scale().low == viewer.scene.channel.low


def test_pause_and_speed_are_commands(viewer: Viewer, source: Source) -> None:
    viewer.press("space")
    source.frame = scenes.Frame(1.0, source.frame.values, paused=True, speed=10.0)
    viewer.poll()
    viewer.press("space")
    viewer.press("plus")
    viewer.press("minus")
    assert source.commands == [("pause", None), ("resume", None), ("speed", 20.0), ("speed", 5.0)]


def test_a_refused_command_is_a_notice(viewer: Viewer, source: Source) -> None:
    source.frame = scenes.Frame(1.0, source.frame.values, speed=500.0)
    viewer.poll()
    viewer.press("plus")
    assert source.commands == []
    assert "too fast" in viewer.message[0]
    viewer.render()


def test_presets_move_the_camera(viewer: Viewer) -> None:
    seen = set()
    for number, name in enumerate(PRESETS):
        viewer.press(str(number + 1))
        assert viewer.preset == name
        seen.add(viewer.plotter.renderer.GetActiveCamera().GetPosition())
    assert len(seen) == len(PRESETS)
    viewer.press("1")
    home = viewer.plotter.renderer.GetActiveCamera().GetPosition()
    viewer.plotter.renderer.GetActiveCamera().SetPosition(1, 2, 3)
    viewer.press("r")
    assert viewer.plotter.renderer.GetActiveCamera().GetPosition() == pytest.approx(home)


def test_theme_help_labels_and_pictures(viewer: Viewer, tmp_path: Path) -> None:
    dark = viewer.picture()
    viewer.press("t")
    assert viewer.picture().mean() > dark.mean() + 30
    plain = viewer.picture()
    viewer.press("h")
    assert not np.array_equal(plain, viewer.picture())
    viewer.press("h")
    viewer.press("l")
    assert not np.array_equal(plain, viewer.picture())
    path = viewer.save_picture(tmp_path / "seen.png")
    assert path.stat().st_size > 5000


def test_picking_shows_path_and_values(viewer: Viewer, source: Source) -> None:
    viewer.press("c")  # a rack channel comes after the accelerators'
    while viewer.scene.channel.level != "rack":
        viewer.press("c")
    view = viewer.view()
    model = viewer.scene.model
    centre, size = model.place("rack", 3)
    x, y, _ = view.project((centre + np.array([0, -size[1] / 2, -0.3]))[None])[0]
    hit = viewer.pick(x, y)
    assert (hit.level, hit.index) == ("rack", 3)
    from viewer.overlays import selection_rows

    rows = {caption: value for caption, value, _ in selection_rows(viewer.scene, hit)}
    assert rows["what it is"] == "GB300 NVL72"
    assert rows["Rack power"].endswith("kW")
    assert {"rack.power", "rack.supply_temperature"} <= set(source.selected)
    without = viewer.picture()
    assert viewer.press("f")
    assert not np.array_equal(without, viewer.picture())
    assert viewer.pick(1, 358) is None or viewer.selected is not None


def test_silence_and_disconnection_are_shown(viewer: Viewer, source: Source) -> None:
    fine = viewer.picture()
    viewer.freshness.last -= 60.0
    viewer.tick()
    assert viewer.painter.banner(viewer.freshness.last + 60)[0] == "stale"
    assert not np.array_equal(fine[40:60], viewer.picture()[40:60])
    source.connected = False
    viewer.tick()
    assert "no connection since" in viewer.painter._shown_banner[1]


def test_a_failing_source_is_a_notice_not_an_end(viewer: Viewer, source: Source) -> None:
    source.error = TwinError("the server is gone")
    viewer.tick()
    assert "the server is gone" in viewer.message[0]


def test_another_scene_of_the_same_source_is_loaded(viewer: Viewer, source: Source) -> None:
    source.scene = scenes.wide_scene(1, 1, 1, 3)
    source.frame = scenes.frame_for(source.scene)
    source.version += 1
    viewer.tick()
    assert viewer.scene.model.count("rack") == 3


def test_layouts_are_stepped_through() -> None:
    first, second = Source(scenes.pilot_scene()), Source(scenes.wide_scene(1, 1, 2, 4))

    def broken():
        raise InputError("this layout cannot be read", file="broken.yaml")

    viewer = Viewer([lambda: first, lambda: second, broken], off_screen=True, size=(320, 180))
    try:
        viewer.press("n")
        assert viewer.scene.model.title == second.scene["title"]
        assert first.closed
        viewer.press("n")  # cannot be opened: the present one stays
        assert viewer.scene.model.title == second.scene["title"]
        assert "cannot be read" in viewer.message[0]
        viewer.render()
        viewer.press("p")
        assert viewer.scene.model.title == first.scene["title"]
    finally:
        viewer.close()
    assert viewer.source is None


def test_a_first_layout_that_cannot_be_opened_is_an_error() -> None:
    def broken():
        raise InputError("no such layout", file="none.yaml")

    with pytest.raises(InputError, match="no such layout"):
        Viewer([broken], off_screen=True)


def test_moving_gets_coarser_when_slow_and_finer_again(viewer: Viewer) -> None:
    viewer.painter.frame_cost = 1.0
    for _ in range(5):
        viewer.painter.adapt()
    slow = viewer.painter.coarseness
    assert slow > 2
    viewer.render(refine=False)
    viewer.painter.frame_cost = 0.001
    for _ in range(40):
        viewer.painter.adapt()
    assert viewer.painter.coarseness == 1.0


def test_unknown_keys_do_nothing(viewer: Viewer) -> None:
    assert not viewer.press("F12")
