"""What may be computed again at any time and is kept because that takes seconds."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import fields
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from physics import coolants
from physics.coolants import Coolant, coolant


def cache_folder() -> Path:
    """The user's cache folder for this project (``XDG_CACHE_HOME`` or ``~/.cache``)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ai-factory-twin"


@lru_cache(maxsize=64)
def cached_coolant(name: str) -> Coolant:
    """:func:`physics.coolants.coolant` of a name, from the cache where possible.

    Importing CoolProp alone takes seconds, so its tables are kept, per version of CoolProp and of
    the code that makes them. A cache that cannot be read or written is passed over. Raises
    ValueError for an unknown coolant.
    """
    safe = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in name)
    file = cache_folder() / f"coolants-{version('CoolProp')}-{_source_mark()}" / f"{safe}.npz"
    names = [field.name for field in fields(Coolant)]
    try:
        with np.load(file, allow_pickle=False) as kept:
            values = {key: kept[key] for key in names}
        return Coolant(
            **{key: value if value.ndim else value.item() for key, value in values.items()}
        )
    except (OSError, KeyError, ValueError, EOFError, BadZipFile):
        pass
    fluid = coolant(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".npz", delete=False) as part:
            kept_values: dict[str, Any] = {key: np.asarray(getattr(fluid, key)) for key in names}
            np.savez(part, **kept_values)
        Path(part.name).replace(file)  # whole or not at all, also with several processes at once
    except OSError:
        pass
    return fluid


def _source_mark() -> str:
    """A mark of the code that makes the tables."""
    return hashlib.sha256(Path(coolants.__file__).read_bytes()).hexdigest()[:12]
