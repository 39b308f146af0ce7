"""The robot as a machine: its arm, its joints' forces, its way over the floor."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_rigid_space import corridor, outline

from physics.rigid_laws import GRAVITY
from twin.catalog import bundled_catalog
from twin.catalog.specs import Rack
from twin.errors import TwinError
from twin.plant.placement import Box
from twin.rigid import backend
from twin.rigid.backend import UPRIGHT, RigidBackend, Surface, open_world
from twin.rigid.free_space import FULL_TURN, free_space, shortest_way, way_length
from twin.rigid.rack_inside import CABINET_SHARE, RELATIVE_MASS, rack_parts, tray_mass, tray_places
from twin.rigid.robot_design import (
    FOLDED,
    JOINTS,
    Load,
    RobotDesign,
    arm_angles,
    tool_tip,
    tool_torques,
    urdf,
)
from twin.rigid.robot_load import tipping_margin
from twin.rigid.robot_track import Sample, Track, profile, way_between

pytest.importorskip("pybullet")

DESIGN = RobotDesign()
LOAD = Load(0.85, 0.49, 0.044, 35.0)
ZERO = [0.0] * len(JOINTS)


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[RigidBackend, int, int]]:
    """A world with the robot without and with a tray."""
    engine = open_world()
    engine.set_gravity((0.0, 0.0, -GRAVITY))
    empty = engine.add_articulated(urdf(DESIGN), (0.0, 0.0, 0.0), UPRIGHT, True)
    loaded = engine.add_articulated(urdf(DESIGN, LOAD), (9.0, 0.0, 0.0), UPRIGHT, True)
    yield engine, empty, loaded
    engine.close()


@given(
    st.floats(0.0, 1.7),
    st.floats(0.3, 0.85),
    st.floats(-0.4, 0.4),
    st.floats(-0.5, 0.5),
    st.booleans(),
)
def test_arm_holds_its_tool_where_it_is_asked(
    world: tuple[RigidBackend, int, int],
    lift: float,
    x: float,
    y: float,
    above: float,
    elbow_up: bool,
) -> None:
    """The closed form, its inverse, and the engine's chain of the URDF agree; the tool is level."""
    engine, body, _ = world
    target = (x, y, DESIGN.table_height + DESIGN.bridge_height + lift - above)
    joints = arm_angles(DESIGN, lift, target, elbow_up)
    if joints is None:
        return
    assert tool_tip(DESIGN, joints) == pytest.approx(target, abs=1e-9)
    engine.set_joint_angles(body, joints)
    wrist = engine.link_position(body, "hand")  # the engine gives the link's centre of mass frame
    assert wrist[1] == pytest.approx(target[1], abs=2e-5)
    assert wrist[2] == pytest.approx(target[2], abs=2e-5)
    assert wrist[0] == pytest.approx(target[0] - DESIGN.tool, abs=2e-5)


def test_arm_refuses_what_it_cannot_reach() -> None:
    full = DESIGN.upper_arm + DESIGN.forearm + DESIGN.tool
    foot = DESIGN.table_height + DESIGN.bridge_height + 0.06
    near = (DESIGN.bridge_x + full - 0.001, 0.0, foot)
    assert arm_angles(DESIGN, 0.0, near) is not None
    assert arm_angles(DESIGN, 0.0, (near[0] + 0.002, 0.0, foot)) is None


def test_lift_carries_what_hangs_on_it(world: tuple[RigidBackend, int, int]) -> None:
    """Inverse dynamics against weight times (g + a) of everything above the base."""
    engine, empty, loaded = world
    raised = DESIGN.mass - DESIGN.base_mass - DESIGN.mast_mass + 0.5  # and the arm's foot
    for body, mass in ((empty, raised), (loaded, raised + LOAD.mass)):
        for acceleration in (0.0, 0.3, -0.3):
            force = engine.efforts(body, FOLDED, ZERO, [acceleration, *ZERO[1:]])[0]
            assert force == pytest.approx(mass * (GRAVITY + acceleration), rel=1e-3)


def test_puller_needs_mass_times_acceleration(world: tuple[RigidBackend, int, int]) -> None:
    engine, _, loaded = world
    force = engine.efforts(loaded, FOLDED, ZERO, [0.0, 0.5, *ZERO[2:]])[1]
    assert force == pytest.approx(0.5 * (LOAD.mass + DESIGN.puller_mass), rel=1e-6)


def test_torques_of_a_push_are_force_times_lever() -> None:
    joints = arm_angles(DESIGN, 0.5, (0.6, 0.0, 0.9))
    assert joints is not None
    foot = DESIGN.table_height + 0.5 + DESIGN.bridge_height + 0.06
    down = tool_torques(DESIGN, joints, (0.0, 0.0, -100.0))
    assert abs(down[3]) == pytest.approx(100.0 * (0.6 - DESIGN.bridge_x), rel=1e-6)
    assert down[0] == pytest.approx(100.0, rel=1e-6)  # the lift bears it as well
    back = tool_torques(DESIGN, joints, (-100.0, 0.0, 0.0))
    assert abs(back[3]) == pytest.approx(100.0 * (foot - 0.9), rel=1e-6)
    assert tool_torques(DESIGN, joints, (0.0, 100.0, 0.0))[2] == pytest.approx(
        -100.0 * (0.6 - DESIGN.bridge_x), rel=1e-6
    )


def test_folded_robot_stays_within_its_base(world: tuple[RigidBackend, int, int]) -> None:
    engine, body, _ = world
    engine.set_joint_angles(body, FOLDED)
    assert engine.own_overlaps(body) == []
    size = 0.1
    for x, y in ((0.5 * DESIGN.length + 0.06, 0.0), (-0.5 * DESIGN.length - 0.06, 0.0)):
        wall = engine.add_boxes((size, 2.0, 6.0), 0.0, [(x, y, 3.0)], [UPRIGHT], Surface())[0]
        distance = [near.distance for near in engine.near(body, 0.2) if near.body == wall]
        assert distance == [pytest.approx(0.01, abs=1e-3)]


def test_near_names_the_link_that_is_nearest(world: tuple[RigidBackend, int, int]) -> None:
    engine, body, _ = world
    joints = arm_angles(DESIGN, 0.9, (0.7, 0.1, 1.6))
    assert joints is not None
    engine.set_joint_angles(body, joints)
    thing = engine.add_boxes((0.1, 0.1, 0.1), 0.0, [(0.77, 0.1, 1.6)], [UPRIGHT], Surface())[0]
    found = [near for near in engine.near(body, 0.05) if near.body == thing]
    assert [near.link for near in found] == ["hand"]
    assert found[0].distance == pytest.approx(0.02, abs=2e-3)


@given(st.floats(1e-3, 50.0), st.floats(0.05, 2.0), st.floats(0.05, 3.0))
def test_profile_keeps_speed_and_acceleration(
    length: float, speed: float, acceleration: float
) -> None:
    points = profile(length, speed, acceleration)
    ramp = speed / acceleration
    total = (
        length / speed + ramp if length >= speed * ramp else 2.0 * math.sqrt(length / acceleration)
    )
    assert points[-1] == (pytest.approx(total), 1.0)
    times = np.array([0.0] + [t for t, _ in points])
    way = length * np.array([0.0] + [s for _, s in points])
    speeds = np.diff(way) / np.diff(times)
    assert speeds.min() >= 0.0
    assert speeds.max() <= speed * (1.0 + 1e-9)
    assert np.all(np.abs(np.diff(speeds)) <= acceleration * np.max(np.diff(times)) * 1.0001)


def test_robot_with_a_front_turns_round_only_where_there_is_room() -> None:
    """In a corridor it goes through lengthwise, but comes out facing as it went in."""
    hall = Box(0.0, 0.0, 8.0, 1.0)
    space = free_space(hall, np.empty((0, 4, 2)), (0.9, 0.6), 24, period=FULL_TURN)
    assert space.node(4.0, 0.5, 190.0)[0] != space.node(4.0, 0.5, 10.0)[0]
    start, same, turned = (
        space.near(1.0, 0.5, 0.0),
        space.near(7.0, 0.5, 0.0),
        space.near(7.0, 0.5, 180.0),
    )
    assert start is not None
    assert same is not None
    assert turned is not None
    assert shortest_way(space, start, same) is not None
    assert shortest_way(space, start, turned) is None  # its diagonal is 1.08 m


def test_cut_corners_stay_free_and_are_not_longer() -> None:
    space = corridor(1.0)
    start, goal = space.near(1.0, 8.5, 0.0), space.near(9.0, 1.5, 0.0)
    assert start is not None
    assert goal is not None
    whole, cut = shortest_way(space, start, goal), way_between(space, start, goal)
    assert whole is not None
    assert cut is not None
    assert way_length(cut) <= way_length(whole) + 1e-9
    assert len(cut) <= len(whole)
    track = Track.begin(DESIGN, *cut[0])
    track.follow(cut)
    assert all(space.free[space.node(s.x, s.y, s.yaw)] for s in track.samples)


def test_search_in_a_window_finds_the_shortest_way() -> None:
    obstacles = outline(20.0, 5.0, 0.4, 6.0, 0.0)
    space = free_space(Box(0.0, 0.0, 40.0, 10.0), obstacles, (0.9, 0.6), 24, period=FULL_TURN)
    for ends in (((18.0, 5.0), (22.0, 5.0)), ((10.0, 5.0), (11.5, 6.0))):
        start, goal = (space.near(x, y, 0.0) for x, y in ends)
        assert start is not None
        assert goal is not None
        whole, found = shortest_way(space, start, goal), way_between(space, start, goal)
        assert whole is not None
        assert found is not None
        assert way_length(found) <= way_length(whole) + 1e-9


def test_track_turns_the_way_that_was_found() -> None:
    """A turn of more than half a circle is not made the other, blocked way."""
    track = Track.begin(DESIGN, 0.0, 0.0, 0.0)
    track.follow([(0.0, 0.0, float(angle)) for angle in range(0, 271, 15)])
    assert track.now.yaw == pytest.approx(270.0)
    back = Track.begin(DESIGN, 0.0, 0.0, 0.0)
    back.turn_to(270.0)
    assert back.now.yaw == pytest.approx(-90.0)


RACKS = [entry.product for entry in bundled_catalog().values() if isinstance(entry.product, Rack)]


@pytest.mark.parametrize("rack", RACKS, ids=lambda rack: rack.id)
def test_trays_and_cabinet_weigh_as_much_as_the_rack(rack: Rack) -> None:
    units = {"c": rack.trays.compute_units}
    per_unit = tray_mass(rack) / rack.trays.compute_units
    trays = sum(
        per_unit * RELATIVE_MASS.get(letter, 0.0) * units.get(letter, 1)
        for letter in rack.trays.order
    )
    assert trays + CABINET_SHARE * rack.mass == pytest.approx(rack.mass)


def test_mass_of_a_known_node() -> None:
    """The DGX H100 user guide gives 130.45 kg for a system without packaging."""
    mass = tray_mass(next(rack for rack in RACKS if rack.id == "nvidia-dgx-h100-x4"))
    print(f"DGX H100: {mass:.1f} kg, published 130.45 kg")
    assert mass == pytest.approx(130.45, rel=0.10)


@pytest.mark.parametrize("rack", RACKS, ids=lambda rack: rack.id)
def test_rack_parts_leave_the_tray_room(rack: Rack) -> None:
    place = tray_places(rack)[3]
    top = place.bottom + place.height
    for part in rack_parts(rack, place.name):
        low, high = (part.middle[2] + sign * 0.5 * part.size[2] for sign in (-1, 1))
        beside = abs(part.middle[0]) - 0.5 * part.size[0] > place.half_width - 1e-9
        behind = part.middle[1] - 0.5 * part.size[1] > place.face + place.depth - 1e-9
        assert high <= place.bottom or low >= top or beside or behind, part
    closed = rack_parts(rack)
    assert any(p.name == "trays" and p.size[2] == pytest.approx(rack.height) for p in closed)


def test_other_engines_come_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        """Another engine."""

    class Entry:
        name = "other"

        def load(self) -> type[Other]:
            return Other

    monkeypatch.setattr(backend, "entry_points", lambda group: [Entry()])
    assert isinstance(open_world("other"), Other)
    with pytest.raises(TwinError, match="pybullet, other"):
        open_world("newton")


def test_tall_load_on_a_raised_table_tips_when_braking() -> None:
    light, heavy = LOAD, Load(0.85, 0.49, 0.3, 400.0)
    raised = (1.7, 0.0, *FOLDED[2:])
    still = [Sample(0.0, 0.0, 0.0, 0.0, raised, True)]
    rolling = [*still, Sample(1.0, 0.5, 0.0, 0.0, raised, True)]
    assert tipping_margin(DESIGN, rolling, light) < tipping_margin(DESIGN, still, light)
    assert tipping_margin(DESIGN, still, heavy) > 0.0
    out = [Sample(0.0, 0.0, 0.0, 0.0, (0.0, 1.0, *FOLDED[2:]), True)]
    assert tipping_margin(DESIGN, out, heavy) < 0.0
