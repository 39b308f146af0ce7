"""Differences between accelerators of one product, the same for the same seed and rack path."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from physics.factory.arrays import GpuConstants

TRUNCATION = 3.0  # standard deviations


def accelerator_spread(
    seed: int,
    rack_paths: Sequence[str],
    rack_first_gpu: NDArray[np.int64],
    resistance_spread: NDArray[np.float64],
    leakage_spread: NDArray[np.float64],
) -> GpuConstants:
    """Die resistance and leakage of every accelerator relative to nominal.

    Resistance is normal, leakage lognormal, both with mean 1, the given relative standard
    deviations (shape [racks]) and cut at three of them. Numbers come from a counter-based
    generator keyed by seed and rack path, so that neither the order of racks nor what stands
    elsewhere changes an accelerator.

    Raises ValueError for a negative seed.
    """
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}")
    total = int(rack_first_gpu[-1])
    uniform = np.empty((2, total))
    seed_bytes = str(seed).encode()
    for r, path in enumerate(rack_paths):
        first, last = int(rack_first_gpu[r]), int(rack_first_gpu[r + 1])
        digest = hashlib.blake2b(path.encode(), digest_size=16, key=seed_bytes[:64]).digest()
        key = np.frombuffer(digest, dtype=np.uint64)
        uniform[:, first:last] = Generator(Philox(key=key)).random((2, last - first))
    # a truncated normal by its inverse distribution, symmetric, so that the mean stays nominal
    tail = ndtr(-TRUNCATION)
    normal = ndtri(tail + uniform * (1.0 - 2.0 * tail))
    per_rack = np.diff(rack_first_gpu)
    resistance = 1.0 + np.repeat(resistance_spread, per_rack) * normal[0]
    sigma = np.sqrt(np.log1p(np.repeat(leakage_spread, per_rack) ** 2))
    leakage = np.exp(sigma * normal[1] - 0.5 * sigma * sigma)
    return GpuConstants(
        resistance_factor=np.ascontiguousarray(np.maximum(resistance, 0.05)),
        leakage_factor=np.ascontiguousarray(leakage),
    )
