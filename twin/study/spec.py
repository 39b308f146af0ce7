"""The study file: ``schema: twin.study/1``. What is varied, how it is sampled, what is computed.

::

    schema: twin.study/1
    layout: pilot
    scenario: design-load
    solve: steady       # the state of rest at the scenario's start; left out: run through all of it
    sample: {method: latin-hypercube, points: 1000, seed: 1}
    vary:
      coolant: {layout: "sites[0].halls[0].rows[0].supply_temperature", range: [35 degC, 45 degC]}
      fouling: {control: fouling, path: /pilot/warm, range: [0 %, 30 %]}
      wet_bulb: {scenario: weather.wet_bulb, values: [18 degC, 24 degC]}
    results:
      hottest: max(gpu.temperature)
      pue: last(site.pue)
    limits: [hottest < 87 degC]
    minimise: [pue]
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin import units as u
from twin.bounds import MAXIMUM_ELEMENTS, PositiveInt
from twin.idle_keys import refuse_idle

Quantity = str | float | int | bool
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=48)]


class Element(BaseModel):
    """Base of everything in a study file: immutable, unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )


class Varied(Element):
    """One quantity that is varied: where it stands, and which values it takes."""

    layout: str | None = Field(default=None, description="key in the layout file")
    scenario: str | None = Field(default=None, description="key in the scenario file")
    parameter: str | None = Field(default=None, description="parameter of the scenario")
    control: str | None = Field(default=None, description="control set at the start, with path")
    path: str = Field(default="/", pattern=r"^/", description="of the control")
    values: tuple[Quantity, ...] = Field(default=(), description="each of these")
    range: tuple[Quantity, Quantity] | None = Field(default=None, description="from, to")
    points: PositiveInt = Field(default=5, description="of a range on a grid")
    normal: tuple[Quantity, Quantity] | None = Field(
        default=None, description="mean and standard deviation (Monte Carlo)"
    )

    @model_validator(mode="after")
    def _one_place(self) -> Varied:
        places = (self.layout, self.scenario, self.parameter, self.control)
        if sum(place is not None for place in places) != 1:
            raise ValueError("give exactly one of layout, scenario, parameter, control")
        if bool(self.values) + (self.range is not None) + (self.normal is not None) != 1:
            raise ValueError("give exactly one of values, range, normal")
        if self.control is None:
            refuse_idle(self, "without control", "path")
        if self.range is None:
            refuse_idle(self, "without range", "points")
        return self


class Steady(Element):
    """Run until nothing changes any more instead of through the whole scenario.

    ``solve: steady`` finds the same point without running; this remains for what needs the way
    there (events of the scenario, controls with memory).
    """

    longest: Annotated[u.Duration, Field(gt=0)] = Field(default=14_400.0)
    check_every: Annotated[u.Duration, Field(gt=0)] = Field(default=120.0)
    tolerance: u.TemperatureDifference = Field(
        default=0.02, description="largest change of any temperature between two looks"
    )
    step: Annotated[u.Duration, Field(gt=0, le=3)] = Field(
        default=2.0, description="time step; longer ones disturb the valves' control"
    )


class Sample(Element):
    """How points are chosen."""

    method: Literal["grid", "latin-hypercube", "monte-carlo"] = Field(default="grid")
    points: PositiveInt = Field(default=100, description="of hypercube and Monte Carlo")
    seed: Annotated[int, Field(ge=0)] = Field(default=0)


class Search(Element):
    """How an optimum is looked for."""

    evaluations: Annotated[PositiveInt, Field(le=MAXIMUM_ELEMENTS)] = Field(
        default=300, description="at most"
    )
    population: Annotated[PositiveInt, Field(le=10_000)] = Field(default=24)
    seed: Annotated[int, Field(ge=0)] = Field(default=0)


class Study(Element):
    """A whole study file."""

    schema_version: Literal["twin.study/1"] = Field(alias="schema")
    title: str = Field(default="")
    layout: str = Field(description="name of a bundled layout, or a file")
    scenario: str | None = Field(default=None, description="name of a bundled scenario, or a file")
    solve: Literal["run", "steady"] = Field(
        default="run",
        description="steady: the state of rest under the scenario's start, solved without marching "
        "in time; its events do not happen",
    )
    steady: Steady | None = Field(default=None)
    sample: Sample = Field(default=Sample())
    vary: dict[Name, Varied] = Field(min_length=1)
    results: dict[Name, str] = Field(min_length=1, description="name: figure")
    limits: tuple[str, ...] = Field(default=(), description="such as hottest < 87 degC")
    minimise: tuple[Name, ...] = Field(default=(), description="results to make small")
    maximise: tuple[Name, ...] = Field(default=(), description="results to make large")
    search: Search = Field(default=Search())
    every: Annotated[u.Duration, Field(gt=0)] = Field(
        default=10.0, description="time between looks for the results"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        if self.solve == "steady" and self.steady is not None:
            raise ValueError("steady is a way of running, which solve: steady does not do")
        if self.solve == "steady":
            refuse_idle(self, "with solve: steady, which looks once", "every")
        if self.sample.method == "grid":
            refuse_idle(self.sample, "with method: grid", "points", "seed", within=("sample",))
        else:
            because = f"with method: {self.sample.method}"
            for name, varied in self.vary.items():
                refuse_idle(varied, because, "points", within=("vary", name))
        if not (self.minimise or self.maximise):
            refuse_idle(self, "without minimise or maximise", "search")
        for name in (*self.minimise, *self.maximise):
            if name not in self.results:
                raise ValueError(f"{name} is to be optimised and is not among the results")
        twice = set(self.vary) & (set(self.results) | {"point", "error", "wall_s"})
        if twice:
            raise ValueError(f"{sorted(twice)[0]} is used twice, or is a name of our own")
        return self


def plain(value: Any) -> Any:
    """A varied value as it goes into tables."""
    return value if isinstance(value, str | bool) else float(value)
