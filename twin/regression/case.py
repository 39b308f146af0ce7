"""Cases: a layout, a scenario, what must be true of the run, and perhaps a golden recording.

A case is a folder with a ``case.yaml``::

    schema: twin.case/1
    title: CDU trip in hall A
    layout: pilot                 # name or file; left out: layout.yaml beside, or the scenario's
    scenario: cdu-trip            # name or file; left out: scenario.yaml beside
    parameters: {at: 3 min}       # of the scenario, if it has any
    expect:
      - max(gpu.temperature) < 95 degC
      - {that: pue < 1.2, because: contract}
    golden: {every: 30 s, levels: [site, cdu, rack]}

or a scenario file that names its layout and has ``expect``: such a file is a case by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin import units as u
from twin import yaml_file
from twin.errors import InputError
from twin.idle_keys import refuse_idle
from twin.regression.discovery import CASE_FILE
from twin.scenario import Expected, Scenario, find_scenario, load_scenario
from twin.yaml_file import Document, Key

GOLDEN_FILE = "golden.zarr.zip"


class Element(BaseModel):
    """Base of everything in a case file: immutable, unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )


class GoldenSettings(Element):
    """What a golden recording keeps, and how far a run may differ from it."""

    every: Annotated[u.Duration, Field(gt=0)] = Field(
        default=30.0, description="time between frames"
    )
    levels: tuple[str, ...] | None = Field(
        default=None, description="levels to keep; left out: all but gpu"
    )
    channels: tuple[str, ...] | None = Field(
        default=None, description="channels to keep instead of whole levels"
    )
    tolerance: dict[str, str | float] = Field(
        default={}, description="by channel, where its resolution is too strict, such as 50 W"
    )

    @model_validator(mode="after")
    def _nothing_idle(self) -> GoldenSettings:
        if self.channels is not None:
            refuse_idle(self, "with channels, which are kept instead", "levels")
        return self


class CaseModel(Element):
    """A whole case file."""

    schema_version: Literal["twin.case/1"] = Field(
        alias="schema", description="twin.case/1, the version of this format"
    )
    title: str = Field(default="", description="name for people")
    layout: str | None = Field(default=None, description="name of a bundled layout, or a file")
    scenario: str | None = Field(default=None, description="name of a bundled scenario, or a file")
    parameters: dict[str, str | float] = Field(
        default={}, description="values for the scenario's parameters"
    )
    expect: tuple[str | Expected, ...] = Field(default=(), description="what must be true")
    golden: GoldenSettings | None = Field(
        default=None, description="compare with a golden recording beside this file"
    )


@dataclass(frozen=True)
class Wanted:
    """An expectation with its place in a file."""

    that: str
    because: str
    file: Path
    line: int | None
    key: str


@dataclass(frozen=True)
class Case:
    """A case ready to run.

    Attributes
    ----------
    name, title : for people
    file : the file it is written in
    layout : name or file of the layout
    scenario : what happens
    wanted : expectations of scenario and case
    golden : settings of the golden recording, or None without one
    golden_file : where it lies, whether or not there is one
    """

    name: str
    title: str
    file: Path
    layout: str
    scenario: Scenario
    wanted: tuple[Wanted, ...]
    golden: GoldenSettings | None
    golden_file: Path
    description: str = field(default="", repr=False)


def load_case(file: Path) -> Case:
    """Read a case from its ``case.yaml`` or scenario file.

    Raises
    ------
    InputError : with file, line and key
    """
    if file.name == CASE_FILE:
        return _case_of_folder(file)
    scenario = load_scenario(file)
    if scenario.layout is None:
        raise InputError(
            "a scenario that is a case needs a layout",
            file,
            key="layout",
            allowed="the name or file of the layout it was written for",
        )
    document = _document_of(scenario, file)
    return Case(
        file.stem,
        scenario.title,
        file,
        _relative(file, scenario.layout),
        scenario,
        _wanted(document, scenario.expect),
        None,
        file.with_suffix(".golden.zarr.zip"),
        scenario.description,
    )


def _case_of_folder(file: Path) -> Case:
    document = yaml_file.read(file)
    model = yaml_file.validate(document, CaseModel)
    folder = file.parent
    scenario = _scenario_of(document, model, folder)
    layout = model.layout or ("layout.yaml" if (folder / "layout.yaml").is_file() else None)
    layout = layout or scenario.layout
    if layout is None:
        raise document.error(
            "a case needs a layout",
            ("layout",),
            allowed="a name or file, or layout.yaml beside this file",
        )
    wanted = list(_wanted(document, model.expect))
    if layout == scenario.layout and scenario.expect:
        wanted += _wanted(_document_of(scenario, file), scenario.expect)
    golden_file = folder / GOLDEN_FILE
    golden = model.golden
    if golden is None and golden_file.exists():
        golden = GoldenSettings()
    return Case(
        folder.resolve().name,
        model.title or scenario.title,
        file,
        _relative(file, layout),
        scenario,
        tuple(wanted),
        golden,
        golden_file,
        scenario.description,
    )


def _scenario_of(document: Document, model: CaseModel, folder: Path) -> Scenario:
    name = model.scenario
    if name is None:
        beside = folder / "scenario.yaml"
        if not beside.is_file():
            if model.parameters:
                raise document.error("parameters need a scenario", ("parameters",))
            return Scenario()
        return load_scenario(beside, model.parameters)
    beside = folder / name
    try:
        found = find_scenario(beside if beside.is_file() else name)
    except InputError as error:
        raise document.error(error.message, ("scenario",), name, error.allowed) from None
    return load_scenario(found, model.parameters)


def _document_of(scenario: Scenario, file: Path) -> Document:
    return scenario._document if scenario._document is not None else Document({}, {}, file)


def _relative(file: Path, layout: str) -> str:
    """A layout beside the case's file, or else a name or path as it is."""
    beside = file.parent / layout
    return str(beside) if beside.is_file() else layout


def _wanted(document: Document, expect: tuple[str | Expected, ...]) -> tuple[Wanted, ...]:
    found = []
    for number, entry in enumerate(expect):
        key: Key = ("expect", number)
        that, because = (entry, "") if isinstance(entry, str) else (entry.that, entry.because)
        found.append(
            Wanted(that, because, document.file, document.line(key), yaml_file.key_text(key))
        )
    return tuple(found)


def tolerances(settings: GoldenSettings, file: Path) -> Mapping[str, float]:
    """Tolerances of a golden recording by channel, in the channel's unit; raises InputError."""
    from twin.recording import channels_named

    result = {}
    for name, value in settings.tolerance.items():
        (channel,) = channels_named([name])
        if isinstance(value, str):
            unit = "delta_degC" if channel.unit == "degC" else channel.unit
            try:
                result[name] = u.parse_quantity(value, unit)
            except ValueError as error:
                raise InputError(
                    f"tolerance {error}", file, key=f"golden.tolerance.{name}", found=repr(value)
                ) from None
        else:
            result[name] = float(value)
    return result
