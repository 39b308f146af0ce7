"""Who may do what on a server with tokens and TLS, and what it never tells."""

import asyncio
import json
import shutil
import ssl
import subprocess
import urllib.request

import pytest
from live_server import Server
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from twin.client import Client, CommandError
from twin.errors import InputError
from twin.server.rates import Bucket
from twin.server.security import Access, Role, read_tokens

TOKENS = {"view": "viewer-token-0001", "operate": "operator-token-02", "admin": "admin-token-00003"}
PAUSE = {"name": "pause"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    file.write_text("".join(f"{role} {role}-user {token}\n" for role, token in TOKENS.items()))
    file.chmod(0o600)
    with Server("pilot", "--speed", "20", "--tokens", file, "--log", "json") as running:
        yield running


def bearer(role):
    return {"Authorization": f"Bearer {TOKENS[role]}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong-token-00000"},
        {"Authorization": "Basic dmlldw=="},
        {"Authorization": ""},
    ],
)
def test_without_a_token_nothing_is_told(server, headers):
    for path in ("/api/kpis", "/api/scene", "/metrics", "/api/sessions", "/openapi.json", "/docs"):
        status, _ = server.request(path, headers=headers, raw=True)
        assert status == 401, path
    assert server.request("/api/commands", body=PAUSE, headers=headers)[0] == 401
    assert server.request("/healthz")[0] == 200


def test_roles_allow_what_they_say(server):
    for role, allowed in (("view", False), ("operate", True), ("admin", True)):
        assert server.request("/api/kpis", headers=bearer(role))[0] == 200
        status, _ = server.request("/api/commands", body=PAUSE, headers=bearer(role))
        assert status == (200 if allowed else 403), role
    for role, status in (("view", 403), ("operate", 403), ("admin", 201)):
        body = {"layout": "pilot", "id": f"by-{role}", "paused": True}
        assert server.request("/api/sessions", body=body, headers=bearer(role))[0] == status
    for role, status in (("operate", 403), ("admin", 204)):
        found = server.request("/api/sessions/by-admin", method="DELETE", headers=bearer(role))
        assert found[0] == status
    log = server.get("/api/commands", headers=bearer("view"))
    assert {entry["who"] for entry in log} == {"operate-user", "admin-user"}


def test_the_stream_asks_for_the_token_as_well(server):
    for token in (None, "wrong-token-00000"):
        with pytest.raises(InputError, match="token"):
            Client(server.address, token)
    with Client(server.address, TOKENS["view"]) as viewer:
        viewer.subscribe(["site.pue"])
        assert viewer.wait_frame(0).values["site.pue"].shape == (1,)
        with pytest.raises(CommandError, match="may only look"):
            viewer.command("pause")
    with Client(server.address, TOKENS["operate"]) as operator:
        assert operator.command("resume")["ok"]


def test_a_token_may_come_as_a_subprotocol_as_browsers_need_it(server):
    async def ask(protocols, **options):
        address = f"ws://127.0.0.1:{server.port}/ws"
        async with connect(address, subprotocols=protocols, **options) as socket:
            return json.loads(await socket.recv()), socket.subprotocol

    hello, chosen = asyncio.run(ask(["twin.v1", "twin.token." + TOKENS["view"]]))
    assert hello["type"] == "hello"
    assert chosen == "twin.v1"  # the token is not sent back
    with pytest.raises(InvalidStatus):
        asyncio.run(ask(["twin.v1", "twin.token.wrong-token-00000"]))
    with pytest.raises(InvalidStatus):  # a token in the address would end up in logs
        asyncio.run(connect(f"ws://127.0.0.1:{server.port}/ws?token={TOKENS['view']}").__aenter__())


def test_tokens_are_never_logged(server):
    server.request(f"/api/kpis?token={TOKENS['admin']}", headers=bearer("view"))
    assert "viewer joined" in server.log
    for token in TOKENS.values():
        assert token not in server.log


def test_requests_are_limited_in_rate(server):
    async def flood():
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        writer.write(request * 1500)
        data = b""
        while b"HTTP/1.1 429" not in data and len(data) < 1_000_000:
            part = await asyncio.wait_for(reader.read(65536), 20)
            if not part:
                break
            data += part
        writer.close()
        return data

    assert b"HTTP/1.1 429" in asyncio.run(flood())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_tls(tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            key,
            "-out",
            certificate,
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    trust = ssl.create_default_context(cafile=certificate)
    with Server("pilot", "--certificate", certificate, "--key", key) as server:
        assert server.address.startswith("https://")
        with urllib.request.urlopen(server.address + "/healthz", context=trust, timeout=20) as got:
            assert got.status == 200

        async def hello():
            address = server.address.replace("https", "wss") + "/ws"
            async with connect(address, ssl=trust) as socket:
                return json.loads(await socket.recv())

        assert asyncio.run(hello())["type"] == "hello"
        with pytest.raises(InputError, match="certificate"):
            Client(server.address)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no tokens"),
        ("admin anna\n", "not a token line"),
        ("king anna 0123456789abcdef\n", "unknown role"),
        ("view a short\n", "too short"),
        ("view a 0123456789abcdef\nadmin a 0123456789abcdeg\n", "used twice"),
        ("view a sha256:xyz\n", "SHA-256"),
    ],
)
def test_a_bad_token_file_is_one_clear_message(tmp_path, text, words):
    file = tmp_path / "tokens"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(InputError, match=words):
        read_tokens(file)


def test_a_token_file_others_can_read_is_refused(tmp_path):
    file = tmp_path / "tokens"
    file.write_text("view a 0123456789abcdef\n")
    file.chmod(0o644)
    with pytest.raises(InputError, match="open to other users"):
        read_tokens(file)


def test_tokens_may_be_kept_as_their_hash(tmp_path):
    import hashlib

    file = tmp_path / "tokens"
    digest = hashlib.sha256(b"0123456789abcdef").hexdigest()
    file.write_text(f"operate anna sha256:{digest}  # on the desk\n")
    file.chmod(0o600)
    access = Access(read_tokens(file))
    user = access.user("0123456789abcdef", "1.2.3.4")
    assert user is not None
    assert (user.name, user.role) == ("anna", Role.operate)
    assert access.user("0123456789abcdeg", "1.2.3.4") is None


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "127.0.0.1:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://127.0.0.1:9000", "127.0.0.1:8000", False),
        ("null", "127.0.0.1:8000", False),
        ("http://evil.example", "127.0.0.1:8000", False),
        ("file://", "127.0.0.1:8000", False),
        ("https://wall.example", "127.0.0.1:8000", True),
        ("http://x", None, False),
    ],
)
def test_which_pages_may_talk_to_us(origin, host, allowed):
    assert Access(origins=("https://wall.example",)).allows_origin(origin, host) is allowed


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("[::1]:80", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        (None, False),
        ("", False),
    ],
)
def test_which_names_are_ours_without_tokens(host, allowed):
    assert Access().allows_host(host) is allowed


def test_a_bucket_lets_bursts_through_and_keeps_the_rate():
    bucket = Bucket(rate=10.0, burst=5.0, clock=0.0)
    assert [bucket.take(0.0) for _ in range(6)] == [True] * 5 + [False]
    assert sum(bucket.take(second / 100) for second in range(1, 1001)) == pytest.approx(100, abs=2)
