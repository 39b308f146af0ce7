"""Typed specifications of products: what a data sheet says, in SI units.

One class per product class; ``class`` in the TOML file chooses it. The quantities are written as
text with a unit and arrive here as floats. Fields are what the physics needs, no more.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from twin import units as u


class Spec(BaseModel):
    """Base of every specification: immutable, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Product(Spec):
    """What every product has.

    Width is along the row (x), depth across it (y), height up (z).
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    vendor: str
    description: str = ""
    width: u.Length
    depth: u.Length
    height: u.Length
    mass: u.Mass


# --- conversion -----------------------------------------------------------------------------------


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


# --- computing ------------------------------------------------------------------------------------


class Hbm(Spec):
    """High-bandwidth memory of one accelerator.

    energy_per_bit includes the interface (PHY) on the accelerator's side; refresh power is per
    stack at the normal refresh interval (it doubles above ``refresh_doubling_temperature``).
    Resistances are per stack from its hottest die (junction) to the cold plate.
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


class Clock(Spec):
    """Voltage and frequency range: V(f)/V_max = voltage_intercept + (1 - voltage_intercept) f,
    f relative to the maximum clock; minimum is the lowest sustained relative clock."""

    maximum: Annotated[float, Field(gt=0)] = 1.0
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

    thermal_design_power is of the whole module at its input; dynamic power scales with activity,
    clock and voltage squared, leakage grows with temperature (quadratic about the reference).
    """

    product_class: Literal["accelerator"] = Field(alias="class")
    thermal_design_power: u.Power
    idle_power: u.Power
    leakage_share: u.Share
    leakage_temperature_coefficient: u.PerKelvin
    leakage_reference_temperature: u.Temperature
    regulator_efficiency: u.Share
    peak_fp8: u.ComputeRate
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


class AuxiliaryLoad(Spec):
    """Other heat sources of a rack (CPU, NVSwitch, NIC, drives...), ``count`` in the whole rack.

    Power is idle + (maximum - idle) utilisation for each; liquid_share of the heat goes to coolant.
    """

    name: str
    count: PositiveInt
    idle_power: u.Power
    maximum_power: u.Power
    liquid_share: u.Share


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

    rated_flow is the rack's coolant flow at rated_pressure_drop; series_plates is how many
    accelerators share one coolant path inside a tray. Air-cooled racks give rated_airflow only.
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
        return self


class NetworkSwitch(Product):
    """A scale-out switch: radix ports of port_rate, transceivers included in optic_power each."""

    product_class: Literal["network-switch"] = Field(alias="class")
    ports: PositiveInt
    idle_power: u.Power
    maximum_power: u.Power
    optic_power: u.Power


# --- cooling --------------------------------------------------------------------------------------


class PumpCurve(Spec):
    """Pump at full speed: head falls quadratically from shutoff_head to rated_head at rated_flow."""

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
    rated flow together. ``valve_stroke_time`` is closed to open.
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


class RearDoor(Product):
    """Rear-door heat exchanger: capacity at rated flows and air-inlet minus water-inlet difference."""

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


class CoolingTower(Product):
    """Open or closed tower: capacity at rated range, approach and wet bulb."""

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


class Chiller(Product):
    """Electric chiller by the DOE-2 EIR model.

    Curve coefficients in the order 1, x, x^2, y, y^2, xy with x leaving chilled-water and y
    entering condenser temperature in degC; eir_part_load in the order 1, x, x^2.
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


# --- power ----------------------------------------------------------------------------------------


class Transformer(Product):
    """Two-winding transformer: no-load and load loss, impedance voltage."""

    product_class: Literal["transformer"] = Field(alias="class")
    rated_power: u.ApparentPower
    primary_voltage: u.Voltage
    secondary_voltage: u.Voltage
    no_load_loss: u.Power
    load_loss: u.Power
    impedance_voltage: u.Share
    indoor: bool = False


class Ups(Product):
    """Uninterruptible supply with battery; losses in double conversion and in eco mode."""

    product_class: Literal["ups"] = Field(alias="class")
    rated_power: u.Power
    conversion: Conversion
    eco_efficiency: u.Share
    battery_energy: u.Energy
    transfer_time: u.Duration


class Distribution(Product):
    """Remote power panel, busway run or switchboard: rating and resistive loss at rating."""

    product_class: Literal["distribution"] = Field(alias="class")
    kind: Literal["busway", "panel", "switchboard"]
    rated_power: u.Power
    voltage: u.Voltage
    rated_loss_share: u.Share


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


class Battery(Product):
    """Battery block: rack BBU shelf or site storage."""

    product_class: Literal["battery"] = Field(alias="class")
    energy: u.Energy
    rated_power: u.Power
    round_trip_efficiency: u.Share
    response_time: u.Duration


class Generator(Product):
    """Standby generator."""

    product_class: Literal["generator"] = Field(alias="class")
    rated_power: u.Power
    voltage: u.Voltage
    start_time: u.Duration
    load_step_share: u.Share
    load_step_interval: u.Duration
    full_load_efficiency: u.Share


AnyProduct = (
    Accelerator | Rack | NetworkSwitch | Pump | CoolantDistributionUnit | RearDoor | Crah
    | DryCooler | CoolingTower | Chiller | Transformer | Ups | Distribution | PowerShelf | Battery
    | Generator
)

PRODUCT_CLASSES: dict[str, type[Product]] = {
    "accelerator": Accelerator,
    "rack": Rack,
    "network-switch": NetworkSwitch,
    "pump": Pump,
    "cdu": CoolantDistributionUnit,
    "rear-door": RearDoor,
    "crah": Crah,
    "dry-cooler": DryCooler,
    "cooling-tower": CoolingTower,
    "chiller": Chiller,
    "transformer": Transformer,
    "ups": Ups,
    "distribution": Distribution,
    "power-shelf": PowerShelf,
    "battery": Battery,
    "generator": Generator,
}
