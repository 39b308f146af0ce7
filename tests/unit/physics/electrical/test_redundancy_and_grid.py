import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from physics.electrical import availability as av
from physics.electrical import grid_response as gr
from physics.electrical import redundancy as rd

HOUR = 3600.0
powers = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=12)


@given(powers, st.integers(1, 4), st.integers(0, 15))
def test_feeds_carry_what_is_not_lost(load: list[float], per_load: int, down: int) -> None:
    shares = rd.distributed_shares(len(load), 4, per_load)
    available = np.array([(down >> i) & 1 == 0 for i in range(4)])
    feeds, lost = rd.feed_loads(load, shares, available)
    assert feeds.sum() + lost.sum() == pytest.approx(sum(load), abs=1e-6)
    assert np.all(feeds[~available] == 0.0)


def test_distributed_scheme_spreads_a_lost_feed_evenly() -> None:
    shares = rd.distributed_shares(6, 4)
    cases = rd.single_failures(np.full(6, 2e5), shares)
    expected = np.where(np.eye(4, dtype=bool), 0.0, 4e5)
    np.testing.assert_allclose(cases, expected)
    usable = rd.usable_capacity(np.full(6, 2e5), shares, 5e5)
    assert usable.power == pytest.approx(3 * 5e5)
    assert usable.stranded == pytest.approx(5e5)
    np.testing.assert_allclose(usable.feed_power, 0.75 * 5e5)


def test_dual_feed_is_usable_to_half_and_reserve_to_three_quarters() -> None:
    assert rd.usable_capacity(np.ones(4), rd.dual_shares(4), 5e5).power == pytest.approx(5e5)
    reserve = rd.usable_capacity(np.ones(6), rd.reserve_shares(6, 3), 5e5)
    assert reserve.power == pytest.approx(1.5e6)
    assert reserve.feed_power[3] < 1.0
    free = rd.usable_capacity(np.ones(4), rd.dual_shares(4), 5e5, [])
    assert free.power == pytest.approx(1e6)
    assert free.failed_feed == -1


def test_uneven_row_names_what_limits() -> None:
    shares = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    got = rd.usable_capacity([3e5, 1e5], shares, [4e5, 4e5, 4e5])
    assert (got.failed_feed, got.limiting_feed) == (0, 1)
    assert got.power == pytest.approx(4e5 / 3.5e5 * 4e5)
    with pytest.raises(ValueError, match="positive"):
        rd.usable_capacity([0.0], rd.dual_shares(1), 1.0)
    with pytest.raises(ValueError, match="not possible"):
        rd.distributed_shares(4, 2, 3)


def test_tree_delivers_no_more_than_its_ratings() -> None:
    # grid 10 -> two transformers of 6 -> racks of 4, 4 and 1
    deliverable, stranded = rd.deliverable_power(
        [-1, 0, 0, 1, 1, 2], [10, 6, 6, 5, 5, 5], [0, 0, 0, 4, 4, 1]
    )
    assert deliverable.tolist() == [7.0, 6.0, 1.0, 4.0, 4.0, 1.0]
    assert stranded.tolist() == [0.0, 2.0, 0.0, 0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="node 0"):
        rd.deliverable_power([1, -1], [1, 1], [0, 0])


def test_k_out_of_n_is_binomial() -> None:
    p = np.full(4, 0.99)
    expected = 0.99**4 + 4 * 0.99**3 * 0.01
    assert av.k_out_of_n(p, 3) == pytest.approx(expected, rel=1e-14)
    assert av.k_out_of_n(p, 1) == pytest.approx(1 - 0.01**4, rel=1e-14)
    assert av.k_out_of_n(np.array([0.9, 0.8]), 1) == pytest.approx(0.98)


def test_series_and_parallel_frequencies_are_the_textbook_ones() -> None:
    a, b = av.Component("a", 1000 * HOUR, 10 * HOUR), av.Component("b", 500 * HOUR, 5 * HOUR)
    both = av.analytic_availability(av.series(a, b))
    assert both.availability == pytest.approx(a.availability * b.availability)
    up = both.availability / both.failure_rate
    assert up == pytest.approx(1 / (1 / a.mtbf + 1 / b.mtbf))
    either = av.analytic_availability(av.parallel(a, b))
    assert either.mean_outage == pytest.approx(1 / (1 / a.mttr + 1 / b.mttr))


def test_shared_component_is_one_thing() -> None:
    grid = av.Component("grid", 1000 * HOUR, 10 * HOUR)
    ups = [av.Component(f"ups {i}", 2000 * HOUR, 50 * HOUR) for i in range(2)]
    shared = av.parallel(*(av.series(grid, u) for u in ups))
    expected = grid.availability * (1 - (1 - ups[0].availability) ** 2)
    assert av.analytic_availability(shared).availability == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("seed", [1, 2])
def test_simulation_agrees_with_the_analytic_answer(seed: int) -> None:
    grid = av.Component("grid", 300 * HOUR, 4 * HOUR)
    sets = tuple(av.Component(f"generator {i}", 200 * HOUR, 20 * HOUR) for i in range(4))
    feeds = [av.series(av.Component(f"ups {i}", 400 * HOUR, 12 * HOUR), grid) for i in range(2)]
    structure = av.series(av.parallel(*feeds), av.parallel(grid, av.KOutOfN(3, sets)))
    exact = av.analytic_availability(structure)
    got = av.simulated_availability(structure, 20000 * HOUR, 60, seed)
    assert abs(got.availability - exact.availability) < 4 * got.standard_error
    assert got.failure_rate == pytest.approx(exact.failure_rate, rel=0.1)
    assert got.mean_outage == pytest.approx(exact.mean_outage, rel=0.1)


def test_availability_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="MTBF"):
        av.Component("x", 0.0, 1.0)
    a = av.Component("a", 1.0, 0.0)
    with pytest.raises(ValueError, match="not possible"):
        av.KOutOfN(2, (a,))
    with pytest.raises(ValueError, match="two runs"):
        av.simulated_availability(a, 1.0, 1)
    assert av.analytic_availability(a).availability == 1.0
    many = [av.Component(str(i), 1.0, 1.0) for i in range(17)]
    with pytest.raises(ValueError, match="at most 16"):
        av.analytic_availability(av.parallel(*many, *many))


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(0, 1), st.integers(0, 3)), min_size=1, max_size=10
    ),
    st.floats(0, 5e6),
)
def test_allocation_meets_the_cap_and_serves_priority_first(
    consumers: list[tuple[float, float, int]], cap: float
) -> None:
    demand, floor, priority = (np.array(v, dtype=float) for v in zip(*consumers, strict=True))
    minimum = floor * demand
    given_power = gr.allocate_cap(demand, minimum, priority, cap)
    assert given_power.sum() == pytest.approx(min(cap, demand.sum()), rel=1e-9, abs=1e-6)
    assert np.all(given_power <= demand * (1 + 1e-9))
    if cap >= minimum.sum():
        assert np.all(given_power >= minimum * (1 - 1e-9) - 1e-9)
        for high in np.unique(priority):
            short = given_power < demand * (1 - 1e-6) - 1e-3
            if np.any(short[priority == high]):
                below = priority < high
                np.testing.assert_allclose(given_power[below], minimum[below], rtol=1e-6, atol=1e-3)


def test_allocation_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="minimum above"):
        gr.allocate_cap([1.0], [2.0], [0], 5.0)


def test_ramp_and_event() -> None:
    assert gr.ramp_towards(10.0, 100.0, 5.0, 50.0, 2.0) == 20.0
    assert gr.ramp_towards(100.0, 10.0, 5.0, 50.0, 1.0) == 50.0
    assert gr.ramp_towards(12.0, 10.0, 5.0, 50.0, 1.0) == 10.0
    caps = [
        gr.event_cap(t, 100.0, 60.0, 600.0, 3600.0, 300.0, 900.0)
        for t in (0, 450, 600, 4200, 4650, 9e9)
    ]
    assert caps == pytest.approx([100.0, 80.0, 60.0, 60.0, 80.0, 100.0])
    assert gr.event_cap(599.0, 100.0, 60.0, 600.0, 3600.0, 0.0, 0.0) == 100.0
    assert gr.event_cap(4201.0, 100.0, 60.0, 600.0, 3600.0, 0.0, 0.0) == 100.0


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=40), st.floats(0.8, 1.0))
def test_peak_shaving_books_its_energy_and_lowers_the_peak(
    load: list[float], efficiency: float
) -> None:
    grid, stored = gr.shave_peaks(load, 4e5, 60.0, 1e7, 3e5, efficiency, 5e6)
    given_power = np.array(load) - grid
    change = np.diff(np.concatenate(([5e6], stored)))
    expected = np.where(given_power > 0, -given_power / efficiency, -given_power * efficiency) * 60
    np.testing.assert_allclose(change, expected, atol=1e-3)
    assert np.all((stored >= -1e-6) & (stored <= 1e7 + 1e-6))
    assert grid.max() <= max(load) + 1e-9 or grid.max() <= 4e5 + 1e-6


def test_lowest_peak_is_what_the_energy_allows() -> None:
    load = np.concatenate((np.full(60, 2e5), np.full(30, 8e5), np.full(60, 2e5)))
    peak = gr.lowest_peak(load, 60.0, 3.6e8, 1e9, 1.0, 3.6e8)
    assert peak == pytest.approx(8e5 - 3.6e8 / 1800.0, rel=1e-6)


def test_account_of_a_day() -> None:
    power = np.concatenate((np.full(12, 1e6), np.full(12, -5e5)))
    got = gr.account(
        power,
        HOUR,
        np.where(np.arange(24) < 6, 1e-8, 3e-8),
        1e-7,
        demand_price=0.01,
        demand_interval=2 * HOUR,
        export_price=1e-8,
        curtailed_power=1e5,
        output_per_joule=0.5,
    )
    assert got.energy == pytest.approx(12 * HOUR * 1e6)
    assert got.exported_energy == pytest.approx(12 * HOUR * 5e5)
    assert got.energy_cost == pytest.approx(6 * HOUR * 1e6 * 4e-8 - 12 * HOUR * 5e5 * 1e-8)
    assert got.demand_cost == pytest.approx(1e4)
    assert got.cost == pytest.approx(got.energy_cost + 1e4)
    assert got.carbon == pytest.approx(12 * HOUR * 1e6 * 1e-7)
    assert got.lost_output == pytest.approx(24 * HOUR * 1e5 * 0.5)
    with pytest.raises(ValueError, match="positive"):
        gr.account([], HOUR, 0.0, 0.0)
