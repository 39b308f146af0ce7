"""Racks in earthquakes: what is asked, what they do, and that it is the same every time."""

from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from usd_stages import small

from physics.rigid_laws import GRAVITY, rocking_onset, sliding_under_pulse
from physics.rigid_laws_motion import response_spectrum
from twin.cli.commands import app
from twin.errors import InputError
from twin.plant.plant import Plant, compile_plant
from twin.rigid.ground_motion import CODES, STEP, TRUST, Demand, ground_motion, kds_zone
from twin.rigid.outlines import equipment_of
from twin.rigid.seismic import rows_to_shake, shake

pytest.importorskip("pybullet")

ROW = "/busan/hall-01/row-02"
RACK_WIDTH, RACK_HEIGHT = 0.6, 2.236


@pytest.fixture(scope="module")
def plant() -> Plant:
    return compile_plant(small())


def pulse(acceleration: float, duration: float, axis: int = 0, total: float = 1.5) -> np.ndarray:
    """A rectangular pulse along an axis [m/s2], then rest."""
    motion = np.zeros((round(total / STEP), 3))
    motion[: round(duration / STEP), axis] = acceleration
    return motion


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"code": "fema"}, "unknown code"),
        ({"zone": "III"}, "unknown zone"),
        ({"soil": "S6"}, "unknown soil"),
        ({"height_ratio": 1.5}, "between ground"),
        ({"scale": 0.0}, "out of range"),
    ],
)
def test_unknown_demands_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Demand(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "latitude", "longitude", "zone"),
    [
        ("Seoul", 37.57, 126.98, "I"),
        ("Busan", 35.18, 129.07, "I"),
        ("Haenam", 34.57, 126.60, "I"),
        ("Wonju", 37.34, 127.92, "I"),
        ("Gangneung", 37.75, 128.88, "I"),
        ("Jeju", 33.50, 126.53, "II"),
        ("Chuncheon", 37.88, 127.73, "II"),
        ("Sokcho", 38.21, 128.59, "II"),
        ("Inje", 38.07, 128.17, "II"),
        ("Tokyo", 35.68, 139.69, None),
        ("Oak Ridge", 35.93, -84.31, None),
    ],
)
def test_zone_of_a_place(place: str, latitude: float, longitude: float, zone: str | None) -> None:
    """Towns that the code's table names."""
    assert kds_zone(latitude, longitude) == zone, place


def test_command_takes_the_zone_of_the_site(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(["seismic", "pilot", "--anchored", "--json"])
    data = json.loads(capsys.readouterr().out)
    assert data["demand"]["zone"] == "I"
    assert data["zone_from"] == "site"
    assert "not checked" in data["trust"]
    assert set(TRUST) == set(CODES)


def test_soil_and_zone_matter() -> None:
    assert Demand(zone="I").design_accelerations[0] > Demand(zone="II").design_accelerations[0]
    soft, hard = Demand(soil="S5").design_accelerations, Demand(soil="S1").design_accelerations
    assert soft[1] > hard[1]


def test_motion_fits_the_demand_along_every_axis() -> None:
    demand = Demand("ac156")
    motion = ground_motion(demand, 4)
    frequencies, required = demand.spectrum()
    band = frequencies >= 1.3
    for axis, share in ((0, 1.0), (1, 1.0), (2, 2.0 / 3.0)):
        achieved = response_spectrum(motion[:, axis], STEP, frequencies[band], demand.damping)
        ratio = achieved / (share * required[band])
        assert ratio.min() > 0.84
        assert ratio.max() < 1.36
    correlation = np.corrcoef(motion.T)
    assert np.abs(correlation[~np.eye(3, dtype=bool)]).max() < 0.2
    np.testing.assert_array_equal(motion, ground_motion(demand, 4))


def test_nothing_moves_below_friction_and_onset(plant: Plant) -> None:
    limit = min(0.3 * GRAVITY, rocking_onset(0.5 * RACK_WIDTH, 0.5 * RACK_HEIGHT))
    result = shake(plant, Demand(), friction=0.3, row=ROW, motion=pulse(0.9 * limit, 0.5))
    assert result.largest_slide < 1e-3
    assert result.fallen == 0
    assert all(response.findings == () for response in result.responses)


def test_cabinets_slide_together_like_newmark_blocks(plant: Plant) -> None:
    """Across the row they neither lean on each other nor rock: depth 1.07 m, friction 0.2."""
    result = shake(plant, Demand(), friction=0.2, row=ROW, motion=pulse(4.0, 0.2, axis=1))
    expected = sliding_under_pulse(4.0, 0.2, 0.2)
    for response in result.responses:
        assert response.slide == pytest.approx(expected, rel=0.02)
        assert response.tilt < 0.5


def test_strong_shaking_tips_racks_that_grip(plant: Plant) -> None:
    """Over their depth; along the row they lean on each other and stand."""
    along = shake(plant, Demand(), friction=1.2, row=ROW, motion=pulse(7.0, 0.8, total=2.0))
    assert along.fallen == 0
    motion = pulse(7.0, 1.0, axis=1, total=2.5)
    result = shake(plant, Demand(), friction=1.2, row=ROW, motion=motion)
    assert result.fallen >= 1
    assert any("falls" in response.findings for response in result.responses)
    assert any(response.struck and response.force > 0.0 for response in along.responses)


def test_anchored_racks_stand(plant: Plant) -> None:
    motion = pulse(7.0, 0.8, total=2.0)
    result = shake(plant, Demand(), anchored=True, row=ROW, motion=motion, frequency=8.0)
    assert result.fallen == 0
    assert result.largest_slide == 0.0
    rack = next(response for response in result.responses if "/rack-" in response.path)
    # a sudden acceleration doubles the displacement a / w^2 of the centre; the top moves twice that
    steady = 7.0 / (2 * math.pi * 8.0) ** 2
    assert rack.sway == pytest.approx(2 * (1 + math.exp(-0.05 * math.pi)) * steady, rel=0.03)
    assert rack.anchor_tension > 0.0


def test_softer_cabinets_sway_more(plant: Plant) -> None:
    motion = pulse(3.0, 0.6)
    sways = [
        shake(plant, Demand(), anchored=True, row=ROW, motion=motion, frequency=f).responses[0].sway
        for f in (3.0, 6.0, 12.0)
    ]
    assert sways[0] > sways[1] > sways[2]


def test_same_shaking_same_answer(plant: Plant) -> None:
    motion = pulse(5.0, 0.5, total=1.2) + pulse(2.0, 0.7, axis=1, total=1.2)
    first = shake(plant, Demand(), friction=0.6, row=ROW, motion=motion)
    second = shake(plant, Demand(), friction=0.6, row=ROW, motion=motion)
    assert [asdict(r) for r in first.responses] == [asdict(r) for r in second.responses]


def test_rows_that_look_the_same_are_shaken_once(plant: Plant) -> None:
    equipment = equipment_of(plant)
    rows = list(rows_to_shake(plant, equipment))
    # four rows of the halls (one with a turned rack, one with another product), two of the annex
    assert 3 <= len(rows) < plant.levels["row"].count
    assert len(list(rows_to_shake(plant, equipment, ROW))) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"row": "/busan/hall-01"}, "not a row"),
        ({"row": "/busan/none"}, "no 'none'"),
        ({"friction": 0.0}, "friction"),
        ({"frequency": 0.1}, "frequency"),
    ],
)
def test_bad_requests_are_refused(plant: Plant, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        shake(plant, Demand(), **options)  # type: ignore[arg-type]
