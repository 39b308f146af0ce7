"""Frames on disk: a Zarr v3 group that grows with what is written, without zarr itself.

Zarr's own way takes ten times as long for a hundred channels. The bytes are the same: default
chunk keys, little-endian, Blosc, and the checksum codec ``crc32c``, so that every reader of Zarr
finds a changed byte. Shapes lie in one consolidated metadata file, which is replaced when the
chunks are there: at any moment the arrays hold what was written and nothing else. The arrays' own
documents, for readers that do not know consolidated metadata, follow at the end.

``checksums.jsonl`` has a line for every chunk of frames with the checksums of its files, in the
order of ``channels`` in the group's attributes. A file that is missing, or has taken another's
place, does not fit.
"""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numcodecs.blosc import Blosc
from numcodecs.vlen import VLenUTF8
from numcodecs.zstd import Zstd
from numpy.typing import NDArray

from twin.channels import BY_NAME, Channel
from twin.errors import InputError
from twin.foreign_data import reading
from twin.sealed import UNSEALED, checksum, seal

CHUNK_FRAMES = 32
CHUNK_ELEMENTS = 65_536
CHUNK_TIMES = 4_096
LEVEL = 3  # of compression, by zstd
CHECKSUMS = "checksums.jsonl"
DOCUMENT = "zarr.json"
SEAL = f'"checksum": "{UNSEALED}"'
CRC32C = {"name": "crc32c"}

Frame = dict[str, NDArray[np.float32]]
"""Values by level, shape [channels of the level, elements]."""
Document = dict[str, Any]

_CODECS = {
    size: Blosc(cname="zstd", clevel=LEVEL, shuffle=Blosc.SHUFFLE, typesize=size) for size in (4, 8)
}


class RecordingStore:
    """Arrays of channels [time, elements] with a time array and labels for each level.

    Attributes
    ----------
    folder : where they lie
    channels : level by level, in the order of rows of frames
    attributes : of the group; what is added goes to the disk with the next frames
    frames : how many it holds
    """

    def __init__(
        self, folder: Path, channels: Sequence[Channel], attributes: Document, documents: Document
    ):
        self.folder, self.attributes = folder, attributes
        self._documents = documents  # of groups and arrays, by their place in the group
        self._levels: dict[str, list[Channel]] = {}
        for channel in channels:
            self._levels.setdefault(channel.level, []).append(channel)
        self.channels = tuple(channel for own in self._levels.values() for channel in own)
        self._times = array("d")

    @classmethod
    def create(
        cls,
        folder: Path,
        channels: Sequence[Channel],
        labels: Mapping[str, Sequence[str]],
        attributes: Document,
    ) -> RecordingStore:
        """Make an empty store in a folder that is there. ``labels`` of every level's elements.

        Raises OSError.
        """
        documents: Document = {}
        sums = {}
        for level in dict.fromkeys(channel.level for channel in channels):
            names = labels[level]
            documents[level] = _group({})
            documents[f"{level}/{level}"] = _labels_document(level, len(names))
            documents[f"{level}/time"] = _time_document()
            for channel in channels:
                if channel.level == level:
                    place = f"{level}/{channel.name.partition('.')[2]}"
                    documents[place] = _channel_document(channel, len(names))
            sums[level] = _write_labels(folder / level / level / "c", names)
        store = cls(folder, channels, {"checksum": UNSEALED, **attributes}, documents)
        store.attributes |= {"labels": sums, "channels": [c.name for c in store.channels]}
        store.write_documents()
        (folder / CHECKSUMS).touch()
        store.commit()
        return store

    @classmethod
    def resume(cls, folder: Path) -> RecordingStore:
        """A store that is there, to be gone on with.

        Raises
        ------
        InputError : it cannot be read
        """
        with reading(folder, "recording"):
            whole = json.loads((folder / DOCUMENT).read_bytes())
            documents = dict(whole["consolidated_metadata"]["metadata"])
            attributes = dict(whole["attributes"])
            if "checksum" in attributes:
                attributes["checksum"] = UNSEALED  # filled in with every commit
            named = attributes.get("channels")
            channels = [
                channel
                for channel in ([BY_NAME[name] for name in named] if named else BY_NAME.values())
                if f"{channel.level}/{channel.name.partition('.')[2]}" in documents
            ]
            if not channels:
                raise InputError("the recording holds no channel", folder)
            store = cls(folder, channels, attributes, documents)
            store._times = store._read_times(store.channels[0].level)
            cut_to_whole_lines(folder / CHECKSUMS)
        return store

    def check_fits(self, counts: Mapping[str, int]) -> None:
        """Refuse a store that cannot be gone on with for a plant of so many elements a level.

        Raises
        ------
        InputError : arrays of another kind or shape, times that do not rise, or an open chunk that
            cannot be read, so that damage shows now and not with the next frames
        """
        for channel in self.channels:
            place = f"{channel.level}/{channel.name.partition('.')[2]}"
            wanted = _described(_channel_document(channel, counts[channel.level]))
            found = _described(self._documents[place])
            if found != wanted:
                raise InputError(
                    "the recording is not one of this layout",
                    self.folder,
                    key=channel.name,
                    found="{} values, {} elements, chunks of {}".format(*found),
                    allowed="{} values, {} elements, chunks of {}".format(*wanted),
                )
            if self.frames % CHUNK_FRAMES:
                with reading(self.folder / place, "recording"):
                    self._read_chunk(place, self.frames // CHUNK_FRAMES)
        for level in self._levels:
            if self._read_times(level) != self._times:
                raise InputError("the recording is damaged: levels have other times", self.folder)
        if np.any(np.diff(self.times) <= 0.0):
            raise InputError("times of the recording do not rise", self.folder)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self._times)

    @property
    def times(self) -> NDArray[np.float64]:
        """Simulated seconds of the frames."""
        return np.array(self._times)

    def append(self, times: Sequence[float], frames: Sequence[Frame]) -> None:
        """Write frames; they are there in full or not at all. Raises OSError."""
        done = 0
        while done < len(frames):
            first = self.frames
            count = min(CHUNK_FRAMES - first % CHUNK_FRAMES, len(frames) - done)
            self._write_chunk(first, frames[done : done + count])
            self._times.extend(times[done : done + count])
            try:
                self._write_times(first)
                self.commit()
            except BaseException:
                del self._times[first:]
                raise
            done += count

    def truncate(self, frames: int) -> None:
        """Drop frames from a number on. Raises OSError.

        The shapes alone say so: what stands behind them nobody reads, and the next frames replace
        it. Had the times gone first, a kill in between would leave frames without times.
        """
        if frames < self.frames:
            del self._times[frames:]
            self.commit()

    def commit(self) -> None:
        """Let arrays hold the frames there are, and the group its attributes. Raises OSError."""
        for level, channels in self._levels.items():
            for name in ("time", *(channel.name.partition(".")[2] for channel in channels)):
                self._documents[f"{level}/{name}"]["shape"][0] = self.frames
        nested = {
            place: entry | _consolidated({}) if entry["node_type"] == "group" else entry
            for place, entry in self._documents.items()
        }
        text = json.dumps(_group(self.attributes) | _consolidated(nested))
        if SEAL in text:
            text = text.replace(SEAL, f'"checksum": "{checksum(text.encode())}"', 1)
        _replace(self.folder / DOCUMENT, text.encode())

    def write_documents(self) -> None:
        """Write the arrays' own documents. Raises OSError."""
        for place, document in self._documents.items():
            (self.folder / place).mkdir(parents=True, exist_ok=True)
            _replace(self.folder / place / DOCUMENT, json.dumps(document).encode())

    def _write_chunk(self, first: int, frames: Sequence[Frame]) -> None:
        """Write frames into the chunk that begins at or before ``first``, as zarr would."""
        number, row = divmod(first, CHUNK_FRAMES)
        files: list[tuple[Path, bytes]] = []
        sums = []
        for level, channels in self._levels.items():
            for k, channel in enumerate(channels):
                place = f"{level}/{channel.name.partition('.')[2]}"
                values = np.stack([frame[level][k] for frame in frames])
                if row:
                    values = np.concatenate([self._read_chunk(place, number)[:row], values])
                for part, data in enumerate(self._encoded(place, values)):
                    files.append((self.folder / place / "c" / str(number) / str(part), data))
                    sums.append(data[-4:].hex())
        if self._is_sealed:
            line = seal({"chunk": number, "crc32c": " ".join(sums)}, CHECKSUMS)
            append_lines(self.folder / CHECKSUMS, [line])
        for file, data in files:
            _place(file, data)

    def _encoded(self, place: str, values: NDArray[np.float32]) -> Iterator[bytes]:
        """The files of a chunk of frames, one for each stretch of elements."""
        width = int(self._documents[place]["chunk_grid"]["configuration"]["chunk_shape"][1])
        for start in range(0, values.shape[1], width):
            inside = values[:, start : start + width]
            chunk = np.full((CHUNK_FRAMES, width), np.nan, dtype="<f4")
            chunk[: inside.shape[0], : inside.shape[1]] = inside
            yield self._with_checksum(_CODECS[4].encode(chunk))

    def _read_chunk(self, place: str, number: int) -> NDArray[np.float32]:
        """Values of a chunk of frames, shape [CHUNK_FRAMES, elements]."""
        document = self._documents[place]
        count = int(document["shape"][1])
        width = int(document["chunk_grid"]["configuration"]["chunk_shape"][1])
        parts = []
        for part in range(-(-count // width)):
            file = self.folder / place / "c" / str(number) / str(part)
            if not self._is_sealed and not file.is_file():  # earlier versions left out empty ones
                parts.append(np.full((CHUNK_FRAMES, width), np.nan, dtype=np.float32))
                continue
            values = np.frombuffer(self._decoded(file.read_bytes(), 4), "<f4")
            parts.append(values.reshape(CHUNK_FRAMES, width))
        if not parts:
            return np.empty((CHUNK_FRAMES, 0), dtype=np.float32)
        return np.concatenate(parts, axis=1)[:, :count]

    def _write_times(self, first: int) -> None:
        """Write the times from a frame's chunk of times on."""
        for number in range(first // CHUNK_TIMES, -(-self.frames // CHUNK_TIMES)):
            inside = self._times[number * CHUNK_TIMES : (number + 1) * CHUNK_TIMES]
            chunk = np.full(CHUNK_TIMES, np.nan, dtype="<f8")
            chunk[: len(inside)] = inside
            data = self._with_checksum(_CODECS[8].encode(chunk))
            for level in self._levels:
                _replace(self.folder / level / "time" / "c" / str(number), data)

    def _read_times(self, level: str) -> array[float]:
        """Times of a level for the frames that every array holds."""
        place = f"{level}/time"
        count = min(
            int(self._documents[f"{channel.level}/{name}"]["shape"][0])
            for channel in self.channels
            for name in ("time", channel.name.partition(".")[2])
        )
        times: list[float] = []
        for number in range(-(-count // CHUNK_TIMES)):
            raw = (self.folder / place / "c" / str(number)).read_bytes()
            times += np.frombuffer(self._decoded(raw, 8), "<f8").tolist()
        known = np.array(times[:count])
        missing = np.flatnonzero(~np.isfinite(known))  # of an earlier version, which wrote ahead
        return array("d", known[: missing[0]] if len(missing) else known)

    @property
    def _is_sealed(self) -> bool:
        return "checksum" in self.attributes

    def _with_checksum(self, data: bytes) -> bytes:
        if not self._is_sealed:
            return bytes(data)
        return bytes(data) + _crc(data)

    def _decoded(self, raw: bytes, size: int) -> bytes:
        if self._is_sealed:
            raw, found = raw[:-4], raw[-4:]
            if _crc(raw) != found:
                raise InputError("the recording is damaged: a chunk's checksum does not fit",
                                 self.folder)  # fmt: skip
        return bytes(_CODECS[size].decode(raw))


def _crc(data: bytes) -> bytes:
    """CRC-32C as the codec writes it."""
    value: int = google_crc32c.value(bytes(data))
    return value.to_bytes(4, "little")


def append_lines(file: Path, lines: Sequence[str]) -> None:
    """Add lines to a file, all or none. Raises OSError."""
    data = "".join(line + "\n" for line in lines).encode()
    with file.open("ab", buffering=0) as opened:
        before = opened.seek(0, os.SEEK_END)
        try:
            written = opened.write(data)
            while written < len(data):
                written += opened.write(data[written:])
        except OSError:
            with suppress(OSError):
                opened.truncate(before)
            raise


def cut_to_whole_lines(file: Path) -> None:
    """Cut off what a kill left of a line. Raises OSError."""
    if file.is_file():
        with file.open("r+b") as opened:
            text = opened.read()
            opened.truncate(text.rfind(b"\n") + 1)


def _place(file: Path, data: bytes) -> None:
    """Write a chunk: a new one as it is, for nobody reads it before the shapes say so."""
    try:
        file.parent.mkdir(parents=True)
    except FileExistsError:
        _replace(file, data)
    else:
        file.write_bytes(data)


def _replace(file: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    partial = file.with_name(file.name + ".partial")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial.write_bytes(data)
        os.replace(partial, file)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _write_labels(folder: Path, names: Sequence[str]) -> str:
    """Write a level's labels, in chunks; returns the checksums of the files."""
    sums = []
    width = min(len(names), CHUNK_ELEMENTS) or 1
    for number, start in enumerate(range(0, len(names), width)):
        inside = [*names[start : start + width]]
        inside += [""] * (width - len(inside))
        raw = VLenUTF8().encode(np.array(inside, dtype=object))
        data = bytes(Zstd(level=0).encode(raw))
        data += _crc(data)
        _replace(folder / str(number), data)
        sums.append(data[-4:].hex())
    return " ".join(sums)


def _group(attributes: Document) -> Document:
    return {"attributes": attributes, "zarr_format": 3, "node_type": "group"}


def _consolidated(documents: Document) -> Document:
    inner = {"kind": "inline", "must_understand": False, "metadata": documents}
    return {"consolidated_metadata": inner}


def _array(
    shape: Sequence[int],
    data_type: str,
    chunks: Sequence[int],
    fill: str,
    codecs: Sequence[Document],
    dimensions: Sequence[str],
    attributes: Document,
) -> Document:
    return {
        "shape": list(shape),
        "data_type": data_type,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": fill,
        "codecs": [*codecs, CRC32C],
        "attributes": attributes,
        "dimension_names": list(dimensions),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }


def _numbers(size: int) -> list[Document]:
    blosc = {"typesize": size, "cname": "zstd", "clevel": LEVEL, "shuffle": "shuffle"}
    return [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "blosc", "configuration": blosc | {"blocksize": 0}},
    ]


def _labels_document(level: str, count: int) -> Document:
    codecs = [
        {"name": "vlen-utf8", "configuration": {}},
        {"name": "zstd", "configuration": {"level": 0, "checksum": False}},
    ]
    chunks = [min(count, CHUNK_ELEMENTS) or 1]
    return _array([count], "string", chunks, "", codecs, [level], {"long_name": "path"})


def _time_document() -> Document:
    attributes = {"long_name": "simulated time", "axis": "T", "unit": "s"}
    return _array([0], "float64", [CHUNK_TIMES], "NaN", _numbers(8), ["time"], attributes)


def _described(document: Document) -> tuple[Any, ...]:
    """Kind of the values of an array, number of elements, and shape of its chunks."""
    chunks = document["chunk_grid"]["configuration"]["chunk_shape"]
    return document["data_type"], *document["shape"][1:], list(chunks)


def _channel_document(channel: Channel, count: int) -> Document:
    attributes = {
        "long_name": channel.title,
        "units": channel.unit or "1",
        "resolution": channel.resolution,
        "description": channel.description,
    }
    chunks = [CHUNK_FRAMES, min(count, CHUNK_ELEMENTS) or 1]
    return _array(
        [0, count], "float32", chunks, "NaN", _numbers(4), ["time", channel.level], attributes
    )
