"""Damaged inputs are really damaged, and what reads them badly is seen."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.faults import fuzz


@given(st.binary(min_size=1, max_size=2000), st.integers())
def test_damage_is_bounded_and_repeatable(content: bytes, seed: int) -> None:
    once, again = (fuzz.damaged(content, Random(seed)) for _ in range(2))
    assert once == again
    assert len(once) <= 2**4 * (len(content) + 8)


def test_most_inputs_are_changed() -> None:
    random, content = Random(0), bytes(range(256)) * 4
    changed = [fuzz.damaged(content, random) != content for _ in range(200)]
    assert sum(changed) > 150


def test_every_reader_gives_what_it_promises() -> None:
    rows = fuzz.measure(20)["rows"]
    assert [row["fault"].removeprefix("garbage as ") for row in rows] == [
        *("configuration", "model card", "database", "HTTP request", "answer of a broker")
    ]
    assert [row["lost"] for row in rows] == [0] * len(rows)


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("two\nlines"), RecursionError()])
def test_a_reader_that_breaks_its_promise_is_counted(monkeypatch, error: Exception) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(fuzz, "load", broken)
    row = fuzz.measure(5)["rows"][0]
    assert (row["times"], row["lost"]) == (5, 5)
