"""Moist-air laws against psychrolib on a grid, and against the ASHRAE Handbook's tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import psychrolib
import pytest

from physics import psychrometrics as ps

GRID = list(
    itertools.product((-25.0, -5.0, 8.0, 24.0, 38.0, 55.0), (0.05, 0.4, 0.9), (101_325.0, 80_000.0))
)
# Once for the module: each call makes psychrolib compile its functions anew.
psychrolib.SetUnitSystem(psychrolib.SI)
SOURCE = "psychrolib 2.5 (ASHRAE Fundamentals 2017)"


@pytest.mark.parametrize(("t", "rh", "p"), GRID)
def test_grid(accuracy: Callable[..., None], t: float, rh: float, p: float) -> None:
    w = ps.humidity_ratio_from_relative_humidity(t, rh, p)
    at = f"at {t:g} degC, {100 * rh:g} %, {p:g} Pa"
    theirs = psychrolib.GetHumRatioFromRelHum(t, rh, p)
    accuracy(f"humidity ratio {at}", w, theirs, 1e-12, "kg/kg", SOURCE, relative=True)
    # psychrolib iterates wet bulb and dew point to 0.001 K.
    bulb = psychrolib.GetTWetBulbFromHumRatio(t, theirs, p)
    accuracy(f"wet bulb {at}", ps.wet_bulb(t, w, p), bulb, 1e-3, "degC", SOURCE)
    dew = psychrolib.GetTDewPointFromHumRatio(t, theirs, p)
    accuracy(f"dew point {at}", ps.dew_point(w, p), dew, 1e-3, "degC", SOURCE)
    enthalpy = psychrolib.GetMoistAirEnthalpy(t, theirs)
    accuracy(f"enthalpy {at}", ps.moist_air_enthalpy(t, w), enthalpy, 1e-6, "J/kg", SOURCE)
    density = psychrolib.GetMoistAirDensity(t, theirs, p)
    ours = ps.moist_air_density(t, w, p)
    accuracy(f"density {at}", ours, density, 1e-12, "kg/m3", SOURCE, relative=True)
    back = psychrolib.GetHumRatioFromTWetBulb(t, bulb, p)
    accuracy(
        f"humidity ratio from wet bulb {at}",
        ps.humidity_ratio_from_wet_bulb(t, bulb, p),
        back,
        1e-12,
        "kg/kg",
        SOURCE,
    )


@pytest.mark.parametrize(
    ("t", "theirs"),
    [
        (-20, 103.24),
        (-5, 401.74),
        (5, 872.6),
        (25, 3169.7),
        (50, 12351.3),
        (100, 101418.0),
        (150, 476101.4),
    ],
)
def test_saturation_table(accuracy: Callable[..., None], t: float, theirs: float) -> None:
    source = "ASHRAE Fundamentals (2017) ch. 1 table 3, within 300 ppm"
    ours = ps.saturation_pressure(float(t))
    accuracy(f"saturation pressure at {t} degC", ours, theirs, 3e-4, "Pa", source, relative=True)


@pytest.mark.parametrize(
    ("t", "ratio", "ratio_tolerance", "enthalpy"),
    [
        (-20, 0.0006373, 0.01, -18542),
        (5, 0.005425, 0.005, 18639),
        (25, 0.020173, 0.005, 76504),
        (50, 0.086863, 0.01, 275353),
    ],
)
def test_saturated_air_table(
    accuracy: Callable[..., None], t: float, ratio: float, ratio_tolerance: float, enthalpy: float
) -> None:
    """The table holds real-gas values; the Handbook's ideal-gas formulae agree to about 1 %."""
    source = "ASHRAE Fundamentals (2017) ch. 1 table 2 (tolerances of psychrolib's own tests)"
    t, p = float(t), 101_325.0
    ours = ps.saturation_humidity_ratio(t, p)
    name = f"saturated humidity ratio at {t:g} degC"
    accuracy(name, ours, ratio, ratio_tolerance, "kg/kg", source, relative=True)
    ours = ps.saturated_air_enthalpy(t, p)
    accuracy(
        f"saturated enthalpy at {t:g} degC", ours, enthalpy, 0.01, "J/kg", source, relative=True
    )


def test_handbook_example(accuracy: Callable[..., None]) -> None:
    """Example 1: 40 degC dry bulb, 20 degC wet bulb, sea level; tolerances are its last digits."""
    source = "ASHRAE Fundamentals (2017) ch. 1 example 1"
    p = 101_325.0
    w = ps.humidity_ratio_from_wet_bulb(40.0, 20.0, p)
    accuracy("humidity ratio", w, 0.0065, 1e-4, "kg/kg", source)
    accuracy("enthalpy", ps.moist_air_enthalpy(40.0, w), 56_700.0, 100.0, "J/kg", source)
    accuracy("dew point", ps.dew_point(w, p), 7.0, 0.5, "degC", source)
    accuracy("relative humidity", ps.relative_humidity(40.0, w, p), 0.14, 0.01, "-", source)
    volume = ps.moist_air_specific_volume(40.0, w, p)
    accuracy("specific volume", volume, 0.896, 1e-3, "m3/kg", source)


@pytest.mark.parametrize(
    ("elevation", "theirs"),
    [
        (-500, 107_478),
        (0, 101_325),
        (500, 95_461),
        (1000, 89_875),
        (4000, 61_640),
        (10_000, 26_436),
    ],
)
def test_standard_atmosphere(
    accuracy: Callable[..., None], elevation: float, theirs: float
) -> None:
    source = "ASHRAE Fundamentals (2017) ch. 1 table 1, rounded to 1 Pa"
    ours = ps.pressure_at_elevation(float(elevation))
    accuracy(f"pressure at {elevation} m", ours, theirs, 1.0, "Pa", source)
