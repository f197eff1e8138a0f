"""What the service writes, by the kernel's count."""

from __future__ import annotations

import pytest

from benchmarks.faults import writes
from benchmarks.faults.measure import NotHereError
from benchmarks.faults.real_service import Accepted, ServiceError, running, webhook
from benchmarks.faults.writes import Written, measure

EAGER = {"rules.anger.seconds": "0.5"}


def test_left_alone_nothing_is_written_and_an_alert_costs_some_pages(monkeypatch):
    monkeypatch.setattr(writes, "NO_CAP", EAGER)
    try:
        measured = measure(0.3)
    except NotHereError as error:
        pytest.skip(str(error))
    (row,) = measured["rows"]
    assert (row["lost"], row["doubled"]) == (0, 0)
    assert row["times"] >= 1
    assert row["told"].startswith("0 bytes an hour to disk while nobody is angry; ")
    assert measured["idle_bytes_an_hour"] == 0
    assert set(measured["files"]["idle"].values()) == {0}
    assert 4096 <= measured["alert_bytes"] <= 1024 * 1024
    assert sum(measured["files"]["busy"].values()) > 0


def test_what_lies_in_memory_is_not_counted(monkeypatch):
    monkeypatch.setattr(writes, "_kind_of_disk", lambda _folder: "tmpfs")
    with pytest.raises(NotHereError, match="lies in memory; what is written there is not counted"):
        measure(0.1)


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path):
    assert writes._kind_of_disk(writes.Path("/proc/self")) == "proc"
    assert writes._kind_of_disk(tmp_path) not in ("", "proc")


def test_an_amount_by_the_hour_and_the_alerts_that_came():
    accepted = Accepted({("firing", "a"): 1, ("firing", "b"): 2, ("resolved", "c"): 1})
    written = Written(1800.0, 500.0, 0, {}, 4, 2, accepted)
    assert written.an_hour(written.disk) == 1000
    assert written.firing == 2


def test_a_service_that_cannot_start_is_told_with_its_last_words(tmp_path):
    with (
        pytest.raises(ServiceError, match=r"does not become ready: .*none\.tflite"),
        running({"model.path": "none.tflite", "health.listen": ""}, tmp_path / "notify"),
    ):
        pytest.fail("it is not ready")


def test_a_webhook_counts_by_kind_and_id():
    import urllib.request

    accepted = Accepted()
    body = (
        b'{"id":"1","incident":"i","kind":"firing","purpose":"visitor","device":"d","rule":"r",'
        b'"at":"then","text":"t","about":{}}'
    )
    with webhook(accepted) as address:
        for _ in range(2):
            with urllib.request.urlopen(urllib.request.Request(address, body)) as answer:
                assert answer.status == 204
    assert accepted == {("firing", "1"): 2}
