"""Puts load on a live server and says what came of it.

    python scripts/soak.py --layout korea-260k --viewers 100 --rack-viewers 500 --seconds 60

Starts ``twin serve``, connects viewers from processes of their own (some of which never read, some
of which come and go), and reports rates, latencies, the server's processor time and memory. With
``--check`` the exit code is 1 when a viewer starved, memory grew or the server did not end in time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import cast
from urllib.request import urlopen

TICKS = os.sysconf("SC_CLK_TCK")
SETTLES = 300.0  # s in which a long run fills what has a bound; from then on memory is flat
WALL = re.compile(rb'"wall":([0-9.eE+-]+)')


Opening = tuple[bytes, bytes]  # what opens a websocket, and what subscribes once it is open


def opening(port: int, subscription: dict[str, object]) -> Opening:
    """Bytes that open a websocket, and those that subscribe."""
    message = json.dumps({"type": "subscribe", **subscription}).encode()
    head = bytes([0x81, 0x80 | len(message)])
    request = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: twin.v1\r\n\r\n"
    ).encode()
    return request, head + bytes(4) + message


class Counter(asyncio.BufferedProtocol):
    """A viewer that counts frames and takes their age, at next to no cost of its own."""

    def __init__(self, opening: Opening):
        self.opening = opening
        self.buffer = bytearray(1 << 18)
        self.head = bytearray()
        self.remaining = 0
        self.code = 0
        self.first = b""
        self.upgraded = False
        self.frames = 0
        self.bytes = 0
        self.ages: list[float] = []
        self.lost = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.opening[0])

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = memoryview(self.buffer)[:nbytes]
        if not self.upgraded:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            rest = bytes(self.head[end + 4 :])
            self.head.clear()
            self.upgraded = True
            if self.transport is not None:
                self.transport.write(self.opening[1])
            self._take(memoryview(rest))
            return
        self._take(data)

    def _take(self, data: memoryview) -> None:
        while len(data):
            if self.remaining:
                part = data[: self.remaining]
                if len(self.first) < 400:
                    self.first += bytes(part[:400])
                self.remaining -= len(part)
                data = data[len(part) :]
                if self.remaining == 0:
                    self._end()
                continue
            need = self._head_length() - len(self.head)
            self.head += data[:need]
            data = data[need:]
            if len(self.head) >= 2 and len(self.head) == self._head_length():
                self._begin()

    def _head_length(self) -> int:
        if len(self.head) < 2:
            return 2
        return 2 + {126: 2, 127: 8}.get(self.head[1] & 0x7F, 0)

    def _begin(self) -> None:
        code, length = self.head[0] & 0x0F, self.head[1] & 0x7F
        if length >= 126:
            length = int.from_bytes(self.head[2:], "big")
        self.head.clear()
        self.remaining, self.code, self.first = length, code, b""
        self.bytes += length
        if length == 0:
            self._end()

    def _end(self) -> None:
        if self.code == 2:
            self._frame()
        elif self.code == 9 and self.transport is not None:
            # a pong repeats the ping's payload, or the server takes the viewer for dead in the end
            self.transport.write(bytes([0x8A, 0x80 | len(self.first)]) + bytes(4) + self.first)

    def _frame(self) -> None:
        self.frames += 1
        found = WALL.search(self.first)
        if found:
            self.ages.append(time.time() - float(found.group(1)))


def run_viewers(port: int, opening: Opening, count: int, seconds: float, results: object) -> None:
    """Process: ``count`` viewers; puts (frames of each, bytes, ages, lost)."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        counters = []
        for _ in range(count):
            _, counter = await loop.create_connection(lambda: Counter(opening), "127.0.0.1", port)
            counters.append(counter)
            await asyncio.sleep(0.002)
        await asyncio.sleep(2.0)  # everyone has a first frame
        for counter in counters:
            counter.frames, counter.bytes, counter.ages = 0, 0, []
        began = time.monotonic()
        await asyncio.sleep(seconds)
        took = time.monotonic() - began
        ages = sorted(age for counter in counters for age in counter.ages)
        results.put(
            (  # type: ignore[attr-defined]
                [counter.frames / took for counter in counters],
                sum(counter.bytes for counter in counters) / took,
                ages[:: max(1, len(ages) // 20000)],
                sum(counter.lost for counter in counters),
            )
        )
        for counter in counters:
            if counter.transport is not None:
                counter.transport.abort()

    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()
    asyncio.run(run())


def connect_deaf(port: int, opening: Opening) -> socket.socket:
    """A viewer that never reads."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.sendall(opening[0])
    connection.recv(12)
    connection.sendall(opening[1])
    return connection


@dataclass
class Watch:
    """Samples a process's memory [MB] and processor time."""

    pid: int
    memory: list[float] = field(default_factory=list)
    running: bool = True

    def start(self) -> Watch:
        """Sample once a second on a thread."""
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def _run(self) -> None:
        while self.running:
            with contextlib.suppress(OSError, IndexError):
                self.memory.append(self.resident())
            time.sleep(1.0)

    def resident(self) -> float:
        """Resident memory [MB]."""
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def processor(self) -> float:
        """Seconds of processor time so far."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def start_server(arguments: argparse.Namespace) -> tuple[subprocess.Popen[str], int]:
    """``twin serve`` and its port."""
    command = [
        sys.executable, "-m", "twin.cli.main", "serve", arguments.layout, "--port", "0",
        "--speed", str(arguments.speed), "--viewers", "5000", "--log", "off",
    ]  # fmt: skip
    if arguments.scenario:
        command += ["--scenario", arguments.scenario]
    if arguments.state:
        command += ["--state", arguments.state]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r":(\d+) \(", line)
        if found:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, int(found.group(1))
    raise SystemExit(f"the server did not start: exit code {process.wait()}")


def figures(port: int) -> dict[str, float]:
    """Figures of /metrics of the first session."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as response:
        text = response.read().decode()
    return {
        line.split("{")[0]: float(line.split()[-1])
        for line in text.splitlines()
        if line.startswith("twin_") and not line.startswith(("twin_channel", "twin_kpi"))
    }


def soak(arguments: argparse.Namespace) -> dict[str, object]:
    """Run the load and return the report."""
    process, port = start_server(arguments)
    watch = Watch(process.pid).start()
    try:
        report = _load(arguments, port, watch)
    finally:
        watch.running = False
        began = time.monotonic()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
    report["shutdown_s"] = round(time.monotonic() - began, 2)
    return report


def _load(arguments: argparse.Namespace, port: int, watch: Watch) -> dict[str, object]:
    gpus = opening(port, {"channels": ["gpu.temperature", "gpu.power"], "rate": arguments.rate})
    racks = opening(port, {"channels": arguments.rack_channels, "rate": arguments.rate})
    deaf = [connect_deaf(port, gpus) for _ in range(arguments.deaf)]
    for _ in range(arguments.connects):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(racks[0])
        connection.recv(1000)
        connection.sendall(racks[1])
        connection.close()
    context = multiprocessing.get_context("spawn")
    results = {"gpu": context.Queue(), "rack": context.Queue()}
    workers = [
        context.Process(
            target=run_viewers, args=(port, first, count, arguments.seconds, results[name])
        )
        for name, first, count in (
            ("gpu", gpus, arguments.viewers),
            ("rack", racks, arguments.rack_viewers),
        )
        if count
    ]
    for worker in workers:
        worker.start()
    time.sleep(6.0)  # everyone is connected
    before, processor, clock = figures(port), watch.processor(), time.monotonic()
    seconds = max(arguments.seconds - 4.0, 1.0)
    settling = SETTLES if seconds > SETTLES else 0.0
    time.sleep(settling)
    settled = watch.resident()
    time.sleep(seconds - settling)
    after, spent = figures(port), watch.processor() - processor
    took = time.monotonic() - clock
    report: dict[str, object] = {
        "layout": arguments.layout,
        "seconds": arguments.seconds,
        "speed": arguments.speed,
        "server_cores": round(spent / took, 3),
        "memory_mb": [round(settled, 1), round(watch.resident(), 1)],
        "memory_peak_mb": round(max(watch.memory, default=settled), 1),
        "memory_each_minute_mb": [round(value, 1) for value in watch.memory[::60]],
        "simulated_speed": after["twin_session_speed"],
        "skipped_s": after["twin_session_skipped_seconds_total"],
        "encode_ms": round(
            1e3 * _ratio(before, after, "twin_encode_seconds_total", "twin_frames_encoded_total"), 3
        ),
        "mean_frame_kb": round(
            1e-3
            * _ratio(before, after, "twin_frame_encoded_bytes_total", "twin_frames_encoded_total"),
            1,
        ),
        "viewers_seen": after["twin_viewers"],
    }
    for name, queue in results.items():
        count = arguments.viewers if name == "gpu" else arguments.rack_viewers
        if not count:
            continue
        rates, traffic, ages, lost = queue.get(timeout=arguments.seconds + 120)
        report[name] = {
            "viewers": count,
            "lost": lost,
            "slowest_hz": round(min(rates), 2),
            "mean_hz": round(sum(rates) / len(rates), 2),
            "traffic_mb_s": round(traffic / 1e6, 1),
            "latency_ms": {
                f"p{share}": round(1e3 * ages[min(len(ages) - 1, len(ages) * share // 100)], 1)
                for share in (50, 90, 99)
            }
            if ages
            else {},
        }
    for worker in workers:
        worker.join(30)
    for connection in deaf:
        connection.close()
    return report


def _ratio(before: dict[str, float], after: dict[str, float], over: str, under: str) -> float:
    count = after[under] - before[under]
    return (after[over] - before[over]) / count if count else 0.0


def problems(report: dict[str, object], rate: float, growth: float) -> list[str]:
    """What is not as it should be."""
    found = []
    for name in ("gpu", "rack"):
        viewers = report.get(name)
        if isinstance(viewers, dict):
            if viewers["lost"]:
                found.append(f"{viewers['lost']} {name} viewers were disconnected")
            if viewers["slowest_hz"] < 0.8 * rate:
                found.append(f"a {name} viewer got {viewers['slowest_hz']} of {rate} frames/s")
    memory = report["memory_mb"]
    assert isinstance(memory, list)
    if memory[1] - memory[0] > growth:
        found.append(f"memory grew from {memory[0]} to {memory[1]} MB")
    shutdown = report["shutdown_s"]
    assert isinstance(shutdown, float)
    if shutdown > 5.0:
        found.append(f"the server took {shutdown} s to end")
    return found


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--layout", default="pilot")
    parser.add_argument("--scenario")
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=10.0)
    parser.add_argument("--viewers", type=int, default=10, help="all accelerators' values")
    parser.add_argument("--rack-viewers", type=int, default=20, help="all channels of racks")
    parser.add_argument("--rack-channels", nargs="+", default=["rack.temperature", "rack.power"])
    parser.add_argument("--deaf", type=int, default=5, help="viewers that never read")
    parser.add_argument("--connects", type=int, default=0, help="viewers that come and go first")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--growth", type=float, default=50.0, help="MB memory may grow by")
    parser.add_argument("--state", help="record here as well")
    parser.add_argument("--check", action="store_true", help="exit code 1 when something is wrong")
    arguments = parser.parse_args()
    report = soak(arguments)
    found = problems(report, arguments.rate, arguments.growth)
    print(json.dumps({**report, "problems": found}, indent=1))
    return 1 if arguments.check and found else 0


if __name__ == "__main__":
    sys.exit(main())
