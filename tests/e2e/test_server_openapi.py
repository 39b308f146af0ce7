"""Generated requests against everything the server's OpenAPI document promises.

``TWIN_GENERATED=200`` asks so many times per operation.
"""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from live_server import Server

from twin.server.redfish_service import OPEN as REDFISH_OPEN

schemathesis = pytest.importorskip("schemathesis")
from schemathesis import openapi  # noqa: E402
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
REFUSALS = (429, 501, 503)  # too fast, not installed here, busy: documented, and no failure
ENDLESS = ("/api/stream",)  # answers as long as it is listened to
SLOW = ("/api/sessions", "/api/sessions/{id}/branch")  # each accepted one is a new factory
EXAMPLES = int(os.environ.get("TWIN_GENERATED", "12"))
PATIENCE = 120.0  # s for an answer: the first picture loads a lot
TOKENS = {"view": "viewer-token-0001", "admin": "admin-token-00003"}
PUBLIC = ("/healthz", "/readyz", *REDFISH_OPEN)
RATES = [
    part
    for name in ("attempts", "requests")
    for kind in ("per_second", "at_once")
    for part in ("--limit", f"{name}_{kind}=100000")
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    file.write_text("".join(f"{role} {role}-user {token}\n" for role, token in TOKENS.items()))
    file.chmod(0o600)
    options = ("--paused", "--sessions", "3", "--redfish", "--tokens", file, *RATES)
    with Server("pilot", *options) as running:
        yield running
        assert "Traceback" not in running.log


def bearer(role):
    return {"Authorization": f"Bearer {TOKENS[role]}"}


@pytest.fixture(scope="module")
def operations(server):
    schema = openapi.from_url(server.address + "/openapi.json", headers=bearer("view"))
    return [operation.ok() for operation in schema.get_all_operations()]


def generated(operation, examples=EXAMPLES):
    """Hypothesis' ``given`` with cases of an operation, the same ones every time."""

    def decorated(ask):
        options = settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        return options(given(case=operation.as_strategy())(ask))

    return decorated


def test_generated_requests_get_documented_answers(server, operations):
    asked = Counter()
    for operation in operations:
        if operation.path in ENDLESS or (operation.path in SLOW and operation.method == "post"):
            continue

        @generated(operation)
        def ask(case):
            response = case.call(base_url=server.address, headers=bearer("admin"), timeout=PATIENCE)
            if response.status_code in REFUSALS:
                assert response.json()["message"]
            else:
                case.validate_response(response, checks=CHECKS)
            asked[response.status_code] += 1

        ask()
    print(f"{asked.total()} requests to {len(operations)} operations: {dict(asked)}")
    assert asked.total() > 100
    assert asked[200] > 20
    assert server.get("/healthz")["status"] == "ok"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong-token-00000"}])
def test_generated_requests_without_a_token_are_told_nothing(server, operations, headers):
    asked = Counter()
    for operation in operations:

        @generated(operation, max(EXAMPLES // 3, 3))
        def ask(case):
            case.headers.pop("Authorization", None)
            response = case.call(base_url=server.address, headers=headers, timeout=PATIENCE)
            public = operation.path in PUBLIC  # noqa: B023 - asked at once
            assert (response.status_code < 400) == public, (operation.path, response.text)  # noqa: B023
            assert response.content if public else response.json()["message"]
            asked[response.status_code] += 1

        ask()
    print(f"{asked.total()} requests without a token: {dict(asked)}")
    assert set(asked) <= {200, 401, 413}


def test_generated_requests_of_a_viewer_change_nothing(server, operations):
    def changes():
        rows = server.get("/api/sessions", headers=bearer("view"))
        return [(row["id"], row["title"], row["commands"]) for row in rows]

    before = changes()
    asked = Counter()
    for operation in operations:
        if operation.method == "get":
            continue

        @generated(operation)
        def ask(case):
            response = case.call(base_url=server.address, headers=bearer("view"), timeout=PATIENCE)
            looking = operation.path.endswith("/transient")  # noqa: B023 - asked at once
            assert looking or response.status_code in (403, 404, 422), response.text
            asked[response.status_code] += 1

        ask()
    assert asked[403]
    assert changes() == before


def test_other_methods_and_head_fit_the_document(server, operations):
    methods = {}
    for operation in operations:
        methods.setdefault(operation.path, set()).add(operation.method.upper())
    asked = Counter()
    for operation in operations:
        if operation.path in ENDLESS:
            continue
        known = methods[operation.path] | ({"HEAD"} if "GET" in methods[operation.path] else set())

        @generated(operation, 2)
        def ask(case):
            for method in ("HEAD", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
                if method in known and method != "HEAD":  # noqa: B023 - asked at once
                    continue
                status, headers, body = plain(server, method, case.formatted_path)
                if method == "HEAD" and method in known:  # noqa: B023
                    assert body == b""
                    assert status != 405
                elif status == 405:
                    allowed = {each.strip() for each in headers["allow"].split(",")}
                    assert known <= allowed, (operation.path, method)  # noqa: B023
                    assert method not in allowed
                else:
                    assert status in (400, 404), (operation.path, method, status)  # noqa: B023
                asked[status] += 1

        ask()
    print(f"{asked.total()} requests with other methods: {dict(asked)}")
    assert asked[405] > 50


def plain(server, method, path):
    """Status, headers and body of a request without a body."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=False)
        connection.putheader("Authorization", bearer("admin")["Authorization"])
        connection.endheaders()
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()
