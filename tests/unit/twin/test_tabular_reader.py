"""Files as usual tools export them: encodings, separators, headers, and lines at fault."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from twin.errors import InputError
from twin.tabular.cells import numbers
from twin.tabular.reader import kind_of, read_table

WANTED = {"time": "time", "power": "power"}
JSON_LINES = b'{"time": 0, "power": "110"}\n{"time": 60, "power": 120}'
PLAIN = "time,power\n0,110\n60,120\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def values(file: Path) -> list[float]:
    return numbers(read_table(file, WANTED)["power"]).values.tolist()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", PLAIN),
        ("POWER.CSV", PLAIN),
        ("t.TSV", PLAIN.replace(",", "\t")),
        ("t.txt", PLAIN.replace(",", "|")),
        ("t.csv", PLAIN.replace(",", ";")),
        ("t.csv", PLAIN.replace("\n", "\r\n")),
        ("t.csv", PLAIN.replace("\n", "\r")),
        ("t.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
        ("t.csv", gzip.compress(PLAIN.encode(), mtime=0)),
        ("t.csv", b"\xef\xbb\xbfsep=,\r\n" + PLAIN.encode()),
        ("t.csv", b"\xef\xbb\xbf" + PLAIN.replace("time,power", '"Time","power"').encode()),
        ("t.csv", PLAIN.replace(",", "\t").encode("utf-16")),
        ("t.csv", PLAIN.encode("utf-16-le")),
        ("t.csv", PLAIN.encode("utf-32")),
        ("t.csv", "# made by a tool, with commas\n\n" + PLAIN),
        ("t.csv", "# " + PLAIN),
        ("t.csv", "Report of 1 August\n\n" + PLAIN + "\n\n# the end, really\n"),
        ("t.csv", "time,power,\n0,110,\n60,120,\n"),
        ("t.csv", "time , POWER [kW]\n 0 , 110\n 60 , 120\n"),
        ("t.csv", "time,\u00a0power\u00a0,note\n0,110,\"two\nlines\"\n60,120,\n"),
        ("t.csv", 'time,power,"a note\non two lines"\n0,110,x\n60,120,y\n'),
        ("t.csv", "time;power;Größe\n0;110;1\n60;120;2\n".encode("cp1252")),
        ("t.jsonl", '{"time": 0, "power": 110, "more": [1]}\n\n{"time": 60, "power": 120}\n'),
        ("t.ndjson.gz", gzip.compress(JSON_LINES, mtime=0)),
    ],
)  # fmt: skip
def test_exports_of_usual_tools_are_read(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert values(write(tmp_path, name, content)) == [110.0, 120.0]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    text = '# first\n\nnote,time,power\n"a\nb",0,1\n\n# between\nx,60,2\n'
    table = read_table(write(tmp_path, "t.csv", text), WANTED)
    assert table.lines.tolist() == [4, 8]
    lines = '{"time": 0, "power": 1}\n\n{"time": 1, "power": 2}\n'
    assert read_table(write(tmp_path, "t.jsonl", lines), WANTED).lines.tolist() == [1, 3]


def test_parquet_with_missing_whole_numbers_and_an_index(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"time": [0, 10], "power": pandas.array([None, 5], dtype="Int64")})
    frame.set_index("time").to_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(values(tmp_path / "t.parquet"), [np.nan, 5.0])


@pytest.mark.parametrize(
    ("name", "content", "message", "line", "lead"),
    [
        ("t.csv", "time,power\n", "holds no lines", None, ""),
        ("t.csv", " \n", "holds no lines", None, ""),
        ("t.csv", "time,load\n0,1\n", "no column 'power'", 1, "one of: load"),
        ("t.csv", "0,1\n2,3\n", "no column 'time'", 1, "first line with the names"),
        ("t.csv", "time power\n0 1\n", "no column 'time'", 1, "parted by"),
        ("t.csv", "time,power,power\n0,1,2\n", "two columns have the same name", 1, ""),
        ("t.csv", "time,power\n0,1\n1,1,7\n", "more cells than the header", 3, "comma"),
        ("t.csv", "time,power\n0,1\n1,1,5,7\n", "more cells than the header", 3, "comma"),
        ("t.csv", "time,power\n0,1,5,7\n1,1\n", "more cells than the header", 2, "comma"),
        ("t.csv", 'time,power\n0,1\n1,"2\n', "a quote is opened", 3, ""),
        ("t.csv", b"time,power\n0,\x00\x01\xff\n", "not a text file", None, ""),
        ("t.xls", "x", "is a workbook", None, "CSV"),
        ("t.csv", b"PK\x03\x04....", "a workbook or a zip", None, "CSV"),
        ("t.dbf", "x", "unknown kind of file", None, ".csv"),
        ("t.parquet", "not parquet", "cannot be read", None, ""),
        ("t.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)[:-12], "cannot be", None, ""),
        ("t.json", '{"resultType": "matrix",\n"result": []}', "one JSON object", 1, "jq -c"),
        ("t.json", '{"jobs": [\n]}', "one JSON object", 1, "sacct -P"),
        ("t.jsonl", '{"time": 0, "power": 1}\n[1]\n', "one JSON object", 2, "jq"),
        ("t.jsonl", '{"time": 0}\n' * 2, "no column 'power'", None, "time"),
        ("t.json", '{"data": {"resultType": "matrix"}}', "one JSON object, not", None, "jq -c"),
        ("t.json", '{"jobs": [{}], "meta": {}}', "one JSON object, not", None, "sacct -P"),
    ],
)
def test_files_that_are_no_tables_are_told(
    tmp_path: Path, name: str, content: str | bytes, message: str, line: int | None, lead: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_table(write(tmp_path, name, content), WANTED)
    assert caught.value.line == line
    assert lead in caught.value.allowed


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file not found"):
        read_table(tmp_path / "none.csv", {})


def test_names_differ_by_case_only_where_one_is_meant(tmp_path: Path) -> None:
    file = write(tmp_path, "t.csv", "time,Power,POWER\n0,1,2\n")
    with pytest.raises(InputError, match="no column 'power'"):
        read_table(file, WANTED)
    assert read_table(file, {"POWER": "power"})["POWER"].name == "POWER"


def test_endings_without_that_of_gzip() -> None:
    assert kind_of(Path("LOG.SWF.GZ")) == ".swf"
    assert kind_of(Path("x.csv")) == ".csv"
    assert kind_of(Path("trace.gz")) == ".csv"


def test_what_unpacks_beyond_bounds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from twin.tabular import reader

    monkeypatch.setattr(reader, "MAXIMUM_BYTES", 1000)
    file = write(tmp_path, "t.csv.gz", gzip.compress(PLAIN.encode() + b"\n" * 1000))
    with pytest.raises(InputError, match="is too large"):
        read_table(file, WANTED)
