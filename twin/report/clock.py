"""Simulated time for people."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Simulated time for people: ``2:05 min``, or ``1:02:05``."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02} min"
