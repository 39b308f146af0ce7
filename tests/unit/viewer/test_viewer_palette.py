"""Colour tables: perceptually uniform, safe for colour-blind eyes, exact at the ends."""

from __future__ import annotations

import json

import numpy as np
import pytest

from viewer.palette import (
    COLOUR_MAPS,
    SERVICE_COLOURS,
    THEMES,
    as_json,
    colours_of,
    lookup_table,
    service_colour,
)

GREY = (0.4, 0.4, 0.4)


def _linear(rgb: np.ndarray) -> np.ndarray:
    c = rgb / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def _lightness(rgb: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB bytes (n, 3)."""
    y = _linear(rgb) @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


def _without_red_cones(rgb: np.ndarray) -> np.ndarray:
    """sRGB bytes as a protanope sees them (Vienot, Brettel and Mollon 1999)."""
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    lost = np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]])
    seen = _linear(rgb) @ (np.linalg.inv(to_lms) @ lost @ to_lms).T
    seen = np.clip(seen, 0, 1)
    return 255 * np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize(
    "name", ["thermal", "sequential", "share", "viridis", "cividis", "inferno"]
)
def test_lightness_rises_evenly(name: str) -> None:
    lightness = _lightness(lookup_table(name)[:, :3].astype(float))
    steps = np.diff(lightness.reshape(16, 16).mean(axis=1))
    assert steps.min() > 0.5 * steps.mean()
    assert steps.max() < 1.8 * steps.mean()


@pytest.mark.parametrize("name", ["thermal", "sequential", "share"])
def test_order_is_seen_without_red_cones(name: str) -> None:
    lightness = _lightness(_without_red_cones(lookup_table(name)[::16, :3].astype(float)))
    assert np.diff(lightness).min() > 0.5


@pytest.mark.parametrize("name", ["viridis", "cividis", "inferno", "magma", "plasma"])
def test_tables_match_their_originals(name: str) -> None:
    colormaps = pytest.importorskip("matplotlib").colormaps
    original = np.array([colormaps[name](k)[:3] for k in range(256)]) * 255
    error = np.abs(lookup_table(name)[:, :3] - original).max()
    print(f"{name}: largest difference {error:.1f} of 255, tolerance 6.5")
    assert error <= 6.5


def test_values_map_to_the_ends_and_beyond() -> None:
    table = lookup_table("thermal")
    got = colours_of([20.0, 30.0, 95.0, 1e9, -np.inf, np.inf], 30.0, 95.0, "thermal", GREY)
    assert np.array_equal(got[0], table[0])
    assert np.array_equal(got[1], table[0])
    assert np.array_equal(got[2], table[-1])
    assert np.array_equal(got[3], table[-1])
    assert np.array_equal(got[4], got[5])


def test_missing_values_are_grey() -> None:
    got = colours_of([np.nan, 50.0], 0.0, 100.0, "sequential", GREY)
    assert got[0].tolist() == [102, 102, 102, 255]
    assert got[1].tolist() != [102, 102, 102, 255]


def test_colours_are_written_in_place() -> None:
    values = np.linspace(0, 1, 1000, dtype=np.float32)
    out = np.zeros((1000, 4), np.uint8)
    again = colours_of(values, 0.0, 1.0, "share", GREY, out=out)
    assert again is out
    assert np.array_equal(out, colours_of(values, 0.0, 1.0, "share", GREY))


def test_an_empty_range_does_not_divide_by_zero() -> None:
    assert colours_of([1.0, 2.0], 1.0, 1.0, "share", GREY).shape == (2, 4)


def test_unknown_map_falls_back() -> None:
    assert np.array_equal(lookup_table("nonsense"), lookup_table("sequential"))


def test_services_have_colours() -> None:
    assert service_colour("tcs-supply") == SERVICE_COLOURS["tcs-supply"]
    assert service_colour("steam-return") == SERVICE_COLOURS["tcs-return"]


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_text_can_be_read_on_panels(theme) -> None:
    def luminance(rgb: tuple) -> float:
        return float(_linear(255 * np.array(rgb[:3])) @ [0.2126, 0.7152, 0.0722])

    back = luminance(theme.panel)
    for ink, least in ((theme.text, 7.0), (theme.text_muted, 4.5), (theme.status["warning"], 3.0),
                       (theme.status["limit"], 3.0)):  # fmt: skip
        light, dark = sorted((luminance(ink), back), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least


def test_table_is_plain_json_for_other_clients() -> None:
    table = json.loads(json.dumps(as_json()))
    assert set(table["colour_maps"]) == set(COLOUR_MAPS)
    assert all(len(row) == 33 and row[0].startswith("#") for row in table["colour_maps"].values())
    assert set(table["themes"]) == {"dark", "light"}
    assert table["themes"]["dark"]["status"]["limit"]
