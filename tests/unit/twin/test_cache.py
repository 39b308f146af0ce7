"""Coolant tables kept between runs: the same bits, and never those of other code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from physics.coolants import Coolant, coolant
from twin import cache


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.cached_coolant.cache_clear()
    yield tmp_path / "ai-factory-twin"
    cache.cached_coolant.cache_clear()


def again(name: str) -> Coolant:
    cache.cached_coolant.cache_clear()
    return cache.cached_coolant(name)


@pytest.mark.parametrize("name", ["water", "PG25"])
def test_a_kept_table_has_the_same_bits(name: str) -> None:
    fresh = coolant(name)
    for kept in (cache.cached_coolant(name), again(name)):
        assert np.array_equal(kept.table, fresh.table)
        assert (kept.name, kept.boiling_point, kept.freezing_point) == (
            fresh.name, fresh.boiling_point, fresh.freezing_point,
        )  # fmt: skip


def test_a_damaged_or_unwritable_cache_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.cached_coolant("PG25")
    (file,) = folder.rglob("PG25.npz")
    file.write_bytes(file.read_bytes()[:100])
    assert np.array_equal(again("PG25").table, coolant("PG25").table)
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert np.array_equal(again("PG25").table, coolant("PG25").table)


def test_a_flipped_bit_is_found_wherever_it_is(folder: Path) -> None:
    whole = cache.cached_coolant("water")
    (file,) = folder.rglob("water.npz")
    content = bytearray(file.read_bytes())
    found = 0
    for position in [*range(400), *range(400, len(content), max(1, len(content) // 400))]:
        content[position] ^= 1
        file.write_bytes(content)
        read = cache._read(file)
        content[position] ^= 1
        found += read is None
        assert read is None or np.array_equal(read.table, whole.table), position
    assert found > 200


def test_a_user_without_a_home_has_tables_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", no_home)
    assert np.array_equal(cache.cached_coolant("water").table, coolant("water").table)


def test_a_full_disk_leaves_no_half_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    cache.cached_coolant("water")
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_tables_of_other_code_are_not_used(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    cache.cached_coolant("water")
    monkeypatch.setattr(cache, "_source_mark", lambda: "other")
    again("water")
    assert len(list(folder.rglob("water.npz"))) == 2


def test_an_unknown_coolant_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown coolant"):
        cache.cached_coolant("beer")
