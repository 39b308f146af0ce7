"""Which entry drives which racks: one each, and never two without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.errors import InputError
from twin.factory import Factory
from twin.scenario import Scenario, load_scenario
from twin.simulation import Simulation

ROW = "/pilot/hall-a/row-01"
RACK = f"{ROW}/rack-01"
TRAINING = {"training": {"tokens_per_step": 1e6}}
SERVICE = {"inference": {"requests_per_second": 50.0, "arrivals": "even"}}
JOBS = {"jobs": [{"id": "a", "accelerators": 72, "duration": "1 h"}]}


def started(pilot: Factory, workload: Any, **more: Any) -> Simulation:
    data = {"workload": workload, "duration": "5 min", **more}
    return pilot.simulation(Scenario.model_validate(data))


def series(folder: Path, name: str, held: float, **keys: Any) -> dict[str, Any]:
    """A series that holds one value, of a file of its own."""
    file = folder / f"{name}.csv"
    file.write_text(f"time,v\n0,{held}\n300,{held}\n")
    return {"series": {"file": str(file), "value": "v", "quantity": "utilisation"} | keys}


# --- two entries on the same racks ----------------------------------------------------------------


@pytest.mark.parametrize("second", [TRAINING, SERVICE])
@pytest.mark.parametrize("first", [TRAINING, SERVICE])
@pytest.mark.parametrize(("one", "other"), [(ROW, ROW), (ROW, RACK), (RACK, "/")])
def test_two_entries_that_drive_the_same_racks_are_refused(
    pilot: Factory, first: Any, second: Any, one: str, other: str
) -> None:
    with pytest.raises(InputError, match="two entries drive the same racks") as caught:
        started(pilot, [{"path": one} | first, {"path": other} | second])
    error = caught.value
    assert error.key == "workload[1].path"
    assert "(workload[0]) and" in str(error.found)
    assert str(error.found).endswith(f"both for the utilisation of {RACK}")


@pytest.mark.parametrize("entry", [TRAINING, SERVICE])
def test_jobs_have_racks_that_no_other_entry_drives(pilot: Factory, entry: Any) -> None:
    with pytest.raises(InputError, match="two entries drive the same racks") as caught:
        started(pilot, [{"path": RACK} | entry], jobs=JOBS)
    assert " and jobs, both for" in str(caught.value.found)
    other = started(pilot, [{"path": RACK} | entry], jobs=JOBS | {"path": f"{ROW}/rack-02"})
    other.advance(5.0)
    assert other.state.view.rack.utilisation[1] == 1.0


@pytest.mark.parametrize(
    ("first", "second"),
    [("power", "power"), ("power", "heat"), ("utilisation", "power"), ("memory_share",) * 2],
)
def test_two_series_of_what_excludes_each_other_are_refused(
    pilot: Factory, tmp_path: Path, first: str, second: str
) -> None:
    keys = {"power": {"unit": "kW"}, "heat": {"unit": "kW"}}
    entries = [
        {"path": path} | series(tmp_path, name, 0.5, quantity=quantity, **keys.get(quantity, {}))
        for name, path, quantity in (("a", ROW, first), ("b", RACK, second))
    ]
    with pytest.raises(InputError, match="two entries drive the same racks") as caught:
        started(pilot, [{"profile": [{"utilisation": 1.0}]}, *entries])
    assert "series (workload[1]) and series (workload[2])" in str(caught.value.found)


@pytest.mark.parametrize("reverse", [False, True])
def test_series_of_a_utilisation_and_of_a_share_go_together(
    pilot: Factory, tmp_path: Path, reverse: bool
) -> None:
    entries = [series(tmp_path, "u", 0.8), series(tmp_path, "c", 0.3, quantity="compute_share")]
    simulation = started(pilot, entries[::-1] if reverse else entries)
    for _ in range(2):
        rack = simulation.state.view.rack
        assert np.allclose(rack.utilisation, 0.8)
        assert np.allclose(rack.compute_share, 0.3)
        assert np.allclose(rack.memory_share, 0.6)
        simulation.advance(10.0)


def test_a_share_that_two_entries_give_is_refused(pilot: Factory, tmp_path: Path) -> None:
    entries = [
        series(tmp_path, "u", 0.8, compute_share=0.5),
        series(tmp_path, "c", 0.3, quantity="compute_share"),
    ]
    with pytest.raises(InputError, match="two entries drive") as caught:
        started(pilot, entries)
    assert "both for the compute share of" in str(caught.value.found)
    with pytest.raises(ValueError, match="no effect with quantity: compute_share"):
        started(pilot, [series(tmp_path, "c", 0.3, quantity="compute_share", compute_share=0.2)])


@pytest.mark.parametrize("wide", [True, False])
def test_elements_of_one_series_have_racks_of_their_own(
    pilot: Factory, tmp_path: Path, wide: bool
) -> None:
    file = tmp_path / "s.csv"
    entry: dict[str, Any] = {"file": str(file), "quantity": "utilisation"}
    if wide:
        file.write_text("time,p\n0,0.5\n300,0.5\n")
        entry["columns"] = {"rack-01": "p", ROW: "p"}
    else:
        file.write_text(f"time,e,p\n0,rack-01,0.5\n0,{ROW},0.5\n300,rack-01,0.5\n300,{ROW},0.5\n")
        entry |= {"element": "e", "value": "p"}
    with pytest.raises(InputError, match="two elements drive the same racks") as caught:
        started(pilot, [{"path": ROW, "series": entry}])
    assert caught.value.found == f"{RACK} and {ROW}, both for {RACK}"


def test_series_of_one_path_that_name_other_racks_go_together(
    pilot: Factory, tmp_path: Path
) -> None:
    entries = [
        {"path": ROW} | series(tmp_path, name, value, value=None, columns={f"rack-0{number}": "v"})
        for number, (name, value) in enumerate((("a", 0.2), ("b", 0.6)), start=1)
    ]
    simulation = started(pilot, entries)
    assert np.allclose(simulation.state.view.rack.utilisation, [0.2, 0.6] + [0.0] * 6)


def test_the_line_of_the_second_entry_is_told(pilot: Factory, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "schema: twin.scenario/1\nworkload:\n"
        f"  - path: {RACK}\n    training: {{}}\n  - path: {ROW}\n    training: {{}}\n"
    )
    with pytest.raises(InputError) as caught:
        pilot.simulation(load_scenario(file))
    assert (caught.value.file, caught.value.line) == (file, 5)


# --- profiles before and after --------------------------------------------------------------------


@pytest.mark.parametrize("entry", [TRAINING, SERVICE])
def test_a_profile_is_refined_by_what_drives_a_part_of_its_racks(
    pilot: Factory, entry: Any
) -> None:
    """The driven rack works as without the profile, whose later points leave it alone."""
    profile = {"path": ROW, "profile": [{"utilisation": 0.5}, {"at": "8.5 s", "utilisation": 0.7}]}
    both = started(pilot, [profile, {"path": RACK} | entry], step="0.5 s")
    alone = started(pilot, [{"path": RACK} | entry], step="0.5 s")
    for simulation in (both, alone):
        simulation.advance(9.0)
    used = both.state.view.rack.utilisation
    assert np.allclose(used[1:], 0.7)
    assert used[0] == pytest.approx(alone.state.view.rack.utilisation[0], abs=0.02)
    assert not [event for event in both.events if "no effect" in event.message]


def test_racks_of_jobs_are_not_touched_between_two_decisions(pilot: Factory) -> None:
    profile = {"path": ROW, "profile": [{"utilisation": 0.2}, {"at": "6 s", "utilisation": 0.4}]}
    simulation = started(pilot, [profile], jobs=JOBS | {"path": RACK})
    simulation.advance(7.0)
    used = simulation.state.view.rack.utilisation
    assert used[0] == 1.0
    assert np.allclose(used[1:], 0.4)


def test_a_profile_whose_racks_are_all_driven_is_told(pilot: Factory) -> None:
    workload = [{"path": ROW, "profile": [{"utilisation": 0.5}]}, {"path": ROW} | SERVICE]
    simulation = started(pilot, workload)
    simulation.advance(60.0)
    (told,) = [event for event in simulation.events if "no effect" in event.message]
    assert (told.kind, told.path) == ("data", ROW)
    idle = started(pilot, [{"profile": [{"utilisation": 0.0}]}], jobs=JOBS)
    assert not [event for event in idle.events if "no effect" in event.message]


@pytest.mark.parametrize("entry", [TRAINING, SERVICE])
def test_a_profile_after_what_drives_its_racks_is_refused(pilot: Factory, entry: Any) -> None:
    workload = [{"path": RACK} | entry, {"path": ROW, "profile": [{"utilisation": 0.5}]}]
    with pytest.raises(InputError, match="profile would have no effect") as caught:
        started(pilot, workload)
    assert caught.value.key == "workload[1].path"


# --- shares alone, and racks of no entry ----------------------------------------------------------


def test_shares_that_no_utilisation_stands_beside_are_refused(
    pilot: Factory, tmp_path: Path
) -> None:
    share = [{"path": ROW, "profile": [{"compute_share": 0.5}]}]
    for workload in (share, [series(tmp_path, "c", 0.3, quantity="memory_share")]):
        with pytest.raises(InputError, match="would be idle") as caught:
            started(pilot, workload)
        assert caught.value.found == RACK
        assert caught.value.key == "workload[0]"
    part = [*share, {"path": RACK, "profile": [{"utilisation": 1.0}]}]
    with pytest.raises(InputError, match="would be idle") as caught:
        started(pilot, part)
    assert caught.value.found == f"{ROW}/rack-02"
    later = {"at": "1 min", "path": ROW, "set": "utilisation", "value": "50 %"}
    started(pilot, share, events=[later])
    started(pilot, [*share, {"profile": [{"utilisation": 1.0}]}])


def test_racks_without_jobs_are_idle(pilot: Factory) -> None:
    jobs = JOBS | {"path": RACK}
    simulation = pilot.simulation(Scenario.model_validate({"jobs": jobs}))
    assert simulation.state.view.rack.utilisation.tolist() == [1.0] + [0.0] * 7
    assert np.all(pilot.simulation(Scenario()).state.view.rack.utilisation == 1.0)
