"""Events of a session on disk: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from twin.server.event_log import is_after

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


def drop_events_after(folder: Path, moment: float, also: Collection[str] = ()) -> None:
    """Remove events later than a time from a session's log, and at that time the kinds ``also``.

    Raises OSError.
    """
    events, damaged = read_kept_events(folder)
    kept = [event for event in events if not is_after(event, moment, also)]
    if damaged or len(kept) < len(events):
        partial = folder / (EVENTS + ".partial")
        partial.write_text("".join(json.dumps(event) + "\n" for event in kept), encoding="utf-8")
        partial.replace(folder / EVENTS)


def _is_event(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and type(row.get("time")) in (int, float)
        and -LONGEST <= row["time"] <= LONGEST  # neither infinite nor missing
        and all(isinstance(row.get(key), str) for key in ("path", "kind", "message"))
    )
