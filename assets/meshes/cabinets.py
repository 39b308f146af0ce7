"""Pieces that electrical and cooling cabinets share: doors, vents, screens, plinths."""

from __future__ import annotations

from assets.meshes.part import Kit
from assets.meshes.shapes import block, box

PROUD = 0.03  # what doors, handles and screens stand out of the cabinet's body at the front


def shell(
    kit: Kit,
    width: float,
    depth: float,
    height: float,
    *,
    panel: str = "panel-light",
    top: float = 0.0,
) -> float:
    """Plinth and state-coloured body, PROUD free in front and ``top`` above; returns front y."""
    x, y = width / 2, depth / 2
    front = -y + PROUD
    kit.add("plinth", "frame", box((-x + 0.01, front + 0.02, 0), (x - 0.01, y - 0.01, 0.0795)))
    kit.add("body", panel, box((-x, front, 0.08), (x, y, height - top)), role="state")
    return front


def plain(kit: Kit, width: float, depth: float, height: float, panel: str = "panel-light") -> None:
    """Detail 0: body and a darker front, full size."""
    x, y = width / 2, depth / 2
    kit.add("body", panel, box((-x, -y + 0.02, 0), (x, y, height)), role="state")
    kit.add("front", "panel-grey", box((-x + 0.04, -y, 0.1), (x - 0.04, -y + 0.0195, height - 0.1)))


def doors(
    kit: Kit,
    width: float,
    front: float,
    low: float,
    high: float,
    count: int,
    *,
    material: str = "panel-light",
    handles: bool = True,
    role: str = "state",
) -> None:
    """``count`` doors side by side across the front with gaps between them and handles."""
    step = (width - 0.02) / count
    for k in range(count):
        x = -width / 2 + 0.01 + (k + 0.5) * step
        kit.add(
            "doors",
            material,
            box(
                (x - step / 2 + 0.006, front - 0.016, low),
                (x + step / 2 - 0.006, front - 0.0005, high),
            ),
            role=role,  # type: ignore[arg-type]
        )
        if handles:
            side = 1 if k % 2 == 0 else -1
            kit.add(
                "handles",
                "black",
                block(
                    (x + side * (step / 2 - 0.05), front - PROUD + 0.007, (low + high) / 2),
                    (0.022, 0.014, 0.16),
                ),
            )


def vents(
    kit: Kit, x: float, front: float, low: float, high: float, width: float, slats: int
) -> None:
    """A louvred opening of dark slats standing on a front plane at ``front``."""
    step = (high - low) / slats
    for k in range(slats):
        z = low + (k + 0.5) * step
        kit.add("vents", "grille", block((x, front - 0.002, z), (width, 0.008, step * 0.6)))


def screen(
    kit: Kit, x: float, front: float, z: float, width: float = 0.2, height: float = 0.13
) -> None:
    """A display in a dark bezel."""
    kit.add("bezels", "black", block((x, front - 0.004, z), (width + 0.03, 0.012, height + 0.03)))
    kit.add("screens", "screen", block((x, front - 0.0115, z), (width, 0.002, height)))
