import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physics.electrical import battery as bt
from physics.electrical import holdup
from physics.electrical.bbu import ride_through_time, shelf_step

CHARGE = bt.charge_capacity_for(100e6, 420.0, 500.0)
PACK = (CHARGE, 420.0, 500.0, 0.01, 0.98, 0.1, 3000.0)


@given(st.floats(0.0, 1.0), st.floats(-3e6, 3e6), st.sampled_from([0.001, 0.1, 1.0, 60.0, 600.0]))
def test_battery_energy_is_booked_exactly(state: float, power: float, step: float) -> None:
    new, delivered, current, loss = bt.battery_step(state, power, step, *PACK)
    before = bt.stored_energy(state, *PACK[:3])
    after = bt.stored_energy(new, *PACK[:3])
    assert abs(before - after - (delivered + loss) * step) <= 1e-9 * 100e6
    assert loss >= 0.0
    assert abs(delivered) <= abs(power) * (1 + 1e-9)
    assert delivered * power >= 0.0
    assert abs(current) <= 3000.0
    assert -1e-12 <= new <= 1.0 + 1e-12
    if state >= 0.1:
        assert new >= 0.1 - 1e-12


def test_battery_delivers_what_is_asked_within_its_limits() -> None:
    _, delivered, _, _ = bt.battery_step(0.8, 1e6, 1.0, *PACK)
    assert delivered == pytest.approx(1e6, rel=1e-12)


def test_battery_empties_in_the_time_its_energy_lasts() -> None:
    state, time, energy = 1.0, 0.0, 0.0
    while state > 0.1 + 1e-9:
        state, delivered, _, loss = bt.battery_step(state, 1e6, 0.5, *PACK)
        energy += (delivered + loss) * 0.5
        time += 0.5
    usable = bt.stored_energy(1.0, *PACK[:3]) - bt.stored_energy(0.1, *PACK[:3])
    assert energy == pytest.approx(usable, rel=1e-9)
    assert time < usable / 1e6


@pytest.mark.parametrize("step", [1e-3, 1.0])
def test_battery_beyond_matched_load_gives_its_greatest_power(step: float) -> None:
    weak = (CHARGE, 420.0, 500.0, 0.1, 1.0, 0.0, math.inf)
    _, delivered, _, _ = bt.battery_step(1.0, 1e9, step, *weak)
    sagging = 0.5 * 80.0 * step / CHARGE  # mean fall of the open-circuit voltage per ampere
    assert delivered == pytest.approx(500.0**2 / (4 * (0.1 + sagging)), rel=1e-12)


@given(st.floats(0.0, 1.0), st.floats(0.0, 0.2))
def test_greatest_power_keeps_its_terminal_voltage(state: float, resistance: float) -> None:
    power = bt.greatest_power(state, 420.0, 500.0, resistance, 380.0, 3000.0)
    current = bt.battery_step(
        state, power, 1e-6, CHARGE, 420.0, 500.0, resistance, 1.0, -1.0, math.inf
    )[2]
    assert current <= 3000.0 * (1 + 1e-6)
    assert 420.0 + 80.0 * state - resistance * current >= 380.0 - 1e-3


def test_peukert_is_exact_at_its_rating_and_shortens_fast_discharge() -> None:
    charge = 100.0 * 3600.0
    assert bt.peukert_time(5.0, charge, 20 * 3600.0, 1.2) == pytest.approx(20 * 3600.0)
    assert bt.peukert_time(50.0, charge, 20 * 3600.0, 1.2) == pytest.approx(
        72000.0 / 10.0**1.2, rel=1e-12
    )
    assert bt.peukert_charge(50.0, charge, 20 * 3600.0, 1.2) < charge
    assert bt.peukert_charge(1.0, charge, 20 * 3600.0, 1.2) == charge
    assert bt.peukert_time(0.0, charge, 20 * 3600.0, 1.2) == math.inf


def test_life_halves_per_10_kelvin_and_ends_at_its_capacity() -> None:
    year = 365.25 * 86400.0
    rate = bt.calendar_ageing_rate(35.0, 10 * year, 25.0, 10.0)
    assert rate * 5 * year == pytest.approx(1.0)
    assert bt.aged_capacity(200.0, 1.0, 0.8) == pytest.approx(160.0)
    assert bt.aged_capacity(200.0, 9.0, 0.8) == 0.0
    assert bt.aged_resistance(0.01, 1.0, 0.5) == pytest.approx(0.015)
    assert bt.cycle_ageing(CHARGE * 300, CHARGE, 3000.0) == pytest.approx(0.1)


def test_hold_up_is_sized_and_timed_by_one_law() -> None:
    capacitance = holdup.hold_up_capacitance(33e3, 0.020, 420.0, 330.0, 0.97)
    assert holdup.hold_up_time(capacitance, 420.0, 330.0, 33e3, 0.97) == pytest.approx(0.020)
    assert holdup.hold_up_time(capacitance, 420.0, 330.0, 0.0, 0.97) == math.inf


@given(st.floats(1.0, 1e4), st.floats(0.0, 10.0))
def test_capacitor_voltage_follows_its_energy(power: float, time: float) -> None:
    voltage = holdup.capacitor_voltage(0.5, 400.0, power, time)
    left = max(holdup.capacitor_energy(0.5, 400.0, 0.0) - power * time, 0.0)
    assert 0.25 * voltage * voltage == pytest.approx(left, abs=1e-6)


SHELF = {
    "hold_up_capacity": 33e3 * 0.02,
    "takeover_time": 0.004,
    "battery_limit": 33e3,
    "battery_efficiency": 0.97,
    "hold_up_charge_limit": 3e3,
}


@given(
    st.floats(0.0, 60e3),
    st.floats(0.0, 60e3),
    st.floats(0.0, 0.01),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.sampled_from([0.001, 0.02, 1.0]),
)
def test_shelf_balances_in_every_step(
    load: float, supply: float, outage: float, hold_up: float, battery: float, step: float
) -> None:
    e_cap, e_bat = hold_up * 660.0, battery * 8.2e6
    rect, cap, bbu, unserved, _, new_cap, new_bat = shelf_step(
        load, supply, outage, e_cap, e_bat, step, *SHELF.values()
    )
    assert rect + cap + bbu + unserved == pytest.approx(load, abs=1e-9 * 60e3)
    assert e_cap - new_cap == pytest.approx(cap * step, abs=1e-9)
    assert (e_bat - new_bat) * 0.97 == pytest.approx(bbu * step, abs=1e-6)
    assert rect <= supply + 1e-9
    assert min(unserved, bbu, new_cap, new_bat) >= 0.0


@pytest.mark.parametrize("step", [0.0005, 0.003, 0.02, 1.0])
def test_ride_through_is_what_the_steps_add_up_to(step: float) -> None:
    e_cap, e_bat, outage, served = 660.0, 10.0 * 33e3 / 0.97, 0.0, 0.0
    for _ in range(round(12.0 / step)):
        _, cap, bbu, _unserved, outage, e_cap, e_bat = shelf_step(
            33e3, 0.0, outage, e_cap, e_bat, step, *SHELF.values()
        )
        served += (cap + bbu) * step
    expected = ride_through_time(33e3, 660.0, 10.0 * 33e3 / 0.97, 0.004, 33e3, 0.97)
    assert served / 33e3 == pytest.approx(expected, rel=1e-9)


def test_bus_falls_before_takeover_without_enough_capacitors() -> None:
    assert ride_through_time(33e3, 33.0, 8e6, 0.004, 33e3, 0.97) == pytest.approx(0.001)
    assert ride_through_time(0.0, 33.0, 8e6, 0.004, 33e3, 0.97) == math.inf


def test_overloaded_batteries_drain_the_capacitors() -> None:
    time = ride_through_time(40e3, 660.0, 8e6, 0.004, 33e3, 0.97)
    assert time == pytest.approx(0.004 + (660.0 - 160.0) / 7e3)
