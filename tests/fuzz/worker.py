"""Runs fuzzed cases one after the other in this process and says what came of each.

Reads one seed a line from standard input and answers one JSON object a line. One process for many
cases spares the imports; whoever drives it watches the time and the memory of each.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from cases import Case, Material, lay_out, make_case

INTERNAL = 70  # exit code of a fault of our own
EXPECTED_CODES = (0, 1, 2, 3)
LARGEST_RESIDUAL = 1e-6  # of the throughput, that every run keeps


def main() -> None:
    """Serve seeds until standard input ends."""
    material = Material(Path(sys.argv[1]), Path(sys.argv[2]))
    _build_the_command_line_once()
    answers = os.fdopen(os.dup(1), "w")
    home = Path.cwd()
    for line in sys.stdin:
        seed = int(line)
        case = make_case(seed, material)
        with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
            lay_out(case, Path(name), material)
            os.chdir(name)
            verdict = run(case)
            os.chdir(home)
        answers.write(json.dumps({"seed": seed, "family": case.family, **verdict}) + "\n")
        answers.flush()


def _build_the_command_line_once() -> None:
    """Reading the signatures of all commands takes longer than most cases."""
    import typer

    from twin.cli import commands

    group: Any = typer.main.get_command(commands.application())
    commands.application = lambda: group


def run(case: Case) -> dict[str, Any]:
    """Call ``twin`` with the case's arguments in the present folder."""
    from twin.cli import main as command_line

    sys.argv = ["twin", *case.arguments]
    kept = [os.dup(1), os.dup(2)]
    code: Any = 0
    fault = ""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(out.fileno(), 1)
        os.dup2(error.fileno(), 2)
        try:
            command_line.main()
        except SystemExit as ended:
            code = ended.code
        except BaseException:  # whatever a user would see as a traceback
            code, fault = -1, traceback.format_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        for number, old in zip((1, 2), kept, strict=True):
            os.dup2(old, number)
            os.close(old)
        texts = []
        for file in (out, error):
            file.seek(0)
            texts.append(file.read(2_000_000).decode("utf-8", "replace"))
    verdict, detail = judged(case, code, texts[0], texts[1] + fault)
    return {"code": code, "verdict": verdict, "detail": detail, "arguments": case.arguments}


def judged(case: Case, code: Any, out: str, error: str) -> tuple[str, str]:
    """``fine``, or what is wrong, and the lines that show it."""
    if code is None:
        code = 0
    if "Traceback (most recent call last)" in error or code in (-1, INTERNAL):
        return "traceback", error[-3000:]
    if code not in EXPECTED_CODES:
        return "exit code", f"{code}: {error[-500:]}"
    if code == 2 and not (error.strip() or out.strip()):
        return "refused without a word", ""
    if code in (0, 1) and "--json" in case.arguments and out.strip():
        return _figures(out)
    return "fine", error[:300] if code else ""


def _figures(out: str) -> tuple[str, str]:
    """Whether JSON holds only numbers, and whether the energy books are closed."""

    def refuse(word: str) -> None:
        raise ValueError(f"holds {word}")

    try:
        data = json.loads(out, parse_constant=refuse)
    except ValueError as error:
        return "not JSON", f"{error}: {out[-300:]}"
    residual = data.get("energy_residual") if isinstance(data, dict) else None
    if isinstance(residual, int | float) and abs(residual) > LARGEST_RESIDUAL:
        return "energy residual", f"{residual:g}"
    return "fine", ""


if __name__ == "__main__":
    main()
