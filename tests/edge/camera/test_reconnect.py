"""What to do next about a camera, by a clock that a test turns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.camera.reconnect import BACKOFF, LEFT_BEHIND, STEADY, Phase, Reconnect, Seen, Step

OPENED = Seen(opened=True)
OVER = Seen(over=True)


def running(**given_up) -> Reconnect:
    machine = Reconnect(stuck=20, **{"give_up": 3, **given_up})
    assert machine.step(0, Seen(), 0.5) is Step.OPEN
    assert machine.step(0, OPENED, 0.5) is Step.WAIT
    assert machine.phase is Phase.RUNNING
    return machine


def test_it_is_opened_at_once_and_read_while_it_answers():
    machine = running()
    for now in range(100):
        assert machine.step(now, Seen(opened=True, busy=19.9), 0.5) is Step.WAIT
    assert machine.phase is Phase.RUNNING


def test_failures_wait_longer_each_time_within_bounds():
    machine, now, waits = Reconnect(20, 3), 0.0, []
    for _ in range(12):
        assert machine.step(now, Seen(), 0.0) is Step.OPEN
        assert machine.step(now, OVER, 0.0) is Step.WAIT
        waits.append(machine.due - now)
        now = machine.due
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]


def test_the_jitter_only_shortens():
    machine = Reconnect(20, 3)
    machine.step(0, Seen(), 0.0)
    machine.step(0, OVER, 0.999)
    assert 1 - BACKOFF.jitter <= machine.due < 1
    assert machine.step(machine.due - 0.01, Seen(), 0.0) is Step.WAIT


def test_what_is_not_there_is_not_opened_and_once_it_is_it_is_not_waited_for():
    machine, now = Reconnect(20, 3), 0.0
    for _ in range(20):
        machine.step(now, Seen(), 0.0)
        machine.step(now, OVER, 0.0)
        now += 1
    for now in range(1000, 2000):
        assert machine.step(now, Seen(present=False), 0.0) is Step.WAIT
    assert machine.step(1999.5, Seen(present=True), 0.0) is Step.WAIT, "udev is not ready"
    assert machine.step(2000, Seen(present=True), 0.0) is Step.OPEN


@pytest.mark.parametrize("seen", [Seen(opened=True, useless=True), Seen(present=False)])
def test_what_gives_nothing_is_asked_to_stop_and_opened_anew(seen):
    machine = running()
    assert machine.step(1, seen, 0) is Step.STOP
    assert machine.step(2, seen, 0) is Step.WAIT, "once"
    assert machine.step(3, OVER, 0) is Step.WAIT
    assert machine.step(3.5, Seen(present=True), 0) is Step.WAIT
    assert machine.step(4, Seen(present=True), 0) is Step.OPEN


@pytest.mark.parametrize("phase", Phase)
def test_a_call_that_does_not_return_is_abandoned_in_any_phase(phase):
    machine = Reconnect(20, 3)
    machine.step(0, Seen(), 0)
    if phase in {Phase.RUNNING, Phase.STOPPING}:
        machine.step(0, OPENED, 0)
    if phase is Phase.STOPPING:
        machine.step(0, Seen(useless=True), 0)
    if phase is Phase.WAITING:
        machine.step(0, OVER, 0)
        assert machine.step(0.5, Seen(busy=99), 0) is Step.WAIT, "there is nothing to abandon"
        return
    assert machine.step(20, Seen(busy=20), 0) is Step.WAIT
    assert machine.step(20.1, Seen(busy=20.1), 0) is Step.ABANDON
    assert machine.phase is Phase.WAITING


def hang(machine: Reconnect, now: float, left_behind: int = 0) -> Step:
    assert machine.step(now, Seen(), 0) is Step.OPEN
    machine.step(now, OPENED, 0)
    return machine.step(now + 21, Seen(opened=True, busy=21, left_behind=left_behind), 0)


def test_three_in_a_row_are_enough():
    machine = Reconnect(20, 3)
    assert [hang(machine, now) for now in (0, 100, 200)] == [
        Step.ABANDON,
        Step.ABANDON,
        Step.GIVE_UP,
    ]


def test_a_good_frame_between_them_begins_anew_unless_threads_pile_up():
    machine = Reconnect(20, 3)
    for turn in range(LEFT_BEHIND - 1):
        assert hang(machine, turn * 100, left_behind=turn) is Step.ABANDON
        machine.good(turn * 100 + 50)
    assert hang(machine, 5000, left_behind=LEFT_BEHIND - 1) is Step.GIVE_UP


def test_a_back_end_that_walked_away_itself_counts_too():
    machine = Reconnect(20, 2)
    steps = []
    for now in (0, 100):
        machine.step(now, Seen(), 0)
        steps.append(machine.step(now + 1, Seen(over=True, hung=True), 0))
    assert steps == [Step.ABANDON, Step.GIVE_UP]


def test_failures_are_forgotten_after_some_steady_seconds_not_after_a_frame():
    machine, now = Reconnect(20, 3), 0.0
    for _ in range(5):
        machine.step(now, Seen(), 0)
        machine.step(now, OPENED, 0)
        machine.good(now)
        machine.step(now, OVER, 0)
        now = machine.due
    assert machine.failures == 5
    machine.step(now, Seen(), 0)
    machine.good(now)
    machine.good(now + STEADY - 1)
    assert machine.failures == 5
    machine.good(now + STEADY)
    assert machine.failures == 0


SEEN = st.builds(
    Seen,
    present=st.sampled_from([None, True, False]),
    opened=st.booleans(),
    over=st.booleans(),
    busy=st.floats(0, 60),
    hung=st.booleans(),
    useless=st.booleans(),
    left_behind=st.integers(0, 12),
)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.floats(0, 40), SEEN, st.booleans()), max_size=60), st.integers(1, 5))
def test_whatever_happens_there_is_one_life_at_a_time_and_waits_have_bounds(events, give_up):
    machine, now, alive, in_row = Reconnect(20, give_up), 0.0, False, 0
    for spent, seen, good in events:
        now += spent
        if good and alive:
            machine.good(now)
            in_row = 0
        step = machine.step(now, seen, 0.5)
        if step is Step.OPEN:
            assert not alive
            assert seen.present is not False
            alive = True
        elif step in {Step.ABANDON, Step.GIVE_UP}:
            assert alive
            in_row += 1
            assert (step is Step.GIVE_UP) == (
                in_row >= give_up or seen.left_behind + (not seen.over) >= LEFT_BEHIND
            )
            alive = False
        elif step is Step.STOP:
            assert alive
        alive = alive and machine.phase is not Phase.WAITING
        if machine.phase is Phase.WAITING and now > 0:
            assert machine.due - now <= BACKOFF.most
