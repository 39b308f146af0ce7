"""Water and heat networks against the OpenModelica results that pandapipes ships in its tables.

The references were made with Modelica.Fluid and IF97 water. Where the physics is the same,
pressures and velocities must agree within 0.1 % and temperatures within 0.1 K. To have the same
physics, properties are evaluated where Modelica.Fluid evaluates them (upstream, at the local
pressure), the laminar law ends where its law ends, and heat networks use as many ideally mixed
cells per pipe as the reference. Cases with pumps or valves were made with other pump and valve
models than their tables state; they are held to the tolerances of pandapipes' own comparison and
listed as such. The two cases ``t_cross/valves`` are left out: their pressures contradict their loss
coefficients (and pandapipes allows 40 %).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from CoolProp.CoolProp import PropsSI

from physics.hydraulics.builder import NetworkBuilder
from physics.hydraulics.friction import FrictionModel
from physics.hydraulics.network import Solution, nominal_controls
from physics.hydraulics.pipes import steady_network_temperatures
from physics.hydraulics.pumps import PumpCurve
from physics.hydraulics.solver import solve

pandapipes = pytest.importorskip("pandapipes")

CASES = Path(pandapipes.__file__).parent / "networks/network_files/openmodelica_test_networks"
SOURCE = "OpenModelica, tables in pandapipes"
BAR, KELVIN = 1e5, 273.15

PIPES_ONLY = [
    "combined_networks/mixed_net",
    "meshed_networks/heights",
    "one_pipe/pipe_1",
    "one_pipe/pipe_2",
    "one_pipe/pipe_3",
    "strand_net/cross_3ext",
    "strand_net/strand_net",
    "strand_net/two_pipes",
    "t_cross/t_cross",
    "two_pressure_junctions/two_pipes",
]
SAME_PHYSICS = [(model, case) for model in ("colebrook", "swamee-jain") for case in PIPES_ONLY] + [
    ("swamee-jain", case)
    for case in (
        "meshed_networks/delta",
        "strand_net/strand_net_stanet_variation1",
        "strand_net/strand_net_stanet_variation2",
        "two_pressure_junctions/one_pipe_stanet",
    )
]
# model, case, tolerance on pressure (relative) from pandapipes' own comparison; velocity 0.05 m/s
OTHER_COMPONENTS = [
    ("colebrook", "meshed_networks/delta", 0.01),  # inverse friction law, other in transition
    ("colebrook", "meshed_networks/two_valves", 0.01),
    ("swamee-jain", "meshed_networks/two_valves", 0.01),
    ("swamee-jain", "meshed_networks/one_valve_stanet", 0.01),
    ("colebrook", "strand_net/two_pumps", 0.01),
    ("swamee-jain", "strand_net/two_pumps", 0.01),
    ("colebrook", "meshed_networks/pumps", 0.02),
    ("swamee-jain", "meshed_networks/pumps", 0.02),
    ("colebrook", "combined_networks/versatility", 0.04),
    ("swamee-jain", "combined_networks/versatility", 0.04),
]
HEAT_CASES = [
    "delta",
    "delta_2sinks",
    "heights",
    "one_pipe",
    "one_source",
    "section_variation",
    "t_cross",
    "two_pipes",
]


def laminar_end(relative_roughness: float, friction: FrictionModel) -> float:
    """Where Modelica.Fluid's wall friction leaves 64/Re; its inverse law leaves it earlier."""
    end = 745.0 * math.exp(min(1.0, 0.0065 / max(relative_roughness, 1e-9)))
    return end**0.97 if friction is FrictionModel.COLEBROOK else end


def demands(net: Any, n_nodes: int) -> np.ndarray:
    """Flow drawn at each junction [kg/s]."""
    drawn = np.zeros(n_nodes)
    for table, sign in (("sink", 1.0), ("source", -1.0)):
        if table in net:
            for _, row in net[table].iterrows():
                drawn[int(row.junction)] += sign * row.mdot_kg_per_s * row.scaling
    return drawn


def water_case(path: Path, friction: FrictionModel) -> tuple[Any, Solution, np.ndarray, np.ndarray]:
    """Solve a water case; returns pandapipes' net, the solution, pipe and valve velocities."""
    net = pandapipes.from_json(str(path))
    nominal = float(net.fluid.get_density(293.15))
    density = np.full(len(net.pipe), nominal)
    viscosity = np.full(len(net.pipe), float(net.fluid.get_viscosity(293.15)))
    for _ in range(5):  # properties follow the pressures
        b = NetworkBuilder(nominal, 1e-3)
        for _, junction in net.junction.iterrows():
            b.node(junction.height_m)
        for _, grid in net.ext_grid.iterrows():
            b.fix_pressure(int(grid.junction), grid.p_bar * BAR)
        pipes = [
            b.pipe(
                int(row.from_junction),
                int(row.to_junction),
                row.length_km * 1e3,
                row.inner_diameter_mm * 1e-3,
                row.k_mm * 1e-3,
                row.loss_coefficient,
                friction,
                laminar_end(row.k_mm / row.inner_diameter_mm, friction),
                density=density[i],
                viscosity=viscosity[i],
            )
            for i, (_, row) in enumerate(net.pipe.iterrows())
        ]
        valves = []
        if "valve" in net:
            for _, row in net.valve.iterrows():
                bore = row.inner_diameter_mm * 1e-3
                ends = int(row.junction), int(row.element)
                valves.append((b.minor_loss(*ends, row.loss_coefficient, bore), bore))
        if "pump" in net:
            for _, row in net.pump.iterrows():
                a2, a1, a0 = vars(net.std_types["pump"][row.std_type])["reg_par"]  # bar over m3/h
                hourly = 3600.0 / nominal
                curve = PumpCurve(a0 * BAR, a1 * BAR * hourly, a2 * BAR * hourly**2)
                b.pump(int(row.from_junction), int(row.to_junction), curve)
        network = b.build()
        controls = nominal_controls(network)
        controls.demand[:] = demands(net, network.n_nodes)
        solution = solve(network, controls).require()
        forward = solution.flow[pipes] >= 0.0
        upstream = np.where(forward, network.from_node[pipes], network.to_node[pipes])
        for i, p in enumerate(solution.pressure[upstream]):
            density[i] = PropsSI("D", "T", 293.15, "P", p, "Water")
            viscosity[i] = PropsSI("V", "T", 293.15, "P", p, "Water")
    area = 0.25 * np.pi * (net.pipe.inner_diameter_mm.to_numpy() * 1e-3) ** 2
    # the table's velocity is that at the mean pressure of the pipe
    ends = solution.pressure[network.from_node[pipes]] + solution.pressure[network.to_node[pipes]]
    mean_density = np.array([PropsSI("D", "T", 293.15, "P", p / 2.0, "Water") for p in ends])
    velocity = solution.flow[pipes] / mean_density / area
    valve_velocity = np.array(
        [solution.flow[v] / nominal / (0.25 * np.pi * d * d) for v, d in valves]
    )
    return net, solution, velocity, valve_velocity


@pytest.mark.parametrize(("model", "case"), SAME_PHYSICS)
def test_pipe_networks(model: str, case: str, accuracy: Callable[..., None]) -> None:
    friction = FrictionModel[model.upper().replace("-", "_")]
    net, solution, velocity, _ = water_case(CASES / f"water_cases_{model}/{case}.json", friction)
    name = f"{model} {case.split('/')[-1]}"
    for i, reference in enumerate(net.junction.p_om):
        subject = f"{name}: pressure of junction {i}"
        accuracy(subject, solution.pressure[i], reference * BAR, 1e-3, "Pa", SOURCE, relative=True)
    for i, reference in enumerate(net.pipe.v_om):
        subject = f"{name}: velocity in pipe {i}"
        accuracy(subject, velocity[i], reference, 1e-3, "m/s", SOURCE, relative=True)


@pytest.mark.parametrize(("model", "case", "tolerance"), OTHER_COMPONENTS)
def test_networks_with_other_component_models(
    model: str, case: str, tolerance: float, accuracy: Callable[..., None]
) -> None:
    friction = FrictionModel[model.upper().replace("-", "_")]
    path = CASES / f"water_cases_{model}/{case}.json"
    net, solution, velocity, valve_velocity = water_case(path, friction)
    name = f"{model} {case.split('/')[-1]} (other valve, pump or transition model)"
    for i, reference in enumerate(net.junction.p_om):
        subject = f"{name}: pressure of junction {i}"
        theirs = reference * BAR
        accuracy(subject, solution.pressure[i], theirs, tolerance, "Pa", SOURCE, relative=True)
    for i, reference in enumerate(net.pipe.v_om):
        accuracy(f"{name}: velocity in pipe {i}", velocity[i], reference, 0.05, "m/s", SOURCE)
    for i, ours in enumerate(valve_velocity):
        subject = f"{name}: velocity in valve {i}"
        accuracy(subject, ours, net.valve.v_om.iloc[i], 0.05, "m/s", SOURCE)


def heat_case(path: Path) -> tuple[Any, Solution, list[np.ndarray]]:
    """Solve a heat case; returns pandapipes' net, the solution and the cell temperatures [degC] of
    every pipe.

    A reference pipe of n cells has n - 1 pressure drops between them, the outer two half a cell
    longer, each with the properties of the cell upstream.
    """
    net = pandapipes.from_json(str(path))
    sections = [int(s) for s in net.pipe.sections]
    n_junctions = len(net.junction)
    cells = [np.full(s, 50.0) for s in sections]
    pressures = [np.full(s, 5e5) for s in sections]
    heat_capacity = [np.full(s, 4180.0) for s in sections]
    for _ in range(40):
        b = NetworkBuilder(990.0, 6e-4)
        for _, junction in net.junction.iterrows():
            b.node(junction.height_m)
        for _, grid in net.ext_grid.iterrows():
            b.fix_pressure(int(grid.junction), grid.p_bar * BAR)
        inner: list[list[int]] = []
        pieces: list[list[int]] = []
        for i, (_, row) in enumerate(net.pipe.iterrows()):
            n = sections[i]
            length, bore = row.length_km * 1e3, row.inner_diameter_mm * 1e-3
            shares = np.ones(n - 1)
            shares[[0, -1]] += 0.5
            shares /= n
            low = net.junction.height_m[row.from_junction]
            climb = net.junction.height_m[row.to_junction] - low
            heights = low + climb * np.cumsum(shares)[:-1]
            nodes = [int(row.from_junction), *(b.node(h) for h in heights), int(row.to_junction)]
            inner.append(nodes)
            t, p = cells[i], pressures[i]
            # the flow's direction decides which neighbour is upstream
            up = slice(0, n - 1) if row.v_om > 0.0 else slice(1, n)
            density = [PropsSI("D", "T", x + KELVIN, "P", y, "Water") for x, y in zip(t, p)][up]
            viscosity = [PropsSI("V", "T", x + KELVIN, "P", y, "Water") for x, y in zip(t, p)][up]
            pieces.append(
                [
                    b.pipe(
                        nodes[k],
                        nodes[k + 1],
                        length * shares[k],
                        bore,
                        row.k_mm * 1e-3,
                        0.0,
                        FrictionModel.SWAMEE_JAIN,
                        laminar_end(row.k_mm / row.inner_diameter_mm, FrictionModel.SWAMEE_JAIN),
                        density=density[k],
                        viscosity=viscosity[k],
                    )
                    for k in range(n - 1)
                ]
            )
        network = b.build()
        controls = nominal_controls(network)
        controls.demand[:n_junctions] = demands(net, n_junctions)
        solution = solve(network, controls, tolerance=1e-10).require()
        change = _temperatures(
            net, solution, network, inner, pieces, cells, pressures, heat_capacity
        )
        if change < 1e-7:
            break
    return net, solution, cells


def _temperatures(
    net: Any,
    solution: Solution,
    network: Any,
    inner: list[list[int]],
    pieces: list[list[int]],
    cells: list[np.ndarray],
    pressures: list[np.ndarray],
    heat_capacity: list[np.ndarray],
) -> float:
    """Update the cells for the present flows; returns the largest temperature change [K].

    A mixed cell is a branch of our temperature solver with the conductance that gives the same
    outlet; the friction heat of the pipe is spread over its cells.
    """
    n_junctions, ends = len(net.junction), ([], [])
    rate, conductance, ambient, heat, owner = [], [], [], [], []
    n_nodes = n_junctions
    for i, (_, row) in enumerate(net.pipe.iterrows()):
        n = len(cells[i])
        flow = solution.flow[pieces[i][0]]
        chain = [int(row.from_junction), *range(n_nodes, n_nodes + n - 1), int(row.to_junction)]
        n_nodes += n - 1
        surface = row.u_w_per_m2k * math.pi * row.inner_diameter_mm * row.length_km / n
        level = solution.pressure[inner[i]] + 9.80665 * 990.0 * network.elevation[inner[i]]
        friction_heat = abs(flow) * abs(level[0] - level[-1]) / 990.0 / n
        for k in range(n):
            w = flow * heat_capacity[i][k]
            ends[0].append(chain[k])
            ends[1].append(chain[k + 1])
            rate.append(w)
            conductance.append(abs(w) * math.log1p(surface / abs(w)))
            ambient.append(row.text_k - KELVIN)
            heat.append(friction_heat * abs(w) / (abs(w) + surface))
            owner.append(i)
        pressures[i][:] = solution.pressure[inner[i]]
    feed_rate, feed_temperature = np.zeros(n_nodes), np.zeros(n_nodes)
    outside = np.bincount(network.from_node, solution.flow, network.n_nodes)
    outside -= np.bincount(network.to_node, solution.flow, network.n_nodes)
    for _, grid in net.ext_grid.iterrows():
        feed_rate[int(grid.junction)] = outside[int(grid.junction)] * 4185.0
        feed_temperature[int(grid.junction)] = grid.t_k - KELVIN
    if "source" in net:
        for _, row in net.source.iterrows():  # the reference feeds sources at ambient temperature
            feed_rate[int(row.junction)] = row.mdot_kg_per_s * 4185.0
            feed_temperature[int(row.junction)] = net.pipe.text_k.iloc[0] - KELVIN
    rates = np.array(rate)
    node, outlet = steady_network_temperatures(
        np.array(ends[0]),
        np.array(ends[1]),
        rates,
        np.array(conductance),
        np.array(ambient),
        np.array(heat),
        n_nodes,
        feed_rate,
        feed_temperature,
    )
    inlet = node[np.where(rates >= 0.0, ends[0], ends[1])]
    change = 0.0
    for i in range(len(cells)):
        mine = np.array(owner) == i
        change = max(change, float(np.abs(outlet[mine] - cells[i]).max()))
        cells[i][:] = outlet[mine]
        for k, (t0, t1) in enumerate(zip(inlet[mine], outlet[mine], strict=True)):
            mean = 0.5 * (t0 + t1) + KELVIN
            heat_capacity[i][k] = PropsSI("C", "T", mean, "P", pressures[i][k], "Water")
    return change


@pytest.mark.parametrize("case", HEAT_CASES)
def test_heat_networks(case: str, accuracy: Callable[..., None]) -> None:
    net, solution, cells = heat_case(CASES / f"heat_transfer_cases/{case}.json")
    for i, reference in enumerate(net.junction.p_om):
        subject = f"heat {case}: pressure of junction {i}"
        accuracy(subject, solution.pressure[i], reference * BAR, 1e-3, "Pa", SOURCE, relative=True)
    for i, references in enumerate(net.pipe.T_om):
        for k, reference in enumerate(references):
            subject = f"heat {case}: temperature in pipe {i}, cell {k}"
            if case == "heights":
                # over hundreds of metres the reference's energy balance, which knows no potential
                # energy, is another one: pandapipes' own tolerance on absolute temperature
                ours = cells[i][k] + KELVIN
                accuracy(subject, ours, reference, 0.0065, "K", SOURCE, relative=True)
            else:
                accuracy(subject, cells[i][k], reference - KELVIN, 0.1, "degC", SOURCE)
