"""Break something in a running factory, watch it protect itself, repair it.

python examples/faults_and_repair.py
"""

from __future__ import annotations

import twin
from twin.controls import Command

CDU = "/pilot/hall-a/row-01/cdu-1"
RACKS = slice(0, 4)  # the first four racks hang on cdu-1


def main() -> None:
    """Lose the facility water of one CDU for two minutes."""
    simulation = twin.load("pilot").simulation()
    simulation.advance(600.0)
    before = simulation.channel("rack.temperature").copy()

    simulation.apply(Command("inject", CDU, "primary-loss"))
    simulation.advance(120.0)
    during = simulation.channel("rack.temperature").copy()

    simulation.apply(Command("clear", CDU, "primary-loss"))
    simulation.advance(900.0)
    after = simulation.channel("rack.temperature").copy()

    for name, values in (("before", before), ("during", during), ("after", after)):
        print(f"{name:7s}", " ".join(f"{value:5.1f}" for value in values), "degC")
    for event in simulation.events:
        print(f"{event.time:6.0f} s  {event.path}  {event.message}")

    # clocks held the slowdown limit, the other loop did not notice, and all is as it was
    assert during[RACKS].min() > before[RACKS].max()
    assert during.max() < 92.0
    assert abs(during[4:] - before[4:]).max() < 2.0
    assert abs(after - before).max() < 1.0
    assert abs(simulation.energy_residual()) < 1e-6


if __name__ == "__main__":
    main()
