"""Frames of the stream: what goes in comes out, and hostile bytes do no harm."""

import contextlib
import json
import math
import struct

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twin.channels import BY_NAME, CHANNELS
from twin.protocol import (
    COARSE_COUNT,
    COMPRESSIONS,
    MAGIC,
    Block,
    ProtocolError,
    decode_frame,
    encode_frame,
    quantise,
    stream_step,
)

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
anything = st.floats(allow_nan=True, allow_infinity=True, width=64)
steps = st.floats(min_value=1e-12, max_value=1e6)
sane = st.floats(min_value=-1e6, max_value=1e6)


def frame_of(values, step=0.05, **more):
    block = Block("gpu.temperature", "gpu", 7, np.asarray(values, float), step)
    return encode_frame([block], **more)


@given(arrays(np.float64, st.integers(0, 200), elements=sane), st.sampled_from([1e-3, 0.05, 5]))
def test_every_value_is_within_half_a_step(values, step):
    frame = decode_frame(frame_of(values, step))
    decoded = frame.values["gpu.temperature"]
    single = np.abs(values).astype(np.float32)
    allowed = step / 2 * (1 + 1e-9) + 2 * np.spacing(single).astype(float)
    assert np.all(np.abs(decoded.astype(float) - values) <= allowed)


@given(arrays(np.float64, st.integers(0, 60), elements=anything), steps)
def test_whatever_the_values_nothing_saturates_and_missing_stays_missing(values, step):
    integers, offset, scale = quantise(values, step)
    lowest = np.iinfo(integers.dtype).min
    known = np.isfinite(values)
    assert np.array_equal(integers == lowest, ~known)
    assert scale >= step
    assert math.isfinite(offset)
    if known.any():
        largest = np.abs(values[known]).max()
        with np.errstate(over="ignore"):
            error = np.abs(offset + scale * integers[known].astype(float) - values[known])
            # either the step asked for, or 28 bits of the range where int32 cannot hold that step
            rounding = 4 * np.spacing(largest)
        assert np.all(error <= 0.5 * scale * (1 + 1e-6) + rounding)


@pytest.mark.parametrize(
    ("spread", "dtype"), [(10, np.int8), (300, np.int16), (70_000, np.int32), (1e9, np.int32)]
)
def test_the_narrowest_integer_is_taken(spread, dtype):
    integers, _, scale = quantise(np.array([0.0, spread]), 1.0)
    assert integers.dtype == dtype
    assert scale == 1.0


def test_values_wider_than_int32_get_a_coarser_scale_and_keep_their_range():
    values = np.array([-1e12, 0.0, 1e12])
    integers, offset, scale = quantise(values, 1e-3)
    assert scale > 1e-3
    assert np.allclose(offset + scale * integers, values, atol=scale)


def test_a_value_that_rests_does_not_move_when_others_do():
    first = decode_frame(frame_of([60.02, 61.0])).values["gpu.temperature"][0]
    second = decode_frame(frame_of([60.02, 95.0])).values["gpu.temperature"][0]
    assert first == second


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_header_and_channels_come_back(compression):
    blocks = [
        Block("gpu.temperature", "gpu", 7, np.array([60.0, np.nan, 70.0]), 0.05),
        Block("gpu.power", "gpu", 7, np.array([0.0, 1200.0, 70_000.0]), 1.0),
        Block("site.pue", "site", 0, np.array([1.1]), 5e-4),
        Block("cdu.heat", "cdu", 0, np.empty(0), 100.0),
    ]
    frame = decode_frame(
        encode_frame(
            blocks,
            sequence=4,
            time=12.5,
            wall=1.7e9,
            speed=9.5,
            paused=True,
            digest="ab",
            kpi={"it_power_w": 1e6, "pue": math.nan},
            compression=compression,
        )
    )
    assert (frame.sequence, frame.time, frame.wall, frame.speed) == (4, 12.5, 1.7e9, 9.5)
    assert frame.paused
    assert frame.digest == "ab"
    assert frame.kpi == {"it_power_w": 1e6}
    assert frame.start["gpu.power"] == 7
    assert np.isnan(frame.values["gpu.temperature"][1])
    assert np.allclose(frame.values["gpu.power"], [0, 1200, 70_000], atol=0.5)
    assert frame.values["cdu.heat"].shape == (0,)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_coarse_steps_stay_below_what_a_colour_scale_shows(channel):
    fine, coarse = (stream_step(channel, 10, detail) for detail in ("fine", "coarse"))
    assert fine == channel.resolution
    assert coarse == channel.resolution or coarse <= (channel.high - channel.low) / 256 * 1.001
    assert stream_step(channel, COARSE_COUNT - 1) == fine
    assert stream_step(channel, COARSE_COUNT) == coarse


def test_a_frame_of_260_000_accelerators_stays_below_300_kB():
    generator = np.random.default_rng(1)
    count = 260_000
    blocks = [
        Block(
            name,
            "gpu",
            0,
            mean + generator.normal(0, spread, count),
            stream_step(BY_NAME[name], count),
        )
        for name, mean, spread in (("gpu.temperature", 62, 2), ("gpu.power", 1150, 20))
    ]
    frame = encode_frame(blocks)
    print(f"frame of {len(frame)} bytes; limit 300000")
    assert len(frame) < 300_000


def with_header(frame, **changes):
    (length,) = struct.unpack_from("<I", frame, 4)
    header = json.loads(frame[8 : 8 + length])
    row = changes.pop("row", {})
    header.update(changes)
    if row:
        header["channels"][0].update(row)
    text = json.dumps(header).encode()
    return MAGIC + struct.pack("<I", len(text)) + text + frame[8 + length :]


@pytest.mark.parametrize(
    "changes",
    [
        {"row": {"count": 1 << 50}},
        {"row": {"count": -1}},
        {"row": {"byte": 3}},
        {"row": {"dtype": "<f8"}},
        {"row": {"dtype": ["|i1"]}},
        {"row": {"scale": None}},
        {"row": {"name": 5}},
        {"row": {"count": 2.5}},
        {"row": {"offset": "0"}},
        {"time": "now"},
        {"time": True},
        {"channels": {}},
        {"channels": [1]},
        {"kpi": {"a": "b"}},
        {"compression": "gzip"},
        {"channels": [{"name": "a"}] * 1000},
        {"sequence": -1},
        {"time": 10**400},
    ],
    ids=str,
)
def test_a_header_that_lies_is_refused(changes):
    with pytest.raises(ProtocolError):
        decode_frame(with_header(frame_of([1.0, 2.0, 3.0]), **changes))


@pytest.mark.parametrize("compression", ["zstd", "deflate"])
def test_a_decompression_bomb_is_refused_before_it_unfolds(compression):
    small = frame_of(np.zeros(10), compression=compression)
    import zlib

    pack = zstandard.ZstdCompressor().compress if compression == "zstd" else zlib.compress
    (length,) = struct.unpack_from("<I", small, 4)
    bomb = small[: 8 + length] + pack(bytes(200_000_000))
    with pytest.raises(ProtocolError, match="bytes where 10 are announced"):
        decode_frame(bomb)


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data):
    with pytest.raises(ProtocolError):
        decode_frame(data)


@given(st.data())
def test_a_damaged_frame_is_refused_or_still_a_frame(data):
    frame = bytearray(frame_of(np.linspace(0, 50, 40), kpi={"pue": 1.1}))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    frame = frame[: data.draw(st.integers(0, len(frame)))]
    with contextlib.suppress(ProtocolError):  # any other error fails the test
        decoded = decode_frame(frame)
        assert sum(len(values) for values in decoded.values.values()) < 10_000


@given(
    st.recursive(
        st.none() | st.booleans() | finite | st.text(),
        lambda child: (
            st.lists(child)
            | st.dictionaries(st.sampled_from(["channels", "time", "kpi", "name", "count"]), child)
        ),
    )
)
def test_any_json_header_is_refused(header):
    text = json.dumps(header).encode()
    with pytest.raises(ProtocolError):
        decode_frame(MAGIC + struct.pack("<I", len(text)) + text)


def test_a_deeply_nested_header_is_refused():
    text = b"[" * 60_000
    with pytest.raises(ProtocolError):
        decode_frame(MAGIC + struct.pack("<I", len(text)) + text)
