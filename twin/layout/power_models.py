"""Electrical keys of a layout: grid, transformers, feeders, UPS, panels, standby and protection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin import money
from twin import units as u
from twin.bounds import PositiveInt
from twin.idle_keys import refuse_idle
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


class TransferSwitch(Element):
    """Transfer switches before the panels, from their UPS system to its alternate and back."""

    kind: Literal["static", "automatic"] = Field(
        default="static", description="static: within a quarter cycle; automatic: in seconds"
    )
    time: Annotated[u.Duration, Field(ge=0)] | None = Field(
        default=None,
        description="without supply on the way; left out: 5 ms (static), 2 s (automatic)",
    )
    retransfer_delay: u.Duration = Field(
        default=60.0, description="good preferred supply before they return"
    )
    limit: Annotated[u.Ratio, Field(gt=0)] = Field(
        default=1.0,
        description="load of the alternate over its rating up to which they turn to it; above 1 "
        "its overload protection has the last word",
    )

    @property
    def gap(self) -> float:
        """Time without supply on the way [s]."""
        if self.time is not None:
            return float(self.time)
        return 0.005 if self.kind == "static" else 2.0


class UpsBank(Bank):
    """UPS units of a hall and what they do."""

    scheme: Literal["common", "2N", "block-redundant", "distributed"] = Field(
        default="common",
        description="common: all units on one bus; 2N: two systems, each for everything; "
        "block-redundant: the last system stands by for the others; distributed: several systems, "
        "each rack on some",
    )
    systems: PositiveInt | None = Field(
        default=None,
        description="systems with buses of their own, each of an equal number of the units; "
        "left out: 1 (common), 2 (2N)",
    )
    transfer: TransferSwitch | None = Field(
        default=None,
        description="transfer switches before the panels; left out: static (block-redundant), "
        "else none. Alternate is the last system (block-redundant), else the next one",
    )

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

    @property
    def system_count(self) -> int:
        """Number of systems."""
        return self.systems or {"common": 1, "2N": 2}.get(self.scheme, 0)

    @property
    def switches(self) -> TransferSwitch | None:
        """Transfer switches before the panels, those that go without saying included."""
        if self.transfer is None and self.scheme == "block-redundant":
            return TransferSwitch()
        return self.transfer

    @model_validator(mode="after")
    def _systems_fit(self) -> UpsBank:
        count = self.system_count
        if self.scheme == "common":
            if count > 1:
                raise ValueError("a common bus is one system; choose another scheme for several")
            if self.transfer is not None:
                raise ValueError("transfer switches need a scheme with several systems")
            return self
        if self.scheme == "2N" and count != 2:
            raise ValueError("2N has two systems")
        if count < 2:
            raise ValueError(f"the {self.scheme} scheme needs systems: 2 or more")
        if self.count % count:
            raise ValueError(f"{self.count} units cannot be divided into {count} equal systems")
        return self


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
        default=None,
        description="grid power above which it gives, below which it charges; left out: the "
        "contract power",
    )
    reserve: Annotated[u.Share, Field(lt=1)] = Field(
        default=0.0, description="share of its capacity kept for carrying the site, such as 30 %"
    )
    charge_to: Annotated[u.Share, Field(gt=0)] = Field(
        default=1.0, description="share up to which it charges; what is above is for ramps"
    )
    initial_charge: u.Share = Field(default=1.0, description="share of its capacity at the start")
    holds_ramp: bool = Field(
        default=False, description="keeps the grid's power within grid.ramp_limit"
    )

    @model_validator(mode="after")
    def _order(self) -> BatteryBank:
        if self.reserve >= self.charge_to:
            raise ValueError("reserve must be below charge_to")
        return self


class CapacitorBank(Element):
    """Capacitors in equal steps on a bus, switched to a power factor."""

    rated_power: u.ReactivePower = Field(description="of one step at rated voltage, such as 2 Mvar")
    count: PositiveInt = Field(description="number of steps")
    target_power_factor: Annotated[u.Ratio, Field(gt=0.5, le=1)] = Field(
        default=0.95,
        description="as many steps as it takes for it, lagging: at the grid connection for a bank "
        "of the site, at the transformers for one of a hall or plant",
    )
    control: Literal["staged", "fixed"] = Field(
        default="staged", description="fixed: all steps are in while their bus is live"
    )
    detuning: Annotated[u.Share, Field(lt=0.3)] = Field(
        default=0.0,
        description="reactance of the reactors in series over that of the capacitors at the grid's "
        "frequency, such as 7 %; 0: none",
    )

    @model_validator(mode="after")
    def _nothing_idle(self) -> CapacitorBank:
        if self.control == "fixed":
            refuse_idle(self, "with control: fixed, where all steps are in", "target_power_factor")
        return self


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
        if self.scheme == "radial":
            refuse_idle(self, "with scheme: radial, which has no other feeder", "transfer_time")
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

    @model_validator(mode="after")
    def _nothing_idle(self) -> Breaker:
        idle = "time_multiplier" if self.curve == "long-time" else "time_at_six"
        refuse_idle(self, f"with curve: {self.curve}", idle)
        return self


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
    price: money.EnergyPrice | None = Field(
        default=None, description="price of energy, such as 150 won/kWh or 0.12 EUR/kWh"
    )
    carbon_intensity: u.CarbonIntensity | None = Field(
        default=None, description="carbon dioxide per energy, such as 0.41 kg/kWh"
    )
    price_by_hour: (
        Annotated[tuple[money.EnergyPrice, ...], Field(min_length=24, max_length=24)] | None
    ) = Field(default=None, description="price of each hour of the day from 0:00 on, 24 values")
    carbon_by_hour: (
        Annotated[tuple[u.CarbonIntensity, ...], Field(min_length=24, max_length=24)] | None
    ) = Field(default=None, description="carbon dioxide per energy of each hour of the day")
    demand_price: money.PowerPrice | None = Field(
        default=None,
        description="a month, of the largest mean of a quarter of an hour, such as 8000 won/kW; "
        "left out: nothing",
    )
    export_price: money.EnergyPrice | None = Field(
        default=None,
        description="paid for energy fed into the grid, such as 100 won/kWh; left out: nothing",
    )

    def prices(self) -> Iterator[tuple[str, money.Price]]:
        """All prices, each with its key."""
        for key in ("price", "demand_price", "export_price"):
            if getattr(self, key) is not None:
                yield key, getattr(self, key)
        for hour, price in enumerate(self.price_by_hour or ()):
            yield f"price_by_hour[{hour}]", price


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
    systems: tuple[PositiveInt, ...] | None = Field(
        default=None,
        description="numbers of the UPS systems that feed each row's panels, in turn; left out: "
        "in turn over the hall (block-redundant), else over each row",
    )
    alternates: tuple[PositiveInt, ...] | None = Field(
        default=None,
        description="numbers of the systems that their transfer switches turn to, in turn; left "
        "out: by the scheme",
    )

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


def check_systems(row: str, panels: PanelBank, ups: UpsBank | None) -> None:
    """Raise ValueError where a row's panels name UPS systems that its hall does not have."""
    count = ups.system_count if ups is not None else 0
    for what, numbers in (("systems", panels.systems), ("alternates", panels.alternates)):
        if numbers is None:
            continue
        if count < 2:
            raise ValueError(f"row '{row}', panels.{what}: the hall has no separate UPS systems")
        wrong = [number for number in numbers if number > count]
        if wrong:
            raise ValueError(f"row '{row}', panels.{what}: {wrong[0]} of {count} UPS systems")
        if len(numbers) > panels.per_row:
            raise ValueError(f"row '{row}', panels.{what}: more than the row has panels")
    if panels.alternates is None:
        return
    if ups is None or ups.switches is None:
        raise ValueError(f"row '{row}', panels.alternates: ups.transfer is missing")
    if panels.systems is None:
        raise ValueError(f"row '{row}', panels.alternates: give panels.systems with them")
    for i in range(panels.per_row):
        own = panels.systems[i % len(panels.systems)]
        if panels.alternates[i % len(panels.alternates)] == own:
            raise ValueError(f"row '{row}', panels.alternates: panel {i + 1} prefers {own} itself")
