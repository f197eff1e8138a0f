"""Calls that never end are waited for once and no longer than told."""

from __future__ import annotations

import threading

import pytest

from edge.alerts.sinks.bounded import Bounded


def test_what_it_returns_and_what_it_raises() -> None:
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
