"""The accelerator package: energy, reciprocity, monotony, and convergence with the step."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from physics.package import (
    convective_conductance,
    decay,
    package_step,
    plate_temperature,
    steady_die_rise,
    steady_hbm_rise,
)

powers = st.floats(0.0, 2500.0)
temperatures = st.floats(10.0, 100.0)
steps = st.floats(1e-3, 60.0)


@dataclass(frozen=True)
class Package:
    """Resistances [K/W] and capacities [J/K] of a liquid-cooled module of about 1.4 kW."""

    die_resistance: float = 0.0105
    hbm_resistance: float = 0.0525
    mutual_resistance: float = 0.0021
    die_capacity: float = 14.0
    hbm_capacity: float = 8.8
    plate_capacity: float = 800.0

    def step(
        self,
        nodes: tuple[float, float, float],
        die_power: float,
        hbm_power: float,
        loss: float,
        coolant: float,
        conductance: float,
        step: float,
    ) -> tuple[float, float, float, float]:
        die_decay = math.exp(-step / (self.die_resistance * self.die_capacity))
        hbm_decay = math.exp(-step / (self.hbm_resistance * self.hbm_capacity))
        return package_step(
            *nodes, die_power, hbm_power, loss, coolant, conductance,
            *astuple(self), die_decay, hbm_decay, step,
        )  # fmt: skip

    def heat(self, nodes: tuple[float, float, float]) -> float:
        plate, die, hbm = nodes
        return self.plate_capacity * plate + self.die_capacity * die + self.hbm_capacity * hbm


PACKAGE = Package()


@given(
    plate=temperatures,
    die=temperatures,
    hbm=temperatures,
    die_power=powers,
    hbm_power=st.floats(0.0, 600.0),
    loss=st.floats(0.0, 200.0),
    coolant=st.floats(5.0, 60.0),
    conductance=st.floats(0.5, 80.0),
    step=steps,
)
def test_every_joule_is_booked(
    plate: float,
    die: float,
    hbm: float,
    die_power: float,
    hbm_power: float,
    loss: float,
    coolant: float,
    conductance: float,
    step: float,
) -> None:
    before = (plate, die, hbm)
    *after, heat = PACKAGE.step(before, die_power, hbm_power, loss, coolant, conductance, step)
    supplied = (die_power + hbm_power + loss) * step
    stored = PACKAGE.heat((after[0], after[1], after[2])) - PACKAGE.heat(before)
    scale = supplied + abs(heat) * step + PACKAGE.heat(before)
    assert supplied - heat * step - stored == pytest.approx(0.0, abs=1e-12 * scale)


@given(die_power=powers, hbm_power=powers)
def test_mutual_heating_is_the_same_both_ways(die_power: float, hbm_power: float) -> None:
    # reciprocity: a watt in the die heats the stacks as a watt in the stacks heats the die
    on_stacks = steady_hbm_rise(die_power, 0.0, 0.0525, 0.0021)
    on_die = steady_die_rise(0.0, die_power, 0.0105, 0.0021)
    assert on_stacks == on_die
    both = steady_die_rise(die_power, hbm_power, 0.0105, 0.0021)
    alone = steady_die_rise(die_power, 0.0, 0.0105, 0.0021)
    assert both == pytest.approx(alone + steady_die_rise(0.0, hbm_power, 0.0105, 0.0021))


@given(
    die_power=powers,
    more=st.floats(1.0, 500.0),
    hbm_power=st.floats(0.0, 600.0),
    plate=temperatures,
    step=steps,
)
def test_more_power_is_never_cooler(
    die_power: float, more: float, hbm_power: float, plate: float, step: float
) -> None:
    nodes = (plate, plate + 10.0, plate + 12.0)
    low = PACKAGE.step(nodes, die_power, hbm_power, 100.0, 40.0, 45.0, step)
    high = PACKAGE.step(nodes, die_power + more, hbm_power, 100.0, 40.0, 45.0, step)
    assert high[1] > low[1]
    if step >= 1.0:
        # within the first tenth of a second more heat is stored in die and stacks than comes in,
        # because both rises follow the die's power at their own pace: the plate lends it
        assert high[3] >= low[3]


@given(flow=st.floats(0.0, 3.0), factor=st.floats(1.0, 5.0), power=st.floats(1.0, 2000.0))
def test_more_flow_is_never_hotter(flow: float, factor: float, power: float) -> None:
    def settled(ratio: float) -> float:
        conductance = convective_conductance(ratio, 0.0065, 0.0135, 0.8, 0.8)
        nodes = (60.0, 70.0, 75.0)
        plate, die, hbm, _ = PACKAGE.step(nodes, power, 100.0, 90.0, 40.0, conductance, 1e5)
        return max(plate, die, hbm)

    assert settled(flow * factor) <= settled(flow) + 1e-9


@given(flow=st.floats(1e-6, 5.0))
def test_conductance_is_even_in_the_flow_and_has_a_floor(flow: float) -> None:
    forward = convective_conductance(flow, 0.0065, 0.0135, 0.8, 0.8)
    assert forward == convective_conductance(-flow, 0.0065, 0.0135, 0.8, 0.8)
    assert 0.8 <= forward < 1.0 / 0.0065
    assert convective_conductance(0.0, 0.0065, 0.0135, 0.8, 0.8) == 0.8


def test_conductance_at_the_rated_flow_is_the_data_sheet_resistance() -> None:
    assert 1.0 / convective_conductance(1.0, 0.0065, 0.0135, 0.8, 0.8) == pytest.approx(0.020)


@given(x=st.floats(0.0, 0.15))
def test_decay_is_the_exponential_for_short_steps(x: float) -> None:
    assert decay(x) == pytest.approx(math.exp(-x), rel=7e-7)


@given(x=st.floats(0.0, 1e6), more=st.floats(1e-3, 1e6))
def test_decay_stays_between_one_and_zero_and_falls(x: float, more: float) -> None:
    assert 0.0 < decay(x) <= 1.0
    assert decay(x + more) < decay(x)


@given(plate=temperatures, power=powers, conductance=st.floats(0.5, 80.0), step=steps)
def test_plate_approaches_its_settled_temperature_without_overshoot(
    plate: float, power: float, conductance: float, step: float
) -> None:
    settled = 40.0 + power / conductance
    assume(abs(plate - settled) > 1e-6)
    after = plate_temperature(plate, 40.0, power, conductance, 822.8, step)
    assert min(plate, settled) - 1e-9 <= after <= max(plate, settled) + 1e-9


def test_steady_state_is_ohms_law() -> None:
    plate, die, hbm, _ = PACKAGE.step((40.0, 40.0, 40.0), 1000.0, 280.0, 100.0, 40.0, 50.0, 1e7)
    plate, die, hbm, heat = PACKAGE.step((plate, die, hbm), 1000.0, 280.0, 100.0, 40.0, 50.0, 1.0)
    assert heat == pytest.approx(1380.0, rel=1e-7)
    assert plate == pytest.approx(40.0 + 1380.0 / 50.0, abs=1e-6)
    assert die - plate == pytest.approx(0.0105 * 1000.0 + 0.0021 * 280.0)
    assert hbm - plate == pytest.approx(0.0525 * 280.0 + 0.0021 * 1000.0)


def _march(step: float, seconds: float) -> tuple[float, float, float]:
    """Full load step from idle at the coolant's temperature."""
    nodes = (40.0, 40.0, 40.0)
    for _ in range(round(seconds / step)):
        *after, _ = PACKAGE.step(nodes, 1000.0, 280.0, 110.0, 40.0, 50.0, step)
        nodes = (after[0], after[1], after[2])
    return nodes


def _differential_equation(seconds: float) -> tuple[float, float, float]:
    """The same package integrated by an adaptive solver, from the equations of its three nodes.

    Rises r relax to their steady values, C_i d(plate + r_i)/dt is drawn from the powers, and the
    plate gives G (plate - coolant) to the coolant.
    """
    p = PACKAGE
    settled_die = p.die_resistance * 1000.0 + p.mutual_resistance * 280.0
    settled_hbm = p.hbm_resistance * 280.0 + p.mutual_resistance * 1000.0
    capacity = p.die_capacity + p.hbm_capacity + p.plate_capacity

    def derivative(_: float, y: list[float]) -> list[float]:
        plate, die_rise, hbm_rise = y
        die = (settled_die - die_rise) / (p.die_resistance * p.die_capacity)
        hbm = (settled_hbm - hbm_rise) / (p.hbm_resistance * p.hbm_capacity)
        stored = p.die_capacity * die + p.hbm_capacity * hbm
        return [(1390.0 - stored - 50.0 * (plate - 40.0)) / capacity, die, hbm]

    solution = solve_ivp(
        derivative, (0.0, seconds), [40.0, 0.0, 0.0], method="LSODA", rtol=1e-10, atol=1e-10
    )
    plate, die_rise, hbm_rise = solution.y[:, -1]
    return plate, plate + die_rise, plate + hbm_rise


@pytest.mark.parametrize("seconds", [1.0, 3.0, 10.0, 30.0, 120.0])
def test_one_second_steps_agree_with_ten_milliseconds_and_with_an_adaptive_solver(
    seconds: float,
) -> None:
    exact = _differential_equation(seconds)
    # 0.2 K is what the twin promises between 1 s steps and the truth
    assert _march(1.0, seconds) == pytest.approx(exact, abs=0.2)
    assert _march(0.01, seconds) == pytest.approx(exact, abs=2e-3)
    assert _march(1.0, seconds) == pytest.approx(_march(0.01, seconds), abs=0.2)


def test_error_falls_in_proportion_to_the_step() -> None:
    # the rises store their heat evenly over a step: exact in energy, first order in time
    exact = _differential_equation(4.0)[0]
    coarse, fine = (abs(_march(step, 4.0)[0] - exact) for step in (0.2, 0.05))
    order = math.log(coarse / fine) / math.log(4.0)
    assert order > 0.9
