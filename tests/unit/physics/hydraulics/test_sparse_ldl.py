"""The Laplacian solver: agreement with a dense solve, tiny conductances, parts without ground."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hydraulics.sparse_ldl import analyse_pattern, factorise, solve_factorised


def solve_laplacian(
    n: int, edges: dict[tuple[int, int], float], ground: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, int]:
    """Solution and number of pinned unknowns."""
    keys = sorted(edges)
    low = np.array([k[0] for k in keys], dtype=np.int64)
    high = np.array([k[1] for k in keys], dtype=np.int64)
    pattern = analyse_pattern(n, low, high)
    value, inverse = np.empty(pattern.factor_row.size), np.empty(n)
    factorise(
        pattern.column_start,
        pattern.row,
        np.array([edges[k] for k in keys]),
        ground.copy(),
        pattern.factor_start,
        pattern.factor_row,
        value,
        inverse,
        np.empty((2, n)),
        np.empty((3, n), dtype=np.int64),
    )
    x = right.copy()
    solve_factorised(pattern.factor_start, pattern.factor_row, value, inverse, x)
    return x, int((inverse == 0.0).sum())


@given(st.integers(0, 10**6))
def test_agrees_with_a_dense_solve(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 25))
    edges = {}
    for _ in range(2 * n):
        i, j = sorted(int(k) for k in rng.integers(0, n, 2))
        if i != j:
            edges[i, j] = float(10.0 ** rng.uniform(-2.0, 2.0))
    ground = np.where(rng.random(n) < 0.3, 1.0, 0.01)
    right = rng.normal(size=n)
    dense = np.diag(ground)
    for (i, j), g in edges.items():
        dense[[i, j], [i, j]] += g
        dense[i, j] -= g
        dense[j, i] -= g
    x, pinned = solve_laplacian(n, edges, ground, right)
    assert pinned == 0
    np.testing.assert_allclose(x, np.linalg.solve(dense, right), rtol=1e-9, atol=1e-9)


def test_a_capillary_beside_a_wide_header_keeps_its_digits() -> None:
    # 0 -1e9- 1 -1e9- 2, grounded through 1e-9 only: x = 1/1e-9 plus drops of 1e-9
    wide, thin = 1e9, 1e-9
    x, pinned = solve_laplacian(
        3, {(0, 1): wide, (1, 2): wide}, np.array([0.0, 0.0, thin]), np.array([1.0, 0.0, 0.0])
    )
    assert pinned == 0
    exact = 1 / Fraction(thin)
    assert x[2] == pytest.approx(float(exact), rel=1e-15)
    assert x[0] == pytest.approx(float(exact + 2 / Fraction(wide)), rel=1e-15)


def test_a_part_without_ground_is_pinned_and_differences_are_right() -> None:
    x, pinned = solve_laplacian(
        4,
        {(0, 1): 2.0, (2, 3): 5.0},
        np.array([0.0, 0.0, 1.0, 0.0]),
        np.array([3.0, -3.0, 0.0, 1.0]),
    )
    assert pinned == 1
    assert x[0] - x[1] == pytest.approx(1.5)
    assert x[2] == pytest.approx(1.0)
    assert x[3] == pytest.approx(1.2)
