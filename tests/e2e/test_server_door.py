"""What somebody without a token may try at the door, and what the server makes of it."""

import contextlib
import json
import re
import socket
import ssl
import subprocess
import time

import pytest
from live_server import PATIENCE, Server

HOST = b"Host: 127.0.0.1\r\n"
HANDSHAKE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
LIMITS = {
    "connections_per_address": 12,
    "head_bytes": 4096,
    "head_seconds": 1,
    "body_seconds": 1,
    "idle_seconds": 1,
    "first_message_seconds": 1,
    "pipelined": 4,
    "requests_per_second": 1000,
    "requests_at_once": 1000,
    "handshakes_per_second": 1000,
    "handshakes_at_once": 1000,
}


def options(**changed):
    """Command-line options that set limits."""
    chosen = (LIMITS | changed).items()
    return [part for name, value in chosen for part in ("--limit", f"{name}={value}")]


@pytest.fixture(scope="module")
def server():
    with Server("pilot", "--paused", "--redfish", *options()) as running:
        yield running
        assert "Traceback" not in running.log


def opened(server):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    return connection


def told(connection):
    """All that comes until the server ends the connection."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            data += part
    connection.close()
    return data


def asked(server, request, more=()):
    """Status and all else of an answer to raw bytes; 0 when the connection just ended."""
    with opened(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
            for part in more:
                connection.sendall(part)
        answer = told(connection)
    return (int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0), answer


def get(path, headers=b"", host=HOST):
    return b"GET " + path + b" HTTP/1.1\r\n" + host + headers + b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "request_bytes", "part"),
    [
        (431, b"GET / HTTP/1.1\r\nX-A: ", b"a" * 65536),
        (431, b"GET / HTTP/1.1\r\n", b"X-A: b\r\n" * 8192),
        (414, b"GET /", b"a" * 65536),
        (431, b"GET / HTTP/1.1\r\nSec-WebSocket-Protocol: ", b"twin.v1, " * 8192),
        (400, b"\x16\x03\x01\x02\x00", b"\x00" * 1000),
        (400, b"GET / HTTP/9.7\r\n", b""),
        (400, b"NONSENSE\r\n\r\n", b""),
    ],
)
def test_heads_without_end_are_refused_at_once(server, status, request_bytes, part):
    sent = 0
    with opened(server) as connection:
        connection.sendall(request_bytes)
        try:
            for _ in range(5000 if part else 0):  # 300 MB, if they were taken
                connection.sendall(part)
                sent += len(part)
        except ConnectionError:
            pass
        else:
            assert not part or sent < 300_000_000, "everything was taken"
        answer = told(connection)
    assert sent < 50_000_000
    if answer:  # it may be lost where much was on the way
        assert answer.startswith(b"HTTP/1.1 %d" % status), answer[:100]
        assert b"message" in answer
    assert server.request("/healthz")[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"X-A: " + b"a" * 5000 + b"\r\n", 431),
        (b"".join(b"X-%d: b\r\n" % number for number in range(150)), 431),
        (b"Content-Length: -1\r\n", 400),
        (b"Content-Length: 1, 2\r\n", 400),
        (b"Content-Length: 99999999999999999999999\r\n", 400),
        (b"Content-Length: 99999999\r\n", 413),
        (b"Content-Length: \xb2\r\n", 400),
        (b"Transfer-Encoding: nonsense\r\n", 400),
        (b"Authorization: \xff\xfe\r\n", 200),
        (b"Authorization: Bearer\r\n", 200),
    ],
)
def test_headers_that_cannot_be_right_are_refused(server, headers, status):
    assert asked(server, get(b"/api/kpis", headers))[0] == status


@pytest.mark.parametrize("kind", ["request", "websocket"])
@pytest.mark.parametrize(
    ("name", "text", "status"),
    [
        (b"Host", b"[::1", 400),
        (b"Host", b"[", 400),
        (b"Host", b"[x]:1", 400),
        (b"Host", b"127.0.0.1:99999999", 400),
        (b"Host", b"127.0.0.1:x", 400),
        (b"Host", b"a b", 400),
        (b"Host", b"user@127.0.0.1", 400),
        (b"Host", b"127.0.0.1/../x", 400),
        (b"Host", b"\xff\xfe", 400),
        (b"Host", b"evil.example", 403),
        (b"Host", b"", 403),
        (b"Origin", b"http://[::1", 400),
        (b"Origin", b"http://127.0.0.1:99999999", 400),
        (b"Origin", b"//", 400),
        (b"Origin", b"nonsense", 400),
        (b"Origin", b"http://\xff", 400),
        (b"Origin", b"http://evil.example", 403),
        (b"Origin", b"null", 403),
    ],
)
def test_malformed_and_foreign_hosts_and_origins_are_refused(server, kind, name, text, status):
    line = name + b": " + text + b"\r\n"
    host = b"" if name == b"Host" else HOST
    extra = HANDSHAKE if kind == "websocket" else b"Connection: close\r\n"
    path = b"/ws" if kind == "websocket" else b"/api/kpis"
    found, answer = asked(server, b"GET " + path + b" HTTP/1.1\r\n" + host + line + extra + b"\r\n")
    assert found == status, answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["message"]


def test_two_hosts_are_refused(server):
    assert asked(server, get(b"/api/kpis", HOST))[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        b"/%00",
        b"/%ff%fe",
        b"/api/%00",
        b"/api/sessions/%0a%1b[2J",
        b"/" + b"%2e%2e/" * 50 + b"etc",
        b"/" + b"a" * 3000,
        b"//evil.example/api/",
        b"/api/kpis?session=%ff%00",
        b"/api/mesh/%00/0.glb",
    ],
)
def test_strange_addresses_are_not_found(server, path):
    status, answer = asked(server, get(path))
    assert status in (404, 422), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["message"]
    assert "\x1b" not in server.log


def test_half_requests_end_in_time(server):
    half = [
        (408, b"GET /api/kpis HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: b"),
        (408, b"GET /ws HTTP/1.1\r\n" + HOST + HANDSHAKE),
        (408, b"POST /api/commands HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\n{"),
        (0, b""),
        (0, b"\r\n\r\n"),
    ]
    began = time.monotonic()
    connections = [(status, opened(server), data) for status, data in half]
    for _, connection, data in connections:
        connection.sendall(data)
    for status, connection, data in connections:
        answer = told(connection)
        assert answer[9:12] == (b"%d" % status if status else b""), (data, answer)
    assert time.monotonic() - began < 20


def test_a_body_that_dribbles_ends_in_time(server):
    with opened(server) as connection:
        connection.sendall(
            b"POST /api/commands HTTP/1.1\r\n" + HOST + b"Content-Length: 60000\r\n\r\n"
        )
        with contextlib.suppress(ConnectionError):
            for _ in range(300):
                connection.sendall(b" ")
                time.sleep(0.05)
            pytest.fail("it was taken for a quarter of a minute")


def test_new_connections_are_let_in_for_idle_ones(server):
    idle = [opened(server) for _ in range(LIMITS["connections_per_address"])]
    status, _ = asked(server, get(b"/healthz"))
    assert status == 200
    assert told(idle[0]) == b""
    assert "idle connections cut" in server.log
    for connection in idle:
        connection.close()


def subscribed(server):
    """A websocket that is in use."""
    connection = opened(server)
    connection.sendall(b"GET /ws HTTP/1.1\r\n" + HOST + HANDSHAKE + b"\r\n")
    assert connection.recv(12) == b"HTTP/1.1 101"
    message = json.dumps({"type": "subscribe", "channels": ["site.pue"]}).encode()
    connection.sendall(bytes([0x81, 0x80 | len(message)]) + bytes(4) + message)
    data = b""
    while b'"ack"' not in data:
        data += connection.recv(65536)
    return connection


def test_connections_in_use_stay_and_one_too_many_is_refused():
    with Server("pilot", "--paused", *options(connections_per_address=5, connections=16)) as server:
        busy = [subscribed(server) for _ in range(5)]
        status, answer = asked(server, get(b"/healthz"))
        assert status in (0, 503), answer  # refused before it was read
        end = time.monotonic() + PATIENCE
        while "connections refused: too many connections of one address" not in server.log:
            assert time.monotonic() < end, server.log
            time.sleep(0.05)
        busy.pop().close()
        server.until("/healthz", lambda answer: answer["status"] == "ok")
        for connection in busy:
            connection.close()


def test_a_viewer_says_what_it_wants_in_time(server):
    silent = opened(server)
    silent.sendall(b"GET /ws HTTP/1.1\r\n" + HOST + HANDSHAKE + b"\r\n")
    talking = subscribed(server)
    assert told(silent).endswith(b"no message came in time")
    talking.settimeout(1.5)
    with contextlib.suppress(TimeoutError):
        while part := talking.recv(65536):
            assert not part.endswith(b"in time")
    talking.close()
    assert "viewers that never said what they want" in server.log


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (bytes([0x89, 0x80]) + bytes(4), 1008),  # pings
        (bytes([0x8A, 0x80]) + bytes(4), 1008),  # pongs
        (bytes([0x81, 0x81]) + bytes(4) + b"{", 1008),  # messages
    ],
)
def test_floods_of_small_frames_end_a_connection(server, frame, code):
    connection = subscribed(server)
    with contextlib.suppress(ConnectionError):
        for _ in range(200):
            connection.sendall(frame * 1000)
    assert server.request("/healthz")[0] == 200
    data = told(connection)
    assert not data or code.to_bytes(2, "big") in data


def test_what_is_not_text_ends_a_connection_and_leaves_no_traceback(server):
    connection = subscribed(server)
    connection.sendall(bytes([0x81, 0x82]) + bytes(4) + b"\xff\xfe")
    assert (1007).to_bytes(2, "big") in told(connection)


def test_websockets_are_limited_in_rate():
    with Server(
        "pilot", "--paused", *options(handshakes_at_once=5, handshakes_per_second=1)
    ) as server:
        request = b"GET /ws HTTP/1.1\r\n" + HOST + HANDSHAKE + b"Sec-WebSocket-Protocol: no\r\n\r\n"
        statuses = [asked(server, request)[0] for _ in range(8)]
        assert statuses[0] == 403  # another subprotocol than ours
        assert 429 in statuses
        assert server.request("/healthz")[0] == 200  # requests are counted apart


def test_other_websockets_are_not_there(server):
    for path in (b"/", b"/ws/", b"/api/kpis", b"/%ff"):
        request = b"GET " + path + b" HTTP/1.1\r\n" + HOST + HANDSHAKE + b"\r\n"
        assert asked(server, request)[0] == 403, path


def test_requests_sent_without_waiting_are_bounded(server):
    with opened(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        with contextlib.suppress(ConnectionError):
            connection.sendall((b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n") * 2000)
        data = told(connection)
    assert b"HTTP/1.1 429" in data
    assert b"connection: close" in data
    assert data.count(b"HTTP/1.1 200") < 200


def test_a_body_that_was_refused_gets_one_answer(server):
    head = b"POST /api/commands HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999\r\n\r\n"
    status, answer = asked(server, head, [b" " * 65536] * 40)
    assert status in (0, 413)  # it may be lost where much was on the way
    assert answer.count(b"HTTP/1.1") <= 1
    assert server.request("/healthz")[0] == 200


def test_a_websocket_is_not_opened_behind_an_unanswered_request(server):
    first = b"GET /api/kpis HTTP/1.1\r\n" + HOST + b"\r\n"
    second = b"GET /ws HTTP/1.1\r\n" + HOST + HANDSHAKE + b"\r\n"
    status, answer = asked(server, first + second)
    assert status == 200
    assert b"HTTP/1.1 101" not in answer


def test_upgrades_to_what_we_do_not_speak_are_ignored(server):
    status, _ = asked(server, get(b"/healthz", b"Upgrade: h2c\r\nConnection: Upgrade\r\n"))
    assert status == 200


def test_one_line_of_the_log_stands_for_many(server):
    lines = len(server.log.splitlines())
    for _ in range(200):
        asked(server, b"NONSENSE\r\n\r\n")
    assert len(server.log.splitlines()) - lines < 10


def test_tls_handshakes_that_never_end_are_cut(tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", key, "-out", certificate, "-subj", "/CN=localhost"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("makes its certificate with openssl")
    with Server("pilot", "--certificate", certificate, "--key", key, *options()) as server:
        silent = [opened(server) for _ in range(5)]
        plain = opened(server)
        plain.sendall(get(b"/healthz"))
        for connection in (*silent, plain):
            assert not told(connection).startswith(b"HTTP")
        assert "TLS handshakes that failed" in server.log
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(opened(server)) as encrypted:
            encrypted.sendall(get(b"/healthz", host=b"Host: twin.example\r\n"))
            assert encrypted.recv(12) == b"HTTP/1.1 403"
        with context.wrap_socket(opened(server)) as encrypted:
            encrypted.sendall(get(b"/healthz"))
            answer = told(encrypted)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"strict-transport" not in answer  # it would hold for every server of this machine
        assert "Traceback" not in server.log


# --- manners of HTTP -----------------------------------------------------------------------------


def head_and_get(server, path):
    lines = {}
    for method in (b"GET", b"HEAD"):
        request = get(path).replace(b"GET", method, 1)
        head, _, body = asked(server, request)[1].partition(b"\r\n\r\n")
        lines[method] = (head.splitlines(), body)
    return lines[b"GET"], lines[b"HEAD"]


@pytest.mark.parametrize(
    "path",
    [
        *(b"/healthz", b"/readyz", b"/", b"/api/kpis", b"/api/scene", b"/api/sessions", b"/docs"),
        *(b"/openapi.json", b"/redfish/v1/", b"/redfish/v1", b"/api/nowhere"),
        b"/api/sessions/none",
    ],
)
def test_head_is_answered_as_get_without_the_body(server, path):
    (lines, body), (head_lines, nothing) = head_and_get(server, path)
    changing = (b"date:", b"content-length:", b"transfer-encoding:")

    def steady(lines):
        return [line for line in lines if not line.startswith(changing)]

    assert steady(head_lines) == steady(lines)
    assert nothing == b""
    assert body or lines[0].startswith(b"HTTP/1.1 307")
    lengths = [
        [len(line) for line in some if line.startswith(b"content-length:")]
        for some in (lines, head_lines)
    ]
    assert lengths[0] == lengths[1] != []


def test_head_of_what_never_ends_ends(server):
    request = get(b"/api/stream?channel=site.pue").replace(b"GET", b"HEAD", 1)
    status, answer = asked(server, request)
    assert status == 200
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (b"/api/sessions/", b"/api/sessions"),
        (b"/metrics/", b"/metrics"),
        (b"/docs/", b"/docs"),
    ],
)
def test_a_slash_too_many_or_too_few_leads_on(server, path, to):
    status, answer = asked(server, get(path))
    assert status == 307
    assert b"location: " + to + b"\r\n" in answer
    assert asked(server, get(to))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/kpis", {"GET", "HEAD"}),
        ("PUT", "/api/sessions", {"GET", "HEAD", "POST"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("POST", "/", {"GET", "HEAD"}),
        ("PATCH", "/api/sessions/pilot/branch", {"POST"}),
    ],
)
def test_other_methods_are_told_what_is_allowed(server, method, path, allowed):
    request = get(path.encode()).replace(b"GET", method.encode(), 1)
    status, answer = asked(server, request)
    assert status == 405
    found = re.search(rb"\r\nallow: ([^\r]*)", answer, re.IGNORECASE)
    assert found is not None
    assert set(found.group(1).decode().split(", ")) == allowed
    assert "not taken here" in json.loads(answer.partition(b"\r\n\r\n")[2])["message"]


@pytest.mark.parametrize("path", ["/api/nowhere", "/api/", "/api", "/metrics/x", "/redfish/v1/x"])
def test_what_is_not_there_is_said_in_json(server, path):
    status, answer = server.request(path)
    assert status == 404
    assert answer["message"] if "message" in answer else answer["error"]


@pytest.mark.parametrize(
    "request_bytes",
    [
        get(b"/"),
        get(b"/api/kpis"),
        get(b"/api/nowhere"),
        get(b"/api/kpis", host=b"Host: evil.example\r\n"),
        get(b"/api/kpis", host=b"Host: [\r\n"),
    ],
)
def test_every_answer_has_the_security_headers(server, request_bytes):
    head = asked(server, request_bytes)[1].partition(b"\r\n\r\n")[0].decode().lower()
    assert "script-src 'self';" in head
    assert "frame-ancestors 'none'" in head
    for name in ("x-content-type-options: nosniff", "x-frame-options: deny", "referrer-policy: no"):
        assert head.count(name) == 1
    assert "strict-transport-security" not in head  # only under TLS


def test_the_description_of_rest_needs_no_other_server(server):
    status, body = server.request("/docs", raw=True)
    text = body.decode()
    assert status == 200
    assert "<script" not in text
    assert set(re.findall(r"(?:src|href)=\"([^\"#][^\"]*)\"", text)) == {"docs.css", "openapi.json"}
    for path, operations in server.get("/openapi.json")["paths"].items():
        assert f"<code>{path}</code>" in text
        for operation in operations.values():
            assert operation["description"].split("`")[0].split("'")[0].strip()[:40] in text
    assert server.request("/docs.css", raw=True)[0] == 200
    assert server.request("/redoc", raw=True)[0] == 404
