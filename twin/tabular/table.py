"""A table and its columns, which know the file and line that every cell came from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError

Lines = NDArray[np.int64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Column:
    """Cells of one column.

    Attributes
    ----------
    file, name : where they stand; the name as the file has it
    cells : pandas series: text where the file is text, other types where it is not
    lines : line of every cell in the file (in binary files: number of the row, from 1)
    semicolons : whether semicolons part the cells, as where commas are decimal points
    """

    file: Path
    name: str
    cells: Any
    lines: Lines
    semicolons: bool = False

    def __len__(self) -> int:
        return len(self.lines)

    def where(self, rows: Rows) -> Column:
        """The cells of some rows."""
        return replace(self, cells=self.cells[rows], lines=self.lines[rows])

    def error(self, message: str, row: int | None = None, allowed: str = "") -> InputError:
        """A message about the column, or about the cell of a row of it."""
        if row is None:
            return InputError(message, self.file, key=self.name, allowed=allowed)
        found = repr(str(self.cells.iloc[row]))[:80]
        return InputError(message, self.file, int(self.lines[row]), self.name, found, allowed)

    @cached_property
    def texts(self) -> Any:
        """The cells as text (a pandas series), without blanks around; what is none is empty."""
        import pandas

        if pandas.api.types.infer_dtype(self.cells, skipna=False) == "string":
            return self.cells.str.strip()
        if pandas.api.types.is_float_dtype(self.cells.dtype):
            return self.cells.map(lambda value: "" if value != value else repr(float(value)))
        return self.cells.astype(object).map(_text)


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return str(value).strip()


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a file by the names they were asked for.

    Attributes
    ----------
    file : where it was read from
    names : all names in the file
    """

    file: Path
    names: tuple[str, ...]
    frame: Any
    lines: Lines
    found: dict[str, str]
    semicolons: bool = False

    def __len__(self) -> int:
        return len(self.lines)

    def __contains__(self, name: str) -> bool:
        return name in self.found

    def __getitem__(self, name: str) -> Column:
        return self.named(self.found[name])

    def named(self, name: str) -> Column:
        """A column by its name in the file."""
        return Column(self.file, name, self.frame[name], self.lines, self.semicolons)


def clean_name(name: Any) -> str:
    """A column's name without blanks, quotes and marks of byte order around it."""
    return str(name).replace("\u00a0", " ").strip().strip("\ufeff\"'").strip()


def split_unit(name: str) -> tuple[str, str]:
    """A column's name and the unit that stands behind it in brackets: ``power [W]``."""
    found = re.fullmatch(r"(.*\S)\s*[\[(]\s*([^\[\]()]+?)\s*[\])]", name)
    return (found[1], found[2]) if found else (name, "")


def find_name(wanted: str, names: Sequence[str]) -> str | None:
    """The column that is meant: by name, else the only one that differs by case or by its unit."""
    wanted = clean_name(wanted)
    if wanted in names:
        return wanted
    for form in (str.casefold, lambda name: split_unit(name)[0].casefold()):
        same = [name for name in names if form(name) == wanted.casefold()]
        if len(same) == 1:
            return same[0]
        if same:
            return None
    return None
