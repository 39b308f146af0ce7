"""Rows of ``twin run`` about the work: what services, training and series did or could do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CAPACITY = "Token capacity"
"""Of ``tokens_per_s``: tokens that the operations would make which racks do at their present clocks
and utilisation, whether or not anybody asks for tokens."""


def work_rows(figures: Mapping[str, float], result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rows, of workload figures and the run's result."""
    return [
        *_served(figures),
        *_trained(figures),
        (CAPACITY, f"{result['tokens_per_s']:,.0f} per s"),
        *_reached(figures),
    ]


def _served(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    if "inference_tokens_per_s" not in figures:
        return []
    waiting = figures["inference_backlog_requests"]
    answered = f"{figures['inference_tokens_per_s']:,.0f} per s"
    latency = f"{figures['inference_mean_latency_s']:,.3g} s"
    return [
        ("Tokens of services", f"{answered}; {waiting:,.0f} requests under way at the end"),
        ("Latency of services, mean", latency),
    ]


def _trained(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    if "training_steps" not in figures:
        return []
    steps = f"{figures['training_steps']:,.0f} steps"
    tokens = figures.get("training_tokens_per_s")
    if tokens is None:
        return [("Training", steps)]
    return [("Tokens of training", f"{tokens:,.0f} per s; {steps}")]


def _reached(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    """A row about a measured power that the racks could not follow."""
    seconds = figures.get("series_out_of_reach_s", 0.0)
    if seconds <= 0.0:
        return []
    largest = figures["series_largest_miss_w"]
    side = "more than the racks could" if largest > 0.0 else "less than the racks did"
    energy = figures["series_missed_energy_j"] / 3.6e6
    text = f"{seconds:,.0f} s, by up to {abs(largest) / 1e3:,.1f} kW {side}; {energy:,.2f} kWh"
    return [("Series not followed", text)]
