"""Photovoltaic fields: noon by hand, night, tripping and return, books, exports, power flow."""

from __future__ import annotations

import math
import subprocess
import sys
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from small_layout import changed, plant_of

from twin.layout.solar_models import Solar
from twin.plant import Plant
from twin.power.flow import solver_of
from twin.scenario import Scenario, TimedEvent, WeatherChoice
from twin.simulation import Simulation
from twin.solar import Sunlight, field_power, sun

FIELD = {"peak_power": "500 kW", "inverter_power": "400 kW"}
CLEAR = WeatherChoice.model_validate({"kind": "design-day", "sky": 1.0})
NOON = datetime(2026, 6, 15, 12, 30)


def with_sun(**keys: Any) -> Plant:
    offset = ("sites.0.location.utc_offset", 9)
    return plant_of(changed(("sites.0.solar", {**FIELD, **keys}), offset))


def run(plant: Plant, *events: dict[str, Any], start: datetime = NOON, **keys: Any) -> Simulation:
    made = tuple(TimedEvent.model_validate(event) for event in events)
    return Simulation(plant, Scenario(start=start, weather=CLEAR, events=made, **keys))


def test_noon_point_by_hand() -> None:
    """Sun overhead of the modules: 1000 W/m2 across them, no loss of angle but the glass's own."""
    site = with_sun().sites[0]
    position = sun(site.location, [datetime(2026, 3, 20, 12, 0)], site.location.longitude / 15.0)
    # equinox at local noon: the sun stands in the south at 90 deg less the latitude
    assert position["zenith"].iloc[0] == pytest.approx(site.location.latitude, abs=0.6)
    assert position["azimuth"].iloc[0] == pytest.approx(180.0, abs=4.0)
    zenith = math.radians(float(position["apparent_zenith"].iloc[0]))
    light = Sunlight(
        np.array([900.0 * math.cos(zenith) + 100.0]), np.array([900.0]), np.array([100.0]),
        np.array([2.0]),
    )  # fmt: skip
    solar = Solar.model_validate(
        {"peak_power": "1 MW", "inverter_power": "1 MW", "tilt": f"{math.degrees(zenith)} deg",
         "losses": "14 %", "albedo": 0}
    )  # fmt: skip
    power = field_power(solar, 180.0, position, light, np.array([20.0]))[0]
    # diffuse light by Hay and Davies: of 900 W/m2 outside of 1370, two thirds come with the sun
    share = 900.0 / 1376.0
    diffuse = 100.0 * (share / math.cos(zenith) + (1 - share) * 0.5 * (1 + math.cos(zenith)))
    whole = 900.0 + diffuse
    cells = 20.0 + whole / (25.0 + 6.84 * 2.0)
    direct = whole / 1000.0 * (1.0 - 0.0037 * (cells - 25.0)) * 0.86
    assert power == pytest.approx(1e6 * 0.96 * direct, rel=0.01)


def test_night_is_dark_and_noon_is_the_most() -> None:
    simulation = run(with_sun())
    hours = np.arange(0.0, 24.0, 0.5)
    start = datetime(2026, 6, 15)
    offset = (start - NOON).total_seconds()
    power = np.array([simulation.solar.at(offset + 3600.0 * h)[0] for h in hours])
    assert (power[(hours < 4.5) | (hours > 20.5)] == 0.0).all()
    assert 12.0 <= hours[int(power.argmax())] <= 13.0  # the sun is in the south at 12:30 there
    assert 0.55 * 500e3 < power.max() <= 400e3


def test_books_close_with_sun_and_exports_are_counted_apart() -> None:
    price = ("sites.0.grid.export_price", "100 won/kWh")
    offset = ("sites.0.location.utc_offset", 9)
    field = {"peak_power": "8 MW"}
    plant = plant_of(changed(("sites.0.solar", field), offset, price))
    simulation = run(plant)
    simulation.advance(300.0)
    s, ledger = simulation.state.view.site, simulation.state.view.ledger
    assert s.grid_power[0] < 0.0
    assert ledger.grid_energy[0] == 0.0 < ledger.exported_energy[0]
    given = float(ledger.solar_energy[0] - ledger.exported_energy[0])
    main = float(s.transformer_loss[0])
    assert given == pytest.approx(float(ledger.facility_energy[0]), rel=1e-9)
    assert main >= 0.0
    earned = float(ledger.exported_energy[0]) * 100.0 / 3.6e6
    assert ledger.cost[0] == pytest.approx(-earned, rel=1e-9)
    assert ledger.carbon[0] == 0.0
    assert abs(simulation.energy_residual()) < 1e-9


def test_grid_power_is_less_by_what_the_sun_gives() -> None:
    sunny, plain = run(with_sun()), run(plant_of(changed()))
    for simulation in (sunny, plain):
        simulation.advance(60.0)
    a, b = sunny.state.view.site, plain.state.view.site
    assert a.facility_power[0] == pytest.approx(b.facility_power[0], rel=1e-3)
    assert b.grid_power[0] - a.grid_power[0] == pytest.approx(a.solar_power[0], rel=0.02)
    flow = solver_of(sunny.plant).at(sunny.state)
    power, _ = flow.connection()
    assert power[0] == pytest.approx(a.grid_power[0], rel=0.02)


def test_inverters_trip_with_the_grid_and_return_after_five_minutes() -> None:
    plant = plant_of(
        changed(
            ("sites.0.solar", FIELD),
            ("sites.0.location.utc_offset", 9),
            ("sites.0.generators", {"product": "generic-diesel-generator-3000", "count": 2}),
        )
    )
    simulation = run(
        plant,
        {"at": "10 s", "path": "/site", "inject": "utility-loss"},
        {"at": "60 s", "path": "/site", "clear": "utility-loss"},
        {"at": "500 s", "path": "/site", "set": "dip_voltage", "value": 0.8},
        {"at": "500 s", "path": "/site", "set": "dip_duration", "value": "5 s"},
    )
    powers = []
    for _ in range(600):
        simulation.advance(1.0)
        powers.append(float(simulation.state.view.site.solar_power[0]))
    assert min(powers[:10]) > 2e5
    assert max(powers[10:359]) == 0.0
    assert min(powers[361:]) > 2e5  # from 70 % of the voltage they ride through
    told = [event for event in simulation.events if event.kind == "solar"]
    assert [round(event.time) for event in told] == [10, 360]


def test_nobody_loads_the_solar_library_without_a_field() -> None:
    code = "import sys, twin, twin.simulation, twin.solar; sys.exit('pvlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
