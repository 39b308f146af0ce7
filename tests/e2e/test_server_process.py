"""The server as a process: how it refuses to start, and how it ends whatever its clients do."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from live_server import Server, twin

from twin.client import Client
from twin.errors import InputError
from twin.server import serve


def test_a_port_in_use_is_one_clear_message_and_exit_code_2():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, error = twin("serve", "pilot", "--port", port)
    assert code == 2
    assert out == ""
    assert "port is in use" in error
    assert str(port) in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("layout", "options", "message"),
    [
        ("pilot", {"host": "0.0.0.0"}, "needs tokens"),
        ("pilot", {"host": "no.such.host.invalid"}, "needs tokens"),
        ("no-such-layout", {}, "no-such-layout"),
        (None, {}, "nothing to serve"),
        ("pilot", {"tokens": Path("/no/such/file")}, "token file cannot be read"),
        ("pilot", {"certificate": Path("/no/such/file")}, "certificate or key cannot be used"),
        ("pilot", {"state": Path("/proc/nowhere")}, "cannot be used"),
    ],
)
def test_bad_options_are_refused_before_anything_is_served(layout, options, message):
    with pytest.raises(InputError) as caught:
        serve(layout, port=0, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "address", ["ws://127.0.0.1:1", "nonsense://x", "ws://127.0.0.1:1/elsewhere", "ws://", "a b"]
)
def test_a_wrong_websocket_address_is_one_clear_message(address):
    with pytest.raises(InputError) as caught:
        Client(address)
    assert "address" in str(caught.value)
    assert address in str(caught.value)


def test_something_that_is_no_twin_is_told_from_one():
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(5)
        address = f"127.0.0.1:{other.getsockname()[1]}"

        def answer():
            connection, _ = other.accept()
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with pytest.raises(InputError, match="no twin server there"):
            Client(address)
        thread.join(5)


def deaf_viewer(port):
    """A viewer that asks for everything and never reads."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.connect(("127.0.0.1", port))
    connection.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert connection.recv(12) == b"HTTP/1.1 101"
    message = b'{"type":"subscribe","channels":["gpu.*","rack.*"],"rate":30,"detail":"fine"}'
    connection.sendall(bytes([0x81, 0x80 | len(message)]) + bytes(4) + message)
    return connection


@pytest.mark.parametrize(
    ("sign", "codes"), [(signal.SIGTERM, (0, -signal.SIGTERM)), (signal.SIGINT, (130,))]
)
def test_it_ends_though_clients_never_read(sign, codes):
    with Server("pilot", "--speed", "0") as server:
        deaf = [deaf_viewer(server.port) for _ in range(3)]
        half_open = socket.create_connection(("127.0.0.1", server.port))
        half_open.sendall(b"POST /api/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le")
        with Client(server.address) as client:
            client.subscribe(["gpu.temperature"], rate=30)
            client.wait_frame()
            time.sleep(1.0)  # let the deaf ones' buffers fill
            code = server.stop(sign, timeout=60.0)  # it takes two seconds of its own
        for connection in (*deaf, half_open):
            connection.close()
    assert code in codes
    assert "Traceback" not in server.log


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs /proc")
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_the_process_that_draws_pictures_ends_with_the_server(sign):
    with Server("pilot", "--paused") as server:
        status, _ = server.request("/api/picture?width=64&height=64", raw=True)
        if status == 501:
            pytest.skip("no viewer is installed")
        assert status == 200
        before = children(server.process.pid)
        assert before
        server.stop(sign)
    end = time.monotonic() + 60
    while any(runs(child) for child in before):
        assert time.monotonic() < end, "it outlived the server"
        time.sleep(0.05)


def runs(process):
    """Whether a process has not ended; one that nobody has asked after yet has."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(parent):
    """Processes that a process started, from its threads' tables."""
    found = []
    for task in os.listdir(f"/proc/{parent}/task"):
        with open(f"/proc/{parent}/task/{task}/children") as file:
            found += file.read().split()
    return found
