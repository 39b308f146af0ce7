"""``twin solve`` as people call it."""

from __future__ import annotations

import json

import pytest
from live_server import twin

WARM = "/pilot/warm"
CDU = "/pilot/hall-a/row-01/cdu-1"


def test_json_is_one_object_with_every_plant_and_cdu() -> None:
    code, out, error = twin("solve", "pilot", "--json")
    assert (code, error) == (0, "")
    answer = json.loads(out)
    assert answer["layout"] == "pilot"
    assert answer["residual_k"] < 1e-4
    assert 1.05 < answer["pue"] < 1.25
    assert answer["cdu"][CDU]["supply_temperature"] == pytest.approx(40.0, abs=0.02)
    assert set(answer["plant"]) == {WARM, "/pilot/chilled"}
    rack = answer["rack"]["temperature"]
    assert rack["lowest"] <= rack["mean"] <= rack["highest"] < 87.0


def test_set_points_weather_and_faults_are_taken() -> None:
    code, out, _ = twin(
        "solve", "pilot", "--json", "--set", f"{WARM}:supply_setpoint=34degC",
        "--inject", f"{CDU}:fouling", "--dry-bulb", "10degC", "--wet-bulb", "7 degC",
    )  # fmt: skip
    assert code == 0
    answer = json.loads(out)
    assert answer["plant"][WARM]["supply_temperature"] == pytest.approx(34.0, abs=0.05)
    assert answer["site"]["/pilot"]["dry_bulb_temperature"] == 10.0
    clean = answer["cdu"][CDU.replace("cdu-1", "cdu-2")]
    assert answer["cdu"][CDU]["valve"] > clean["valve"]


def test_people_see_tables_of_the_site_its_plants_and_cdus() -> None:
    code, out, _ = twin("solve", "pilot", "--scenario", "winter-free-cooling")
    assert code == 0
    for words in ("operating point", "PUE", "Plants", "CDUs", "/pilot/warm", "rounds"):
        assert words in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--inject", f"{CDU}:trip"), 3, "heat has no way out"),
        (("--set", "supply=3"), 2, "--set is not understood"),
        (("--set", f"{WARM}:supply_setpoint"), 2, "has no value"),
        (("--set", f"{WARM}:supply_setpoint=34kW"), 2, "does not convert"),
        (("--inject", f"{WARM}:gremlins"), 2, "unknown fault"),
        (("--dry-bulb", "warm"), 2, "--dry-bulb"),
        (("--scenario", "nothing"), 2, "scenario not found"),
    ],
)
def test_what_cannot_be_is_told_in_one_message(
    words: tuple[str, ...], code: int, message: str
) -> None:
    found, out, error = twin("solve", "pilot", *words)
    assert (found, out) == (code, "")
    assert message in error
    assert "Traceback" not in error
