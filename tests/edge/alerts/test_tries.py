from hypothesis import given
from hypothesis import strategies as st

from edge.alerts.clock import Moment
from edge.alerts.store import Row
from edge.alerts.tries import Tries

ROW = Row(
    *("a", "desk", "pending", "firing", "visitor", "anger", "{}", Moment(0.0, 0.0, "boot")),
    attempts=4,
    error="no network",
    uncertain=False,
    asked=False,
)


def test_what_the_disk_knows_waits_until_the_number_of_tries_has_doubled() -> None:
    tries = Tries()
    assert [tries.failed(ROW, "no network", False) for _ in range(4)] == [0, 0, 0, 4]


def test_what_the_disk_does_not_know_it_is_told_at_once() -> None:
    for error, uncertain in (("refused", False), ("no network", True)):
        assert Tries().failed(ROW, error, uncertain) == 1


def test_the_disk_is_told_that_a_begun_try_did_surely_not_arrive() -> None:
    tries = Tries()
    tries.begin(ROW)
    assert tries.failed(ROW, "no network", False) == 1
    tries.saved(ROW)
    assert tries.failed(ROW, "no network", False) == 0


@given(number=st.integers(1, 3000))
def test_none_is_lost_and_few_are_written(number: int) -> None:
    tries, row, writes = Tries(), ROW, 0
    for _ in range(number):
        if told := tries.failed(row, "no network", False):
            row = Row(**{**vars(row), "attempts": row.attempts + told})
            tries.saved(row)
            writes += 1
    assert row.attempts + tries.unsaved(row) == ROW.attempts + number
    assert writes <= 10
