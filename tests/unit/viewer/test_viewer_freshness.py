"""When values are called stale."""

from __future__ import annotations

from viewer.freshness import Freshness


def test_steady_frames_are_fresh_and_silence_is_stale() -> None:
    f = Freshness()
    for k in range(10):
        f.frame_came(k * 0.1)
    assert f.message(1.5, connected=True, paused=False) is None
    status, words = f.message(6.9, connected=True, paused=False)
    assert status == "stale"
    assert "6 s" in words


def test_slow_frames_are_given_their_time() -> None:
    f = Freshness()
    for k in range(4):
        f.frame_came(k * 10.0)
    assert f.message(45.0, connected=True, paused=False) is None
    assert f.message(90.0, connected=True, paused=False) is not None


def test_a_pause_is_not_stale() -> None:
    f = Freshness()
    f.frame_came(0.0)
    assert f.message(1000.0, connected=True, paused=True) is None


def test_a_lost_connection_is_said_even_when_paused() -> None:
    f = Freshness()
    f.frame_came(0.0)
    assert f.message(600.0, connected=True, paused=True) is None
    status, words = f.message(602.0, connected=False, paused=True)
    assert (status, words[:24]) == ("limit", "no connection since 0 s ")
    _, words = f.message(609.0, connected=False, paused=True)
    assert words == "no connection since 7 s - values are 609 s old, trying again"
    assert f.message(610.0, connected=True, paused=True) is None
    _, words = f.message(615.0, connected=False, paused=True)
    assert words.startswith("no connection since 0 s")


def test_before_the_first_frame() -> None:
    f = Freshness()
    assert f.message(100.0, connected=True, paused=False) is None
    assert f.message(102.0, connected=True, paused=False)[0] == "stale"
