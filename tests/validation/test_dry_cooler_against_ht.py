"""Dry cooler against the same duty put together from the `ht` library."""

from __future__ import annotations

from collections.abc import Callable

import ht
import pytest

from physics.coil import rate_coil
from physics.dry_cooler import dry_cooler
from physics.effectiveness_ntu import Arrangement

SOURCE = f"ht {ht.__version__}, exact crossflow"
WATER, CP_WATER, AIR, CP_AIR = 40.0, 3900.0, 120.0, 1006.0
COIL = rate_coil(1.0e6, WATER, CP_WATER, 40.0, AIR, CP_AIR, 25.0)


@pytest.mark.parametrize("speed", [0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("share", [0.4, 1.0, 1.3])
def test_heat_and_leaving_temperatures(
    accuracy: Callable[..., None], speed: float, share: float
) -> None:
    flow, air = share * WATER, speed * AIR
    heat, leaving, air_leaving, _ = dry_cooler(
        int(Arrangement.CROSSFLOW_UNMIXED),
        speed,
        flow,
        CP_WATER,
        42.0,
        18.0,
        COIL.rated_liquid_mass_flow,
        COIL.rated_liquid_conductance,
        COIL.rated_air_mass_flow,
        COIL.rated_air_conductance,
        COIL.wall_resistance,
    )
    ua = 1.0 / (
        1.0 / (COIL.rated_liquid_conductance * share**0.8)
        + 1.0 / (COIL.rated_air_conductance * speed**0.6)
        + COIL.wall_resistance
    )
    theirs = ht.effectiveness_NTU_method(
        mh=flow, mc=air, Cph=CP_WATER, Cpc=CP_AIR, subtype="crossflow", Thi=42.0, Tci=18.0, UA=ua
    )
    at = f"fan {speed:g}, flow {share:g}"
    accuracy(f"dry cooler heat, {at}", heat, theirs["Q"], 1e-8, "W", SOURCE, relative=True)
    accuracy(f"coolant leaving, {at}", leaving, theirs["Tho"], 1e-6, "degC", SOURCE)
    accuracy(f"air leaving, {at}", air_leaving, theirs["Tco"], 1e-6, "degC", SOURCE)
