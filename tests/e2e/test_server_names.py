"""Many ask for one name at once: one gets it, and nothing of the others is left."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from live_server import Server, twin

AT_ONCE = 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    with Server("pilot", "--paused", "--state", state, "--sessions", "6") as running:
        running.state = state
        yield running


def together(ask):
    """Answers to the same question asked by many at once, the codes sorted."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(AT_ONCE)))
    return sorted(status for status, _ in answers), [answer for _, answer in answers]


def folders(server):
    return sorted(path.name for path in server.state.glob("*.zarr"))


def delete(server, id):
    """Close a session."""
    status, answer = server.request(f"/api/sessions/{id}", method="DELETE")
    assert status == 204, answer


def test_one_of_many_creates_a_session_and_one_of_many_closes_it(server):
    before = folders(server)
    body = {"layout": "pilot", "id": "wanted", "paused": True}
    codes, answers = together(lambda _: server.request("/api/sessions", body=body))
    assert codes == [201] + [409] * (AT_ONCE - 1)
    assert all("wanted" in str(answer) for answer in answers)
    assert [s["id"] for s in server.get("/api/sessions")] == ["pilot", "wanted"]
    assert folders(server) == sorted([*before, "wanted.zarr"])
    codes, _ = together(lambda _: server.request("/api/sessions/wanted", method="DELETE"))
    assert codes == [204] + [404] * (AT_ONCE - 1)
    assert [s["id"] for s in server.get("/api/sessions")] == ["pilot"]


def test_one_of_many_branches(server):
    before = folders(server)
    body = {"id": "branched"}
    codes, _ = together(lambda _: server.request("/api/sessions/pilot/branch", body=body))
    assert codes == [201] + [409] * (AT_ONCE - 1)
    assert [s["id"] for s in server.get("/api/sessions")] == ["pilot", "branched"]
    assert folders(server) == sorted([*before, "branched.zarr"])
    delete(server, "branched")


def test_without_a_name_each_gets_its_own_up_to_the_limit(server):
    before = folders(server)
    body = {"layout": "pilot", "paused": True}
    codes, answers = together(lambda _: server.request("/api/sessions", body=body))
    assert codes == [201] * 5 + [422] * (AT_ONCE - 5)
    made = [answer["id"] for answer in answers if "id" in answer]
    assert len({*made}) == 5
    assert {s["id"] for s in server.get("/api/sessions")} == {"pilot", *made}
    assert folders(server) == sorted([*before, *(f"{id}.zarr" for id in made)])
    for id in made:
        delete(server, id)


def test_what_fails_half_way_leaves_nothing(server):
    before = folders(server)
    body = {"layout": "no-such", "id": "failed"}
    codes, _ = together(lambda _: server.request("/api/sessions", body=body))
    assert {*codes} <= {409, 422}
    assert (
        server.request("/api/sessions", body=body | {"layout": "pilot", "scenario": "x"})[0] == 422
    )
    body = {"id": "failed", "undone": 7}
    assert server.request("/api/sessions/pilot/branch", body=body)[0] == 422
    assert folders(server) == before
    assert [s["id"] for s in server.get("/api/sessions")] == ["pilot"]
    server.get("/api/sessions", body={"layout": "pilot", "id": "failed", "paused": True})
    delete(server, "failed")


def test_a_parent_that_is_closed_while_it_is_branched(server):
    """Either there is a branch, or there is not; never half of one."""
    for number in range(4):
        parent, child = f"parent-{number}", f"child-{number}"
        server.get("/api/sessions", body={"layout": "pilot", "id": parent, "paused": True})
        with ThreadPoolExecutor(2) as pool:
            branch = pool.submit(
                server.request, f"/api/sessions/{parent}/branch", body={"id": child}
            )
            time.sleep(0.02 * number)
            close = pool.submit(server.request, f"/api/sessions/{parent}", method="DELETE")
            assert close.result()[0] == 204
            status = branch.result()[0]
        assert status in (201, 404)
        ids = {s["id"] for s in server.get("/api/sessions")}
        assert ids == {"pilot", child} if status == 201 else {"pilot"}
        assert (f"{child}.zarr" in folders(server)) == (status == 201)
        if status == 201:
            delete(server, child)


def test_damaged_sessions_are_told_at_start_and_over_rest(tmp_path):
    for name in ("pilot", "other"):
        (tmp_path / f"{name}.zarr").mkdir()
    code, _, error = twin("serve", "--state", tmp_path, "--port", 0)
    assert code == 2
    assert "no session kept here can be opened" in error
    assert "Traceback" not in error
    (tmp_path / "broken.zarr").write_text("not a folder")
    with Server("pilot", "--paused", "--state", tmp_path) as server:
        assert [s["id"] for s in server.get("/api/sessions")] == ["pilot"]
        rows = server.get("/api/unopened")
        assert [row["id"] for row in rows] == ["other", "pilot", "broken"]
        assert rows[-1] | {"since": None} == {
            "id": "broken",
            "reason": f"{tmp_path}/broken.zarr: not a folder",
            "folder": "set-aside/broken-1",
            "set_aside": True,
            "since": None,
        }
        assert "session 'broken' is set aside in" in server.log
