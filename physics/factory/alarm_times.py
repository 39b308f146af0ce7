"""For how long alarms of the cooling have stood, so that none passes between two looks.

The sentences of alarms are made outside, from a state looked at now and then. Compiled code only
adds up, step by step, how many of these conditions hold; where the sum is not what the looks
explain, something came or went in between.
"""

from __future__ import annotations

from physics.factory.arrays import CDU, PLANT, SENSOR, Floats
from physics.factory.sensors import TEMPERATURE_RANGE
from physics.jit import kernel, law

TOO_WARM = 3.0  # K above a set point from which water or coolant is too warm
RAISED = 1e-9  # K by which a guarded set point differs from one that stands


@law
def off_scale(reading: float) -> bool:
    """Whether a temperature sensor shows an end of its scale, as a broken wire or a short does."""
    return reading <= TEMPERATURE_RANGE[0] or reading >= TEMPERATURE_RANGE[1]


@kernel()
def book_alarms(
    cdu: Floats, cdu_sensor: Floats, plant: Floats, plant_sensor: Floats, step: float
) -> None:
    """Add a step of ``step`` seconds for every condition that holds for a CDU or plant.

    Leak, low level, supply too warm, sensor off its scale; of CDUs also a set point raised above
    the dew point.
    """
    for c in range(cdu.shape[1]):
        guarded = cdu[CDU.guarded_setpoint, c]
        count = 0.0
        count += 1.0 if cdu[CDU.leak_area, c] > 0.0 else 0.0
        count += 1.0 if cdu[CDU.low_level_trip, c] > 0.5 else 0.0
        count += 1.0 if guarded > cdu[CDU.supply_setpoint, c] + RAISED else 0.0
        count += 1.0 if cdu[CDU.supply_temperature, c] > guarded + TOO_WARM else 0.0
        count += 1.0 if off_scale(cdu_sensor[c, SENSOR.reading]) else 0.0
        cdu[CDU.alarm_time, c] += count * step
    for p in range(plant.shape[1]):
        setpoint = plant[PLANT.supply_setpoint, p]
        count = 0.0
        count += 1.0 if plant[PLANT.leak_area, p] > 0.0 else 0.0
        count += 1.0 if plant[PLANT.low_level_trip, p] > 0.5 else 0.0
        count += 1.0 if plant[PLANT.supply_temperature, p] > setpoint + TOO_WARM else 0.0
        count += 1.0 if off_scale(plant_sensor[p, SENSOR.reading]) else 0.0
        plant[PLANT.alarm_time, p] += count * step
