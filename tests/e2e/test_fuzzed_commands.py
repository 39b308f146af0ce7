"""A sample of the fuzzed commands: no traceback, no hang, bounded memory, books that close.

``python tests/fuzz/hunt.py`` runs as many as one likes; what it finds is tested where it is mended.
"""

from __future__ import annotations

import sys
from pathlib import Path

FUZZ = Path(__file__).parent.parent / "fuzz"
SEEDS = range(1_000_000, 1_000_100)  # others than a hunt begins with


def test_a_hundred_fuzzed_commands_end_well(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(FUZZ))
    for name in ("hunt", "cases", "documents", "values", "worker"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from hunt import hunt

    answers = list(hunt(SEEDS, 1))
    assert len(answers) == len(SEEDS)
    assert len({answer["family"] for answer in answers}) > 8
    assert {answer["code"] for answer in answers} >= {0, 2}  # some run, some are refused
    assert [answer for answer in answers if answer["verdict"] != "fine"] == []
