"""Look at a live twin from another program, and act on it, over the network.

Starts a server of its own when no address is given:

    python examples/live_client.py [ws://127.0.0.1:8000]
"""

from __future__ import annotations

import re
import subprocess
import sys

from twin.client import Client

RACK = "/pilot/hall-a/row-01/rack-01"


def watch(address: str) -> None:
    """Subscribe to two channels, open a rack's breaker, and see its power fall to zero."""
    with Client(address) as client:
        print(f"{client.hello['levels']['gpu']} GPUs in {client.hello['levels']['rack']} racks")
        client.subscribe(["rack.power", "site.pue"], rate=10)
        before = client.wait_frame()
        print(f"{before.time:6.0f} s  {before.values['rack.power'].sum() / 1e3:8.1f} kW")

        client.command("inject", RACK, "breaker-open")
        frame = client.wait_frame()
        while frame.values["rack.power"][0] > 0.0:
            frame = client.wait_frame()
        print(f"{frame.time:6.0f} s  {frame.values['rack.power'].sum() / 1e3:8.1f} kW")
        client.command("clear", RACK, "breaker-open")

        assert before.values["rack.power"][0] > 1e5
        assert frame.values["rack.power"][1:].min() > 1e5


def main(address: str | None) -> None:
    """Watch a server, or start one for the purpose."""
    if address is not None:
        watch(address)
        return
    command = [sys.executable, "-m", "twin.cli.main", "serve", "pilot", "--port", "0"]
    server = subprocess.Popen([*command, "--speed", "20"], stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        for line in server.stderr:
            found = re.search(r"on http://(\S+)", line)
            if found:
                watch(f"ws://{found.group(1)}")
                return
        raise SystemExit("the server did not start")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
