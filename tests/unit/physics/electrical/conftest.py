"""Compiled laws pay for their compilation on the first call, which no deadline should count."""

from hypothesis import settings

settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")
