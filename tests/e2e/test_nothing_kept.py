"""Where no cache can be written a run ends in the same bits, and says what it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twin.cli.main", "run", "pilot", "--for", "5min", "--json"],
        env=os.environ | environment, capture_output=True, text=True, check=True, timeout=1800,
    )  # fmt: skip


@pytest.mark.slow
def test_without_a_cache_a_run_ends_in_the_same_bits_and_says_so_once() -> None:
    bare = run(HOME="/proc/nobody", XDG_CACHE_HOME="/proc/nobody", NUMBA_CACHE_DIR="")
    kept = run()
    assert json.loads(bare.stdout)["digest"] == json.loads(kept.stdout)["digest"]
    assert bare.stderr.count("compiled code is not kept") == 1
    assert "later runs start at once" not in bare.stderr
    assert not kept.stderr or "compiling" in kept.stderr
