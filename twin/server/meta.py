"""What a session was made of, as a file beside its recording."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from twin.errors import InputError

META = "session.json"
LARGEST_META = 1 << 16  # bytes

Count = Annotated[int, Field(ge=0, le=2**53)]


@dataclass(frozen=True)
class Meta:
    """What a session was made of.

    Attributes
    ----------
    id, title : name in addresses, and for people
    layout, scenario, seed : what it runs: file or bundled name each
    digest, scenario_digest : of what these said when it was made
    step : simulated s
    created : seconds since 1970
    parent : session that it was branched from
    speed, paused : how its time goes
    closed : whether it was closed by a user, and is not to be offered again
    number : 1, 2... in the order in which a folder's sessions were made, whatever the clock said
    goal : steps at which a branch begins
    followed : lines of the command log whose seeks the recording has followed; None in recordings
        of before that was noted, which followed all
    """

    id: str
    title: str
    layout: str
    digest: str
    scenario: str | None
    scenario_digest: str
    seed: Count | None
    step: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
    created: FiniteFloat
    parent: str | None
    speed: Annotated[float, Field(allow_inf_nan=False)] | str
    paused: bool
    closed: bool = False
    number: Count = 0
    goal: Count = 0
    followed: Count | None = None

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)


_CHECK = TypeAdapter(Meta)


def write_meta(folder: Path, meta: Meta) -> None:
    """Write a session's facts, whole or not at all. Raises OSError."""
    partial = folder / (META + ".partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            json.dump(asdict(meta), file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / META)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read_meta(folder: Path) -> Meta:
    """Read a session's facts.

    Raises
    ------
    InputError : there are none, or they are not those of a session; names the key
    OSError : they cannot be read
    """
    file = folder / META
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST_META + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"not the recording of a session (no {META} in it)", folder) from None
    if len(data) > LARGEST_META:
        raise InputError("too large", file, allowed=f"{LARGEST_META} bytes")
    try:
        return _CHECK.validate_json(data)
    except ValidationError as error:
        raise first_problem(error, file) from None


def first_problem(error: ValidationError, file: Path, line: int | None = None) -> InputError:
    """The first of what pydantic found, as one message."""
    first = error.errors(include_url=False)[0]
    return InputError(
        f"cannot be read: {first['msg']}",
        file,
        line,
        key=".".join(str(part) for part in first["loc"][:1]),
        found=repr(first["input"])[:80],
    )
