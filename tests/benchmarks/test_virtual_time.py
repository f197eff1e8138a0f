"""A clock that moves only when every thread waits."""

from __future__ import annotations

import pytest

from benchmarks.virtual_time import VirtualClockwork


def test_a_day_passes_at_once():
    with VirtualClockwork() as clockwork:
        before = clockwork.now()
        clockwork.sleep(86400)
        assert clockwork.now() - before == 86400


def test_threads_take_their_turns_by_the_clock():
    told = []
    with VirtualClockwork() as clockwork:

        def count(name: str, step: float) -> None:
            for _ in range(3):
                clockwork.sleep(step)
                told.append((name, clockwork.now() - 1000))

        clockwork.start(lambda: count("slow", 10), "slow")
        clockwork.start(lambda: count("fast", 3), "fast")
        clockwork.sleep(100)
        assert clockwork.threads == 0
    assert told == [
        ("fast", 3),
        ("fast", 6),
        ("fast", 9),
        ("slow", 10),
        ("slow", 20),
        ("slow", 30),
    ]


def test_who_is_notified_wakes_before_the_time_is_up():
    with VirtualClockwork() as clockwork:
        condition, done = clockwork.condition(), []

        def work() -> None:
            clockwork.sleep(5)
            with condition:
                done.append(clockwork.now())
                condition.notify_all()

        clockwork.start(work, "work")
        with condition:
            while not done:
                assert condition.wait(60)
        assert clockwork.now() == 1005
        with condition:
            assert not condition.wait(60)
        assert clockwork.now() == 1065


def test_what_still_waits_at_the_end_is_ended():
    with VirtualClockwork() as clockwork:
        clockwork.start(lambda: clockwork.sleep(1e9), "for ever")
        clockwork.sleep(1)
        assert clockwork.threads == 1
    assert clockwork.threads == 0


def test_threads_that_all_wait_for_each_other_are_a_mistake_that_is_told(monkeypatch):
    monkeypatch.setattr("benchmarks.virtual_time.SAFETY", 0.05)
    with VirtualClockwork() as clockwork:
        condition = clockwork.condition()
        with condition, pytest.raises(TimeoutError, match="waits for another"):
            condition.wait(None)
