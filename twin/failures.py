"""What is said of errors: a message for what a user can mend, a way to report mistakes of ours."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import traceback
import zipfile
from pathlib import Path

from twin.errors import InputError, TwinError

INTERNAL = 70
"""Exit code of a mistake in the twin itself (EX_SOFTWARE of sysexits.h)."""
DEBUG = "TWIN_DEBUG"
"""Environment variable that shows tracebacks."""
LIBRARIES = ("zarr", "numcodecs", "xarray", "pyarrow", "yaml", "msgspec", "duckdb", "pxr")
"""Libraries that read data from outside; an error of theirs is about that data."""
LONGEST = 300  # characters of a reason


class OutOfMemory(TwinError):
    """The machine has not enough memory for what was asked."""

    exit_code = 3


def reason_of(error: BaseException) -> str:
    """What an error says, in one line."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text (byte 0x{error.object[error.start]:02X})"
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing" if error.args else "something is missing"
    if "checksum do not match" in str(error):  # of the codec crc32c
        return "its checksum does not fit, so something in it has changed"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def mendable(error: BaseException) -> TwinError | None:
    """What a user or the machine has to mend of an error; None for a mistake of the twin's own."""
    if isinstance(error, TwinError):
        return error
    if isinstance(error, OSError):
        said = error.strerror or reason_of(error)
        if error.filename is None:
            return TwinError(said)
        return InputError(said, str(error.filename))
    if isinstance(error, MemoryError):
        return OutOfMemory("not enough memory for what was asked")
    if isinstance(error, RecursionError):
        return TwinError("what was read is nested too deeply")
    if isinstance(error, UnicodeEncodeError):
        return TwinError(
            f"the output takes only {error.encoding} text; PYTHONIOENCODING=utf-8 lets it take all"
        )
    if isinstance(error, UnicodeDecodeError | json.JSONDecodeError | zipfile.BadZipFile):
        return TwinError(f"a file that was read is damaged: {reason_of(error)}")
    if type(error).__module__.partition(".")[0] in LIBRARIES:
        return TwinError(f"a file that was read is damaged: {reason_of(error)}")
    return None


def internal(error: Exception) -> str:
    """What to say of a mistake of the twin's own; its traceback goes into a file."""
    text = (
        f"internal error: {type(error).__name__}: {reason_of(error)}\n"
        "  this is a mistake in the twin, not in your input"
    )
    try:
        file = _kept(error)
    except OSError:
        return f"{text}; {DEBUG}=1 in the environment shows where"
    return f"{text}; please report it with {file}"


def _kept(error: Exception) -> Path:
    """Write down what is needed to find the mistake. Raises OSError."""
    from twin import __version__

    handle, name = tempfile.mkstemp(prefix="twin-error-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
        file.write(
            f"twin {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        )
        file.write(f"arguments: {sys.argv[1:]}\n\n")
        file.write("".join(traceback.format_exception(error)))
    return Path(name)
