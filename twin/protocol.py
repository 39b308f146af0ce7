"""Frames of the stream ``twin.v1``: quantised integers, compressed once, shared by all viewers.

A frame is self-contained: ``TWN1``, the length of a JSON header (uint32, little endian), the
header, and the compressed payload, in which each channel's integers lie one after the other. A
value is ``offset + scale * integer``; the smallest integer of its type means *missing*.
docs/PROTOCOL.md has every detail.
"""

from __future__ import annotations

import json
import math
import struct
import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
import zstandard
from numpy.typing import NDArray

from physics.jit import kernel
from twin.channels import Channel
from twin.errors import TwinError

PROTOCOL = "twin.v1"
TOKEN_PROTOCOL = "twin.token."  # prefix of a websocket subprotocol that carries a token
MAGIC = b"TWN1"
MAXIMUM_HEADER = 1 << 16  # bytes
MAXIMUM_PAYLOAD = 1 << 26  # bytes after decompression: 32 channels of 260,000 elements in 8 bytes
MAXIMUM_CHANNELS = 256
COARSE_COUNT = 100_000  # elements from which a channel is sent in coarse steps

Compression = Literal["zstd", "deflate", "none"]
COMPRESSIONS: tuple[Compression, ...] = ("zstd", "deflate", "none")
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Integers = NDArray[np.int8] | NDArray[np.int16] | NDArray[np.int32]

_INTEGERS: dict[str, np.dtype[Any]] = {name: np.dtype(name) for name in ("|i1", "<i2", "<i4")}
_local = threading.local()  # compressors may not be shared between threads


class ProtocolError(TwinError):
    """A frame or message that does not follow ``twin.v1``; says what is wrong with it."""


@dataclass(frozen=True)
class Block:
    """Values of one channel to be sent.

    Attributes
    ----------
    name, level : channel and its level
    start : row of the first value in the level
    values : in the channel's unit, shape [count]; not finite means missing
    step : distance of neighbouring values that can be told apart, in the channel's unit
    """

    name: str
    level: str
    start: int
    values: Floats
    step: float


@dataclass(frozen=True)
class Frame:
    """One decoded frame.

    Attributes
    ----------
    time : simulated seconds since the start
    values : by channel, float32 in the channel's unit, NaN where missing
    kpi : figures of the whole factory, by name
    start : row of each channel's first value in its level
    sequence : number of the frame in its stream
    wall : seconds since 1970 at which the state was computed
    speed : simulated seconds per second achieved
    digest : of the layout
    """

    time: float
    values: Mapping[str, Singles]
    kpi: Mapping[str, float] = field(default_factory=dict)
    start: Mapping[str, int] = field(default_factory=dict)
    sequence: int = 0
    wall: float = 0.0
    speed: float = 0.0
    paused: bool = False
    digest: str = ""


def stream_step(channel: Channel, count: int, detail: str = "auto") -> float:
    """Step in which a channel is sent, in its unit.

    Fine is the channel's resolution. Coarse is about 1/256 of its colour scale, rounded down to
    1, 2, 2.5 or 5 times a power of ten: more than a picture can show, and little enough that one
    byte per value is enough. ``auto`` takes coarse from ``COARSE_COUNT`` elements on.
    """
    if detail == "fine" or (detail == "auto" and count < COARSE_COUNT):
        return channel.resolution
    span = (channel.high - channel.low) / 256
    power = 10.0 ** math.floor(math.log10(span))
    rounded = max(m for m in (1.0, 2.0, 2.5, 5.0) if m * power <= span * (1 + 1e-9)) * power
    return max(channel.resolution, rounded)


@kernel()
def _range(values: Floats) -> tuple[float, float]:
    """Smallest and largest finite value; (inf, -inf) without any."""
    low, high = np.inf, -np.inf
    for value in values:
        if np.isfinite(value):
            low = min(low, value)
            high = max(high, value)
    return low, high


@kernel()
def _quantise(values: Floats, scale: float, centre: float, missing: int, out: Any) -> None:
    """Fill ``out`` with round(value / scale) - centre, and ``missing`` for values not finite."""
    for i in range(len(values)):
        value = values[i]
        out[i] = np.rint(value / scale) - centre if np.isfinite(value) else missing


def quantise(values: Floats, step: float) -> tuple[Integers, float, float]:
    """Integers, offset and scale with ``value = offset + scale * integer``.

    Takes the narrowest of int8, int16 and int32 that holds all values in ``step``; values spread
    over more than int32 get a coarser scale, so nothing saturates. The smallest integer of the type
    stands for values that are not finite. Offsets are whole numbers of steps, so that a value that
    does not move does not change from frame to frame.
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    low, high = _range(values)
    if low > high:  # nothing finite
        return np.full(len(values), -128, dtype=np.int8), 0.0, step
    scale = step
    dtype: type[np.int8 | np.int16 | np.int32]
    for dtype in (np.int8, np.int16, np.int32):
        largest = float(np.iinfo(dtype).max)
        centre = float(np.rint(0.5 * (low / scale) + 0.5 * (high / scale)))
        if 0.5 * (high / scale) - 0.5 * (low / scale) <= largest - 1.0:
            break
    else:
        scale = (high / 4 - low / 4) / 2.0**28
        centre = float(np.rint(0.5 * (low / scale) + 0.5 * (high / scale)))
    if not math.isfinite(centre) or abs(centre) > 2.0**52:  # steps far below the values' own
        scale = max(scale, max(abs(low), abs(high)) / 2.0**29)
        dtype, centre = np.int32, 0.0
    out = cast(Integers, np.empty(len(values), dtype=dtype))
    _quantise(values, scale, centre, int(np.iinfo(dtype).min), out)
    return out, centre * scale, scale


def _compress(payload: bytes, compression: Compression) -> bytes:
    if compression == "none":
        return payload
    if compression == "deflate":
        return zlib.compress(payload, 1)
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=1, write_content_size=True)
    compressed: bytes = _local.compressor.compress(payload)
    return compressed


def encode_frame(
    blocks: Sequence[Block],
    *,
    sequence: int = 0,
    time: float = 0.0,
    wall: float = 0.0,
    speed: float = 0.0,
    paused: bool = False,
    kpi: Mapping[str, float] | None = None,
    digest: str = "",
    compression: Compression = "zstd",
) -> bytes:
    """Encode one frame.

    Each value is within half a step of what was given. ``kpi`` values that are not finite are left
    out, because JSON has no word for them.
    """
    rows, parts, byte = [], [], 0
    for block in blocks:
        integers, offset, scale = quantise(block.values, block.step)
        part = integers.tobytes()
        rows.append(
            {
                "name": block.name,
                "level": block.level,
                "start": block.start,
                "count": len(integers),
                "offset": offset,
                "scale": scale,
                "dtype": next(name for name, dtype in _INTEGERS.items() if dtype == integers.dtype),
                "byte": byte,
            }
        )
        parts.append(part)
        byte += len(part)
    header = {
        "sequence": sequence,
        "time": time,
        "wall": wall,
        "speed": speed,
        "paused": paused,
        "digest": digest,
        "compression": compression,
        "kpi": {key: value for key, value in (kpi or {}).items() if math.isfinite(value)},
        "channels": rows,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    payload = _compress(b"".join(parts), compression)
    return b"".join((MAGIC, struct.pack("<I", len(text)), text, payload))


def decode_frame(data: bytes | memoryview) -> Frame:
    """Decode one frame.

    Raises
    ------
    ProtocolError : not a frame, or one that is damaged, too large or contradicts itself
    """
    data = bytes(data)
    header, body = _header(data)
    rows = [_row(row) for row in _list(header, "channels")]
    size = max((row.end for row in rows), default=0)
    if size > MAXIMUM_PAYLOAD:
        raise ProtocolError(f"frame of {size} bytes; at most {MAXIMUM_PAYLOAD} are read")
    payload = _decompress(body, size, header.get("compression", "zstd"))
    kpi = header.get("kpi", {})
    if not isinstance(kpi, dict) or not all(_is_number(value) for value in kpi.values()):
        raise ProtocolError("frame header: kpi is not a table of numbers")
    return Frame(
        time=_number(header, "time"),
        values={row.name: row.read(payload) for row in rows},
        kpi={key: float(value) for key, value in kpi.items()},
        start={row.name: row.start for row in rows},
        sequence=_count(header, "sequence"),
        wall=_number(header, "wall"),
        speed=_number(header, "speed"),
        paused=header.get("paused") is True,
        digest=str(header.get("digest", "")),
    )


@dataclass(frozen=True)
class _Row:
    name: str
    start: int
    count: int
    offset: float
    scale: float
    dtype: np.dtype[Any]
    byte: int

    @property
    def end(self) -> int:
        return self.byte + self.count * self.dtype.itemsize

    def read(self, payload: bytes) -> Singles:
        integers = np.frombuffer(payload, self.dtype, self.count, self.byte)
        with np.errstate(over="ignore"):  # values beyond float32 become infinite
            values = (integers * self.scale + self.offset).astype(np.float32)
        values[integers == np.iinfo(self.dtype).min] = np.nan
        return values


def _header(data: bytes) -> tuple[dict[str, Any], bytes]:
    if len(data) < 8 or data[:4] != MAGIC:
        raise ProtocolError("not a twin.v1 frame: it does not begin with TWN1")
    (length,) = struct.unpack_from("<I", data, 4)
    if length > MAXIMUM_HEADER:
        raise ProtocolError(f"frame header of {length} bytes; at most {MAXIMUM_HEADER} are read")
    if 8 + length > len(data):
        raise ProtocolError(f"frame cut short: header of {length} bytes, {len(data) - 8} there")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"frame header is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise ProtocolError("frame header is not a JSON object")
    return header, data[8 + length :]


def _row(row: Any) -> _Row:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise ProtocolError("frame header: a channel without a name")
    dtype = row.get("dtype")
    if dtype not in _INTEGERS if isinstance(dtype, str) else True:
        raise ProtocolError(f"channel {row['name']}: dtype {dtype!r} is none of {[*_INTEGERS]}")
    return _Row(
        row["name"],
        _count(row, "start"),
        _count(row, "count"),
        _number(row, "offset"),
        _number(row, "scale"),
        _INTEGERS[cast(str, dtype)],
        _count(row, "byte"),
    )


def _list(header: dict[str, Any], key: str) -> list[Any]:
    rows = header.get(key)
    if not isinstance(rows, list):
        raise ProtocolError(f"frame header: {key} is not a list")
    if len(rows) > MAXIMUM_CHANNELS:
        raise ProtocolError(f"frame of {len(rows)} channels; at most {MAXIMUM_CHANNELS} are read")
    return rows


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _number(table: dict[str, Any], key: str) -> float:
    value = table.get(key)
    if not _is_number(value):
        raise ProtocolError(f"frame header: {key} is not a finite number")
    return float(cast(float, value))


def _count(table: dict[str, Any], key: str) -> int:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 53:
        raise ProtocolError(f"frame header: {key} is not a count")
    return value


def _decompress(body: bytes, size: int, compression: Any) -> bytes:
    """Exactly ``size`` bytes, never allocating more whatever the body claims."""
    if compression == "none":
        payload = body
    elif compression == "deflate":
        try:
            stream = zlib.decompressobj()
            payload = stream.decompress(body, size + 1)
        except zlib.error as error:
            raise ProtocolError(f"frame payload is damaged: {error}") from None
    elif compression == "zstd":
        payload = _decompress_zstd(body, size)
    else:
        raise ProtocolError(f"compression {compression!r} is none of {[*COMPRESSIONS]}")
    if len(payload) != size:
        raise ProtocolError(f"frame payload of {len(payload)} bytes where {size} are announced")
    return payload


def _decompress_zstd(body: bytes, size: int) -> bytes:
    try:
        announced = zstandard.get_frame_parameters(body).content_size
        if announced != size:
            raise ProtocolError(f"frame payload of {announced} bytes where {size} are announced")
        if size == 0:
            return b""
        if not hasattr(_local, "decompressor"):
            _local.decompressor = zstandard.ZstdDecompressor(max_window_size=MAXIMUM_PAYLOAD)
        payload: bytes = _local.decompressor.decompress(
            body, max_output_size=size, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise ProtocolError(f"frame payload is damaged: {error}") from None
    return payload
