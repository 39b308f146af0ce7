"""Points of the power path: meters, breakers, UPS, generators, batteries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from physics.electrical.generator import STATE_NAMES
from physics.factory.arrays import Floats
from twin.mqtt.groups import (
    AVAILABLE,
    CLOSED,
    KILO,
    PER_CENT,
    RUNNING,
    Builder,
    Reader,
    channel,
    named,
    state,
    texts,
)
from twin.server.subject import SimulationSubject

GENERATOR = tuple((number, name.capitalize()) for number, name in enumerate(STATE_NAMES))


def electrical(builder: Builder) -> None:
    """Meters along the power path, and the switches between them."""

    def meter(level: str, name: str, serves: Sequence[list[str]]) -> None:
        facts = [
            named(f"{path}/meter", serves[row]) for row, path in enumerate(builder.paths(level))
        ]
        builder.add(
            "PowerMeter",
            "ActivePower",
            level,
            facts,
            channel(name, KILO),
            {"engUnit": "kW"},
            suffix="meter",
        )

    def meters(level: str, wanted: str) -> list[list[str]]:
        return [[f"{path}/meter" for path in group] for group in builder.below(level, wanted)]

    meter("site", "site.power", meters("site", "hall"))
    meter("hall", "hall.power", meters("hall", "row"))
    meter("row", "row.power", builder.below("row", "rack"))
    for object_type, level, parent in (
        ("UPS", "ups", "hall"),
        ("Breaker", "hall_transformer", "hall"),
        ("Breaker", "site_transformer", "site"),
        ("Breaker", "panel", "row"),
    ):
        parents = builder.levels[level].parent_index
        owners = builder.paths(parent)
        facts = [{"associateId": f"{owners[int(row)]}/meter"} for row in parents]
        meaning = CLOSED if object_type == "Breaker" else RUNNING
        reader = closed_panels() if level == "panel" else online(level)
        builder.add(object_type, "Status", level, facts, reader, texts(meaning))
    panels = builder.paths("panel")
    builder.add(
        "PowerMeter",
        "Current",
        "panel",
        [named(f"{path}/meter", []) for path in panels],
        channel("panel.current"),
        {"engUnit": "A"},
        suffix="meter",
    )
    shares(
        builder, "UPS", "ups", ups_meters(builder), ("Load", "ups.load"), ("Charge", "ups.charge")
    )
    backup(builder)


def backup(builder: Builder) -> None:
    """Standby generators and batteries of the site."""
    for object_type, level, states in (
        ("Generator", "generator", GENERATOR),
        ("BESS", "battery", RUNNING),
    ):
        owners = builder.paths("site")
        parents = builder.levels[level].parent_index
        facts = [
            named(path, [f"{owners[int(row)]}/meter"])
            for path, row in zip(builder.paths(level), parents, strict=True)
        ]
        status = state("generator.state") if level == "generator" else online(level)
        builder.add(object_type, "Status", level, facts, status, texts(states))
        builder.add(object_type, "Available", level, facts, online(level), texts(AVAILABLE))
        builder.add(
            object_type,
            "GenericPoint",
            level,
            facts,
            channel(f"{level}.power", KILO),
            {"engUnit": "kW"},
            area=("Power",),
        )
        if level == "battery":
            shares(builder, object_type, level, facts, ("Charge", "battery.charge"))


def shares(
    builder: Builder,
    object_type: str,
    level: str,
    facts: Sequence[dict[str, Any]],
    *of: tuple[str, str],
) -> None:
    """Channels that are shares, in percent, as generic points."""
    for area, name in of:
        builder.add(
            object_type,
            "GenericPoint",
            level,
            facts,
            channel(name, PER_CENT),
            {"engUnit": "%"},
            area=(area,),
        )


def ups_meters(builder: Builder) -> list[dict[str, Any]]:
    """What each UPS is associated with: the meter of its hall."""
    owners = builder.paths("hall")
    return [
        {"associateId": f"{owners[int(row)]}/meter"} for row in builder.levels["ups"].parent_index
    ]


def online(level: str) -> tuple[Reader, float]:
    """Whether each element is in service."""
    return state(f"{level}.online", lambda values: values > 0.0)


def closed_panels() -> tuple[Reader, float]:
    """Whether each panel's breaker is closed: in service, and not opened by its protection."""

    def read(subject: SimulationSubject) -> Floats:
        closed = (subject.field("panel.online") > 0.0) & (subject.field("panel.tripped") <= 0.0)
        return np.asarray(closed, dtype=np.float64)

    return read, 1e-6
