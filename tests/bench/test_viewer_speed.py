"""How fast the viewer is: frame to scene, first picture, turning the camera, memory.

Figures depend on the machine; nothing is asserted about time. ``pytest tests/bench -k viewer -s``.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyvista")
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "viewer"))

import scenes

from viewer.camera import preset
from viewer.gl_probe import probe
from viewer.lod import INTERACTIVE, STILL
from viewer.offscreen import Renderer, apply_camera

if not probe().works:
    pytest.skip(f"no OpenGL here: {probe().reason}", allow_module_level=True)

SIZE = (1280, 720)


@pytest.fixture(scope="module")
def wide():
    raw = scenes.wide_scene()
    renderer = Renderer(supersampling=1, occlusion=False, quality=INTERACTIVE)
    renderer.render(raw, scenes.frame_for(raw), "gpu.temperature", "site", SIZE, overlays=False)
    yield renderer, raw
    renderer.close()


def test_frame_to_scene_of_260k_accelerators(benchmark, wide) -> None:
    renderer, raw = wide
    frames = [scenes.frame_for(raw, seed=k) for k in range(4)]
    for frame in frames:
        for name in list(frame.values):
            if name != "gpu.temperature":
                del frame.values[name]
    count = iter(range(10**9))
    benchmark(lambda: renderer.scene.update(frames[next(count) % 4]))
    assert renderer.scene.model.count("gpu") == 259_200


@pytest.mark.parametrize("camera", ["site", "hall", "aisle"])
@pytest.mark.parametrize("size", ["128 racks", "3,600 racks"])
def test_turning_the_camera(benchmark, size: str, camera: str) -> None:
    raw = scenes.hall_scene() if size == "128 racks" else scenes.wide_scene()
    renderer = Renderer(supersampling=1, occlusion=False, quality=INTERACTIVE)
    try:
        frames = [scenes.frame_for(raw, seed=k) for k in range(3)]
        renderer.render(raw, frames[0], "gpu.temperature", camera, SIZE, overlays=False)
        scene, window = renderer.scene, renderer.plotter.ren_win
        apply_camera(renderer.plotter.renderer, preset(scene.model, camera))
        vtk_camera = renderer.plotter.renderer.GetActiveCamera()
        count = iter(range(10**9))

        def turn() -> None:
            vtk_camera.Azimuth(0.5)
            from viewer.camera import Camera

            pose = Camera(vtk_camera.GetPosition(), vtk_camera.GetFocalPoint(),
                          view_angle=vtk_camera.GetViewAngle())  # fmt: skip
            view = pose.view(SIZE, INTERACTIVE)
            scene.update(frames[next(count) % 3])
            scene.refresh(view)
            vtk_camera.SetClippingRange(*scene.clipping_range(view))
            window.Render()
            window.WaitForCompletion()

        turn()
        benchmark.pedantic(turn, rounds=12)
        words = f"\n{size}, {camera}: {scene.triangles:,} triangles"
        if benchmark.stats is not None:  # None where benchmarks are switched off, as under xdist
            words += f", {1 / benchmark.stats['median']:.1f} fps"
        print(words)
    finally:
        renderer.close()


def test_first_picture_and_memory(benchmark) -> None:
    raw = scenes.wide_scene()
    frame = scenes.frame_for(raw)

    def first() -> np.ndarray:
        renderer = Renderer(quality=STILL)
        try:
            return renderer.render(raw, frame, "gpu.temperature", "site", SIZE)
        finally:
            renderer.close()

    began = time.perf_counter()
    picture = first()
    print(f"\nfirst picture after {time.perf_counter() - began:.2f} s")
    benchmark.pedantic(first, rounds=2)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory {memory:.2f} GB")
    assert picture.std() > 5
    assert memory < 2.0
