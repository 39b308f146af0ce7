"""The fast window over a part of a factory: means, storage, limits, interruptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_layout import ROW, changed, plant_of
from typer.testing import CliRunner

from physics.electrical.waveform import SwingShape
from twin.cli.commands import app
from twin.errors import InputError
from twin.plant import load_plant
from twin.power import transient
from twin.power.transient import Interruption, Window, window
from twin.power.utility_limit import load_limit
from twin.steady import OperatingPoint, solve

MAIN = ("sites.0.transformers", {"product": "generic-transformer-154kv-60mva", "count": 2})
HIGH = ("sites.0.grid.voltage", "154 kV")
RAMP = ("sites.0.grid.ramp_limit", "3 MW/min")


def battery(energy: str = "10 MWh") -> tuple[tuple[str, Any], tuple[str, Any]]:
    product = {"extends": "generic-battery-5mw-10mwh", "id": "pack", "energy": energy}
    return ("products", [product]), ("sites.0.battery", {"product": "pack", "count": 1})


@pytest.fixture(scope="module")
def small() -> OperatingPoint:
    return solve(plant_of(changed(RAMP)))


def swing(frequency: float, **shape: Any) -> SwingShape:
    return SwingShape(period=1.0 / frequency, **shape)


def of(point: OperatingPoint, path: str = "/site", **more: Any) -> Window:
    return window(point.plant, point.state, path, **{"seconds": 20.0, **more})


@pytest.mark.parametrize("plant", ["pilot", "hall", "small"])
def test_a_steady_load_gives_the_power_of_the_coupled_step(plant: str) -> None:
    point = solve(plant_of(changed(MAIN, HIGH)) if plant == "small" else load_plant(plant))
    path = point.plant.levels.path("site", 0)
    steady = of(point, path, shape=swing(1.0, communication_level=1.0), capacitors=0.0)
    drawn = float(point.state.view.site.grid_power[0])
    assert steady.result.grid_power == pytest.approx(drawn, rel=1e-4)
    hall = of(point, point.plant.levels.path("hall", 0), shape=swing(1.0, communication_level=1.0))
    assert hall.mean == pytest.approx(float(point.state.view.hall.power[0]), rel=1e-4)


@pytest.mark.parametrize("frequency", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("capacitors", [0.0, 1.0])
@pytest.mark.parametrize("path", ["/site", "/site/hall/row-01/rack-02"])
def test_the_mean_is_that_of_the_slow_model(
    small: OperatingPoint, frequency: float, capacitors: float, path: str
) -> None:
    found = of(small, path, shape=swing(frequency, peak_level=1.2, peak_share=0.05),
               capacitors=capacitors)  # fmt: skip
    assert abs(found.mean_residual) < 1e-3
    assert abs(found.result.residual) < 1e-9
    # the swing itself is there: half of the accelerators' power and more
    assert np.ptp(found.result.load_power) > 0.4 * found.result.load_power.mean()


def test_capacitors_flatten_only_what_their_energy_allows(small: OperatingPoint) -> None:
    left = []
    for frequency in (0.5, 2.0, 12.0):
        with_them, without = (
            of(small, shape=swing(frequency), capacitors=c, skew=0.0, step=0.002)
            for c in (1.0, 0.0)
        )
        assert with_them.flattened_above == pytest.approx(
            # duty 0.6, 65 % of the accelerators' power, half of 65 J each
            0.6 * 0.4 * 0.65 * small.state.view.rack.gpu_power.sum() / (0.5 * 8 * 4680.0)
        )
        left.append(np.std(with_them.result.grid_power) / np.std(without.result.grid_power))
    slow, middle, fast = left
    assert slow > 0.9 > middle > fast
    assert fast < 0.2


def test_a_site_battery_holds_the_ramp_while_it_can() -> None:
    limit = 3e6 / 60.0
    checks = []
    for energy in ("10 MWh", "0.02 kWh"):
        point = solve(plant_of(changed(RAMP, *battery(energy))))
        found = of(point, shape=swing(0.2), seconds=60.0)
        assert abs(found.result.residual) < 1e-9
        checks.append(found.checks[0])
        # before the battery the swing is the same
        assert np.ptp(found.result.site_power) > 0.3 * found.result.site_power.mean()
    large, small = checks
    assert large.met
    assert large.value == pytest.approx(limit, rel=0.05)
    assert not small.met
    assert small.limit == limit
    bare = of(point, shape=swing(0.2), seconds=60.0, battery=False)
    assert bare.battery_energy == 0.0 < bare.checks[0].value


def test_interruptions_are_bridged_as_long_as_hold_up_and_backup_last() -> None:
    plain = solve(plant_of(changed()))
    bank = (f"{ROW}.backup", {"product": "ocp-orv3-bbu-33kw", "per_rack": 5})
    backed = solve(plant_of(changed(bank)))
    rack = "/site/hall/row-01/rack-02"

    def lost(point: OperatingPoint, duration: float) -> Window:
        return of(point, rack, shape=swing(1.0), step=0.001, seconds=5.0,
                  interruption=Interruption(2.2, duration), capacitors=0.0)  # fmt: skip

    assert lost(plain, 0.018).lost_racks == 0
    assert lost(plain, 0.2).lost_racks == 1
    carried = lost(backed, 0.2)
    assert carried.lost_racks == 0
    assert carried.result.stored_change[2] < 0.0
    during = (carried.time > 2.25) & (carried.time < 2.35)
    assert np.all(carried.result.grid_power[during] == 0.0)


def test_racks_followed_by_row_are_racks(
    small: OperatingPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    single = of(small, skew=0.0)
    monkeypatch.setattr(transient, "SINGLE_RACKS", 1)
    rows = of(small, skew=0.0)
    assert rows.result.rack_peak.shape == (2,)
    assert rows.result.grid_power == pytest.approx(single.result.grid_power, rel=1e-6)
    assert rows.racks == single.racks == 8


def test_spread_iterations_swing_less(small: OperatingPoint) -> None:
    together, apart = (of(small, skew=skew, capacitors=0.0) for skew in (0.0, 1.0))
    assert np.std(apart.result.grid_power) < 0.7 * np.std(together.result.grid_power)


def test_the_operators_limit_is_read_and_judged(small: OperatingPoint, tmp_path: Path) -> None:
    file = tmp_path / "limit.yaml"
    file.write_text(
        "schema: twin.utility-limit/1\nramp_rate: 60 MW/min\ndynamic_range: 10 kW\n"
        "bands:\n  - {from: 0.5 Hz, to: 1.5 Hz, amplitude: 1 kW}\n"
        "  - {from: 40 Hz, to: 90 Hz, amplitude: 1 kW}\n"
    )
    limit = load_limit(file)
    assert limit.ramp_rate == pytest.approx(1e6)
    found = of(small, limit=limit)
    met = {row.quantity: row.met for row in found.checks}
    assert met == {
        "ramp rate": True,
        "dynamic range": False,
        "amplitude 0.5 to 1.5 Hz": False,
        "amplitude 40 to 50 Hz": True,
    }
    file.write_text("schema: twin.utility-limit/1\nbands: [{from: 2 Hz, to: 1 Hz, amplitude: 1 W}]")
    with pytest.raises(InputError, match="end must lie above"):
        load_limit(file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"path": "/site/warm/pump-1"}, "no"),
        ({"path": "/site/warm"}, "no racks at this path"),
        ({"step": 0.1}, "step out of range"),
        ({"seconds": 0.1}, "window out of range"),
        ({"seconds": 1e6}, "window out of range"),
    ],
)
def test_what_cannot_be_followed_is_told(
    small: OperatingPoint, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        of(small, **{"path": "/site", **change})


def test_command(tmp_path: Path) -> None:
    picture = tmp_path / "swing.png"
    arguments = ["transient", "pilot", "--seconds", "10s", "--json", "--plot", str(picture)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1  # the ramp limit of the layout is not met without a battery
    figures = json.loads(done.stdout)
    assert figures["racks"] == 8
    assert abs(figures["mean_residual"]) < 1e-3
    assert [row["quantity"] for row in figures["limits"]] == ["ramp rate", "dynamic range"]
    bands = {row["from_hz"]: row["amplitude_w"] for row in figures["load"]["bands"]}
    assert bands[1.0] > bands[3.0] > 0.0
    assert picture.read_bytes().startswith(b"\x89PNG")
    rack = ["transient", "pilot", "--scope", "/pilot/hall-a/row-01/rack-01", "--seconds", "5s"]
    assert CliRunner().invoke(app, rack).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--frequency", "100"], "does not resolve such fast iterations"),
        (["--frequency", "1e9"], "up to 25 Hz, or a shorter step (from 1 ms on)"),
        (["--frequency", "0.01"], "an iteration takes longer than the window"),
        (["--interrupt", "100s:15ms"], "the interruption comes after the window"),
    ],
)
def test_a_window_refuses_what_it_would_not_show(arguments: list[str], words: str) -> None:
    told = CliRunner().invoke(app, ["transient", "pilot", *arguments])
    assert isinstance(told.exception, InputError)
    assert words in str(told.exception)


@pytest.mark.parametrize("option", ["--communication=35", "--peak=50", "--jitter=5",
                                    "--compute-share=60", "--frequency=0"])  # fmt: skip
def test_a_share_of_the_swing_is_no_percentage(option: str) -> None:
    told = CliRunner().invoke(app, ["transient", "pilot", option])
    assert told.exit_code == 2
    assert "is out of range" in told.stderr


def test_a_shorter_step_resolves_faster_iterations(small: OperatingPoint) -> None:
    found = of(small, shape=swing(100.0), step=0.001, seconds=2.0, skew=0.0, capacitors=0.0)
    assert np.ptp(found.result.load_power) > 0.3 * found.result.load_power.mean()
