"""Hunts for input that ends in a traceback, a hang, too much memory or books that do not close.

    python tests/fuzz/hunt.py --cases 20000 --workers 2 --first 0 -o findings.jsonl

Every case is a seed; ``--seed N`` shows one again, with its files, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LONGEST_CPU = 20.0  # s of processor time for one case
LONGEST_WALL = 120.0  # s, on a machine that others use too
LARGEST_MEMORY = 2 * 2**30  # bytes resident
CASES_PER_PROCESS = 400
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Worker:
    """A process that runs cases, watched from here."""

    def __init__(self, material: list[str]):
        self.material = material
        self.process: subprocess.Popen[str] | None = None
        self.done = 0

    def run(self, seed: int) -> dict[str, Any]:
        """The verdict on a seed; a process that hangs or grows is ended and replaced."""
        if self.process is None or self.done >= CASES_PER_PROCESS:
            self.end()
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "worker.py"), *self.material],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
            self.done = 0
        process = self.process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{seed}\n")
        process.stdin.flush()
        began, worked = time.monotonic(), _processor_time(process.pid)
        self.done += 1
        while True:
            ready, _, _ = select.select([process.stdout], [], [], 0.05)
            if ready:
                line = process.stdout.readline()
                if line:
                    return dict(json.loads(line))
                return self._ended(seed, f"the process ended with {process.wait()}")
            try:
                cpu = _processor_time(process.pid) - worked
                memory = _memory(process.pid)
            except OSError:
                continue
            if memory > LARGEST_MEMORY:
                return self._ended(seed, f"memory: {memory / 2**30:.1f} GiB")
            if cpu > LONGEST_CPU or time.monotonic() - began > LONGEST_WALL:
                return self._ended(seed, f"hang: {cpu:.0f} s of processor time")

    def _ended(self, seed: int, why: str) -> dict[str, Any]:
        self.end()
        return {
            "seed": seed,
            "verdict": why.split(":")[0],
            "detail": why,
            "family": "?",
            "code": None,
        }

    def end(self) -> None:
        """Kill the process and wait for it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def _processor_time(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def prepared(folder: Path) -> list[str]:
    """A recording and a stage to damage; returns their paths."""
    for arguments in (
        [
            "run",
            "pilot",
            "--scenario",
            "cdu-trip",
            "--for",
            "20s",
            "--every",
            "1s",
            "--record",
            "good.zarr",
        ],
        ["export", "pilot", "-o", "good.usda"],
    ):
        subprocess.run(
            [sys.executable, "-m", "twin.cli.main", *arguments],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return [str(folder / "good.zarr"), str(folder / "good.usda")]


def hunt(seeds: range, workers: int) -> Iterator[dict[str, Any]]:
    """Verdicts on seeds, as they come."""
    todo: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    for seed in seeds:
        todo.put(seed)
    with tempfile.TemporaryDirectory() as name:
        material = prepared(Path(name))

        def work() -> None:
            worker = Worker(material)
            try:
                while (seed := todo.get()) is not None:
                    answers.put(worker.run(seed))
            finally:
                worker.end()
                answers.put(None)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
        for thread in threads:
            todo.put(None)
            thread.start()
        running = workers
        while running:
            answer = answers.get()
            if answer is None:
                running -= 1
            else:
                yield answer


def show(seed: int) -> None:
    """One case in a process of its own: its files are left in ``fuzz-SEED`` for a closer look."""
    from cases import Material, lay_out, make_case

    with tempfile.TemporaryDirectory() as name:
        material = Material(*map(Path, prepared(Path(name))))
        case = make_case(seed, material)
        folder = Path(f"fuzz-{seed}")
        folder.mkdir()
        lay_out(case, folder, material)
        print(f"cd {folder}; twin", " ".join(map(repr, case.arguments)))
        done = subprocess.run(
            [sys.executable, "-m", "twin.cli.main", *case.arguments], cwd=folder, check=False
        )
        print("exit code", done.returncode)


def main() -> int:
    """Command line; 1 when something was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="show this one case")
    parser.add_argument("-o", "--output", type=Path, help="findings, one JSON object a line")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        show(arguments.seed)
        return 0
    seeds = range(arguments.first, arguments.first + arguments.cases)
    verdicts: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    began = time.monotonic()
    with (arguments.output or Path(os.devnull)).open("w") as file:
        for number, answer in enumerate(hunt(seeds, arguments.workers), start=1):
            verdicts[answer["verdict"]] += 1
            codes[f"{answer['family']} {answer['code']}"] += 1
            if answer["verdict"] != "fine":
                file.write(json.dumps(answer) + "\n")
                file.flush()
            if number % 500 == 0 or number == len(seeds):
                rate = number / (time.monotonic() - began)
                print(f"{number} cases, {rate:.1f} a second: {dict(verdicts)}", flush=True)
    for name, count in sorted(codes.items()):
        print(f"{count:7d}  {name}")
    return 0 if set(verdicts) <= {"fine"} else 1


if __name__ == "__main__":
    sys.exit(main())
