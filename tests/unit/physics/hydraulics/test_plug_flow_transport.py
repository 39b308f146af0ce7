"""Transport along pipes: delay, energy, reversal, standstill, limits, many pipes at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.hydraulics.pipes import steady_outlet_temperature
from physics.hydraulics.transport import advance_pipes, pipe_profile, pipe_state, stored_heat

CAPACITY = 4180.0 * 400.0  # 400 kg of water


class Pipes:
    """A set of equal pipes driven step by step, with the energy balance of every step checked."""

    def __init__(
        self,
        n_cells: int,
        start: float,
        conductance: float = 0.0,
        ambient: float = 20.0,
        n: int = 1,
    ) -> None:
        self.state = pipe_state(np.full(n, start), n_cells)
        self.capacity, self.conductance = np.full(n, CAPACITY), np.full(n, conductance)
        self.ambient = np.full(n, ambient)
        self.outlet, self.loss = np.zeros(n), np.zeros(n)
        self.worst_balance = 0.0

    def stored(self) -> np.ndarray:
        heat = np.empty_like(self.loss)
        s = self.state
        stored_heat(s.cell_temperature, s.head, s.from_fill, self.capacity, heat)
        return heat

    def step(
        self,
        rate: float | np.ndarray,
        from_temperature: float,
        to_temperature: float = math.nan,
        time_step: float = 1.0,
    ) -> float:
        n = self.loss.size
        if math.isnan(to_temperature):
            to_temperature = from_temperature
        rates = np.full(n, rate) if np.isscalar(rate) else np.asarray(rate)
        before, s = self.stored(), self.state
        advance_pipes(
            s.cell_temperature,
            s.head,
            s.from_fill,
            s.edge_temperature,
            s.direction,
            rates,
            np.full(n, from_temperature),
            np.full(n, to_temperature),
            self.capacity,
            self.conductance,
            self.ambient,
            time_step,
            self.outlet,
            self.loss,
        )
        inlet = np.where(rates >= 0.0, from_temperature, to_temperature)
        through = np.abs(rates) * time_step
        residual = self.stored() - before - through * (inlet - self.outlet) + self.loss
        scale = np.abs(before) + through * np.maximum(np.abs(inlet), np.abs(self.outlet))
        self.worst_balance = max(self.worst_balance, float((np.abs(residual) / scale).max()))
        return float(self.outlet[0])


@pytest.mark.parametrize("n_cells", [1, 5, 40])
@pytest.mark.parametrize("time_step", [0.5, 1.0, 7.0])
def test_front_arrives_after_the_delay_and_stays_sharp(n_cells: int, time_step: float) -> None:
    rate = 4180.0 * 2.5
    pipe = Pipes(n_cells, 20.0)
    delay = CAPACITY / rate
    times, outlets = [], []
    for k in range(int(3.0 * delay / time_step)):
        outlets.append(pipe.step(rate, 60.0, time_step=time_step))
        times.append((k + 1) * time_step)
    arrived = np.array(times)[np.array(outlets) > 40.0][0]
    assert abs(arrived - delay) <= max(delay / n_cells, time_step) + time_step
    changing = np.array(times)[(np.array(outlets) > 20.01) & (np.array(outlets) < 59.99)]
    # one cell is the resolution, wherever the pipe ends
    assert changing.size * time_step <= delay / n_cells + 2.0 * time_step
    assert pipe.worst_balance < 1e-12


@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 2, 3, 12]),
    st.sampled_from([0.0, 50.0, 1e4]),
)
def test_energy_is_booked_exactly_for_any_flow_history(
    seed: int, n_cells: int, conductance: float
) -> None:
    rng = np.random.default_rng(seed)
    pipe = Pipes(n_cells, 30.0, conductance)
    for k in range(60):
        rate = 0.0 if k % 7 == 0 else rng.normal() * CAPACITY * 10.0 ** rng.uniform(-4.0, 1.0)
        outlet = pipe.step(rate, float(rng.uniform(15.0, 60.0)), float(rng.uniform(15.0, 60.0)))
        assert 15.0 - 1e-9 <= outlet <= 60.0 + 1e-9  # nothing outside what went in
        cells = pipe.state.cell_temperature[0]
        assert np.all((cells > 15.0 - 1e-9) & (cells < 60.0 + 1e-9))
    assert pipe.worst_balance < 1e-12


@pytest.mark.parametrize("n_cells", [10, 20])
def test_settled_flow_follows_the_exponential_law(n_cells: int) -> None:
    conductance, rate = 2355.0, 12540.0  # a fifth of the temperature excess is lost
    pipe = Pipes(n_cells, 20.0, conductance)
    for _ in range(600):
        outlet = pipe.step(rate, 90.0)
    for _ in range(100):
        outlet = pipe.step(rate, 90.0)
        expected = steady_outlet_temperature(90.0, 20.0, conductance, rate)
        assert outlet == pytest.approx(expected, abs=0.01)
        assert pipe.loss[0] == pytest.approx(rate * (90.0 - expected), rel=2e-3)


def test_more_cells_resolve_a_wave_better() -> None:
    def worst(n_cells: int) -> float:
        pipe, rate, error = Pipes(n_cells, 40.0), 4180.0 * 4.0, 0.0
        delay = CAPACITY / rate

        def wave(t: float) -> float:
            return 40.0 + 10.0 * math.sin(2.0 * math.pi * t / 50.0)

        for k in range(400):
            outlet = pipe.step(rate, wave(k + 0.5))
            if k > 150:
                error = max(error, abs(outlet - wave(k + 0.5 - delay)))
        return error

    coarse, fine = worst(20), worst(80)
    assert fine < 0.35 * coarse
    assert fine < 0.5


def test_standing_fluid_cools_to_ambient_exponentially() -> None:
    pipe = Pipes(8, 60.0, conductance=500.0)
    for _ in range(120):
        pipe.step(0.0, 99.0)
    left = 20.0 + 40.0 * math.exp(-500.0 * 120.0 / CAPACITY)
    np.testing.assert_allclose(pipe.state.cell_temperature, left, rtol=1e-12)
    assert pipe.outlet[0] == pytest.approx(left)


def test_reversed_flow_brings_back_what_went_in() -> None:
    pipe = Pipes(10, 20.0)
    rate = CAPACITY / 100.0
    for _ in range(50):
        pipe.step(rate, 60.0, 20.0)
    outlets = [pipe.step(-rate, 60.0, 30.0) for _ in range(100)]
    # last in, first out: the warm half comes back for 50 s, then the old content
    np.testing.assert_allclose(outlets[:45], 60.0, atol=1e-9)
    np.testing.assert_allclose(outlets[60:95], 20.0, atol=1e-9)
    assert pipe.step(-rate, 60.0, 30.0) == pytest.approx(30.0)


def test_either_direction_gives_mirrored_pipes() -> None:
    there, back = Pipes(7, 20.0, 300.0), Pipes(7, 20.0, 300.0)
    rng = np.random.default_rng(1)
    for _ in range(200):
        rate, warm = rng.normal() * CAPACITY / 20.0, float(rng.uniform(20.0, 60.0))
        cold = float(rng.uniform(10.0, 20.0))
        one = there.step(rate, warm, cold)
        other = back.step(-rate, cold, warm)
        assert one == pytest.approx(other, rel=1e-11)
        x, t = pipe_profile(there.state, 0)
        y, u = pipe_profile(back.state, 0)
        np.testing.assert_allclose(1.0 - y[::-1], x, atol=1e-12)
        np.testing.assert_allclose(u[::-1], t, rtol=1e-11)


def test_a_step_of_many_contents_passes_straight_through() -> None:
    pipe = Pipes(6, 20.0, 500.0)
    outlet = pipe.step(CAPACITY * 1000.0, 50.0)
    assert outlet == pytest.approx(50.0, abs=0.05)
    pipe.step(-CAPACITY * 3.0, 0.0, 70.0)
    np.testing.assert_allclose(pipe.state.cell_temperature.mean(), 70.0, atol=5.0)
    assert pipe.worst_balance < 1e-12


def test_pipes_do_not_influence_each_other() -> None:
    rng = np.random.default_rng(2)
    rates = rng.normal(size=50) * CAPACITY / 10.0
    many = Pipes(5, 25.0, 100.0, n=50)
    for _ in range(30):
        many.step(rates, 55.0, 15.0)
    for i in (0, 17, 49):
        alone = Pipes(5, 25.0, 100.0)
        for _ in range(30):
            alone.step(float(rates[i]), 55.0, 15.0)
        assert alone.outlet[0] == many.outlet[i]


def test_profile_covers_the_pipe_from_end_to_end() -> None:
    pipe = Pipes(4, 20.0)
    pipe.step(CAPACITY * 0.3, 60.0)
    x, t = pipe_profile(pipe.state, 0)
    assert np.all(np.diff(x) > 0.0)
    assert x[0] > 0.0
    assert x[-1] < 1.0
    assert t[0] == pytest.approx(60.0)
    assert t[-1] == pytest.approx(20.0)


def test_a_pipe_needs_a_cell() -> None:
    with pytest.raises(ValueError, match="at least one cell"):
        pipe_state(np.zeros(3), 0)
