import pytest

from benchmarks.faults import fleet
from benchmarks.faults.measure import NotHereError
from benchmarks.faults.mosquitto import PROGRAM


@pytest.mark.skipif(PROGRAM is None, reason="mosquitto is not installed")
def test_one_that_is_killed_is_offline_and_the_others_are_not() -> None:
    measured = fleet.measure()
    seen = measured["seen"]
    assert seen["desk-2"]["availability"] == ["online", "offline"]
    assert seen["desk-1"]["availability"] == seen["desk-3"]["availability"] == ["online"]
    assert all(one["alerts"] == 1 and one["entities"] > 8 for one in seen.values())
    (row,) = measured["rows"]
    assert (row["lost"], row["doubled"]) == (0, 0)


def test_without_mosquitto_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "PROGRAM", None)
    with pytest.raises(NotHereError, match="apt install mosquitto"):
        fleet.measure()
