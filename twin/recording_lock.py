"""One writer at a time, by a lock that ends with its process, however that ends."""

from __future__ import annotations

import errno
import fcntl
import logging
from pathlib import Path
from typing import IO

from twin.errors import InputError

LOCK = "recording.lock"
NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}

log = logging.getLogger("twin.recording")


class WriterLock:
    """Held by whoever writes a recording, until :meth:`close`.

    Parameters
    ----------
    folder : the recording
    mine : it was made by this process just now, so that nobody else holds the lock for long

    Raises
    ------
    InputError : somebody else writes there
    OSError : the folder cannot be written
    """

    def __init__(self, folder: Path, *, mine: bool = False):
        self._file: IO[bytes] = (folder / LOCK).open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if mine else fcntl.LOCK_NB))
        except BlockingIOError:
            self._file.close()
            raise InputError(
                "another process is writing this recording", folder, allowed="another path"
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                self._file.close()
                raise
            log.warning("%s: its file system has no locks; let nothing else write there", folder)

    def close(self) -> None:
        """Let others write."""
        self._file.close()
