"""Addresses as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.addresses import Address, is_address, parse_address
from twin.errors import InputError
from viewer.commands import layouts_in


@pytest.mark.parametrize(
    ("text", "http", "stream"),
    [
        ("ws://127.0.0.1:8000", "http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws"),
        ("ws://127.0.0.1:8000/ws", "http://127.0.0.1:8000", "ws://127.0.0.1:8000/ws"),
        ("  localhost:9000 \n", "http://localhost:9000", "ws://localhost:9000/ws"),
        ("ws://localhost", "http://localhost:8000", "ws://localhost:8000/ws"),
        ("[::1]:8000", "http://[::1]:8000", "ws://[::1]:8000/ws"),
        ("ws://[::1]/twin", "http://[::1]:80/twin", "ws://[::1]:80/twin/ws"),
        ("https://host/twin/", "https://host:443/twin", "wss://host:443/twin/ws"),
        ("https://host/twin/ws", "https://host:443/twin", "wss://host:443/twin/ws"),
        ("wss://host:444/a/b//", "https://host:444/a/b", "wss://host:444/a/b/ws"),
        ("ws://host:8000/prefix/", "http://host:8000/prefix", "ws://host:8000/prefix/ws"),
        ("http://host/prefix", "http://host:80/prefix", "ws://host:80/prefix/ws"),
        ("host:8000/prefix", "http://host:8000/prefix", "ws://host:8000/prefix/ws"),
        ("https://host/%EB%B9%9B/", "https://host:443/%EB%B9%9B", "wss://host:443/%EB%B9%9B/ws"),
    ],
)
def test_what_is_understood(text: str, http: str, stream: str) -> None:
    address = parse_address(text)
    assert (address.http, address.stream, address.session) == (http, stream, None)
    assert is_address(text.strip())


@pytest.mark.parametrize("text", ["https://h/twin/?session=hall%201", "h:443/twin?session=hall+1"])
def test_a_session_beside_a_path(text: str) -> None:
    address = parse_address(text)
    assert address.session == "hall 1"
    assert address.stream.endswith("h:443/twin/ws?session=hall+1")
    assert address.rest("/api/scene").endswith("/twin/api/scene?session=hall+1")


def test_an_empty_session_is_the_first() -> None:
    assert parse_address("ws://h:1/?session=") == Address("http://h:1")


@pytest.mark.parametrize(
    "text",
    [
        "", "ws://", "ftp://host", "ws://host:0", "ws://host:99999", "ws://host:port", "::1",
        "ws://ho st", "ws://host/a b", "ws://ho\nst", "ws://ho\x00st", "http:///twin", "//host",
        "ws://host?camera=rack", "ws://host?session=a&session=b", "https://host/#token=verysecret",
        "https://host/?token=verysecret&session=a",
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_address(text)
    assert refused.value.key == "address"
    assert "verysecret" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["http://anna:hunter2@host/twin", "anna:hunter2@host:8000", "ws://anna@h"]
)
def test_a_password_is_refused_and_never_shown(text: str) -> None:
    with pytest.raises(InputError, match="no user name") as refused:
        parse_address(text)
    assert "hunter2" not in str(refused.value)
    assert "anna" not in str(refused.value)


def test_a_name_with_a_port_is_an_address_unless_it_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("localhost:8000", "10.0.0.1:80/twin/", "[fe80::1]:8000", "host:8000?session=a"):
        assert is_address(text)
        assert layouts_in(text) == [text]
    for text in ("pilot", "layouts/hall.yaml", "out.zarr", "C:\\layouts\\a.yaml", "a:b"):
        assert not is_address(text)
    (tmp_path / "run:1").touch()
    assert not is_address("run:1")
