import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ConfigError
from edge.hours import DAY, span, within

MINUTES = st.integers(0, DAY - 1)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@given(MINUTES, MINUTES, MINUTES)
def test_a_minute_is_in_a_span_or_in_what_is_left_of_the_day(first: int, last: int, minute: int):
    if first != last:
        there = within(f"{clock(first)}-{clock(last)}", minute)
        assert there != within(f"{clock(last)}-{clock(first)}", minute)
    assert within(f"{clock(minute)}-{clock((minute + 1) % DAY)}", minute)


def test_without_hours_it_is_always() -> None:
    assert all(within("", minute) for minute in range(DAY))


@pytest.mark.parametrize(
    ("hours", "minute", "expected"),
    [
        ("07:30-23:00", 450, True),
        ("07:30-23:00", 449, False),
        ("07:30-23:00", 1380, False),
        ("7:30 - 24:00", 1439, True),
        ("22:00-06:00", 0, True),
        ("22:00-06:00", 720, False),
        ("00:00-24:00", 0, True),
        ("22:00-00:00", 1439, True),
    ],
)
def test_the_first_minute_counts_and_the_last_does_not(hours, minute, expected) -> None:
    assert within(hours, minute) is expected


@pytest.mark.parametrize(
    "text", ["7-23", "07:30", "25:00-26:00", "07:60-08:00", "24:01-25:00", "x", "07:00-08:00,", "-"]
)
def test_anything_else_is_refused_with_an_example(text) -> None:
    with pytest.raises(ConfigError, match="07:30-23:00"):
        span(text)


@pytest.mark.parametrize("text", ["08:00-08:00", "00:00-00:00", "24:00-24:00", "24:00-00:00"])
def test_hours_without_a_minute_would_be_never_and_are_refused(text) -> None:
    with pytest.raises(ConfigError, match="nothing for always"):
        span(text)
