"""The door for errors: one message for what a user can mend, a report for mistakes of ours."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from twin.cli import commands, main
from twin.errors import InputError, NumericalError
from twin.failures import mendable, reason_of
from twin.foreign_data import reading


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the command that the command line carries out raise an error."""

    def application() -> Any:
        def command() -> None:
            raise error

        return command

    monkeypatch.setattr(commands, "application", application)


def decode_error() -> Exception:
    try:
        b"\xff".decode()
    except UnicodeDecodeError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputError("wrong", "a.yaml", 3), 2, "twin: a.yaml:3: wrong"),
        (NumericalError("/hall: too hot"), 3, "twin: /hall: too hot"),
        (
            FileNotFoundError(2, "No such file or directory", "x.csv"),
            2,
            "twin: x.csv: No such file",
        ),
        (OSError(28, "No space left on device"), 2, "twin: standard output: No space left"),
        (MemoryError(), 3, "twin: not enough memory"),
        (RecursionError(), 2, "nested too deeply"),
        (decode_error(), 2, "is damaged: not UTF-8 text (byte 0xFF)"),
        (json.JSONDecodeError("Expecting value", "", 0), 2, "is damaged: Expecting value"),
        (KeyboardInterrupt(), 130, "twin: interrupted"),
        (BrokenPipeError(32, "Broken pipe"), 141, ""),
    ],
)
def test_what_a_user_can_mend_is_one_message(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    words: str,
) -> None:
    monkeypatch.setattr(main, "_drop_output", lambda: None)
    raising(monkeypatch, error)
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert "internal" not in said


def test_a_mistake_of_ours_says_so_and_can_be_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["twin", "run", "pilot"])
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 70
    said = capsys.readouterr().err
    assert said.startswith("twin: internal error: ZeroDivisionError: division by zero\n")
    assert "Traceback" not in said
    (report,) = tmp_path.iterdir()
    assert str(report) in said
    text = report.read_text()
    assert "arguments: ['run', 'pilot']" in text
    assert "Traceback (most recent call last)" in text


def test_where_no_report_can_be_written_it_still_says_what_happened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(SystemExit):
        main.main()
    assert "TWIN_DEBUG=1" in capsys.readouterr().err


def test_the_traceback_is_shown_when_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    raising(monkeypatch, ZeroDivisionError("division by zero"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TWIN_DEBUG", "1")
    with pytest.raises(SystemExit):
        main.main()
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_closed_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "application", lambda: lambda: sys.exit(0))
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("time"), "'time' is missing"),
        (ValueError("wrong\n  in detail"), "wrong"),
        (ValueError(), "ValueError"),
        (ValueError("x" * 1000), "x" * 297 + "..."),
    ],
)
def test_reasons_are_one_line(error: Exception, said: str) -> None:
    assert reason_of(error) == said


@pytest.mark.parametrize("error", [KeyError("a"), IndexError(), OverflowError(), MemoryError()])
def test_whatever_reading_raises_names_the_file(error: Exception) -> None:
    damaged = pytest.raises(InputError, match=r"^x\.zarr: recording is damaged")
    with damaged, reading("x.zarr", "recording"):
        raise error


def test_errors_of_libraries_that_read_are_about_what_they_read() -> None:
    import zarr.errors

    assert "damaged" in str(mendable(zarr.errors.MetadataValidationError("wrong")))
    assert mendable(ZeroDivisionError()) is None
