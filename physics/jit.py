"""How physics functions are compiled.

Every law is one scalar function decorated with :func:`law`; every loop over arrays is a thin driver
decorated with :func:`kernel`. Compiled code is cached on disk, releases the GIL and divides by IEEE
rules (``error_model="numpy"``): without it a zero check on each division blocks vectorisation.

``NUMBA_DISABLE_JIT=1`` in the environment runs the very same code as plain Python, for debugging
and coverage.

The cache lies in the user's cache folder, in a sub-folder named after the sources of all of
``physics``: numba itself notices a change of the file that holds a function, not of the laws and
constants that the function took from other files. ``NUMBA_CACHE_DIR`` overrides the place.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
from llvmlite import ir
from numba.extending import intrinsic

P = ParamSpec("P")
R = TypeVar("R")
UNUSED_DAYS = 30


def _cache_folder() -> Path:
    """Folder for code compiled from the sources as they are now."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for file in sorted(package.rglob("*.py")):
        digest.update(str(file.relative_to(package)).encode())
        digest.update(file.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "ai-factory-twin" / "compiled" / digest.hexdigest()[:16]


def _use_cache_folder() -> None:
    """Point numba to the folder, and drop those that no run has used for a month."""
    folder = _cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        for other in folder.parent.iterdir():
            if time.time() - other.stat().st_mtime > UNUSED_DAYS * 86_400:
                shutil.rmtree(other, ignore_errors=True)
    except OSError:
        return  # not writable: numba falls back to its own place, or compiles every time
    numba.config.CACHE_DIR = str(folder)


if "NUMBA_CACHE_DIR" not in os.environ:
    _use_cache_folder()


def law(function: Callable[P, R]) -> Callable[P, R]:
    """Compile the scalar law of one element (floats in, float or tuple of floats out)."""
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast(Callable[P, R], compiled)


def hot_law(function: Callable[P, R]) -> Callable[P, R]:
    """As :func:`law`, and always inlined: for laws of vectorised loops, which a call would end."""
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True)(
        function
    )
    return cast(Callable[P, R], compiled)


if numba.config.DISABLE_JIT:

    def larger(a: float, b: float) -> float:
        """The larger of two numbers that are not NaN."""
        return a if a > b else b

else:

    @intrinsic  # type: ignore[untyped-decorator]
    def larger(typing_context: Any, a: Any, b: Any) -> Any:
        """The larger of two numbers that are not NaN.

        The built-in maximum keeps a loop from vectorising, because the compiler may not reorder
        comparisons that could meet a NaN; this one says that there is none.
        """

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            kind = values[0].type
            shape = ir.FunctionType(kind, [kind, kind])
            function = builder.module.declare_intrinsic("llvm.maxnum", [kind], shape)
            return builder.call(function, values, fastmath=("nnan", "nsz"))

        return numba.float64(numba.float64, numba.float64), generate


def vector_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a loop whose sums and maxima may be split over vector lanes.

    The order of summation is then that of the compiled code: the same on every run and for any
    number of threads, but not the one written.
    """
    compiled: Any = numba.njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz", "nnan", "contract"}
    )(function)
    return cast(Callable[P, R], compiled)


def kernel(*, parallel: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a loop over arrays.

    With ``parallel`` the loop may use :func:`numba.prange`, over parents only: each parent's rows
    are summed in a fixed order by one thread, so results do not depend on the number of threads.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy", parallel=parallel)(
            function
        )
        return cast(Callable[P, R], compiled)

    return decorate
