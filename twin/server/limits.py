"""What the server takes at most, all in one place; docs/SERVER.md has the same as a table."""

from __future__ import annotations

import math
import resource
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from twin.errors import InputError, near_matches

RESERVED_FILES = 384
"""Open files kept for recordings, threads and connections on the point of being refused."""


def _limit(default: float, low: float, high: float, meaning: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "meaning": meaning})


@dataclass(frozen=True)
class Limits:
    """Limits of connections, requests and messages; each can be set by ``--limit name=value``."""

    connections: int = _limit(4000, 16, 1_000_000, "connections in all")
    connections_per_address: int = _limit(2000, 4, 1_000_000, "connections of one address")
    head_bytes: int = _limit(32_768, 1024, 1 << 20, "request line and headers")
    headers: int = _limit(100, 10, 120, "headers of a request")
    url_bytes: int = _limit(8000, 256, 8000, "address of a request, and any one header")
    body_bytes: int = _limit(65_536, 1024, 1 << 26, "body of a request")
    head_seconds: float = _limit(10.0, 0.1, 600, "until a request's headers are complete")
    body_seconds: float = _limit(20.0, 0.1, 600, "until a request's body is complete")
    idle_seconds: float = _limit(10.0, 0.1, 600, "a connection may stand idle between requests")
    send_seconds: float = _limit(30.0, 0.1, 600, "in which a client must take some of an answer")
    pipelined: int = _limit(32, 1, 1000, "requests of a connection that wait for an answer")
    attempts_per_second: float = _limit(1000.0, 1, 1e6, "of one address, whatever comes of them")
    attempts_at_once: int = _limit(1000, 1, 1_000_000, "the same, in a burst")
    requests_per_second: float = _limit(200.0, 1, 1e6, "of one address, from pages allowed here")
    requests_at_once: int = _limit(400, 1, 1_000_000, "the same, in a burst")
    handshakes_per_second: float = _limit(100.0, 1, 1e6, "websockets opened by one address")
    handshakes_at_once: int = _limit(100, 1, 1_000_000, "the same, in a burst")
    first_message_seconds: float = _limit(30.0, 0.1, 3600, "until a viewer says what it wants")
    message_bytes: int = _limit(65_536, 1024, 1 << 24, "message of a viewer")
    messages_per_second: float = _limit(50.0, 1, 1e6, "of one viewer")
    messages_at_once: int = _limit(200, 1, 1_000_000, "the same, in a burst")
    costly_at_once: int = _limit(2, 1, 64, "scenes, pictures, tables... computed at a time")
    costly_waiting: int = _limit(16, 1, 1000, "of them that wait for their turn")


def parse_limits(texts: Iterable[str]) -> Limits:
    """Limits from texts ``name=value``; raises InputError naming the option."""
    known = {each.name: each for each in fields(Limits)}
    chosen: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in known:
            raise InputError(
                "unknown limit", key="--limit", found=name, allowed=near_matches(name, [*known])
            )
        whole = isinstance(known[name].default, int)
        bounds = known[name].metadata
        kind = "whole number" if whole else "number"
        try:
            value = int(number) if whole else float(number)
        except ValueError:
            value = math.nan
        if not bounds["low"] <= value <= bounds["high"]:
            raise InputError(
                "limit out of range",
                key=f"--limit {name}",
                found=number,
                allowed=f"a {kind} from {bounds['low']:g} to {bounds['high']:g}",
            )
        chosen[name] = value
    return replace(Limits(), **chosen)  # type: ignore[arg-type]


def fitted_to_open_files(limits: Limits) -> Limits:
    """Limits with no more connections than the process may have files open.

    The process's own limit is raised as far as the system allows first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits
    most = max(soft - RESERVED_FILES, soft // 4, 8)
    return replace(
        limits,
        connections=most,
        connections_per_address=min(limits.connections_per_address, most),
    )
