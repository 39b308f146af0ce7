"""Errors a user can act on: one message with file, line, key, found and allowed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class TwinError(Exception):
    """Anything the twin refuses or cannot do; its text is meant to be read by the user.

    ``exit_code`` is what the command line returns: 2 for bad input, 3 for a numerical failure.
    """

    exit_code = 2


@dataclass(eq=False)
class InputError(TwinError):
    """Bad input, located. Fields that are unknown are left empty.

    Attributes
    ----------
    message : what is wrong, in one sentence without a full stop
    file, line, key : where it is
    found : what stands there
    allowed : what may stand there, or how to mend it
    """

    message: str
    file: str | Path = ""
    line: int | None = None
    key: str = ""
    found: str = ""
    allowed: str = ""

    def __str__(self) -> str:
        place = str(self.file)
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        text = f"{place}: {self.message}" if place else self.message
        details = []
        if self.key:
            details.append(f"key: {self.key}")
        if self.found:
            details.append(f"found: {self.found}")
        if self.allowed:
            details.append(f"allowed: {self.allowed}")
        return "\n  ".join([text, *details])


class NumericalError(TwinError):
    """The physics left its valid range or did not converge; names the element's path."""

    exit_code = 3


class Interrupted(TwinError):
    """The user stopped a run (ctrl-C); what was recorded until then is closed and readable."""

    exit_code = 130


def near_matches(word: str, known: list[str], limit: int = 3) -> str:
    """Return ``did you mean ...`` for a mistyped name, or the first few known ones."""
    import difflib

    close = difflib.get_close_matches(word, known, n=limit, cutoff=0.5)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    shown = ", ".join(sorted(known)[:8])
    return f"one of: {shown}" + (", ..." if len(known) > 8 else "")
