"""What a grid operator allows at a connection, as a file: ``schema: twin.utility-limit/1``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from physics.electrical.spectrum import BandLimit, UtilityLimit
from twin import units as u
from twin import yaml_file
from twin.idle_keys import refuse_idle


class Part(BaseModel):
    """Base of everything in the file: immutable, unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )


class Band(Part):
    """Greatest amplitude of the swing between two frequencies."""

    low: u.Frequency = Field(alias="from", description="such as 0.1 Hz")
    high: u.Frequency = Field(alias="to", description="such as 3 Hz")
    amplitude: u.Power = Field(description="such as 500 kW")

    @model_validator(mode="after")
    def _ordered(self) -> Band:
        if self.high <= self.low:
            raise ValueError("a band's end must lie above its beginning")
        return self


class LimitModel(Part):
    """A whole file."""

    schema_version: Literal["twin.utility-limit/1"] = Field(alias="schema")
    ramp_rate: u.RampRate | None = Field(default=None, description="such as 10 MW/min")
    ramp_window: Annotated[u.Duration, Field(gt=0)] = Field(
        default=1.0, description="time over which a ramp is measured"
    )
    dynamic_range: u.Power | None = Field(default=None, description="highest less lowest power")
    range_window: Annotated[u.Duration, Field(gt=0)] = Field(
        default=60.0, description="within this time"
    )
    bands: tuple[Band, ...] = Field(default=(), description="amplitudes by frequency")

    @model_validator(mode="after")
    def _limits_something(self) -> LimitModel:
        if self.ramp_rate is None:
            refuse_idle(self, "without ramp_rate", "ramp_window")
        if self.dynamic_range is None:
            refuse_idle(self, "without dynamic_range", "range_window")
        if self.ramp_rate is None and self.dynamic_range is None and not self.bands:
            raise ValueError("limits nothing; give ramp_rate, dynamic_range or bands")
        return self


def load_limit(path: Path) -> UtilityLimit:
    """Read a limit; raises InputError with file, line and key."""
    model = yaml_file.validate(yaml_file.read(path), LimitModel)
    nothing = float("inf")
    return UtilityLimit(
        nothing if model.ramp_rate is None else model.ramp_rate,
        model.ramp_window,
        nothing if model.dynamic_range is None else model.dynamic_range,
        model.range_window,
        tuple(BandLimit(band.low, band.high, band.amplitude) for band in model.bands),
    )
