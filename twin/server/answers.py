"""What REST endpoints answer, and how errors look in OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict


class Problem(BaseModel):
    """Why a request was refused."""

    message: str = Field(description="what is wrong")
    key: str | None = Field(default=None, description="where it is")
    found: str | None = Field(default=None, description="what stands there")
    allowed: str | None = Field(default=None, description="what may stand there")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Not a request that can be read"},
    401: {"model": Problem, "description": "Token missing or wrong"},
    403: {"model": Problem, "description": "Not allowed for this token, host or origin"},
    404: {"model": Problem, "description": "No such session or thing"},
    409: {"model": Problem, "description": "The name is taken"},
    413: {"model": Problem, "description": "Request too large"},
    422: {"model": Problem, "description": "Bad input"},
    429: {"model": Problem, "description": "Too many requests"},
    503: {"model": Problem, "description": "Busy; try again"},
}


class SessionStatus(BaseModel):
    """Where a session stands."""

    id: str
    title: str
    layout: str
    digest: str
    time: float = Field(description="simulated seconds since the start")
    steps: int
    step: float = Field(description="simulated seconds per step")
    paused: bool
    speed: float | Literal["max"]
    achieved_speed: float
    seeking: bool
    skipped_s: float = Field(description="wall seconds given up because steps took too long")
    repeatable: bool = Field(description="whether it can be set back and branched")
    recorded: tuple[float, float] | None = Field(
        description="first and last time of a recording; none of a simulation"
    )
    commands: int
    undone: int = Field(description="futures that were left by going back")
    events: int
    parent: str | None
    failure: str | None
    hold: str | None
    created: float


class CommandRequest(BaseModel):
    """A command: a change of the state, or of how time goes."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: Literal["set", "inject", "clear", "pause", "resume", "step", "speed", "seek"]
    path: str | None = Field(default=None, max_length=1000, description="element, or all below it")
    key: str | None = Field(default=None, max_length=1000, description="control or fault")
    value: Annotated[float, Strict()] | str | None = Field(
        default=None, description="number in the control's unit, or text with a unit"
    )


class CommandAnswer(BaseModel):
    """What a command did."""

    model_config = ConfigDict(extra="allow")

    ok: Literal[True] = True
    elements: int | None = Field(default=None, description="how many elements changed")
    before: float | None = Field(default=None, description="the first one's value before")
    after: float | None = Field(default=None, description="and after")
    time: float | None = Field(default=None, description="simulated seconds")


class NewSession(BaseModel):
    """A session to create."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    layout: str = Field(
        max_length=200, description="bundled layout by name, or a file in the folder --layouts"
    )
    scenario: str | None = Field(default=None, max_length=200, description="likewise")
    id: str | None = Field(default=None, max_length=40)
    title: str = Field(default="", max_length=200)
    speed: float | Literal["max"] = 1.0
    paused: bool = False
    seed: int | None = Field(default=None, ge=0, le=2**31)


class Branch(BaseModel):
    """A session to begin from a moment of another."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    time: float | None = Field(
        default=None, description="simulated seconds; left out: where it stands, or stood"
    )
    undone: int | None = Field(
        default=None, ge=1, le=1_000_000, description="number of a future that was left by a seek"
    )
    id: str | None = Field(default=None, max_length=40)
    title: str = Field(default="", max_length=200)
    paused: bool = True


class UnopenedRow(BaseModel):
    """A session kept from before that is not open."""

    id: str
    reason: str = Field(description="why it is not open")
    folder: str = Field(description="where it lies now, in the folder of --state")
    set_aside: bool = Field(description="moved there as damaged; else it waits for the next start")
    since: float | None = Field(description="seconds since 1970 at which it was set aside")


class UndoneRow(BaseModel):
    """A future that a session left by going back; a branch may go on with it."""

    number: int
    time: float = Field(description="simulated seconds at which it stood")
    back_to: float = Field(description="and those to which the session went back")
    wall: float = Field(description="seconds since 1970 at which that was done")
    who: str
    changes: int = Field(description="changes of the state that led there")


class ChannelValues(BaseModel):
    """Values of one channel in a region."""

    name: str
    level: str
    unit: str
    start: int = Field(description="row of the first value in the level")
    count: int = Field(description="rows of the region; values may hold fewer (see limit)")
    values: list[float | None]
    paths: list[str] | None = None


class StateAnswer(BaseModel):
    """Values at one moment."""

    session: str
    time: float
    paused: bool
    kpi: dict[str, float]
    channels: list[ChannelValues]


class ElementAnswer(BaseModel):
    """Everything known of one element."""

    path: str
    level: str
    index: int
    time: float
    values: dict[str, float | None]
    controls: dict[str, float | None]


class EventRow(BaseModel):
    """Something that happened."""

    number: int
    time: float
    path: str
    kind: str
    message: str


class PathRow(BaseModel):
    """One element."""

    path: str
    level: str
    index: int


class PathsAnswer(BaseModel):
    """Elements of a level."""

    total: int
    paths: list[PathRow]


class LogRow(BaseModel):
    """One line of a session's command log."""

    steps: int
    time: float
    wall: float
    who: str
    kind: str
    path: str
    key: str
    value: float | str | None
    elements: int
    before: float | None
    after: float | None
    kept: int | None


class History(BaseModel):
    """One channel of one element over time, from the recording."""

    path: str
    channel: str
    unit: str
    times: list[float] = Field(description="simulated seconds")
    values: list[float | None]


class ComparedChannel(BaseModel):
    """How a channel differs between two sessions."""

    name: str
    unit: str
    mean_a: float | None
    mean_b: float | None
    largest_difference: float | None
    at: str | None = Field(description="path of the largest difference")


class Comparison(BaseModel):
    """Two sessions of one layout side by side."""

    a: str
    b: str
    time_a: float
    time_b: float
    kpi_a: dict[str, float]
    kpi_b: dict[str, float]
    channels: list[ComparedChannel]
