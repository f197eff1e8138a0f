"""A day at full speed: what is lost or told twice is seen, and so is what grows."""

from __future__ import annotations

import logging

import pytest

from benchmarks.faults import soak_day
from benchmarks.faults.soak_day import Desk, measure
from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError

HOURS = 0.025  # four and a half visits
send = Desk.send


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL)


def notification(number: int) -> Notification:
    return Notification(f"{number:032x}", "i", "firing", "visitor", "day", "anger", "then", "text")


def test_a_day_loses_nothing_and_nothing_grows():
    measured = measure(HOURS)
    (row,) = measured["rows"]
    assert (row["times"], row["lost"], row["doubled"]) == (900, 0, 0)
    assert row["fault"] == "0.025 hours of frames at full speed"
    assert row["told"].startswith(("4 alerts, 8 notifications; ", "5 alerts, 10 notifications; "))
    assert measured["files"][0] == measured["files"][1]
    assert measured["threads"][0] == measured["threads"][1]
    assert measured["rss_mib"][0] > 0


def test_it_ends_when_the_minutes_are_over():
    measured = measure(24.0, 0.0)
    assert measured["rows"][0]["times"] == soak_day.CHUNK
    assert measured["rows"][0]["lost"] == 0


def test_what_a_desk_never_gets_is_lost(monkeypatch):
    def forget(desk: Desk, told: Notification) -> None:
        if int(told.id, 16) != 3:
            send(desk, told)

    monkeypatch.setattr(Desk, "send", forget)
    assert measure(HOURS)["rows"][0]["lost"] == 2, "at each of two desks"


def test_what_a_desk_gets_twice_is_counted(monkeypatch):
    def unsure(desk: Desk, told: Notification) -> None:
        send(desk, told)
        if int(told.id, 16) == 3 and desk.accepted[3] == 1:
            raise SendError("no answer", certain=False)

    monkeypatch.setattr(Desk, "send", unsure)
    assert measure(HOURS)["rows"][0]["doubled"] == 2


def test_alerts_that_are_not_raised_are_lost(monkeypatch):
    monkeypatch.setattr(soak_day, "RULE", soak_day.RuleConfig(emotion="fear", cap=3600))
    monkeypatch.setattr(soak_day, "angry_times", lambda *_: soak_day_expected(4, 5))
    assert measure(HOURS)["rows"][0]["lost"] >= 3


def soak_day_expected(low: int, high: int):
    from benchmarks.soak.expected import Expected

    return Expected(low, high)


def test_a_desk_refuses_one_in_so_many_tries():
    desk = Desk("desk", refuses=3)
    refused = 0
    for number in range(9):
        try:
            desk.send(notification(number))
        except SendError:
            refused += 1
    assert refused == 3
    assert sum(desk.accepted) == 6
    desk.close()
