"""Reading what lies in a recording, so that what has been damaged is found and told.

Recordings have a checksum of the group's document, of every chunk, of the files beside them and of
every event. Those of earlier versions have none and are read as they are.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.errors import InputError
from twin.foreign_data import reading
from twin.recording_store import CHECKSUMS, CHUNK_FRAMES, DOCUMENT, SEAL
from twin.sealed import checksum, read_sealed, unseal

FORMAT = "twin.recording/1"
EVENTS = "events.jsonl"
SCENE = "scene.json"
_SEALED = re.compile(r'"checksum": "([0-9a-f]{8})"')
_SEAL_WITHIN = 200  # characters from the document's start


def read_attributes(folder: Path) -> dict[str, Any]:
    """Attributes of a recording's group.

    Raises
    ------
    InputError : not there, not a recording, of another version, or damaged
    """
    return read_document(folder)["attributes"]  # type: ignore[no-any-return]


def read_document(folder: Path) -> dict[str, Any]:
    """The document of a recording's group; raises InputError as :func:`read_attributes`."""
    if not folder.exists():
        raise InputError("recording not found", folder)
    file = folder / DOCUMENT
    if not file.is_file():
        raise InputError(f"not a recording (no {DOCUMENT} in it)", folder)
    with reading(file, "recording"):
        text = file.read_bytes().decode("utf-8")
        document = json.loads(text)
        found = document["attributes"].get("format")
        if found != FORMAT:
            raise InputError(
                "not a recording of a factory, or of another version",
                folder,
                key="format",
                found=repr(found),
                allowed=FORMAT,
            )
        seal = _SEALED.search(text[:_SEAL_WITHIN])
        if seal is not None:
            blank = text.replace(seal.group(), SEAL, 1)
            if checksum(blank.encode()) != seal.group(1):
                raise InputError(
                    "recording is damaged: its checksum does not fit, so something in this file "
                    "has changed",
                    file,
                )
        elif "labels" in document["attributes"]:  # which came with the checksum
            raise InputError("recording is damaged: its checksum is missing", file)
        return document  # type: ignore[no-any-return]


def read_beside(folder: Path, name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON file that lies beside a recording's arrays; empty where it never was.

    Raises
    ------
    InputError : it is missing though it was written, or damaged
    """
    file = folder / name
    if not file.is_file():
        if name in attributes.get("holds", ()):
            raise InputError("missing from the recording", file)
        return {}
    return read_sealed(file, required="checksum" in attributes)


def read_scene(folder: Path, *, sealed: bool = False) -> dict[str, Any]:
    """Scene description of a recording; raises InputError when it is missing or damaged.

    sealed : it must have its checksum
    """
    file = folder / SCENE
    if not file.is_file():
        raise InputError("scene of the recording cannot be read: it is missing", file)
    try:
        return read_sealed(file, required=sealed)
    except InputError as error:
        raise InputError(f"scene of the recording {error.message}", file) from None


def read_events(folder: Path, at_least: int = 0) -> list[dict[str, Any]]:
    """Events of a recording, oldest first; a line cut by a kill is left out.

    at_least : how many there must be

    Raises
    ------
    InputError : a line is damaged, or some are missing
    """
    file = folder / EVENTS
    events: list[dict[str, Any]] = []
    raw = b""
    if file.is_file():
        with reading(file, "events of the recording"):
            raw = file.read_bytes()
    lines = raw.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            event = unseal(line, EVENTS)
            float(event["time"])
            if not all(isinstance(event[key], str) for key in ("path", "kind", "message")):
                raise ValueError("path, kind and message are not text")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if number == len(lines) and not _is_whole(line):
                break
            reason = "not an event" if isinstance(error, KeyError | TypeError) else str(error)
            raise InputError(f"an event is damaged: {reason}", file, number) from None
        events.append(event)
    if len(events) < at_least:
        raise InputError(
            "events are missing", file, found=f"{len(events):,}", allowed=f"{at_least:,}"
        )
    return events


def _is_whole(line: bytes) -> bool:
    """Whether a last line is whole but for its end, which a kill leaves out and damage changes."""
    try:
        unseal(line[:-1], EVENTS)
    except (ValueError, RecursionError):
        return False
    return True


class ChunkSums:
    """Checksums of a recording's chunks as they were written.

    Attributes
    ----------
    known : whether the recording has them

    Raises
    ------
    InputError : their file is missing or damaged
    """

    def __init__(self, folder: Path, attributes: Mapping[str, Any], document: Mapping[str, Any]):
        self.folder = folder
        self.known = "checksum" in attributes
        self._parts: dict[str, range] = {}  # of a channel's chunk among those of all channels
        self._sums: dict[int, list[list[str]]] = {}
        if not self.known:
            return
        with reading(folder / DOCUMENT, "recording"):
            entries, first = document["consolidated_metadata"]["metadata"], 0
            for name in attributes["channels"]:
                entry = entries[name.replace(".", "/", 1)]
                width = entry["chunk_grid"]["configuration"]["chunk_shape"][1]
                self._parts[name] = range(first, first - (-entry["shape"][1] // width))
                first = self._parts[name].stop
        self._read()

    def _read(self) -> None:
        """Read what has been written so far; a chunk that was added to has several lines."""
        file = self.folder / CHECKSUMS
        found: dict[int, list[list[str]]] = {}
        with reading(file, "recording"):
            lines = file.read_bytes().split(b"\n")
            for number, line in enumerate(lines[:-1], start=1):  # the last is empty, or cut
                try:
                    entry = unseal(line, CHECKSUMS, required=True)
                except ValueError as error:
                    raise InputError(f"is damaged: {error}", file, number) from None
                found.setdefault(int(entry["chunk"]), []).append(entry["crc32c"].split())
        self._sums = found

    def check(self, name: str, number: int) -> None:
        """Raise InputError when a channel's chunk of frames is missing or another one's."""
        if not self.known:
            return
        for part, place in enumerate(self._parts[name]):
            file = self.folder / name.replace(".", "/", 1) / "c" / str(number) / str(part)
            try:
                with file.open("rb") as opened:
                    opened.seek(-4, os.SEEK_END)
                    found = opened.read().hex()
            except OSError:
                raise InputError("missing from the recording, or cut off", file) from None
            if not self._fits(number, place, found):
                self._read()  # whoever writes the recording may have added to the chunk
                if number not in self._sums:
                    raise InputError("checksums of frames are missing", self.folder / CHECKSUMS)
                if not self._fits(number, place, found):
                    raise InputError(
                        "recording is damaged: this file is not the one that was written", file
                    )

    def _fits(self, number: int, place: int, found: str) -> bool:
        return any(found == sums[place] for sums in self._sums.get(number, ()) if place < len(sums))

    def check_all(self, frames: int) -> None:
        """Check every chunk of so many frames."""
        for number in range(-(-frames // CHUNK_FRAMES)):
            for name in self._parts:
                self.check(name, number)


def check_labels(folder: Path, attributes: Mapping[str, Any]) -> None:
    """Raise InputError when the labels of a level are missing or another level's."""
    for level, sums in attributes.get("labels", {}).items():
        for number, wanted in enumerate(sums.split()):
            file = folder / level / level / "c" / str(number)
            with reading(file, "recording"):
                if file.read_bytes()[-4:].hex() != wanted:
                    raise InputError(
                        "recording is damaged: this file is not the one that was written", file
                    )
