"""Calls that may never return are waited for no longer than told."""

from __future__ import annotations

import threading

import pytest

from edge.bounded import Bounded, within

PATIENCE = 30  # seconds; a safety net, not a promise


def named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_what_it_returns_is_returned():
    assert within(PATIENCE, "work", lambda: 7) == 7
    assert within(PATIENCE, "work", lambda: None) is None


@pytest.mark.parametrize("kind", [ValueError, TimeoutError, OSError])
def test_what_it_raises_is_raised(kind):
    def fail() -> None:
        raise kind("by the work")

    with pytest.raises(kind, match="by the work"):
        within(PATIENCE, "work", fail)


def test_what_hangs_is_left_behind_and_cleaned_up_after():
    gate, came, late = threading.Event(), threading.Event(), []

    def take(result: int) -> None:
        late.append(result)
        came.set()

    def hang() -> int:
        assert gate.wait(PATIENCE)
        return 7

    with pytest.raises(TimeoutError, match=r"hanging: has not returned in 0\.01 s"):
        within(0.01, "hanging", hang, take)
    (left,) = named("hanging")
    assert left.daemon, "it must not keep the process alive"
    gate.set()
    assert came.wait(PATIENCE)
    assert late == [7]


def test_what_hangs_and_fails_is_forgotten():
    gate = threading.Event()

    def hang() -> None:
        assert gate.wait(PATIENCE)
        raise ValueError("too late")

    with pytest.raises(TimeoutError):
        within(0.01, "hanging", hang, lambda _result: pytest.fail("there is none"))
    (left,) = named("hanging")
    gate.set()
    left.join(PATIENCE)
    assert not left.is_alive()


def test_what_came_in_time_is_not_late():
    assert within(PATIENCE, "work", lambda: 7, lambda _result: pytest.fail("it came in time")) == 7


def test_one_at_a_time_what_it_returns_and_what_it_raises() -> None:
    bounded = Bounded("look-up")
    assert bounded.call(lambda: threading.current_thread().name, 10) == "look-up"
    with pytest.raises(KeyError, match="absent"):
        bounded.call(lambda: {}["absent"], 10)
    assert bounded.call(lambda: 7, 10) == 7


def test_no_second_call_until_the_first_has_ended() -> None:
    bounded, ended, begun = Bounded("x"), threading.Event(), []

    def hangs() -> None:
        begun.append(threading.current_thread())
        ended.wait(60)

    for _ in range(3):
        with pytest.raises(TimeoutError):
            bounded.call(hangs, 0.01)
    ended.set()
    (thread,) = begun
    assert thread.daemon
    thread.join(10)
    assert bounded.call(lambda: "again", 10) == "again"
