"""pytest plugin: case folders and scenarios with expectations are collected like test files.

Installed with the package, so plain ``pytest`` runs them. Options: ``--update-golden`` and
``--no-cases``. Physics is imported when the first case runs, not when pytest starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from twin.regression.discovery import CASE_FILE, is_case

if TYPE_CHECKING:
    from twin.regression.runner import CaseResult


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("twin", "physics regression of AI factories")
    group.addoption(
        "--update-golden",
        action="store_true",
        help="write golden recordings of cases and show what changed",
    )
    group.addoption("--no-cases", action="store_true", help="do not collect cases")


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> CaseCollector | None:
    """Collect a case by its ``case.yaml``, or a scenario file with expectations."""
    if file_path.suffix not in (".yaml", ".yml") or parent.config.getoption("no_cases"):
        return None
    if not is_case(file_path):
        return None
    return CaseCollector.from_parent(parent, path=file_path)


class CaseCollector(pytest.File):
    """One case file."""

    def collect(self) -> Iterator[pytest.Item]:
        """The case as one test."""
        name = self.path.parent.name if self.path.name == CASE_FILE else self.path.stem
        yield CaseItem.from_parent(self, name=name)


class CaseFailed(Exception):
    """A case that does not hold; carries its result."""

    def __init__(self, result: CaseResult):
        super().__init__(result.name)
        self.result = result


class CaseItem(pytest.Item):
    """One case as a test."""

    def runtest(self) -> None:
        """Run the case."""
        from twin.regression.runner import Options, run_case

        options = Options(update_golden=bool(self.config.getoption("update_golden")))
        result = run_case(self.path, options)
        self.user_properties.append(("simulated_s", result.simulated))
        if result.changes:
            self.add_report_section("call", "golden", "\n".join(result.changes))
            self.config.stash.setdefault(CHANGES, []).append((result.name, result.changes))
        if not result.passed:
            raise CaseFailed(result)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """What does not hold, without a traceback."""
        if isinstance(excinfo.value, CaseFailed):
            return "\n".join(excinfo.value.result.failures)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the case is."""
        return self.path, None, f"case {self.name}"


CHANGES = pytest.StashKey[list[tuple[str, tuple[str, ...]]]]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show what updates of golden recordings changed."""
    changes = config.stash.get(CHANGES, [])
    if changes:
        terminalreporter.section("golden recordings")
        for name, lines in changes:
            for line in lines:
                terminalreporter.write_line(f"{name}: {line}")
