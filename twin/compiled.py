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
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from physics.code_cache import Place

FIRST_RUN = (
    "First run: compiling the physics for this machine, about a minute; later runs start at once."
)
_ready = False

# OpenMP's threads spin while they wait for one another. Where a core is taken by somebody else, a
# step then lasts ten times as long; asleep at once they cost what threads gain. So they
# spin for some tens of microseconds only. GNU's OpenMP reads this when it is loaded.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")


tell: Callable[[str], None] | None = None
"""Given a sentence for the user before a wait; the command line puts it on standard error."""


def is_cached() -> bool:
    """Whether the coupled step has been compiled for this machine before."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return True
    from physics.code_cache import is_kept
    from physics.factory.advance import advance

    return is_kept(advance)


def prepare() -> None:
    """Compile the coupled step in a process of its own if it has not been; may take a minute.

    The user is told before the wait. Of several processes that begin at once, one compiles and the
    others wait for it. Where nothing can be kept, that process leaves its work in a folder which
    goes with this one; where there is not even such a folder, the step is compiled here, and
    results may differ in their last digits from those of other runs.
    """
    global _ready
    if _ready or is_cached():
        _ready = True
        return
    from physics import code_cache

    place = code_cache.place()
    if not place.loss:
        if tell is not None:
            tell(FIRST_RUN)
        failure = _compile_apart(place)
        if not is_cached():
            code_cache.leave(failure)
            place = code_cache.place()
    if place.loss:
        code_cache.say_loss(place.loss)
        _compile_apart(place)
    _ready = True


def _compile_apart(place: Place) -> str:
    """Fill the cache by a process of its own; why that left nothing, if it did."""
    if place.folder is None:
        return place.loss
    with _one_at_a_time(place.folder):
        if is_cached():
            return ""
        alive, ours = os.pipe()  # its end tells the other process that this one is gone
        try:
            done = subprocess.run(
                [sys.executable, "-c", "from twin.compiled import _fill; _fill()"],
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=alive, capture_output=True, check=False,
            )  # fmt: skip
        finally:
            os.close(alive)
            os.close(ours)
    if done.returncode == 0:
        return done.stdout.decode(errors="replace").strip()
    last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return last[0] if last else f"compiling ended with status {done.returncode}"


def _fill() -> None:
    """Compile everything that a run uses, by running; say on standard output what was not kept."""
    global _ready
    _ready = True
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import twin
    from physics.code_cache import loss

    twin.load("pilot").simulation().advance(1.0)
    print(loss())


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # not on this system: several may compile, with the same result
        yield
        return
    try:
        file = (folder / "compiling.lock").open("w")
    except OSError:  # full, or gone since
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
