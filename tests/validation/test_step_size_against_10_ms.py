"""Steps of a second against steps of 10 ms through a load step from rest to full load."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import twin
from twin.scenario import Scenario
from twin.simulation import Simulation

CHANNELS = (
    "gpu.temperature", "gpu.hbm_temperature", "rack.return_temperature", "cdu.supply_temperature",
    "cdu.return_temperature", "plant.supply_temperature", "row.hot_aisle_temperature",
)  # fmt: skip
LOAD_AT, UNTIL = 10.0, 240.0  # s
FINE = 0.01
SOURCE = "same model at steps of 10 ms; 0.2 K is what the project promises"


def marched(step: float) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Temperatures at every second after the load has come, by channel, shape [times, elements]."""
    scenario = Scenario.model_validate({
        "step": f"{step} s",
        "weather": {"kind": "constant", "dry_bulb": "28 degC", "wet_bulb": "22 degC"},
        "workload": [{"profile": [
            {"at": "0 s", "utilisation": 0.0, "compute_share": 0.0, "memory_share": 0.0},
            {"at": f"{LOAD_AT} s", "utilisation": 1.0, "compute_share": 1.0, "memory_share": 0.6},
        ]}],
    })  # fmt: skip
    simulation: Simulation = twin.load("pilot").simulation(scenario)
    simulation.advance(LOAD_AT)
    frames: dict[str, list[np.ndarray]] = {name: [] for name in CHANNELS}  # type: ignore[type-arg]
    while simulation.time < UNTIL - 1e-6:
        simulation.advance(1.0)
        for name in CHANNELS:
            frames[name].append(np.array(simulation.channel(name)))
    return {name: np.stack(values) for name, values in frames.items()}


@pytest.fixture(scope="module")
def runs() -> dict[float, dict[str, np.ndarray]]:  # type: ignore[type-arg]
    return {step: marched(step) for step in (1.0, 0.5, 0.25, FINE)}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_second_is_as_good_as_10_ms(
    accuracy: Callable[..., None],
    runs: dict[float, dict[str, np.ndarray]],  # type: ignore[type-arg]
    name: str,
) -> None:
    coarse, fine = runs[1.0][name], runs[FINE][name]
    assert np.ptp(fine) > 1.0  # the step is felt there
    worst = np.unravel_index(int(np.argmax(np.abs(coarse - fine))), fine.shape)
    when = LOAD_AT + 1.0 + float(worst[0])
    accuracy(
        f"{name} where it differs most, {when:.0f} s", coarse[worst], fine[worst], 0.2, "degC",
        SOURCE,
    )  # fmt: skip


def test_the_error_falls_with_the_step(
    accuracy: Callable[..., None],
    runs: dict[float, dict[str, np.ndarray]],  # type: ignore[type-arg]
) -> None:
    """Observed order between steps of 1 s, 0.5 s and 0.25 s, by the mean error over all times.

    The stages of a step see each other's values of the step before, which is of first order.
    """
    for name in ("gpu.temperature", "rack.return_temperature"):
        error = {
            step: float(np.abs(runs[step][name] - runs[FINE][name]).mean())
            for step in (1.0, 0.5, 0.25)
        }
        order = float(np.log2(error[1.0] / error[0.25]) / 2.0)
        print(f"{name}: mean error {error}, observed order {order:.2f}")
        accuracy(f"observed order of {name}", order, 1.0, 0.35, "", "first-order splitting")
