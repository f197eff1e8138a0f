from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.faults import broker
from benchmarks.faults.broker import OUTAGES, doubled, measure
from benchmarks.faults.measure import NotHereError
from benchmarks.faults.mosquitto import PROGRAM


@pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
def test_nothing_is_lost_while_the_broker_is_away() -> None:
    rows = measure(2 * len(OUTAGES), progress=lambda rounds: rounds)["rows"]
    assert [row["fault"] for row in rows] == list(OUTAGES)
    for row in rows:
        assert (row["times"], row["alerts"], row["lost"], row["doubled"]) == (2, 4, 0, 0), row
        assert row["told"]


def desk(unsure: dict[str, int]) -> Any:
    put = [SimpleNamespace(id=key) for key in ("a", "b")]
    return SimpleNamespace(put=put, sink=SimpleNamespace(unsure=Counter(unsure)))


@pytest.mark.parametrize(
    ("heard", "unsure", "expected"),
    [
        ({"a": 1, "b": 1}, {}, 0),
        ({"a": 1}, {}, 0),  # lost, which is another column
        ({"a": 2, "b": 1}, {"a": 1}, 0),  # sent, not confirmed, sent again
        ({"a": 2, "b": 1}, {}, 1),
        ({"a": 3, "b": 2}, {"a": 1}, 2),
        ({"a": 1, "b": 1, "c": 1}, {}, 1),  # a key that nobody told
    ],
)
def test_what_counts_as_told_twice(
    heard: dict[str, int], unsure: dict[str, int], expected: int
) -> None:
    assert doubled(desk(unsure), Counter(heard)) == expected


def test_without_mosquitto_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "PROGRAM", None)
    with pytest.raises(NotHereError, match="apt install mosquitto"):
        measure(1)
