"""JSON with a checksum of its own, so that a changed byte is found: whole files and single lines.

A sealed object begins with ``"checksum"``: CRC-32C, in hexadecimal, of the name it goes by and of
what follows. The name keeps files from being taken for one another.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import google_crc32c

from twin.errors import InputError
from twin.failures import reason_of

_HEAD, _BODY = b'{"checksum": "', b'", '
_DIGITS = 8
UNSEALED = "0" * _DIGITS


def checksum(data: bytes) -> str:
    """CRC-32C of bytes, eight hexadecimal digits."""
    return f"{google_crc32c.value(data):0{_DIGITS}x}"


def seal(data: dict[str, Any], name: str) -> str:
    """A mapping (not empty) as sealed JSON in one line."""
    body = json.dumps(data)[1:]
    return f'{_HEAD.decode()}{checksum(name.encode() + body.encode())}", {body}'


def unseal(raw: bytes, name: str, *, required: bool = False) -> dict[str, Any]:
    """A mapping from JSON, sealed or (of earlier versions) not.

    Raises
    ------
    ValueError : no JSON object, a wrong checksum, or none where one is required
    """
    start = len(_HEAD) + _DIGITS + len(_BODY)
    if raw.startswith(_HEAD) and raw[len(_HEAD) + _DIGITS : start] == _BODY:
        found = raw[len(_HEAD) : len(_HEAD) + _DIGITS].decode("ascii", "replace")
        body = raw[start:].rstrip(b"\r\n")
        if checksum(name.encode() + body) != found:
            raise ValueError("its checksum does not fit, so something in it has changed")
        raw = b"{" + body
    elif required:
        raise ValueError("its checksum is missing")
    data = json.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("is not a JSON object")
    return data


def read_sealed(file: Path, *, required: bool = False) -> dict[str, Any]:
    """A sealed JSON file; one of an earlier version without checksum unless it is required.

    Raises
    ------
    InputError : missing or damaged
    """
    try:
        return unseal(file.read_bytes(), file.name, required=required)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"is damaged: {reason_of(error)}", file) from None
