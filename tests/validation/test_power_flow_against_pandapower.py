"""IEEE and Baran & Wu feeders, and a site with transformers, solved by pandapower as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from physics.electrical import network as nw
from physics.electrical.power_flow import PowerFlow
from physics.electrical.sweep import Sweep
from physics.electrical.unbalance import solve_phases

pp = pytest.importorskip("pandapower")
networks = pytest.importorskip("pandapower.networks")
pytestmark = pytest.mark.filterwarnings("ignore")

STIFF = 1e18
"""Short-circuit power of the source [VA]; pandapower's slack has no impedance in power flow."""


def lines_of(net: Any) -> nw.Lines:
    ln = net.line[net.line.in_service]
    km = ln.length_km.to_numpy()
    zero = {
        name: km * ln[column].to_numpy() * scale if column in ln else np.nan
        for name, column, scale in (
            ("zero_resistance", "r0_ohm_per_km", 1.0),
            ("zero_reactance", "x0_ohm_per_km", 1.0),
        )
    }
    return nw.lines(
        ln.from_bus.to_numpy(),
        ln.to_bus.to_numpy(),
        km * ln.r_ohm_per_km.to_numpy(),
        km * ln.x_ohm_per_km.to_numpy(),
        capacitance=km * ln.c_nf_per_km.to_numpy() * 1e-9,
        rated_current=ln.max_i_ka.to_numpy() * 1e3,
        **zero,
    )


def source_of(net: Any) -> nw.Sources:
    return nw.sources(net.ext_grid.bus.to_numpy(), STIFF, voltage=net.ext_grid.vm_pu.to_numpy())


def test_feeder_of_baran_and_wu(accuracy: Callable[..., None]) -> None:
    net = networks.case33bw()
    pp.runpp(net, numba=False, tolerance_mva=1e-10)
    ours = nw.Network(
        net.bus.vn_kv.to_numpy() * 1e3,
        source_of(net),
        nw.loads(
            net.load.bus.to_numpy(),
            net.load.p_mw.to_numpy() * 1e6,
            net.load.q_mvar.to_numpy() * 1e6,
        ),
        lines_of(net),
        frequency=net.f_hz,
    )
    theirs = net.res_bus.vm_pu.to_numpy()
    solved = PowerFlow(ours).solve(tolerance=1e-12)
    swept = Sweep(ours).solve()
    for name, voltage, loss in (
        ("solver", solved.voltage_pu, solved.loss),
        ("sweep", np.abs(swept.voltage), swept.branch_loss.sum()),
    ):
        worst = int(np.argmax(np.abs(voltage - theirs)))
        accuracy(
            f"33-bus feeder, worst bus {worst}, {name}",
            voltage[worst],
            theirs[worst],
            1e-8,
            "per unit",
            "pandapower",
        )
        accuracy(
            f"33-bus feeder, losses, {name}",
            loss,
            net.res_line.pl_mw.sum() * 1e6,
            1e-6,
            "W",
            "pandapower",
            relative=True,
        )
    # The losses that Baran and Wu printed: 202.67 kW at 0.9131 per unit.
    accuracy("33-bus feeder, losses", solved.loss / 1e3, 202.67, 0.01, "kW", "Baran & Wu 1989")
    accuracy(
        "33-bus feeder, lowest voltage",
        solved.voltage_pu.min(),
        0.9131,
        5e-5,
        "per unit",
        "Baran & Wu 1989",
    )


def site() -> tuple[nw.Network, Any]:
    """154/22.9/0.48 kV with tapped transformers, meshed at 22.9 kV, capacitor, charging."""
    volts = np.array([154e3, 22.9e3, 22.9e3, 22.9e3, 480.0, 480.0])
    ours = nw.Network(
        volts,
        nw.sources([0], STIFF, voltage=1.02),
        nw.loads([4, 5, 2], [1.9e6, 2.2e6, 6e6], [0.4e6, 0.2e6, 2e6]),
        nw.lines(
            [1, 1, 2],
            [2, 3, 3],
            [0.09, 0.12, 0.05],
            [0.11, 0.14, 0.06],
            capacitance=[2.6e-7, 3.1e-7, 1.1e-7],
            rated_current=400.0,
        ),
        nw.transformers(
            [0, 2, 3],
            [1, 4, 5],
            [154e3, 22.9e3, 22.9e3],
            [22.9e3, 480.0, 480.0],
            [60e6, 2.5e6, 2.5e6],
            [0.15, 0.06, 0.0625],
            [200e3, 22e3, 21e3],
            no_load_loss=[30e3, 3.1e3, 3.0e3],
            no_load_current=[0.002, 0.006, 0.005],
            tap_position=[-2, 1, 0],
            tap_size=[154e3 * 0.0125, 22.9e3 * 0.025, 22.9e3 * 0.025],
        ),
        shunts=nw.shunts([2], [0.0], [2e6 / 22.9e3**2]),
    )
    net = pp.create_empty_network(f_hz=60.0, sn_mva=1.0)
    for v in volts:
        pp.create_bus(net, v / 1e3)
    pp.create_ext_grid(net, 0, vm_pu=1.02)
    for bus, p, q in zip(ours.loads.bus, ours.loads.power, ours.loads.reactive_power, strict=True):
        pp.create_load(net, int(bus), p / 1e6, q / 1e6)
    ln, tr = ours.lines, ours.transformers
    for i in range(3):
        pp.create_line_from_parameters(
            net,
            int(ln.from_bus[i]),
            int(ln.to_bus[i]),
            1.0,
            ln.resistance[i],
            ln.reactance[i],
            ln.capacitance[i] * 1e9,
            0.4,
        )
        pp.create_transformer_from_parameters(
            net,
            int(tr.from_bus[i]),
            int(tr.to_bus[i]),
            sn_mva=tr.rated_power[i] / 1e6,
            vn_hv_kv=tr.from_voltage[i] / 1e3,
            vn_lv_kv=tr.to_voltage[i] / 1e3,
            vkr_percent=100 * tr.load_loss[i] / tr.rated_power[i],
            vk_percent=100 * tr.short_circuit_voltage[i],
            pfe_kw=tr.no_load_loss[i] / 1e3,
            i0_percent=100 * tr.no_load_current[i],
            shift_degree=330.0,
            tap_side="hv",
            tap_neutral=0,
            tap_min=-5,
            tap_max=5,
            tap_pos=int(tr.tap_position[i]),
            tap_step_percent=100 * tr.tap_size[i] / tr.from_voltage[i],
            tap_changer_type="Ratio",
        )
    pp.create_shunt(net, 2, q_mvar=-2.0)
    pp.runpp(net, numba=False, trafo_model="pi", calculate_voltage_angles=True, tolerance_mva=1e-10)
    return ours, net


def test_site_with_transformers(accuracy: Callable[..., None]) -> None:
    ours, net = site()
    got = PowerFlow(ours).solve(tolerance=1e-12)
    for bus, theirs in enumerate(net.res_bus.vm_pu):
        accuracy(f"site, bus {bus}", got.voltage_pu[bus], theirs, 1e-8, "per unit", "pandapower")
    for i in range(3):
        accuracy(
            f"site, transformer {i} loss",
            got.transformers.loss[i],
            net.res_trafo.pl_mw[i] * 1e6,
            1e-6,
            "W",
            "pandapower",
            relative=True,
        )
        accuracy(
            f"site, line {i} current",
            max(got.lines.from_current[i], got.lines.to_current[i]),
            net.res_line.i_ka[i] * 1e3,
            1e-6,
            "A",
            "pandapower",
            relative=True,
        )
    accuracy(
        "site, power from the grid",
        got.source_power[0],
        net.res_ext_grid.p_mw[0] * 1e6,
        1e-8,
        "W",
        "pandapower",
        relative=True,
    )


def european() -> tuple[nw.Network, Any]:
    """The IEEE European low-voltage feeder, ours and solved by pandapower."""
    net = networks.ieee_european_lv_asymmetric("on_peak_566")
    # The case as shipped gives its transformer a zero-sequence magnetising impedance as small as
    # the series one (a three-limb core); ours has none, as the feeder's own OpenDSS model.
    net.trafo["mag0_percent"] = 1e6
    pp.runpp_3ph(net)
    ld = net.asymmetric_load
    tr = net.trafo.iloc[0]
    sn = tr.sn_mva * 1e6
    ours = nw.Network(
        net.bus.vn_kv.to_numpy() * 1e3,
        source_of(net),
        lines=lines_of(net),
        transformers=nw.transformers(
            [int(tr.hv_bus)],
            [int(tr.lv_bus)],
            tr.vn_hv_kv * 1e3,
            tr.vn_lv_kv * 1e3,
            sn,
            tr.vk_percent / 100,
            tr.vkr_percent / 100 * sn,
            vector_group="Dyn1",
        ),
        phase_loads=nw.phase_loads(
            ld.bus.to_numpy(),
            ld[["p_a_mw", "p_b_mw", "p_c_mw"]].to_numpy() * 1e6,
            ld[["q_a_mvar", "q_b_mvar", "q_c_mvar"]].to_numpy() * 1e6,
        ),
        frequency=net.f_hz,
    )
    return ours, net


def test_ieee_european_low_voltage_feeder(accuracy: Callable[..., None]) -> None:
    ours, net = european()
    got = np.abs(solve_phases(ours, tolerance=1e-10).voltage)
    theirs = net.res_bus_3ph[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy()
    for phase, name in enumerate("abc"):
        worst = int(np.argmax(np.abs(got[:, phase] - theirs[:, phase])))
        accuracy(
            f"IEEE European feeder, phase {name}, worst of {len(got)} buses",
            got[worst, phase],
            theirs[worst, phase],
            1e-4,
            "per unit",
            "pandapower, three-phase",
        )


def test_unbalance_and_neutral_of_the_european_feeder(accuracy: Callable[..., None]) -> None:
    ours, net = european()
    solved = solve_phases(ours, tolerance=1e-10)
    # voltages agree within 1e-4 per unit, so a ratio of them can no closer: 0.01 of a per cent
    factor = 100.0 * solved.voltage_unbalance
    theirs = net.res_bus_3ph.unbalance_percent.to_numpy()
    worst = int(np.argmax(np.abs(factor - theirs)))
    accuracy(
        f"IEEE European feeder, unbalance, worst of {len(factor)} buses",
        factor[worst],
        theirs[worst],
        0.01,
        "%",
        "pandapower, three-phase",
    )
    highest = int(np.argmax(theirs))
    assert theirs[highest] > 0.5  # the case has some
    accuracy(
        "IEEE European feeder, highest unbalance",
        factor[highest],
        theirs[highest],
        0.01,
        "%",
        "pandapower, three-phase",
    )
    # neutral of the service cables: their loads' currents at the voltages found, summed
    loads = ours.phase_loads
    volts = solved.voltage[loads.bus] * ours.rated_voltage[loads.bus, None] / np.sqrt(3.0)
    current = np.conj((loads.power + 1j * loads.reactive_power) / volts)
    end = {int(bus): k for k, bus in enumerate(ours.lines.to_bus)}
    leaf = [
        (k, end[int(bus)])
        for k, bus in enumerate(loads.bus)
        if int(bus) in end and int(bus) not in ours.lines.from_bus
    ]
    assert leaf
    neutral = np.abs(current.sum(axis=1))[[k for k, _ in leaf]]
    theirs = 1e3 * net.res_line_3ph.i_n_to_ka.to_numpy()[[line for _, line in leaf]]
    worst = int(np.argmax(np.abs(neutral - theirs)))
    accuracy(
        f"IEEE European feeder, neutral, worst of {len(leaf)} service cables",
        neutral[worst],
        theirs[worst],
        1e-4,
        "A",
        "pandapower, three-phase",
        relative=True,
    )
    assert neutral.max() > 1.0
