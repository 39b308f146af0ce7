"""Entry point of ``twin``: how errors and interruptions are shown.

All that takes time to load is imported inside, so that an interruption while libraries load ends as
quietly as one later.
"""

from __future__ import annotations

import os
import sys

from twin.cli.streams import prepare_streams


def main() -> None:
    """Run the command line; never shows a traceback for what a user can mend."""
    try:
        prepare_streams()
        _run()
    except KeyboardInterrupt:
        print("twin: interrupted", file=sys.stderr)
        sys.exit(130)


def _run() -> None:
    from twin import compiled
    from twin.cli.commands import application
    from twin.errors import TwinError

    compiled.tell = lambda sentence: print(sentence, file=sys.stderr, flush=True)
    try:
        application()()
    except TwinError as error:
        print(f"twin: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # the reader (head, less) has gone; keep the interpreter from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


if __name__ == "__main__":
    main()
