"""Starts real servers for tests, as users do: ``twin serve`` in a process of its own."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress

STARTS_WITHIN = 300.0  # s; the first start ever compiles the physics
PATIENCE = 120.0  # s for an answer: test machines are slow, and shared


class Server:
    """``twin serve`` (or another command of ``twin``) with the given arguments.

    ``address`` is where it listens; ``log`` what it has written to standard error.
    """

    def __init__(self, *arguments, command="serve", environment=None):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "twin.cli.main", command, *map(str, arguments), "--port", "0"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env=os.environ | (environment or {}),
        )
        self.log = ""
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._listening.wait(STARTS_WITHIN)
        found = re.search(r"on (https?://\S+)", self.log)
        if found is None:
            self.process.kill()
            raise RuntimeError(f"the server did not start: {self.log}")
        self.address = found.group(1)
        self.port = int(self.address.rpartition(":")[2])

    def _read(self):
        for line in self.process.stderr:
            self.log += line
            if " on http" in line:
                self._listening.set()
        self._listening.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # how fast a server ends is asserted where it is the subject, not at every clean-up
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()

    def stop(self, sign=signal.SIGTERM, timeout=10.0):
        """End it and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._reader.join(5)

    def request(self, path, body=None, method=None, headers=None, raw=False):
        """Status and JSON (or bytes) of a request."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.address + path, data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for key, value in (headers or {}).items():
            request.add_header(key, value)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                status, content = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        if raw:
            return status, content
        return status, json.loads(content) if content else None

    def get(self, path, **options):
        """JSON of a request that must succeed."""
        status, content = self.request(path, **options)
        assert status in (200, 201, 204), (status, content)
        return content

    def until(self, path, condition, seconds=30.0, **options):
        """Ask until the answer meets a condition, and return it."""
        end = time.monotonic() + seconds
        while True:
            with suppress(OSError):
                answer = self.get(path, **options)
                if condition(answer):
                    return answer
            assert time.monotonic() < end, f"never came: {path}"
            time.sleep(0.05)


def twin(*arguments, timeout=120):
    """Run a command of ``twin`` to its end: exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "twin.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
