"""Where a session stands: as plain data, and as what viewers are shown of it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from twin.server.publisher import Sample

if TYPE_CHECKING:
    from twin.server.session import Session
    from twin.server.subscription import Slice


def session_status(session: Session) -> dict[str, Any]:
    """What REST and the answers to commands tell of a session."""
    subject = session.subject
    return {
        "id": session.id,
        "title": session.title,
        "layout": subject.name,
        "digest": subject.digest,
        "time": subject.time,
        "steps": subject.steps,
        "step": subject.step,
        "paused": session.paused,
        "speed": "max" if math.isinf(session.speed) else session.speed,
        "achieved_speed": round(session.schedule.achieved, 3),
        "seeking": session.seeking,
        "skipped_s": round(session.schedule.skipped, 3),
        "repeatable": subject.repeatable,
        "recorded": subject.recorded,
        "commands": len(session.journal.entries),
        "undone": session.undone,
        "events": session.events.total,
        "parent": session.parent,
        "failure": session.failure or None,
        "hold": session.hold or None,
        "created": session.created,
    }


def sample_of(session: Session, slices: Iterable[Slice]) -> Sample:
    """Copies of the channels of slices as they are now; runs on the session's thread."""
    names = {part.channel.name for part in slices}
    return Sample(
        {name: session.read(name) for name in names},
        session.subject.kpis(),
        session.subject.time,
        time.time(),
        session.schedule.achieved,
        session.paused or bool(session.failure or session.hold),
    )
