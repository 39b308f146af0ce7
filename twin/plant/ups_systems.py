"""UPS systems of halls with several, and which of them feeds each panel."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from physics.electrical.switch import SOURCE_A
from physics.electrical.ups import DOUBLE_CONVERSION, ECO
from physics.factory.arrays import PanelConstants, UpsSystemConstants
from twin.layout.power_models import PanelBank, UpsBank
from twin.plant.design import Design
from twin.plant.expand import Expansion

if TYPE_CHECKING:
    from twin.plant.plant import Plant

Floats = NDArray[np.float64]
ALWAYS_LIVE = 1e9
"""s for which everything has been live when a run begins."""


def row_systems(bank: UpsBank, panels: PanelBank, row: int, before: int) -> list[int]:
    """Places (from 0) of the UPS systems that a row's panels prefer.

    ``row`` is the row's place in its hall and ``before`` the number of panels in earlier rows.
    Block-redundant halls go round their systems, the reserve left out; others give each row as many
    systems as it has panels, and rows with fewer panels than systems the groups of them in turn.
    """
    count = bank.system_count
    if panels.systems is not None:
        return [panels.systems[i % len(panels.systems)] - 1 for i in range(panels.per_row)]
    if bank.scheme == "block-redundant":
        return [(before + i) % (count - 1) for i in range(panels.per_row)]
    if panels.per_row >= count:
        return [i % count for i in range(panels.per_row)]
    groups = list(combinations(range(count), panels.per_row))
    return list(groups[row % len(groups)])


def row_alternates(bank: UpsBank, panels: PanelBank, own: list[int]) -> list[int]:
    """Places of the systems that the panels' switches turn to; -1 without one."""
    count = bank.system_count
    if bank.switches is None:
        return [-1] * len(own)
    if panels.alternates is not None:
        return [panels.alternates[i % len(panels.alternates)] - 1 for i in range(len(own))]
    if bank.scheme == "block-redundant":
        return [count - 1 if system != count - 1 else -1 for system in own]
    return [(system + 1) % count for system in own]


def panel_constants(result: Expansion) -> PanelConstants:
    """Which UPS system feeds every panel, and its transfer switch."""
    first = result.levels["ups_system"].first(result.levels["hall"].count)
    own: list[int] = []
    other: list[int] = []
    times: list[tuple[float, float, float]] = []
    seen: dict[int, tuple[int, int]] = {}
    for w, row in enumerate(result.row):
        h = result.levels["row"].parent[w]
        bank = result.hall[h].ups
        assert row.panels is not None  # rows without feed are refused on expansion
        units = row.panels.per_row
        if bank is None or bank.system_count < 2:
            own += [-1] * units
            other += [-1] * units
            times += [(0.0, 0.0, 1.0)] * units
            continue
        number, before = seen.get(h, (0, 0))
        seen[h] = number + 1, before + units
        systems = row_systems(bank, row.panels, number, before)
        own += [int(first[h]) + k for k in systems]
        other += [int(first[h]) + k if k >= 0 else -1
                  for k in row_alternates(bank, row.panels, systems)]  # fmt: skip
        switch = bank.switches
        gap = (switch.gap, switch.retransfer_delay, switch.limit) if switch else (0.0, 0.0, 1.0)
        times += [gap] * units
    columns = np.ascontiguousarray(np.array(times, dtype=np.float64).reshape(-1, 3).T)
    return PanelConstants(
        np.array(own, dtype=np.int64), np.array(other, dtype=np.int64),
        *columns,
    )  # fmt: skip


def system_constants(result: Expansion, panels: PanelConstants) -> UpsSystemConstants:
    """Units of every UPS system, and whether it stands by for others."""
    systems = result.levels["ups_system"]
    first_ups = result.levels["ups"].first(result.levels["hall"].count)
    first: list[int] = []
    end = 0
    seen: dict[int, int] = {}
    for h in systems.parent:
        units = int(first_ups[h + 1] - first_ups[h]) // (result.hall[h].ups or _none()).system_count
        place = seen.get(h, 0)
        seen[h] = place + 1
        first.append(int(first_ups[h]) + place * units)
        end = first[-1] + units
    preferred = set(panels.system.tolist())
    reserve = [int(k not in preferred) for k in range(systems.count)]
    return UpsSystemConstants(
        systems.parent_index(),
        np.array([*first, end], dtype=np.int64),
        np.array(reserve, dtype=np.int64),
    )


def system_loads(plant: Plant, panels: Floats, cooling: Floats) -> tuple[Floats, Floats]:
    """What each UPS system carries while all are well [W], and the cooling in it.

    ``panels`` [W] is what each panel passes, shape [panels]; ``cooling`` [W] what pumps and fans
    behind the UPS of each hall draw, shape [halls]. Reserves carry nothing.
    """
    c = plant.constants
    systems, apart = c.ups_system, c.panel.system >= 0
    count, hall = len(systems.hall), systems.hall
    own = 1.0 - systems.reserve
    share = own / np.maximum(np.bincount(hall, own, len(cooling))[hall], 1.0)
    pumps = cooling[hall] * share
    carried: Floats = pumps + np.bincount(c.panel.system[apart], panels[apart], count)
    return carried, pumps


def _none() -> UpsBank:
    raise AssertionError("a system without UPS")


def initial_systems(design: Design, panels: PanelConstants) -> dict[str, NDArray[np.float64]]:
    """Where systems and transfer switches begin, by field of the state: all live and preferred."""
    result = design.expansion
    systems = result.levels["ups_system"]
    ups = [result.hall[h].ups for h in systems.parent]
    modes = [ECO if bank is not None and bank.mode == "eco" else DOUBLE_CONVERSION for bank in ups]
    ones, count = np.ones(systems.count), len(panels.system)
    row = result.levels["panel"].parent_index()
    of_row = result.levels["rack"].parent_index()
    power = np.bincount(of_row, design.rack_power, result.levels["row"].count)
    each = power / np.maximum(np.bincount(row, minlength=len(power)), 1)
    return {
        "ups_system.fed": ones,
        "ups_system.mode": np.array(modes, dtype=np.float64),
        "ups_system.input_time": np.full(systems.count, ALWAYS_LIVE),
        "ups_system.share": ones,
        "ups_system.charge": ones,
        "panel.fed": np.ones(count),
        "panel.position": np.full(count, float(SOURCE_A)),
        "panel.target": np.full(count, float(SOURCE_A)),
        "panel.need": each[row],
    }
