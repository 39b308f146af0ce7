"""Photovoltaic field of a layout's site."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twin import units as u
from twin.layout.base_models import Element


class Solar(Element):
    """Photovoltaic field on the site's medium-voltage bus."""

    peak_power: Annotated[u.Power, Field(gt=0)] = Field(
        description="of the modules at standard test conditions, such as 5 MW"
    )
    inverter_power: Annotated[u.Power, Field(gt=0)] | None = Field(
        default=None,
        description="alternating-current rating of all inverters; left out: peak power over 1.2",
    )
    tilt: Annotated[u.Angle, Field(ge=0, le=90)] = Field(
        default=30.0, description="of the modules from the horizontal, such as 30 deg"
    )
    azimuth: Annotated[u.Angle, Field(ge=0, le=360)] | None = Field(
        default=None,
        description="where they face, clockwise from north, such as 180 deg; left out: the "
        "equator, 180 deg on the northern and 0 deg on the southern half of the earth",
    )
    losses: Annotated[u.Share, Field(lt=1)] = Field(
        default=0.14,
        description="soiling, shading, mismatch, wiring, transformers and the like; PVWatts: 14 %",
    )
    temperature_coefficient: Annotated[float, Field(ge=-0.01, le=0)] = Field(
        default=-0.0037, description="change of power per kelvin of cell temperature"
    )
    inverter_efficiency: Annotated[u.Share, Field(gt=0)] = Field(
        default=0.96, description="at its rating"
    )
    albedo: u.Share = Field(default=0.2, description="share of light that the ground reflects")
