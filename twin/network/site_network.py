"""The network of a site as its layout describes it: counts, power, and the paths of bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from twin.catalog.specs import NetworkSwitch, Rack
from twin.errors import InputError
from twin.layout.models import Site
from twin.network.collective import Paths
from twin.network.topology import Fabric, fabric
from twin.plant import Plant


@dataclass(frozen=True)
class SiteNetwork:
    """One site's network.

    Attributes
    ----------
    path : of the site
    topology : fat-tree or rail-optimised
    fabric : switches and links
    switch : the product all of them are
    rails : accelerators of different rails share no leaf
    accelerators : that it connects
    paths : of bytes
    """

    path: str
    topology: str
    fabric: Fabric
    switch: NetworkSwitch
    rails: int
    accelerators: int
    paths: Paths

    def power(self, utilisation: float = 1.0) -> float:
        """Power of switches and of optics in their ports [W].

        Transceivers at the accelerators' end belong to the racks.
        """
        each = self.switch.idle_power + utilisation * (
            self.switch.maximum_power - self.switch.idle_power
        )
        return float(
            self.fabric.switches * each + self.fabric.switch_ports * self.switch.optic_power
        )

    def facts(self) -> dict[str, Any]:
        """For tables and JSON."""
        f = self.fabric
        return {
            "path": self.path,
            "title": f"Network of {self.path}: {self.topology}, {self.switch.title}",
            "accelerators": self.accelerators,
            "rails": self.rails,
            "tiers": f.tiers,
            "leaf_switches": f.leaves,
            "spine_switches": f.spines,
            "core_switches": f.cores,
            "switches": f.switches,
            "links_between_switches": f.leaf_links + f.core_links,
            "optics_in_switches": f.switch_ports,
            "uplink_share": f.uplink_share,
            "idle_power_w": self.power(0.0),
            "full_power_w": self.power(1.0),
            "full_power_per_gpu_w": self.power(1.0) / self.accelerators,
        }


def site_network(plant: Plant, site: int) -> SiteNetwork | None:
    """The network of a site; None when the layout describes none.

    Raises InputError when no tree of its switches connects that many accelerators.
    """
    model: Site = plant.sites[site]
    network = model.network
    if network is None:
        return None
    rows = plant.levels.below("site", site, "rack")
    names = plant.product_ids("rack")
    first = plant.levels.rack_first_gpu
    accelerators = int((first[rows + 1] - first[rows]).sum())
    kinds = Counter(names[int(row)] for row in rows)
    rack = plant.layout.product(kinds.most_common(1)[0][0], Rack)
    switch = plant.layout.product(network.switch, NetworkSwitch)
    railed = network.topology == "rail-optimised"
    rails = (network.rails or rack.trays.accelerators_per_tray) if railed else 1
    try:
        built = fabric(
            accelerators * network.ports_per_accelerator,
            switch.ports,
            rails=rails,
            oversubscription=network.oversubscription,
        )
    except ValueError as error:
        raise InputError(
            f"network: {error}", plant.layout.document.file, key="sites.network"
        ) from None
    out = network.ports_per_accelerator * switch.port_bandwidth * min(1.0, built.uplink_share)
    paths = Paths(
        rack.nvlink_domain,
        network.scale_up_bandwidth,
        out,
        built.hops,
        network.hop_latency,
    )
    return SiteNetwork(
        plant.levels.path("site", site),
        network.topology,
        built,
        switch,
        rails,
        accelerators,
        paths,
    )


def networks(plant: Plant) -> list[SiteNetwork]:
    """Networks of all sites that describe one."""
    found = (site_network(plant, s) for s in range(plant.levels["site"].count))
    return [network for network in found if network is not None]
