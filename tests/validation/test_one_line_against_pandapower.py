"""One-line models of bundled layouts, solved by pandapower as well: same tables, its own solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from physics.electrical.network import Network
from physics.electrical.power_flow import PowerFlow
from twin.check import Subject
from twin.plant import load_plant
from twin.power.design_load import design_operating
from twin.power.fault_level import fault_levels
from twin.power.one_line import OneLine, one_line

pp = pytest.importorskip("pandapower")
shortcircuit = pytest.importorskip("pandapower.shortcircuit")
pytestmark = pytest.mark.filterwarnings("ignore")

LINK = 1e-6
"""Per unit: what a closed switch of power-grid-model, which has some impedance, may drop. Its own
cases are compared at 1e-5; without switches (korea-260k) the agreement is 1e-10."""
STIFF = 1e18
"""Short-circuit power of the sources [VA]; pandapower's slack has no impedance in power flow."""


def at_design(name: str) -> tuple[OneLine, Network]:
    """The one-line model of a bundled layout, and its network at design load."""
    plant = load_plant(name)
    model = one_line(plant)
    at = design_operating(model, Subject(plant).budget)
    net = model.network
    return model, replace(
        net,
        loads=replace(net.loads, power=at.power, reactive_power=at.reactive),
        lines=replace(net.lines, closed=at.lines),
        transformers=replace(net.transformers, closed=at.transformers),
        switches=replace(net.switches, closed=at.switches),
        sources=replace(
            net.sources, closed=at.sources,
            short_circuit_power=np.full(len(net.sources.bus), STIFF),
        ),
    )  # fmt: skip


def theirs_of(net: Network, level: float | None = None) -> Any:
    """The same tables in pandapower; ``level`` [VA] of the grid for short circuits."""
    made = pp.create_empty_network(f_hz=net.frequency, sn_mva=1.0)
    for volts in net.rated_voltage:
        pp.create_bus(made, volts / 1e3)
    for k in np.flatnonzero(net.sources.closed):
        more = {} if level is None else {"s_sc_max_mva": level / 1e6, "rx_max": 0.1}
        pp.create_ext_grid(made, int(net.sources.bus[k]), vm_pu=net.sources.voltage[k], **more)
    for bus, p, q in zip(net.loads.bus, net.loads.power, net.loads.reactive_power, strict=True):
        pp.create_load(made, int(bus), p / 1e6, q / 1e6)
    ln, tr, sw = net.lines, net.transformers, net.switches
    for k in np.flatnonzero(ln.closed):
        pp.create_line_from_parameters(
            made, int(ln.from_bus[k]), int(ln.to_bus[k]), 1.0, ln.resistance[k], ln.reactance[k],
            0.0, ln.rated_current[k] / 1e3,
        )  # fmt: skip
    for k in np.flatnonzero(tr.closed):
        pp.create_transformer_from_parameters(
            made, int(tr.from_bus[k]), int(tr.to_bus[k]), sn_mva=tr.rated_power[k] / 1e6,
            vn_hv_kv=tr.from_voltage[k] / 1e3, vn_lv_kv=tr.to_voltage[k] / 1e3,
            vkr_percent=100 * tr.load_loss[k] / tr.rated_power[k],
            vk_percent=100 * tr.short_circuit_voltage[k], pfe_kw=tr.no_load_loss[k] / 1e3,
            i0_percent=100 * tr.no_load_current[k], shift_degree=330.0, tap_side="hv",
            tap_neutral=0, tap_min=-5, tap_max=5, tap_pos=int(tr.tap_position[k]),
            tap_step_percent=100 * tr.tap_size[k] / tr.from_voltage[k],
            tap_changer_type="Ratio",
        )  # fmt: skip
    for k in np.flatnonzero(sw.closed):
        pp.create_switch(made, int(sw.from_bus[k]), int(sw.to_bus[k]), et="b", closed=True)
    return made


@pytest.mark.parametrize("name", ["pilot", "hall", "frontier-like", "korea-260k"])
def test_voltages_and_losses_at_design(name: str, accuracy: Callable[..., None]) -> None:
    model, net = at_design(name)
    ours = PowerFlow(net).solve(tolerance=1e-9)
    made = theirs_of(net)
    pp.runpp(made, numba=False, trafo_model="pi", calculate_voltage_angles=True,
             tolerance_mva=1e-9)  # fmt: skip
    theirs = made.res_bus.vm_pu.to_numpy()
    worst = int(np.argmax(np.abs(ours.voltage_pu - theirs)))
    accuracy(
        f"{name}, {len(theirs)} buses, worst at {model.name('buses', worst)}",
        ours.voltage_pu[worst], theirs[worst], LINK, "per unit", "pandapower",
    )  # fmt: skip
    accuracy(
        f"{name}, network loss", ours.lines.loss.sum() + ours.transformers.loss.sum(),
        1e6 * (made.res_line.pl_mw.sum() + made.res_trafo.pl_mw.sum()), 1e-5, "W", "pandapower",
        relative=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["pilot", "hall", "korea-260k"])
def test_short_circuit_levels(name: str, accuracy: Callable[..., None]) -> None:
    model, net = at_design(name)
    levels = fault_levels(model)
    from twin.power.fault_level import _one_section

    usual = np.array([kind in ("supply", "own-feeder", "bypass") for kind in model.switches.kind])
    supply = np.array([kind == "supply" for kind in model.sources.kind])
    fault = replace(
        net,
        transformers=replace(net.transformers, closed=_one_section(model)),
        switches=replace(net.switches, closed=usual),
        sources=replace(net.sources, closed=supply),
    )
    grid = float(model.network.sources.short_circuit_power[supply][0])
    made = theirs_of(fault, grid)
    shortcircuit.calc_sc(made, fault="3ph", case="max", ip=False, ith=False, topology="auto")
    theirs = 1e3 * made.res_bus_sc.ikss_ka.to_numpy()
    relative = np.abs(levels.initial_current / theirs - 1.0)
    worst = int(np.argmax(relative))
    accuracy(
        f"{name}, worst at {model.name('buses', worst)}", levels.initial_current[worst],
        theirs[worst], 1e-4, "A", "pandapower", relative=True,
    )  # fmt: skip
