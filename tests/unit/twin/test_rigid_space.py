"""Outlines, free depth, free space and the checks that rest on them."""

from __future__ import annotations

import copy
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from usd_stages import LAYOUT, layout_of

from twin.check import check_plant
from twin.check.clearance import check_doors, check_service_space
from twin.check.finding import Finding, Subject
from twin.check.ways import check_delivery, check_egress, check_floor_load
from twin.plant.placement import Box
from twin.plant.plant import Plant, compile_plant
from twin.rigid.clearance import close_pairs, free_depth
from twin.rigid.delivery import (
    _swept_clearance,
    deliver,
    delivery_height,
    delivery_way,
    hall_floors,
    low_overhead,
    rack_floor_load,
)
from twin.rigid.free_space import (
    FreeSpace,
    at_walls,
    free_space,
    grown,
    regions,
    shortest_way,
    way_length,
)
from twin.rigid.outlines import Equipment, equipment_of, gaps, near_pairs, outlines
from twin.rigid.robot_report import delivery_data, delivery_lines
from twin.rigid.service_space import door_leaf, service_space

coordinates = st.floats(-3.0, 3.0)
sides = st.floats(0.2, 3.0)
angles = st.floats(0.0, 360.0)
rectangles = st.tuples(coordinates, coordinates, sides, sides, angles)


def outline(x: float, y: float, width: float, depth: float, yaw: float) -> np.ndarray:
    return outlines(np.array([[x, y]]), np.array([[width, depth]]), np.array([yaw]))


def plant_with(**hall: Any) -> Plant:
    """The test layout reduced to one hall of one row, with changes of the hall."""
    data = copy.deepcopy(LAYOUT)
    site = data["sites"][0]
    site["halls"] = [site["halls"][0] | {"count": None} | hall]
    for key in ("count", "pitch"):
        site["halls"][0].pop(key)
    site["halls"][0].setdefault("plant", "warm-01")
    site["halls"][0]["plant"] = "warm-01"
    data["overrides"] = hall.pop("overrides", [])
    site["halls"][0].pop("overrides", None)
    return compile_plant(layout_of(data))


def found(check: Any, plant: Plant) -> list[Finding]:
    return list(check(Subject(plant)))


@given(rectangles, rectangles)
def test_gap_is_symmetric_and_moves_with_both(a: Any, b: Any) -> None:
    first, second = outline(*a), outline(*b)
    gap = gaps(first, second)[0]
    assert gap == pytest.approx(gaps(second, first)[0], abs=1e-9)
    shift = np.array([5.0, -2.0])
    shifted = gaps(first + shift, second + shift)[0]
    assert shifted == pytest.approx(gap, abs=1e-9)


@given(rectangles, rectangles)
def test_gap_is_that_of_dense_points(a: Any, b: Any) -> None:
    """Not above, and hardly below, the distance of points sampled along both outlines."""
    first, second = outline(*a), outline(*b)
    gap = gaps(first, second)[0]
    share = np.linspace(0.0, 1.0, 200)[:, None]

    def edge_points(shape: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [p + share * (q - p) for p, q in zip(shape, np.roll(shape, -1, axis=0), strict=True)]
        )

    p, q = edge_points(first[0]), edge_points(second[0])
    sampled = np.sqrt(((p[:, None] - q[None]) ** 2).sum(axis=2)).min()
    if gap > 0.0:
        assert gap <= sampled + 1e-9
        assert sampled - gap < 0.03
    else:
        assert sampled < 0.03 or _inside(first[0], second[0]) or _inside(second[0], first[0])


def _inside(inner: np.ndarray, outer: np.ndarray) -> bool:
    edge = np.roll(outer, -1, axis=0) - outer
    side = edge[:, None, 0] * (inner[None, :, 1] - outer[:, None, 1]) - edge[:, None, 1] * (
        inner[None, :, 0] - outer[:, None, 0]
    )
    return bool((side > -1e-9).all())


def test_depth_of_an_overlap() -> None:
    first, second = outline(0.0, 0.0, 2.0, 2.0, 0.0), outline(1.7, 0.5, 2.0, 2.0, 0.0)
    assert gaps(first, second)[0] == pytest.approx(-0.3)


@given(st.lists(rectangles, min_size=1, max_size=12), st.floats(0.0, 2.0))
def test_near_pairs_misses_none(shapes: Any, reach: float) -> None:
    corners = np.concatenate([outline(*shape) for shape in shapes])
    a, b = near_pairs(corners, corners, reach)
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    for i in range(len(corners)):
        for j in range(len(corners)):
            if gaps(corners[i : i + 1], corners[j : j + 1])[0] <= reach:
                assert (i, j) in pairs


def equipment(*shapes: tuple[float, float, float, float, float]) -> Equipment:
    rows = np.array(shapes)
    size = np.column_stack([rows[:, 2:4], np.full(len(rows), 2.0)])
    return Equipment(
        ("rack",) * len(rows),
        np.arange(len(rows)),
        ("x",) * len(rows),
        rows[:, :2],
        size,
        rows[:, 4],
        np.full(len(rows), 1000.0),
        np.zeros(len(rows), dtype=np.int64),
    )


@pytest.mark.parametrize("turn", [0.0, 90.0, 37.0])
def test_free_depth_before_a_face(turn: float) -> None:
    """A cabinet 0.7 m before the front, in whatever direction the whole is turned."""
    angle = math.radians(turn)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    places = rotation @ np.array([[0.0, 0.0], [0.25, -1.7]]).T
    both = equipment((*places[:, 0], 0.6, 1.0, turn), (*places[:, 1], 0.6, 1.0, turn))
    depth, cause = free_depth(both, "front", np.array([1.2, 0.0]))
    assert depth[0] == pytest.approx(0.7)
    assert cause[0] == 1
    depth, cause = free_depth(both, "rear", np.array([1.2, 1.2]))
    assert depth == pytest.approx([1.2, 0.7])
    assert cause.tolist() == [-1, 0]


def test_free_depth_to_a_corner() -> None:
    """The nearest point of a turned obstacle inside the strip counts, not its bounds."""
    both = equipment((0.0, 0.0, 0.6, 1.0, 0.0), (0.0, -2.0, 1.0, 1.0, 45.0))
    depth, _ = free_depth(both, "front", np.array([1.5, 0.0]))
    assert depth[0] == pytest.approx(1.5 - math.sqrt(0.5))


def test_close_pairs_of_a_plant() -> None:
    plant = plant_with()
    things = equipment_of(plant)
    first, second, distance = close_pairs(things, 0.5)
    assert len(first)
    shapes = things.outlines
    for a, b, gap in zip(first, second, distance, strict=True):
        assert gap == pytest.approx(gaps(shapes[a : a + 1], shapes[b : b + 1])[0])
    racks = [k for k, level in enumerate(things.level) if level == "rack"]
    neighbours = {
        (a, b) for a, b, gap in zip(first, second, distance, strict=True) if abs(gap) < 1e-9
    }
    assert (racks[0], racks[1]) in neighbours


@given(rectangles, st.tuples(sides, sides, angles))
def test_grown_obstacle_is_where_the_shape_must_not_be(a: Any, b: Any) -> None:
    """A point is inside the Minkowski sum exactly when the shape there overlaps the obstacle."""
    obstacle, shape = outline(*a)[0], outline(0.0, 0.0, *b)[0]
    polygon = grown(obstacle, shape)
    generator = np.random.default_rng(1)
    for point in generator.uniform(-5.0, 5.0, (40, 2)):
        edge = np.roll(polygon, -1, axis=0) - polygon
        side = edge[:, 0] * (point[1] - polygon[:, 1]) - edge[:, 1] * (point[0] - polygon[:, 0])
        gap = gaps(obstacle[None], (shape + point)[None])[0]
        if abs(gap) > 1e-6:
            assert bool((side > 0.0).all()) == (gap < 0.0)


def corridor(width: float) -> FreeSpace:
    """Two rooms joined by a corridor of a width, for a rectangle of 0.6 x 1.1 m."""
    lower = 0.5 * (10.0 - width)
    obstacles = np.concatenate(
        [
            outline(5.0, 0.5 * lower, 4.0, lower, 0.0),
            outline(5.0, 10.0 - 0.5 * lower, 4.0, lower, 0.0),
        ]
    )
    return free_space(Box(0.0, 0.0, 10.0, 10.0), obstacles, (0.6, 1.1))


@pytest.mark.parametrize(("width", "passes"), [(0.55, False), (0.7, True), (1.2, True)])
def test_rectangle_passes_lengthwise_only_if_it_fits(width: float, passes: bool) -> None:
    space = corridor(width)
    label = regions(space)
    left, right = space.near(1.0, 5.0, 0.0), space.near(9.0, 5.0, 0.0)
    assert left is not None
    assert right is not None
    assert (label[left] == label[right]) == passes
    way = shortest_way(space, left, right)
    assert (way is not None) == passes
    if way is not None:
        assert way[0] == space.pose(left)
        assert way[-1] == space.pose(right)
        assert 8.0 <= way_length(way) < 8.3
        if width < 1.15:
            assert any(abs(pose[2] - 90.0) < 1.0 for pose in way)


def test_ways_keep_clear_of_obstacles() -> None:
    space = corridor(1.0)
    obstacles = np.concatenate([outline(5.0, 2.25, 4.0, 4.5, 0.0), outline(5.0, 7.75, 4.0, 4.5, 0)])
    way = shortest_way(space, space.near(1.0, 8.5, 0.0), space.near(9.0, 1.5, 0.0))
    assert way is not None
    for a, b in pairwise(way):
        for share in np.linspace(0.0, 1.0, 30):
            x, y = (1 - share) * a[0] + share * b[0], (1 - share) * a[1] + share * b[1]
            shape = outline(x, y, 0.6, 1.1, a[2])
            for obstacle in obstacles:
                assert gaps(shape, obstacle[None])[0] > -space.cell


def test_same_search_same_way() -> None:
    space = corridor(0.8)
    ends = space.near(1.0, 8.5, 0.0), space.near(9.0, 1.5, 0.0)
    assert shortest_way(space, *ends) == shortest_way(space, *ends)


def test_doors_are_at_the_walls() -> None:
    space = free_space(Box(0.0, 0.0, 6.0, 4.0), np.empty((0, 4, 2)), (0.6, 1.0))
    for walls, axis in (("x", 2), ("Y", 1)):
        nodes = np.argwhere(at_walls(space, walls))
        assert len(nodes)
        assert np.ptp(nodes[:, axis]) * space.cell < 0.5
    assert not at_walls(space, "").any()


def test_layout_of_the_tests_is_sound() -> None:
    plant = plant_with()
    for check in (check_service_space, check_doors, check_delivery, check_egress, check_floor_load):
        assert found(check, plant) == []


def test_cabinet_in_the_aisle_is_found() -> None:
    plant = plant_with(
        overrides=[
            {"path": "/busan/hall/crah-01", "position": ["7.3 m", "5.4 m"], "yaw": "0 deg"},
        ]
    )
    spaces = found(check_service_space, plant)
    assert any("/crah-01" in finding.message for finding in spaces)
    assert all("m are needed" in finding.message for finding in spaces)
    doors = found(check_doors, plant)
    assert doors
    assert all(finding.severity == "error" for finding in doors)
    assert {finding.check for finding in check_plant(plant)} >= {"service-space", "doors"}


def narrow_hall(front: float) -> Plant:
    """One row of racks (1.07 m deep, its CDUs 1.2 m) with a free strip before it, 0.5 m behind."""
    row = LAYOUT["sites"][0]["halls"][0]["rows"][0]
    return plant_with(
        size=["12 m", f"{front + 1.7:.2f} m", "5 m"],
        crahs={"product": "generic-crah-150", "count": 1},
        rows=[
            {key: value for key, value in row.items() if key != "count"}
            | {"position": ["4 m", f"{front:.2f} m"], "facing": "front"}
        ],
    )


@pytest.mark.parametrize(
    ("front", "racks_blocked", "people_blocked"),
    [(0.7, True, True), (1.0, True, False), (1.3, False, False)],
)
def test_narrow_aisles_stop_racks_and_people(
    front: float, racks_blocked: bool, people_blocked: bool
) -> None:
    """A rack needs 1.13 m to pass on its dolly, a person 0.9 m; the racks stand 66 mm farther back
    than the CDUs."""
    plant = narrow_hall(front)
    delivery, egress = found(check_delivery, plant), found(check_egress, plant)
    assert bool(delivery) == racks_blocked
    assert bool(egress) == people_blocked
    for finding in delivery + egress:
        assert finding.path == "/busan/hall/row"
        assert finding.severity == "error"


@pytest.mark.parametrize(
    ("height", "words"),
    [(5.0, ""), (2.72, "width, depth and height"), (2.4, "do not come in upright")],
)
def test_low_halls_stop_racks(height: float, words: str) -> None:
    """Racks of 2.24 m need 2.44 m on their dolly; a hall's mains hang 0.4 m below its ceiling."""
    row = {**LAYOUT["sites"][0]["halls"][0]["rows"][0], "position": ["6 m", "5 m"]}
    row.pop("count")
    ups = {"product": "generic-ups-1250", "count": 2}  # in a room before the fourth wall
    plant = plant_with(size=["26 m", "12 m", f"{height} m"], rows=[row], ups=ups)
    delivery = found(check_delivery, plant)
    assert bool(delivery) == bool(words)
    for finding in delivery:
        assert words in finding.message
        assert finding.severity == "error"


def test_what_hangs_low_is_a_box_around_its_stretch() -> None:
    plant = plant_with(size=["26 m", "12 m", "2.72 m"])
    box = plant.design.placement.halls[0]
    assert not len(low_overhead(plant, 0.4))  # pipes in the yard lie at 0.6 m
    low = low_overhead(plant, delivery_height(2.236))
    x, y = low[..., 0], low[..., 1]
    mains = (x.max(axis=1) > box.x0) & (x.min(axis=1) < box.x1) & (np.ptp(y, axis=1) > 5.0)
    assert mains.sum() >= 2
    assert len(low_overhead(plant, 9.0)) > len(low)


@pytest.mark.parametrize(("rating", "findings"), [("1500 kg/m**2", 0), ("600 kg/m**2", 2)])
def test_floor_rating(rating: str, findings: int) -> None:
    plant = plant_with(floor_rating=rating)
    assert len(found(check_floor_load, plant)) == findings


def test_floor_load_of_a_rack() -> None:
    assert rack_floor_load(0.6, 1.068, 1360.0, 1.2, 0.9) == pytest.approx(1360 / (0.6 * 2.118))


def test_delivery_way_ends_before_the_rack() -> None:
    plant = plant_with()
    space, way = delivery_way(plant, 1)
    assert way
    x, y, _ = way[-1]
    rack = plant.positions("rack")[1]
    assert abs(x - rack[0]) < 0.1
    assert 1.0 < abs(y - rack[1]) < 1.4
    door = way[0]
    hall = space.hall
    assert min(door[0] - hall.x0, hall.x1 - door[0], door[1] - hall.y0, hall.y1 - door[1]) < 0.75


@given(rectangles)
def test_blocked_points_are_those_inside(shape: Any) -> None:
    """A point where something tiny stands is free exactly outside of the outline."""
    obstacle = outline(*shape)
    hall = Box(-4.0, -4.0, 4.0, 4.0)
    space = free_space(hall, obstacle, (1e-6, 1e-6), headings=1, cell=0.1)
    rows, columns = np.mgrid[0:80, 0:80]
    points = np.stack([-4.0 + (columns + 0.5) * 0.1, -4.0 + (rows + 0.5) * 0.1], axis=-1)
    edge = np.roll(obstacle[0], -1, axis=0) - obstacle[0]
    away = points[..., None, :] - obstacle[0]
    depth = (edge[:, 0] * away[..., 1] - edge[:, 1] * away[..., 0]) / np.linalg.norm(edge, axis=1)
    deep = depth.min(axis=-1)
    sure = np.abs(deep) > 1e-5
    assert np.array_equal(space.free[0][sure], deep[sure] < 0.0)


def test_shifted_outlines_block_shifted_places() -> None:
    """Outlines of one shape are grown once: each still blocks its own place."""
    hall = Box(0.0, 0.0, 12.0, 6.0)
    shapes = np.concatenate(
        [outline(2.0, 2.0, 0.6, 1.0, 30.0), outline(7.0, 3.0, 0.6, 1.0, 30.0),
         outline(10.0, 3.0, 1.2, 1.0, 0.0)]
    )  # fmt: skip
    both = free_space(hall, shapes, (0.5, 0.8), 12)
    one_by_one = [free_space(hall, shapes[k : k + 1], (0.5, 0.8), 12).free for k in range(3)]
    assert np.array_equal(both.free, one_by_one[0] & one_by_one[1] & one_by_one[2])


def test_swept_rack_keeps_clear() -> None:
    """At every place and turn of its way, not only where the search looked."""
    plant = plant_with()
    for rack in range(3):
        brought = deliver(plant, rack)
        assert brought.way
        assert brought.clearance > 0.0
        assert brought.length > 2.0
        assert brought.mass == plant.layout.products[plant.product_ids("rack")[rack]].mass
        data = delivery_data(plant, brought)
        assert data["possible"] is True
        assert len(data["way"]) == len(brought.way)
    blocked = deliver(narrow_hall(0.7), 1)
    assert not blocked.way
    assert math.isinf(blocked.clearance)
    assert "cannot be brought" in next(delivery_lines(narrow_hall(0.7), blocked))


def test_swept_clearance_sees_what_is_in_the_way() -> None:
    plant = plant_with()
    floor = hall_floors(plant)[0]
    x, y = floor.obstacles[0].mean(axis=0)
    through = [(x - 2.0, y, 0.0), (x + 2.0, y, 0.0)]
    assert _swept_clearance(floor, (0.6, 1.0), through) < -0.3


def test_door_leaves_divide_the_cabinet() -> None:
    plant = plant_with()
    rack = plant.layout.products["nvidia-gb300-nvl72"]
    assert door_leaf(rack) == pytest.approx(0.6)
    cdu = plant.layout.products["vertiv-xdu1350"]
    assert door_leaf(cdu) == pytest.approx(0.45)
    assert service_space(plant.layout.products["nvidia-b300-gb300"]).front == 0.0
