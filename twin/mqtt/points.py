"""Which of the twin's values are points of the building bus."""

from __future__ import annotations

from physics.factory.arrays import Floats
from twin.mqtt.electrical_points import electrical
from twin.mqtt.groups import Builder, Group
from twin.mqtt.liquid_points import cdus, machines, racks
from twin.server.subject import SimulationSubject


def points(subject: SimulationSubject, integration: str, leaks: Floats) -> list[Group]:
    """All points of a factory.

    ``integration`` is the name under which requests are taken; ``leaks`` holds for every rack
    whether a leak was reported, and is read anew each time.
    """
    builder = Builder(subject, integration)
    racks(builder, leaks)
    cdus(builder)
    machines(builder)
    electrical(builder)
    return builder.groups
