"""Standard input, output and error as the commands expect them, whatever they were started with."""

from __future__ import annotations

import codecs
import io
import os
import sys

PLAIN = {
    "°": "deg", "µ": "u", "²": "2", "³": "3", "±": "+-", "√": "sqrt ", "\u00d7": "x", "\u2013": "-",
    "…": "...", "→": "->", "←": "<-", "≤": "<=", "≥": ">=",
}  # fmt: skip
"""What is written where the terminal's encoding lacks a sign; others appear by their code."""


def prepare_streams() -> None:
    """Open what is closed, and let no sign fail that the terminal's encoding does not have.

    A descriptor that is closed would be given to the next file that is opened, and what is printed
    would end up there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            _open_nothing(number)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for size in ("COLUMNS", "LINES"):
        if os.environ.get(size, "").strip("0") == "":
            os.environ.pop(size, None)  # a terminal that does not know its size; tables need some
    codecs.register_error("twin.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="twin.plain")


def _open_nothing(number: int) -> None:
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    os.set_inheritable(number, True)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Error handler of an encoding: a sign as plain letters, or as its code."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(
        PLAIN.get(letter, letter.encode("ascii", "backslashreplace").decode()) for letter in text
    ), error.end
