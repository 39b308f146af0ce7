"""Finding cases: cheap enough for every start of pytest, so nothing heavy is imported here."""

from __future__ import annotations

import re
from pathlib import Path

from assets.locations import SCENARIOS_FOLDER
from twin.errors import InputError, near_matches

CASE_FILE = "case.yaml"
FIRST_BYTES = 65_536

_EXPECT = re.compile(rb"^expect\s*:", re.MULTILINE)
_SCHEMA = re.compile(rb"^schema\s*:\s*[\"']?twin\.scenario/", re.MULTILINE)


def is_case(file: Path) -> bool:
    """Whether a file is a case: ``case.yaml``, or a scenario with expectations. Reads little."""
    if file.name == CASE_FILE:
        return True
    if file.suffix not in (".yaml", ".yml") or not file.is_file():
        return False
    try:
        with file.open("rb") as opened:
            head = opened.read(FIRST_BYTES)
    except OSError:
        return False
    return bool(_SCHEMA.search(head) and _EXPECT.search(head))


def find_cases(places: list[str]) -> list[Path]:
    """Files of all cases at or below some paths, or by the name of a bundled scenario; sorted.

    ``library`` stands for all bundled scenarios.

    Raises
    ------
    InputError : a path that does not exist, or holds no case
    """
    found: dict[Path, None] = {}
    for place in places:
        path = SCENARIOS_FOLDER if place == "library" else Path(place)
        if path.is_dir():
            here = [file for file in sorted(path.rglob("*.y*ml")) if is_case(file)]
        elif path.is_file():
            here = [path] if is_case(path) else []
        else:
            bundled = SCENARIOS_FOLDER / f"{place}.yaml"
            if not bundled.is_file():
                names = ["library", *(file.stem for file in SCENARIOS_FOLDER.glob("*.yaml"))]
                raise InputError(
                    "case not found",
                    path,
                    found=place,
                    allowed="a folder, a file, or " + near_matches(place, names),
                )
            here = [bundled]
        if not here:
            raise InputError(
                "holds no case",
                path,
                allowed=f"folders with a {CASE_FILE}, or scenario files with `expect`",
            )
        found.update(dict.fromkeys(here))
    return list(found)
