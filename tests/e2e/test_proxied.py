"""Client, window and page behind a reverse proxy with a prefix, and on a network that is cut."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import chromium, opened
from live_server import Server
from reverse_proxy import ReverseProxy

from twin.client import Client
from twin.errors import InputError, TwinError
from twin.sources import LiveSource, open_source

PATIENCE = 120.0  # s: test machines are slow, and shared


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("pilot", "--speed", "20") as running:
        yield running


@pytest.fixture
def proxy(server: Server) -> Iterator[ReverseProxy]:
    with ReverseProxy(server.port, "/twin") as running:
        yield running


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that finds out sooner that nobody is there, so that the test need not wait."""
    for name, value in (("PING_INTERVAL", 0.3), ("PONG_WITHIN", 1.0), ("OPEN_WITHIN", 2.0)):
        monkeypatch.setattr(f"twin.async_client.{name}", value)


@pytest.mark.parametrize("form", ["http://{}/twin/", "ws://{}/twin", "{}/twin/?session=pilot"])
def test_the_client_reaches_a_server_under_a_prefix(proxy: ReverseProxy, form: str) -> None:
    with Client(form.format(f"127.0.0.1:{proxy.port}")) as client:
        client.subscribe(["rack.power"], rate=10)
        assert client.wait_frame(timeout=PATIENCE).values["rack.power"].size == 8
        assert client.get("/api/scene")["name"] == "pilot"
        assert client.command("pause")["ok"]
        client.command("resume")


def test_a_path_that_is_not_the_prefix_is_one_message(proxy: ReverseProxy) -> None:
    with pytest.raises(InputError, match="the path is not its prefix"):
        Client(f"http://127.0.0.1:{proxy.port}/other/")


def test_the_window_reaches_a_server_under_a_prefix(proxy: ReverseProxy) -> None:
    source = open_source(f"127.0.0.1:{proxy.port}/twin/?session=pilot")
    try:
        assert isinstance(source, LiveSource)
        assert source.scene["name"] == "pilot"
        source.select(["cdu.supply_temperature"])
        assert source.wait(PATIENCE).time >= 0.0
        assert isinstance(source.events(), list)
    finally:
        source.close()


def test_a_picture_of_a_server_under_a_prefix(proxy: ReverseProxy, tmp_path: Path) -> None:
    picture = tmp_path / "seen.png"
    address = f"http://127.0.0.1:{proxy.port}/twin/"
    done = subprocess.run(
        [sys.executable, "-m", "twin.cli.main", "render", address, "-o", picture, "--size",
         "320x180"],
        env=os.environ, capture_output=True, text=True, check=False, timeout=PATIENCE * 3,
    )  # fmt: skip
    if "no usable OpenGL" in done.stderr:
        pytest.skip("nothing can be drawn here")
    assert done.returncode == 0, done.stderr
    assert picture.stat().st_size > 2000


@pytest.mark.usefixtures("hasty")
def test_the_client_comes_back_after_a_cut(proxy: ReverseProxy) -> None:
    with Client(f"ws://127.0.0.1:{proxy.port}/twin") as client:
        client.subscribe(["rack.power"], rate=10)
        client.wait_frame(timeout=PATIENCE)
        proxy.cut()
        until(lambda: not client.connected)
        began, before = time.process_time(), proxy.accepted
        with pytest.raises(TwinError, match=r"^no connection to the server since \d+ s$"):
            client.command("pause")
        with pytest.raises(TwinError, match="no connection"):
            client.subscribe(["cdu.supply_temperature"], rate=10)
        until(lambda: proxy.accepted > before)  # it tries by itself
        assert client.latest() is not None  # what was last seen is still there
        assert time.process_time() - began < 5.0
        proxy.mend()
        until(lambda: client.connected)
        seen = client.received
        frame = client.wait_frame(seen, timeout=PATIENCE)
        assert set(frame.values) == {"cdu.supply_temperature"}  # what was asked for meanwhile
        assert client.command("resume")["ok"]


def test_a_command_into_a_cut_ends_in_one_message_before_it_is_noticed(
    proxy: ReverseProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = LiveSource(f"ws://127.0.0.1:{proxy.port}/twin")
    try:
        source.wait(PATIENCE)
        monkeypatch.setattr("twin.sources.ANSWERS_WITHIN", 0.5)
        proxy.cut()
        with pytest.raises(TwinError, match=r"no answer from the server within 0\.5 s"):
            source.command("pause")
        assert source.latest() is not None
    finally:
        source.close()


def test_a_command_that_waits_when_the_cut_is_noticed_fails_once(
    proxy: ReverseProxy, hasty: None
) -> None:
    with Client(f"ws://127.0.0.1:{proxy.port}/twin") as client:
        proxy.cut()
        with pytest.raises(TwinError, match="the connection broke before an answer came"):
            client.command("pause", timeout=PATIENCE)


@pytest.mark.usefixtures("hasty")
def test_a_window_marks_what_is_old_and_comes_back(proxy: ReverseProxy) -> None:
    from viewer.freshness import Freshness

    source, freshness = LiveSource(f"ws://127.0.0.1:{proxy.port}/twin"), Freshness()
    shown: list[Any] = []

    def words() -> str:
        frame = source.latest()
        if frame is not None and (not shown or frame.sequence != shown[-1]):
            shown.append(frame.sequence)
            freshness.frame_came(time.monotonic())
        told = freshness.message(time.monotonic(), source.connected, False)
        return "" if told is None else told[1]

    try:
        until(lambda: len(shown) > 3 or words() == "nothing")
        proxy.cut()
        until(lambda: words().startswith("no connection since"))
        assert "values are" in words()
        proxy.mend()
        until(lambda: words() == "")
        assert source.connected
    finally:
        source.close()


def test_the_page_works_under_a_prefix_and_comes_back_after_a_cut(proxy: ReverseProxy) -> None:
    with chromium() as browser, opened(browser, f"http://127.0.0.1:{proxy.port}/twin/") as page:
        assert page.evaluate("twin.model.count('rack')") == 8
        proxy.cut()
        page.wait_for_selector('#banner[data-status="stale"]:visible')
        page.wait_for_selector('#banner[data-status="limit"]:visible')
        assert "no connection since" in page.locator("#banner").inner_text()
        seen = page.evaluate("twin.stream.received.frames")
        proxy.mend()
        until(lambda: page.evaluate(f"twin.stream.received.frames > {seen + 1}"))
        page.wait_for_selector("#banner", state="hidden")
