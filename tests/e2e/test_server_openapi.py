"""Generated requests against everything the server's OpenAPI document promises."""

import pytest
from hypothesis import HealthCheck, settings
from live_server import Server

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


@pytest.fixture(scope="module")
def server():
    with Server("pilot", "--paused", "--sessions", "3", "--log", "off") as running:
        yield running


@pytest.fixture(scope="module")
def operations(server):
    schema = openapi.from_url(server.address + "/openapi.json")
    return [operation.ok() for operation in schema.get_all_operations()]


def test_generated_requests_get_documented_answers(server, operations):
    asked = 0
    for operation in operations:
        if operation.path in ENDLESS or (operation.path in SLOW and operation.method == "post"):
            continue

        @settings(
            max_examples=12,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @schemathesis_given(operation)
        def ask(case):
            nonlocal asked
            response = case.call(base_url=server.address)
            if response.status_code in REFUSALS:
                assert response.json()["message"]
            else:
                case.validate_response(response, checks=CHECKS)
            asked += 1

        ask()
    print(f"{asked} requests to {len(operations)} operations")
    assert asked > 100
    assert server.get("/healthz")["status"] == "ok"


def schemathesis_given(operation):
    """Hypothesis' ``given`` with cases of an operation."""
    from hypothesis import given

    return given(case=operation.as_strategy())
