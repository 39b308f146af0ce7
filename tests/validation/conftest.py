"""Comparison with other people's results: the fixture prints, keeps and asserts the error."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROWS = pytest.StashKey[list[dict[str, Any]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ROWS] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write all comparisons as JSON where ACCURACY_JSON names a file."""
    target = os.environ.get("ACCURACY_JSON")
    if target:
        Path(target).write_text(json.dumps(session.config.stash[ROWS], indent=1), encoding="utf-8")


@pytest.fixture
def accuracy(request: pytest.FixtureRequest) -> Callable[..., None]:
    """A callable that compares one number with its reference.

    ``accuracy(subject, ours, theirs, tolerance, unit, source, relative=False)`` prints the achieved
    error beside the tolerance, keeps the row, and fails if the error is above the tolerance.

    ``missed`` says why a row is known to be out of tolerance: it is listed as such, and fails once
    it is within.
    """

    def record(
        subject: str,
        ours: float,
        theirs: float,
        tolerance: float,
        unit: str,
        source: str,
        relative: bool = False,
        missed: str = "",
    ) -> None:
        ours, theirs = float(ours), float(theirs)
        error = abs(ours - theirs)
        if relative:
            error = error / abs(theirs) if theirs else (0.0 if error == 0.0 else float("inf"))
        kind = "relative" if relative else unit
        request.config.stash[ROWS].append(
            {
                "subject": subject,
                "ours": ours,
                "theirs": theirs,
                "error": error,
                "tolerance": tolerance,
                "unit": unit,
                "relative": relative,
                "source": source,
                "missed": missed,
                "test": request.node.nodeid,
            }
        )
        line = (
            f"{subject}: ours {ours:.9g} {unit}, theirs {theirs:.9g} {unit}, "
            f"error {error:.3g} of {tolerance:.3g} {kind} allowed [{source}]"
        )
        print(line)
        if missed:
            assert error > tolerance, f"{line}: within tolerance now, take away 'missed'"
            return
        # Written so that an error that is not a number fails as well.
        assert error <= tolerance, line

    return record
