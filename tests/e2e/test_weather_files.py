"""Weather files as people give them on the command line: what is noted, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from live_server import twin

HEADER = (
    "LOCATION,Chicago,IL,USA,test,1,41.98,-87.92,-6.0,201.0", "DESIGN CONDITIONS,0",
    "TYPICAL/EXTREME PERIODS,0", "GROUND TEMPERATURES,0", "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
    "COMMENTS 1,", "COMMENTS 2,", "DATA PERIODS,1,1,Data,Sunday, 8/ 1, 8/ 1",
)  # fmt: skip


@pytest.fixture
def august(tmp_path: Path) -> Path:
    """1 August in Chicago; every record says its hour."""
    rows = [
        ",".join(map(str, (2026, 8, 1, hour, 60, "?", float(hour), 0, 50, 99_000, *[0] * 25)))
        for hour in range(1, 25)
    ]
    file = tmp_path / "august.epw"
    file.write_text("\n".join([*HEADER, *rows]) + "\n", encoding="utf-8")
    return file


def test_another_place_is_noted_beside_the_json(august: Path) -> None:
    code, out, error = twin("run", "pilot", "--for", "10s", "--weather", str(august), "--json")
    assert code == 0
    assert json.loads(out)["simulated_s"] == 10.0
    assert "note: /pilot: august.epw is of Chicago (41.98 N, 87.92 W, 201 m), 10,489 km" in error
    code, out, error = twin("solve", "pilot", "--weather", str(august), "--json")
    assert code == 0
    assert json.loads(out)["site"]["/pilot"]["dry_bulb_temperature"] == 14.0
    assert "note: /pilot: august.epw is of Chicago" in error


def test_a_run_beyond_the_file_is_refused_before_it_begins(august: Path, tmp_path: Path) -> None:
    record = tmp_path / "out.zarr"
    code, _, error = twin(
        "run", "pilot", "--for", "11h", "--weather", str(august), "--record", str(record)
    )
    assert code == 2
    assert "a run from 2026-08-01 14:00 to 2026-08-02 01:00" in error
    assert "within 1 August 0:00 to 1 August 24:00" in error
    assert not record.exists()
