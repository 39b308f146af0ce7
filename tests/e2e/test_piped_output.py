"""What commands print is whole, piped and in narrow terminals: no name and no figure is cut."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys

import pytest

LONG = "hall-with-a-name-that-is-about-as-long-as-names-may-be-in-files"


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """The pilot with a hall of a long name, so that paths are long, and a title in brackets."""
    import assets.locations

    text = (assets.locations.LAYOUTS_FOLDER / "pilot.yaml").read_text()
    text = text.replace("id: hall-a", f"id: {LONG}").replace("title: Pilot row", 'title: "Row [A]"')
    file = tmp_path_factory.mktemp("layout") / "long.yaml"
    file.write_text(text)
    return file


def command(*arguments):
    return [sys.executable, "-m", "twin.cli.main", *map(str, arguments)]


def piped(*arguments, columns):
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"COLUMNS": str(columns)},
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def in_terminal(*arguments, columns):
    """Standard output of a command in a terminal of so many columns, without colours."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen(
        command(*arguments), stdout=theirs, stderr=subprocess.DEVNULL, env=environment
    )
    os.close(theirs)
    parts = []
    try:
        while True:
            ready, _, _ = select.select([ours], [], [], 300.0)
            assert ready, "nothing came"
            try:
                part = os.read(ours, 65536)
            except OSError:  # the terminal is closed with the command's end
                break
            if not part:
                break
            parts.append(part)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(parts).decode()).replace("\r", "")


def words(text):
    """Names and figures of a text, however it is laid out; what takes time differs by run."""
    kept = [line for line in text.splitlines() if not re.search(r"real time|Found in", line)]
    return set(re.findall(r"[\w/.,%+-]*[\w%]", "\n".join(kept)))


COMMANDS = (
    ("info",),
    ("one-line", "--n-1", "--capacity"),
    ("solve",),
    ("run",),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda a: a[0])
def test_a_pipe_gets_the_same_whatever_the_terminal(layout, arguments):
    name, *more = arguments
    if name == "run":
        more = ["--for", "1min", "--events"]
    wide = piped(name, layout, *more, columns=200)
    assert "\N{HORIZONTAL ELLIPSIS}" not in wide
    narrow = piped(name, layout, *more, columns=40)
    assert words(narrow) == words(wide)
    if name != "info":
        assert f"/{LONG}/row-01/" in wide
    else:
        assert "Row [A]" in wide


@pytest.mark.parametrize("arguments", [("one-line",), ("solve",), ("info",)], ids=lambda a: a[0])
def test_a_narrow_terminal_loses_nothing(layout, arguments):
    name, *more = arguments
    whole = words(piped(name, layout, *more, columns=200))
    shown = in_terminal(name, layout, *more, columns=40)
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown
    # words may be folded where nothing else helps: what is left is looked for without its breaks
    folded = re.sub(r"[\s\u2500-\u257f]", "", shown)
    lost = {word for word in whole - words(shown) if word not in folded}
    assert not lost


def test_comparisons_say_where_both_sides_are_hottest():
    text = piped("compare", "pilot@design-load", "pilot@cdu-trip", "--for", "1min", columns=40)
    for figure in ("Hottest GPU", "Hottest HBM stack"):
        (line,) = [line for line in text.splitlines() if figure in line]
        assert line.count("at /pilot/hall-a/row-01/rack-") == 2, line
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
