"""What `/healthz` makes of a state: it is about seeing, not about being up."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.health.healthz import healthz, verdict
from edge.status import SinkStatus, Status

SEES = Status(blind=False, camera_state="ok", frame_age=0.1, fps=9.8)


def seeing(**changes: object) -> Status:
    return Status(**{"blind": False, "camera_state": "ok", "frame_age": 0.1, **changes})


@pytest.mark.parametrize(
    ("status", "word", "code"),
    [
        (SEES, "ok", 200),
        (Status(), "blind", 503),
        (seeing(blind=True, camera_state="frozen"), "blind", 503),
        (seeing(frame_age=29.9), "ok", 200),
        (seeing(frame_age=30.0), "stuck", 503),
        (seeing(frame_age=None), "stuck", 503),
        (seeing(frame_age=math.nan), "stuck", 503),
        (seeing(stale={"watch": 23.0}), "stuck", 503),
        (seeing(blind=True, stale={"watch": 23.0}), "stuck", 503),
        (seeing(outbox="outbox in memory: disk full"), "degraded", 200),
        (seeing(sinks={"desk": SinkStatus(disabled=True)}), "degraded", 200),
        (seeing(sinks={"desk": SinkStatus(pending=9, error="refused")}), "ok", 200),
    ],
)
def test_the_word_and_its_code(status, word, code):
    assert verdict(status, 30.0) == (word, code)


def test_the_answer_says_what_is_wrong_and_nothing_of_people():
    status = seeing(
        name="desk",
        camera="rtsp://u:secret@host/x",
        camera_state="slow",
        camera_sentence="too few\nframes",
        visitors=3,
        visitors_total=99,
        sinks={"desk": SinkStatus(pending=2, error="https://u:secret@host: refused")},
    )
    code, told = healthz(status, 30.0)
    text = json.dumps(told)
    assert code == 200
    assert told["camera"] == {
        "name": "rtsp://u:***@host/x",
        "state": "slow",
        "says": "too few\\nframes",
        "for": 0.0,
    }
    assert told["sinks"]["desk"]["pending"] == 2
    assert told["outbox"] == "on disk"
    assert "secret" not in text
    assert "visitor" not in text


@given(
    st.builds(
        Status,
        name=st.text(),
        blind=st.booleans(),
        frame_age=st.none() | st.floats(),
        fps=st.floats(),
        stale=st.dictionaries(st.text(), st.floats(), max_size=3),
        outbox=st.text(),
    ),
    st.floats(1, 3600),
)
def test_whatever_the_state_it_is_json_and_200_means_that_it_sees(status, stale_after):
    code, told = healthz(status, stale_after)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    if code == 200:
        assert not status.blind
        assert not status.stale
        assert status.frame_age is not None
        assert status.frame_age < stale_after
    else:
        assert code == 503
