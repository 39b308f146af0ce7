"""The browser client against a real server, in a real browser."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack

import numpy as np
import pytest
from browser import chromium, free_port, front, opened, pixels, serving, until

RACK = "/pilot/hall-a/row-01/rack-03"
CDU = "/pilot/hall-a/row-01/cdu-1"


def element(address: str, path: str) -> dict:
    query = urllib.parse.urlencode({"path": path})
    with urllib.request.urlopen(f"{address}/api/element?{query}", timeout=20) as answer:
        return json.load(answer)


def settle(page) -> None:
    """Wait until the camera stands and models of the wanted detail are drawn."""
    page.wait_for_timeout(700)  # the camera glides for half a second
    until(page, "twin.still()")


@pytest.fixture(scope="module")
def server():
    with serving(free_port(), "pilot", "--speed", "5") as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def shared(browser, server):
    with opened(browser, f"{server}/?theme=dark&camera=hall&channel=rack.temperature") as page:
        yield page


@pytest.fixture
def page(shared):
    shared.keyboard.press("Escape")
    shared.keyboard.press("2")
    settle(shared)
    return shared


def test_the_picture_is_not_empty(page) -> None:
    seen = pixels(page, (280, 60, 780, 600))
    assert seen.std() > 15
    assert len(np.unique((seen // 8).reshape(-1, 3), axis=0)) > 60


def test_figures_of_the_factory_run_across_the_top(page) -> None:
    figures = page.locator("#strip .figure:visible").all_inner_texts()
    text = " ".join(figures)
    for caption in ("simulated time", "IT power", "PUE", "hottest GPU", "throttled", "tokens/s"):
        assert caption in text
    assert "MW" in text
    assert page.locator("#legend").inner_text().startswith("Hottest GPU in the rack")


def test_a_clicked_rack_shows_its_path_and_values(page, server) -> None:
    page.mouse.click(*front(page, RACK))
    page.wait_for_selector("#element:visible")
    assert page.locator("#element .path").inner_text() == RACK
    value = page.locator('#element tr[data-channel="rack.power"] .value')
    until(page, "node => /kW/.test(node.textContent)", arg=value.element_handle())
    shown = float(value.inner_text().split()[0]) * 1e3
    assert shown == pytest.approx(element(server, RACK)["values"]["rack.power"], rel=0.02)


def test_an_element_is_found_by_its_path(page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("row-01/cdu-2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#element:visible")
    assert page.locator("#element .path").inner_text() == "/pilot/hall-a/row-01/cdu-2"


def test_pausing_stops_the_time(page, server) -> None:
    page.keyboard.press("Space")
    page.wait_for_selector("#time.paused")
    page.wait_for_timeout(400)
    before = element(server, RACK)["time"]
    page.wait_for_timeout(500)
    assert element(server, RACK)["time"] == before
    page.keyboard.press("Space")
    page.wait_for_selector("#time:not(.paused)")


def test_a_set_point_is_set(page, server) -> None:
    page.evaluate("path => twin.select(twin.model.find(path))", CDU)
    page.click('[data-tab="operate"]')
    page.fill('[data-set="supply_setpoint"]', "38")
    page.press('[data-set="supply_setpoint"]', "Enter")
    page.wait_for_selector('#banner[data-status="ok"]:visible')
    assert element(server, CDU)["controls"]["supply_setpoint"] == 38
    page.fill('[data-set="supply_setpoint"]', "400")
    page.press('[data-set="supply_setpoint"]', "Enter")
    page.wait_for_selector('#banner[data-status="limit"]:visible')
    assert "out of range" in page.locator("#banner").inner_text()
    page.fill('[data-set="supply_setpoint"]', "")  # an empty field is no zero
    page.press('[data-set="supply_setpoint"]', "Enter")
    page.wait_for_function("document.querySelector('#banner').innerText.includes('not a number')")
    assert element(server, CDU)["controls"]["supply_setpoint"] == 38


def test_every_accelerator_has_its_own_cell(page) -> None:
    page.evaluate("twin.showChannel('gpu.temperature')")
    page.evaluate("path => twin.select(twin.model.find(path))", RACK)
    page.keyboard.press("4")
    settle(page)
    gpu = f"{RACK}/tray-04/gpu-1"
    found = page.evaluate(
        """path => {
            const { model } = twin;
            const gpu = model.find(path);
            const rack = model.placeOf('rack', model.rackOfGpu(gpu.index).rack);
            const slot = rack.group.product.slots.find(s => path.endsWith(s.name));
            const { low, high } = model.box(model.parent(gpu));
            // first cell of the tray's four on the rack's front
            const [w, d] = rack.group.product.size;
            const [x, y] = [-w / 2 + w / 8, -d / 2];
            const [c, s] = [rack.group.cos[rack.row], rack.group.sin[rack.row]];
            const at = rack.group.position.subarray(3 * rack.row);
            const pixel = twin.view().project(
                at[0] + c * x - s * y, at[1] + s * x + c * y, at[2] + slot.position[2]);
            const hit = twin.pickAt(pixel[0], pixel[1]);
            return hit && model.path(hit);
        }""",
        gpu,
    )
    page.evaluate("twin.showChannel('rack.temperature')")
    assert found == gpu


def test_a_tripped_cdu_is_seen_in_the_racks_colours(page) -> None:
    """Last of the shared page's tests: the racks are hot afterwards."""
    x, y = front(page, RACK, 0.28)
    area = (x - 5, y - 2, 10, 6)
    before = pixels(page, area).mean(axis=(0, 1))
    page.evaluate("path => twin.select(twin.model.find(path))", CDU)
    page.click('[data-tab="operate"]')
    page.click('[data-inject="trip"]')
    page.wait_for_selector('#banner[data-status="ok"]:visible')
    page.keyboard.press("Escape")
    until(page, "twin.factory.values && Math.max(...twin.factory.values) > 88")
    end = time.monotonic() + 30
    while True:  # a slow machine draws what came a while later
        after = pixels(page, area).mean(axis=(0, 1))
        if np.abs(after - before).max() > 25 or time.monotonic() > end:
            break
        page.wait_for_timeout(200)
    print(f"colour of the rack before {before.round()}, after {after.round()}")
    assert np.abs(after - before).max() > 25
    assert after.sum() > before.sum()  # the thermal map grows lighter with temperature
    page.wait_for_selector("#events li")
    assert "cdu-1" in page.locator("#events").inner_text()


def test_the_page_survives_a_restart_of_the_server(browser) -> None:
    port = free_port()
    with ExitStack() as first:
        address = first.enter_context(serving(port, "pilot"))
        with opened(browser, address) as page:
            page.evaluate("path => twin.select(twin.model.find(path))", RACK)
            first.close()
            page.wait_for_selector('#banner[data-status="limit"]:visible')
            assert "no connection since" in page.locator("#banner").inner_text()
            seen = page.evaluate("twin.stream.received.frames")
            with serving(port, "pilot"):
                until(page, f"twin.stream.received.frames > {seen + 1}")
                page.wait_for_selector("#banner", state="hidden")
                assert page.locator("#element .path").inner_text() == RACK


@pytest.mark.parametrize("size", [(390, 844), (768, 1024), (1280, 720)])
def test_nothing_lies_on_top_of_another(page, size) -> None:
    before = page.viewport_size
    page.set_viewport_size({"width": size[0], "height": size[1]})
    try:
        found = page.evaluate(
            """() => {
                const shown = ["#strip", "#chooser", "#legend", "#foot", "#right > *"]
                    .flatMap(name => [...document.querySelectorAll(name)].map((e, k) =>
                        [k ? name + k : name, e.getBoundingClientRect()]))
                    .filter(([, box]) => box.width && box.height);
                const over = [];
                for (const [a, p] of shown) for (const [b, q] of shown)
                    if (a < b && p.left < q.right && q.left < p.right
                        && p.top < q.bottom && q.top < p.bottom)
                        over.push(`${a} on ${b}`);
                return [shown.map(([name]) => name), over];
            }"""
        )
    finally:
        page.set_viewport_size(before)
    assert {"#strip", "#chooser", "#legend", "#foot"} <= set(found[0])
    assert found[1] == []
