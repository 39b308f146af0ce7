"""How large a thing may be asked for, checked before anything is made of it."""

from __future__ import annotations

import os
import re
from typing import Annotated

from pydantic import Field

from twin.errors import InputError, TwinError

LARGEST_COUNT = 10**15
PositiveInt = Annotated[int, Field(gt=0, le=LARGEST_COUNT)]
"""A count in a file: of one or more, and small enough for exact arithmetic everywhere."""
FEWEST_PARAMETERS = 1e6
Parameters = Annotated[float, Field(ge=FEWEST_PARAMETERS, le=1e18, allow_inf_nan=False)]
"""Of a language model: a smaller number is meant in millions or billions."""
PARAMETERS_HINT = "a number of at least a million, such as 70e9 for a model of 70 billion"
LARGEST_SEED = 2**63 - 1

VARIABLE = "TWIN_MAXIMUM_ELEMENTS"
"""Environment variable that replaces :data:`MAXIMUM_ELEMENTS`."""
MAXIMUM_ELEMENTS = 1_000_000
"""Elements of a layout, accelerators included, and points of a study: about 2 GB of memory."""
LONGEST_TIME = 100.0 * 365.25 * 86_400.0
"""s that a scenario may last: a hundred years."""
LONGEST_SETTLING = 30.0 * 86_400.0
"""s that a scenario may settle before its start."""
MAXIMUM_STEPS = 10**10
"""Time steps of a run: days on the fastest machine for the smallest layout."""
MAXIMUM_WORKERS = 256


def maximum_elements() -> int:
    """The bound in force; raises TwinError when the environment's is no number of one or more."""
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return MAXIMUM_ELEMENTS
    if not re.fullmatch(r"[0-9_]{1,15}", text) or int(text) < 1:
        raise TwinError(
            f"{VARIABLE} in the environment is no number of elements, such as 2000000: {text!r}"
        )
    return int(text)


def above(bound: int) -> str:
    """What is allowed, and how to allow more."""
    return f"at most {bound:,}; {VARIABLE} in the environment sets another bound"


def count_text(count: int) -> str:
    """A count as people read it, however large."""
    return f"{count:,}" if count < 10**15 else f"about 10^{len(str(count)) - 1}"


def check_time(seconds: float, step: float | None = None, key: str = "") -> None:
    """Raise InputError for a simulated time, or a number of time steps, that is too long.

    step : time step [s], if known
    """
    if seconds > LONGEST_TIME:
        raise InputError(
            "simulated time is too long", key=key, found=f"{seconds:g} s", allowed="100 years"
        )
    if step is not None and seconds / step > MAXIMUM_STEPS:
        raise InputError(
            "too many time steps",
            key=key,
            found=f"{seconds:g} s in steps of {step:g} s",
            allowed=f"{MAXIMUM_STEPS:,} steps",
        )
