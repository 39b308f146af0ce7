"""Accelerator module: substrate, compute dies and the HBM stacks around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.meshes.part import Kit, Part
from assets.meshes.shapes import block, box


def gpu_module(
    kind: str, size: tuple[float, float, float], parameters: Mapping[str, Any], detail: int
) -> list[Part]:
    """A package lying flat: two dies in the middle, ``stacks`` HBM cubes on both long sides.

    Dies and stacks take the channel's colour; the package keeps its own.
    """
    width, depth, height = size
    kit = Kit()
    if detail == 0:
        kit.add(
            "module",
            "silicon",
            box((-width / 2, -depth / 2, 0), (width / 2, depth / 2, height)),
            role="state",
        )
        return kit.parts()
    stacks = max(2, int(parameters.get("stacks", 8)))
    board_top, package_top = height * 0.14, height * 0.34
    x, y = width / 2, depth / 2
    kit.add("board", "board", box((-x, -y, 0), (x, y, board_top)))
    kit.add(
        "package",
        "package",
        box((-x * 0.86, -y * 0.86, board_top), (x * 0.86, y * 0.86, package_top)),
    )
    for s in (-1, 1):  # the two compute dies, end to end
        kit.add(
            "dies",
            "silicon",
            box(
                (-x * 0.46, min(s * y * 0.02, s * y * 0.70), package_top),
                (x * 0.46, max(s * y * 0.02, s * y * 0.70), height),
            ),
            role="state",
        )
    columns = (stacks + 1) // 2
    pitch = 2 * y * 0.80 / columns
    low, high = package_top, height * 0.96
    for k in range(stacks):
        side, place = (-1 if k % 2 else 1), k // 2
        centre_y = -y * 0.80 + (place + 0.5) * pitch
        foot = (x * 0.26, pitch * 0.84)
        if detail == 1:
            kit.add(
                "hbm",
                "hbm",
                block((side * x * 0.665, centre_y, (low + high) / 2), (*foot, high - low)),
                role="state",
            )
            continue
        layers = 4
        step = (high - low) / layers
        for layer in range(layers):  # a stack shows its layers: every second one set back a little
            shrink = 1.0 if layer % 2 == 0 else 0.93
            kit.add(
                "hbm",
                "hbm",
                block(
                    (side * x * 0.665, centre_y, low + (layer + 0.5) * step),
                    (foot[0] * shrink, foot[1] * shrink, step * 0.999),
                ),
                role="state",
            )
    if detail == 2:
        for s in (-1, 1):
            for k in range(12):  # capacitors and inductors along both ends
                kit.add(
                    "passives",
                    "black" if k % 3 else "gold",
                    block(
                        (-x * 0.8 + k * x * 1.6 / 11, s * y * 0.93, board_top + height * 0.05),
                        (x * 0.09, y * 0.08, height * 0.1),
                    ),
                )
            kit.add(
                "stiffener",
                "steel",
                box(
                    (s * x * 0.84 - x * 0.015, -y * 0.84, package_top),
                    (s * x * 0.84 + x * 0.015, y * 0.84, package_top + height * 0.12),
                ),
            )
            kit.add(
                "stiffener",
                "steel",
                box(
                    (-x * 0.82, s * y * 0.845 - y * 0.012, package_top),
                    (x * 0.82, s * y * 0.845 + y * 0.012, package_top + height * 0.12),
                ),
            )
    return kit.parts()
