"""Specifications of cooling equipment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin import units as u
from twin.bounds import PositiveInt
from twin.catalog.base_spec import Product, Spec
from twin.idle_keys import refuse_idle

CURVE_TOLERANCE = 0.05
"""Of a chiller's curve at its rated point, as published fits have it."""


class PumpCurve(Spec):
    """Pump at full speed: head falls quadratically from shutoff_head to rated_head."""

    rated_flow: u.VolumeFlow
    rated_head: u.Pressure
    shutoff_head: u.Pressure
    efficiency: u.Share
    motor_efficiency: u.Share

    @model_validator(mode="after")
    def _falling(self) -> PumpCurve:
        if self.shutoff_head <= self.rated_head:
            raise ValueError("shutoff_head must be above rated_head")
        return self


class Pump(Product):
    """A facility-water pump with variable-speed drive."""

    product_class: Literal["pump"] = Field(alias="class")
    curve: PumpCurve


class CoolantDistributionUnit(Product):
    """CDU: plate exchanger between facility water and technology coolant, pumps, control valve.

    The exchanger is given by its rated point: capacity at rated flows and approach (secondary
    supply minus primary supply). ``pumps`` counts all, of which ``pumps_required`` carry the
    rated flow together; the curve is of one pump and its head includes the unit's own secondary
    pressure drop. Pressure drops are at rated flows. ``secondary_volume`` is inside the unit,
    without piping and racks. ``valve_stroke_time`` is closed to open.
    """

    product_class: Literal["cdu"] = Field(alias="class")
    rated_capacity: u.Power
    rated_approach: u.TemperatureDifference
    rated_primary_flow: u.VolumeFlow
    rated_secondary_flow: u.VolumeFlow
    primary_pressure_drop: u.Pressure
    secondary_pressure_drop: u.Pressure
    secondary_volume: u.Volume
    pump: PumpCurve
    pumps: PositiveInt
    pumps_required: PositiveInt
    valve_stroke_time: u.Duration
    standby_power: u.Power

    @model_validator(mode="after")
    def _pumps_suffice(self) -> CoolantDistributionUnit:
        if self.pumps_required > self.pumps:
            raise ValueError("pumps_required must not be above pumps")
        if self.pumps_required * self.pump.rated_flow < 0.999 * self.rated_secondary_flow:
            raise ValueError("pumps_required pumps do not carry rated_secondary_flow")
        return self


class RearDoor(Product):
    """Rear-door exchanger: capacity at rated flows and air-inlet minus water-inlet difference."""

    product_class: Literal["rear-door"] = Field(alias="class")
    rated_capacity: u.Power
    rated_temperature_difference: u.TemperatureDifference
    rated_flow: u.VolumeFlow
    rated_airflow: u.VolumeFlow
    rated_pressure_drop: u.Pressure
    fan_power: u.Power


class Crah(Product):
    """Computer-room air handler: water coil and variable-speed fans."""

    product_class: Literal["crah"] = Field(alias="class")
    rated_capacity: u.Power
    rated_temperature_difference: u.TemperatureDifference
    rated_flow: u.VolumeFlow
    rated_airflow: u.VolumeFlow
    rated_pressure_drop: u.Pressure
    fan_power: u.Power


class DryCooler(Product):
    """Dry cooler: capacity at rated flows and water-inlet minus air-inlet difference.

    adiabatic_effectiveness is of the wetted pad (0: none), used above adiabatic_threshold.
    """

    product_class: Literal["dry-cooler"] = Field(alias="class")
    rated_capacity: u.Power
    rated_temperature_difference: u.TemperatureDifference
    rated_flow: u.VolumeFlow
    rated_airflow: u.VolumeFlow
    rated_pressure_drop: u.Pressure
    fan_power: u.Power
    natural_convection_share: u.Share
    adiabatic_effectiveness: u.Share = 0.0
    adiabatic_threshold: u.Temperature = 25.0

    @model_validator(mode="after")
    def _nothing_idle(self) -> DryCooler:
        if self.adiabatic_effectiveness == 0.0:
            refuse_idle(self, "without adiabatic_effectiveness", "adiabatic_threshold")
        return self


class CoolingTower(Product):
    """Open or closed tower: capacity at rated range, approach and wet bulb.

    ``model``: merkel, the heat and mass transfer of its fill, or york, the York correlation.
    """

    product_class: Literal["cooling-tower"] = Field(alias="class")
    rated_capacity: u.Power
    rated_range: u.TemperatureDifference
    rated_approach: u.TemperatureDifference
    rated_wet_bulb: u.Temperature
    rated_airflow: u.VolumeFlow
    rated_pressure_drop: u.Pressure
    fan_power: u.Power
    natural_convection_share: u.Share
    drift_share: u.Share
    cycles_of_concentration: Annotated[float, Field(gt=1)]
    model: Literal["merkel", "york"] = "merkel"


class Chiller(Product):
    """Electric chiller by the DOE-2 EIR model.

    Curve coefficients in the order 1, x, x^2, y, y^2, xy with x leaving chilled-water and y
    entering condenser temperature in degC; eir_part_load in the order 1, x, x^2. start_time is
    from the command to running, restart_delay after power or health has come back.
    """

    product_class: Literal["chiller"] = Field(alias="class")
    rated_capacity: u.Power
    rated_cop: Annotated[float, Field(gt=0)]
    rated_leaving_temperature: u.Temperature
    rated_condenser_temperature: u.Temperature
    rated_evaporator_flow: u.VolumeFlow
    rated_condenser_flow: u.VolumeFlow
    rated_pressure_drop: u.Pressure
    capacity_curve: tuple[float, float, float, float, float, float]
    eir_curve: tuple[float, float, float, float, float, float]
    eir_part_load: tuple[float, float, float]
    minimum_part_load: u.Share
    minimum_on_time: u.Duration
    minimum_off_time: u.Duration
    restart_delay: u.Duration
    start_time: u.Duration = 60.0

    @model_validator(mode="after")
    def _curves_meet_the_rating(self) -> Chiller:
        x, y = self.rated_leaving_temperature, self.rated_condenser_temperature
        for name in ("capacity_curve", "eir_curve"):
            one, along_x, along_xx, along_y, along_yy, along_xy = getattr(self, name)
            value = one + along_x * x + along_xx * x * x + along_y * y + along_yy * y * y
            value += along_xy * x * y
            if abs(value - 1.0) > CURVE_TOLERANCE:
                raise ValueError(
                    f"{name} is {value:.3g} at rated_leaving_temperature and "
                    "rated_condenser_temperature, where it must be 1"
                )
        return self
