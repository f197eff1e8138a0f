"""A webhook that misbehaves costs nothing, and one that loses or doubles is found out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.faults import webhook
from benchmarks.receiver import answers
from edge.alerts.notification import Notification
from edge.alerts.sinks.webhook import WebhookSink


def test_nothing_is_lost_and_nothing_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT", 0.1)
    rows = webhook.measure(1)["rows"]
    assert len(rows) == len(webhook.PASSING) + 2
    for row in rows:
        assert set(row) == {"fault", "times", "lost", "doubled", "told"}
        assert (row["times"], row["lost"], row["doubled"]) == (1, 0, 0), row
    told = {row["fault"].removeprefix("a webhook that "): row["told"] for row in rows}
    assert "redirect to elsewhere.example" in told["redirects"]
    assert "401 Unauthorized" in told["answers 401"]
    assert "has not answered" in told["never answers"]
    assert "Connection refused" in told["goes away"]
    assert told["answers 410"].endswith("the sink is off")


@pytest.fixture
def swallowing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the sink say that it was accepted whatever happens."""

    def swallow() -> None:
        monkeypatch.setattr(WebhookSink, "send", lambda _self, _notification: None)
        monkeypatch.setattr(webhook, "PATIENCE", 0.2)

    return swallow


def test_a_loss_is_counted(swallowing: Callable[[], None], tmp_path: Path) -> None:
    swallowing()
    assert webhook._passing(answers(500), 2, tmp_path)["lost"] == 2


def test_a_second_key_is_counted(tmp_path: Path) -> None:
    with webhook._desk(tmp_path) as desk:
        one = desk.tell("firing", "a")
        again = Notification(**{**vars(one), "id": "another"})
        desk.dispatcher.put(again)
        assert desk.has(one, again)
        assert desk.doubled() == 1
