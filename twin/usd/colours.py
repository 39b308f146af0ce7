"""Colours for files: the materials' are sRGB, glTF and USD store linear light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def linear_colour(colour: Sequence[float]) -> tuple[float, float, float]:
    """Linear RGB of an sRGB colour 0..1 (IEC 61966-2-1); opacity is left out."""
    encoded = np.asarray(colour[:3], dtype=float)
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return float(linear[0]), float(linear[1]), float(linear[2])
