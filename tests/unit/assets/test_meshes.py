"""Every mesh kind at every level of detail is a sound solid of the right size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.meshes import BUILDERS, DETAIL_BUDGETS, MATERIALS, Part, build, collars, duct, pipe
from assets.meshes.shapes import Solid, box, cylinder, ring, rounded, sweep, turned_profile

SIZES: dict[str, list[tuple[float, float, float]]] = {
    "nvl72-rack": [(0.6, 1.068, 2.236), (1.2, 1.2, 2.3)],
    "air-rack": [(0.6, 1.2, 2.0), (0.8, 1.2, 2.3)],
    "server-rack": [(0.6, 1.1, 2.1)],
    "network-rack": [(0.6, 1.2, 2.2)],
    "compute-tray": [(0.5, 0.85, 0.044)],
    "gpu-module": [(0.10, 0.12, 0.02), (0.12, 0.20, 0.03)],
    "cdu": [(0.9, 1.2, 2.3), (0.6, 1.1, 2.2), (1.2, 1.2, 2.1)],
    "rear-door": [(0.6, 0.25, 2.236)],
    "crah": [(2.5, 0.95, 2.2), (1.2, 0.9, 2.0), (3.2, 1.1, 3.0)],
    "dry-cooler": [(11.0, 2.3, 2.6), (2.4, 9.0, 2.4), (4.0, 1.2, 2.0)],
    "cooling-tower": [(7.2, 3.6, 4.6), (3.6, 3.6, 5.0), (4.0, 12.0, 6.0)],
    "chiller": [(4.5, 1.9, 2.3), (1.8, 4.0, 2.4)],
    "pump": [(1.4, 0.6, 0.9), (0.7, 1.7, 1.0)],
    "transformer": [(2.4, 2.0, 2.6), (8.0, 6.0, 7.0)],
    "ups": [(2.4, 0.9, 2.0), (0.8, 0.9, 1.9), (6.0, 1.0, 2.1)],
    "panel": [(0.8, 0.6, 2.0), (1.2, 0.8, 2.1)],
    "battery": [(1.4, 0.8, 2.0), (6.0, 2.4, 2.6)],
    "generator": [(6.5, 2.2, 3.2), (12.0, 3.0, 4.0)],
    "power-shelf": [(0.54, 0.75, 0.044)],
    "busway": [(6.0, 0.2, 0.3), (20.0, 0.15, 0.2)],
    "cable-tray": [(6.0, 0.5, 0.1)],
    "hall": [(20.0, 14.0, 5.0), (80.0, 50.0, 6.0)],
    "label": [(1.0, 0.02, 0.3)],
}
CASES = [
    (kind, size, detail) for kind, sizes in SIZES.items() for size in sizes for detail in range(3)
]
STATELESS = {"cable-tray", "hall", "label"}


def _volumes(part: Part) -> np.ndarray:
    """Signed volume of every separate surface of a part."""
    mesh = part.mesh
    triangles = mesh.vertices[mesh.faces]
    signed = np.einsum("ij,ij->i", triangles[:, 0], np.cross(triangles[:, 1], triangles[:, 2])) / 6
    parent = np.arange(len(mesh.vertices))

    for a, b in np.sort(mesh.edges_unique, axis=1):  # union of vertices joined by an edge
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        parent[max(a, b)] = min(a, b)
    roots = np.array([_root(parent, f) for f in mesh.faces[:, 0]])
    return np.array([signed[roots == r].sum() for r in np.unique(roots)])


def _root(parent: np.ndarray, k: int) -> int:
    while parent[k] != k:
        k = parent[k]
    return int(k)


def test_every_kind_is_tested() -> None:
    assert set(SIZES) == set(BUILDERS)


@pytest.mark.parametrize(("kind", "size", "detail"), CASES)
def test_mesh_is_a_solid_of_its_size(kind: str, size: tuple, detail: int) -> None:
    parts = build(kind, size, {}, detail)
    assert sum(len(p.mesh.faces) for p in parts) < DETAIL_BUDGETS[detail]
    names = [p.name for p in parts]
    assert len(set(names)) == len(names)
    low = np.min([p.mesh.bounds[0] for p in parts], axis=0)
    high = np.max([p.mesh.bounds[1] for p in parts], axis=0)
    half = np.array([size[0] / 2, size[1] / 2, 0])
    assert low == pytest.approx(-half, abs=1e-3)
    assert high == pytest.approx(np.array([size[0] / 2, size[1] / 2, size[2]]), abs=1e-3)
    for part in parts:
        assert part.mesh.is_watertight, part.name
        assert part.mesh.is_winding_consistent, part.name
        assert part.mesh.area_faces.min() > 0, part.name
        assert _volumes(part).min() > 0, part.name  # positive exactly when normals point outward
        assert part.material in MATERIALS
        assert part.colour == MATERIALS[part.material].colour
    if kind not in STATELESS:
        assert any(p.channel_role == "state" for p in parts)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(BUILDERS)),
    st.tuples(*[st.floats(0.15, 2.5)] * 3),
    st.integers(0, 2),
)
def test_any_reasonable_size_can_be_built(kind: str, factors: tuple, detail: int) -> None:
    size = tuple(s * f for s, f in zip(SIZES[kind][0], factors, strict=True))
    parts = build(kind, size, {}, detail)
    assert sum(len(p.mesh.faces) for p in parts) < DETAIL_BUDGETS[detail]
    extent = np.max([p.mesh.bounds[1] for p in parts], axis=0) - np.min(
        [p.mesh.bounds[0] for p in parts], axis=0
    )
    assert extent == pytest.approx(size, abs=1e-3, rel=1e-3)
    assert all(p.mesh.is_watertight and p.mesh.volume > 0 for p in parts)


@pytest.mark.parametrize("kind", ["nvl72-rack", "air-rack", "server-rack"])
def test_opened_rack_shows_its_inside(kind: str) -> None:
    parts = build(kind, SIZES[kind][0], {}, 2)
    closed = {p.name for p in parts if p.shown == "closed"}
    assert {"side-panels", "top", "compute-faceplates"} <= closed
    assert any(p.shown == "open" for p in parts)
    remaining = [p for p in parts if p.shown != "closed"]
    assert {"frame", "tray-sheets"} <= {p.name for p in remaining}


def test_rack_follows_its_tray_order() -> None:
    size = (0.6, 1.068, 2.236)
    parameters = {"tray_order": "pccssc", "pitch": 0.05, "first_height": 0.2}
    parts = {p.name: p.mesh for p in build("nvl72-rack", size, parameters, 2)}
    compute = parts["compute-faceplates"]
    centres = sorted({round(float(z), 4) for z in compute.triangles_center[:, 2].round(4)})
    assert len(compute.faces) == 3 * 12
    assert compute.bounds[0][2] == pytest.approx(0.25, abs=0.004)
    assert compute.bounds[1][2] == pytest.approx(0.50, abs=0.004)
    assert all(not 0.352 < z < 0.448 for z in centres)  # the switch trays' room
    assert parts["power-shelves"].bounds[1][2] < 0.25


def test_trays_above_the_cabinet_are_left_out() -> None:
    parameters = {"tray_order": "c" * 200, "pitch": 0.05}
    for detail in (1, 2):
        parts = build("nvl72-rack", (0.6, 1.068, 2.0), parameters, detail)
        assert max(p.mesh.bounds[1][2] for p in parts) == pytest.approx(2.0)
        assert sum(len(p.mesh.faces) for p in parts) < DETAIL_BUDGETS[detail]


def test_gpu_module_has_its_stacks() -> None:
    for stacks in (4, 6, 8, 12):
        parts = {
            p.name: p.mesh for p in build("gpu-module", (0.1, 0.12, 0.02), {"stacks": stacks}, 1)
        }
        assert len(parts["hbm"].faces) == stacks * 12


def test_equal_calls_give_equal_meshes() -> None:
    for kind, sizes in SIZES.items():
        first, second = (build(kind, sizes[0], {}, 2) for _ in range(2))
        for a, b in zip(first, second, strict=True):
            assert np.array_equal(a.mesh.vertices, b.mesh.vertices)
            assert np.array_equal(a.mesh.faces, b.mesh.faces)


@pytest.mark.parametrize(
    ("kind", "size", "detail", "message"),
    [
        ("toaster", (1, 1, 1), 1, "unknown mesh kind 'toaster'"),
        ("cdu", (1, 1, 1), 3, "detail is 0, 1 or 2"),
        ("cdu", (1, 0, 1), 1, "above zero"),
        ("cdu", (1, float("nan"), 1), 1, "above zero"),
    ],
)
def test_bad_requests_say_what_is_wrong(kind: str, size: tuple, detail: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(kind, size, {}, detail)


def _volume(solid: Solid) -> float:
    t = solid.vertices[solid.faces]
    return float(np.einsum("ij,ij->", t[:, 0], np.cross(t[:, 1], t[:, 2])) / 6)


def test_shape_volumes_match_closed_forms() -> None:
    polygon = 0.5 * 48 * np.sin(2 * np.pi / 48)  # area of the 48-gon in a unit circle
    assert _volume(box((0, 0, 0), (1, 2, 3))) == pytest.approx(6)
    assert _volume(cylinder((1, 2, 3), (1, 2, 7), 0.5, 48)) == pytest.approx(4 * 0.25 * polygon)
    assert _volume(cylinder((0, 0, 0), (3, 0, 0), 1, 48, 0.5)) == pytest.approx(polygon * 1.75)
    assert _volume(ring((0, 0, 0), 1, 2, 0.5, 48)) == pytest.approx(0.5 * 3 * polygon)
    assert _volume(turned_profile([(0, 1), (2, 1)], (0, 0, 0), 48)) == pytest.approx(2 * polygon)


coordinate = st.integers(-8, 8).map(lambda k: k * 0.75)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=2, max_size=7))
def test_pipe_is_closed_and_outward_along_any_orthogonal_route(points: list) -> None:
    route = [points[0]]
    for p in points[1:]:  # axis by axis, as pipes are laid
        for axis in range(3):
            step = list(route[-1])
            step[axis] = p[axis]
            if step != list(route[-1]):
                route.append(tuple(step))
    if len(route) < 2:
        with pytest.raises(ValueError, match="two different points"):
            pipe(route, 0.1)
        return
    solid = pipe(route, 0.1)
    length = np.linalg.norm(np.diff(np.array(route), axis=0), axis=1).sum()
    edges = np.sort(solid.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert set(counts) == {2}
    assert 0 < _volume(solid) <= np.pi * 0.05**2 * length * 1.01


def test_pipe_bends_keep_their_diameter() -> None:
    route = [(0, 0, 0), (4, 0, 0), (4, 3, 0), (4, 3, 2)]
    solid = pipe(route, 0.2, 24, 6)
    line = rounded(route, 0.3, 6)
    gaps = [
        min(
            np.linalg.norm(
                v - a - np.clip(np.dot(v - a, b - a) / np.dot(b - a, b - a), 0, 1) * (b - a)
            )
            for a, b in pairwise(line)
        )
        for v in solid.vertices
    ]
    assert max(gaps) == pytest.approx(0.1, rel=0.03)
    assert min(gaps) == pytest.approx(0.1, rel=0.03)


def test_collars_sit_on_the_pipe() -> None:
    solids = collars([(0, 0, 0), (6, 0, 0)], 0.2, 2.0)
    assert len(solids) == 3
    assert np.mean([s.vertices[:, 0].mean() for s in solids]) == pytest.approx(3.0)


def test_duct_covers_its_corners() -> None:
    solid = duct([(0, 0, 3), (5, 0, 3), (5, 4, 3)], 0.2, 0.3)
    assert solid.vertices.min(axis=0) == pytest.approx([0, -0.1, 2.85])
    assert solid.vertices.max(axis=0) == pytest.approx([5.1, 4, 3.15])
    with pytest.raises(ValueError, match="at least one leg"):
        duct([(1, 1, 1), (1, 1, 1)], 0.2, 0.2)


def test_sweep_follows_a_twisting_line_without_turning_inside_out() -> None:
    t = np.linspace(0, 4 * np.pi, 60)
    solid = sweep(np.column_stack([np.cos(t), np.sin(t), 0.1 * t]), 0.05, 8)
    assert _volume(solid) > 0
