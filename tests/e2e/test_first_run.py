"""The first run on a machine ends in the same bits as all later ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(cache: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twin.cli.main", "run", "pilot", "--for", "5min", *options],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)}, capture_output=True, text=True,
        check=True, timeout=600,
    )  # fmt: skip


@pytest.mark.slow
def test_the_first_run_ends_in_the_same_bits_as_later_ones(tmp_path: Path) -> None:
    first, second = (json.loads(run(tmp_path, "--json").stdout)["digest"] for _ in range(2))
    assert first == second
    assert "compiling" not in run(tmp_path).stderr
