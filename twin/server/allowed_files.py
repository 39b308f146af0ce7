"""Files that may be opened for somebody who asks over REST: bundled ones, and those of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from assets.locations import SCENARIOS_FOLDER
from twin import yaml_file
from twin.errors import InputError, near_matches
from twin.layout import bundled_layouts
from twin.scenario import load_scenario
from twin.scenario_template import MAXIMUM_BASES
from twin.server.store import Origin

SUFFIXES = (".yaml", ".yml")
NAMING_FILES = frozenset({"file", "requests"})
"""Keys of a scenario whose values are files read when it runs."""


@dataclass(frozen=True)
class AllowedFiles:
    """Layouts and scenarios that may be asked for.

    Attributes
    ----------
    folder : also those in here, by their path in it, and no file that lies elsewhere; or None
    """

    folder: Path | None = None

    def origin(self, layout: str, scenario: str | None, seed: int | None) -> Origin:
        """What a session is to be made of; raises InputError for anything else on the disk."""
        chosen = self._find("layout", layout, bundled_layouts())
        if scenario is None:
            return Origin(chosen, None, seed)
        bundled = bundled_scenarios()
        found = self._find("scenario", scenario, bundled)
        if self.folder is not None and found not in bundled:
            self._check_scenario(Path(found))
        return Origin(chosen, found, seed)

    def _find(self, key: str, name: str, bundled: dict[str, Path]) -> str:
        """A bundled one's name, or the full path of a file in the folder."""
        if name in bundled:
            # the name would mean a file of that name in the working folder, if there is one
            return str(bundled[name]) if Path(name).exists() else name
        message, allowed = f"not a bundled {key}", near_matches(name[:100], [*bundled])
        if self.folder is not None:
            file = self._inside(self.folder, name)
            if file is not None and file.suffix in SUFFIXES:
                return str(file)
            message += " nor a file of the folder"
            allowed += f", or a file ({', '.join(SUFFIXES)}) in the folder given by --layouts"
        raise InputError(message, key=key, found=name[:100], allowed=allowed)

    def _inside(self, base: Path, name: str) -> Path | None:
        """An existing file named from a folder, if it really lies below the allowed one."""
        if self.folder is None or "\0" in name or "\\" in name:
            return None
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            return None
        try:
            root = self.folder.resolve(strict=True)
            file = (base / name).resolve(strict=True)
        except (OSError, RuntimeError):  # not there, too long, links in a circle
            return None
        return file if file.is_file() and file.is_relative_to(root) else None

    def _check_scenario(self, file: Path) -> None:
        """Refuse a scenario that is based on, or reads, anything outside."""
        based, depth = file, 0
        while depth <= MAXIMUM_BASES:
            document = yaml_file.read(based)
            name = document.data.get("extends") if isinstance(document.data, dict) else None
            if not isinstance(name, str):
                break
            beside = self._inside(based.parent, name)
            if beside is None:
                elsewhere = Path(name).exists() or (based.parent / name).exists()
                if elsewhere or name not in bundled_scenarios():
                    raise _outside(document, "extends", name)
                break
            based, depth = beside, depth + 1
        scenario = load_scenario(file)
        for key, name in _files_named(scenario):
            path = Path(name)
            if path.is_relative_to(file.parent):
                path = path.relative_to(file.parent)
            if self._inside(file.parent, str(path)) is None:
                raise _outside(yaml_file.read(file), key, str(path))


def bundled_scenarios() -> dict[str, Path]:
    """Bundled scenarios: file by name."""
    return {file.stem: file for file in sorted(SCENARIOS_FOLDER.glob("*.yaml"))}


def _files_named(value: Any) -> Iterator[tuple[str, str]]:
    """Keys and files that a scenario names anywhere."""
    if isinstance(value, BaseModel):
        for key in type(value).model_fields:
            part = getattr(value, key)
            if key in NAMING_FILES and isinstance(part, str):
                yield key, part
            else:
                yield from _files_named(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _files_named(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _files_named(part)


def _outside(document: yaml_file.Document, key: str, name: str) -> InputError:
    return InputError(
        "not a file of the folder given by --layouts",
        document.file.name,
        key=key,
        found=name[:100],
        allowed="a file in that folder, by its path from the scenario",
    )
