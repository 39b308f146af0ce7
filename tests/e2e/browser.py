"""A page of the browser client in Debian's Chromium, drawing on the processor."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIZE = (1280, 720)
FLAGS = [
    "--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--disable-background-networking", "--no-first-run",
]  # fmt: skip
POLICY = "Content Security Policy"  # what Chromium says when the page may not do something
PATIENCE = 120_000  # ms for anything to appear: test machines are slow, and shared


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(port: int, *arguments: str) -> Iterator[str]:
    """``twin serve`` on a given port, so that it can come back at the same address."""
    command = [sys.executable, "-m", "twin.cli.main", "serve", *arguments, "--port", str(port)]
    process = subprocess.Popen([*command, "--log", "off"], stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while True:
            with suppress(OSError), urllib.request.urlopen(address + "/healthz", timeout=5):
                break
            assert process.poll() is None, process.stderr.read() if process.stderr else ""
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.1)
        yield address
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def chromium() -> Iterator:
    """One browser for a module's tests; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser, address: str) -> Iterator:
    """A page that gets values; afterwards it must have had no errors."""
    page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
    page.set_default_timeout(PATIENCE)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if POLICY in said.text else None)
    page.goto(address)
    until(page, "window.twin && window.twin.stream.received.frames > 1")
    try:
        yield page
        assert not errors
    finally:
        page.close()


def until(page, condition: str, arg=None) -> None:
    """Wait for a condition; asked from outside, as the page itself may evaluate no text."""
    end = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(condition, arg):
        assert time.monotonic() < end, f"never came true: {condition}"
        page.wait_for_timeout(50)


def pixels(page, clip: tuple[float, float, float, float] | None = None):
    """What is seen, RGB (height, width, 3); ``clip`` x, y, width, height."""
    area = None
    if clip is not None:
        area = dict(zip(("x", "y", "width", "height"), clip, strict=True))
    return np.asarray(Image.open(BytesIO(page.screenshot(clip=area))).convert("RGB"), float)


def front(page, path: str, height: float = 0.5) -> tuple[float, float]:
    """Pixel of the middle of a rack's front, at a share of its height."""
    x, y, depth = page.evaluate(
        """([path, height]) => {
            const { model } = twin;
            const { level, index } = model.find(path);
            const { group, row } = model.placeOf(level, index);
            const [w, d, h] = group.product.size;
            const [x, y, z] = group.position.subarray(3 * row, 3 * row + 3);
            return twin.view().project(
                x + group.sin[row] * d / 2, y - group.cos[row] * d / 2, z + h * height);
        }""",
        [path, height],
    )
    assert depth > 0, f"{path} is behind the camera"
    return x, y
