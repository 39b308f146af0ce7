"""A small subject for tests of sessions: one site, two racks, six accelerators."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np

from twin.channels import BY_NAME
from twin.controls import Applied
from twin.errors import InputError, NumericalError
from twin.plant.levels import PARENTS, Level, Levels
from twin.server.subject import SimulationSubject


def small_levels() -> Levels:
    names = {
        "site": ([0], ["s"]),
        "hall": ([0], ["h"]),
        "row": ([0, 0], ["row-1", "row-2"]),
        "rack": ([0, 1], ["rack-1", "rack-1"]),
        "cdu": ([0], ["cdu-1"]),
        "plant": ([0], ["p"]),
    }
    table = {}
    for level, parent in PARENTS.items():
        if level == "gpu":
            table[level] = Level(level, parent, np.repeat([0, 1], 3), ())
        else:
            parents, words = names.get(level, ([], []))
            table[level] = Level(level, parent, np.array(parents, dtype=np.int64), tuple(words))
    slots = {f"tray-{n}/gpu-1": n - 1 for n in (1, 2, 3)}
    return Levels(table, np.array([0, 3, 6]), [slots, slots])


class FakeSubject(SimulationSubject):
    """Six numbers that grow by a rack's ``rate`` each step; the rate is the only control."""

    def __init__(self, step=1.0, slow=0.0, fails_at=None):
        self.name, self.digest, self.levels = "fake", "d" * 64, small_levels()
        self.channels = [BY_NAME["gpu.temperature"], BY_NAME["rack.power"], BY_NAME["site.pue"]]
        self.seconds, self.slow, self.fails_at = step, slow, fails_at
        self.repeatable, self.finished = True, False
        self.values, self.rate, self.done = np.arange(6.0), np.ones(2), 0
        self.log = []
        self.simulation = SimpleNamespace()

    @property
    def step(self):
        return self.seconds

    @property
    def time(self):
        return self.done * self.step

    @property
    def steps(self):
        return self.done

    def advance(self):
        if self.slow:
            time.sleep(self.slow)
        if self.fails_at is not None and self.done >= self.fails_at:
            raise NumericalError("/s/h/row-1/rack-1: not a number")
        self.values = self.values * 0.999 + np.repeat(self.rate, 3) * np.pi
        self.done += 1

    def apply(self, command):
        level, row = self.levels.find(command.path)
        if level != "rack" or command.kind != "set" or command.key != "rate":
            raise InputError("nothing of that name here", key="key", found=command.key)
        before = self.rate[row]
        self.rate[row] = command.value
        self.log.append(
            SimpleNamespace(
                time=self.time,
                path=command.path,
                kind="set",
                message=f"rate {command.value}",
                steps=self.steps + 1,
            )
        )
        return Applied(command, 1, before, command.value)

    def channel(self, name):
        return {
            "gpu.temperature": self.values,
            "rack.power": self.rate,
            "site.pue": np.array([1.1]),
        }[name]

    def kpis(self):
        return {"sum": float(self.values.sum())}

    def events_since(self, number):
        return len(self.log), self.log[number:]

    def snapshot(self):
        state = np.concatenate([self.values, self.rate])
        return SimpleNamespace(state=state, steps=self.done)

    def restore(self, snapshot):
        self.values, self.rate = snapshot.state[:6].copy(), snapshot.state[6:].copy()
        self.done = snapshot.steps

    def branch(self, snapshot):
        other = FakeSubject(self.step)
        other.restore(snapshot)
        return other

    def scene(self):
        return {"digest": self.digest}
