"""Specifications of power equipment, from the substation to the rack shelf."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin import units as u
from twin.bounds import PositiveInt
from twin.catalog.base_spec import Product, Spec


class EfficiencyPoint(Spec):
    """One point of an efficiency table: load as share of rated output, and efficiency there."""

    load: Annotated[float, Field(gt=0, le=2)]
    efficiency: Annotated[float, Field(gt=0, le=1)]


class Conversion(Spec):
    """Loss of a conversion stage; exactly one of the three forms.

    table : efficiency against load share
    quadratic : ``[a0, a1, a2]``, loss = rated (a0 + a1 x + a2 x^2), x = output / rated
    constant, efficiency : input = (output + constant) / efficiency
    """

    table: tuple[EfficiencyPoint, ...] | None = None
    quadratic: tuple[float, float, float] | None = None
    constant: u.Power | None = None
    efficiency: u.Share | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Conversion:
        proportional = self.constant is not None or self.efficiency is not None
        if sum((self.table is not None, self.quadratic is not None, proportional)) != 1:
            raise ValueError("give exactly one of: table, quadratic, or constant with efficiency")
        if proportional and (self.constant is None or not self.efficiency):
            raise ValueError("constant and efficiency belong together, efficiency above zero")
        if self.table is not None:
            loads = [p.load for p in self.table]
            if len(loads) < 2 or loads != sorted(set(loads)):
                raise ValueError("an efficiency table needs two or more rising loads")
        if self.quadratic is not None and min(self.quadratic) < 0:
            raise ValueError("loss coefficients must not be negative")
        return self


class Transformer(Product):
    """Two-winding transformer: no-load and load loss, impedance voltage.

    tap_step is one step of the tap changer over the rated primary voltage, tap_steps their number
    in either direction.
    """

    product_class: Literal["transformer"] = Field(alias="class")
    rated_power: u.ApparentPower
    primary_voltage: u.Voltage
    secondary_voltage: u.Voltage
    no_load_loss: u.Power
    load_loss: u.Power
    impedance_voltage: u.Share
    tap_step: u.Share = 0.025
    tap_steps: Annotated[int, Field(ge=0)] = 2


class Ups(Product):
    """Uninterruptible supply with battery; losses in double conversion and in eco mode.

    output_voltage is given by rectifiers for direct current, such as 800 V; left out: alternating
    current at the voltage of the input, with a bypass.
    """

    product_class: Literal["ups"] = Field(alias="class")
    rated_power: u.Power
    conversion: Conversion
    eco_efficiency: u.Share
    battery_energy: u.Energy
    transfer_time: u.Duration
    output_voltage: u.Voltage | None = None


class Distribution(Product):
    """Remote power panel, busway run or switchboard: rating and resistive loss at rating.

    short_circuit_rating is the initial short-circuit current that its breakers and bars take.
    """

    product_class: Literal["distribution"] = Field(alias="class")
    kind: Literal["busway", "panel", "switchboard"]
    rated_power: u.Power
    voltage: u.Voltage
    rated_loss_share: u.Share
    short_circuit_rating: u.Current | None = None


class PowerShelf(Product):
    """Rack power shelf: rectifier modules in parallel, conversion of one module."""

    product_class: Literal["power-shelf"] = Field(alias="class")
    modules: PositiveInt
    module_power: u.Power
    redundant_modules: Annotated[int, Field(ge=0)]
    output_voltage: u.Voltage
    conversion: Conversion
    holdup_time: u.Duration
    liquid_share: u.Share = 0.0

    @model_validator(mode="after")
    def _some_carry(self) -> PowerShelf:
        if self.redundant_modules >= self.modules:
            raise ValueError("redundant_modules must be fewer than modules")
        return self


class Battery(Product):
    """Battery block: rack BBU shelf or site storage.

    The last four are of site storage: charge below which its cells never go, full discharges and
    years until its end of life, and capacity left then."""

    product_class: Literal["battery"] = Field(alias="class")
    energy: u.Energy
    rated_power: u.Power
    round_trip_efficiency: u.Share
    response_time: u.Duration
    minimum_charge: u.Share = 0.0
    full_cycles: Annotated[float, Field(gt=0)] = 6000.0
    design_life: Annotated[u.Duration, Field(gt=0)] = 4.7e8
    end_of_life_capacity: Annotated[u.Share, Field(gt=0)] = 0.8


class Generator(Product):
    """Standby generator; start_time is from the loss of supply to a closed breaker, of which
    synchronise_time is the last part."""

    product_class: Literal["generator"] = Field(alias="class")
    rated_power: u.Power
    voltage: u.Voltage
    start_time: u.Duration
    load_step_share: u.Share
    load_step_interval: u.Duration
    synchronise_time: u.Duration = 2.0
    full_load_efficiency: u.Share
