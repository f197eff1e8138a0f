from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.config import OutboxConfig
from edge.alerts.schedule import (
    LONGEST_REST,
    Schedule,
    State,
    resolve_state,
    silenced,
    time_to_live,
)
from edge.backoff import Backoff

BACKOFF = Backoff(first=1, factor=2, most=60, jitter=0)


@pytest.mark.parametrize(
    ("purpose", "kind", "seconds"),
    [
        ("visitor", "firing", 600),
        ("visitor", "resolved", 86400),
        ("visitor", "test", 600),
        ("operator", "firing", 7200),
        ("operator", "resolved", 7200),
    ],
)
def test_time_to_live(purpose: str, kind: str, seconds: float) -> None:
    assert time_to_live(OutboxConfig(operator_ttl=7200), purpose, kind) == seconds


@pytest.mark.parametrize(
    ("firing", "uncertain", "expected"),
    [
        ("sent", False, "pending"),
        ("pending", False, "waiting"),
        ("pending", True, "waiting"),
        ("waiting", False, "waiting"),
        ("dead", False, "expired"),
        ("expired", False, "expired"),
        ("dead", True, "pending"),
        ("expired", True, "pending"),
        (None, False, "pending"),
    ],
)
def test_a_resolve_follows_its_firing(
    firing: State | None, uncertain: bool, expected: State
) -> None:
    assert resolve_state(firing, uncertain) == expected


def test_the_cooldown_is_armed_by_what_was_accepted() -> None:
    assert not silenced(None, 60)
    assert silenced(0.0, 60)
    assert silenced(59.9, 60)
    assert not silenced(60.0, 60)
    assert not silenced(0.0, 0)


def test_the_oldest_goes_first() -> None:
    assert Schedule(BACKOFF).next(["a", "b"], 0.0) == ("a", 0.0)
    assert Schedule(BACKOFF).next([], 0.0) == (None, math.inf)


def test_the_first_try_waits_for_its_start() -> None:
    schedule = Schedule(BACKOFF, start=5.0)
    assert schedule.next(["a"], 3.0) == (None, 2.0)
    assert schedule.next(["a"], 5.0) == ("a", 0.0)


def test_a_failing_sink_is_left_alone_for_longer_each_time() -> None:
    schedule, now, waits = Schedule(BACKOFF), 0.0, []
    for _ in range(8):
        schedule.failed("a", now, 0.0)
        chosen, wait = schedule.next(["a"], now)
        assert chosen is None
        waits.append(wait)
        now += wait
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_what_waits_takes_turns() -> None:
    schedule = Schedule(BACKOFF)
    schedule.failed("a", 0.0, 0.0)
    assert schedule.next(["a", "b"], 1.0) == ("b", 0.0)
    schedule.failed("b", 1.0, 0.0)
    assert schedule.next(["a", "b"], 3.0) == ("a", 0.0)


def test_one_that_the_other_side_chokes_on_holds_up_nothing() -> None:
    schedule, now = Schedule(BACKOFF), 0.0
    for _ in range(6):  # it fails again and again, the newest one passes
        schedule.failed("poison", now, 0.0)
        _, wait = schedule.next(["poison", "good"], now)
        now += wait
        assert schedule.next(["poison", "good"], now) == ("good", 0.0)
        schedule.answered("good", now)
        assert wait <= 1.0


def test_after_an_outage_all_goes_at_once_and_in_order() -> None:
    schedule, ids, now = Schedule(BACKOFF), ["a", "b", "c"], 0.0
    for _ in range(20):
        chosen, wait = schedule.next(ids, now)
        if chosen is None:
            now += wait
        else:
            schedule.failed(chosen, now, 0.0)
    while schedule.next(ids, now)[0] is None:
        now += 1.0
    first = schedule.next(ids, now)[0]
    assert first is not None
    schedule.answered(first, now)
    ids.remove(first)
    for expected in list(ids):
        assert schedule.next(ids, now) == (expected, 0.0)
        schedule.answered(expected, now)
        ids.remove(expected)


@pytest.mark.parametrize(
    ("asked", "rest"),
    [(30.0, 30.0), (0.1, 1.0), (-5.0, 1.0), (1e12, LONGEST_REST), (math.inf, LONGEST_REST)],
)
def test_retry_after(asked: float, rest: float) -> None:
    schedule = Schedule(BACKOFF)
    schedule.failed("a", 0.0, 0.0, retry_after=asked)
    assert schedule.next(["a", "b"], 0.0) == (None, rest)


def test_a_retry_after_that_is_no_number_is_none() -> None:
    schedule = Schedule(BACKOFF)
    schedule.failed("a", 0.0, 0.0, retry_after=math.nan)
    assert schedule.next(["a"], 0.0) == (None, 1.0)


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.floats(0, 1)), max_size=60),
    st.floats(0, 1, exclude_max=True),
)
def test_it_always_comes_to_a_try_within_the_longest_wait(
    steps: list[tuple[str, bool, float]], chance: float
) -> None:
    schedule, now = Schedule(BACKOFF), 0.0
    for id_, good, passed in steps:
        now += passed
        if good:
            schedule.answered(id_, now)
        else:
            schedule.failed(id_, now, chance)
        chosen, wait = schedule.next(["a", "b", "c", "d"], now)
        assert (chosen is None) == (wait > 0)
        assert wait <= BACKOFF.most + 1e-6
        assert schedule.next(["a", "b", "c", "d"], now + wait + 1e-6)[0] is not None
