"""Where compiled physics is kept between runs."""

from __future__ import annotations

from functools import cache


@cache
def is_cached() -> bool:
    """Whether the coupled step has been compiled on this machine before."""
    from physics.factory.advance import advance

    cache_of = getattr(advance, "_cache", None)
    if cache_of is None:  # compilation is switched off
        return True
    index = cache_of._cache_file  # numba has no public question for this
    try:
        return bool(index._load_index())
    except Exception:
        return False
