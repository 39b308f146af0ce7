"""Events of a session on disk: one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVENTS = "events.jsonl"
CHANGES = ("set", "inject", "clear")
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


def drop_events_after(folder: Path, steps: int, moment: float, changes: int = 0) -> None:
    """Remove events of later steps from a session's log, which end at a time [s].

    A change belongs to the step after it: of those told at that very time the first ``changes``
    stay. Logs of before have no steps, and are cut by the time. Raises OSError.
    """
    events, damaged = read_kept_events(folder)
    kept = []
    for event in events:
        if "steps" not in event:
            stays = event["time"] <= moment + 1e-9
        else:
            stays = event["steps"] <= steps
            if not stays and changes and event["kind"] in CHANGES:
                stays = event["time"] <= moment + 1e-9
                changes -= stays
        if stays:
            kept.append(event)
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
