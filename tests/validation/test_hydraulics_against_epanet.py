"""Networks with pumps, check valves, throttles, heights and leaks against EPANET 2.2 through WNTR.

EPANET works in heads with its own gravity (32.2 ft/s2), its own kinematic viscosity (1.1e-5 ft2/s)
and Swamee-Jain friction; the same are given to our solver. The tolerance is EPANET's accuracy
setting of 0.1 % of flow; small flows are compared with the network's largest.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physics.hydraulics.builder import NetworkBuilder
from physics.hydraulics.friction import FrictionModel
from physics.hydraulics.network import nominal_controls
from physics.hydraulics.pumps import GRAVITY, PumpCurve
from physics.hydraulics.solver import solve

wntr = pytest.importorskip("wntr")

FOOT = 0.3048
EPANET_GRAVITY = 32.2 * FOOT
KINEMATIC_VISCOSITY = 1.1e-5 * FOOT**2
DENSITY = 1000.0
TOLERANCE = 1e-3
SOURCE = "EPANET 2.2 through WNTR"


class Twin:
    """One network built in both programs at once."""

    def __init__(self) -> None:
        self.theirs = wntr.network.WaterNetworkModel()
        hydraulic = self.theirs.options.hydraulic
        hydraulic.headloss, hydraulic.viscosity, hydraulic.accuracy = "D-W", 1.0, 1e-7
        self.theirs.options.time.duration = 0
        self.builder = NetworkBuilder(DENSITY, DENSITY * KINEMATIC_VISCOSITY)
        self.nodes: dict[str, int] = {}
        self.links: dict[str, int] = {}
        self.demand: dict[str, float] = {}
        self.leaks: dict[str, float] = {}

    def junction(self, name: str, demand: float = 0.0, elevation: float = 0.0) -> str:
        """Demand in m3/s, elevation in m."""
        self.theirs.add_junction(name, base_demand=demand, elevation=elevation)
        # heights act through gravity, which EPANET rounds
        self.nodes[name] = self.builder.node(elevation * EPANET_GRAVITY / GRAVITY, name)
        self.demand[name] = demand * DENSITY
        return name

    def reservoir(self, name: str, head: float) -> str:
        self.theirs.add_reservoir(name, base_head=head)
        self.nodes[name] = self.builder.node(0.0, name)
        self.builder.fix_pressure(self.nodes[name], head * DENSITY * EPANET_GRAVITY)
        return name

    def pipe(
        self,
        a: str,
        b: str,
        length: float,
        bore: float,
        roughness: float = 5e-5,
        loss: float = 0.0,
        one_way: bool = False,
    ) -> None:
        name = f"pipe {a}-{b}"
        self.theirs.add_pipe(
            name.replace(" ", "_"),
            a,
            b,
            length=length,
            diameter=bore,
            roughness=roughness,
            minor_loss=loss,
            check_valve=one_way,
        )
        end = self.builder.node(0.0) if one_way else self.nodes[b]
        if one_way:  # ours is a valve behind the pipe, so that the pipe's law stays plain
            height = float(self.builder._elevation[self.nodes[b]])
            self.builder._elevation[end] = height
            self.builder.check_valve(end, self.nodes[b], 0.0)
        self.links[name.replace(" ", "_")] = self.builder.pipe(
            self.nodes[a], end, length, bore, roughness, loss, FrictionModel.SWAMEE_JAIN, 2000.0
        )

    def pump(self, a: str, b: str, flow: float, head: float) -> None:
        """One-point curve: flow [m3/s] and head [m]; EPANET pumps never flow backwards."""
        name = f"pump_{a}_{b}_{len(self.links)}"
        curve = f"curve_{name}"
        self.theirs.add_curve(curve, "HEAD", [(flow, head)])
        self.theirs.add_pump(name, a, b, "HEAD", curve)
        rise = head * DENSITY * EPANET_GRAVITY
        self.links[name] = self.builder.pump(
            self.nodes[a], self.nodes[b], PumpCurve.from_duty_point(flow * DENSITY, rise)
        )

    def throttle(self, a: str, b: str, bore: float, loss: float) -> None:
        name = f"valve_{a}_{b}"
        self.theirs.add_valve(name, a, b, diameter=bore, valve_type="TCV", initial_setting=loss)
        self.links[name] = self.builder.minor_loss(self.nodes[a], self.nodes[b], loss, bore)

    def leak(self, node: str, coefficient: float) -> None:
        """Emitter coefficient in m3/s per root metre."""
        self.theirs.get_node(node).emitter_coefficient = coefficient
        self.leaks[node] = DENSITY * coefficient / np.sqrt(DENSITY * EPANET_GRAVITY)

    def compare(self, case: str, folder: Path, accuracy: Callable[..., None]) -> Any:
        """Run both and compare every flow and every head."""
        prefix = str(folder / "epanet")
        theirs = wntr.sim.EpanetSimulator(self.theirs).run_sim(file_prefix=prefix)
        network = self.builder.build()
        controls = nominal_controls(network)
        for name, demand in self.demand.items():
            controls.demand[self.nodes[name]] = demand
        for name, conductance in self.leaks.items():
            controls.leak_conductance[self.nodes[name]] = conductance
        ours = solve(network, controls).require()
        flows = {n: float(theirs.link["flowrate"][n].iloc[0]) * DENSITY for n in self.links}
        largest = max(abs(f) for f in flows.values())
        for name, flow in flows.items():
            mine = ours.flow[self.links[name]]
            allowed = TOLERANCE * max(abs(flow), 0.02 * largest)
            accuracy(f"{case}: flow in {name}", mine, flow, allowed, "kg/s", SOURCE)
        heads = {n: float(theirs.node["head"][n].iloc[0]) for n in self.nodes}
        spread = max(heads.values()) - min(heads.values())
        for name, head in heads.items():
            node = self.nodes[name]
            level = network.elevation[node] * GRAVITY / EPANET_GRAVITY
            mine = ours.pressure[node] / (DENSITY * EPANET_GRAVITY) + level
            allowed = TOLERANCE * spread
            accuracy(f"{case}: head at {name}", mine, head, allowed, "m", SOURCE)
        return ours


def test_cooling_loop_rows_with_two_pumps(tmp_path: Path, accuracy: Callable[..., None]) -> None:
    twin = Twin()
    twin.reservoir("tank", 12.0)
    twin.junction("discharge")
    twin.pump("tank", "discharge", 0.030, 28.0)
    twin.pump("tank", "discharge", 0.018, 30.0)
    supply, back = "discharge", twin.junction("return0")
    for row in range(5):
        nxt = twin.junction(f"supply{row + 1}", elevation=0.5 * row)
        ret = twin.junction(f"return{row + 1}", elevation=0.5 * row)
        twin.pipe(supply, nxt, 8.0, 0.15)
        twin.pipe(ret, back, 8.0, 0.15)
        twin.throttle(nxt, ret, 0.05, 12.0 + 3.0 * row)
        supply, back = nxt, ret
    twin.pipe("return0", "tank", 25.0, 0.15, loss=6.0)
    twin.compare("rows with two pumps", tmp_path, accuracy)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_meshes(seed: int, tmp_path: Path, accuracy: Callable[..., None]) -> None:
    rng = np.random.default_rng(seed)
    twin, size = Twin(), 6
    twin.reservoir("main", 60.0)
    for i in range(size):
        for j in range(size):
            twin.junction(f"n{i}{j}", float(rng.uniform(0.5e-3, 4e-3)), float(rng.uniform(0, 10)))
    twin.pipe("main", "n00", 20.0, 0.3)
    for i in range(size):
        for j in range(size):
            for k, m in ((i + 1, j), (i, j + 1)):
                if k < size and m < size:
                    bore = float(rng.choice([0.08, 0.12, 0.2]))
                    rough = float(rng.choice([1e-5, 5e-5, 3e-4]))
                    length, loss = float(rng.uniform(5, 60)), float(rng.uniform(0.0, 5.0))
                    twin.pipe(f"n{i}{j}", f"n{k}{m}", length, bore, rough, loss)
    twin.leak("n35", 2e-4)
    twin.compare(f"mesh {seed}", tmp_path, accuracy)


def test_check_valves_and_leak(tmp_path: Path, accuracy: Callable[..., None]) -> None:
    twin = Twin()
    twin.reservoir("high", 40.0)
    twin.reservoir("low", 25.0)
    for name, height in (("a", 2.0), ("b", 5.0), ("c", 0.0)):
        twin.junction(name, 2e-3, height)
    twin.pipe("high", "a", 120.0, 0.1)
    twin.pipe("low", "b", 80.0, 0.1, one_way=True)  # held shut by the higher reservoir
    twin.pipe("a", "b", 40.0, 0.08, one_way=True)
    twin.pipe("b", "c", 60.0, 0.08)
    twin.pipe("c", "a", 60.0, 0.05)
    twin.leak("c", 1e-3)
    ours = twin.compare("check valves and leak", tmp_path, accuracy)
    assert ours.flow[twin.links["pipe_low-b"]] == 0.0
