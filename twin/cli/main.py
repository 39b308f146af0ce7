"""Entry point of ``twin``: how errors and interruptions are shown.

All that takes time to load is imported inside, so that an interruption while libraries load ends as
quietly as one later.
"""

from __future__ import annotations

import os
import sys

from twin.cli.streams import prepare_streams

INTERRUPTED, READER_GONE = 130, 141


def main() -> None:
    """Run the command line; never shows a traceback for what a user can mend."""
    try:
        prepare_streams()
        code = _run()
    except KeyboardInterrupt:
        print("twin: interrupted", file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)


def _run() -> int:
    from twin import compiled
    from twin.cli.commands import application

    compiled.tell = lambda sentence: print(sentence, file=sys.stderr, flush=True)
    try:
        try:
            application()()
        except SystemExit as end:
            _flush()
            return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        _flush()
    except BrokenPipeError:
        # the reader (head, less) has gone; keep the interpreter from complaining at exit
        _drop_output()
        return READER_GONE
    except Exception as error:
        code = _tell(error)
        try:
            _flush()
        except OSError:  # what it says has been said
            _drop_output()
        return code
    return 0


def _tell(error: Exception) -> int:
    """Say on standard error what went wrong; returns the exit code."""
    import traceback

    from twin.failures import DEBUG, INTERNAL, internal, mendable

    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    told = mendable(error)
    if told is None:
        print(f"twin: {internal(error)}", file=sys.stderr)
        return INTERNAL
    # files say themselves when they cannot be written; what remains is what commands print
    printed = isinstance(error, OSError) and error.filename is None
    print(f"twin: {'standard output: ' if printed else ''}{told}", file=sys.stderr)
    return told.exit_code


def _flush() -> None:
    if sys.stdout is not None:  # it may have been closed before the start
        sys.stdout.flush()


def _drop_output() -> None:
    """Let what is still to be written to standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
