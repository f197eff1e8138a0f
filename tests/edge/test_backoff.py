from hypothesis import given
from hypothesis import strategies as st

from edge.backoff import Backoff

CHANCE = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10**9), CHANCE)
def test_no_wait_is_longer_than_the_most_nor_none_at_all(failures: int, chance: float) -> None:
    backoff = Backoff(first=0.5, factor=3, most=60, jitter=0.3)
    assert 0.5 * 0.7 <= backoff.wait(failures, chance) <= 60


@given(st.integers(1, 100), CHANCE)
def test_without_jitter_each_wait_is_at_least_the_one_before(failures: int, chance: float) -> None:
    steady = Backoff(jitter=0)
    assert steady.wait(failures, chance) <= steady.wait(failures + 1, chance)


def test_it_doubles_up_to_the_most() -> None:
    steady = Backoff(first=1, factor=2, most=10, jitter=0)
    assert [steady.wait(n, 0.5) for n in range(1, 7)] == [1, 2, 4, 8, 10, 10]


@given(st.integers(1, 100), CHANCE, CHANCE)
def test_two_devices_rarely_come_back_together(failures: int, one: float, other: float) -> None:
    backoff = Backoff()
    apart = backoff.wait(failures, one) - backoff.wait(failures, other)
    assert (apart == 0) == (one == other) or abs(one - other) < 1e-9
