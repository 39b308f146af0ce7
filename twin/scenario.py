"""The scenario file: ``schema: twin.scenario/1``. What happens to a factory, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from assets.locations import SCENARIOS_FOLDER
from twin import money, yaml_file
from twin import units as u
from twin.bounds import (
    LARGEST_SEED,
    LONGEST_SETTLING,
    LONGEST_TIME,
    PARAMETERS_HINT,
    Parameters,
    PositiveInt,
)
from twin.clock import Moment
from twin.errors import InputError, near_matches
from twin.workload.spec import Inference, Jobs, Series, Training
from twin.yaml_file import Document, Key, key_text


class Element(BaseModel):
    """Base of everything in a scenario: immutable, unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )


LOWEST_DRY_BULB, HIGHEST_DRY_BULB = -70.0, 70.0
"""degC, between which outdoor air on earth lies."""
Outdoors = Annotated[u.Temperature, Field(ge=LOWEST_DRY_BULB, le=HIGHEST_DRY_BULB)]


class WeatherChange(Element):
    """A shift of the weather from what it would have been, from a time on."""

    at: u.Duration = Field(description="time since the start, such as 2 h")
    dry_bulb: u.TemperatureShift = Field(default=0.0, description="shift, such as 6 K")
    wet_bulb: u.TemperatureShift = Field(default=0.0, description="shift, such as 3 K")
    ramp: u.Duration = Field(default=0.0, description="time over which to move there")


class WeatherChoice(Element):
    """Which weather the sites see.

    normals : monthly normals of each site's bundled weather with a daily cycle
    design-day : the hottest day for which plants there are designed
    constant : a fixed dry bulb and wet bulb
    epw : a weather file, the same for all sites, met by month, day and hour of its records
    """

    kind: Literal["normals", "design-day", "constant", "epw"] = "normals"
    dry_bulb: Outdoors | None = Field(default=None, description="of constant weather")
    wet_bulb: Outdoors | None = Field(default=None, description="of constant weather")
    file: str | None = Field(default=None, description="EPW file, relative to the scenario")
    sky: Annotated[u.Ratio, Field(le=1.2)] | None = Field(
        default=None,
        description="share of a clear sky's irradiance, for photovoltaic fields; left out: 68 % "
        "with normals, else 100 %; with a weather file, what holds where it lacks irradiance",
    )
    changes: tuple[WeatherChange, ...] = Field(
        default=(), description="shifts on top of it, rising in time"
    )

    @model_validator(mode="after")
    def _complete(self) -> WeatherChoice:
        if self.kind == "constant" and (self.dry_bulb is None or self.wet_bulb is None):
            raise ValueError("constant weather needs dry_bulb and wet_bulb")
        if self.dry_bulb is not None and self.wet_bulb is not None:
            if self.wet_bulb > self.dry_bulb:
                raise ValueError("wet_bulb cannot be above dry_bulb")
        if self.kind == "epw" and self.file is None:
            raise ValueError("epw weather needs file")
        if self.kind != "constant" and not (self.dry_bulb is None and self.wet_bulb is None):
            raise ValueError(f"dry_bulb and wet_bulb are of constant weather, not of {self.kind}")
        if self.kind != "epw" and self.file is not None:
            raise ValueError(f"file is of epw weather, not of {self.kind}")
        times = [change.at for change in self.changes]
        if times != sorted(times):
            raise ValueError("weather changes must rise in time")
        return self


class Load(Element):
    """One point of a workload profile; what is left out stays as it was."""

    at: u.Duration = Field(default=0.0, description="time since the start, such as 2 min")
    utilisation: u.Share | None = Field(default=None, description="share of time busy")
    compute_share: u.Share | None = Field(
        default=None, description="share of peak operations asked for at full pace"
    )
    memory_share: u.Share | None = Field(
        default=None, description="share of peak memory bandwidth asked for at full pace"
    )
    ramp: u.Duration = Field(default=0.0, description="time over which to move there")


class Workload(Element):
    """What a part of the factory computes: exactly one of profile, series, training, inference."""

    path: str = Field(
        default="/", pattern=r"^/", description="racks at or below this path, or on this CDU"
    )
    profile: tuple[Load, ...] = Field(default=(), description="points in time, rising")
    series: Series | None = Field(default=None, description="a measured time series")
    training: Training | None = Field(default=None, description="a synchronous training job")
    inference: Inference | None = Field(default=None, description="a service under requests")

    @model_validator(mode="after")
    def _rising(self) -> Workload:
        others = (self.series, self.training, self.inference)
        if bool(self.profile) + sum(entry is not None for entry in others) != 1:
            raise ValueError("give exactly one of profile, series, training, inference")
        times = [point.at for point in self.profile]
        if times != sorted(times):
            raise ValueError("profile points must rise in time")
        return self


class Tariff(Element):
    """Prices and carbon by the hour of the day instead of the layout's, the same for all sites."""

    price_by_hour: (
        Annotated[tuple[money.EnergyPrice, ...], Field(min_length=24, max_length=24)] | None
    ) = Field(default=None, description="price of each hour from 0:00 on, 24 values")
    carbon_by_hour: (
        Annotated[tuple[u.CarbonIntensity, ...], Field(min_length=24, max_length=24)] | None
    ) = Field(default=None, description="carbon dioxide per energy of each hour")

    @property
    def currency(self) -> str | None:
        """Code of the currency of the prices; None if there are none."""
        prices = enumerate(self.price_by_hour or ())
        return money.one_currency((f"price_by_hour[{hour}]", price) for hour, price in prices)

    @model_validator(mode="after")
    def _one_currency(self) -> Tariff:
        _ = self.currency
        return self


class TokenModel(Element):
    """How operations become tokens: forward pass of a model at some share of peak operations."""

    parameters: Parameters = Field(
        default=37e9, description=f"active parameters per token, {PARAMETERS_HINT}"
    )
    operations_per_parameter: Annotated[float, Field(gt=0)] = Field(
        default=2.0, description="2 for inference, 6 for training"
    )
    model_flops_utilisation: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.35, description="share of peak operations that reach the model"
    )


class TimedEvent(Element):
    """A command at a time: exactly one of set (with value), inject, clear."""

    at: u.Duration = Field(description="time since the start, such as 2 min")
    path: str = Field(pattern=r"^/", description="element, or everything below it")
    set_: str | None = Field(default=None, alias="set", description="control to set")
    value: float | str | None = Field(default=None, description="value, with its unit")
    inject: str | None = Field(default=None, description="fault to inject")
    clear: str | None = Field(default=None, description="fault to clear")

    @model_validator(mode="after")
    def _one(self) -> TimedEvent:
        if sum(word is not None for word in (self.set_, self.inject, self.clear)) != 1:
            raise ValueError("give exactly one of set, inject, clear")
        if (self.set_ is not None) != (self.value is not None):
            raise ValueError("set and value belong together")
        return self


class Expected(Element):
    """What must be true of a run, and why."""

    that: str = Field(description="expectation, such as max(gpu.temperature) < 87 degC")
    because: str = Field(default="", description="the reason, for whoever sees it fail")


DESIGN_LOAD = (Workload(profile=(Load(utilisation=1.0, compute_share=1.0, memory_share=0.6),)),)


DESIGN = "design-load"
"""Name of what runs without a scenario."""
INLINE = "inline"
"""Name of a scenario that is in no file and gives itself none."""


class Scenario(Element):
    """A whole scenario file. Without one, the factory runs at design load on a summer afternoon."""

    schema_version: Literal["twin.scenario/1"] = Field(
        default="twin.scenario/1", alias="schema", description="version of this format"
    )
    name: str = Field(
        default=DESIGN, description="short name; left out: that of the file, without its ending"
    )
    title: str = Field(default="", description="name for people")
    description: str = Field(default="", description="what happens and what to expect")
    layout: str | None = Field(
        default=None, description="layout that it was written for: its events and paths are of it"
    )
    start: Moment = Field(
        default=datetime(2026, 8, 1, 14, 0),
        description="date and time of the start, on the clock of the layout's first site, such as "
        "2026-08-01T14:00; with an offset, such as 2026-08-01T05:00Z, it is converted",
    )
    duration: Annotated[u.Duration, Field(le=LONGEST_TIME)] = Field(
        default=600.0, description="such as 10 min, at most 100 years"
    )
    step: Annotated[u.Duration, Field(gt=0, le=3)] = Field(
        default=1.0, description="time step, at most 3 s"
    )
    start_state: Literal["balance", "cold"] = Field(
        default="balance",
        description="balance: at rest under the weather and workload of the start; cold: all at "
        "its set point, to warm up",
    )
    settle: Annotated[u.Duration, Field(le=LONGEST_SETTLING)] = Field(
        default=0.0,
        description="time run before the start with its weather and workload, to begin settled; "
        "at most 30 d",
    )
    observe_every: Annotated[u.Duration, Field(gt=0)] = Field(
        default=1.0, description="time between looks for the expectations"
    )
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] = Field(
        default=0, description="of all random spread"
    )
    threads: PositiveInt | None = Field(default=None, description="left out: all cores")
    weather: WeatherChoice = Field(default=WeatherChoice())
    workload: tuple[Workload, ...] = Field(
        default=DESIGN_LOAD,
        description="what racks compute; those of no entry are idle. Left out: all at design load, "
        "or idle beside jobs",
    )
    jobs: Jobs | None = Field(default=None, description="jobs under a scheduler")
    tariff: Tariff = Field(default=Tariff())
    tokens: TokenModel = Field(default=TokenModel())
    events: tuple[TimedEvent, ...] = Field(default=())
    expect: tuple[str | Expected, ...] = Field(
        default=(), description="what must be true of a run on its layout"
    )
    _document: Document | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _idle_beside_jobs(cls, data: Any) -> Any:
        """Racks without jobs are idle, as racks without any other entry of a workload are."""
        if isinstance(data, dict) and data.get("jobs") is not None and "workload" not in data:
            return data | {"workload": ()}
        return data

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        """What is no design load is not called so."""
        if isinstance(data, dict) and data and "name" not in data:
            return data | {"name": INLINE}
        return data

    def located(self, error: InputError, key: Key) -> InputError:
        """An error about a key of this scenario, with file and line where it came from a file."""
        if self._document is None:
            return InputError(
                error.message, key=key_text(key), found=error.found, allowed=error.allowed
            )
        return self._document.error(error.message, key, error.found, error.allowed)


def find_scenario(name_or_path: str | Path) -> Path:
    """File of a scenario given as a path or a bundled name; raises InputError."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    bundled = {file.stem: file for file in sorted(SCENARIOS_FOLDER.glob("*.yaml"))}
    if str(name_or_path) in bundled:
        return bundled[str(name_or_path)]
    if path.is_dir():
        raise InputError("is a folder, not a scenario file", path)
    raise InputError(
        "scenario not found",
        path,
        found=str(name_or_path),
        allowed="a YAML file, or " + near_matches(str(name_or_path), [*bundled]),
    )


def load_scenario(
    name_or_path: str | Path, parameters: Mapping[str, Any] | None = None
) -> Scenario:
    """Read a scenario; raises InputError with file, line, key, found and allowed.

    ``parameters`` replace values of the file's own. Weather and workload files are looked for
    beside the scenario.
    """
    from twin.scenario_template import expanded

    document = yaml_file.read(find_scenario(name_or_path))
    document = expanded(document, _read_base, parameters or {})
    return scenario_from_document(document)


def scenario_from_document(document: Document) -> Scenario:
    """Check parsed YAML without templates and make a scenario of it; see :func:`load_scenario`."""
    if isinstance(document.data, dict) and "name" not in document.data:
        named = document.data | {"name": document.file.stem}
        document = Document(named, document.lines, document.file)
    scenario = yaml_file.validate(document, Scenario)
    scenario = _with_files_beside(scenario, document.file.parent)
    scenario._document = document
    return scenario


def _read_base(name: str, document: Document) -> Document:
    beside = document.file.parent / name
    try:
        return yaml_file.read(find_scenario(beside if beside.is_file() else name))
    except InputError as error:
        raise document.error(
            "extends an unknown scenario", ("extends",), name, error.allowed
        ) from None


def _with_files_beside(scenario: Scenario, folder: Path) -> Scenario:
    """The scenario with the files it names looked for in a folder."""

    def placed(element: Any, key: str) -> Any:
        if element is None or getattr(element, key) is None:
            return element
        return element.model_copy(update={key: str(folder / getattr(element, key))})

    workload = tuple(
        entry.model_copy(
            update={
                "series": placed(entry.series, "file"),
                "inference": placed(entry.inference, "requests"),
            }
        )
        for entry in scenario.workload
    )
    return scenario.model_copy(
        update={
            "weather": placed(scenario.weather, "file"),
            "workload": workload,
            "jobs": placed(scenario.jobs, "file"),
        }
    )
