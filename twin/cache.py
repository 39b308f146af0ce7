"""What may be computed again at any time and is kept because that takes seconds."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from dataclasses import fields
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from physics import coolants
from physics.code_cache import user_cache
from physics.coolants import Coolant, coolant

FIGURES = tuple(field.name for field in fields(Coolant))


@lru_cache(maxsize=64)
def cached_coolant(name: str) -> Coolant:
    """:func:`physics.coolants.coolant` of a name, from the cache where possible.

    Importing CoolProp alone takes seconds, so its tables are kept, per version of CoolProp and of
    the code that makes them. A cache that cannot be read or written is passed over. Raises
    ValueError for an unknown coolant.
    """
    safe = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in name)
    try:
        folder = user_cache() / f"coolants-{version('CoolProp')}-{_source_mark()}"
    except OSError:
        return coolant(name)
    file = folder / f"{safe}.npz"
    kept = _read(file)
    if kept is not None:
        return kept
    fluid = coolant(name)
    with contextlib.suppress(OSError):
        _write(file, fluid)
    return fluid


def _read(file: Path) -> Coolant | None:
    """The coolant of a file; None where there is none, or a damaged one."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            values = {key: kept[key] for key in FIGURES}
        return Coolant(
            **{key: value if value.ndim else value.item() for key, value in values.items()}
        )
    except Exception:  # damage shows in many ways, all of which mean: make it anew
        return None


def _write(file: Path, fluid: Coolant) -> None:
    """Write a coolant's file whole or not at all, also with several processes at once."""
    values: dict[str, Any] = {key: np.asarray(getattr(fluid, key)) for key in FIGURES}
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".npz", delete=False) as part:
        try:
            np.savez(part, **values)
            part.close()
            Path(part.name).replace(file)
        except OSError:
            Path(part.name).unlink()
            raise


def _source_mark() -> str:
    """A mark of the code that makes the tables."""
    return hashlib.sha256(Path(coolants.__file__).read_bytes()).hexdigest()[:12]
