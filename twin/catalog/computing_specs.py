"""Specifications of accelerators, racks and network switches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twin import units as u
from twin.bounds import PositiveInt
from twin.catalog.base_spec import Product, Spec
from twin.idle_keys import refuse_idle


class Hbm(Spec):
    """High-bandwidth memory of one accelerator.

    capacity and bandwidth are of all stacks together; everything else is per stack. energy_per_bit
    includes the interface (PHY) on the accelerator's side; refresh power is at the normal refresh
    interval (it doubles above ``refresh_doubling_temperature``). resistance is from the stack's
    hottest die (junction) to the base of the cold plate, heat_capacity of the stack and the lid
    over it. hottest_stack_factor is the rise of the hottest stack over the plate relative to the
    mean rise of all stacks.
    """

    generation: Literal["HBM2E", "HBM3", "HBM3E", "HBM4", "GDDR7"]
    stacks: PositiveInt
    layers: PositiveInt
    capacity: u.Bytes
    bandwidth: u.Bandwidth
    energy_per_bit: u.EnergyPerBit
    static_power: u.Power
    refresh_power: u.Power
    resistance: u.ThermalResistance
    heat_capacity: u.HeatCapacity
    hottest_stack_factor: Annotated[float, Field(ge=1, le=2)]
    refresh_doubling_temperature: u.Temperature
    throttle_temperature: u.Temperature
    shutdown_temperature: u.Temperature

    @model_validator(mode="after")
    def _limits_rise(self) -> Hbm:
        if self.throttle_temperature >= self.shutdown_temperature:
            raise ValueError("throttle_temperature must be below shutdown_temperature")
        return self

    @property
    def full_power(self) -> float:
        """Power of all stacks at full bandwidth and the normal refresh interval [W]."""
        access: float = 8.0 * self.energy_per_bit * self.bandwidth
        return self.idle_power + access

    @property
    def idle_power(self) -> float:
        """Power of all stacks without traffic [W]."""
        power: float = self.stacks * (self.static_power + self.refresh_power)
        return power


class Clock(Spec):
    """Voltage and frequency range: V(f)/V_max = voltage_intercept + (1 - voltage_intercept) f,
    f relative to the maximum clock; minimum is the lowest sustained relative clock."""

    minimum: Annotated[float, Field(gt=0, le=1)]
    voltage_intercept: u.Share


class ColdPlate(Spec):
    """Cold plate (or air heat sink) of one accelerator.

    R(Q) = minimum_resistance + convective_resistance (Q/rated_flow)^-exponent, from the plate's
    base to the coolant entering it. For an air-cooled part the fluid is air and the rated flow is
    the heat sink's share of the node's airflow.
    """

    medium: Literal["liquid", "air"]
    minimum_resistance: u.ThermalResistance
    convective_resistance: u.ThermalResistance
    exponent: Annotated[float, Field(ge=0, le=1)]
    rated_flow: u.VolumeFlow
    rated_pressure_drop: u.Pressure
    pressure_exponent: Annotated[float, Field(ge=1, le=2)] = 1.8
    heat_capacity: u.HeatCapacity


class Accelerator(Product):
    """A GPU or other accelerator module: die (or dies), HBM, voltage regulator, cold plate.

    thermal_design_power and idle_power are of the whole module at its input, ahead of the voltage
    regulator; dynamic power scales with activity, clock and voltage squared. leakage_share is the
    share of the die's full power that leaks at the reference temperature; leakage grows with
    temperature (quadratic about the reference). peak_fp8 is dense. die_resistance is from junction
    to the cold plate's base; die_hbm_coupling is the share of the die's own rise over the plate
    that appears at the stacks (and, by reciprocity, of die_resistance that couples stacks to die).
    resistance_spread and leakage_spread are relative standard deviations between parts.
    decode_power_low and decode_power_high are the power while decoding language-model tokens over
    the design power, at a batch of one and at a full batch; left out, as measured on an H100.
    """

    product_class: Literal["accelerator"] = Field(alias="class")
    thermal_design_power: u.Power
    idle_power: u.Power
    leakage_share: u.Share
    leakage_temperature_coefficient: u.PerKelvin
    leakage_reference_temperature: u.Temperature
    regulator_efficiency: u.Share
    peak_fp8: u.ComputeRate
    decode_power_low: u.Share = 0.43
    decode_power_high: u.Share = 0.86
    clock: Clock
    hbm: Hbm
    die_resistance: u.ThermalResistance
    die_heat_capacity: u.HeatCapacity
    die_hbm_coupling: u.Share
    cold_plate: ColdPlate
    resistance_spread: u.Share
    leakage_spread: u.Share
    slowdown_temperature: u.Temperature
    shutdown_temperature: u.Temperature

    @property
    def full_die_power(self) -> float:
        """Power of the die at full activity [W]: with HBM and regulator it makes the TDP."""
        power: float = self.thermal_design_power * self.regulator_efficiency - self.hbm.full_power
        return power

    @model_validator(mode="after")
    def _powers_fit(self) -> Accelerator:
        if self.slowdown_temperature >= self.shutdown_temperature:
            raise ValueError("slowdown_temperature must be below shutdown_temperature")
        if self.decode_power_low > self.decode_power_high:
            raise ValueError("decode_power_low must not be above decode_power_high")
        if self.idle_power >= self.thermal_design_power:
            raise ValueError("idle_power must be below thermal_design_power")
        if self.full_die_power <= 0:
            raise ValueError(
                f"HBM at full bandwidth takes {self.hbm.full_power:.0f} W, which leaves nothing of "
                "thermal_design_power for the die"
            )
        if self.idle_power * self.regulator_efficiency <= self.hbm.idle_power:
            raise ValueError(
                f"HBM without traffic takes {self.hbm.idle_power:.0f} W, which is more than "
                "idle_power leaves behind the regulator"
            )
        return self


class AuxiliaryLoad(Spec):
    """Other heat sources of a rack (CPU, NVSwitch, NIC, drives...), ``count`` in the whole rack.

    Power is idle + (maximum - idle) utilisation for each; liquid_share of the heat goes to coolant.
    Fans are not listed here but in the rack's fan_power.
    """

    name: str
    count: PositiveInt
    idle_power: u.Power
    maximum_power: u.Power
    liquid_share: u.Share

    @model_validator(mode="after")
    def _idle_is_less(self) -> AuxiliaryLoad:
        if self.idle_power > self.maximum_power:
            raise ValueError("idle_power must not be above maximum_power")
        return self


class Trays(Spec):
    """How trays fill a rack, bottom to top: ``order`` is a string of letters, one per tray.

    c compute, s switch, p power shelf, b battery or capacitor shelf, n network, - blank; each
    takes ``pitch`` of height, beginning at ``first_height`` above the floor. A compute tray that
    is several units high has its letter once and ``compute_units`` says how many pitches it takes.
    """

    order: str = Field(pattern=r"^[cspbn-]+$")
    pitch: u.Length
    first_height: u.Length
    compute_units: PositiveInt = 1
    accelerators_per_tray: PositiveInt


class Rack(Product):
    """A rack of accelerator nodes.

    rated_power is the expected input at full load, provisioned_power what the supply is planned
    for; both ahead of the power shelves. fan_power is of all fans at full speed and leaves as heat
    in air. nvlink_domain is the number of accelerators in one scale-up domain. storage_energy is
    of the rack's capacitors. rated_flow is the rack's coolant flow at rated_pressure_drop;
    series_plates is how many accelerators share one coolant path inside a tray. rated_airflow is
    at full fan speed; air-cooled racks give it and no coolant. maximum_supply_temperature is of
    the coolant, or of the air entering an air-cooled rack. boot_time is from power to work; the
    default is an engineering estimate for a node that boots from its own drives.
    """

    product_class: Literal["rack"] = Field(alias="class")
    cooling: Literal["liquid", "air"]
    accelerator: str
    accelerator_liquid_share: u.Share
    trays: Trays
    nvlink_domain: PositiveInt
    auxiliary: tuple[AuxiliaryLoad, ...]
    rated_power: u.Power
    provisioned_power: u.Power
    fan_power: u.Power
    rated_airflow: u.VolumeFlow
    power_shelf: str
    power_shelves: PositiveInt
    storage_energy: u.Energy = 0.0
    rated_flow: u.VolumeFlow = 0.0
    rated_pressure_drop: u.Pressure = 0.0
    coolant_volume: u.Volume = 0.0
    series_plates: PositiveInt = 1
    maximum_supply_temperature: u.Temperature
    boot_time: u.Duration = 180.0

    @property
    def accelerators(self) -> int:
        """Number of accelerators in the rack."""
        return self.trays.order.count("c") * self.trays.accelerators_per_tray

    @model_validator(mode="after")
    def _liquid_needs_flow(self) -> Rack:
        if self.cooling == "liquid" and not (
            self.rated_flow and self.rated_pressure_drop and self.coolant_volume
        ):
            raise ValueError(
                "a liquid-cooled rack needs rated_flow, rated_pressure_drop and coolant_volume"
            )
        if self.cooling == "air":
            keys = ("rated_flow", "rated_pressure_drop", "coolant_volume", "series_plates")
            refuse_idle(self, "with cooling: air", *keys)
        if self.provisioned_power < self.rated_power:
            raise ValueError("provisioned_power must not be below rated_power")
        return self


class NetworkSwitch(Product):
    """A scale-out switch; powers are without transceivers, optic_power is for each port in use.

    port_bandwidth is of one port in one direction.
    """

    product_class: Literal["network-switch"] = Field(alias="class")
    ports: PositiveInt
    port_bandwidth: u.Bandwidth
    idle_power: u.Power
    maximum_power: u.Power
    optic_power: u.Power
