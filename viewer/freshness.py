"""Are the values on the screen current? Told from when frames came."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

LEAST = 3.0  # s without a frame before values are called stale
INTERVALS = 5.0  # or this many usual distances between frames, whichever is longer


@dataclass
class Freshness:
    """Remembers when frames came (seconds of any steady clock)."""

    last: float | None = None
    began: float | None = None
    lost: float | None = None
    gaps: deque[float] = field(default_factory=lambda: deque(maxlen=20))

    def frame_came(self, now: float) -> None:
        """A new frame is there."""
        if self.last is not None:
            self.gaps.append(now - self.last)
        self.last = now

    def message(self, now: float, connected: bool, paused: bool) -> tuple[str, str] | None:
        """Status ("limit" or "stale") and words for a banner; None when all is well."""
        if self.began is None:
            self.began = now
        age = now - (self.last if self.last is not None else self.began)
        if not connected:
            self.lost = now if self.lost is None else self.lost
            since = f"no connection since {now - self.lost:.0f} s"
            return "limit", f"{since} - values are {age:.0f} s old, trying again"
        self.lost = None
        if self.last is None:
            return ("stale", "waiting for the first values") if age > 1.0 else None
        usual = sorted(self.gaps)[len(self.gaps) // 2] if self.gaps else 0.0
        if not paused and age > max(LEAST, INTERVALS * usual):
            return "stale", f"stale - no new values for {age:.0f} s"
        return None
