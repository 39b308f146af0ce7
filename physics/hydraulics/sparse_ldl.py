"""Sparse ``L D L^T`` factorisation of symmetric matrices whose pattern does not change.

A pipe network keeps its pattern while its numbers change with every Newton step, so ordering and
symbolic analysis are done once and the numeric part is compiled. The method is up-looking LDL^T on
the elimination tree (T. A. Davis, ACM TOMS 31 (2005) 587), with one addition for Laplacians: a
pivot that vanishes marks a part of the network without any pressure reference, and its unknown is
pinned to zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_PIVOT_FLOOR = 1e-13  # of the diagonal: some hundred roundings, far below any grounded pivot


@dataclass(frozen=True)
class LdlPattern:
    """Pattern of a symmetric matrix in elimination order, upper triangle by columns.

    Fields: size n; column_start [n+1] and row [nnz] of the upper triangle, diagonal last in each
    column; parent [n] of the elimination tree; factor_start [n+1] of the columns of L.
    """

    size: int
    column_start: IntArray
    row: IntArray
    parent: IntArray
    factor_start: IntArray


@kernel()
def _analyse(
    column_start: IntArray, row: IntArray, parent: IntArray, count: IntArray, mark: IntArray
) -> None:
    """Elimination tree and number of entries below the diagonal in each column of L."""
    for k in range(parent.shape[0]):
        parent[k] = -1
        mark[k] = k
        count[k] = 0
        for p in range(column_start[k], column_start[k + 1]):
            i = row[p]
            while i < k and mark[i] != k:
                if parent[i] == -1:
                    parent[i] = k
                count[i] += 1
                mark[i] = k
                i = parent[i]


def analyse_pattern(size: int, column_start: IntArray, row: IntArray) -> LdlPattern:
    """Symbolic analysis of an upper-triangle pattern already in elimination order."""
    parent = np.empty(size, dtype=np.int64)
    count = np.empty(size, dtype=np.int64)
    mark = np.empty(size, dtype=np.int64)
    _analyse(column_start, row, parent, count, mark)
    factor_start = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(count, out=factor_start[1:])
    return LdlPattern(size, column_start, row, parent, factor_start)


@kernel()
def factorise(
    column_start: IntArray,
    row: IntArray,
    value: FloatArray,
    parent: IntArray,
    factor_start: IntArray,
    factor_row: IntArray,
    factor_value: FloatArray,
    pivot_inverse: FloatArray,
    work: FloatArray,
    work_index: IntArray,
) -> int:
    """Factorise; returns how many unknowns were pinned for want of a reference.

    ``value`` follows ``row``. Results go to ``factor_row``, ``factor_value`` [factor_start[-1]] and
    ``pivot_inverse`` [n] (zero for a pinned unknown). ``work`` [n] and ``work_index`` [3, n] are
    scratch.
    """
    n = parent.shape[0]
    pattern = work_index[0]
    mark = work_index[1]
    filled = work_index[2]
    pinned = 0
    for k in range(n):
        work[k] = 0.0
        mark[k] = k
        filled[k] = 0
        top = n
        for p in range(column_start[k], column_start[k + 1]):
            i = row[p]
            work[i] += value[p]
            depth = 0
            while mark[i] != k:
                pattern[depth] = i
                depth += 1
                mark[i] = k
                i = parent[i]
            while depth > 0:
                top -= 1
                depth -= 1
                pattern[top] = pattern[depth]
        diagonal = work[k]
        pivot = diagonal
        work[k] = 0.0
        for t in range(top, n):
            i = pattern[t]
            y = work[i]
            work[i] = 0.0
            end = factor_start[i] + filled[i]
            for p in range(factor_start[i], end):
                work[factor_row[p]] -= factor_value[p] * y
            ratio = y * pivot_inverse[i]
            pivot -= ratio * y
            factor_row[end] = k
            factor_value[end] = ratio
            filled[i] += 1
        if pivot > _PIVOT_FLOOR * diagonal:
            pivot_inverse[k] = 1.0 / pivot
        else:
            pivot_inverse[k] = 0.0
            pinned += 1
    return pinned


@kernel()
def solve_factorised(
    factor_start: IntArray,
    factor_row: IntArray,
    factor_value: FloatArray,
    pivot_inverse: FloatArray,
    right_side: FloatArray,
) -> None:
    """Solve in place with the factors of :func:`factorise`; pinned unknowns come out zero."""
    n = pivot_inverse.shape[0]
    for k in range(n):
        x = right_side[k]
        if x != 0.0:
            for p in range(factor_start[k], factor_start[k + 1]):
                right_side[factor_row[p]] -= factor_value[p] * x
    for k in range(n):
        right_side[k] *= pivot_inverse[k]
    for k in range(n - 1, -1, -1):
        x = right_side[k]
        if pivot_inverse[k] == 0.0:
            x = 0.0
        else:
            for p in range(factor_start[k], factor_start[k + 1]):
                x -= factor_value[p] * right_side[factor_row[p]]
        right_side[k] = x
