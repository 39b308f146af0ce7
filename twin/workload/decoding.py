"""How fast a service answers: the roofline of a replica, and its requests as a fluid that drains.

Requests share replicas evenly. One that is alone on its replica is answered no faster than a batch
of one allows; more of them than replicas are batched, up to the largest batch; the rest waits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from twin.workload.serving_power import touched_weights
from twin.workload.spec import LanguageModel

SEARCH = 60  # halvings of the mean number of requests that is looked for
SLIGHT = 1e-6  # share that drains, below which the exponential is its series


def prefill_rate(model: LanguageModel, operations: float) -> float:
    """Prompt tokens per second of accelerators with ``operations`` [flop/s] together."""
    return float(operations * model.flops_utilisation / (2.0 * model.active_parameters))


def decode_rate(
    model: LanguageModel, batch: float, context: float, operations: float, bandwidth: float
) -> float:
    """Answer tokens per second of one replica that decodes ``batch`` requests together.

    The roofline of one step: weights once and every request's cache over the bandwidth [byte/s], or
    the arithmetic of the batch over the operations [flop/s], whichever takes longer. With few
    requests of a sparse model only the experts they use are read.
    """
    if batch <= 0.0 or operations <= 0.0 or bandwidth <= 0.0:
        return 0.0
    reading = touched_weights(model, batch) + batch * context * model.cache_bytes_per_token
    by_memory = reading / (bandwidth * model.bandwidth_utilisation)
    by_compute = batch * 2.0 * model.active_parameters / (operations * model.flops_utilisation)
    return float(batch / max(by_memory, by_compute))


def sharing(requests: float, replicas: float, maximum_batch: float) -> tuple[float, float]:
    """Replicas that have something to decode, and the batch of each: at least one request."""
    served = min(requests, replicas * maximum_batch)
    busy = min(replicas, served)
    return busy, max(served / busy, 1.0) if busy > 0.0 else 1.0


@dataclass(frozen=True)
class Drained:
    """What became of requests within a span.

    Attributes
    ----------
    share : of those that were there or came, finished; the same share of their tokens is written
    mean : requests there, on the average over the span
    """

    share: float
    mean: float


def drain(
    waiting: float, coming: float, tokens: float, span: float, rate: Callable[[float], float]
) -> Drained:
    """Let requests be answered for a span, evenly coming and leaving in proportion to their number.

    The requests n follow dn/dt = coming / span - n / T with T = tokens n / rate(n), the time one of
    them takes. T is that of the mean number over the span, so that any span gives the same delay
    (Little's law: mean number over arrivals per second).

    Parameters
    ----------
    waiting, coming : requests there at the beginning, and those that arrive evenly
    tokens : of each that are still to be written
    rate : tokens per second that so many requests get together; rises with the number, and for each
        of them falls
    """
    all_of_them = waiting + coming
    if all_of_them <= 0.0 or rate(all_of_them) <= 0.0:
        return Drained(0.0, waiting + 0.5 * coming)

    def done(mean: float) -> tuple[float, float]:
        """Requests that the rate of a mean number finishes, and those that its pace does."""
        finished = rate(mean) * span / tokens
        x = finished / mean
        gone = -math.expm1(-x)
        late = 0.5 * x if x < SLIGHT else 1.0 - gone / x  # of those that come within the span
        return finished, waiting * gone + coming * late

    low, high = 0.0, all_of_them
    for _ in range(SEARCH):
        middle = 0.5 * (low + high)
        by_rate, by_pace = done(middle)
        low, high = (middle, high) if by_rate < by_pace else (low, middle)
    finished = done(high)[1]
    return Drained(min(finished / all_of_them, 1.0), high)
