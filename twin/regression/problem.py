"""Errors in an expectation: they point at the column."""

from __future__ import annotations

from pathlib import Path

from twin.errors import InputError


class ExpectationError(InputError):
    """An expectation that cannot be read or does not fit the plant.

    Parameters
    ----------
    text : the whole expectation
    at : position (from 0) in it
    message, allowed : as in :class:`twin.errors.InputError`
    """

    def __init__(
        self,
        message: str,
        text: str,
        at: int,
        allowed: str = "",
        file: str | Path = "",
        line: int | None = None,
        key: str = "",
    ):
        self.text = text
        self.column = at + 1
        pointer = " " * (len("  found: ") + at) + f"^ column {at + 1}"
        super().__init__(message, file, line, key, f"{text}\n{pointer}", allowed)

    def located(self, file: str | Path, line: int | None, key: str) -> ExpectationError:
        """The same error with the place of the expectation in its file."""
        return ExpectationError(
            self.message, self.text, self.column - 1, self.allowed, file, line, key
        )
