"""The network's tables as power-grid-model wants them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from power_grid_model import initialize_array

from physics.electrical.network import Network, has_zero_sequence


def component_ids(network: Network) -> dict[str, Any]:
    """Solver ids of every table's rows, in one running number; buses keep their index."""
    sizes = {
        "node": len(network.rated_voltage),
        "line": len(network.lines.from_bus),
        "transformer": len(network.transformers.from_bus),
        "link": len(network.switches.from_bus),
        "source": len(network.sources.bus),
        "sym_load": len(network.loads.bus),
        "asym_load": len(network.phase_loads.bus),
        "shunt": len(network.shunts.bus),
    }
    ids: dict[str, Any] = {}
    start = 0
    for name, size in sizes.items():
        ids[name] = np.arange(start, start + size, dtype=np.int32)
        start += size
    return ids


def model_input(network: Network, ids: Mapping[str, Any]) -> dict[Any, Any]:
    """Input tables of power-grid-model for a network."""

    def table(name: str, columns: Mapping[str, Any]) -> Any:
        array = initialize_array("input", name, len(ids[name]))
        array["id"] = ids[name]
        for column, values in columns.items():
            array[column] = values
        return array

    ln, tr, sw, so, ld = (
        network.lines,
        network.transformers,
        network.switches,
        network.sources,
        network.loads,
    )

    def ends(branch: Any) -> dict[str, Any]:
        return {
            "from_node": branch.from_bus,
            "to_node": branch.to_bus,
            "from_status": branch.closed,
            "to_status": branch.closed,
        }

    unbalanced = has_zero_sequence(network)
    # Filters see c0 with the rest of the zero sequence; without it the solver wants none of it.
    zero = {"r0": ln.zero_resistance, "x0": ln.zero_reactance} if unbalanced else {}
    taps = np.abs(tr.tap_position)
    return {
        "node": table("node", {"u_rated": network.rated_voltage}),
        "line": table(
            "line",
            ends(ln)
            | {
                "r1": ln.resistance,
                "x1": ln.reactance,
                "c1": ln.capacitance,
                "tan1": 0.0,
                "c0": ln.zero_capacitance,
                "tan0": 0.0,
                "i_n": ln.rated_current,
            }
            | zero,
        ),
        "transformer": table(
            "transformer",
            ends(tr)
            | {
                "u1": tr.from_voltage,
                "u2": tr.to_voltage,
                "sn": tr.rated_power,
                "uk": tr.short_circuit_voltage,
                "pk": tr.load_loss,
                "i0": tr.no_load_current,
                "p0": tr.no_load_loss,
                "winding_from": tr.winding_from,
                "winding_to": tr.winding_to,
                "clock": tr.clock,
                "tap_side": 0,
                "tap_pos": tr.tap_position,
                "tap_min": -taps,
                "tap_max": taps,
                "tap_nom": 0,
                "tap_size": tr.tap_size,
            },
        ),
        "link": table("link", ends(sw)),
        "source": table(
            "source",
            {
                "node": so.bus,
                "status": so.closed,
                "u_ref": so.voltage,
                "u_ref_angle": so.angle,
                "sk": so.short_circuit_power,
                "rx_ratio": so.rx_ratio,
                "z01_ratio": so.zero_ratio,
            },
        ),
        "sym_load": table(
            "sym_load",
            {
                "node": ld.bus,
                "status": 1,
                "type": ld.kind,
                "p_specified": ld.power,
                "q_specified": ld.reactive_power,
            },
        ),
        "asym_load": table(
            "asym_load",
            {
                "node": network.phase_loads.bus,
                "status": 1,
                "type": 0,
                "p_specified": network.phase_loads.power,
                "q_specified": network.phase_loads.reactive_power,
            },
        ),
        "shunt": table(
            "shunt",
            {
                "node": network.shunts.bus,
                "status": 1,
                "g1": network.shunts.conductance,
                "b1": network.shunts.susceptance,
                "g0": network.shunts.conductance,
                "b0": network.shunts.susceptance,
            },
        ),
    }
