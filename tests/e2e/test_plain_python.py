"""The physics without compilation: the same code as plain Python gives the same figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

CODE = """
import json, twin
simulation = twin.load("pilot").simulation()
simulation.advance(5.0)
print(json.dumps({name: simulation.channel(name).tolist() for name in (
    "gpu.temperature", "rack.power", "cdu.supply_temperature", "plant.fan_power", "site.power")}))
"""


def figures(**environment: str) -> dict[str, list[float]]:
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=os.environ | environment, capture_output=True, text=True,
        check=True, timeout=600,
    )  # fmt: skip
    result: dict[str, list[float]] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_plain_python_agrees_with_compiled_code() -> None:
    compiled = figures()
    plain = figures(NUMBA_DISABLE_JIT="1")
    for name, values in compiled.items():
        # sums are split over vector lanes in compiled code, so the last digits may differ
        assert plain[name] == pytest.approx(values, rel=1e-9), name
