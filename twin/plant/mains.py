"""Coolant mains of the rows: bore, content, walls, and the resistance of each header segment.

A CDU's supply and return main are alike: from the unit to its first rack, then along its racks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physics.hydraulics.pipes import wall_capacity
from twin.catalog.specs import CoolantDistributionUnit
from twin.plant.expand import Expansion
from twin.plant.fluids import (
    DESIGN_RISE,
    density_and_specific_heat,
    pipe_diameter,
    pipe_resistance,
    pipe_volume,
)

CONNECTION_LENGTH = 3.0  # m of main between a CDU and its first rack
WALL_THICKNESS = 2.5e-3  # m, stainless pipe of the sizes in a row
STEEL_DENSITY = 7900.0  # kg/m3
STEEL_SPECIFIC_HEAT = 490.0  # J/(kg K)


@dataclass(frozen=True, eq=False)
class Mains:
    """One of the two equal mains (supply, return) of every CDU.

    Attributes
    ----------
    bore : inner diameter [m], shape [C]
    volume : content between the CDU and its farthest rack [m3], shape [C]
    wall : heat capacity of the pipe [J/K], shape [C]
    segment : resistance of the piece on the CDU's side of each rack [Pa/(kg/s)^2], shape [R]; zero
        for air-cooled racks
    """

    bore: NDArray[np.float64]
    volume: NDArray[np.float64]
    wall: NDArray[np.float64]
    segment: NDArray[np.float64]


def row_mains(result: Expansion, flow: NDArray[np.float64]) -> Mains:
    """Mains of all CDUs; ``flow`` is the design flow of each CDU's racks [m3/s].

    Where a layout gives no bore it is sized for that flow, or half the CDU's rated flow if larger.
    Friction of each segment is taken at the flow that passes there by design.
    """
    cdus = result.levels["cdu"]
    bores, volume, wall = np.zeros(cdus.count), np.zeros(cdus.count), np.zeros(cdus.count)
    segment = np.zeros(len(result.rack_cdu))
    for c in range(cdus.count):
        racks = np.flatnonzero(result.rack_cdu == c)
        row = result.row[cdus.parent[c]]
        pitch = row.rack_pitch or result.layout.products[row.rack].width
        unit = result.layout.product(cdus.product[c], CoolantDistributionUnit)
        expected = max(float(flow[c]), 0.5 * unit.rated_secondary_flow)
        bore = row.pipe_diameter or pipe_diameter(expected)
        length = len(racks) * pitch + CONNECTION_LENGTH
        bores[c] = bore
        volume[c] = pipe_volume(bore, length)
        wall[c] = wall_capacity(bore, WALL_THICKNESS, length, STEEL_DENSITY, STEEL_SPECIFIC_HEAT)
        temperature = row.supply_temperature + DESIGN_RISE / 2
        density, _ = density_and_specific_heat(row.coolant, temperature)
        for position, r in enumerate(racks):
            piece = CONNECTION_LENGTH + pitch if position == 0 else pitch
            passing = expected * (len(racks) - position) / len(racks)
            segment[r] = (
                pipe_resistance(row.coolant, temperature, passing, bore, piece) / density**2
            )
    return Mains(bores, volume, wall, segment)
