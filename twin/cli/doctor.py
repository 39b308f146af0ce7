"""``twin doctor``: what works on this machine, what does not, and what mends it."""

from __future__ import annotations

import os
import platform
import re
import socket
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from typing import Annotated, Literal, NamedTuple

import typer

from twin.cli.number_options import whole
from twin.extras import EXTRAS, NAME, MissingExtra, install_command, is_installed

FEW_FILES = 1024  # open files below which a server soon has none left for viewers


class Line(NamedTuple):
    """One finding: what works, a note, or what does not work; and its remedy."""

    state: Literal["ok", "note", "FAIL"]
    what: str
    fix: str = ""


def doctor(
    port: Annotated[
        int, typer.Option(help="Port that twin serve will use", parser=whole(0, 65535))
    ] = 8000,
) -> None:
    """Say what works on this machine and what to install for the rest. Exit 1: something fails."""
    failed = False
    for part in (_python(), _packages(), _extras(), _plugins(), _compiled(), _machine(port)):
        for line in part:
            failed |= line.state == "FAIL"
            typer.echo(f"{line.state:4}  {line.what}" + (f"\n      {line.fix}" if line.fix else ""))
    raise typer.Exit(1 if failed else 0)


def _python() -> Iterator[Line]:
    told = f"Python {platform.python_version()}, {sys.executable}"
    if (3, 11) <= sys.version_info < (3, 13):
        yield Line("ok", told)
    else:
        yield Line("FAIL", told, "use Python 3.11 (3.12 works without pybullet)")


def _packages() -> Iterator[Line]:
    """The libraries that everything needs."""
    try:
        needed = requires(NAME) or []
    except PackageNotFoundError:
        yield Line("note", f"{NAME} runs from a folder and is not installed: its libraries are "
                   "not known by name", install_command())  # fmt: skip
        return
    found = []
    for requirement in needed:
        if "extra ==" in requirement:
            continue
        match = re.match(r"[\w.-]+", requirement)
        name = match.group() if match is not None else requirement
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Line("FAIL", f"{name} is not installed", install_command())
    yield Line("ok", ", ".join(found))


def _extras() -> Iterator[Line]:
    for extra in EXTRAS:
        if is_installed(extra):
            yield Line("ok", f"extra {extra.name}: {extra.purpose}")
        else:
            yield Line(
                "note", f"extra {extra.name} is not installed: {extra.purpose}",
                install_command(extra.name),
            )  # fmt: skip


def _plugins() -> Iterator[Line]:
    """What installed parts say of themselves; the viewer: whether it can draw."""
    for entry in entry_points(group="twin.doctor"):
        try:
            ok, what, fix = entry.load()()
        except MissingExtra:
            continue  # said with the extras
        except ImportError as error:
            ok, what, fix = False, f"{entry.name}: {error}", ""
        yield Line("ok" if ok else "FAIL", what, fix)


def _compiled() -> Iterator[Line]:
    """Where compiled physics lies, and whether it is kept."""
    from physics import code_cache
    from twin.compiled import is_cached

    place = code_cache.place()
    if place.loss:
        yield Line(
            "note", f"compiled physics is not kept: {place.loss}",
            "set XDG_CACHE_HOME to a folder that can be written to",
        )  # fmt: skip
        return
    size = f"{code_cache.size() / 1e6:.0f} MB in {place.folder}"
    if is_cached():
        yield Line("ok", f"physics is compiled for this machine: {size}")
    else:
        yield Line(
            "note", f"physics is not compiled yet; the first run takes about a minute more: {size}"
        )


def _machine(port: int) -> Iterator[Line]:
    import numba

    threads, cores = numba.config.NUMBA_NUM_THREADS, os.cpu_count() or 1
    yield Line("ok", f"{threads} threads compute, on {cores} cores")
    try:
        import resource
    except ImportError:  # there are no such limits on Windows
        pass
    else:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if 0 <= soft <= FEW_FILES:
            yield Line(
                "note", f"a process may open {soft:,} files, each viewer of a server takes one",
                f"ulimit -n {65_536 if hard < 0 else min(hard, 65_536)}  before twin serve",
            )  # fmt: skip
        else:
            yield Line("ok", f"a process may open {soft:,} files" if soft >= 0 else "any files")
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            yield Line("ok", f"port {port} is free")
        except OSError as error:
            yield Line(
                "FAIL", f"port {port} cannot be had: {error.strerror}",
                "twin serve --port with another number",
            )  # fmt: skip
