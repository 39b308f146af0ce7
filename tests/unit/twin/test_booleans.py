"""Booleans are no numbers, and a model is not of seventy parameters."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from small_layout import SMALL, layout_of

from assets.locations import CATALOG_FOLDER
from twin.catalog.loader import load_product
from twin.errors import InputError
from twin.scenario import load_scenario


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("tokens: {operations_per_parameter: true}", "tokens.operations_per_parameter", 2),
        ("step: 1 s\nseed: false", "seed", 3),
        ("events:\n  - {at: 1 s, path: /, set: x, value: true}", "events[0].value", 3),
        ("workload:\n  - inference: {requests_per_second: true}",
         "workload[0].inference.requests_per_second", 3),
        ("jobs: {jobs: [{id: a, accelerators: true, duration: 1 h}]}",
         "jobs.jobs[0].accelerators", 2),
    ],
)  # fmt: skip
def test_booleans_are_no_numbers_in_a_scenario(
    tmp_path: Path, text: str, key: str, line: int
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(f"schema: twin.scenario/1\n{text}\n")
    with pytest.raises(InputError, match="is no number") as caught:
        load_scenario(file)
    error = caught.value
    assert (error.key, error.line) == (key, line)
    assert error.found in ("true", "false")


@pytest.mark.parametrize("place", ["racks", "count"])
def test_booleans_are_no_numbers_in_a_layout(place: str) -> None:
    layout = copy.deepcopy(SMALL)
    layout["sites"][0]["halls"][0]["rows"][0][place] = True
    with pytest.raises(InputError, match="is no number") as caught:
        layout_of(layout)
    assert caught.value.key == f"sites[0].halls[0].rows[0].{place}"


def test_booleans_are_no_figures_of_a_product(tmp_path: Path) -> None:
    text = (CATALOG_FOLDER / "racks" / "nvidia-gb300-nvl72.toml").read_text()
    figure = "nvlink_domain = { value = "
    assert figure in text
    before, _, after = text.partition(figure)
    file = tmp_path / "rack.toml"
    file.write_text(f"{before}{figure}true{after[after.index(',') :]}")
    with pytest.raises(InputError, match="is no number") as caught:
        load_product(file)
    assert caught.value.key == "nvlink_domain"


@pytest.mark.parametrize("key", ["tokens: {parameters: 70}",
    "workload: [{inference: {requests_per_second: 1, model: {parameters: 70}}}]",
    "workload: [{inference: {requests_per_second: 1, model: {active_parameters: 37}}}]",
])  # fmt: skip
def test_parameters_of_models_are_written_out(tmp_path: Path, key: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(f"schema: twin.scenario/1\n{key}\n")
    with pytest.raises(InputError, match="greater than or equal to 1000000") as caught:
        load_scenario(file)
    assert "70e9" in str(caught.value.allowed)
