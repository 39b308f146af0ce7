"""Overrides of a layout: changes of single elements, by path."""

from __future__ import annotations

from pydantic import Field, model_validator

from twin import units as u
from twin.layout.base_models import Element, Point


class Override(Element):
    """A change of one element, by path."""

    path: str = Field(pattern=r"^/", description="path of the element")
    product: str | None = Field(
        default=None, description="another product of the same class (racks, CDUs)"
    )
    enabled: bool | None = Field(default=None, description="false: fitted but out of service")
    position: Point | None = Field(
        default=None, description="centre of its footprint in its hall or yard, [x, y]"
    )
    yaw: u.Angle | None = Field(
        default=None, description="turn about the vertical, such as 180 deg"
    )
    cdu: str | None = Field(default=None, description="racks: name of another CDU of the same row")
    supply_temperature: u.Temperature | None = Field(
        default=None, description="CDUs and plants: set point"
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Override:
        changes = (self.product, self.position, self.yaw, self.cdu, self.supply_temperature)
        if self.enabled is not False and all(change is None for change in changes):
            raise ValueError("an override that changes nothing; give what is to be different")
        return self
