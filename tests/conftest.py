"""Settings and factories all tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

import twin
from twin.factory import Factory

# The first call of a law compiles it, so single examples have no deadline; the same examples run
# every time, so that a failure is everybody's failure.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("house")


@pytest.fixture(scope="session")
def pilot() -> Factory:
    """The bundled pilot: one row of eight liquid-cooled racks."""
    return twin.load("pilot")
