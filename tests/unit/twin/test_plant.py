"""The compiler: whatever a layout says, the arrays hang together."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_layout import HALL, ROW, SMALL, changed, plant_of

from twin.errors import InputError
from twin.plant import Plant, load_plant
from twin.plant.levels import PARENTS

COUNTS = st.integers(1, 3)


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, Any]:
    """Layouts of several sites, halls and rows, liquid- and air-cooled, with overrides."""
    racks = draw(st.integers(1, 5))
    liquid = draw(st.booleans())
    changes: list[tuple[str, Any]] = [
        (f"{ROW}.racks", racks),
        (f"{ROW}.count", draw(COUNTS)),
        (f"{ROW}.facing", draw(st.sampled_from(["front", "back", "alternate"]))),
        (f"{HALL}.count", draw(COUNTS)),
        (f"{HALL}.pitch", ["60 m", "0 m"]),
        (f"{HALL}.crahs.count", draw(COUNTS)),
        ("sites.0.count", draw(COUNTS)),
        ("sites.0.pitch", ["0 m", "200 m"]),
        ("sites.0.plants.0.heat_rejection.count", draw(COUNTS)),
    ]
    if draw(st.booleans()):
        changes.append((f"{HALL}.ups", ...))
    if draw(st.booleans()):
        changes.append((f"{HALL}.transformers", ...))
    if liquid:
        rule = draw(st.sampled_from(["per_row", "racks_per_cdu"]))
        cdu = {
            "product": "vertiv-xdu1350",
            rule: draw(COUNTS),
            "place": draw(st.sampled_from(["ends", "left", "right"])),
        }
        changes.append((f"{ROW}.cdu", cdu))
    else:
        changes += [(f"{ROW}.rack", "nvidia-dgx-h100-x4"), (f"{ROW}.cdu", ...)]
    data = changed(*changes)
    if draw(st.booleans()):
        air = {
            "id": "other",
            "racks": draw(COUNTS),
            "rack": "nvidia-hgx-b200-x4",
            "position": ["4 m", "20 m"],
            "panels": {"product": "generic-panel-500", "per_row": 1},
        }
        data["sites"][0]["halls"][0]["rows"].append(air)
    return data


@pytest.fixture(scope="module")
def small() -> Plant:
    return plant_of(SMALL)


@settings(max_examples=25)
@given(layouts())
def test_the_arrays_hang_together(data: dict[str, Any]) -> None:
    plant = plant_of(data)
    c, levels = plant.constants, plant.levels
    counts = {name: level.count for name, level in levels.items()}
    # children lie in the order of their parents
    for level in levels.values():
        assert (np.diff(level.parent_index) >= 0).all()
        if level.parent is not None and level.count:
            assert level.parent_index[-1] < counts[level.parent]
    # slices cover their level
    for first, level in (
        (c.rack.first_gpu, "gpu"),
        (c.cdu.first_rack, "rack"),
        (c.row.first_rack, "rack"),
        (c.row.first_panel, "panel"),
        (c.hall.first_row, "row"),
        (c.hall.first_cdu, "cdu"),
        (c.hall.first_crah, "crah"),
        (c.hall.first_ups, "ups"),
        (c.hall.first_transformer, "hall_transformer"),
        (c.plant.first_cooler, "cooler"),
        (c.plant.first_pump, "pump"),
        (c.plant.first_chiller, "chiller"),
        (c.plant.first_transformer, "plant_transformer"),
        (c.site.first_transformer, "site_transformer"),
    ):
        assert (np.diff(first) >= 0).all()
        assert first[-1] == counts[level]
    assert c.row.first_rack[0] == 0
    assert len(c.rack.first_gpu) == counts["rack"] + 1
    assert np.array_equal(np.diff(c.rack.first_gpu), c.kinds.gpus[c.rack.kind])
    # racks, rows, halls and sites agree on who is where
    assert np.array_equal(c.row.hall[c.rack.row], c.rack.hall)
    assert np.array_equal(c.hall.site[c.rack.hall], c.rack.site)
    # every liquid-cooled rack lies in the slice of its CDU, in the same hall
    liquid = c.kinds.liquid[c.rack.kind] > 0
    assert np.array_equal(liquid, c.rack.cdu >= 0)
    for r in np.flatnonzero(liquid):
        cdu = c.rack.cdu[r]
        assert c.cdu.first_rack[cdu] <= r < c.cdu.first_rack[cdu + 1]
        assert c.cdu.hall[cdu] == c.rack.hall[r]


@settings(max_examples=15)
@given(layouts())
def test_constants_are_finite_contiguous_and_read_only(data: dict[str, Any]) -> None:
    for group in plant_of(data).constants:
        for name in group._fields:  # type: ignore[attr-defined]
            values = getattr(group, name)
            assert values.dtype in (np.float64, np.int64)
            assert values.flags.c_contiguous
            assert not values.flags.writeable
            if name != "upper":
                assert np.isfinite(values).all()


@settings(max_examples=10)
@given(layouts(), st.data())
def test_paths_lead_back(data: dict[str, Any], choice: st.DataObject) -> None:
    levels = plant_of(data).levels
    for name, level in levels.items():
        paths = list(levels.paths(name))
        assert len(paths) == len(set(paths)) == level.count
        if level.count:
            index = choice.draw(st.integers(0, level.count - 1))
            assert levels.path(name, index) == paths[index]
            assert levels.find(paths[index]) == (name, index)


def test_the_path_of_an_accelerator(small: Plant) -> None:
    path = "/site/hall/row-02/rack-03/tray-04/gpu-2"
    assert small.levels.find(path) == ("gpu", 6 * 72 + 3 * 4 + 1)
    assert small.levels.path("gpu", 6 * 72 + 13) == path


@pytest.mark.parametrize(
    ("path", "word", "suggestion"),
    [
        ("/site/hal", "hal", "hall"),
        ("/site/hall/row-3", "row-3", "row-0"),
        ("/site/hall/row-01/rack-01/tray-4/gpu-2", "tray-4/gpu-2", "tray-04/gpu-2"),
        ("/site/warm/cooler-09", "cooler-09", "cooler-0"),
        ("/site/hall/row-01/cdu-1/x", "x", "nothing lies below"),
    ],
)
def test_a_wrong_path_names_the_part_and_near_matches(
    small: Plant, path: str, word: str, suggestion: str
) -> None:
    with pytest.raises(InputError) as caught:
        small.levels.find(path)
    assert f"'{word}'" in caught.value.message
    assert suggestion in caught.value.allowed


def test_a_tray_is_there_and_has_nothing_of_its_own(small: Plant) -> None:
    with pytest.raises(InputError, match="a tray has no values and no controls") as caught:
        small.levels.find("/site/hall/row-01/rack-01/tray-04")
    assert caught.value.allowed.endswith("tray-04/gpu-1")


@pytest.mark.parametrize("path", ["", "/", "site/hall", "  "])
def test_what_is_no_path_is_refused(small: Plant, path: str) -> None:
    with pytest.raises(InputError, match="not a path"):
        small.levels.find(path)


def test_an_index_that_does_not_exist_has_no_path(small: Plant) -> None:
    with pytest.raises(IndexError):
        small.levels.path("rack", 8)
    with pytest.raises(IndexError):
        small.levels.path("gpu", -1)


def test_below_finds_all_descendants(small: Plant) -> None:
    levels = small.levels
    assert levels.below("hall", 0, "gpu").tolist() == list(range(8 * 72))
    assert levels.below("row", 1, "cdu").tolist() == [2, 3]
    assert levels.below("plant", 1, "cooler").tolist() == [3, 4]
    assert levels.below("rack", 3, "rack").tolist() == [3]
    assert levels.below("plant", 0, "rack").size == 0


def test_every_level_has_its_parent_before_it() -> None:
    names = list(PARENTS)
    for name, parent in PARENTS.items():
        assert parent is None or names.index(parent) < names.index(name)


# --- generators


def test_racks_are_shared_out_in_order() -> None:
    plant = plant_of(changed((f"{ROW}.racks", 5), (f"{ROW}.cdu.per_row", 2), (f"{ROW}.count", 1)))
    assert plant.constants.rack.cdu.tolist() == [0, 0, 0, 1, 1]
    by_three = {"product": "vertiv-xdu1350", "racks_per_cdu": 3}
    plant = plant_of(changed((f"{ROW}.racks", 5), (f"{ROW}.cdu", by_three), (f"{ROW}.count", 1)))
    assert plant.constants.rack.cdu.tolist() == [0, 0, 0, 1, 1]


def test_a_hall_finds_the_plant_of_its_number() -> None:
    data = changed(
        ("sites.0.plants.0.count", 3),
        ("sites.0.plants.0.pitch", ["100 m", "0 m"]),
        (f"{HALL}.count", 3),
        (f"{HALL}.pitch", ["100 m", "0 m"]),
        (f"{HALL}.plant", "warm-{n}"),
    )
    plant = plant_of(data)
    assert plant.levels["plant"].names[:3] == ("warm-01", "warm-02", "warm-03")
    assert plant.constants.cdu.plant.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert plant.constants.hall.air_plant.tolist() == [3, 3, 3]


def test_a_generator_may_start_at_any_number() -> None:
    plant = plant_of(changed((f"{ROW}.first", 9)))
    assert plant.levels["row"].names == ("row-09", "row-10")


# --- overrides

OVERRIDES: list[dict[str, Any]] = [
    {"path": "/site/hall/row-01/rack-02", "enabled": False},
    {"path": "/site/hall/row-01/rack-03", "cdu": "cdu-1"},
    {"path": "/site/hall/row-02/rack-04", "product": "nvidia-gb200-nvl72"},
    {"path": "/site/hall/row-02/rack-01/tray-02/gpu-3", "enabled": False},
    {"path": "/site/hall/row-02/cdu-2", "supply_temperature": "38 degC"},
    {"path": "/site/warm/pump-02", "enabled": False},
    {"path": "/site/hall/crah-03", "position": ["1 m", "7.5 m"], "yaw": "45 deg"},
]


def arrays_of(plant: Plant) -> list[np.ndarray[Any, Any]]:
    parts = [values for group in plant.constants for values in group]
    parts += [plant.initial[name] for name in sorted(plant.initial)]
    parts += [plant.out_of_service[name] for name in sorted(plant.out_of_service)]
    return [*parts, *(plant.positions(level) for level in PARENTS if level != "gpu")]


@given(st.permutations(OVERRIDES))
@settings(max_examples=10)
def test_the_order_of_overrides_does_not_matter(order: list[dict[str, Any]]) -> None:
    first = arrays_of(plant_of(changed(("overrides", OVERRIDES))))
    second = arrays_of(plant_of(changed(("overrides", order))))
    assert len(first) == len(second)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_overrides_do_what_they_say() -> None:
    plant = plant_of(changed(("overrides", OVERRIDES)))
    assert plant.out_of_service["rack"].tolist() == [1]
    assert plant.out_of_service["pump"].tolist() == [1]
    assert plant.out_of_service["gpu"].tolist() == [4 * 72 + 1 * 4 + 2]
    assert plant.constants.rack.cdu.tolist() == [0, 0, 0, 1, 2, 2, 3, 3]
    assert plant.product_ids("rack")[7] == "nvidia-gb200-nvl72"
    assert plant.initial["cdu.supply_setpoint"].tolist() == [40.0, 40.0, 40.0, 38.0]
    assert plant.positions("crah")[2].tolist() == [1.0, 7.5, 0.0]
    assert plant.yaws("crah")[2] == 45.0


def test_a_row_out_of_service_takes_its_racks_along() -> None:
    plant = plant_of(changed(("overrides", [{"path": "/site/hall/row-02", "enabled": False}])))
    assert plant.out_of_service["rack"].tolist() == [4, 5, 6, 7]


def test_an_air_cooled_rack_may_stand_between_liquid_ones() -> None:
    air = {"path": "/site/hall/row-01/rack-02", "product": "nvidia-dgx-h100-x4"}
    c = plant_of(changed(("overrides", [air]))).constants
    assert c.rack.cdu.tolist() == [0, -1, 1, 1, 2, 2, 3, 3]
    kind = c.rack.kind[1]
    assert c.kinds.flow_conductance[kind] == 0.0
    assert c.kinds.rated_flow[kind] > 0.0


# --- differences between accelerators


def test_the_spread_is_the_seed_s(small: Plant) -> None:
    same, other = plant_of(SMALL, seed=0).constants.gpu, plant_of(SMALL, seed=1).constants.gpu
    assert np.array_equal(small.constants.gpu.resistance_factor, same.resistance_factor)
    assert not np.array_equal(small.constants.gpu.resistance_factor, other.resistance_factor)


def test_an_accelerator_does_not_depend_on_what_stands_elsewhere(small: Plant) -> None:
    more = plant_of(changed((f"{ROW}.count", 3)))
    fewer_in_front = plant_of(changed((f"{ROW}.first", 2), (f"{ROW}.count", 1)))
    whole = small.constants.gpu.leakage_factor
    assert np.array_equal(more.constants.gpu.leakage_factor[: whole.size], whole)
    assert np.array_equal(fewer_in_front.constants.gpu.leakage_factor, whole[4 * 72 :])


def test_the_spread_has_the_catalogue_s_width() -> None:
    gpu = load_plant("hall").constants.gpu
    part = 128 * 72  # the liquid-cooled ones come first
    for factor, spread in ((gpu.resistance_factor, 0.05), (gpu.leakage_factor, 0.12)):
        assert factor[:part].mean() == pytest.approx(1.0, abs=4 * spread / part**0.5)
        assert factor[:part].std() == pytest.approx(spread, rel=0.05)
    assert np.abs(gpu.resistance_factor[:part] - 1.0).max() <= 3 * 0.05 + 1e-12


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed"):
        plant_of(SMALL, seed=-1)


# --- bundled layouts

EXPECTED = {"pilot": (576, 8), "hall": (9600, 140), "frontier-like": (37888, 74)}


@pytest.mark.parametrize(("name", "counts"), EXPECTED.items())
def test_bundled_counts(name: str, counts: tuple[int, int]) -> None:
    levels = load_plant(name).levels
    assert (levels["gpu"].count, levels["rack"].count) == counts


def test_frontier_like_has_25_cdus_of_three_cabinets() -> None:
    c = load_plant("frontier-like").constants
    assert np.bincount(c.rack.cdu).tolist() == [3] * 24 + [2]
    assert int(c.kinds.gpus[0]) == 128 * 4


def test_korea_has_the_announced_sizes() -> None:
    plant = load_plant("korea-260k")
    gpus = [len(plant.levels.below("site", s, "gpu")) for s in range(5)]
    assert sum(gpus) >= 260_000
    for count, announced in zip(gpus, (50_000, 50_000, 50_000, 50_000, 60_000), strict=True):
        assert announced <= count <= 1.02 * announced
    assert "is ours" in plant.layout.model.description


def test_positions_of_one_row_follow_one_another(small: Plant) -> None:
    x = small.positions("rack")[:4, 0]
    assert all(b - a == pytest.approx(0.6) for a, b in itertools.pairwise(x))
