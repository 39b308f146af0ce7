"""Open digital twin of an AI factory.

>>> import twin
>>> run = twin.load("pilot").run(duration="10min")
>>> run.rack.temperature.max()  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.factory import Factory

__version__ = "0.1.0"
__all__ = ["load", "open_recording"]


def load(layout: str | Path) -> Factory:
    """Load a layout file, or a bundled layout by name.

    Raises
    ------
    twin.errors.InputError : names file, line, key, what was found and what is allowed
    """
    from twin.factory import Factory

    return Factory.load(layout)


def open_recording(path: str | Path) -> Any:
    """Open a recording as an xarray DataTree; raises twin.errors.InputError."""
    from twin.recording import open_recording as open_

    return open_(path)
