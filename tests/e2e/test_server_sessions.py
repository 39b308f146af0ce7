"""Sessions over REST: set back, branched, compared, kept over kill -9, repeated bit by bit."""

import http.client
import json
import os
import random
import shutil
import signal
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
import zarr
from live_server import Server, twin

from twin.client import Client, CommandError
from twin.errors import InputError
from twin.replay import Recording
from twin.verify import verify

CDU = "/pilot/hall-a/row-01/cdu-1"
KILLS = int(os.environ.get("TWIN_KILLS", "3"))  # 20 take three minutes


def command(server, session=None, **body):
    """Give a command, again while the session is still on its way to the time it was left at."""
    place = f"/api/commands?session={session}" if session else "/api/commands"
    end = time.monotonic() + 60.0
    while True:
        status, answer = server.request(place, body=body)
        if status != 503 or time.monotonic() > end:
            assert status == 200, (status, answer)
            return answer
        time.sleep(0.1)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    options = ("--paused", "--state", state, "--every", "5s", "--sessions", "4")
    with Server("pilot", *options) as running:
        running.state = state
        yield running


def test_a_branch_repeats_its_parent_until_it_is_changed(server):
    command(server, name="step", value=90)
    command(server, name="inject", path=CDU, key="trip")
    command(server, name="step", value=60)
    kpis = server.get("/api/kpis")
    child = server.get("/api/sessions/pilot/branch", body={"time": 100.0, "id": "what-if"})
    assert child["parent"] == "pilot"
    server.until("/api/sessions/what-if", lambda s: not s["seeking"] and s["time"] == 100.0)
    command(server, "what-if", name="step", value=50)
    assert server.get("/api/kpis?session=what-if") == kpis
    command(server, "what-if", name="clear", path=CDU, key="trip")
    command(server, "what-if", name="step", value=30)
    command(server, name="step", value=30)
    comparison = server.get("/api/compare?a=pilot&b=what-if&channel=rack.temperature")
    assert comparison["time_a"] == comparison["time_b"] == 180.0
    row = comparison["channels"][0]
    assert row["largest_difference"] > 1.0
    assert row["mean_a"] > row["mean_b"]
    assert row["at"].startswith("/pilot/hall-a/row-01/rack-")


def test_going_back_and_on_again_repeats_it(server):
    status = command(server, name="step", value=1)
    now, kpis = status["time"], server.get("/api/kpis")
    back = command(server, name="seek", value=now - 40.0)
    assert back["time"] == now - 40.0
    assert [e for e in server.get("/api/events") if e["time"] > now - 40.0] == []
    command(server, name="step", value=40)
    assert server.get("/api/kpis") == kpis
    assert server.request("/api/commands", body={"name": "seek", "value": now + 1})[0] == 422


def test_nothing_is_lost_by_going_back(server):
    kpis, status = server.get("/api/kpis"), server.get("/api/sessions/pilot")
    number = status["undone"] + 1
    command(server, name="seek", value=120.0)
    assert server.get("/api/sessions/pilot/undone")[-1] == {
        "number": number,
        "time": status["time"],
        "back_to": 120.0,
        "wall": pytest.approx(time.time(), abs=60),
        "who": "local:127.0.0.1",
        "changes": 1,
    }
    body = {"undone": number, "id": "as-it-was"}
    assert server.request("/api/sessions/pilot/branch", body={"undone": 99})[0] == 422
    server.get("/api/sessions/pilot/branch", body=body)
    server.until("/api/sessions/as-it-was", lambda s: not s["seeking"])
    assert server.get("/api/kpis?session=as-it-was") == kpis
    server.request("/api/sessions/as-it-was", method="DELETE")
    aside = server.state / f"pilot.undone-{number}.zarr"
    server.until("/healthz", lambda _: aside.is_dir())  # the disk follows
    assert Recording(aside).times[-1] == status["time"] // 5 * 5
    code, out, error = twin("replay", aside, "--verify", "--json")
    assert (code, json.loads(out)["difference"]) == (0, ""), error
    command(server, name="step", value=int(status["time"] - 120.0))
    assert server.get("/api/kpis") == kpis


def test_history_of_one_element_comes_from_the_recording(server):
    path = f"/api/history?path={CDU}&channel=cdu.heat"
    history = server.until(path, lambda h: len(h["times"]) > 10)
    assert history["times"] == sorted(history["times"])
    assert all(time % 5 == 0 for time in history["times"])
    assert max(history["values"]) > 1e5
    part = server.get(path + "&start=20&stop=40")
    assert part["times"] == [20.0, 25.0, 30.0, 35.0, 40.0]
    assert server.request(f"/api/history?path={CDU}&channel=rack.power")[0] == 422


def test_sessions_are_listed_limited_and_closed(server):
    assert {s["id"] for s in server.get("/api/sessions")} >= {"pilot"}
    for body, words in (
        ({"layout": "no-such"}, "no-such"),
        ({"layout": "../../etc/passwd"}, "bundled"),
        ({"layout": "pilot", "id": "Bad Name"}, "session name"),
        ({"layout": "pilot", "id": "con"}, "session name"),
        ({"layout": "pilot", "id": "a" * 41}, "id"),
        ({"layout": "pilot", "id": "caf\u00e9"}, "session name"),
        ({"layout": "pilot", "id": "pilot\n"}, "session name"),
        ({"layout": "pilot", "speed": 0}, "speed"),
    ):
        status, problem = server.request("/api/sessions", body=body)
        assert status == 422
        assert words in json.dumps(problem)
    status, problem = server.request("/api/sessions", body={"layout": "pilot", "id": "pilot"})
    assert (status, problem["message"]) == (409, "a session of that name exists")
    made = []
    while len(server.get("/api/sessions")) < 4:
        made.append(server.get("/api/sessions", body={"layout": "pilot", "paused": True})["id"])
    status, problem = server.request("/api/sessions", body={"layout": "pilot"})
    assert status == 422
    assert "too many sessions" in problem["message"]
    for id in made:
        assert server.request(f"/api/sessions/{id}", method="DELETE")[0] == 204
        assert server.request(f"/api/sessions/{id}")[0] == 404
    assert server.request("/api/sessions/pilot/branch", body={"time": 1e9})[0] == 422


def test_two_servers_do_not_share_a_folder(server):
    code, _, error = twin("serve", "pilot", "--port", 0, "--state", server.state)
    assert code == 2
    assert "another server uses this folder" in error


class Operator(threading.Thread):
    """Does this and that until the server is gone; ``sure`` is what was answered, by session."""

    def __init__(self, server, choice):
        super().__init__(daemon=True)
        self.server, self.choice = server, choice
        self.commands = self.seeks = 0
        self.branches = []

    def run(self):
        with suppress(OSError, http.client.HTTPException):
            while True:
                self.choice.choice((self.change, self.change, self.seek, self.branch))()
                time.sleep(self.choice.uniform(0.0, 0.2))

    def change(self):
        value = self.choice.uniform(35, 45)
        body = {"name": "set", "path": CDU, "key": "supply_setpoint", "value": value}
        if self.server.request("/api/commands", body=body)[0] == 200:
            self.commands += 1

    def seek(self):
        now = self.server.get("/api/sessions/pilot")["time"]
        body = {"name": "seek", "value": max(0.0, now - self.choice.uniform(1.0, 30.0))}
        if self.server.request("/api/commands", body=body)[0] == 200:
            self.seeks += 1

    def branch(self):
        for id in self.branches[:-1]:
            self.server.request(f"/api/sessions/{id}", method="DELETE")
        status, answer = self.server.request("/api/sessions/pilot/branch", body={"paused": False})
        if status == 201:
            self.branches = [answer["id"]]


def test_killed_at_any_moment_it_goes_on_and_every_bit_can_be_repeated(tmp_path):
    choice = random.Random(5)
    commands = seeks = 0
    branches = []
    for _ in range(KILLS + 1):
        with Server("pilot", "--speed", "10", "--state", tmp_path, "--every", "2s") as server:
            session = server.get("/api/sessions/pilot")
            # what was answered is there; what was under way at the kill may be
            assert session["commands"] >= commands
            ids = {one["id"] for one in server.get("/api/sessions")}
            assert ids >= {"pilot", *branches}
            assert server.get("/api/unopened") == []
            for id in ids - {"pilot"}:
                server.request(f"/api/sessions/{id}", method="DELETE")
            commands, seeks = session["commands"], session["undone"]
            operator = Operator(server, choice)
            operator.start()
            time.sleep(choice.uniform(0.3, 2.0))
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
            operator.join(30)
            commands += operator.commands + operator.seeks
            branches = operator.branches
        recordings = [
            folder for folder in tmp_path.glob("*.zarr") if (folder / "session.json").is_file()
        ]
        for folder in recordings:
            if len(frames := present(folder)):
                assert verify(folder).difference == "", folder
                assert set(np.diff(frames)) <= {2.0}, folder
    assert seeks > 0
    assert any("undone" in folder.name for folder in recordings)
    code, out, error = twin("replay", tmp_path / "pilot.zarr", "--verify", "--json")
    assert code == 0, error
    assert json.loads(out)["difference"] == ""


def present(folder):
    """Times of the frames of a recording; none where nothing was recorded yet."""
    with suppress(InputError):
        return Recording(folder).times
    with pytest.raises(InputError, match="no frame"):
        Recording(folder)
    return np.empty(0)


def test_a_changed_recording_is_told_from_the_truth(tmp_path, server):
    shutil.copytree(server.state / "pilot.zarr", tmp_path / "copy.zarr")
    array = zarr.open_group(str(tmp_path / "copy.zarr"), mode="r+")["rack"]["power"]
    array[4, 3] = array[4, 3] + 10.0
    code, _, error = twin("replay", tmp_path / "copy.zarr", "--verify")
    assert code == 2
    assert "rack/power/c/0/0: recording is damaged" in error
    document = tmp_path / "copy.zarr" / "zarr.json"  # and without checksums, as in former versions
    facts = json.loads(document.read_text())
    for key in ("checksum", "labels", "channels", "holds"):
        del facts["attributes"][key]
    document.write_text(json.dumps(facts))
    code, _, error = twin("replay", tmp_path / "copy.zarr", "--verify")
    assert code == 1
    assert "rack.power of /pilot/hall-a/row-01/rack-04 at 20 s" in error


def test_a_recording_plays_like_a_live_factory(server):
    rack = "/pilot/hall-a/row-01/rack-01"
    with (
        Server(server.state / "pilot.zarr", "--paused", command="replay") as player,
        Client(player.address) as viewer,
    ):
        assert viewer.hello["digest"] == server.get("/api/sessions/pilot")["digest"]
        viewer.subscribe(["rack.power", "site.pue"], rate=30)
        assert viewer.wait_frame(0).time == 0.0
        seen = viewer.received
        viewer.command("seek", value=52.0)
        frame = viewer.wait_frame(seen)
        assert frame.time == 50.0
        history = player.get(f"/api/history?path={rack}&channel=rack.power")
        assert history["times"][10] == 50.0
        assert frame.values["rack.power"][0] == pytest.approx(history["values"][10], abs=5.1)
        assert frame.kpi["it_power_w"] > 1e5
        viewer.command("speed", value=200)
        viewer.command("resume")
        player.until("/api/sessions", lambda s: s[0]["paused"])  # plays to its end
        assert player.get("/api/sessions")[0]["time"] == history["times"][-1]
        with pytest.raises(CommandError, match="cannot be changed"):
            viewer.command("set", CDU, "supply_setpoint", 40.0)
        with pytest.raises(CommandError, match="out of range"):
            viewer.command("seek", value=1e6)
