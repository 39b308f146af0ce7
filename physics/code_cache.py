"""Where compiled code is kept between runs, and what is done where nothing can be kept.

It lies in the user's cache folder (``XDG_CACHE_HOME`` or ``~/.cache``; ``NUMBA_CACHE_DIR`` goes
before both), in a sub-folder named after the sources of all of ``physics``: numba itself notices a
change of the file that holds a function, not of the laws and constants that the function took from
other files.

Where that folder cannot be written, code goes to a private folder that lives as long as the process
and those it starts, filled with what can be read of the usual one. So results have the same bits
everywhere: see :mod:`twin.compiled`. What is lost is said once, as a warning of the logger
``physics``, which without any set-up appears on standard error.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import io
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile

log = logging.getLogger("physics")

UNUSED_DAYS = 30
ROOM = 64 * 2**20  # bytes that must be free: compiled code of one version takes 25 MB
MEMORY_FOLDER = Path("/dev/shm")  # for where the folders for temporary files are read-only too
PREFIX = "ai-factory-twin-"
SUM = hashlib.sha256().digest_size


_place: Place | None = None
_functions: list[Any] = []
_lost = ""


@dataclass(frozen=True)
class Place:
    """Where compiled code lies.

    folder : None where no folder can be written at all
    loss : why later processes will not find it there; empty where they will
    """

    folder: Path | None
    loss: str = ""


def user_cache() -> Path:
    """The user's cache folder for this project, whether it exists or not.

    Raises
    ------
    OSError : there is no such place, because the user has no home
    """
    named = os.environ.get("XDG_CACHE_HOME")
    if named:
        return Path(named).absolute() / "ai-factory-twin"
    try:
        return Path.home() / ".cache" / "ai-factory-twin"
    except RuntimeError:
        raise FileNotFoundError(
            "the user has no home folder (HOME is not set, nor known to the system)"
        ) from None


@cache
def sources_mark() -> str:
    """A mark of all sources of ``physics`` as they are now but this one, which computes nothing."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for file in sorted(set(package.rglob("*.py")) - {Path(__file__)}):
        digest.update(str(file.relative_to(package)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def place() -> Place:
    """Where compiled code of this process lies; chosen when this is first asked."""
    global _place
    if _place is None:
        _place = _choose()
        _point_numba(_place)
    return _place


def keep(function: Any) -> None:
    """Let a compiled function be loaded from that place, and be kept there when it is compiled."""
    _functions.append(function)
    _attach(function, place())


def leave(reason: str) -> None:
    """Take a private folder instead, for all functions: what was chosen could not be filled."""
    global _place
    _place = _private(reason)
    _point_numba(_place)
    for function in _functions:
        _attach(function, _place)


def is_kept(function: Any) -> bool:
    """Whether code of a function for this processor lies there, whole."""
    files = getattr(getattr(function, "_cache", None), "_cache_file", None)
    if not isinstance(files, _CheckedFiles):
        return False
    processor = function.targetctx.codegen().magic_tuple()
    return any(key[1] == processor and files.is_whole(name) for key, name in files.entries())


def size() -> int:
    """Bytes of compiled code there, of this version of the sources."""
    folder = place().folder
    if folder is None:
        return 0
    total = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


def say_loss(reason: str) -> None:
    """Say once, in the log, that compiled code is not kept and how to mend that."""
    global _lost
    if not _lost:
        _lost = reason
        log.warning(
            "compiled code is not kept: %s; every command compiles anew what it needs, which may "
            "take a minute. To keep it, set XDG_CACHE_HOME to a folder that can be written to",
            reason,
        )


def loss() -> str:
    """Why something that this process compiled was not kept; empty where all was."""
    return _lost


def _choose() -> Place:
    named = os.environ.get("NUMBA_CACHE_DIR")
    folder = None
    try:
        root = Path(named).absolute() if named else user_cache() / "compiled"
        folder = root / sources_mark()
        _make_ready(folder)
    except OSError as error:
        return _private(_words(error), folder)
    if not named:
        _drop_unused(root)
    return Place(folder)


def _make_ready(folder: Path) -> None:
    """Make a folder and see that it can be written to; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in (folder, *(path for path in folder.iterdir() if path.is_dir())):
        if not os.access(part, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "cannot be written to", str(part))
    tempfile.TemporaryFile(dir=folder).close()
    if not any(folder.iterdir()) and shutil.disk_usage(folder).free < ROOM:
        raise OSError(errno.ENOSPC, f"less than {ROOM / 2**20:.0f} MB are free there", str(folder))
    with contextlib.suppress(OSError):  # it is another user's
        os.utime(folder)


def _drop_unused(root: Path) -> None:
    """Delete what was compiled from sources that no run has used for a month."""
    with contextlib.suppress(OSError):
        for other in root.iterdir():
            if time.time() - other.stat().st_mtime > UNUSED_DAYS * 86_400:
                shutil.rmtree(other, ignore_errors=True)


def _private(reason: str, readable: Path | None = None) -> Place:
    """A folder for this process and those it starts, with what a readable one holds."""
    for parent in (None, MEMORY_FOLDER):
        try:
            root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            if shutil.disk_usage(root).free >= ROOM:
                break
            root.rmdir()
        except OSError:
            continue
    else:
        return Place(None, reason)
    atexit.register(_remove, root, os.getpid())
    folder = root / sources_mark()
    if readable is not None:
        with contextlib.suppress(OSError):
            shutil.copytree(readable, folder, copy_function=shutil.copyfile)
    folder.mkdir(exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(root)
    return Place(folder, reason)


def _remove(root: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a process that was forked from it
        shutil.rmtree(root, ignore_errors=True)


def _words(error: OSError) -> str:
    if error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _point_numba(chosen: Place) -> None:
    numba.config.CACHE_DIR = "" if chosen.folder is None else str(chosen.folder)


def _attach(function: Any, chosen: Place) -> None:
    if chosen.folder is not None and not numba.config.DISABLE_JIT:
        function._cache = _Code(function.py_func)  # what numba's own enable_caching does


class _CheckedFiles(IndexDataCacheFile):  # type: ignore[misc]
    """Files of one function. One that is damaged, cut short or not readable is as if not there.

    Each ends in a check sum, which numba passes over. Without it a damaged one would at best end
    the process with a traceback, at worst run other code.
    """

    def entries(self) -> list[tuple[Any, str]]:
        """Key and file of everything that the index names."""
        return list(self._load_index().items())

    def is_whole(self, name: str) -> bool:
        """Whether a file is there and as it was written."""
        return _is_whole(Path(self._data_path(name)))

    def _load_index(self) -> dict[Any, str]:
        found: dict[Any, str] = {}
        if _is_whole(Path(self._index_path)):
            found = super()._load_index()
        return found

    def _load_data(self, name: str) -> Any:
        return super()._load_data(name) if self.is_whole(name) else None

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        content = io.BytesIO()
        yield content
        data = content.getvalue()
        with super()._open_for_write(filepath) as file:
            file.write(data + hashlib.sha256(data).digest())


class _Code(FunctionCache):  # type: ignore[misc]
    """numba's cache of one function, with checked files; what cannot be written is passed over."""

    def __init__(self, py_func: Any):
        super().__init__(py_func)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _CheckedFiles(self._cache_path, self._impl.filename_base, stamp)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled; say it where later processes will not find it."""
        reason = place().loss
        try:
            super().save_overload(sig, data)
        except OSError as error:
            reason = reason or _words(error)
        if reason:
            say_loss(reason)


def _is_whole(file: Path) -> bool:
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return content[-SUM:] == hashlib.sha256(content[:-SUM]).digest()
