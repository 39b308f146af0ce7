"""Events of a session on disk: one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVENTS = "events.jsonl"
LONGEST = 1e15  # simulated s


def read_kept_events(folder: Path) -> tuple[list[dict[str, Any]], int]:
    """Events of a session, oldest first, and how many lines are none and were left out.

    Nothing that follows depends on them, so damage to them costs no more than those lines. Raises
    OSError.
    """
    try:
        lines = (folder / EVENTS).read_bytes().splitlines()
    except FileNotFoundError:
        return [], 0
    events = []
    for line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if _is_event(row):
            events.append(row)
    return events, len(lines) - len(events)


def drop_events_after(folder: Path, steps: int, moment: float) -> None:
    """Remove events of later steps from a session's log, which end at a time. Raises OSError.

    Events that tell their steps go by those, others by their time.
    """
    events, damaged = read_kept_events(folder)
    kept = [
        event
        for event in events
        if (event["steps"] <= steps if "steps" in event else event["time"] <= moment + 1e-9)
    ]
    if damaged or len(kept) < len(events):
        partial = folder / (EVENTS + ".partial")
        partial.write_text("".join(json.dumps(event) + "\n" for event in kept), encoding="utf-8")
        partial.replace(folder / EVENTS)


def _is_event(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and type(row.get("time")) in (int, float)
        and -LONGEST <= row["time"] <= LONGEST  # neither infinite nor missing
        and type(row.get("steps", 0)) is int
        and all(isinstance(row.get(key), str) for key in ("path", "kind", "message"))
    )
