"""How physics functions are compiled.

Every law is one scalar function decorated with :func:`law`; every loop over arrays is a thin driver
decorated with :func:`kernel`. Compiled code is kept on disk (see :mod:`physics.code_cache`),
releases the GIL and divides by IEEE rules (``error_model="numpy"``): without it a zero check on
each division blocks vectorisation.

``NUMBA_DISABLE_JIT=1`` in the environment runs the very same code as plain Python, for debugging
and coverage.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba
from llvmlite import ir
from numba.extending import intrinsic

from physics.code_cache import keep

P = ParamSpec("P")
R = TypeVar("R")


def _compiled(function: Callable[P, R], **options: Any) -> Callable[P, R]:
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy", **options)(function)
    if not numba.config.DISABLE_JIT:
        keep(dispatcher)
    return cast(Callable[P, R], dispatcher)


def law(function: Callable[P, R]) -> Callable[P, R]:
    """Compile the scalar law of one element (floats in, float or tuple of floats out)."""
    return _compiled(function)


def hot_law(function: Callable[P, R]) -> Callable[P, R]:
    """As :func:`law`, and always inlined: for laws of vectorised loops, which a call would end."""
    return _compiled(function, forceinline=True)


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
    return _compiled(function, fastmath={"reassoc", "nsz", "nnan", "contract"})


def kernel(*, parallel: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a loop over arrays.

    With ``parallel`` the loop may use :func:`numba.prange`, over parents only: each parent's rows
    are summed in a fixed order by one thread, so results do not depend on the number of threads.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _compiled(function, parallel=parallel)

    return decorate
