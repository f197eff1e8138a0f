"""What counts as a clean end, what as a lost alert, and a few real ones."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.faults.sigterm import Ending, judged, measure, stopped

Rows = list[tuple[str, ...]]


def outbox(folder: Path, alerts: Rows, deliveries: Rows) -> None:
    with closing(sqlite3.connect(folder / "outbox.sqlite3")) as made, made:
        made.execute("CREATE TABLE alerts (id, incident, kind)")
        made.execute("CREATE TABLE deliveries (alert, state)")
        made.executemany("INSERT INTO alerts VALUES (?, ?, ?)", alerts)
        made.executemany("INSERT INTO deliveries VALUES (?, ?)", deliveries)


def told(folder: Path, rows: Rows) -> None:
    lines = [json.dumps(dict(zip(("id", "incident", "kind"), row, strict=True))) for row in rows]
    (folder / "alerts.jsonl").write_text("".join(f"{line}\n" for line in lines))


FIRING, RESOLVED = ("a", "1", "firing"), ("b", "1", "resolved")


@pytest.mark.parametrize(
    ("ending", "clean"),
    [
        (Ending(0, 0.2, complained=False, left=False), True),
        (Ending(-signal.SIGTERM, 0.0, complained=False, left=False), True),
        (Ending(0, 0.2, complained=True, left=False), False),
        (Ending(0, 0.2, complained=False, left=True), False),
        (Ending(70, 0.2, complained=False, left=False), False),
        (Ending(None, 20.0, complained=False, left=True), False),
    ],
)
def test_a_clean_end(ending: Ending, clean: bool) -> None:
    assert ending.clean is clean


def test_nothing_is_lost_where_all_was_told(tmp_path: Path) -> None:
    outbox(tmp_path, [FIRING, RESOLVED], [("a", "sent"), ("b", "pending")])
    told(tmp_path, [FIRING, FIRING])  # the same key again is what at-least-once promises
    assert judged(tmp_path) == {"alerts": 1, "waiting": 1, "lost": 0, "doubled": 0}


def test_sent_but_never_arrived_is_lost(tmp_path: Path) -> None:
    outbox(tmp_path, [FIRING, RESOLVED], [("a", "sent"), ("b", "sent")])
    told(tmp_path, [FIRING])
    assert judged(tmp_path)["lost"] == 1


def test_raised_and_never_resolved_is_lost(tmp_path: Path) -> None:
    outbox(tmp_path, [FIRING], [("a", "sent")])
    told(tmp_path, [FIRING])
    assert judged(tmp_path)["lost"] == 1


def test_told_under_another_key_is_doubled(tmp_path: Path) -> None:
    outbox(tmp_path, [FIRING, RESOLVED], [("a", "sent"), ("b", "sent")])
    told(tmp_path, [FIRING, ("c", "1", "firing"), RESOLVED])
    assert judged(tmp_path)["doubled"] == 1


def test_a_service_that_complains_does_not_end_clean() -> None:
    ending = stopped({"camera.sauce": "'demo:'"}, 30.0)
    assert (ending.code, ending.complained, ending.clean) == (78, True, False)


def test_a_real_service_ends_clean_each_time() -> None:
    found = measure(3)
    assert found["unclean"] == 0
    assert found["rows"][0]["lost"] == found["rows"][0]["doubled"] == 0
    assert found["rows"][0]["times"] == 3
