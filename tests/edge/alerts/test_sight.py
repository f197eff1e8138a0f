"""Operators hear of one blindness once, and once that it is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.sight import STEADY, Sight


def play(sight: Sight, *spells: tuple[bool, int]) -> list[tuple[int, str]]:
    """Spells of (blind, seconds), a step a second; when what was told."""
    told, now = [], 0
    for blind, seconds in spells:
        for _ in range(seconds):
            if change := sight.step(float(now), blind):
                told.append((now, change))
            now += 1
    return told


def test_a_blindness_is_told_once_and_taken_back_once() -> None:
    told = play(Sight(after=60), (False, 30), (True, 500), (False, 60), (True, 20), (False, 60))
    assert told == [(90, "cannot see"), (530 + STEADY, "sees again")]


def test_a_camera_that_flickers_is_one_blindness() -> None:
    flicker = [(True, 8), (False, 5)] * 40
    assert play(Sight(after=60), *flicker) == [(60, "cannot see")]


def test_who_is_never_to_be_told_is_not() -> None:
    sight = Sight(after=0)
    assert play(sight, (True, 1000), (False, 100)) == []
    assert sight.give_up() is None


def test_what_an_earlier_process_told_is_taken_back_when_it_sees_again() -> None:
    assert play(Sight(after=60, told=True), (False, 30)) == [(STEADY, "sees again")]
    assert play(Sight(after=60, told=True), (True, 300), (False, 30)) == [
        (300 + STEADY, "sees again")
    ]


def test_a_process_that_ends_blind_tells_before_it_goes_but_only_once() -> None:
    sight = Sight(after=60)
    assert play(sight, (True, 20)) == []
    assert sight.give_up() == "cannot see"
    assert sight.give_up() is None
    assert play(Sight(after=60, told=True), (True, 20)) == []


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 100)), max_size=30),
    st.floats(0, 100),
    st.booleans(),
)
def test_the_two_take_turns(spells: list[tuple[bool, int]], after: float, told: bool) -> None:
    said = [what for _, what in play(Sight(after, told), *spells)]
    expected = ["sees again", "cannot see"] if told else ["cannot see", "sees again"]
    assert said == (expected * len(said))[: len(said)]


@pytest.mark.parametrize("after", [1.0, 60.0, 3600.0])
def test_it_is_told_as_soon_as_asked_and_not_before(after: float) -> None:
    sight = Sight(after)
    assert sight.step(10.0, True) is None
    assert sight.step(10.0 + after - 0.01, True) is None
    assert sight.step(10.0 + after, True) == "cannot see"
