"""One log line a change, and not a hundred from a loose plug."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera.changes import MOST, SPAN, Changes, duration
from edge.camera.state import CameraState

OPENING, OK, SILENT = CameraState.OPENING, CameraState.OK, CameraState.SILENT


def test_a_line_says_what_it_was_how_long_and_what_to_do():
    changes = Changes(OPENING, 100)
    assert changes.change(102, OK) == "ok after 2 s of opening: the camera sees"
    line = changes.change(102 + 3 * 3600 + 720, CameraState.UNPLUGGED)
    assert line == "unplugged after 3 h 12 min of ok: the camera is not there; plug it in"
    line = changes.change(20000, CameraState.REFUSED, "in use by motion")
    assert line.endswith("of unplugged: in use by motion")


def test_a_loose_plug_is_told_four_times_and_then_once_a_minute_with_a_count():
    changes, lines = Changes(OK, 0), []
    for half in range(1200):  # ten minutes, twice a second
        now = half / 2
        lines.append(changes.change(now, SILENT if half % 2 else OK))
        lines.append(changes.due(now))
    told = [line for line in lines if line]
    assert len(told) == MOST + 9
    counts = [int(found[1]) for line in told if (found := re.search(r"(\d+) more", line))]
    assert sum(counts) >= 1200 - MOST - 2 * SPAN - 9


def test_what_was_held_back_is_told_in_the_end():
    changes = Changes(OK, 0)
    for second in range(9):
        changes.change(second, SILENT if second % 2 else OK)
    assert changes.due(30) == ""
    line = changes.due(68)
    assert line == "ok for 1 min; 5 more changes before that: the camera sees"
    assert changes.due(1000) == ""


STATES = st.sampled_from([OK, SILENT, CameraState.BLACK])


@given(st.lists(st.tuples(st.floats(0, 100), STATES), max_size=100))
def test_every_change_is_told_or_counted_and_never_more_than_a_few_a_minute(events):
    changes, now, lines, made, last = Changes(OPENING, 0), 0.0, [], 0, OPENING
    for spent, state in events:
        now += spent
        if line := changes.due(now):
            lines.append((now, line))
        if state is not last:
            made += 1
            last = state
            if line := changes.change(now, state):
                lines.append((now, line))
    if line := changes.due(now + 2 * SPAN):
        lines.append((now + 2 * SPAN, line))
    counted = [int(found[1]) for _, line in lines if (found := re.search(r"(\d+) more", line))]
    summaries = [line for _, line in lines if re.match(r"\w+ for ", line)]
    assert len(lines) - len(summaries) + sum(counted) == made
    if made:
        assert lines[-1][1].startswith(last.word), "the reader of the log knows how it is"
    for when, _ in lines:
        assert sum(when - SPAN < other <= when for other, _ in lines) <= MOST


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (7.6, "8 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 0 min"),
        (11520, "3 h 12 min"),
        (86400, "1 d 0 h"),
        (200000, "2 d 7 h"),
    ],
)
def test_seconds_as_people_say_them(seconds, said):
    assert duration(seconds) == said
