"""Cooling keys of a layout: CDUs, rear doors, pumps, chillers, economiser, tank."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin import units as u
from twin.bounds import PositiveInt
from twin.idle_keys import refuse_idle
from twin.layout.base_models import Bank, Element


class CduBank(Element):
    """Coolant distribution units of each row; racks are shared out in order along the row."""

    product: str = Field(description="id of a product of class cdu")
    per_row: PositiveInt | None = Field(
        default=None, description="units per row; racks are divided evenly"
    )
    racks_per_cdu: PositiveInt | None = Field(
        default=None, description="racks on each unit; the last may have fewer"
    )
    place: Literal["ends", "left", "right"] = Field(
        default="ends", description="where in the row they stand"
    )

    @model_validator(mode="after")
    def _one_rule(self) -> CduBank:
        if (self.per_row is None) == (self.racks_per_cdu is None):
            raise ValueError("give either per_row or racks_per_cdu")
        return self


class RearDoorBank(Element):
    """Rear-door exchangers, one on every rack of the row."""

    product: str = Field(description="id of a product of class rear-door")
    plant: str | None = Field(
        default=None,
        description="plant that feeds them; left out: the one of the hall's air handlers",
    )
    leaving_air: u.Temperature | None = Field(
        default=None,
        description="set point of the air behind them; left out: that of the hall's air supply",
    )


class PumpBank(Bank):
    """Facility pumps; those beyond the required ones stand by and take over."""

    required: PositiveInt | None = Field(
        default=None, description="pumps that run together; left out: all, at the speed it takes"
    )


class ChillerBank(Bank):
    """Chillers that are switched by need and take turns at leading."""

    rotation: u.Duration = Field(
        default=604_800.0, description="time after which another one leads, such as 168 h; 0: never"
    )

    @model_validator(mode="after")
    def _nothing_idle(self) -> ChillerBank:
        if self.count == 1:
            refuse_idle(self, "with one chiller, which always leads", "rotation")
        return self


class Economiser(Element):
    """Plate exchanger through which the coolers cool the water directly."""

    approach: Annotated[u.TemperatureDifference, Field(gt=0)] = Field(
        default=2.0, description="leaving over entering cooling water at design load, such as 2 K"
    )
    arrangement: Literal["series", "parallel"] = Field(
        default="series",
        description="series: before the chillers, to lighten them; parallel: instead of them",
    )


class BufferTank(Element):
    """Stratified tank between coolers or chillers and the consumers."""

    volume: Annotated[u.Volume, Field(gt=0)] = Field(description="content, such as 5 m**3")
    height: Annotated[u.Length, Field(gt=0)] = Field(
        default=3.0, description="height of the water column"
    )
