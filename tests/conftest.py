"""Settings all tests share."""

from __future__ import annotations

from hypothesis import settings

# The first call of a law compiles it, so single examples have no deadline; the same examples run
# every time, so that a failure is everybody's failure.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=100)
settings.load_profile("house")
