"""Loss curves, hold-up, backup and storage figures that vendors, OCP and papers have published."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from physics.electrical import conversion as cv
from physics.electrical import redundancy as rd
from physics.electrical import spectrum as sp
from physics.electrical import transient as tr
from physics.electrical import waveform as wf
from physics.electrical.bbu import ride_through_time, shelf_step
from physics.electrical.holdup import flattened_frequency
from physics.electrical.loss_fit import fit_quadratic_loss
from physics.electrical.protection import thermal_step, thermal_trip_time
from physics.electrical.transformer import transformer_loss

UPS_LOAD = [0.25, 0.5, 0.75, 1.0]
UPS_EFFICIENCY = [0.955, 0.968, 0.970, 0.967]


def test_double_conversion_ups_by_its_quadratic(accuracy: Callable[..., None]) -> None:
    a = fit_quadratic_loss(UPS_LOAD, UPS_EFFICIENCY)
    stages = cv.pack([cv.quadratic_loss(*a, 1e6)])
    for x, eta in zip(UPS_LOAD, UPS_EFFICIENCY, strict=True):
        ours = x * 1e6 / cv.stage_input_power(x * 1e6, 25.0, 0, stages)
        # Printed to a tenth of a percent, so half of that.
        source = "usual figures of double-conversion UPS (common engineering values)"
        accuracy(f"quadratic fitted to a UPS, at {x:.0%}", ours, eta, 5e-4, "-", source)


def test_titanium_supply_by_its_table(accuracy: Callable[..., None]) -> None:
    load, eta = [0.1, 0.2, 0.5, 1.0], [0.90, 0.94, 0.96, 0.91]
    stages = cv.pack([cv.efficiency_table(load, eta, 3000.0)])
    for x, theirs in zip(load, eta, strict=True):
        ours = x * 3000.0 / cv.stage_input_power(x * 3000.0, 25.0, 0, stages)
        accuracy(f"Titanium supply at {x:.0%}", ours, theirs, 1e-12, "-", "80 PLUS Titanium, 230 V")


# Constant-plus-proportional stages in series: node converters, then the rectifiers of a chassis.
@pytest.mark.parametrize("node_power", [626.0, 1500.0, 2704.0])
def test_two_stage_chain(node_power: float, accuracy: Callable[..., None]) -> None:
    nodes, rectifiers = 16, 4
    stages = cv.pack(
        [cv.constant_plus_proportional(13.0, 0.98), cv.constant_plus_proportional(17.0, 0.96)]
    )
    node_input = cv.stage_input_power(node_power, 25.0, 0, stages)
    ours = cv.group_input_power(nodes * node_input, 25.0, 1, stages, rectifiers)
    chassis = nodes * (node_power + 13.0) / 0.98
    theirs = (chassis + rectifiers * 17.0) / 0.96
    accuracy(f"chain at {node_power} W", ours, theirs, 1e-12, "W", "closed form", relative=True)


def test_distribution_transformer_efficiency_at_half_load(accuracy: Callable[..., None]) -> None:
    loss = transformer_loss(1.25e6, 2.5e6, 3.1e3, 22e3, 1.0)
    accuracy(
        "2.5 MVA transformer at half load",
        1.25e6 / (1.25e6 + loss),
        0.9925,
        2.5e-3,
        "-",
        "99.0 to 99.5 % at half load",
    )


def test_hold_up_and_backup_of_an_open_rack_shelf(accuracy: Callable[..., None]) -> None:
    power, efficiency = 33e3, 0.97
    hold_up, battery = power * 0.020, power * 240.0 / efficiency
    alone = ride_through_time(power, hold_up, 0.0, 0.004, 0.0, efficiency)
    accuracy("hold-up at full load", alone * 1e3, 20.0, 1e-9, "ms", "Open Rack V3 shelf")
    step, time, served = 0.001, 0.0, True
    state = (0.0, hold_up, battery)
    battery_began = None
    while served and time < 300.0:
        _, _, backup, lacking, *state_now = shelf_step(
            power, 0.0, *state, step, hold_up, 0.004, power, efficiency, 0.0
        )
        state = tuple(state_now)
        if backup > 0.0 and battery_began is None:
            battery_began = time
        served = lacking == 0.0
        time += step
    assert battery_began is not None
    accuracy("backup takes over", battery_began * 1e3, 4.0, 1.0, "ms", "Open Rack V3 BBU")
    # 4 ms before, 240 s of battery, and the 16 ms that hold-up has left after takeover.
    accuracy("rack carried", time, 240.020, 0.0015, "s", "Open Rack V3 BBU and shelf")


@pytest.mark.parametrize("swing", [45e3, 84e3])
def test_storage_flattens_only_faster_swings(swing: float) -> None:
    """72 accelerators with 65 J each, as the vendor publishes; the swings are ours."""
    energy = 72 * 65.0
    frequency = flattened_frequency(energy, swing, 0.5)
    left = {}
    for factor in (0.4, 2.0):
        shape = wf.SwingShape(1 / (factor * frequency), 0.5, 0.4, edge_share=0.005)
        compute = swing / 0.6
        load = wf.synchronous_swing(shape, [compute], 0.0, 40.0, 0.001)
        racks = tr.rack_supply(
            1, stage=0, modules=1, capacitor_energy=energy, filter_time=5.0, soft_time=0.005
        )
        stages = cv.pack([cv.constant_plus_proportional(0.0, 1.0)])
        state = tr.initial_state(racks, tr.NO_SITE_STORAGE, shape.mean_level * compute, 0.0)
        got = tr.run_window(load, 1.0, 0.001, racks, tr.NO_SITE_STORAGE, stages, state)
        band = (0.5 * factor * frequency, 1.5 * factor * frequency)
        before = sp.band_amplitude(got.load_power, 0.001, *band)
        left[factor] = sp.band_amplitude(got.grid_power, 0.001, *band) / before
        assert abs(got.residual) < 1e-9
    print(f"swing of {swing / 1e3:g} kW: amplitude left {left}")
    assert left[2.0] < 0.05
    assert left[0.4] > 0.5


PANELS_LEFT, ACCELERATORS = 3, 8 * 72
PUBLISHED = {1.2: 439e3, 1.5: 510e3}
"""Load [W] of each remaining panel of a row of eight racks by its peak factor, row reference."""


def row_split() -> tuple[float, float]:
    """Power of a row at its panels [W] that follows the peak factor, and that does not.

    Two published figures give both; nothing else is in them.
    """
    (low, at_low), (high, at_high) = PUBLISHED.items()
    following = PANELS_LEFT * (at_high - at_low) / (high - low)
    return following, PANELS_LEFT * at_low - low * following


def row_load(factor: float) -> np.ndarray:
    """Power of each of eight equal racks at the panels [W]."""
    following, constant = row_split()
    return rd.peak_load(np.full(8, constant / 8), np.full(8, following / 8), factor)


@pytest.mark.parametrize(("factor", "panel"), PUBLISHED.items())
def test_four_panel_row_after_losing_one(factor: float, panel: float) -> None:
    """The split is of these figures, so this judges the bookkeeping of failures alone."""
    shares = rd.common_shares(8, 4)
    load = row_load(factor)
    for carried in rd.single_failures(load, shares):
        assert carried[carried > 0.0] == pytest.approx(panel)
    capacity = rd.usable_capacity(load, shares, 500e3)
    assert (capacity.scale < 1.0) == (panel > 500e3)


def test_what_the_split_says_of_accelerators_and_racks(accuracy: Callable[..., None]) -> None:
    """Neither was used to find it."""
    following, _ = row_split()
    # Loads are printed to a kilowatt: half of one in each is 10 kW of 710 in their difference.
    name = "power of an accelerator, at the panel"
    source = "1.2 kW (B200 in GB200) behind a shelf of 97.5 % (Open Rack V3)"
    accuracy(name, following / ACCELERATORS, 1200.0 / 0.975, 0.015, "W", source, relative=True)
    accuracy("row of eight racks", row_load(1.0).sum() / 1e6, 1.2, 0.05, "MW", "scalable unit")


def test_overloaded_panel_trips_when_its_curve_says(accuracy: Callable[..., None]) -> None:
    before = row_load(1.5).sum() / 4.0 / 500e3
    after = row_load(1.5).sum() / 3.0 / 500e3
    heat, time, at = before**2, 0.0, np.inf
    while np.isinf(at):
        heat, at = thermal_step(heat, after, 1.0, 1800.0, 1800.0)
        time += 1.0 if np.isinf(at) else at
    theirs = thermal_trip_time(after, before, 1800.0)
    accuracy(
        "trip of the overloaded panel", time, theirs, 1e-6, "s", "IEC 60255-149", relative=True
    )
    assert np.isinf(thermal_trip_time(row_load(1.2).sum() / 3.0 / 500e3, before, 1800.0))
