"""Writes the tables both viewers share as JSON for the browser: ``python -m viewer.export_web``.

Colour maps, themes, keys, camera presets and what counts as stale are written down once, in
Python; the browser's bundle takes them from ``web/src/shared.json``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from viewer import freshness, heat_path, hud
from viewer.camera import PRESETS
from viewer.palette import as_json
from viewer.playback import SPEEDS

WEB = Path(__file__).with_name("web")
SHARED = WEB / "src" / "shared.json"


def shared() -> dict[str, Any]:
    """Everything the browser takes from here, as plain data."""
    return {
        "palette": as_json(),
        "keys": [list(row) for row in hud.HELP],
        "heat_path": heat_path.as_json(),
        "presets": list(PRESETS),
        "speeds": list(SPEEDS),
        "fresh": {"least": freshness.LEAST, "intervals": freshness.INTERVALS},
    }


def as_text() -> str:
    """The file's text."""
    return json.dumps(shared(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SHARED.parent.mkdir(parents=True, exist_ok=True)
    SHARED.write_text(as_text(), encoding="utf-8")
