"""Numbers as people write them: plain ASCII digits, so that every reader sees the same value.

A comma is taken only as a grouping in threes before a decimal point (``1,234.5``): ``1,2`` and
``1,200`` mean different things to different people. An underscore may stand between digits.
"""

from __future__ import annotations

import math
import re

_PLAIN = re.compile(r"[-+]?(\d+(_\d+)*(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)([eE][-+]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}(,\d{3})+\.\d+([eE][-+]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d+(_\d+)*", re.ASCII)
_NOT_FINITE = {"inf", "infinity", "nan"}
MOST_DIGITS = 400
"""Longest text taken for a number; Python refuses to convert much longer ones."""


def number(text: str, unit: str = "") -> float:
    """Value of a decimal number.

    Parameters
    ----------
    text : the number alone
    unit : stands behind the spellings that a refusal proposes

    Raises
    ------
    ValueError : anything else; says why, and how to write it where that can be guessed
    """
    text = text.strip()
    if len(text) <= MOST_DIGITS and (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        value = float(text.replace(",", ""))
        if math.isfinite(value):
            return value
        raise ValueError("is not finite")
    raise ValueError(_reason(text, unit))


def whole_number(text: str) -> int:
    """Value of a whole number; raises ValueError as :func:`number` does."""
    text = text.strip()
    if len(text) <= MOST_DIGITS and _WHOLE.fullmatch(text):
        return int(text)
    number(text)
    raise ValueError("is not a whole number")


def _reason(text: str, unit: str) -> str:
    """Why a text is no number."""
    if text.lstrip("+-").lower() in _NOT_FINITE:
        return "is not finite"
    if any(sign.isdecimal() and not sign.isascii() for sign in text):
        return "has digits other than 0 to 9"
    if any(sign in "\u2212\u2010\u2011\u2012\u2013\u2014\uff0d" for sign in text):
        return "has a dash where the minus sign '-' belongs"
    if "," in text:
        return _about_comma(text, unit)
    if "_" in text and _PLAIN.fullmatch(text.replace("_", "")):
        return "has an underscore that is not between two digits"
    if re.fullmatch(r"[-+]?0[xXoObB]\w+", text):
        return "is not a decimal number"
    return "is not a number"


def _about_comma(text: str, unit: str) -> str:
    """What may have been meant by a number with commas."""
    if "." in text and text.rindex(".") < text.rindex(","):  # 1.234,5
        meant = [text.replace(".", "").replace(",", ".")]
    else:
        meant = [text.replace(",", ".", 1)] if text.count(",") == 1 else []
        meant.append(text.replace(",", ""))
    written = [f"'{f'{way} {unit}'.strip()}'" for way in meant if _PLAIN.fullmatch(way)]
    lead = f"; write {' or '.join(written)}" if written else ""
    return f"has a comma, which may divide thousands or decimals{lead}"
