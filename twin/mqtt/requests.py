"""What integrations write on the building bus, checked and turned into commands."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from twin.controls import Command
from twin.errors import InputError
from twin.mqtt.groups import PREFIX

LARGEST_PAYLOAD = 4096
POINTS = (
    ("Rack", "RackLiquidIsolationRequest"),
    ("Rack", "RackElectricalIsolationRequest"),
    ("Rack", "RackLeakDetectTray"),
    ("CDU", "LiquidTemperatureSpRequest"),
)
HEARTBEAT = ("System", "HeartbeatTimestampIntegration")


@dataclass(frozen=True)
class Request:
    """A value that an integration wrote.

    Attributes
    ----------
    object_type, point_type : of the point
    path : of the element
    value : as written
    """

    object_type: str
    point_type: str
    path: str
    value: float

    def command(self) -> Command | None:
        """The change it asks for; None when it changes nothing by itself (a leak, a heartbeat)."""
        if self.point_type == "LiquidTemperatureSpRequest":
            return Command("set", self.path, "supply_setpoint", self.value)
        if self.point_type == "RackLiquidIsolationRequest":
            return Command("set", self.path, "flow_factor", 0.0 if self.value == 1 else 1.0)
        if self.point_type == "RackElectricalIsolationRequest":
            return Command("set", self.path, "energised", 0.0 if self.value == 1 else 1.0)
        return None


def subscriptions(integration: str) -> list[str]:
    """Topic filters for everything the integration may write."""
    return [
        f"{PREFIX}/{integration}/Value/{object_type}/{point_type}/#"
        for object_type, point_type in (*POINTS, HEARTBEAT)
    ]


def parse_request(topic: str, payload: bytes, integration: str) -> Request | None:
    """Read a message; None when it says that there is no trustworthy value.

    Raises
    ------
    InputError : not a topic of the integration, not a value message, or a value that means nothing
    """
    words = topic.split("/")
    start = PREFIX.split("/")
    head = [*start, integration, "Value"]
    if words[: len(head)] != head or len(words) < len(head) + 3:
        raise InputError("not a topic of this integration", key="topic", found=topic[:200])
    object_type, point_type, *tag = words[len(head) :]
    if (object_type, point_type) not in (*POINTS, HEARTBEAT):
        raise InputError("not a point that integrations may write", key="topic", found=topic[:200])
    value = _value(topic, payload)
    if value is None:
        return None
    switches = object_type == "Rack"
    if switches and value not in (-1, 0, 1):
        raise InputError("not a state", key=topic[:200], found=f"{value:g}", allowed="0 or 1")
    if switches and value == -1:
        return None
    return Request(object_type, point_type, _element(point_type, tag), value)


def _element(point_type: str, tag: list[str]) -> str:
    """Path of the element a tag path names."""
    if point_type == "LiquidTemperatureSpRequest" and tag[-2:] == ["secondary", "supply"]:
        tag = tag[:-2]
    return "/" + "/".join(tag)


def _value(topic: str, payload: bytes) -> float | None:
    if len(payload) > LARGEST_PAYLOAD:
        raise InputError("message too large", key=topic[:200], found=f"{len(payload)} bytes")
    try:
        message: Any = json.loads(payload)
    except (ValueError, RecursionError):
        raise InputError("message is not JSON", key=topic[:200]) from None
    if not isinstance(message, dict) or not {"value", "timestamp", "quality"} <= set(message):
        raise InputError(
            "message is not a value",
            key=topic[:200],
            allowed="an object of value, timestamp and quality",
        )
    value = message["value"]
    if message["quality"] != 1 or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError("value is not a number", key=topic[:200], found=repr(value)[:60])
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError("value is not finite", key=topic[:200])
    return number
