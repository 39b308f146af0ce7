"""Controls and faults of cooling in depth: leaks, sensors, rear doors, humidity, fire isolation."""

from __future__ import annotations

from physics.sensor import FAILED_HIGH, FAILED_LOW, STUCK
from twin.control import Control, Fault
from twin.control_limits import with_rear_doors


def _sensor_controls(level: str, what: str, unit: str, drift: float) -> tuple[Control, ...]:
    """Controls of one sensor of every element; ``drift`` is the largest bias and noise."""
    group, name = f"{level}_{what}_sensor", f"the {what} sensor"
    difference = "delta_degC" if unit == "degC" else unit
    return (
        Control(
            level, f"{what}_bias", difference, -drift, drift, f"Added to what {name} measures",
            field=f"{group}.bias",
        ),
        Control(
            level, f"{what}_noise", difference, 0, drift, f"Standard deviation of {name}'s noise",
            field=f"{group}.noise", not_at_rest="noise is another at every moment",
        ),
        Control(
            level, f"{what}_delay", "s", 0, 600, f"Time by which {name} is late",
            field=f"{group}.delay", not_at_rest="at rest a late reading is the same",
        ),
        Control(
            level, f"{what}_fault", "", 0, 3,
            f"State of {name}: 0 healthy, 1 stuck, 2 failed low, 3 failed high",
            field=f"{group}.fault", whole=True,
        ),
    )  # fmt: skip


def _sensor_faults(level: str, what: str, drift: float, text: str) -> tuple[Fault, ...]:
    key, name = f"{what}_fault", f"{what}-sensor"
    return (
        Fault(level, f"{name}-stuck", ((key, STUCK, 0),), f"{text} stays where it is"),
        Fault(level, f"{name}-low", ((key, FAILED_LOW, 0),), f"{text} is at the scale's low end"),
        Fault(level, f"{name}-high", ((key, FAILED_HIGH, 0),), f"{text} is at its high end"),
        Fault(level, f"{name}-drift", ((f"{what}_bias", drift, 0),), f"{text} is too high"),
    )


COOLING_CONTROLS: tuple[Control, ...] = (
    Control("cdu", "leak_area", "m**2", 0, 1e-2, "Area of a hole in the technology loop"),
    Control("cdu", "coolant_level", "", 0, 1, "Share of the expansion vessel's reserve left"),
    *_sensor_controls("cdu", "temperature", "degC", 20.0),
    *_sensor_controls("cdu", "pressure", "Pa", 200e3),
    Control(
        "row", "door_setpoint", "degC", 10, 50, "Set point of the air behind the rear doors",
        fitted=with_rear_doors, needs="rear doors",
    ),
    Control(
        "row", "door_fault", "", 0, 1, "1 stops the rear doors' fans and water", whole=True,
        fitted=with_rear_doors, needs="rear doors",
    ),
    Control("hall", "dehumidifier_fault", "", 0, 1, "1 lets outdoor air in as it is", whole=True),
    Control("plant", "leak_area", "m**2", 0, 1e-1, "Area of a hole in the facility loop"),
    Control("plant", "coolant_level", "", 0, 1, "Share of the expansion vessels' reserve left"),
    *_sensor_controls("plant", "temperature", "degC", 20.0),
)  # fmt: skip


COOLING_FAULTS: tuple[Fault, ...] = (
    Fault("cdu", "leak", (("leak_area", 2e-6, 0),), "Hose weeps: a hole of 2 mm2"),
    Fault("cdu", "burst", (("leak_area", 2e-4, 0),), "Hose bursts: a hole of 2 cm2"),
    *_sensor_faults("cdu", "temperature", 3.0, "Reading of the supply temperature"),
    *_sensor_faults("cdu", "pressure", 20e3, "Reading of the differential pressure"),
    Fault("row", "rear-door-trip", (("door_fault", 1, 0),), "Rear doors without fans and water"),
    Fault(
        "row",
        "fire-isolation",
        (("rack.energised", 0, None), ("cdu.pumps_online", 0, None), ("cdu.isolated", 1, None)),
        "Fire zone: racks without power, CDUs stopped and shut off",
    ),
    Fault("hall", "dehumidifier-failure", (("dehumidifier_fault", 1, 0),), "Outdoor air comes in"),
    Fault(
        "hall",
        "fire-isolation",
        (
            ("rack.energised", 0, None),
            ("cdu.pumps_online", 0, None),
            ("cdu.isolated", 1, None),
            ("crah.online", 0, None),
        ),
        "Fire zone: racks without power, CDUs and air handlers stopped, water shut off",
    ),
    Fault("plant", "leak", (("leak_area", 2e-5, 0),), "Flange weeps: a hole of 20 mm2"),
    Fault("plant", "burst", (("leak_area", 2e-3, 0),), "Pipe bursts: a hole of 20 cm2"),
    *_sensor_faults("plant", "temperature", 3.0, "Reading of the supply temperature"),
)
