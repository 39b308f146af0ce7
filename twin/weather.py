"""Weather at the sites of a plant: dry bulb, wet bulb and pressure at any simulated time."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from assets.locations import WEATHER_FOLDER
from physics.factory.arrays import Floats
from physics.psychrometrics import pressure_at_elevation
from twin.errors import InputError, near_matches
from twin.scenario import Scenario

if TYPE_CHECKING:
    from twin.plant import Plant


class Weather(Protocol):
    """Anything that knows the weather at every site."""

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """Write the weather ``time`` seconds after the start, per site: degC, degC, Pa."""


@dataclass(frozen=True)
class ConstantWeather:
    """The same dry and wet bulb [degC] at all times; pressure [Pa] per site by elevation."""

    dry_bulb: float
    wet_bulb: float
    pressure: Floats

    def at(self, time: float, dry_bulb: Floats, wet_bulb: Floats, pressure: Floats) -> None:
        """See :class:`Weather`."""
        dry_bulb[:] = self.dry_bulb
        wet_bulb[:] = self.wet_bulb
        pressure[:] = self.pressure
