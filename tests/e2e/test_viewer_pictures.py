"""Pictures drawn without a window: what is in them, compared by structure, not pixel by pixel."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyvista")
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "viewer"))

import scenes

from twin.errors import InputError
from viewer.camera import preset
from viewer.gl_probe import probe
from viewer.lod import STILL, Quality
from viewer.offscreen import Renderer
from viewer.palette import THEMES, lookup_table

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)

SIZE = (480, 270)
PILOT = scenes.pilot_scene()
FRAME = scenes.frame_for(PILOT)
ALL_MEDIUM = Quality(0.0, 1e9, 10**9, 0, 1e9, 0)


@pytest.fixture(scope="module")
def renderer():
    made = Renderer(supersampling=1, occlusion=False)
    yield made
    made.close()


def _constant(value_of_channel: dict[str, float]) -> scenes.Frame:
    values = {
        name: np.full(PILOT["levels"][name.split(".")[0]]["count"], value, np.float32)
        for name, value in value_of_channel.items()
    }
    return scenes.Frame(0.0, values)


def _plain(renderer: Renderer, raw=PILOT, frame=FRAME, channel=None, camera="hall", theme="dark"):
    return renderer.render(raw, frame, channel, camera, SIZE, theme, overlays=False)


@pytest.mark.parametrize(
    ("camera", "least"),
    [
        ("site", 0.03),
        ("hall", 0.12),
        ("aisle", 0.30),
        ("rack", 0.45),
        ("plant", 0.12),
        ("one-line", 0.03),
    ],
)
def test_equipment_fills_its_share_of_the_picture(renderer, camera: str, least: float) -> None:
    pose = preset(renderer.load(PILOT).model, camera, SIZE[0] / SIZE[1])
    full = _plain(renderer, camera=pose)
    bare = _plain(renderer, {**PILOT, "instances": [], "pipes": [], "busways": []}, camera=pose)
    share = float(np.mean(np.any(np.abs(full.astype(int) - bare) > 12, axis=2)))
    assert share > least
    assert full.std() > 12


def test_the_same_picture_twice(renderer) -> None:
    first = _plain(renderer, channel="gpu.temperature")
    assert np.array_equal(first, _plain(renderer, channel="gpu.temperature"))


@pytest.mark.parametrize("channel", ["rack.power", "gpu.temperature", "cdu.heat", "crah.fan_speed"])
def test_colours_follow_the_values(renderer, channel: str) -> None:
    """The coloured pixels have the legend's colour, up to the light that falls on them."""
    limits = next(c for c in PILOT["channels"] if c["name"] == channel)
    neutral = _plain(renderer, frame=None)
    pictures, shares = [], []
    for share in (0.05, 0.95):
        value = limits["low"] + share * (limits["high"] - limits["low"])
        picture = _plain(renderer, frame=_constant({channel: value}), channel=channel)
        wanted = lookup_table(limits["colormap"])[round(255 * share), :3].astype(float)
        direction = picture / np.maximum(np.linalg.norm(picture, axis=2, keepdims=True), 1)
        alike = direction @ (wanted / np.linalg.norm(wanted)) > 0.985
        changed = np.any(np.abs(picture.astype(int) - neutral) > 10, axis=2)
        shares.append(float(np.mean(alike & changed)))
        pictures.append(picture)
    assert min(shares) > 0.004
    assert np.mean(np.any(np.abs(pictures[0].astype(int) - pictures[1]) > 30, axis=2)) > 0.004


def test_missing_values_are_grey(renderer) -> None:
    frame = _constant({"rack.power": np.nan})
    picture = _plain(renderer, frame=frame, channel="rack.power", camera="rack")
    grey = np.ptp(picture.astype(int), axis=2) < 14
    neutral = _plain(renderer, frame=frame, channel=None, camera="rack")
    changed = np.any(np.abs(picture.astype(int) - neutral) > 10, axis=2)
    assert changed.mean() > 0.02
    assert grey[changed].mean() > 0.6


def test_a_single_hot_accelerator_is_seen_and_picked(renderer) -> None:
    """The pixel that shows one accelerator's colour picks that accelerator."""
    table = lookup_table("thermal").astype(float)
    for gpu in (2 * 72 + 5, 4 * 72 + 70):
        frame = _constant({"gpu.temperature": 31.0})
        frame.values["gpu.temperature"][gpu] = 94.0
        view_size = (1280, 720)
        picture = renderer.render(
            PILOT, frame, "gpu.temperature", "hall", view_size, overlays=False
        ).astype(float)
        cold = renderer.render(
            PILOT, _constant({"gpu.temperature": 31.0}), "gpu.temperature", "hall", view_size,
            overlays=False,
        )  # fmt: skip
        changed = np.any(np.abs(picture - cold) > 25, axis=2)
        direction = picture / np.maximum(np.linalg.norm(picture, axis=2, keepdims=True), 1)
        bright = changed & (direction @ (table[-1, :3] / np.linalg.norm(table[-1, :3])) > 0.985)
        rows, columns = np.nonzero(bright)
        assert len(rows) >= 4
        view = preset(renderer.scene.model, "hall", 16 / 9).view(view_size, STILL)
        hits = [
            renderer.scene.pick(view, c + 0.5, r + 0.5) for r, c in zip(rows, columns, strict=True)
        ]
        found = [h.level == "gpu" and h.index == gpu for h in hits if h is not None]
        assert np.mean(found) > 0.8  # the rest are pixels on its edge


def test_picked_elements_are_the_rendered_ones() -> None:
    """Rays on the processor find the element whose number is drawn as a colour at that pixel."""
    renderer = Renderer(supersampling=1, occlusion=False, quality=ALL_MEDIUM)
    try:
        _plain(renderer, camera="site")  # so that every actor is there
        scene = renderer.scene
        numbered: list[tuple[str, int]] = []
        for group in scene.groups:
            first = len(numbered) + 1
            numbered += [(group.group.level, int(k)) for k in group.group.index]
            number = np.arange(first, len(numbered) + 1) * 97  # neighbours far apart in colour
            colours = np.column_stack(
                [number & 255, number >> 8, number * 0 + 255, number * 0 + 255]
            ).astype(np.uint8)
            group.set_colours(colours)
            for actor in group.actors.values():
                actor.GetMapper().ScalarVisibilityOn()
                actor.SetTexture(None)
                actor.GetProperty().LightingOff()
                actor.GetProperty().SetAmbient(1.0)
                actor.GetProperty().SetDiffuse(0.0)
        compared = agreed = 0
        for name in ("hall", "plant"):
            camera = preset(scene.model, name, SIZE[0] / SIZE[1])
            picture = renderer._draw(scene, camera, SIZE, 1).astype(int)
            view = camera.view(SIZE, ALL_MEDIUM)
            for x in range(3, SIZE[0], 7):
                for y in range(3, SIZE[1], 7):
                    red, green, blue = picture[y, x]
                    number = red + 256 * green
                    if blue != 255 or number % 97 or not 0 < number // 97 <= len(numbered):
                        continue
                    hit = scene.pick(view, x + 0.5, y + 0.5)
                    expected = numbered[number // 97 - 1]
                    compared += 1
                    agreed += hit is not None and (hit.level, hit.index) == expected
        print(f"{agreed} of {compared} pixels agree")
        assert compared > 400
        assert agreed >= 0.99 * compared  # an edge may fall to either side of a pixel
    finally:
        renderer.close()


@pytest.mark.parametrize("raw", [PILOT, scenes.wide_scene(2, 2, 2, 5)], ids=["pilot", "wide"])
def test_every_element_has_its_instance(renderer, raw) -> None:
    _plain(renderer, raw, scenes.frame_for(raw), camera="site")
    scene = renderer.scene
    for level, table in raw["levels"].items():
        if level in ("site", "plant", "hall", "row", "gpu"):
            continue
        found = np.concatenate(
            [g.group.index[s.rows] for g in scene.groups if g.group.level == level for s in g.sets]
        )
        assert sorted(found.tolist()) == list(range(table["count"])), level


def test_every_accelerator_is_drawn_once(renderer) -> None:
    for camera in ("site", "hall", "aisle", "rack"):
        _plain(renderer, channel="gpu.temperature", camera=camera)
        (racks,) = renderer.scene.racks
        which = racks.accelerators
        single = np.concatenate([s.rows for s in which.sets])
        assert len(set(single.tolist())) == len(single)
        opened = np.nonzero(which.opened)[0]
        assert set(single.tolist()) <= set(which.gpu[opened].reshape(-1).tolist())
        texels = which.texel.reshape(-1)
        assert len(np.unique(texels)) == 576
    assert len(opened) > 0


def test_frames_change_colours_and_add_nothing(renderer) -> None:
    for channel in ("gpu.temperature", "rack.power"):
        for camera in ("aisle", "hall"):
            _plain(renderer, channel=channel, camera=camera)
    before = list(renderer.plotter.renderer.GetViewProps())
    arrays = [s.colours for g in renderer.scene.groups for s in g.sets]
    for seed in range(3):
        renderer.scene.update(scenes.frame_for(PILOT, seed=seed))
        renderer.plotter.render()
    assert list(renderer.plotter.renderer.GetViewProps()) == before
    after = [s.colours for g in renderer.scene.groups for s in g.sets]
    assert all(a is b for a, b in zip(arrays, after, strict=True))


def test_part_of_a_level_keeps_the_rest(renderer) -> None:
    renderer.load(PILOT).update(_constant({"rack.power": 1000.0}))
    part = scenes.Frame(
        1.0, {"rack.power": np.full(2, 9000.0, np.float32)}, start={"rack.power": 3}
    )
    renderer.scene.update(part)
    assert renderer.scene.values["rack.power"].tolist() == [1e3] * 3 + [9e3] * 2 + [1e3] * 3


def test_a_level_without_instances_colours_what_it_holds(renderer) -> None:
    cool = _plain(renderer, frame=_constant({"row.cold_aisle_temperature": 16.0}),
                  channel="row.cold_aisle_temperature")  # fmt: skip
    warm = _plain(renderer, frame=_constant({"row.cold_aisle_temperature": 39.0}),
                  channel="row.cold_aisle_temperature")  # fmt: skip
    assert np.mean(np.any(np.abs(cool.astype(int) - warm) > 30, axis=2)) > 0.01


def test_themes_differ_and_come_back(renderer) -> None:
    dark = _plain(renderer)
    light = _plain(renderer, theme="light")
    assert light.mean() > dark.mean() + 50
    assert np.array_equal(dark, _plain(renderer))
    assert set(THEMES) == {"dark", "light"}


def test_overlays_are_laid_over(renderer) -> None:
    with_them = renderer.render(PILOT, FRAME, "gpu.temperature", "hall", (1280, 720))
    without = renderer.render(PILOT, FRAME, "gpu.temperature", "hall", (1280, 720), overlays=False)
    changed = np.any(with_them != without, axis=2)
    assert changed[:50].mean() > 0.9  # the strip of figures
    assert changed[200:500, 1080:1260].mean() > 0.9  # the legend
    assert changed[100:600, 100:900].mean() < 0.2


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (4000, 16)])
def test_odd_sizes(renderer, size: tuple[int, int]) -> None:
    picture = renderer.render(PILOT, FRAME, "gpu.temperature", "hall", size)
    assert picture.shape == (size[1], size[0], 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": (0, 100)}, "width and a height"),
        ({"size": (100, 100_000)}, "width and a height"),
        ({"channel": "gpu.mood"}, "no channel"),
        ({"camera": "moon"}, "unknown camera preset"),
        ({"theme": "pink"}, "unknown theme"),
        ({"focus": "/pilot/none"}, "nothing stands at"),
    ],
)
def test_wrong_requests_are_refused(renderer, change: dict, message: str) -> None:
    request = {
        "frame": FRAME,
        "channel": "gpu.temperature",
        "camera": "hall",
        "size": SIZE,
    } | change
    with pytest.raises(InputError, match=message):
        renderer.render(PILOT, **request)


def test_pictures_can_be_supersampled_and_shaded() -> None:
    renderer = Renderer(supersampling=2, occlusion=True)
    try:
        fine = renderer.render(PILOT, FRAME, None, "hall", SIZE, overlays=False)
    finally:
        renderer.close()
    plain = Renderer(supersampling=2, occlusion=False)
    try:
        flat = plain.render(PILOT, FRAME, None, "hall", SIZE, overlays=False)
    finally:
        plain.close()
    assert fine.mean() < flat.mean() - 1
    assert np.all(fine.astype(int) <= flat.astype(int) + 1)
    assert replace(STILL, fine=1.0).fine == 1.0
