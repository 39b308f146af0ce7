"""Room that people need around equipment: doors, trays pulled out, hoses, filters.

Distances are measured from the faces of the cabinet in its own frame: front is -y.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.catalog.specs import Product
from twin.layout.loader import class_of


@dataclass(frozen=True)
class ServiceSpace:
    """Free depth before each face [m], and the leaf of the doors that open there.

    front, rear, side : free depth needed for work; side counts for both sides
    door : largest width of a door leaf [m]; leaves of a wide cabinet are the cabinet's width
        divided by the number of doors; 0: no doors
    rear_door : the rear has doors as well
    source : where the figures come from
    """

    front: float
    rear: float = 0.0
    side: float = 0.0
    door: float = 0.0
    rear_door: bool = False
    source: str = ""


_WORKING_SPACE = (
    "NFPA 70 (NEC) 110.26(A)(1), condition 1 and 2 up to 600 V: 0.9 to 1.07 m before live parts"
)
SPACES: dict[str, ServiceSpace] = {
    "rack": ServiceSpace(
        1.2,
        0.9,
        0.0,
        0.6,
        True,
        "TIA-942 cold aisle of 1.2 m; a compute tray (0.85 m) pulled out with a person beside it; "
        "0.9 m behind for hoses",
    ),
    "cdu": ServiceSpace(
        1.0, 0.6, 0.0, 0.6, True, "engineering estimate: pump cartridge drawn to the front, 0.9 m"
    ),
    "crah": ServiceSpace(
        1.0, 0.0, 0.0, 0.9, False, "engineering estimate: filters and fans drawn to the front"
    ),
    "ups": ServiceSpace(1.07, 0.0, 0.0, 0.8, False, _WORKING_SPACE),
    "distribution": ServiceSpace(0.9, 0.0, 0.0, 0.6, False, _WORKING_SPACE),
    "transformer": ServiceSpace(1.07, 0.0, 0.0, 0.0, False, _WORKING_SPACE),
    "battery": ServiceSpace(0.9, 0.0, 0.0, 0.8, False, _WORKING_SPACE),
    "generator": ServiceSpace(0.9, 0.0, 0.5, 0.0, False, _WORKING_SPACE),
    "pump": ServiceSpace(0.8, 0.0, 0.3, 0.0, False, "engineering estimate: motor lifted out"),
    "chiller": ServiceSpace(
        1.0, 0.0, 0.5, 0.0, False, "engineering estimate: compressor and panel; tubes from the end"
    ),
    "dry-cooler": ServiceSpace(
        1.0, 0.0, 0.6, 0.0, False, "engineering estimate: coil cleaning and fan change"
    ),
    "cooling-tower": ServiceSpace(
        1.0, 0.0, 0.6, 0.0, False, "engineering estimate: basin and fill access"
    ),
}
"""Space by product class. Figures without a standard are engineering estimates."""
NONE = ServiceSpace(0.0)


def service_space(product: Product) -> ServiceSpace:
    """Space that a product needs; none for parts of others."""
    return SPACES.get(class_of(product), NONE)


def door_leaf(product: Product) -> float:
    """Width of a door leaf of a product [m]: as many leaves as keep below the class's largest."""
    largest = service_space(product).door
    if largest <= 0.0:
        return 0.0
    leaves = max(1, -(-round(product.width * 1000) // round(largest * 1000)))
    leaf: float = product.width / leaves
    return leaf
