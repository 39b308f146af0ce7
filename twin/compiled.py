"""Where compiled physics is kept between runs, and how it gets there.

The coupled step is always executed from the cache. Code that has just been compiled differs from
code that was loaded, because functions called by several others are then linked from other places;
the results would differ in their last bits between the first run on a machine and all later ones.
So the first run compiles in a process of its own and then loads what that process left.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FIRST_RUN = (
    "First run: compiling the physics for this machine, about a minute; later runs start at once."
)
_ready = False

# OpenMP's threads spin while they wait for one another. Where a core is taken by somebody else, a
# step then lasts ten times as long; asleep at once they cost what threads gain. So they
# spin for some tens of microseconds only. GNU's OpenMP reads this when it is loaded.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")


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


def prepare(tell: Callable[[str], None] | None = None) -> None:
    """Compile the coupled step in a process of its own if it has not been; may take a minute.

    ``tell`` is given a sentence for the user before the wait. Of several processes that begin at
    once, one compiles and the others wait for it. Where nothing can be kept, nothing is done: the
    step is then compiled in every process that uses it.
    """
    global _ready
    if _ready or is_cached():
        _ready = True
        return
    if tell is not None:
        tell(FIRST_RUN)
    if _can_be_kept():
        with _one_at_a_time():
            if not is_cached():
                subprocess.run(
                    [sys.executable, "-c", "from twin.compiled import _fill; _fill()"],
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                )  # fmt: skip
    _ready = True


def _fill() -> None:
    """Compile everything that a run uses, by running."""
    global _ready
    _ready = True
    import twin

    twin.load("pilot").simulation().advance(1.0)


def _can_be_kept() -> bool:
    from physics.factory.advance import advance

    stats = getattr(advance, "stats", None)
    return stats is not None and os.access(stats.cache_path, os.W_OK)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # not on this system: several may compile, with the same result
        yield
        return
    from physics.factory.advance import advance

    with (Path(advance.stats.cache_path) / "compiling.lock").open("w") as file:  # type: ignore[attr-defined]
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
