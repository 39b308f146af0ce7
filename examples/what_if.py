"""Compare set points from one moment on: the same factory, branched.

Warmer coolant saves fan power until leakage in the chips costs more than the fans save. Every
branch starts from the same bits, so all differences come from the set point.

    python examples/what_if.py
"""

from __future__ import annotations

import twin
from twin.controls import Command
from twin.simulation import Simulation

SETPOINTS = (32.0, 36.0, 40.0, 44.0)  # degC, technology coolant to the racks
APPROACH = 4.0  # K from facility water to technology coolant


def branch(origin: Simulation, supply: float) -> Simulation:
    """A copy of a running factory that goes on with another coolant temperature."""
    copy = Simulation(origin.plant, origin.scenario)
    copy.restore(origin.snapshot())
    copy.apply(Command("set", "/pilot/hall-a", "supply_setpoint", f"{supply} degC"))
    copy.apply(Command("set", "/pilot/warm", "supply_setpoint", f"{supply - APPROACH} degC"))
    copy.advance(3600.0)
    return copy


def main() -> None:
    """Settle once, then follow every set point for an hour."""
    origin = twin.load("pilot").simulation()
    origin.advance(1200.0)

    results = []
    print("supply    hottest GPU   dry cooler fans   site power")
    for supply in SETPOINTS:
        factory = branch(origin, supply)
        hottest = float(factory.channel("rack.temperature").max())
        fans = float(factory.channel("plant.fan_power")[0])
        power = float(factory.channel("site.power").sum())
        results.append((hottest, fans, power))
        print(f"{supply:4.0f} degC   {hottest:6.1f} degC    {fans / 1e3:10.1f} kW   "
              f"{power / 1e6:9.4f} MW")  # fmt: skip

    temperatures = [hottest for hottest, _, _ in results]
    fan_powers = [fans for _, fans, _ in results]
    assert temperatures == sorted(temperatures)  # warmer coolant, warmer chips
    assert fan_powers == sorted(fan_powers, reverse=True)  # and slower fans


if __name__ == "__main__":
    main()
