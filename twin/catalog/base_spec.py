"""What all product specifications have in common."""

from __future__ import annotations

import re
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin import units as u

RATINGS = re.compile(
    r"rated_(?!wet_bulb|loss_share|.*temperature$)\w+|(\w+_)?efficiency|thermal_design_power"
    r"|width|depth|height|\w+_volume"
)
"""Names of figures that others are reckoned as a share of, and of what has a size."""


class Spec(BaseModel):
    """Base of every specification: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="after")
    def _rated_at_something(self) -> Self:
        """A rating of nothing is no rating: what is reckoned as a share of it has no value."""
        for name, field in type(self).model_fields.items():
            if field.is_required() and RATINGS.fullmatch(name) and getattr(self, name) == 0.0:
                raise ValueError(f"{name} must be above zero")
        return self


class Product(Spec):
    """What every product has.

    Width is along the row (x), depth across it (y), height up (z).
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    vendor: str
    description: str = ""
    width: u.Length
    depth: u.Length
    height: u.Length
    mass: u.Mass
