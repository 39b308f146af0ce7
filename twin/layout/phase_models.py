"""``phases`` of a layout: when what is there, permitted, energised or delivered.

Nothing in it changes the physics of a run; ``twin phases`` tells from it how many accelerators can
be used when, and what holds the rest back. Every line may name its source and how far to trust it
(A read in a primary source, B one secondary source, C ours).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin import units as u
from twin.bounds import PositiveInt
from twin.clock import Day as Date

Path = Annotated[str, Field(pattern=r"^/")]


class PhaseElement(BaseModel):
    """Base: immutable, unknown keys are errors; a line with its origin."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: str = Field(default="", description="where it is from: a text, or a key of `sources`")
    mark: Literal["A", "B", "C"] = Field(
        default="C", description="A read in a primary source, B one secondary source, C ours"
    )
    note: str = Field(default="", description="for people")


class Announced(PhaseElement):
    """A number of accelerators that was announced for a date."""

    date: Date = Field(description="day by which they are to be in use")
    path: Path = Field(default="/", description="site, or / for all")
    accelerators: PositiveInt = Field(description="in all by then, not in addition")


class Step(PhaseElement):
    """Something that changes on a date. Exactly one of what follows ``path``.

    permit, substation : power from that day on
    cooling, racks : share of what the layout holds at or below the path from that day on
    accelerators, memory : delivered on that day, or evenly until ``until``; they add up
    """

    date: Date = Field(description="first day")
    until: Date | None = Field(default=None, description="of deliveries: spread until this day")
    path: Path = Field(description="site, plant or hall; / for deliveries to all sites")
    permit: u.Power | None = Field(default=None, description="power the site may draw by permit")
    substation: u.Power | None = Field(default=None, description="power its substation delivers")
    cooling: u.Share | None = Field(default=None, description="share of heat rejection in service")
    racks: u.Share | None = Field(default=None, description="share of racks installed")
    accelerators: PositiveInt | None = Field(default=None, description="accelerators delivered")
    memory: PositiveInt | None = Field(
        default=None, description="HBM stacks delivered, as accelerators need them"
    )

    @property
    def kind(self) -> str:
        """Which of the quantities it is."""
        return next(name for name in KINDS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(KINDS)}")
        if self.until is not None:
            if given[0] not in ("accelerators", "memory"):
                raise ValueError("until belongs to deliveries (accelerators, memory)")
            if self.until <= self.date:
                raise ValueError("until must be after date")
        if self.path == "/" and given[0] not in ("accelerators", "memory"):
            raise ValueError(f"{given[0]} needs the path of a site or of what stands in it")
        return self


KINDS = ("permit", "substation", "cooling", "racks", "accelerators", "memory")


class Phases(BaseModel):
    """The whole section: announcements, steps in any order, and texts of sources by key."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    announced: tuple[Announced, ...] = Field(default=(), description="what was announced")
    steps: tuple[Step, ...] = Field(min_length=1, description="what changes when")
    sources: dict[str, str] = Field(default={}, description="texts of sources by key")
