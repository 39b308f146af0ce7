"""What all product specifications have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from twin import units as u


class Spec(BaseModel):
    """Base of every specification: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


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
