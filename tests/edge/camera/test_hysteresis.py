"""What is wrong must last to be said, and so must what is right."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.camera.hysteresis import Hysteresis
from edge.camera.state import CameraState

OK, BLACK, COVERED = CameraState.OK, CameraState.BLACK, CameraState.COVERED


def play(symptoms, wrong: float = 10.0, right: float = 2.0, step: float = 0.1) -> list[CameraState]:
    each = Hysteresis(wrong, right)
    return [each.step(index * step, symptom) for index, symptom in enumerate(symptoms)]


def first(states, wanted) -> float:
    return states.index(wanted) / 10


def test_it_is_named_after_its_seconds_and_cleared_after_others():
    states = play([BLACK] * 150 + [OK] * 50)
    assert 9.9 <= first(states, BLACK) <= 10.2
    assert 1.8 <= first(states[150:], OK) <= 2.2


def test_one_odd_frame_changes_nothing_in_either_direction():
    assert set(play(([OK] * 30 + [BLACK]) * 20)) == {OK}
    states = play([BLACK] * 110 + ([OK] + [BLACK] * 30) * 20)
    assert set(states[110:]) == {BLACK}
    late = play([BLACK] * 50 + [OK] + [BLACK] * 100)
    assert 10 <= first(late, BLACK) <= 11, "it only delays"


def test_half_of_the_frames_are_no_reason_to_look_away():
    assert set(play([BLACK, OK] * 500)) == {OK}


def test_what_is_wrong_may_change_its_name_but_not_for_one_frame():
    states = play([BLACK] * 120 + [COVERED] + [BLACK] * 30 + [COVERED] * 50)
    assert set(states[101:151]) == {BLACK}
    assert 1.9 <= first(states[151:], COVERED) <= 2.2
    assert set(states[180:]) == {COVERED}


def test_two_things_that_take_turns_are_named_all_the_same():
    assert play([BLACK, COVERED] * 60)[-1] in {BLACK, COVERED}


def test_a_gap_counts_for_little():
    each = Hysteresis(10, 2)
    each.step(0, BLACK)
    assert each.step(1000, BLACK) is OK
    assert each.step(2000, BLACK) is BLACK, "but two frames in half an hour do decide"


def test_a_restart_counts_for_nothing():
    each = Hysteresis(10, 2)
    for second in range(0, 4000, 1000):
        each.restart()
        assert each.step(second, BLACK) is OK


SYMPTOMS = st.sampled_from([OK, BLACK, COVERED])


@given(st.lists(st.tuples(SYMPTOMS, st.floats(0, 30)), max_size=80))
def test_whatever_comes_it_is_never_named_before_it_could_have_lasted(seen):
    each, now, wrong = Hysteresis(10, 2), 0.0, 0.0
    for number, (symptom, spent) in enumerate(seen):
        now += spent
        # no frame counts for more than half of what it takes
        wrong += min(spent, 5.0) if symptom is not OK and number else 0.0
        state = each.step(now, symptom)
        assert state is OK or wrong >= 10 - 1e-6
        assert state is OK or state in [shown for shown, _ in seen[: number + 1]]


@given(st.lists(SYMPTOMS, max_size=50), st.sampled_from([BLACK, COVERED, OK]))
def test_whatever_was_before_what_lasts_is_told_in_the_end(before, last):
    assert play([*before, *[last] * 130])[-1] is last
