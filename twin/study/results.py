"""Results of a study on disk: a journal that survives kill -9, and a Parquet table of it.

Every answer is a line of the journal before the next one is waited for. A study that is started
again goes on with the points the journal lacks; a line cut by a kill is computed again.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from twin.errors import InputError
from twin.extras import need
from twin.study.columns import Column
from twin.study.evaluate import Answer
from twin.study.spec import Quantity
from twin.whole_files import file_beside, make_folder, write_file

JOURNAL, TABLE, ABOUT = "journal.jsonl", "results.parquet", "study.json"
OWN_COLUMNS = ("point", "error", "wall_s")


class Results:
    """Results of one study in a folder; use as a context manager.

    Parameters
    ----------
    folder : made when it is missing
    digest : of everything that decides the points and their answers
    fresh : forget what is there

    Raises
    ------
    InputError : the folder holds another study's results
    """

    def __init__(self, folder: Path, digest: str, fresh: bool = False):
        self.folder = folder
        self.answers: dict[int, Answer] = {}
        made = not folder.exists()
        try:
            make_folder(folder)
            self._check(digest, fresh)
            self._read()
            self._file: IO[str] = (folder / JOURNAL).open("a", encoding="utf-8")
        except (OSError, InputError) as error:
            if made:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            if isinstance(error, InputError):
                raise
            raise _refused(error, folder / JOURNAL) from None

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # what the disk refused was told when it did
            self._file.close()

    def _check(self, digest: str, fresh: bool) -> None:
        about = self.folder / ABOUT
        if about.is_file() and not fresh:
            try:
                known = json.loads(about.read_text(encoding="utf-8")).get("digest")
            except (OSError, ValueError, AttributeError):
                known = None
            if known != digest:
                raise InputError(
                    "holds results of another study, or of an earlier version of it",
                    self.folder,
                    allowed="another folder, or --fresh to begin anew",
                )
            return
        for name in (JOURNAL, TABLE):
            (self.folder / name).unlink(missing_ok=True)
        write_file(about, json.dumps({"digest": digest}))

    def _read(self) -> None:
        journal = self.folder / JOURNAL
        if not journal.is_file():
            return
        text = journal.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                values = {name: float(value) for name, value in entry["values"].items()}
                answer = Answer(
                    int(entry["point"]), values, str(entry["error"]), float(entry["wall"])
                )
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
                continue  # damaged: that point is computed again
            self.answers[answer.point] = answer
        if text and not text.endswith("\n"):  # a line that a kill cut off
            with journal.open("a", encoding="utf-8") as file:
                file.write("\n")

    def add(self, answers: Iterable[Answer]) -> None:
        """Keep answers; they are on the disk when this returns.

        Raises InputError when the disk refuses; a study that is started again goes on from there.
        """
        try:
            for answer in answers:
                self.answers[answer.point] = answer
                self._file.write(
                    json.dumps(
                        {
                            "point": answer.point,
                            "values": answer.values,
                            "error": answer.error,
                            "wall": answer.wall,
                        }
                    )
                    + "\n"
                )
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _refused(error, self.folder / JOURNAL) from None

    def write_table(
        self,
        points: Sequence[Mapping[str, Quantity]],
        inputs: Mapping[str, Column],
        units: Mapping[str, str],
        judged: Mapping[int, bool] | None = None,
    ) -> Path:
        """Write the answers so far as Parquet, in the order of the points.

        ``inputs`` are the columns of what was varied, ``units`` those of the results by name; the
        fields of the table have them as their metadata.
        """
        need("study", "pyarrow", what="A table of results")
        import pyarrow as pa
        import pyarrow.parquet as pq

        order = sorted(self.answers)
        columns: dict[str, list[Any]] = {"point": order}
        for name, column in inputs.items():
            columns[name] = [column.value(points[number][name]) for number in order]
        for name in units:
            columns[name] = [self.answers[n].values.get(name) for n in order]
        if judged is not None:
            columns["within_limits"] = [judged.get(n) for n in order]
        columns["error"] = [self.answers[n].error or None for n in order]
        columns["wall_s"] = [self.answers[n].wall for n in order]
        file = self.folder / TABLE
        with file_beside(file) as beside:
            pq.write_table(_with_units(pa.table(columns), inputs, units), beside)
        return file


def _refused(error: OSError, file: Path) -> InputError:
    return InputError(
        f"cannot be written: {error.strerror or error}",
        file,
        allowed="the same command again, which goes on from the answers kept so far",
    )


def _with_units(table: Any, inputs: Mapping[str, Column], units: Mapping[str, str]) -> Any:
    """An Arrow table whose fields know their unit."""
    known = {name: column.unit for name, column in inputs.items()} | {**units, "wall_s": "s"}
    fields = [
        field.with_metadata({"unit": known[field.name]}) if known.get(field.name) else field
        for field in table.schema
    ]
    import pyarrow as pa

    return table.cast(pa.schema(fields))


def query(table: Path, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run SQL over a results table, there called ``results``; column names and rows.

    Raises
    ------
    InputError : the query is wrong
    MissingExtra : DuckDB is not installed
    """
    need("study", "duckdb", what="A query over results")
    import duckdb

    if not table.is_file():
        raise InputError("results not found", table)
    connection = duckdb.connect()
    try:
        connection.execute(
            "CREATE VIEW results AS SELECT * FROM read_parquet("
            f"'{str(table).replace(chr(39), chr(39) * 2)}')"
        )
        cursor = connection.execute(sql)
        return [entry[0] for entry in cursor.description or ()], cursor.fetchall()
    except duckdb.Error as error:
        raise InputError(
            f"query cannot be run: {str(error).splitlines()[0]}", table, key="--query", found=sql
        ) from None
    finally:
        connection.close()
