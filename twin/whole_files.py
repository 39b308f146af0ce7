"""Files and folders that come to be whole or not at all.

What is written lies beside its place under another name until it is complete and on the disk, and
takes the place then. A full disk, an error or a kill on the way leaves what was there before. A
link keeps pointing where it does, permissions stay; pipes and devices are written to as they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twin.errors import InputError

PARTIAL = ".partial"
LONGEST_ENDING = 16
PROBE_BYTES = 2**20
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux
_OWN_STREAMS = re.compile(r"/dev/(std(out|err)|fd/[0-9]+)|/proc/(self|[0-9]+)/fd/[0-9]+")


def write_file(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8) or bytes as a file.

    Raises
    ------
    InputError : it cannot be written; what stood there before stays
    """
    data = content.encode("utf-8", errors="replace") if isinstance(content, str) else content
    with _told(path):
        if _is_stream(path):
            with path.open("wb") as stream:
                stream.write(data)
            return
    with file_beside(path, may_be_empty=not data) as beside:
        beside.write_bytes(data)


@contextmanager
def file_beside(path: Path, *, may_be_empty: bool = False) -> Iterator[Path]:
    """A path of the same ending for something else to write to; at the end it becomes ``path``.

    A file of no bytes counts as not written, unless it may be empty.

    Raises
    ------
    InputError : nothing was written, or it cannot take its place; what stood there before stays
    """
    if _is_stream(path):
        with _told(path), tempfile.TemporaryDirectory(prefix="twin-") as folder:
            written = Path(folder) / f"file{_ending(path)}"
            yield written
            _on_disk(written, may_be_empty)
            with written.open("rb") as source, path.open("wb") as stream:
                shutil.copyfileobj(source, stream)
        return
    check_place(path)
    place = Path(os.path.realpath(path))
    beside = _name_beside(place)
    try:
        with _told(path, beside):
            with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)):
                _take_permissions(place, beside)
            yield beside
            _on_disk(beside, may_be_empty)
            beside.replace(place)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """An empty folder to fill; at the end it becomes ``path``.

    What encloses it is made as needed. Where a folder stands already, its other files stay, and
    every file of the new one takes its place among them, in the order in which they were written.

    Raises
    ------
    InputError : it cannot be written; what stood there before stays
    """
    place = Path(os.path.realpath(path))
    beside = _name_beside(place / "new" if place.is_dir() else place)
    missing = [folder for folder in place.parents if not folder.exists()]
    try:
        with _told(path, beside):
            if place.exists() and not place.is_dir():
                raise InputError("cannot be written: a file stands in its place", path)
            beside.mkdir(parents=True)
            yield beside
            _folder_on_disk(beside)
            _move_folder(beside, place)
    except InputError as error:
        inside = Path(error.file).is_relative_to(beside)
        if not inside and str(beside) not in str(error):
            raise
        file = path / Path(error.file).relative_to(beside) if inside else error.file
        message, found = (
            text.replace(str(beside), str(path)) for text in (error.message, error.found)
        )
        raise InputError(message, file, error.line, error.key, found, error.allowed) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        with contextlib.suppress(OSError):
            for folder in missing:  # those that it left empty
                folder.rmdir()


def exchange(one: Path, other: Path) -> None:
    """Let two folders of one disk take each other's place, at once where the system can.

    Raises OSError.
    """
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is not None:
        here = AT_FDCWD
        if renameat2(here, os.fsencode(one), here, os.fsencode(other), RENAME_EXCHANGE) == 0:
            return
    aside = _name_beside(other)
    other.rename(aside)
    try:
        one.rename(other)
    except OSError:
        aside.rename(other)
        raise
    aside.rename(one)


def check_place(path: Path, key: str = "") -> None:
    """Raise InputError for a path that cannot become a file, before anything long begins.

    key : option or key that asked for it, for the message
    """
    if _is_stream(path):
        return
    with _told(path, key=key):
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            folder = Path(os.path.realpath(path)).parent
        else:
            if stat.S_ISDIR(mode):
                raise InputError("cannot be written: is a folder", path, key=key)
            if not os.access(path, os.W_OK):
                raise InputError(f"cannot be written: {_forbidden(path)}", path, key=key)
            folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            raise InputError(
                "cannot be written: its folder does not exist", path, key=key, found=str(folder)
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise InputError(
                f"cannot be written: {_forbidden(folder)}", path, key=key, found=str(folder)
            )


def make_folder(path: Path) -> None:
    """Make a folder and what encloses it; raises InputError."""
    with _told(path):
        path.mkdir(parents=True, exist_ok=True)


def refusal(folder: Path) -> str:
    """Why a folder takes no more, as the system says it; "" when it does.

    For libraries that do not tell why they failed.
    """
    probe = folder / f".twin-{secrets.token_hex(4)}{PARTIAL}"
    try:
        with probe.open("wb") as file:
            file.write(b"\0" * PROBE_BYTES)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror or str(error)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return ""


@contextmanager
def _told(path: Path, beside: Path | None = None, key: str = "") -> Iterator[None]:
    """Turn what the system refuses into one message that names the file asked for."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        other = "" if error.filename is None else str(error.filename)
        ours = beside is None or str(beside) in other or other == str(path)
        raise InputError(
            f"cannot be written: {os.strerror(error.errno) if error.errno else error.strerror}",
            path,
            key=key,
            found="" if ours else other,
        ) from None


def _is_stream(path: Path) -> bool:
    """Whether it is no file of its own: a pipe, a device, or this process's own output."""
    if _OWN_STREAMS.fullmatch(os.path.abspath(path)):
        return True
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _forbidden(place: Path) -> str:
    """Why the system does not let a place be written to."""
    read_only = os.statvfs(place).f_flag & os.ST_RDONLY
    return os.strerror(errno.EROFS if read_only else errno.EACCES)


def _ending(path: Path) -> str:
    return path.suffix if len(path.suffix) <= LONGEST_ENDING else ""


def _name_beside(place: Path) -> Path:
    return place.parent / f".twin-{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}{_ending(place)}"


def _take_permissions(place: Path, beside: Path) -> None:
    """Let the new file be whose the old one is, as far as that is allowed."""
    try:
        old = place.stat()
    except OSError:
        return
    with contextlib.suppress(PermissionError):
        new = beside.stat()
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            os.chown(beside, old.st_uid, old.st_gid)
    beside.chmod(stat.S_IMODE(old.st_mode))


def _on_disk(file: Path, may_be_empty: bool = False) -> None:
    """Wait until a file is on the disk; raises OSError when nothing was written into it."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        size = os.fstat(opened.fileno()).st_size
    if size == 0 and not may_be_empty:
        raise OSError(0, refusal(file.parent) or "nothing was written")


def _folder_on_disk(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            _on_disk(file)


def _move_folder(source: Path, target: Path) -> None:
    if not target.exists():
        source.rename(target)
        return
    files = [file for file in source.rglob("*") if file.is_file()]
    for file in sorted(files, key=lambda file: file.stat().st_mtime_ns):
        goal = Path(os.path.realpath(target / file.relative_to(source)))
        goal.parent.mkdir(parents=True, exist_ok=True)
        _take_permissions(goal, file)
        file.replace(goal)
