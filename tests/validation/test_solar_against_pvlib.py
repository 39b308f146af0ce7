"""A field's day and year against pvlib's ModelChain, put together by pvlib itself."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import numpy as np
import pandas
import pytest
from pvlib import iam
from pvlib.location import Location as Place
from pvlib.modelchain import ModelChain
from pvlib.pvsystem import PVSystem

from twin.layout.models import Site
from twin.layout.solar_models import Solar
from twin.plant import load_plant
from twin.solar import clear_sunlight, field_power, sun

LOSSES = (
    "soiling", "shading", "snow", "mismatch", "wiring", "connections", "lid", "nameplate_rating",
    "age", "availability",
)  # fmt: skip
TOLERANCE = 1e-4  # of the yield: rounding of constants, not physics


def _site() -> Site:
    return load_plant("pilot-storage").sites[0]


@pytest.mark.parametrize(("tilt", "azimuth"), [(30.0, 180.0), (10.0, 90.0), (0.0, 180.0)])
def test_year_against_model_chain(
    tilt: float, azimuth: float, capsys: pytest.CaptureFixture[str]
) -> None:
    site = _site()
    times = [datetime(2026, 1, 1, 0, 30) + timedelta(hours=h) for h in range(8760)]
    position = sun(site.location, times, 9.0)
    light = clear_sunlight(position, 0.8)
    air = np.array([12.0 - 13.0 * math.cos(2 * math.pi * h / 8760) for h in range(8760)])
    solar = Solar.model_validate(
        {
            "peak_power": "1 MW",
            "inverter_power": "0.8 MW",
            "tilt": f"{tilt} deg",
            "azimuth": f"{azimuth} deg",
        }
    )
    ours = field_power(solar, azimuth, position, light, air)

    stamps = pandas.DatetimeIndex(times).tz_localize("Etc/GMT-9")
    place = site.location
    system = PVSystem(
        surface_tilt=tilt,
        surface_azimuth=azimuth,
        albedo=0.2,
        module_parameters={"pdc0": 1e6, "gamma_pdc": -0.0037},
        inverter_parameters={"pdc0": 0.8e6 / 0.96, "eta_inv_nom": 0.96},
        temperature_model_parameters={"u0": 25.0, "u1": 6.84},
        losses_parameters={**dict.fromkeys(LOSSES, 0.0), "soiling": 14.0},
    )  # fmt: skip
    chain = ModelChain(
        system,
        Place(place.latitude, place.longitude, "Etc/GMT-9", place.elevation),
        transposition_model="haydavies",
        aoi_model="physical",
        dc_model="pvwatts",
        ac_model="pvwatts",
        spectral_model="no_loss",
        temperature_model="faiman",
        losses_model="pvwatts",
    )
    weather = pandas.DataFrame(
        {
            "ghi": light.global_horizontal, "dni": light.direct_normal,
            "dhi": light.diffuse_horizontal, "temp_air": air, "wind_speed": light.wind,
        },
        index=stamps,
    )  # fmt: skip
    theirs = chain.run_model(weather).results.ac.fillna(0.0).clip(lower=0.0).to_numpy()
    error = abs(ours.sum() / theirs.sum() - 1.0)
    worst = float(np.abs(ours - theirs).max()) / 0.8e6
    with capsys.disabled():
        print(
            f"\nyear at {tilt:.0f}/{azimuth:.0f} deg: {ours.sum() / 1e9:.4f} GWh, pvlib's chain "
            f"{theirs.sum() / 1e9:.4f}; apart {error:.2e} (tolerance {TOLERANCE:g}), "
            f"hourly at most {worst:.2e} of the rating"
        )
    assert error < TOLERANCE
    assert worst < 10 * TOLERANCE


def test_published_values_of_pvwatts() -> None:
    """Glass at 0 and 90 deg, and the ratings of PVWatts 5 (Dobos 2014): 96 % at full load."""
    assert iam.physical(0.0) == pytest.approx(1.0)
    assert float(iam.physical(90.0)) == pytest.approx(0.0, abs=1e-12)
    site = _site()
    position = sun(site.location, [datetime(2026, 6, 15, 12, 30)], 9.0)
    solar = Solar.model_validate({"peak_power": "10 MW", "inverter_power": "1 MW"})
    power = field_power(solar, 180.0, position, clear_sunlight(position, 1.0), np.array([25.0]))
    assert power[0] == pytest.approx(1e6)  # clipped at the inverters' rating
