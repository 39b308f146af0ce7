"""Electrical keys of a layout: grid, transformers, feeders, UPS, panels, standby and protection."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from twin import units as u
from twin.layout.base_models import Bank, Element


class TransformerBank(Bank):
    """Transformers that carry one load together."""

    parallel: PositiveInt = Field(
        default=1,
        description="transformers that stand on one bus section; the couplers between sections "
        "are open but for transfers, which keeps the short-circuit level down",
    )
    tap: int = Field(
        default=0, description="steps of the tap changer from the rated ratio; positive lowers"
    )


class UpsBank(Bank):
    """UPS units of a hall and what they do."""

    mode: Literal["double-conversion", "eco"] = Field(
        default="double-conversion", description="how they run while the grid is good"
    )
    carries: tuple[Literal["cdus", "crahs"], ...] = Field(
        default=("cdus",), description="what hangs on them beside the racks"
    )
    retransfer_delay: u.Duration = Field(
        default=10.0, description="good input before the load returns from the batteries"
    )
    walk_in: u.Duration = Field(
        default=10.0, description="time in which the rectifiers take the load back"
    )
    restart_delay: u.Duration = Field(
        default=5.0, description="good input before an output that was lost is restored"
    )
    charge_share: Annotated[u.Share, Field(gt=0)] = Field(
        default=0.1, description="charging power of a battery over the unit's rated power"
    )


class GeneratorBank(Bank):
    """Standby generators of a site, in parallel on its medium-voltage bus."""

    fuel: u.Duration = Field(
        default=86_400.0, description="how long the tanks last at full load, such as 24 h"
    )
    cool_down: u.Duration = Field(
        default=300.0, description="time they run on unloaded, such as 5 min"
    )


class BatteryBank(Bank):
    """Site battery on the medium-voltage bus."""

    carries_site: bool = Field(
        default=True, description="forms the grid by itself when the public one is lost"
    )
    peak_threshold: u.Power | None = Field(
        default=None, description="grid power above which it gives, below which it charges"
    )


class Feeders(Element):
    """Medium-voltage feeders from the site's bus to its halls and plants."""

    count: PositiveInt = Field(description="number of feeders")
    scheme: Literal["radial", "dual", "ring"] = Field(
        default="radial",
        description="radial: one way to each load; dual: automatic transfer to the next feeder; "
        "ring: the next feeder takes over once the faulty section is switched off",
    )
    rated_power: u.ApparentPower = Field(description="rating of one feeder, such as 12 MVA")
    length: u.Length = Field(default=200.0, description="length of one, such as 200 m")
    resistance: u.ResistancePerLength = Field(
        default=7.5e-5, description="per conductor, such as 0.075 ohm/km"
    )
    reactance: u.ResistancePerLength = Field(
        default=1.2e-4, description="per conductor, such as 0.12 ohm/km"
    )
    transfer_time: u.Duration | None = Field(
        default=None,
        description="time without power on the way to the other feeder; left out: 0.3 s (dual), "
        "30 s (ring)",
    )

    @model_validator(mode="after")
    def _another(self) -> Feeders:
        if self.scheme != "radial" and self.count < 2:
            raise ValueError(f"a {self.scheme} scheme needs two or more feeders")
        if self.resistance <= 0 and self.reactance <= 0:
            raise ValueError("a feeder needs an impedance")
        return self


class Restart(Element):
    """When motors start after power has come back to their bus; each kind after its delay."""

    pumps: u.Duration = Field(default=2.0, description="facility pumps")
    fans: u.Duration = Field(default=5.0, description="fans of coolers and towers")
    crahs: u.Duration = Field(default=8.0, description="room air handlers")
    chillers: u.Duration = Field(default=180.0, description="the first chiller of a plant")
    chiller_stagger: u.Duration = Field(default=20.0, description="from one chiller to the next")
    chiller_start_factor: Annotated[u.Ratio, Field(ge=1)] = Field(
        default=2.0, description="power of a chiller while it starts over that while it runs"
    )


class Breaker(Element):
    """Overload protection of each panel: an inverse-time curve over its load."""

    curve: Literal[
        "long-time",
        "iec-normal-inverse",
        "iec-very-inverse",
        "iec-extremely-inverse",
        "ieee-moderately-inverse",
        "ieee-very-inverse",
        "ieee-extremely-inverse",
    ] = Field(default="long-time", description="long-time: I2t of a low-voltage trip unit")
    pickup: Annotated[u.Ratio, Field(gt=0)] = Field(
        default=1.0, description="load over the panel's rating from which it runs"
    )
    time_at_six: Annotated[u.Duration, Field(gt=0)] = Field(
        default=8.0, description="long-time curve: trip time at six times the pick-up"
    )
    time_multiplier: Annotated[float, Field(gt=0)] = Field(
        default=1.0, description="other curves: time multiplier setting"
    )


class Grid(Element):
    """The connection to the public grid."""

    voltage: u.Voltage = Field(description="line voltage of the connection, such as 22.9 kV")
    contract_power: u.Power = Field(description="power the site may draw, such as 100 MW")
    short_circuit_power: u.ApparentPower | None = Field(
        default=None, description="short-circuit power of the grid there, such as 500 MVA"
    )
    power_factor: Annotated[u.Ratio, Field(gt=0.5, le=1)] = Field(
        default=0.98, description="power factor at the connection"
    )
    ramp_limit: u.RampRate | None = Field(
        default=None, description="fastest change of power the grid accepts, such as 10 MW/min"
    )
    price: u.EnergyPrice | None = Field(
        default=None, description="price of energy, such as 150 won/kWh"
    )
    carbon_intensity: u.CarbonIntensity | None = Field(
        default=None, description="carbon dioxide per energy, such as 0.41 kg/kWh"
    )


class PanelBank(Element):
    """Panels or busway runs that feed each row together."""

    product: str = Field(description="id of a product of class distribution")
    per_row: Annotated[PositiveInt, Field(le=62)] = Field(
        description="units per row, spares included"
    )
    scheme: Literal["common", "distributed"] = Field(
        default="common",
        description="common: every rack hangs on all of them; distributed: each on some, in turn",
    )
    feeds_per_rack: PositiveInt | None = Field(
        default=None, description="distributed: panels each rack hangs on; left out: two"
    )
    breaker: Breaker = Field(default=Breaker(), description="overload protection of each panel")

    @model_validator(mode="after")
    def _enough_panels(self) -> PanelBank:
        if self.scheme == "common" and self.feeds_per_rack is not None:
            raise ValueError("feeds_per_rack belongs to the distributed scheme")
        if self.scheme == "distributed" and (self.feeds_per_rack or 2) > self.per_row:
            raise ValueError("more feeds per rack than panels")
        return self


class BackupBank(Element):
    """Battery backup units in every rack of a row."""

    product: str = Field(description="id of a product of class battery")
    per_rack: PositiveInt = Field(description="units in each rack, spares included")
