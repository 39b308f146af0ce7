"""Models of products as the browser client gets them: GLB from a real server."""

from __future__ import annotations

import io
import urllib.error
import urllib.request

import numpy as np
import pytest
import trimesh
from browser import free_port, serving

RACK = "nvidia-gb300-nvl72"


@pytest.fixture(scope="module")
def server():
    with serving(free_port(), "pilot", "--paused") as address:
        yield address


def fetch(address: str, path: str, **headers: str):
    request = urllib.request.Request(address + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.parametrize("detail", [0, 1, 2])
def test_a_model_fills_the_products_size_and_has_parts_for_the_state(server, detail: int) -> None:
    status, headers, data = fetch(server, f"/api/mesh/{RACK}/{detail}.glb")
    assert status == 200
    assert headers["content-type"] == "model/gltf-binary"
    model = trimesh.load(io.BytesIO(data), file_type="glb")
    cabinet = [
        mesh
        for name, mesh in model.geometry.items()
        if not name.startswith(("accelerator", "tray"))
    ]
    low = np.min([mesh.bounds[0] for mesh in cabinet], axis=0)
    high = np.max([mesh.bounds[1] for mesh in cabinet], axis=0)
    np.testing.assert_allclose(high - low, [0.6, 1.068, 2.236], atol=2e-3)
    assert any(name.endswith("/state") for name in model.geometry)
    assert any(name.startswith("accelerator/") for name in model.geometry)
    assert ("tray/body" in model.geometry) == (detail == 2)


def test_a_known_model_is_not_sent_again(server) -> None:
    _, headers, _ = fetch(server, f"/api/mesh/{RACK}/0.glb")
    status, _, data = fetch(server, f"/api/mesh/{RACK}/0.glb", **{"If-None-Match": headers["etag"]})
    assert (status, data) == (304, b"")


@pytest.mark.parametrize("path", ["/api/mesh/no-such/0.glb", f"/api/mesh/{RACK}/3.glb"])
def test_an_unknown_model_is_refused(server, path: str) -> None:
    status, _, data = fetch(server, path)
    assert status == 422
    assert b"message" in data
