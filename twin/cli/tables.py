"""Tables for people: no figure and no name is ever cut, in a narrow terminal or in a pipe."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

UNBOUNDED = 100_000
"""Columns of what is no terminal: nobody reads a pipe through a window."""


def console() -> Console:
    """Standard output: as wide as its terminal, and without bound where it is none."""
    from rich.console import Console

    made = Console(highlight=False, markup=False)
    if not made.is_terminal:
        made = Console(highlight=False, markup=False, width=UNBOUNDED)
    return made


def show_table(
    rows: Sequence[Sequence[str]],
    headings: Sequence[str] = (),
    title: str = "",
    *,
    right: Collection[int] = (),
    prose: Collection[int] = (),
    plain: bool = False,
) -> None:
    """Print rows as a table, or one value a line where the terminal is too narrow for it.

    rows, headings : text of the cells, taken as it stands; without headings there is no head
    right, prose : columns set flush right; columns of sentences, which may take several lines
    plain : without a frame
    """
    from rich.box import HEAVY_HEAD, SIMPLE
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(
        title=Text(title, style="table.title") if title else None,
        box=SIMPLE if plain else HEAVY_HEAD,
        pad_edge=not plain,
        show_header=bool(headings),
    )
    count = len(headings) or max((len(row) for row in rows), default=0)
    for k in range(count):
        table.add_column(
            Text(headings[k]) if headings else "",
            justify="right" if k in right else "left",
            no_wrap=k not in prose,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if _least_width(rows, headings, count, prose) <= out.width:
        out.print(table)
        return
    if title:
        out.print(Text(title), soft_wrap=True)
    for row in rows:
        if not headings and len(row) == 2:
            out.print(Text(f"{row[0]}: {row[1]}"), soft_wrap=True)
            continue
        first = f"{headings[0]}: " if headings and headings[0] else ""
        out.print(Text(f"{first}{row[0]}"), soft_wrap=True)
        for k, cell in enumerate(row[1:], start=1):
            name = f"{headings[k]}: " if headings and headings[k] else ""
            out.print(Text(f"  {name}{' '.join(cell.splitlines())}"), soft_wrap=True)


def _least_width(
    rows: Sequence[Sequence[str]], headings: Sequence[str], count: int, prose: Collection[int]
) -> int:
    """Columns of the terminal in which a table stands without a word that is broken."""
    from rich.cells import cell_len

    total = 1
    for k in range(count):
        cells = [row[k] for row in rows if k < len(row)] + ([headings[k]] if headings else [])
        parts = [part for cell in cells for part in (cell.split() if k in prose else
                                                     cell.splitlines())]  # fmt: skip
        total += max((cell_len(part) for part in parts), default=0) + 3
    return total


def told(value: float, form: str) -> str:
    """A figure for people; a dash where there is none."""
    return form.format(value) if math.isfinite(value) else "-"
