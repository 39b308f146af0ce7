"""The door for data from outside: what a damaged or foreign file leads to is one message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin.errors import InputError, TwinError
from twin.failures import reason_of


@contextmanager
def reading(file: str | Path, what: str) -> Iterator[None]:
    """Turn whatever reading a file raises into one message.

    what : the file's kind, such as "recording"

    Raises
    ------
    InputError : the file cannot be read, or holds what it should not
    """
    try:
        yield
    except TwinError:
        raise
    except OSError as error:
        raise InputError(f"{what} cannot be read: {error.strerror or error}", file) from None
    except MemoryError:
        raise InputError(f"{what} is damaged: it asks for too much memory", file) from None
    except Exception as error:
        raise InputError(f"{what} is damaged: {reason_of(error)}", file) from None
