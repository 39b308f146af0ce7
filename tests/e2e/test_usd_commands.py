"""``twin export``, ``import`` and ``simready`` as a user types them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from twin.layout.loader import load_layout

pytest.importorskip("pxr")


def twin(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    done = subprocess.run(
        [sys.executable, "-m", "twin.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_layout_to_stage_and_back(tmp_path: Path) -> None:
    stage, back = tmp_path / "site.usdz", tmp_path / "back.yaml"
    code, out, error = twin("export", "pilot", "-o", stage)
    assert (code, error) == (0, "")
    assert "576 accelerators" in out
    code, out, error = twin("import", stage, "-o", back)
    assert (code, error) == (0, "")
    assert "as it was exported" in out
    assert load_layout(back).digest == load_layout("pilot").digest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "pilot", "-o", "{tmp}/x.obj"), "unknown kind of file"),
        (("export", "pilot", "-o", "{tmp}/x.glb", "--recording", "r.zarr"), "USD stage only"),
        (("export", "pilot", "-o", "{tmp}/x.usd", "--form", "round"), "unknown form"),
        (("export", "no-such", "-o", "{tmp}/x.usd"), "layout not found"),
        (("import", "{tmp}/none.usd", "-o", "{tmp}/x.yaml"), "stage not found"),
        (("import", "{tmp}/bad.usda", "-o", "{tmp}/x.yaml"), "not a readable USD file"),
        (("simready", "-o", "{tmp}/a", "--product", "generic-pump-60"), "profile covers"),
        (("simready", "-o", "{tmp}/a", "--voltage", "480 bananas"), "unknown unit"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "bad.usda").write_text("#usda 1.0\ndef {")
    code, out, error = twin(*(part.replace("{tmp}", str(tmp_path)) for part in arguments))
    assert code == 2
    assert message in error
    assert "Traceback" not in error
    assert out == ""


def test_simready_assets_are_validated(tmp_path: Path) -> None:
    pytest.importorskip("simready.validate")
    code, out, _ = twin("simready", "-o", tmp_path, "--product", "generic-ups-1250", "--validate")
    assert code == 0
    assert "passes AIF-Entity 0.2.0" in out
    assert (
        tmp_path / "generic_ups_1250" / "usd" / ".thumbs" / "256x256" / "generic_ups_1250.usda.png"
    ).stat().st_size > 1000
