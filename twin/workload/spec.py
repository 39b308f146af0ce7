"""Workload entries of a scenario beside plain profiles: series, training, inference, jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin import units as u
from twin.bounds import PARAMETERS_HINT, Parameters, PositiveInt
from twin.clock import Beginning, ZoneName
from twin.idle_keys import refuse_idle
from twin.tabular.reader import kind_of

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Quantity = Literal["utilisation", "compute_share", "memory_share", "power", "heat"]


class Spec(BaseModel):
    """Base of all entries: immutable, unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )


class TableKeys(Spec):
    """How the times and numbers of a table are written, where its file does not show it.

    A time without an offset stands in ``timezone``, left out: on the clock of the layout's first
    site; one with an offset, or a number since 1970, is converted to that clock.
    """

    timezone: ZoneName | None = Field(
        default=None, description="zone of stamps without an offset, such as Europe/Paris or UTC"
    )
    first: Beginning | None = Field(
        default=None,
        description="where in the table the run begins, instead of the scenario's start: a date "
        "and time, or a duration for times that are numbers from a zero of their own",
    )
    time_unit: Literal["s", "ms", "us", "ns", "min", "h"] | None = Field(
        default=None, description="of times that are numbers; left out: s"
    )
    time_format: str | None = Field(
        default=None, description="form of stamps that are not ISO 8601, such as '%d/%m/%Y %H:%M'"
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="what stands before decimals, where numbers may be read both ways"
    )


TABLE_KEYS = tuple(TableKeys.model_fields)


class Series(TableKeys):
    """A measured or prescribed time series that drives racks.

    power is the racks' input, heat what they give to the coolant (air-cooled: to the air). Both are
    reached by setting the utilisation that draws or gives as much.
    """

    file: str = Field(description="CSV, JSON lines or Parquet, relative to the scenario")
    quantity: Quantity = Field(description="utilisation, compute_share, memory_share, power, heat")
    time: str = Field(default="time", description="column: seconds since the start, or timestamps")
    value: str | None = Field(default=None, description="column of the values, for the whole path")
    columns: dict[str, str] = Field(
        default={}, description="wide tables: element (rack, CDU, row...) and its column"
    )
    element: str | None = Field(
        default=None, description="long tables: column that names the element of each line"
    )
    unit: str = Field(
        default="",
        description="of the values, such as kW or %; power and heat need one unless the cells or "
        "the column's name have it: 'power [kW]'",
    )
    interpolation: Literal["linear", "hold"] = Field(default="linear")
    longest_gap: u.Duration = Field(
        default=900.0, description="gaps up to this are bridged and reported, longer ones refused"
    )
    after: Literal["hold", "repeat", "idle"] = Field(
        default="hold", description="what happens after the last value"
    )
    scale: Positive = Field(default=1.0, description="factor on all values")
    compute_share: u.Share | None = Field(
        default=None,
        description="share of peak operations asked for, with the other quantities; left out: what "
        "other entries say, or 100 %",
    )
    memory_share: u.Share | None = Field(
        default=None,
        description="share of peak bandwidth asked for, with the other quantities; left out: what "
        "other entries say, or 60 %",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Series:
        if (self.value is None) == (not self.columns):
            raise ValueError("give either value (one column) or columns (one per element)")
        if self.element is not None and self.value is None:
            raise ValueError("element needs value")
        if self.quantity in ("compute_share", "memory_share"):
            because = f"with quantity: {self.quantity}, which sets no other share"
            refuse_idle(self, because, "compute_share", "memory_share")
        return self


class Training(Spec):
    """Synchronous training: every step computes, then communicates, together on all racks.

    A step takes ``step`` at full clocks. The slowest accelerator sets the pace. Accelerators lost
    stop the job for ``restart``; it goes on from the last checkpoint with those that are left.
    """

    step: Annotated[u.Duration, Field(gt=0)] = Field(default=6.0, description="one optimiser step")
    communication: u.Share = Field(
        default=0.2, description="share of the step that waits for the network"
    )
    exchange: u.Bytes | None = Field(
        default=None,
        description="bytes that all accelerators add up in every step (gradients), instead of "
        "communication: step is then the computing alone, and the site's network does the rest",
    )
    overlap: u.Share = Field(
        default=0.0, description="with exchange: share of the computing that hides communication"
    )
    communication_utilisation: u.Share = Field(
        default=0.3, description="utilisation while it waits"
    )
    compute_share: u.Share = Field(default=1.0, description="share of peak operations asked for")
    memory_share: u.Share = Field(default=0.6, description="share of peak bandwidth asked for")
    checkpoint_every: u.Duration | None = Field(default=None, description="such as 20 min")
    checkpoint: u.Duration = Field(default=30.0, description="time that writing one takes")
    checkpoint_utilisation: u.Share = Field(default=0.05, description="while it is written")
    start: u.Duration = Field(default=0.0, description="when it begins")
    stop: u.Duration | None = Field(default=None, description="when it ends")
    restart: u.Duration = Field(default=300.0, description="time lost before it goes on")
    tokens_per_step: Positive | None = Field(default=None, description="for tokens/s and tokens/J")

    @model_validator(mode="after")
    def _nothing_idle(self) -> Training:
        if self.exchange is None:
            refuse_idle(self, "without exchange", "overlap")
        else:
            refuse_idle(self, "with exchange, which the network takes time for", "communication")
        if self.checkpoint_every is None:
            keys = ("checkpoint", "checkpoint_utilisation")
            refuse_idle(self, "without checkpoint_every", *keys)
        if self.stop is not None and self.stop <= self.start:
            raise ValueError("stop must be after start")
        return self


class LanguageModel(Spec):
    """The model that an inference service runs."""

    parameters: Parameters = Field(
        default=671e9, description=f"all, held in memory, {PARAMETERS_HINT}"
    )
    active_parameters: Parameters = Field(
        default=37e9, description=f"used for one token, {PARAMETERS_HINT}"
    )
    bytes_per_parameter: Positive = Field(default=1.0, description="1 for FP8, 0.5 for FP4")
    cache_bytes_per_token: Positive = Field(default=70e3, description="key-value cache of a token")
    flops_utilisation: Annotated[u.Share, Field(gt=0)] = Field(
        default=0.5, description="share of peak operations that prefill reaches"
    )
    bandwidth_utilisation: Annotated[u.Share, Field(gt=0)] = Field(
        default=0.7, description="share of peak memory bandwidth that decode reaches"
    )


class Diurnal(Spec):
    """A day's swing of arrivals: mean (1 + swing cos(2 pi (t - peak) / day))."""

    swing: u.Share = Field(default=0.4)
    peak: Annotated[float, Field(ge=0, lt=24)] = Field(default=15.0, description="hour of the day")


class Inference(TableKeys):
    """A service that answers requests: prefill of the prompt, then decode token by token."""

    requests_per_second: Positive | None = Field(default=None, description="mean arrivals")
    requests: str | None = Field(
        default=None, description="table of real requests instead, beside the scenario"
    )
    time: str = Field(default="timestamp", description="column: seconds or timestamps")
    prompt: str = Field(default="prompt_tokens", description="column of prompt tokens")
    output: str = Field(default="output_tokens", description="column of output tokens")
    prompt_tokens: Positive = Field(default=1500.0, description="mean of a prompt")
    output_tokens: Positive = Field(default=400.0, description="mean of an answer")
    arrivals: Literal["poisson", "even"] = Field(default="poisson")
    diurnal: Diurnal | None = Field(default=None)
    model: LanguageModel = Field(default=LanguageModel())
    accelerators_per_replica: PositiveInt = Field(default=8)
    maximum_batch: PositiveInt = Field(default=256, description="requests decoded together")

    @model_validator(mode="after")
    def _one_source(self) -> Inference:
        if (self.requests_per_second is None) == (self.requests is None):
            raise ValueError("give either requests_per_second or requests (a file)")
        if self.requests is None:
            refuse_idle(self, "without requests", *TABLE_KEYS, "time", "prompt", "output")
        else:
            because = "with requests, whose table says what comes when"
            refuse_idle(self, because, "prompt_tokens", "output_tokens", "arrivals", "diurnal")
        return self


class JobEntry(Spec):
    """One job, written out."""

    id: str = Field(description="name")
    submit: u.Duration = Field(default=0.0, description="when it is submitted")
    accelerators: PositiveInt = Field(description="how many it needs")
    duration: Annotated[u.Duration, Field(gt=0)] = Field(description="at full clocks")
    requested: u.Duration | None = Field(default=None, description="wall time asked for")
    tenant: str = Field(default="", description="whose it is")
    utilisation: u.Share = Field(default=1.0)
    compute_share: u.Share = Field(default=1.0)
    memory_share: u.Share = Field(default=0.6)


class Jobs(TableKeys):
    """A cluster that runs jobs: a trace or a list, a scheduler, and where jobs are placed."""

    path: str = Field(default="/", pattern=r"^/", description="racks of the cluster")
    file: str | None = Field(
        default=None, description="Standard Workload Format (.swf), or a job table"
    )
    jobs: tuple[JobEntry, ...] = Field(default=(), description="jobs written out")
    columns: dict[str, str] = Field(
        default={}, description="job tables: our name and the table's column; see docs"
    )
    accelerators_per_processor: Annotated[float, Field(gt=0, le=1e6)] = Field(
        default=1.0, description="of a trace in processors or nodes"
    )
    time_scale: Positive = Field(default=1.0, description="2 runs the trace twice as fast")
    duration_unit: Literal["s", "ms", "us", "ns", "min", "h"] | None = Field(
        default=None, description="of durations that are numbers; left out: s"
    )
    policy: Literal["fcfs", "backfill"] = Field(default="backfill")
    placement: Literal["packed", "spread", "power", "thermal"] = Field(default="packed")
    gang: bool = Field(
        default=True, description="jobs of a scale-up domain or more get whole domains"
    )
    power_limit: u.Power | None = Field(
        default=None, description="no job starts that would take the racks above it"
    )
    quotas: dict[str, u.Share] = Field(
        default={}, description="largest share of the accelerators by tenant"
    )
    checkpoint_every: u.Duration | None = Field(
        default=None, description="work lost with a failure is what came after the last one"
    )
    interval: Annotated[u.Duration, Field(gt=0)] = Field(
        default=5.0, description="time between decisions"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Jobs:
        if (self.file is None) == (not self.jobs):
            raise ValueError("give either file (a trace) or jobs (a list)")
        table = [key for key in (*TABLE_KEYS, "columns", "duration_unit") if key != "first"]
        plain = self.file is None or kind_of(Path(self.file)) == ".swf"
        if plain:
            refuse_idle(self, "without a table that has a header", *table)
        if self.file is None:
            refuse_idle(self, "without a file", "accelerators_per_processor")
        if plain and not isinstance(self.first, float | None):
            raise ValueError("first is a date, and the times are numbers: give a duration")
        return self

    @model_validator(mode="after")
    def _nothing_idle(self) -> Jobs:
        if self.policy == "fcfs":
            because = "with policy: fcfs, which does not plan ahead"
            for number, entry in enumerate(self.jobs):
                refuse_idle(entry, because, "requested", within=("jobs", number))
        tenants = {entry.tenant for entry in self.jobs}
        idle = sorted(set(self.quotas) - tenants) if self.jobs else []
        if idle:
            raise ValueError(f"the quota of '{idle[0]}' has no effect: no job is theirs")
        return self
