"""What the parts of a layout's schema have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from twin import units as u
from twin.bounds import PositiveInt

Point = tuple[u.Position, u.Position]
"""On the ground, [x, y]."""


class Element(BaseModel):
    """Base of everything in a layout: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Bank(Element):
    """A number of equal units of one product."""

    product: str = Field(description="id of a catalogue product or of one in `products`")
    count: PositiveInt = Field(description="number of units, spares included")
