"""Traces of real requests: when they arrive, tokens of prompt and answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from physics.factory.arrays import Floats
from twin.clock import Clock
from twin.errors import InputError
from twin.tabular import missing
from twin.tabular.quantities import quantity, refuse_beyond
from twin.tabular.reader import read_table
from twin.tabular.span import Foreign, foreign, on_the_run, refuse_outside, spans
from twin.tabular.stamps import times_of
from twin.workload.spec import Inference

MOST_TOKENS = 1e9
"""Largest number of tokens of one request that is believed."""


@dataclass(frozen=True, eq=False)
class Requests:
    """Requests by arrival.

    Attributes
    ----------
    times : since the start [s], shape [requests]
    prompt, output : tokens, shape [requests]
    told : what people should know of the table, in sentences
    foreign : its clock, where it is another than the site's
    """

    times: Floats
    prompt: Floats
    output: Floats
    told: tuple[str, ...]
    foreign: Foreign | None = None

    def context(self, duration: float) -> float:
        """Tokens of a request that is being answered, its prompt and half its answer.

        The mean over the answer tokens of the requests in a run of ``duration`` [s]: a cache is
        held for as long as its answer takes.
        """
        inside = (self.times >= 0.0) & (self.times <= duration)
        prompt, output = self.prompt[inside], self.output[inside]
        written = float(output.sum())
        return float((output * (prompt + 0.5 * output)).sum()) / written if written > 0.0 else 0.0


def read_requests(spec: Inference, clock: Clock, duration: float) -> Requests:
    """Read the requests that a service answers.

    Requests without a time or a number of tokens are left out and counted.

    Parameters
    ----------
    clock, duration : of the run, which the table has to meet

    Raises
    ------
    InputError : see :mod:`twin.tabular`, and numbers of tokens that cannot be
    """
    file = Path(str(spec.requests))
    table = read_table(
        file, {spec.time: "time", spec.prompt: "prompt tokens", spec.output: "output tokens"}
    )
    times, told = on_the_run(file, times_of(table[spec.time], spec, clock), spec, clock, duration)
    tokens = []
    for name in (spec.prompt, spec.output):
        values = quantity(table[name], "", decimal=spec.decimal, usual="1", marks=missing.UNKNOWN)
        refuse_beyond(table[name], values, 0.0, MOST_TOKENS, "tokens")
        tokens.append(values)
    whole = np.isfinite(times.seconds) & np.isfinite(tokens[0]) & np.isfinite(tokens[1])
    if not whole.any():
        raise InputError("holds no request with time and tokens", file)
    lost = np.flatnonzero(~whole)
    if len(lost):
        told.append(
            f"{file.name}: {len(lost)} of {len(whole)} requests left out, without a time or a "
            f"number of tokens (first in line {table.lines[lost[0]]})"
        )
    seconds = times.seconds[whole]
    refuse_outside(table[spec.time], times, seconds, duration, several=True)
    inside = int(((seconds >= 0.0) & (seconds <= duration)).sum())
    if inside < len(seconds):
        span = spans(times, float(seconds.min()), float(seconds.max()), duration)
        unit = "; times are taken as seconds (time_unit)" if times.assumed else ""
        told.append(
            f"{file.name}: {inside} of {len(seconds)} requests fall into the run: {span}{unit}"
        )
    order = np.argsort(seconds, kind="stable")
    return Requests(
        seconds[order],
        tokens[0][whole][order],
        tokens[1][whole][order],
        tuple(told),
        foreign(file, times, spec, clock),
    )
