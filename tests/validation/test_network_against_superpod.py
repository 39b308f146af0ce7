"""Switch and cable counts against NVIDIA's DGX SuperPOD reference architectures.

Sources: "DGX SuperPOD reference architecture, DGX B200", table of larger component counts
(docs.nvidia.com/dgx-superpod/reference-architecture-scalable-infrastructure-b200), and "... DGX
H100", table 4 (docs.nvidia.com/dgx-superpod/reference-architecture-scalable-infrastructure-h100).
Both use 64-port switches, rail-aligned in units of 32 nodes of eight. The counts are whole numbers,
so there is no tolerance. The H100 tables leave one node per system out for management ports, whose
switch ports are kept; they are counted here as nodes.
"""

from __future__ import annotations

import pytest

from twin.network.topology import fabric, largest

B200 = [
    # nodes, leaf, spine, core, node-leaf, leaf-spine, spine-core cables
    (64, 16, 8, 0, 512, 512, 0),
    (128, 32, 16, 0, 1024, 1024, 0),
    (256, 64, 32, 0, 2048, 2048, 0),
    (512, 128, 128, 64, 4096, 4096, 4096),
    (1024, 256, 256, 128, 8192, 8192, 8192),
    (2048, 512, 512, 256, 16384, 16384, 16384),
]
H100 = [(32, 8, 4, 256), (64, 16, 8, 512), (96, 24, 16, 768), (128, 32, 16, 1024)]


@pytest.mark.parametrize("row", B200)
def test_counts_of_dgx_b200(row: tuple[int, ...]) -> None:
    nodes, *expected = row
    found = fabric(8 * nodes, 64, rails=8)
    ours = [
        found.leaves,
        found.spines,
        found.cores,
        found.endpoints,
        found.leaf_links,
        found.core_links,
    ]
    print(f"{nodes} nodes: ours {ours}, published {expected}")
    assert ours == expected


@pytest.mark.parametrize(("nodes", "leaf", "spine", "cables"), H100)
def test_counts_of_dgx_h100(nodes: int, leaf: int, spine: int, cables: int) -> None:
    found = fabric(8 * nodes, 64, rails=8)
    print(f"{nodes} nodes: ours {found.leaves}, {found.spines}, {found.leaf_links}")
    assert (found.leaves, found.spines, found.leaf_links) == (leaf, spine, cables)


def test_largest_trees() -> None:
    """k^2/2 and k^3/4 (Al-Fares et al. 2008); 144 ports give 746,496."""
    assert largest(144, 3) == 746_496
    assert largest(64, 2) == 2048
    assert fabric(2048, 64).tiers == 2
    assert fabric(2049, 64).tiers == 3
    assert fabric(746_496, 144).tiers == 3
    with pytest.raises(ValueError, match="746,496"):
        fabric(746_497, 144)
