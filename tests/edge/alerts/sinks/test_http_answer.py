"""What each answer amounts to."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.sinks.http_address import read_address
from edge.alerts.sinks.http_answer import LONGEST, SLOWLY, Answer, refusal, retry_after

NOW = 1_795_000_000.0
DESK = read_address("https://ann:s3cret@desk.example/s3cret")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_accepted(status: int) -> None:
    assert refusal(Answer(status), DESK, NOW) is None


@pytest.mark.parametrize(
    ("status", "certain", "permanent", "disables", "retry"),
    [
        (301, True, False, False, SLOWLY),
        (304, True, False, False, SLOWLY),
        (307, True, False, False, SLOWLY),
        (400, True, True, False, None),
        (401, True, False, False, SLOWLY),
        (403, True, False, False, SLOWLY),
        (404, True, False, False, SLOWLY),
        (405, True, True, False, None),
        (408, True, False, False, None),
        (410, True, True, True, None),
        (413, True, True, False, None),
        (415, True, True, False, None),
        (422, True, True, False, None),
        (425, True, False, False, None),
        (429, True, False, False, None),
        (500, True, False, False, None),
        (103, False, False, False, None),
        (502, False, False, False, None),
        (503, True, False, False, None),
        (504, False, False, False, None),
        (999, True, False, False, None),
    ],
)
def test_refused(
    status: int, certain: bool, permanent: bool, disables: bool, retry: float | None
) -> None:
    error = refusal(Answer(status), DESK, NOW)
    assert error is not None
    assert (error.certain, error.permanent, error.disables) == (certain, permanent, disables)
    assert error.retry_after == retry
    assert "https://desk.example" in str(error)
    assert "s3cret" not in str(error)


@pytest.mark.parametrize("status", [302, 401, 429, 503])
def test_who_asks_for_time_gets_it(status: int) -> None:
    error = refusal(Answer(status, {"retry-after": "300"}), DESK, NOW)
    assert error is not None
    assert error.retry_after == 300


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://other.example/s3cret?x", "other.example"),
        ("//other.example", "other.example"),
        ("/login/s3cret", "another of its pages"),
        ("http://desk.example/s3cret", "another of its pages"),
        ("http://[s3cret", "another of its pages"),
        ("", "another of its pages"),
    ],
)
def test_a_redirect_tells_the_host_only(location: str, told: str) -> None:
    text = str(refusal(Answer(308, {"location": location}), DESK, NOW))
    assert f"answers with a redirect to {told}; give that address" in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "999999999"}, LONGEST),
        ({"retry-after": "9" * 5000}, LONGEST),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": formatdate(NOW + 90, usegmt=True)}, 90),
        ({"retry-after": formatdate(NOW - 90, usegmt=True)}, 0),
        ({"retry-after": formatdate(NOW + 10**7, usegmt=True)}, LONGEST),
        ({"retry-after": "Mon, 99 Jan 2026 00:00:00 GMT"}, None),
        # the device believes in another year; the other side's own date tells how long it meant
        (
            {
                "retry-after": formatdate(NOW + 10**8 + 60, usegmt=True),
                "date": formatdate(NOW + 10**8, usegmt=True),
            },
            60,
        ),
        ({"retry-after": formatdate(NOW + 70, usegmt=True), "date": "today"}, 70),
    ],
)
def test_retry_after(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(headers, NOW) == expected


@given(st.text() | st.from_regex(r"[0-9A-Za-z ,:+-]{0,40}"), st.text())
def test_whatever_is_asked_is_bounded_or_not_heard(text: str, date: str) -> None:
    wait = retry_after({"retry-after": text, "date": date}, NOW)
    assert wait is None or 0 <= wait <= LONGEST


@given(st.integers(0, 10**18))
def test_seconds_are_taken_up_to_the_bound(seconds: int) -> None:
    assert retry_after({"retry-after": str(seconds)}, NOW) == min(seconds, LONGEST)


@given(st.integers(0, int(LONGEST)))
def test_a_date_is_as_far_away_as_it_says(seconds: int) -> None:
    assert retry_after({"retry-after": formatdate(NOW + seconds, usegmt=True)}, NOW) == seconds
