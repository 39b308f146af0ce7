"""How physics functions are compiled.

Every law is one scalar function decorated with :func:`law`; every loop over arrays is a thin driver
decorated with :func:`kernel`. Compiled code is cached on disk, releases the GIL and divides by IEEE
rules (``error_model="numpy"``): without it a zero check on each division blocks vectorisation.

``NUMBA_DISABLE_JIT=1`` in the environment runs the very same code as plain Python, for debugging
and coverage.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def law(function: Callable[P, R]) -> Callable[P, R]:
    """Compile the scalar law of one element (floats in, float or tuple of floats out)."""
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast(Callable[P, R], compiled)


def kernel(*, parallel: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a loop over arrays.

    With ``parallel`` the loop may use :func:`numba.prange`, over parents only: each parent's rows
    are summed in a fixed order by one thread, so results do not depend on the number of threads.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        compiled: Any = numba.njit(
            cache=True, nogil=True, error_model="numpy", parallel=parallel
        )(function)
        return cast(Callable[P, R], compiled)

    return decorate
