"""Random networks against pandapipes, run beside our solver: flows, pressures, temperatures.

pandapipes takes 9.81 m/s2 for gravity; heights are scaled so that ours is the same. Its pressures
are above an ambient that falls with height; that is taken back. All flows must be turbulent,
because pandapipes has no laminar law with these friction models. The tolerance is 0.1 % of pressure
and velocity, 0.1 K of temperature.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from physics.hydraulics.builder import NetworkBuilder
from physics.hydraulics.friction import FrictionModel
from physics.hydraulics.network import nominal_controls
from physics.hydraulics.pipes import steady_network_temperatures
from physics.hydraulics.pumps import GRAVITY, PumpCurve
from physics.hydraulics.solver import solve

pandapipes = pytest.importorskip("pandapipes")
from pandapipes.component_models.component_toolbox import (  # noqa: E402
    p_correction_height_air,
)

SOURCE = "pandapipes pipeflow"
BAR, KELVIN = 1e5, 273.15


@pytest.mark.parametrize("friction", [FrictionModel.COLEBROOK, FrictionModel.SWAMEE_JAIN])
@pytest.mark.parametrize("seed", [3, 4])
def test_random_pumped_mesh(
    friction: FrictionModel, seed: int, accuracy: Callable[..., None]
) -> None:
    rng = np.random.default_rng(seed)
    net = pandapipes.create_empty_network(fluid="water")
    fluid = pandapipes.get_fluid(net)
    density, viscosity = float(fluid.get_density(293.15)), float(fluid.get_viscosity(293.15))
    heat = float(fluid.get_heat_capacity(333.15))
    for name, value in (("density", density), ("viscosity", viscosity), ("heat_capacity", heat)):
        pandapipes.create_constant_property(net, name, value, overwrite=True)
    b = NetworkBuilder(density, viscosity)
    n = 14
    for _ in range(n):
        height = float(rng.uniform(0.0, 8.0))
        pandapipes.create_junction(net, pn_bar=5.0, tfluid_k=293.15, height_m=height)
        b.node(height * 9.81 / GRAVITY)
    pandapipes.create_ext_grid(net, 0, p_bar=3.0, t_k=60.0 + KELVIN, type="pt")
    b.fix_pressure(0, 3.0 * BAR)
    # a pump from the feed, then a mesh: a chain with chords
    hourly = 3600.0 / density
    pandapipes.create_pump_from_parameters(
        net, 0, 1, "duty", poly_coefficents=[-4e-4, -2e-3, 4.0], in_service=True
    )
    curve = PumpCurve(4.0 * BAR, -2e-3 * BAR * hourly, -4e-4 * BAR * hourly**2)
    pump = b.pump(0, 1, curve)
    pairs = [(i, i + 1) for i in range(1, n - 1)] + [(1, 5), (3, 9), (6, 12), (2, 13), (8, 13)]
    lengths = rng.uniform(20.0, 150.0, len(pairs))
    bores = rng.choice([0.08, 0.1, 0.125], len(pairs))
    rough, loss = rng.uniform(0.01, 0.2, len(pairs)), rng.uniform(0.0, 6.0, len(pairs))
    coefficient = rng.uniform(5.0, 80.0, len(pairs))
    pipes = []
    for k, (i, j) in enumerate(pairs):
        pandapipes.create_pipe_from_parameters(
            net,
            i,
            j,
            length_km=lengths[k] / 1e3,
            inner_diameter_mm=bores[k] * 1e3,
            k_mm=rough[k],
            loss_coefficient=loss[k],
            u_w_per_m2k=coefficient[k],
            text_k=20.0 + KELVIN,
            sections=1,
        )
        pipes.append(b.pipe(i, j, lengths[k], bores[k], rough[k] * 1e-3, loss[k], friction))
    demand = rng.uniform(1.0, 3.0, n)
    demand[:2] = 0.0
    for i in range(2, n):
        pandapipes.create_sink(net, i, mdot_kg_per_s=demand[i])
    pandapipes.pipeflow(
        net,
        mode="sequential",
        friction_model=friction.name.lower().replace("_", "-"),
        max_iter_hyd=100,
        max_iter_therm=100,
        max_iter_colebrook=100,
        tol_p=1e-8,
        tol_m=1e-8,
        tol_res=1e-8,
    )
    network = b.build()
    controls = nominal_controls(network)
    controls.demand[:] = demand
    ours = solve(network, controls).require()
    name = f"mesh {seed} {friction.name.lower()}"
    accuracy(
        f"{name}: flow through pump",
        ours.flow[pump],
        demand.sum(),
        1e-9,
        "kg/s",
        "sum of demands",
        relative=True,
    )
    ambient_there = [p_correction_height_air(h) * BAR for h in net.junction.height_m]
    for i in range(n):
        theirs = float(net.res_junction.p_bar.iloc[i]) * BAR + ambient_there[i] - ambient_there[0]
        subject = f"{name}: pressure of junction {i}"
        accuracy(subject, ours.pressure[i], theirs, 1e-3, "Pa", SOURCE, relative=True)
    assert net.res_pipe.reynolds.min() > 4000.0, "choose another case: both must use the same law"
    for k, branch in enumerate(pipes):
        velocity = ours.flow[branch] / density / (0.25 * np.pi * bores[k] ** 2)
        theirs = float(net.res_pipe.v_mean_m_per_s.iloc[k])
        subject = f"{name}: velocity in pipe {k}"
        accuracy(subject, velocity, theirs, 1e-3, "m/s", SOURCE, relative=True)

    surface = np.zeros(network.n_branches)
    surface[pipes] = coefficient * np.pi * bores * lengths
    feed = np.zeros(n)
    feed[0] = demand.sum() * heat
    node, _ = steady_network_temperatures(
        network.from_node,
        network.to_node,
        ours.flow * heat,
        surface,
        np.full(network.n_branches, 20.0),
        np.zeros(network.n_branches),
        n,
        feed,
        np.full(n, 60.0),
    )
    for i in range(n):
        theirs = float(net.res_junction.t_k.iloc[i]) - KELVIN
        accuracy(f"{name}: temperature of junction {i}", node[i], theirs, 0.1, "degC", SOURCE)
