"""Lays siege to a live server and says how others fared meanwhile.

    python scripts/siege.py                      # every attack, about four minutes
    python scripts/siege.py idle header --check  # some; exit code 1 when others were held up

Starts ``twin serve`` on loopback. Each attack comes from a process of its own, bounded in number
and time, while an onlooker asks for key figures (on new connections) and watches the stream.
Reported are the onlooker's latencies and gaps, the server's memory, lines of its log, and how long
it takes to end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import multiprocessing
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from soak import Watch
from websockets.sync.client import connect

BYTES = 300_000_000
LONGEST_WAIT = 0.5  # s in which others must be answered
LONGEST_GAP = 0.6  # s between frames of which ten a second are asked for: half a second late
LONGEST_ENDING = 3.0  # s
MEMORY_GROWTH = 100.0  # MB that an attack may cost
MOST_LINES = 8  # of the log, for one attack
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Facts = dict[str, Any]


async def _open(port: int, data: bytes = b"", source: str = "127.0.0.1") -> Connection | None:
    """A connection with some bytes sent, or None when it was refused."""
    opening = asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        reader, writer = await asyncio.wait_for(opening, 10)
        if data:
            writer.write(data)
            await writer.drain()
    except (OSError, TimeoutError):
        return None
    return reader, writer


async def _status(reader: asyncio.StreamReader) -> str:
    """Status of an answer, or ``closed``."""
    with contextlib.suppress(OSError, TimeoutError):
        line = await asyncio.wait_for(reader.readline(), 15)
        if line.startswith(b"HTTP/1.1 "):
            return line.split()[1].decode()
    return "closed"


async def _hold(port: int, seconds: float, count: int, data: bytes) -> Facts:
    """Many connections that send some bytes and then nothing."""
    held = [await _open(port, data) for _ in range(count)]
    made = [pair for pair in held if pair is not None]
    await asyncio.sleep(seconds)
    kept = 0
    for reader, writer in made:
        with contextlib.suppress(TimeoutError, OSError):
            while await asyncio.wait_for(reader.read(65536), 0.0005):
                pass
            writer.close()
            continue
        kept += 1
        writer.close()
    return {"sockets": count, "accepted": len(made), "still open at the end": kept}


async def idle(port: int, seconds: float, scale: float) -> Facts:
    """3,000 sockets that say nothing."""
    return await _hold(port, seconds, int(3000 * scale), b"")


async def half_requests(port: int, seconds: float, scale: float) -> Facts:
    """1,000 requests whose head never ends."""
    return await _hold(
        port, seconds, int(1000 * scale), b"GET /api/kpis HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b"
    )


async def half_handshakes(port: int, seconds: float, scale: float) -> Facts:
    """1,000 websocket handshakes whose head never ends."""
    return await _hold(port, seconds, int(1000 * scale), HANDSHAKE)


async def silent_viewers(port: int, seconds: float, scale: float) -> Facts:
    """1,000 websockets that are opened and never say what they want."""
    return await _hold(port, seconds, int(1000 * scale), HANDSHAKE + b"\r\n")


async def _pour(
    port: int, head: bytes, part: bytes, total: int, seconds: float, source: str = "127.0.0.1"
) -> Facts:
    """Send one request's bytes for as long as they are taken."""
    pair = await _open(port, head, source)
    sent, end = 0, time.monotonic() + seconds
    if pair is None:
        return {"sent_mb": 0.0}
    with contextlib.suppress(OSError, TimeoutError):
        while sent < total and time.monotonic() < end:
            pair[1].write(part)
            await asyncio.wait_for(pair[1].drain(), 10)
            sent += len(part)
    status = await _status(pair[0]) if sent < total else "taken"
    pair[1].close()
    return {"sent_mb": round(sent / 1e6, 1), "answer": status}


async def header(port: int, seconds: float, scale: float) -> Facts:
    """300 MB in one header of one connection."""
    return await _pour(
        port, b"GET / HTTP/1.1\r\nX-A: ", b"a" * (1 << 16), int(BYTES * scale), seconds
    )


async def headers(port: int, seconds: float, scale: float) -> Facts:
    """300 MB of short headers in one connection."""
    return await _pour(
        port, b"GET / HTTP/1.1\r\n", b"X-A: b\r\n" * 8192, int(BYTES * scale), seconds
    )


async def url(port: int, seconds: float, scale: float) -> Facts:
    """300 MB of address in one connection."""
    return await _pour(port, b"GET /", b"a" * (1 << 16), int(BYTES * scale), seconds)


async def body(port: int, seconds: float, scale: float) -> Facts:
    """300 MB of body in one connection."""
    head = b"POST /api/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    return await _pour(
        port, head, b"10000\r\n" + b"a" * 65536 + b"\r\n", int(BYTES * scale), seconds
    )


async def bad_names(port: int, seconds: float, scale: float) -> Facts:
    """900 requests with malformed or foreign Host or Origin, in a burst."""
    bad = (
        b"[::1",
        b"[",
        b"http://[x",
        b"\xff\xfe",
        b"evil.example",
        b"127.0.0.1:99999999",
        b"a@b:",
    )
    requests = []
    for number in range(int(900 * scale)):
        text = bad[number % len(bad)]
        lines = b"Host: 127.0.0.1\r\nOrigin: http://" + text if number % 2 else b"Host: " + text
        kind = HANDSHAKE.replace(b"Host: 127.0.0.1", lines) if number % 3 == 0 else None
        requests.append((kind or b"GET /api/kpis HTTP/1.1\r\n" + lines + b"\r\n") + b"\r\n")

    async def one(request: bytes) -> str:
        pair = await _open(port, request)
        status = await _status(pair[0]) if pair else "refused"
        if pair:
            pair[1].close()
        return status

    return dict(Counter(await asyncio.gather(*map(one, requests))))


async def slow_bodies(port: int, seconds: float, scale: float) -> Facts:
    """200 bodies that come a byte a second."""
    head = b"POST /api/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000\r\n\r\n"
    pairs = [pair for pair in [await _open(port, head) for _ in range(int(200 * scale))] if pair]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _, writer in pairs:
            if not writer.is_closing():
                writer.write(b" ")
        await asyncio.sleep(1.0)
    return dict(Counter(await asyncio.gather(*(_status(reader) for reader, _ in pairs))))


async def pipeline(port: int, seconds: float, scale: float) -> Facts:
    """20 connections that send requests without end, from an address that has its own rate."""

    async def one() -> float:
        request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 500
        facts = await _pour(port, request, request, 1 << 30, seconds, "127.0.0.2")
        return float(facts["sent_mb"])

    return {"sent_mb": round(sum(await asyncio.gather(*(one() for _ in range(20)))), 1)}


async def pings(port: int, seconds: float, scale: float) -> Facts:
    """20 websockets that send pings without end and read no pong."""

    async def one() -> float:
        ping = (bytes([0x89, 0x80 | 125]) + bytes(4) + b"p" * 125) * 500
        return float((await _pour(port, HANDSHAKE + b"\r\n", ping, 1 << 30, seconds))["sent_mb"])

    return {"sent_mb": round(sum(await asyncio.gather(*(one() for _ in range(20)))), 1)}


async def unread(port: int, seconds: float, scale: float) -> Facts:
    """200 connections that ask for much and read nothing."""
    request = b"GET /api/state?channel=gpu.*&limit=300000 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    return await _hold(port, seconds, int(200 * scale), request)


async def costly(port: int, seconds: float, scale: float) -> Facts:
    """Ten clients at a time that ask for what costs most, and half of them hang up."""
    paths = (
        b"/api/state?channel=gpu.*&channel=rack.*&limit=300000&with_paths=true",
        b"/api/scene",
        b"/api/picture?width=320&height=240",
        b"/api/one-line.svg",
        b"/metrics",
        b"/openapi.json",
        b"/api/paths?level=gpu&limit=10000",
    )
    statuses: Counter[str] = Counter()
    end = time.monotonic() + seconds

    async def one(number: int) -> None:
        while time.monotonic() < end:
            path = paths[number % len(paths)]
            number += 1
            pair = await _open(port, b"GET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            if pair is None:
                continue
            if number % 2:
                statuses[await _status(pair[0])] += 1
            pair[1].close()

    await asyncio.gather(*(one(number) for number in range(10)))
    return dict(statuses)


ATTACKS: tuple[Callable[[int, float, float], Awaitable[Facts]], ...] = (
    idle,
    header,
    headers,
    url,
    body,
    half_requests,
    half_handshakes,
    silent_viewers,
    bad_names,
    slow_bodies,
    pipeline,
    pings,
    unread,
    costly,
)


def attack(name: str, port: int, seconds: float, scale: float, results: Any) -> None:
    """Process: one attack; puts what it says of itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    chosen = next(each for each in ATTACKS if each.__name__ == name)
    results.put(asyncio.run(chosen(port, seconds, scale)))  # type: ignore[arg-type]


@dataclass
class Onlooker:
    """Somebody else, who asks ten times a second and watches ten frames a second."""

    port: int
    waits: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    running: bool = True

    def start(self) -> Onlooker:
        """Ask and watch on threads."""
        self.threads = [threading.Thread(target=each) for each in (self._ask, self._watch)]
        for thread in self.threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Ask and watch no more."""
        self.running = False
        for thread in self.threads:
            thread.join(60)

    def _ask(self) -> None:
        while self.running:
            began = time.monotonic()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                connection.request("GET", "/api/kpis")
                status = str(connection.getresponse().status)
                connection.close()
            except OSError as error:
                status = type(error).__name__
            self.statuses[status] += 1
            self.waits.append(time.monotonic() - began)
            time.sleep(0.1)

    def _watch(self) -> None:
        address = f"ws://127.0.0.1:{self.port}/ws"
        try:
            with connect(address, subprotocols=["twin.v1"], open_timeout=30) as socket:  # type: ignore[list-item]
                socket.send(
                    json.dumps({"type": "subscribe", "channels": ["rack.temperature"], "rate": 10})
                )
                last = None
                while self.running:
                    if isinstance(socket.recv(30), bytes):
                        now = time.monotonic()
                        if last is not None:
                            self.gaps.append(now - last)
                        last = now
        except Exception as error:
            self.statuses[f"stream: {type(error).__name__}"] += 1


class Besieged:
    """A server of its own, with its log."""

    def __init__(self, layout: str):
        options = ["--port", "0", "--speed", "10", "--log", "text"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "twin.cli.main", "serve", layout, *options],
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self.lines: list[str] = []
        self.port = 0
        assert self.process.stderr is not None
        for line in self.process.stderr:
            found = re.search(r":(\d+) \(", line)
            if found:
                self.port = int(found.group(1))
                break
            self.lines.append(line)
        if not self.port:
            raise SystemExit(f"the server did not start: {''.join(self.lines)}")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)

    def end(self) -> float:
        """Seconds it takes to end."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return round(time.monotonic() - began, 2)


def besiege(server: Besieged, name: str, seconds: float, scale: float = 1.0) -> Facts:
    """One attack and what others had of it."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    watch = Watch(server.process.pid).start()
    before, lines = watch.resident(), len(server.lines)
    onlooker = Onlooker(server.port).start()
    time.sleep(1.0)
    process = context.Process(target=attack, args=(name, server.port, seconds, scale, results))
    process.start()
    try:
        told: Facts = results.get(timeout=seconds + 90)
    except Exception:
        told = {"attack": "did not end"}
    finally:
        process.kill()
        process.join()
    time.sleep(0.5)
    onlooker.stop()
    watch.running = False
    waits = sorted(onlooker.waits) or [0.0]
    joined = [line for line in server.lines[lines:] if "viewer joined" not in line]
    log = [line for line in joined if "viewer left" not in line]
    return {
        "attack": told,
        "answers": dict(onlooker.statuses),
        "wait_ms": {
            f"p{share}": round(1e3 * waits[min(len(waits) - 1, len(waits) * share // 100)], 1)
            for share in (50, 99)
        }
        | {"max": round(1e3 * waits[-1], 1)},
        "frames": len(onlooker.gaps),
        "longest_gap_ms": round(1e3 * max(onlooker.gaps, default=0.0), 1),
        "memory_mb": [round(before, 1), round(max(watch.memory), 1), round(watch.resident(), 1)],
        "log_lines": len(log),
        "log": [line.rstrip()[:160] for line in log[:3]],
    }


def problems(name: str, report: Facts) -> list[str]:
    """What is not as it should be."""
    found = []
    if set(report["answers"]) - {"200"}:
        found.append(f"{name}: others were answered {report['answers']}")
    if report["wait_ms"]["max"] > 1e3 * LONGEST_WAIT:
        found.append(f"{name}: others waited up to {report['wait_ms']['max']} ms")
    if report["longest_gap_ms"] > 1e3 * LONGEST_GAP or not report["frames"]:
        found.append(f"{name}: frames came up to {report['longest_gap_ms']} ms apart")
    if report["memory_mb"][1] - report["memory_mb"][0] > MEMORY_GROWTH:
        found.append(
            f"{name}: memory went from {report['memory_mb'][0]} to {report['memory_mb'][1]}"
        )
    if report["log_lines"] > MOST_LINES:
        found.append(f"{name}: {report['log_lines']} lines in the log")
    return found


def main() -> int:
    """Command line."""
    names = [each.__name__ for each in ATTACKS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"of: {', '.join(names)}")
    parser.add_argument("--layout", default="pilot")
    parser.add_argument("--seconds", type=float, default=12.0, help="that each attack lasts")
    parser.add_argument("--scale", type=float, default=1.0, help="of all numbers and sizes")
    parser.add_argument("--check", action="store_true", help="exit code 1 when something is wrong")
    arguments = parser.parse_args()
    unknown = set(arguments.attacks) - set(names)
    if unknown:
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    server = Besieged(arguments.layout)
    reports, found = {}, []
    try:
        for name in arguments.attacks or names:
            reports[name] = besiege(server, name, arguments.seconds, arguments.scale)
            found += problems(name, reports[name])
            print(json.dumps({name: reports[name]}), flush=True)
    finally:
        ending = server.end()
    if ending > LONGEST_ENDING:
        found.append(f"the server took {ending} s to end")
    print(json.dumps({"ended_s": ending, "problems": found}, indent=1))
    return 1 if arguments.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
