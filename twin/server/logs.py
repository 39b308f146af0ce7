"""Logs of the server: one line of JSON or of text each, without tokens.

Foreign text cannot forge lines or move a terminal's cursor: control characters are shown escaped.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Literal

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}
# their lines about connections hold whole addresses
_LIBRARIES = ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "asyncio")


class JsonLines(logging.Formatter):
    """Time, level, logger, message, and whatever was given as ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        row = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        row |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            row["exception"] = self.formatException(record.exc_info)
        return json.dumps(row, default=str)


class TextLines(logging.Formatter):
    """The same for people."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback of an exception below it, indented."""
        extra = " ".join(
            f"{key}={value}" for key, value in vars(record).items() if key not in _STANDARD
        )
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        message = plain(f"{record.getMessage().rstrip()} {extra}".rstrip())
        text = f"{clock} {record.levelname.lower():7} {message}"
        if record.exc_info:
            for line in self.formatException(record.exc_info).splitlines():
                text += "\n    " + plain(line)
        return text


def plain(text: str) -> str:
    """Text on one line; what is not printable is escaped."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def set_up_logs(style: Literal["text", "json", "off"], level: str = "info") -> None:
    """Log to standard error, or not. Requests and addresses with their queries are not logged."""
    handler: logging.Handler = logging.NullHandler()
    if style != "off":
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines() if style == "json" else TextLines())
    root = logging.getLogger("twin")
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    root.propagate = False
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING)
        logger.propagate = False
