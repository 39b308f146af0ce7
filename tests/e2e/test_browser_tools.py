"""What engineers do in the browser: time line, charts, heat path, faults, a look into a rack."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from browser import chromium, free_port, opened, pixels, serving, until

from twin.air_slices import air_slices

RACK = "/pilot/hall-a/row-01/rack-03"
OTHER = "/pilot/hall-a/row-01/rack-06"
CDU = "/pilot/hall-a/row-01/cdu-1"
SCENARIO = """\
schema: twin.scenario/1
name: trip
title: A CDU trips
layout: pilot
settle: 2 min
duration: 4 min
events:
  - {at: 1 min, path: /pilot/hall-a/row-01/cdu-2, inject: trip}
"""


def settle(page) -> None:
    page.wait_for_timeout(700)
    until(page, "twin.still()")


def value(page, channel: str) -> float:
    return page.evaluate(
        "c => { const f = twin.stream.frame.channels.find(x => x.name === c); return f.values[0] }",
        channel,
    )


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def server():
    with serving(free_port(), "pilot", "--speed", "5") as address:
        yield address


@pytest.fixture(scope="module")
def page(browser, server):
    with opened(browser, f"{server}/?theme=dark&camera=hall&channel=gpu.temperature") as page:
        settle(page)
        yield page


def pick(page, path: str) -> None:
    page.evaluate("path => twin.select(twin.model.find(path))", path)


def test_arrows_run_along_pipes_where_water_flows(page) -> None:
    """Every CDU's mains have arrows; they go with the water, from the CDU on the supply."""
    until(page, "twin.factory.flow.arrowsOf('cdu.secondary_flow', 0) > 1")
    moved = page.evaluate(
        """async () => {
            const place = () => twin.factory.flow.runs.find(
                r => r.channel === 'cdu.secondary_flow' && r.index === 0).offset;
            const before = place();
            for (let k = 0; k < 40 && place() === before; k++)
                await new Promise(done => setTimeout(done, 250));
            return place() !== before;
        }"""
    )
    assert moved


def test_a_picked_rack_opens_to_its_accelerators(page) -> None:
    pick(page, OTHER)
    page.keyboard.press("4")
    settle(page)
    until(page, "twin.factory.opened.open && twin.still()")
    gpu = f"{OTHER}/tray-09/gpu-1"
    page.evaluate("path => twin.goTo(twin.model.find(path))", gpu)
    settle(page)
    until(page, "twin.factory.opened.open && twin.still()")
    hit = page.evaluate(
        """path => {
            const { model, factory } = twin;
            const { index } = model.find(path);
            const box = model.box({ level: 'gpu', index });
            const rack = model.placeOf('rack', model.rackOfGpu(index).rack);
            const out = factory.opened.shift(index);
            const at = box.low.map((v, k) => (v + box.high[k]) / 2);
            const pixel = twin.view().project(at[0] + out * rack.group.sin[rack.row],
                at[1] - out * rack.group.cos[rack.row], box.high[2]);
            const found = twin.pickAt(pixel[0], pixel[1]);
            return [out, found && model.path(found), pixel[0], pixel[1]];
        }""",
        gpu,
    )
    assert hit[0] > 0.5
    assert hit[1] == gpu
    seen = pixels(page, (hit[2] - 8, hit[3] - 8, 16, 16)).mean(axis=(0, 1))
    assert seen[0] > seen[2] + 40, f"the die shows its warm colour, not {seen}"
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    settle(page)
    assert not page.evaluate("twin.factory.opened.open")


def test_the_heat_path_tells_numbers_from_die_to_sky(page) -> None:
    pick(page, f"{RACK}/tray-04/gpu-2")
    page.keyboard.press("k")
    page.wait_for_selector("#heat:visible li")
    until(page, "[...document.querySelectorAll('#heat li b')].every(b => /°C/.test(b.textContent))")
    rows = page.locator("#heat li").evaluate_all(
        "nodes => nodes.map(n => [n.dataset.channel, parseFloat(n.querySelector('b').textContent)])"
    )
    names = [name for name, _ in rows]
    assert names[0] == "gpu.temperature"
    assert names[-1] == "site.dry_bulb_temperature"
    assert "cdu.return_temperature" in names
    values = dict(rows)
    assert values["gpu.temperature"] > values["gpu.plate_temperature"]
    assert values["gpu.plate_temperature"] > values["rack.return_temperature"]
    assert values["plant.return_temperature"] > values["plant.supply_temperature"]
    points = page.evaluate("twin.factory.heat.mesh.geometry.attributes.position.count")
    assert points > 100
    page.keyboard.press("k")
    page.wait_for_selector("#heat", state="hidden")
    assert page.evaluate("twin.factory.heat.mesh") is None


def test_lines_of_several_elements_lie_in_one_chart(page) -> None:
    pick(page, RACK)
    page.click('[data-pin="rack.temperature"]')
    page.click('[data-pin="rack.power"]')
    pick(page, OTHER)
    page.click('[data-pin="rack.temperature"]')
    page.wait_for_selector("#charts:visible .uplot canvas")
    assert page.locator("#charts .uplot").count() == 2  # temperatures, and powers
    assert page.locator("#charts li").count() == 3
    until(
        page, "[...document.querySelectorAll('#charts li b')].every(b => b.textContent.length > 2)"
    )
    until(page, "Math.min(...twin.charts.pinned.map(p => p.series.samples.length)) > 2")
    ink = page.evaluate(
        """() => {
            const canvas = document.querySelector('#charts .uplot canvas');
            const { width, height } = canvas;
            const data = canvas.getContext('2d').getImageData(0, 0, width, height).data;
            const near = (k, r, g, b) => Math.hypot(data[k] - r, data[k+1] - g, data[k+2] - b) < 40;
            let [first, second] = [0, 0];
            for (let k = 0; k < data.length; k += 4) {
                if (near(k, 0xe6, 0x9f, 0x00)) first++;
                if (near(k, 0x00, 0x9e, 0x73)) second++;
            }
            return [first, second];
        }"""
    )
    assert min(ink) > 10, f"pixels of the two lines: {ink}"
    page.click("#unpin-all")
    page.wait_for_selector("#charts", state="hidden")


def test_the_one_line_diagram_picks_what_is_clicked(page, server) -> None:
    page.keyboard.press("w")
    page.wait_for_selector("#one-line svg [data-path]")
    words = page.locator("#one-line .sheet").inner_text()
    assert "MVA" in words
    assert "480 V bus" in words
    page.click('#one-line [data-path="/pilot/hall-a/row-01"]')
    page.wait_for_selector("#element:visible")
    assert page.locator("#element .path").inner_text() == "/pilot/hall-a/row-01"
    page.keyboard.press("w")
    page.wait_for_selector("#one-line", state="hidden")


def test_picked_elements_are_shown_alone_measured_and_cut(page) -> None:
    page.keyboard.press("2")
    settle(page)
    drawn = "twin.factory.equipment.reduce((n, e) => n + e.details.reduce((m, d) => m + (d?.mesh.visible ? d.mesh.count : 0), 0), 0)"  # noqa: E501
    everything = page.evaluate(drawn)
    pick(page, RACK)
    page.evaluate("path => twin.addPicked(twin.model.find(path))", CDU)
    page.keyboard.press("i")
    settle(page)
    assert page.evaluate(drawn) == 2
    page.keyboard.press("i")
    page.keyboard.press("Escape")
    settle(page)
    assert page.evaluate(drawn) == everything
    page.keyboard.press("m")
    ends = page.evaluate(
        """paths => paths.map(path => {
            const { low, high } = twin.model.box(twin.model.find(path));
            return twin.view().project((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[2]);
        })""",
        [RACK, OTHER],
    )
    for x, y, _ in ends:
        page.mouse.click(x, y)
    until(page, "twin.labels.measured.length === 1")
    apart = float(page.evaluate("twin.labels.measured[0].text").split()[0])
    width = page.evaluate(
        "path => { const b = twin.model.box(twin.model.find(path)); return b.high[0] - b.low[0] }",
        RACK,
    )
    assert apart == pytest.approx(3 * width, rel=0.1)  # three racks further in the row
    page.keyboard.press("m")
    page.keyboard.press("b")
    page.keyboard.press("1")
    page.keyboard.press("x")
    settle(page)
    page.keyboard.press("B")
    settle(page)
    x, y, _ = ends[0]
    found = "([x, y]) => { const e = twin.pickAt(x, y); return e && twin.model.path(e) }"
    while page.evaluate("twin.tools.cut.on"):
        page.keyboard.press("x")
    assert page.evaluate(found, [x, y]) == RACK  # the kept place is the one that was left
    for _ in range(3):  # the level cut, moved down to the floor, takes the rack away
        page.keyboard.press("x")
    for _ in range(6):
        page.keyboard.press("<")
    assert page.evaluate(found, [x, y]) is None
    page.keyboard.press("x")


def test_slices_of_air_show_what_the_rule_says(page, server) -> None:
    try:
        page.keyboard.press("e")
        until(
            page,
            "twin.factory.air.known.size === 6 &&"
            " [...twin.factory.air.values].every(Number.isFinite)",
        )
        assert page.evaluate("twin.factory.air.planes") == "vertical"
        assert "CFD" in page.inner_text("#banner")
        assert "recommended" in page.inner_text("#air-legend")
        seen = page.evaluate(
            "() => { const a = twin.factory.air; const known = Object.fromEntries("
            "[...a.known].map(([k, v]) => [k, Array.from(v)])); a.show('both');"
            "return { known, values: Array.from(a.values),"
            " points: a.slices.corners.map(c => c.at) } }"
        )
        with urllib.request.urlopen(f"{server}/api/scene") as answer:
            slices = air_slices(json.load(answer)["aisles"], "both")
        expected = slices.values({name: np.array(v) for name, v in seen["known"].items()})
        np.testing.assert_allclose(seen["points"], slices.points, atol=1e-6)
        np.testing.assert_allclose(seen["values"], expected, atol=1e-3)
        assert expected.max() - expected.min() > 3.0
    finally:
        page.evaluate("twin.factory.air.show('off')")


def post(address: str, body: dict | None, method: str = "POST") -> None:
    """A request that succeeds, once the session has come to its time."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    end = time.monotonic() + 60
    while True:
        try:
            return urllib.request.urlopen(request, timeout=60).close()
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > end:
                raise
        time.sleep(0.1)


def test_another_session_stands_beside_with_the_difference(page, server) -> None:
    page.keyboard.press("d")
    until(page, "document.querySelector('#banner').innerText.includes('only one session')")
    post(f"{server}/api/sessions/pilot/branch", {"id": "what-if"})
    try:
        post(f"{server}/api/commands?session=what-if", {"name": "speed", "value": 20})
        trip = {"name": "inject", "path": CDU, "key": "trip"}
        post(f"{server}/api/commands?session=what-if", trip)
        page.keyboard.press("d")
        page.wait_for_selector("#beside:visible")
        until(page, "twin.beside.factory.values && twin.still()")
        page.click("#beside >> text=resume")
        until(page, "Math.max(...twin.beside.factory.values) > 86")
        width, height = page.viewport_size["width"], page.viewport_size["height"]
        middle = (width * 0.5 - 120, height * 0.4, 100, height * 0.3)
        beside = (width - 120, height * 0.4, 100, height * 0.3)
        assert pixels(page, middle).std() > 3
        assert pixels(page, beside).std() > 3
        assert page.evaluate("twin.seenWidth") == width / 2
        page.keyboard.press("d")
        page.wait_for_selector("#beside-legend:visible")
        assert "right minus left" in page.inner_text("#beside-legend")
        gpus = page.evaluate("Array.from(twin.beside.factory.values)")
        racks = page.evaluate("Array.from(twin.model.firstGpu)")
        means = [np.mean(gpus[a:b]) for a, b in itertools.pairwise(racks)]
        assert max(means) > 3.0  # the tripped CDU's racks throttle hot, the others do not notice
        assert abs(min(means)) < 1.5
    finally:
        page.evaluate("twin.beside.close()")
        post(f"{server}/api/sessions/what-if", None, "DELETE")
    assert page.evaluate("twin.seenWidth") == page.viewport_size["width"]


def test_a_failed_element_is_marked_until_it_is_cleared(page) -> None:
    pick(page, CDU)
    page.keyboard.press("2")
    settle(page)
    page.click('[data-tab="operate"]')
    page.click('[data-inject="fouling"]')
    until(page, "twin.factory.faultMarks.count === 1")
    page.wait_for_selector('#strip [data-figure="faults"]:visible')
    x, y = page.evaluate(
        """path => { const { low, high } = twin.model.box(twin.model.find(path));
        return twin.view().project((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[2] + 0.45);
        }""",
        CDU,
    )[:2]
    until(page, "twin.still()")
    page.wait_for_timeout(500)
    sign = pixels(page, (x - 10, y - 10, 20, 20))
    red = (sign[:, :, 0] > 180) & (sign[:, :, 1] < 90)
    assert red.mean() > 0.25, "a red sign stands over it"
    page.click('[data-clear="fouling"]')
    until(page, "twin.factory.faultMarks.count === 0")
    page.wait_for_selector('#strip [data-figure="faults"]', state="hidden")


def test_a_simulation_is_set_back_on_the_time_line(page) -> None:
    until(page, "twin.stream.frame.time > 30")
    box = page.locator("#timeline").bounding_box()
    before = page.evaluate("twin.stream.frame.time")
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 18)
    until(page, f"twin.stream.frame.time < {0.8 * before}")


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recording")
    (folder / "trip.yaml").write_text(SCENARIO)
    target = folder / "trip.zarr"
    done = subprocess.run(
        [sys.executable, "-m", "twin.cli.main", "run", "pilot", "--scenario",
         str(folder / "trip.yaml"), "--record", str(target)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def test_a_recording_is_scrubbed_and_stepped_from_event_to_event(browser, recording) -> None:
    with (
        serving(free_port(), str(recording), "--speed", "5") as address,
        opened(browser, f"{address}/?channel=rack.temperature") as page,
    ):
        page.keyboard.press("Space")
        page.wait_for_selector("#time.paused")
        box = page.locator("#timeline").bounding_box()

        def go(share: float) -> float:
            page.mouse.click(box["x"] + share * box["width"], box["y"] + 18)
            wanted = share * 240
            until(page, f"Math.abs(twin.stream.frame.time - {wanted}) < 15")
            return page.evaluate("twin.stream.frame.time")

        assert go(0.2) < 60
        until(page, "twin.faults.count === 0")
        assert go(0.8) > 150
        until(page, "twin.faults.count === 1 && twin.factory.faultMarks.count === 1")
        hot = page.evaluate("Math.max(...twin.factory.values)")
        page.keyboard.press("[")
        until(page, "twin.stream.frame.time < 150")
        go(0.2)
        until(page, f"Math.max(...twin.factory.values) < {hot - 3}")
        until(page, "twin.factory.faultMarks.count === 0")


def test_the_scene_says_which_way_heat_goes(server) -> None:
    with urllib.request.urlopen(f"{server}/api/scene", timeout=20) as answer:
        assert b'"rack_cdu"' in answer.read()
