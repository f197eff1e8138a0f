"""A few lines of a kind pass; the rest are counted, and nothing grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.health.flood import Flood

KEY, OTHER = ("edge.camera", 30, "lost %s"), ("edge.camera", 30, "found %s")


def test_a_few_pass_and_the_rest_are_counted_once():
    flood = Flood(most=5, per=60.0)
    assert [flood.admit(KEY, now) for now in range(12)] == [True] * 5 + [False] * 7
    assert flood.ended(59.9) == {}
    assert flood.ended(60.0) == {KEY: 7}
    assert flood.ended(60.0) == {}
    assert flood.admit(KEY, 60.0)


def test_kinds_do_not_share_their_place():
    flood = Flood(most=1)
    assert flood.admit(KEY, 0.0)
    assert flood.admit(OTHER, 0.0)
    assert not flood.admit(KEY, 1.0)


def test_a_year_of_lines_that_are_all_different_takes_no_memory():
    flood = Flood(most=1, per=1e9, kinds=8)
    flood.admit(KEY, 0.0)
    flood.admit(KEY, 0.0)
    for number in range(1000):
        assert flood.admit(("edge", 30, str(number)), 0.0)
    assert flood.ended(1e9) == {KEY: 1}, "the kind of which some were left out is remembered"


@given(st.lists(st.tuples(st.sampled_from([KEY, OTHER]), st.floats(0, 30)), max_size=200))
def test_every_line_either_passes_or_is_told_of(steps):
    flood, now, passed, told = Flood(), 0.0, 0, 0
    for key, step in steps:
        now += step
        told += sum(flood.ended(now).values())
        passed += flood.admit(key, now)
    told += sum(flood.ended(float("inf")).values())
    assert passed + told == len(steps)
