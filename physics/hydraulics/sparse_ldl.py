"""Sparse ``L D L^T`` factorisation of weighted graph Laplacians of fixed pattern.

A pipe network keeps its pattern while its conductances change with every Newton step, so ordering
and symbolic analysis are done once and the numeric part is compiled: left-looking elimination by
columns on the elimination tree (T. A. Davis, Direct Methods for Sparse Linear Systems, SIAM 2006).

Conductances of a network span many orders of magnitude, from a wide header to a capillary. Instead
of diagonals, which would drown the small ones, each unknown carries its conductance to fixed nodes
("ground"), and pivots are sums of positive numbers (Grassmann, Taksar and Heyman, Oper. Res. 33
(1985) 1107): nothing cancels, and a part without any ground shows as a pivot of exactly zero. Its
last unknown is then pinned to zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.jit import kernel

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LdlPattern:
    """Pattern of a Laplacian in elimination order, strictly lower triangle by columns.

    Fields: size n; column_start [n + 1] and row [nnz] of the matrix; factor_start [n + 1] and
    factor_row of L, rows ascending in each column.
    """

    size: int
    column_start: IntArray
    row: IntArray
    factor_start: IntArray
    factor_row: IntArray


@kernel()
def _tree_and_counts(
    row_start: IntArray, column: IntArray, parent: IntArray, count: IntArray, mark: IntArray
) -> None:
    """Elimination tree and entries per column of L from the rows of the lower triangle."""
    for k in range(parent.shape[0]):
        parent[k] = -1
        mark[k] = k
        for p in range(row_start[k], row_start[k + 1]):
            i = column[p]
            while mark[i] != k:
                if parent[i] == -1:
                    parent[i] = k
                count[i] += 1
                mark[i] = k
                i = parent[i]


@kernel()
def _factor_rows(
    row_start: IntArray,
    column: IntArray,
    parent: IntArray,
    filled: IntArray,
    factor_row: IntArray,
    mark: IntArray,
) -> None:
    """Rows of each column of L, ascending; ``filled`` starts as the column starts."""
    for k in range(parent.shape[0]):
        mark[k] = k
        for p in range(row_start[k], row_start[k + 1]):
            i = column[p]
            while mark[i] != k:
                factor_row[filled[i]] = k
                filled[i] += 1
                mark[i] = k
                i = parent[i]


def analyse_pattern(size: int, low: IntArray, high: IntArray) -> LdlPattern:
    """Symbolic analysis of a pattern already in elimination order, given by its edges.

    ``low`` < ``high`` are the end positions of each distinct edge, sorted by (low, high).
    """
    by_row = np.lexsort((low, high))
    row_start = np.searchsorted(high[by_row], np.arange(size + 1)).astype(np.int64)
    column = low[by_row].astype(np.int64)
    parent, count = np.empty(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    _tree_and_counts(row_start, column, parent, count, np.empty(size, dtype=np.int64))
    factor_start = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(count, out=factor_start[1:])
    factor_row = np.empty(int(factor_start[-1]), dtype=np.int64)
    mark = np.empty(size, dtype=np.int64)
    _factor_rows(row_start, column, parent, factor_start[:-1].copy(), factor_row, mark)
    column_start = np.searchsorted(low, np.arange(size + 1)).astype(np.int64)
    return LdlPattern(size, column_start, high.astype(np.int64), factor_start, factor_row)


@kernel()
def factorise(
    column_start: IntArray,
    row: IntArray,
    conductance: FloatArray,
    ground: FloatArray,
    factor_start: IntArray,
    factor_row: IntArray,
    factor_value: FloatArray,
    pivot_inverse: FloatArray,
    work: FloatArray,
    work_index: IntArray,
) -> None:
    """Factorise the Laplacian of edge conductances (following ``row``) and ground conductances.

    Results: ``factor_value`` (following ``factor_row``), ``pivot_inverse`` [n], zero for a pinned
    unknown. ``ground`` [n] is overwritten; ``work`` [2, n] and ``work_index`` [3, n] are scratch.
    """
    n = ground.shape[0]
    dense = work[0]
    pivot = work[1]
    head = work_index[0]  # columns whose next entry lies in row k, a linked list
    following = work_index[1]
    position = work_index[2]
    for k in range(n):
        head[k] = -1
        dense[k] = 0.0
    for k in range(n):
        for p in range(column_start[k], column_start[k + 1]):
            dense[row[p]] += conductance[p]
        i = head[k]
        while i != -1:
            after = following[i]
            p = position[i]
            share = factor_value[p]  # what of column i's pivot leads to k
            ground[k] += share * ground[i]
            weight = share * pivot[i]
            end = factor_start[i + 1]
            for q in range(p + 1, end):
                dense[factor_row[q]] += factor_value[q] * weight
            if p + 1 < end:
                position[i] = p + 1
                target = factor_row[p + 1]
                following[i] = head[target]
                head[target] = i
            i = after
        total = ground[k]
        start = factor_start[k]
        end = factor_start[k + 1]
        for p in range(start, end):
            total += dense[factor_row[p]]
        inverse = 1.0 / total if total > 0.0 else 0.0
        for p in range(start, end):
            j = factor_row[p]
            factor_value[p] = dense[j] * inverse
            dense[j] = 0.0
        pivot[k] = total
        pivot_inverse[k] = inverse
        if start < end:
            position[k] = start
            target = factor_row[start]
            following[k] = head[target]
            head[target] = k


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
        for p in range(factor_start[k], factor_start[k + 1]):
            right_side[factor_row[p]] += factor_value[p] * x
    for k in range(n - 1, -1, -1):
        x = right_side[k] * pivot_inverse[k]
        for p in range(factor_start[k], factor_start[k + 1]):
            x += factor_value[p] * right_side[factor_row[p]]
        right_side[k] = x
