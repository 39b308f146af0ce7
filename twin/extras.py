"""Libraries that only some commands need: what for, whether they are there, what brings them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from twin.errors import TwinError

NAME = "ai-factory-twin"


@dataclass(frozen=True)
class Extra:
    """An optional part of the installation.

    purpose : what it is for, as people say it; modules : what it brings, by their import names
    """

    name: str
    purpose: str
    modules: tuple[str, ...]


EXTRAS = (
    Extra(
        "viewer", "the window, pictures and videos: twin view, twin render, pictures on pages",
        ("pyvista", "vtkmodules", "imageio", "imageio_ffmpeg", "PIL"),
    ),
    Extra(
        "study", "plots and pages (--plot, twin report, compare, phases, transient), Parquet, "
        "twin sweep and optimise", ("matplotlib", "pyarrow", "duckdb", "pymoo"),
    ),
    Extra("usd", "OpenUSD: twin export, import and simready", ("pxr", "PIL")),
    Extra(
        "simready", "NVIDIA's validator: twin simready --validate",
        ("simready.validate", "simready.foundation.tier_aif"),
    ),
    Extra("robots", "rigid bodies: twin seismic and twin robot", ("pybullet", "PIL")),
    Extra("mqtt", "brokers: twin serve --mqtt", ("aiomqtt", "jwt", "cryptography")),
    Extra("cluster", "studies on several machines: twin sweep --dask", ("distributed",)),
    Extra("gpu", "accelerators computed on a CUDA device, from Python", ("numba_cuda",)),
)  # fmt: skip

LIBRARIES = {
    "vtkmodules": "vtk", "PIL": "Pillow", "pxr": "OpenUSD (usd-core)", "jwt": "PyJWT",
    "imageio_ffmpeg": "imageio-ffmpeg", "distributed": "dask", "numba_cuda": "numba-cuda",
    "simready.validate": "NVIDIA's SimReady validator (simready-validate)",
    "simready.foundation.tier_aif": "NVIDIA's rules (simready-foundation-tier-aif)",
}  # fmt: skip
"""Names of libraries whose modules are called otherwise."""


class MissingExtra(TwinError):
    """A library is missing; the text names the command that installs it."""


def need(extra: str, *modules: str, what: str) -> None:
    """Raise MissingExtra unless modules of an extra can be imported.

    extra : name of one of :data:`EXTRAS`; modules : those needed, else all of it
    what : what needs them, the beginning of the sentence, such as ``--plot``
    """
    known = next(entry for entry in EXTRAS if entry.name == extra)
    missing = [name for name in modules or known.modules if not is_there(name)]
    if not missing:
        return
    *first, last = (LIBRARIES.get(name, name) for name in missing)
    names = f"{', '.join(first)} and {last}" if first else last
    verb = "is" if len(missing) == 1 else "are"
    if "pybullet" in missing and sys.version_info >= (3, 12):
        raise MissingExtra(f"{what} needs pybullet, which there is for Python 3.11 only")
    raise MissingExtra(
        f"{what} needs {names}, which {verb} not installed. To install: {install_command(extra)}"
    )


def is_installed(extra: Extra) -> bool:
    """Whether all of an extra can be imported."""
    return all(is_there(name) for name in extra.modules)


def is_there(module: str) -> bool:
    """Whether a module can be found, without importing it."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def install_command(extra: str = "") -> str:
    """A shell command that adds an extra to this installation, however that was made.

    Without an extra it brings what everything needs.

    An editable checkout, a wheel or folder, an address and a version control system are told by
    ``direct_url.json`` (PEP 610); without one it came from an index. Tools that keep their programs
    in environments of their own (pipx, uv) are told by what they leave there.
    """
    installed = _distribution()
    prefix = Path(sys.prefix)
    if (prefix / "uv-receipt.toml").is_file():  # it installs anew, so all that is there is named
        names = {entry.name for entry in EXTRAS if is_installed(entry)} | {extra} - {""}
        return f"uv tool install {_quoted(_requirement(','.join(sorted(names)), installed))}"
    requirement = _quoted(_requirement(extra, installed))
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx runpip {shlex.quote(prefix.name)} install {requirement}"
    python = shlex.quote(sys.executable or "python")
    if is_there("pip"):
        return f"{python} -m pip install {requirement}"
    made_by = (installed.read_text("INSTALLER") or "").strip() if installed is not None else ""
    if made_by == "uv" or shutil.which("uv"):
        return f"uv pip install --python {python} {requirement}"
    return f"{python} -m ensurepip && {python} -m pip install {requirement}"


def _quoted(arguments: list[str]) -> str:
    return " ".join(shlex.quote(argument) for argument in arguments)


def _distribution() -> Distribution | None:
    try:
        return distribution(NAME)
    except PackageNotFoundError:  # a checkout on the path, not installed
        return None


def _requirement(extra: str, installed: Distribution | None) -> list[str]:
    """Arguments for pip that mean this project, as it was installed, with extras."""
    extras = f"[{extra}]" if extra else ""
    if installed is None:
        return ["-e", f"{Path(__file__).parents[1]}{extras}"]
    origin = _origin(installed)
    url = str(origin.get("url", ""))
    if not url:
        return [f"{NAME}{extras}"]
    parts = urlsplit(url)
    place = Path(unquote(parts.path))
    if parts.scheme == "file" and not place.exists():  # the wheel has been deleted since
        return [part for name in extra.split(",") for part in _parts_of(name, installed)]
    control = origin.get("vcs_info")
    if isinstance(control, dict):
        url = f"{control.get('vcs', 'git')}+{url}@{control.get('commit_id', 'HEAD')}"
    elif parts.scheme == "file" and place.is_dir():
        editable = bool(origin.get("dir_info", {}).get("editable"))
        return [*(["-e"] if editable else []), f"{place}{extras}"]
    return [f"{NAME}{extras} @ {url}"]


def _origin(installed: Distribution) -> dict[str, Any]:
    """Content of ``direct_url.json``; empty where there is none."""
    try:
        found = json.loads(installed.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _parts_of(extra: str, installed: Distribution) -> Iterator[str]:
    """Requirements that an extra stands for, by the metadata; of none, those of everything."""
    for line in installed.requires or ():
        requirement, _, marker = line.partition(";")
        of = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
        if (of.group(1) if of is not None else "") != extra:
            continue
        own = re.fullmatch(rf"{NAME}\[(.+)\]", requirement.strip())
        if own is not None:
            for other in own.group(1).split(","):
                yield from _parts_of(other.strip(), installed)
        else:
            yield requirement.strip()
