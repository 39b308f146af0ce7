"""Values as people read them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viewer.numbers import clock, fitted_range, prefixed, scale_of, ticks
from viewer.scene_model import Channel


def channel(name: str, unit: str, low: float, high: float, resolution: float = 0.01) -> Channel:
    level = name.split(".")[0]
    return Channel(name, level, name, unit, low, high, None, None, False, "x", "", resolution)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.056e6, "W", "1.06 MW"),
        (132_400, "W", "132 kW"),
        (950, "W", "950 W"),
        (0, "W", "0.00 W"),
        (5.4e8, "W", "540 MW"),
        (2.5e5, "Pa", "250 kPa"),
        (1.234e6, "token/s", "1.23 M tokens/s"),
        (12, "token/s", "12.0 tokens/s"),
        (0.0018, "m**3/s", "1.80 L/s"),
        (0.0001, "m**3/s", "6.00 L/min"),
        (61.25, "degC", "61.2 °C"),
        (float("nan"), "W", "no value"),
    ],
)
def test_prefixes(value: float, unit: str, text: str) -> None:
    assert prefixed(value, unit) == text


@pytest.mark.parametrize(
    ("of", "value", "text"),
    [
        (channel("gpu.temperature", "degC", 30, 95), 87.449, "87.4 °C"),
        (channel("rack.coolant_rise", "delta_degC", 0, 20), 10.06, "10.1 K"),
        (channel("rack.power", "W", 0, 150e3), 132_400.0, "132.4 kW"),
        (channel("cdu.valve", "", 0, 1), 0.4567, "45.7%"),
        (channel("site.pue", "", 1, 1.5), 1.1342, "1.134"),
        (channel("rack.throttled", "", 0, 72, 1.0), 3.0, "3"),
        (channel("panel.tripped", "", 0, 1, 0.1), 1.0, "1"),
        (channel("panel.voltage", "", 0.9, 1.05, 0.0001), 0.9871, "98.7%"),
        (channel("site.curtailment", "", 0, 10, 0.001), 1.25, "1.25"),
        (channel("hall.humidity_ratio", "kg/kg", 0, 0.03, 1e-6), 0.009254, "9.3 g/kg"),
        (channel("cdu.primary_flow", "m**3/s", 0, 0.04), 0.0312, "31.2 L/s"),
        (channel("rack.power", "W", 0, 150e3), -1e-9, "0.0 kW"),
    ],
)
def test_channels_choose_their_scale(of: Channel, value: float, text: str) -> None:
    assert scale_of(of).text(value) == text


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_even_and_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 8
    assert all(low - 1e-6 * span <= t <= low + span * (1 + 1e-6) for t in found)
    steps = {round((b - a) / span, 6) for a, b in pairwise(found)}
    assert len(steps) <= 1


@given(st.floats(-1e3, 1e3), st.floats(0, 500), st.integers(60, 400))
def test_fitted_range_holds_the_values_between_round_ends(
    low: float, span: float, count: int
) -> None:
    of = channel("rack.power", "W", 0, 1000)
    values = np.linspace(low, low + span, count).astype(np.float32)
    bottom, top = fitted_range(values, of)
    assert top - bottom >= 0.02 * 1000
    inside = (values >= bottom) & (values <= top)
    assert inside.mean() >= 0.95
    assert top - bottom <= max(1.6 * span, 0.02 * 1000 * 1.6)


def test_fitted_range_without_values_is_the_channels() -> None:
    of = channel("rack.power", "W", 0, 1000)
    assert fitted_range(np.array([np.nan], np.float32), of) == (0, 1000)


def test_clock() -> None:
    assert clock(510) == "00:08:30"
    assert clock(86_400 * 3 + 3661) == "3 d 01:01:01"
    assert clock(-60) == "-00:01:00"
