"""What a client sends along when a server points elsewhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from twin.addresses import Address
from twin.fetch import fetch


class Pointing(BaseHTTPRequestHandler):
    """Sends ``/api/away`` to another machine's name, ``/api/near`` to itself; else tells tokens."""

    def do_GET(self) -> None:
        host, port = self.server.server_address[:2]
        target = f"http://{{}}:{port}/api/x"
        elsewhere = {"/api/away": target.format("localhost"), "/api/near": target.format(host)}
        body = json.dumps({"token": self.headers.get("Authorization")}).encode()
        if self.path in elsewhere:
            self.send_response(302)
            self.send_header("Location", elsewhere[self.path])
            body = b""
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[Address]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pointing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Address(f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    server.server_close()


def test_a_token_stays_on_the_machine_it_is_for(address: Address) -> None:
    assert fetch(address, "/api/x", "secret") == {"token": "Bearer secret"}
    assert fetch(address, "/api/near", "secret") == {"token": "Bearer secret"}
    assert fetch(address, "/api/away", "secret") == {"token": None}
