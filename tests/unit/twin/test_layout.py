"""Layout files: what is read, what is refused and where the message points, and the digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_layout import FILE, HALL, ROW, SMALL, changed, layout_of, line_of, plant_of

from twin.catalog.specs import Rack
from twin.errors import InputError
from twin.layout import bundled_layouts, load_layout
from twin.layout.models import LayoutModel
from twin.layout.names import numbered, unit_names


def refused(data: dict[str, Any], *, compiled: bool = False) -> InputError:
    with pytest.raises(InputError) as caught:
        plant_of(data) if compiled else layout_of(data)
    assert caught.value.file == FILE
    assert caught.value.line is not None
    return caught.value


@pytest.mark.parametrize("name", sorted(bundled_layouts()))
def test_bundled_layouts_load_by_bare_name(name: str) -> None:
    layout = load_layout(name)
    assert layout.name == name
    assert layout.model.title


def test_an_unknown_layout_gets_near_matches() -> None:
    with pytest.raises(InputError, match="layout not found") as caught:
        load_layout("pilto")
    assert "pilot" in caught.value.allowed


def test_a_folder_is_not_a_layout(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        load_layout(tmp_path)


def test_quantities_arrive_in_si() -> None:
    site = layout_of(SMALL).model.sites[0]
    assert site.grid.voltage == 22900.0
    assert site.halls[0].rows[0].supply_temperature == 40.0


# --- refusals: each names file, line, key, found and allowed


def test_an_unknown_product_gets_near_matches() -> None:
    data = changed((f"{ROW}.rack", "nvidia-gb300-nvl27"))
    error = refused(data)
    assert error.message == "unknown product"
    assert error.key == "sites[0].halls[0].rows[0].rack"
    assert error.line == line_of(data, "sites", 0, "halls", 0, "rows", 0, "rack")
    assert error.found == "nvidia-gb300-nvl27"
    assert "nvidia-gb300-nvl72" in error.allowed


def test_a_product_of_the_wrong_class() -> None:
    error = refused(changed((f"{ROW}.cdu.product", "generic-pump-60")))
    assert error.message == "a product of the wrong class"
    assert error.key.endswith("cdu.product")
    assert "class pump" in error.found
    assert "class cdu" in error.allowed


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (f"{ROW}.supply_temperature", "40 kW", "does not convert"),
        (f"{ROW}.supply_temperature", 40, "no unit"),
        (f"{ROW}.pitch", "3 parsecs per", "unit"),
        ("sites.0.grid.voltage", "-5 V", "greater than 0"),
        (f"{ROW}.racks", 0, "greater than 0"),
        (f"{HALL}.recirculation", "140 %", "less than"),
        ("sites.0.location.latitude", 137.5, "less than or equal to 90"),
    ],
)
def test_wrong_units_and_values(key: str, value: Any, words: str) -> None:
    data = changed((key, value))
    error = refused(data)
    assert words in error.message
    assert error.line == line_of(data, *[int(w) if w.isdigit() else w for w in key.split(".")])
    assert str(value) in error.found


def test_an_unknown_key_gets_near_matches() -> None:
    error = refused(changed((f"{ROW}.suply_temperature", "40 degC")))
    assert error.message == "unknown key"
    assert "supply_temperature" in error.allowed


def test_a_missing_key_is_described() -> None:
    error = refused(changed(("sites.0.plants.0.pumps", ...)))
    assert error.key == "sites[0].plants[0].pumps"
    assert "pumps" in error.allowed


def test_another_schema_is_refused() -> None:
    error = refused(changed(("schema", "twin.layout/9")))
    assert error.key == "schema"
    assert "twin.layout/1" in error.allowed


def test_cdus_are_counted_by_one_rule_only() -> None:
    error = refused(changed((f"{ROW}.cdu.racks_per_cdu", 2)))
    assert "either per_row or racks_per_cdu" in error.message


def test_an_unknown_plant() -> None:
    error = refused(changed((f"{HALL}.plant", "worm")), compiled=True)
    assert (error.message, error.found) == ("unknown plant", "worm")
    assert "warm" in error.allowed


def test_a_liquid_rack_without_cdu() -> None:
    error = refused(changed((f"{ROW}.cdu", ...)), compiled=True)
    assert error.message == "a liquid-cooled rack without a CDU"
    assert "row-01/rack-01" in error.found


def test_an_air_cooled_row_needs_no_cdu() -> None:
    plant = plant_of(changed((f"{ROW}.cdu", ...), (f"{ROW}.rack", "nvidia-dgx-h100-x4")))
    assert (plant.constants.rack.cdu == -1).all()


def test_a_row_without_feed() -> None:
    error = refused(changed((f"{ROW}.panels", ...)), compiled=True)
    assert error.message == "a row without a feed"


def test_two_racks_in_one_place() -> None:
    error = refused(changed((f"{ROW}.pitch", "0.5 m")), compiled=True)
    assert error.message == "two racks in one place"
    assert "/site/hall/row-01/rack-01 and /site/hall/row-02/rack-01" in error.found
    error = refused(changed((f"{ROW}.rack_pitch", "0.4 m")), compiled=True)
    assert "rack-01 and /site/hall/row-01/rack-02" in error.found


def test_a_moved_rack_that_hits_another_points_to_the_override() -> None:
    data = changed(
        (
            "overrides",
            [
                {"path": "/site/hall/row-01/rack-01", "enabled": False},
                {"path": "/site/hall/row-02/rack-04", "position": ["7.0 m", "3.6 m"]},
            ],
        )
    )
    error = refused(data, compiled=True)
    assert error.message == "two racks in one place"
    assert error.line == line_of(data, "overrides", 1)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ([("sites.0.plants.1.id", "warm"), (f"{HALL}.air_plant", "warm")], "warm"),
        ([("sites.0.halls.0.id", "warm")], "warm"),
        ([(f"{ROW}.id", "crah"), (f"{ROW}.count", 4)], "crah-01"),
    ],
)
def test_names_must_differ(changes: list[tuple[str, Any]], name: str) -> None:
    error = refused(changed(*changes), compiled=True)
    assert error.message == "a name used twice"
    assert error.found == name


def test_an_unknown_coolant_names_what_is_allowed() -> None:
    with pytest.raises(InputError) as caught:
        plant_of(changed((f"{ROW}.coolant", "soup")))
    assert "PG25" in caught.value.allowed
    assert caught.value.file == FILE


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"path": "/site/hall/row-01/rack-9", "enabled": False}, "no 'rack-9'"),
        ({"path": "/site/hall", "supply_temperature": "20 degC"}, "no such set point"),
        ({"path": "/site/hall/crah-01", "product": "generic-fan-wall-450"}, "cannot be of another"),
        ({"path": "/site/hall/row-01/rack-01", "product": "vertiv-xdu1350"}, "wrong class"),
        ({"path": "/site/hall/row-01/rack-01", "cdu": "cdu-7"}, "unknown CDU"),
        ({"path": "/site/hall/row-01/panel-1", "cdu": "cdu-1"}, "not fed by a CDU"),
        ({"path": "/site/hall", "position": ["1 m", "1 m"]}, "not moved"),
        ({"path": "/site", "enabled": False}, "not switched off"),
        ({"path": "/site/hall/row-01/rack-01/tray-99/gpu-1", "enabled": False}, "no 'tray-99"),
    ],
)
def test_refused_overrides(override: dict[str, Any], words: str) -> None:
    data = changed(("overrides", [override]))
    with pytest.raises(InputError) as caught:
        plant_of(data)
    assert words in caught.value.message


def test_an_element_is_overridden_once() -> None:
    twice = {"path": "/site/hall/row-01/rack-01", "enabled": False}
    error = refused(changed(("overrides", [twice, twice])), compiled=True)
    assert error.message == "an element overridden twice"


def test_racks_of_a_cdu_must_stand_together() -> None:
    data = changed(("overrides", [{"path": "/site/hall/row-01/rack-01", "cdu": "cdu-2"}]))
    assert "must stand together" in refused(data, compiled=True).message


# --- products of a layout


def own_rack(**keys: Any) -> dict[str, Any]:
    rack = {"extends": "nvidia-gb300-nvl72", "id": "own", **keys}
    return changed(("products", [rack]), (f"{ROW}.rack", "own"))


def test_a_product_may_extend_another() -> None:
    layout = layout_of(own_rack(provisioned_power="150 kW", trays={"pitch": "50 mm"}))
    rack, base = (
        layout.product("own", Rack),
        load_layout("pilot").product("nvidia-gb300-nvl72", Rack),
    )
    assert rack.provisioned_power == 150e3
    assert rack.trays.pitch == 0.05
    assert rack.trays.order == base.trays.order
    assert rack.mass == base.mass


def test_an_extension_may_be_extended_and_replace_a_catalogue_product() -> None:
    data = changed(
        (
            "products",
            [
                {"extends": "nvidia-gb300-nvl72", "id": "first", "mass": "2000 kg"},
                {"extends": "first", "id": "nvidia-gb300-nvl72", "title": "changed"},
            ],
        ),
    )
    rack = layout_of(data).product("nvidia-gb300-nvl72", Rack)
    assert (rack.mass, rack.title) == (2000.0, "changed")


def test_errors_in_own_products_point_into_the_layout() -> None:
    data = own_rack(rated_power="150 K")
    error = refused(data)
    assert error.key == "products[0].rated_power"
    assert error.line == line_of(data, "products", 0, "rated_power")
    error = refused(changed(("products", [{"extends": "nothing", "id": "x"}])))
    assert error.key == "products[0].extends"
    error = refused(changed(("products", [{"title": "no id"}])))
    assert error.key == "products[0].id"
    two = {"extends": "nvidia-gb300-nvl72", "id": "x"}
    assert "twice" in refused(changed(("products", [two, two]))).message


def test_an_unknown_accelerator_of_an_own_rack() -> None:
    with pytest.raises(InputError, match="unknown accelerator") as caught:
        layout_of(own_rack(accelerator="nvidia-b300"))
    assert "nvidia-b300-gb300" in caught.value.allowed


# --- digest


def test_the_digest_does_not_depend_on_how_quantities_are_written() -> None:
    assert layout_of(changed((f"{ROW}.pitch", "3 m"))).digest == (
        layout_of(changed((f"{ROW}.pitch", "3000 mm"))).digest
    )


def test_the_digest_covers_layout_and_products_used() -> None:
    digests = {
        layout_of(data).digest
        for data in (
            SMALL,
            changed((f"{ROW}.supply_temperature", "41 degC")),
            changed((f"{ROW}.racks", 5)),
            changed(
                (
                    "products",
                    [
                        {
                            "extends": "nvidia-gb300-nvl72",
                            "id": "nvidia-gb300-nvl72",
                            "mass": "1 t",
                        },
                    ],
                )
            ),
            changed(
                (
                    "products",
                    [
                        {
                            "extends": "nvidia-b300-gb300",
                            "id": "nvidia-b300-gb300",
                            "die_resistance": "0.02 K/W",
                        },
                    ],
                )
            ),
        )
    }
    assert len(digests) == 5


def test_an_unused_product_does_not_change_the_digest() -> None:
    unused = changed(("products", [{"extends": "generic-pump-60", "id": "spare-part"}]))
    assert layout_of(unused).digest == layout_of(SMALL).digest


# --- names and schema


def test_numbers_are_padded_to_the_largest() -> None:
    assert numbered("rack", 7, 12) == "rack-07"
    assert numbered("rack", 7, 128) == "rack-007"
    assert unit_names("cdu", 2) == ["cdu-1", "cdu-2"]
    assert unit_names("hall_transformer", 1) == ["transformer-01"]


def test_every_key_of_the_schema_is_described() -> None:
    schema = LayoutModel.model_json_schema(by_alias=True)
    models = {"LayoutModel": schema, **schema["$defs"]}
    for model, definition in models.items():
        for key, field in definition.get("properties", {}).items():
            assert field.get("description"), f"{model}.{key}"
