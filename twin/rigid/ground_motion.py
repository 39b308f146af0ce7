"""Required response spectra by name, and ground motions that fit them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from physics.rigid_laws import GRAVITY
from physics.rigid_laws_motion import (
    KDS_HAZARD,
    KDS_SHORT,
    ac156_horizontal,
    ac156_vertical,
    gr63_zone_4,
    kds_design_accelerations,
    kds_design_spectrum,
    matched_motion,
)
from twin.errors import InputError
from twin.rigid.outlines import Floats

Code = Literal["kds", "ac156", "gr63"]
CODES = ("kds", "ac156", "gr63")
STEP = 0.005  # s between samples of a motion
POINTS = 90  # of a spectrum
SECOND_AXIS = 1.0  # share of the motion across, by AC156 as large as along


TRUST: dict[str, str] = {
    "kds": "S = Z x 2.0, S_DS = S 2.5 Fa 2/3 and S_D1 = S Fv 2/3 agree with published quotations "
    "of KDS 41 17 00 (eq. 4.2-4 and 4.2-5); its tables of Fa and Fv are not checked against the "
    "standard's text",
    "ac156": "corner frequencies 1.3, 8.3 and 33.3 Hz, 0.4 S_DS and the limit of 1.6 S_DS are not "
    "checked against the text of ICC-ES AC156",
    "gr63": "corner points are not checked against the text of Telcordia GR-63-CORE, which is sold",
}
"""How far the figures of each code can be trusted. Have an engineer give a project's spectrum."""

KOREA = (33.0, 38.7, 124.5, 132.0)
"""Latitudes and longitudes around the country."""


def kds_zone(latitude: float, longitude: float) -> str | None:
    """Seismic zone of the KDS at a place [deg]: I, II (Jeju, the north of Gangwon), None elsewhere.

    The code lists cities and counties; their border is drawn here by straight lines, so ask for
    sites near it. Source: KDS 17 10 00, table of seismic zones.
    """
    south, north, west, east = KOREA
    if not (south <= latitude <= north and west <= longitude <= east):
        return None
    jeju = latitude < 33.7
    gangwon = latitude >= 37.6 and 127.55 <= longitude <= 128.68
    return "II" if jeju or gangwon else "I"


@dataclass(frozen=True)
class Demand:
    """An earthquake that equipment must stand.

    code : kds (KDS 41 17 00 design spectrum), ac156 (test spectrum on S_DS of KDS) or gr63 (zone 4)
    zone, soil : of the KDS; height_ratio : floor's height in its building, 0 to 1 (ac156)
    scale : factor on the whole
    """

    code: Code = "kds"
    zone: str = "I"
    soil: str = "S4"
    height_ratio: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        for key, found, allowed in (
            ("code", self.code, CODES),
            ("zone", self.zone, tuple(KDS_HAZARD)),
            ("soil", self.soil, tuple(KDS_SHORT)),
        ):
            if found not in allowed:
                raise InputError(
                    f"unknown {key} of an earthquake",
                    key=key,
                    found=str(found),
                    allowed=", ".join(allowed),
                )
        if not 0.0 <= self.height_ratio <= 1.0:
            raise InputError(
                "a floor stands between ground (0) and roof (1)",
                key="height",
                found=f"{self.height_ratio:g}",
                allowed="0 to 1",
            )
        if not 0.0 < self.scale <= 10.0:
            raise InputError(
                "out of range", key="scale", found=f"{self.scale:g}", allowed="above 0, at most 10"
            )

    @property
    def design_accelerations(self) -> tuple[float, float]:
        """S_DS and S_D1 of the KDS [g], times the scale."""
        short, long = kds_design_accelerations(KDS_HAZARD[self.zone], self.soil)
        return self.scale * short, self.scale * long

    @property
    def damping(self) -> float:
        """Damping ratio for which the spectrum is meant."""
        return 0.02 if self.code == "gr63" else 0.05

    def spectrum(self) -> tuple[Floats, Floats]:
        """Frequencies [Hz] and required horizontal spectral accelerations [m/s2]."""
        short, long = self.design_accelerations
        if self.code == "gr63":
            frequencies = np.geomspace(0.5, 50.0, POINTS)
            required = [self.scale * gr63_zone_4(float(f)) for f in frequencies]
        elif self.code == "ac156":
            frequencies = np.geomspace(1.0, 33.3, POINTS)
            required = [ac156_horizontal(float(f), short, self.height_ratio) for f in frequencies]
        else:
            frequencies = np.geomspace(0.3, 33.3, POINTS)
            required = [kds_design_spectrum(1.0 / float(f), short, long) for f in frequencies]
        return frequencies, GRAVITY * np.array(required)

    def vertical_share(self) -> float:
        """Vertical over horizontal motion: two thirds, by AC156; GR-63 tests one axis at a time."""
        if self.code == "gr63":
            return 0.0
        return ac156_vertical(5.0, 1.0) / ac156_horizontal(5.0, 1.0, 0.0)


def ground_motion(demand: Demand, seed: int) -> Floats:
    """Acceleration of the floor [m/s2] along x, y and up, every :data:`STEP`, shape [n, 3].

    The three are independent motions of one spectrum, the vertical one scaled. Equal for equal
    demand and seed.
    """
    frequencies, required = demand.spectrum()
    least = 1.0 if demand.code == "gr63" else 0.9
    children = np.random.SeedSequence(seed).generate_state(3)
    shares = (1.0, SECOND_AXIS if demand.code != "gr63" else 0.0, demand.vertical_share())
    axes = [
        share * matched_motion(frequencies, required, demand.damping, int(child), STEP, least=least)
        if share > 0.0
        else None
        for share, child in zip(shares, children, strict=True)
    ]
    first = axes[0]
    assert first is not None
    return np.stack([np.zeros_like(first) if axis is None else axis for axis in axes], axis=1)
