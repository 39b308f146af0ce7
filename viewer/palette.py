"""Colours: one table for the desktop viewer and, as JSON, for the browser.

Colour maps are perceptually uniform and readable with every common form of colour blindness. They
are given by 33 anchors at equal distances and interpolated in sRGB (at most 6/255 away from the
256-entry originals of matplotlib, which are in the public domain, CC0). Differences run from blue
over white to red, the nine colours of ColorBrewer's RdBu (Apache 2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rgb = tuple[float, float, float]

_ANCHORS: Mapping[str, str] = {
    "viridis": "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d 33638d "
    "2f6b8e 2c728e 297a8e 26828e 23898e 21918c 1f978b 1f9f88 21a685 27ad81 31b57b 3dbc74 4cc26c "
    "5cc863 6ece58 81d34d 95d840 aadc32 c0df25 d5e21a eae51a fde725",
    "cividis": "00224e 00285b 002e6a 053371 1a386f 273e6e 32436d 3b496c 434e6c 4b546c 535a6d "
    "5a5f6e 61656f 686a71 6f7073 767676 7d7c78 838179 8b8778 928d78 9a9376 a29975 aaa073 b3a670 "
    "bbad6d c3b369 ccba64 d4c15f ddc858 e6d051 efd748 f8df3c fee838",
    "inferno": "000004 040312 0b0724 150b37 210c4a 2f0a5b 3d0965 4a0c6b 57106e 64156e 71196e "
    "7d1e6d 8a226a 972766 a32c61 b0315b bc3754 c63d4d d04545 da4e3c e35933 eb6429 f1711f f67e14 "
    "f98c0a fb9b06 fcaa0f fbba1f f9c932 f5d949 f2e865 f3f586 fcffa4",
    "magma": "000004 030312 0a0822 130d34 1d1147 29115a 36106b 440f76 51127c 5d177f 6a1c81 "
    "762181 832681 902a81 9c2e7f aa337d b73779 c23b75 cf4070 db476a e55064 ee5b5e f4695c f9785d "
    "fb8761 fd9668 fea571 feb47b fec287 fed194 fde0a1 fceeb0 fcfdbf",
    "blue-red": "2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b",
    "plasma": "0d0887 220690 310597 3f049c 4c02a1 5901a5 6600a7 7201a8 7e03a8 8a09a5 9511a1 "
    "a01a9c aa2395 b32c8e bc3587 c43e7f cc4778 d24f71 d9586a df6263 e56b5d eb7556 f07f4f f48948 "
    "f89441 fb9f3a fdab33 feb72d fdc328 fcd025 f9dd25 f5eb27 f0f921",
}


@dataclass(frozen=True)
class ColourMap:
    """A part of a named map: anchors between ``low`` and ``high`` of it (0..1).

    The ends are trimmed where they would sink into the background.
    """

    base: str
    low: float = 0.0
    high: float = 1.0


COLOUR_MAPS: Mapping[str, ColourMap] = {
    "thermal": ColourMap("inferno", 0.14, 0.97),
    "sequential": ColourMap("viridis", 0.06, 1.0),
    "share": ColourMap("cividis", 0.10, 1.0),
    "difference": ColourMap("blue-red"),
    "viridis": ColourMap("viridis"),
    "cividis": ColourMap("cividis"),
    "inferno": ColourMap("inferno"),
    "magma": ColourMap("magma"),
    "plasma": ColourMap("plasma"),
}
"""By the names that channels use, and by the maps' own."""

DEFAULT_MAP = "sequential"


STATUS_COLOURS: Mapping[str, Rgb] = {
    "ok": (0.30, 0.78, 0.52),
    "warning": (0.98, 0.75, 0.14),
    "limit": (0.95, 0.27, 0.27),
    "off": (0.45, 0.47, 0.50),
    "stale": (0.98, 0.58, 0.14),
    "paused": (0.45, 0.66, 0.98),
}


@dataclass(frozen=True)
class Theme:
    """Colours of everything that is not data; RGB 0..1.

    sky_top, sky_bottom : background gradient
    ground, floor, room (floors of other rooms), their lines, wall, wall_edge : buildings
    shadow : opacity of the darkest shadow
    missing : elements without a value; text, text_muted, panel (with opacity) : overlays
    selection : outline of the picked element; status : colours of words about a status
    """

    name: str
    sky_top: Rgb
    sky_bottom: Rgb
    ground: Rgb
    ground_line: Rgb
    floor: Rgb
    floor_line: Rgb
    room: Rgb
    wall: Rgb
    wall_edge: Rgb
    shadow: float
    missing: Rgb
    text: Rgb
    text_muted: Rgb
    panel: tuple[float, float, float, float]
    selection: Rgb
    ambient: float
    key_light: float
    fill_light: float
    status: Mapping[str, Rgb]


THEMES: Mapping[str, Theme] = {
    "dark": Theme(
        name="dark",
        sky_top=(0.065, 0.090, 0.140),
        sky_bottom=(0.185, 0.225, 0.295),
        ground=(0.190, 0.217, 0.262),
        ground_line=(0.225, 0.254, 0.302),
        floor=(0.335, 0.366, 0.412),
        floor_line=(0.270, 0.300, 0.345),
        room=(0.255, 0.282, 0.325),
        wall=(0.360, 0.398, 0.455),
        wall_edge=(0.500, 0.555, 0.630),
        shadow=0.62,
        missing=(0.46, 0.48, 0.51),
        text=(0.93, 0.95, 0.97),
        text_muted=(0.62, 0.67, 0.74),
        panel=(0.055, 0.072, 0.105, 0.82),
        selection=(0.20, 0.85, 1.00),
        ambient=0.34,
        key_light=0.80,
        fill_light=0.34,
        status=STATUS_COLOURS,
    ),
    "light": Theme(
        name="light",
        sky_top=(0.760, 0.835, 0.905),
        sky_bottom=(0.950, 0.962, 0.972),
        ground=(0.765, 0.785, 0.795),
        ground_line=(0.705, 0.726, 0.738),
        floor=(0.868, 0.880, 0.890),
        floor_line=(0.775, 0.792, 0.808),
        room=(0.820, 0.832, 0.842),
        wall=(0.800, 0.820, 0.838),
        wall_edge=(0.470, 0.515, 0.560),
        shadow=0.42,
        missing=(0.66, 0.68, 0.70),
        text=(0.10, 0.13, 0.17),
        text_muted=(0.38, 0.43, 0.49),
        panel=(0.985, 0.990, 0.995, 0.86),
        selection=(0.00, 0.45, 0.85),
        ambient=0.38,
        key_light=0.66,
        fill_light=0.28,
        status={
            **STATUS_COLOURS,
            "ok": (0.10, 0.50, 0.30),
            "warning": (0.70, 0.44, 0.0),
            "limit": (0.80, 0.12, 0.12),
            "paused": (0.16, 0.38, 0.72),
        },
    ),
}

SERVICE_COLOURS: Mapping[str, Rgb] = {
    "tcs-supply": (0.16, 0.52, 0.92),
    "tcs-return": (0.90, 0.30, 0.24),
    "fws-supply": (0.22, 0.72, 0.80),
    "fws-return": (0.93, 0.52, 0.22),
    "chw-supply": (0.36, 0.50, 0.90),
    "chw-return": (0.80, 0.42, 0.62),
    "cws-supply": (0.35, 0.68, 0.55),
    "cws-return": (0.75, 0.62, 0.28),
}
"""Pipes: technology (tcs), facility (fws), chilled (chw) and condenser (cws) water."""

_SUPPLY, _RETURN = SERVICE_COLOURS["tcs-supply"], SERVICE_COLOURS["tcs-return"]


def service_colour(service: str) -> Rgb:
    """Colour of a pipe; an unknown service goes by its ending."""
    known = SERVICE_COLOURS.get(service)
    return known if known is not None else (_RETURN if service.endswith("return") else _SUPPLY)


@cache
def lookup_table(name: str, entries: int = 256) -> NDArray[np.uint8]:
    """RGBA table of a colour map, shape [entries, 4]; unknown names give the default map."""
    chosen = COLOUR_MAPS.get(name, COLOUR_MAPS[DEFAULT_MAP])
    words = _ANCHORS[chosen.base].split()
    anchors = np.array([[int(w[k : k + 2], 16) for k in (0, 2, 4)] for w in words], dtype=float)
    place = np.linspace(chosen.low, chosen.high, entries) * (len(words) - 1)
    table = np.full((entries, 4), 255, dtype=np.uint8)
    for k in range(3):
        table[:, k] = np.round(np.interp(place, np.arange(len(words)), anchors[:, k]))
    table.flags.writeable = False
    return table


def colours_of(
    values: ArrayLike,
    low: float,
    high: float,
    name: str,
    missing: Rgb,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """RGBA bytes of ``values`` (n,) on the scale ``low``..``high``; not finite gives ``missing``.

    Values beyond the scale take the colour of its end. ``out`` (n, 4) is filled when given.
    """
    values = np.asarray(values, dtype=np.float32)
    table = _with_missing(name, missing)
    last = len(table) - 2
    span = high - low if high > low else 1.0
    scaled = (values - np.float32(low)) * np.float32(last / span)
    scaled += np.float32(0.5)
    bad = ~np.isfinite(scaled)
    np.clip(scaled, 0, last, out=scaled)
    if bad.any():
        scaled[bad] = last + 1
    index = scaled.astype(np.intp)
    if out is None:
        return table.take(index).view(np.uint8).reshape(-1, 4)
    np.take(table, index, out=out.view(np.uint32).reshape(-1), mode="clip")
    return out


@cache
def _with_missing(name: str, missing: Rgb) -> NDArray[np.uint32]:
    """The table with one more entry for missing values, four bytes of a colour as one integer."""
    grey = np.array([[*(round(255 * c) for c in missing), 255]], dtype=np.uint8)
    table = np.concatenate([lookup_table(name), grey])
    return np.ascontiguousarray(table).view(np.uint32).reshape(-1)


def as_json() -> dict[str, Any]:
    """The whole table as plain data for other clients."""

    def hexes(name: str) -> list[str]:
        return ["#" + bytes(row[:3]).hex() for row in lookup_table(name, 33)]

    return {
        "colour_maps": {name: hexes(name) for name in COLOUR_MAPS},
        "default_map": DEFAULT_MAP,
        "themes": {
            name: {**asdict(theme), "status": dict(theme.status)} for name, theme in THEMES.items()
        },
        "status": {name: list(rgb) for name, rgb in STATUS_COLOURS.items()},
        "services": {name: list(rgb) for name, rgb in SERVICE_COLOURS.items()},
    }
