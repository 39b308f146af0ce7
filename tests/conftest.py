"""Settings and factories all tests share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings
from left_running import adopt, end_all, left_running

import twin
from twin.factory import Factory

# The first call of a law compiles it, so single examples have no deadline; the same examples run
# every time, so that a failure is everybody's failure.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Workers take files as they are collected; else those of few tests come last."""
    adopt()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as shells start what is sent behind
        signal.signal(signal.SIGINT, signal.default_int_handler)  # else no child hears ctrl-C
    if getattr(config.option, "loadscopereorder", False):
        config.option.loadscopereorder = False


@pytest.fixture(scope="module", autouse=True)
def nothing_left_running() -> Iterator[None]:
    """A module's tests end every process they started, also those of a test that failed."""
    before = left_running()
    yield
    found = left_running() - before
    told = end_all(found)
    assert not told, f"left running: {told}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what takes longest: they compile for minutes, and would end alone."""
    longest = ("test_first_run", "test_nothing_kept")
    items.sort(key=lambda item: not any(name in item.nodeid for name in longest))


@pytest.fixture(scope="session")
def pilot() -> Factory:
    """The bundled pilot: one row of eight liquid-cooled racks."""
    return twin.load("pilot")
