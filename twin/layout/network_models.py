"""``network`` of a site: the scale-out network between its accelerators."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin import units as u
from twin.bounds import PositiveInt
from twin.idle_keys import refuse_idle


class Network(BaseModel):
    """A tree of equal switches. Its power is told, and is not part of a run's power."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    switch: str = Field(description="id of a product of class network-switch")
    topology: Literal["fat-tree", "rail-optimised"] = Field(
        default="rail-optimised",
        description="rail-optimised: accelerators of the same position in their tray share a leaf",
    )
    rails: PositiveInt | None = Field(
        default=None, description="number of rails; left out: accelerators per tray"
    )
    ports_per_accelerator: PositiveInt = Field(default=1, description="network ports of each")
    oversubscription: Annotated[u.Ratio, Field(ge=1)] = Field(
        default=1.0, description="downlink over uplink capacity of a leaf; 1: non-blocking"
    )
    scale_up_bandwidth: u.Bandwidth = Field(
        default=0.9e12,
        description="of an accelerator within its domain (NVLink), one direction, such as 0.9 TB/s",
    )
    hop_latency: u.Duration = Field(
        default=1e-6, description="of one switch and its links, such as 1 us"
    )

    @model_validator(mode="after")
    def _nothing_idle(self) -> Network:
        if self.topology == "fat-tree":
            refuse_idle(self, "with topology: fat-tree", "rails")
        return self
