from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.outbox_stage import alert
from edge import outbox_test
from edge.alerts.clock import Moment, system_clock
from edge.alerts.notification import Notification
from edge.alerts.outbox import Outbox, OutboxConfig
from edge.alerts.sinks.base import SendError
from edge.errors import EX_CANTCREAT, EX_CONFIG, EX_NOINPUT, EX_UNAVAILABLE, EX_USAGE
from edge.outbox_cli import main


@dataclass
class Told:
    code: int
    out: str
    err: str


Call = Callable[..., Told]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite3"


@pytest.fixture
def call(path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str) -> Told:
        try:
            code = main([*arguments, "--set", f"outbox.path={path}"])
        except SystemExit as end:  # argparse
            code = end.code if isinstance(end.code, int) else -1
        return Told(code, *capsys.readouterr())

    return run


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    """A running service's: one sent, one given up with its resolve, one waiting, one for nobody."""
    with closing(Outbox(OutboxConfig(str(path)))) as made:
        for one in (alert("3f2a00", "i"), alert("3f2b00", "j"), alert("abc", "k")):
            made.put(one, ["desk", "lamp"])
        made.put(alert("abd", "j", "resolved"), [])
        made.put(alert("eee", "e", "test", "operator"), [])
        for row in made.rows("desk"):
            if row.alert == "3f2a00":
                made.finish(row, "sent", tried=True)
            if row.alert == "3f2b00":
                made.finish(row, "dead", "refused: 403", tried=True)
        yield made


def test_the_list_is_a_table(call: Call, outbox: Outbox) -> None:
    told = call("list")
    header, *rows = told.out.splitlines()
    assert (told.code, header.split()) == (0, ["ID", "WHEN", "WHAT", "RULE", "DELIVERIES"])
    assert [row.split()[0] for row in rows] == ["eee", "abd", "abc", "3f2b00", "3f2a00"]
    assert rows[0].endswith("no sink")
    assert rows[-1].endswith("desk sent, lamp pending")
    assert outbox.reason == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--state", "dead"), ["3f2b00"]),
        (("--state", "sent"), ["3f2a00"]),
        (("--state", "sent", "--sink", "lamp"), []),
        (("--sink", "desk"), ["abd", "abc", "3f2b00", "3f2a00"]),
        (("--limit", "1"), ["eee"]),
        (("--since", "1h", "--state", "dead"), ["3f2b00"]),
        (("--since", "2999-01-01"), []),
    ],
)
@pytest.mark.usefixtures("outbox")
def test_the_list_is_filtered(call: Call, arguments: tuple[str, ...], expected: list[str]) -> None:
    told = call("list", "--json", *arguments)
    assert [json.loads(line)["id"] for line in told.out.splitlines()] == expected
    assert ("no alerts" in call("list", *arguments).out) == (not expected)


@pytest.mark.usefixtures("outbox")
def test_one_alert_is_shown_by_the_start_of_its_id(call: Call) -> None:
    told = call("show", "3F2b")
    assert told.code == 0
    for words in ("looked angry", "incident  j", "rule anger", "score", "refused: 403", "1 try"):
        assert words in told.out
    assert json.loads(call("show", "3f2b", "--json").out)["deliveries"][0]["state"] == "dead"


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize(
    ("prefix", "words"),
    [("3f2", "several alerts"), ("zzz", "no alert in"), ("%", "no alert in"), ("", "an empty ID")],
)
def test_an_id_that_means_not_one(call: Call, prefix: str, words: str) -> None:
    told = call("show", prefix)
    assert (told.code, told.err.count("\n")) == (EX_USAGE, 1)
    assert words in told.err


def test_what_was_given_up_is_tried_again_and_its_resolve_with_it(
    call: Call, outbox: Outbox
) -> None:
    assert "2 to be tried again" in call("retry", "3f2b").out
    states = {row.alert: row.state for row in outbox.rows("desk")}
    assert states == {"3f2b00": "pending", "abc": "pending", "abd": "waiting"}
    assert "nothing to try again" in call("retry", "3f2b").out


def test_everything_dead_of_one_sink(call: Call, outbox: Outbox) -> None:
    assert "nothing" in call("retry", "--all", "--sink", "lamp").out
    assert "2 to be tried again" in call("retry", "--all", "--sink", "desk").out
    assert len(outbox.rows("desk")) == 3


@pytest.mark.usefixtures("outbox")
def test_a_resolve_is_not_tried_before_its_firing(call: Call) -> None:
    assert "nothing to try again" in call("retry", "abd").out


@pytest.mark.usefixtures("outbox")
def test_noted_as_seen(call: Call) -> None:
    assert call("ack", "abc").out == "abc is noted as seen\n"
    assert call("ack", "abc").out == "abc was already noted as seen\n"
    assert "firing (seen)" in call("list").out
    assert "seen  " in call("show", "abc").out


@pytest.mark.usefixtures("outbox")
def test_forgetting_leaves_what_is_not_over(call: Call) -> None:
    assert call("purge").out.startswith("0 forgotten")
    assert call("purge", "--older", "1w").out.startswith("0 forgotten")
    assert call("purge", "--all").out.startswith("1 forgotten")
    left = [json.loads(line)["id"] for line in call("export").out.splitlines()]
    assert left == ["abd", "abc", "3f2b00", "3f2a00"]


@pytest.mark.usefixtures("outbox")
def test_csv_is_one_line_a_delivery(call: Call) -> None:
    rows = list(csv.DictReader(io.StringIO(call("export", "--csv").out)))
    assert [row["sink"] for row in rows if row["id"] == "3f2b00"] == ["desk", "lamp"]
    assert rows[0]["id"] == "eee"
    assert rows[0]["sink"] == ""
    assert call("list", "--csv").out == call("export", "--csv").out


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1"])
def test_csv_runs_no_formula(call: Call, outbox: Outbox, cell: str) -> None:
    outbox.put(alert("x", "x", rule=cell), [cell])
    row = next(csv.DictReader(io.StringIO(call("list", "--csv", "--limit", "1").out, newline="")))
    assert row["rule"] == row["sink"] == "'" + cell


def test_nothing_of_outside_drives_the_terminal(call: Call, outbox: Outbox) -> None:
    outbox.put(alert("x", "x", rule="\x1b[2J"), ["\x1b[31m"])
    for arguments in (("list",), ("show", "x")):
        assert "\x1b" not in call(*arguments).out


def test_without_an_outbox_it_says_what_to_do(call: Call, path: Path) -> None:
    told = call("list")
    assert (told.code, told.out) == (EX_NOINPUT, "")
    assert "there is no outbox yet" in told.err
    assert "--set outbox.path=FILE" in told.err
    path.write_text("no database" * 100)
    assert call("list").code == EX_NOINPUT


@pytest.mark.usefixtures("outbox")
def test_a_file_that_fails_meanwhile_is_one_line(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        import sqlite3

        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error

    monkeypatch.setattr("edge.alerts.history.ack", fail)
    told = call("ack", "abc")
    assert (told.code, told.err.count("\n")) == (EX_CANTCREAT, 1)
    assert "locked by another program" in told.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("retry",),
        ("retry", "abc", "--all"),
        ("list", "--state", "lost"),
        ("list", "--limit", "0"),
        ("list", "--limit", "-1"),
        ("list", "--since", "yesterday"),
        ("list", "--since", "9" * 400 + "d"),
        ("purge", "--older", "3"),
        ("purge", "--older", "3d", "--all"),
    ],
)
@pytest.mark.usefixtures("outbox")
def test_flags_that_do_not_fit(call: Call, arguments: tuple[str, ...]) -> None:
    told = call(*arguments)
    assert told.code == EX_USAGE
    assert told.err.startswith("edge-run alerts")


def sinks(tmp_path: Path) -> str:
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [service]
        name = "front desk"
        [sinks.good]
        type = "jsonl"
        path = "{tmp_path}/told.jsonl"
        [sinks.bad]
        type = "jsonl"
        path = "{tmp_path}/told.jsonl/beneath"
        [sinks.secret]
        type = "webhook"
        url = "file:{tmp_path}/none"
        """
    )
    return str(file)


def test_a_test_goes_through_each_sink(call: Call, tmp_path: Path) -> None:
    told = call("test", "--config", sinks(tmp_path))
    good, bad, secret = told.out.splitlines()
    assert told.code == EX_UNAVAILABLE
    assert good.startswith("good (jsonl): accepted after 0.")
    assert bad.startswith("bad (jsonl): not accepted: ")
    assert secret.startswith("secret (webhook): not accepted: sinks.secret.url: ")
    sent = Notification.from_json((tmp_path / "told.jsonl").read_text())
    assert (sent.kind, sent.device, sent.purpose) == ("test", "front desk", "operator")


def test_a_test_through_one_sink(call: Call, tmp_path: Path) -> None:
    told = call("test", "good", "--config", sinks(tmp_path))
    assert (told.code, len(told.out.splitlines())) == (0, 1)
    wrong = call("test", "door", "--config", sinks(tmp_path))
    assert wrong.code == EX_USAGE
    assert "configured: good, bad, secret" in wrong.err


def test_nothing_to_test(call: Call) -> None:
    told = call("test")
    assert told.code == EX_CONFIG
    assert "no sink is configured" in told.err


def test_a_fault_in_a_sink_is_told_too(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("oh\n no")

    monkeypatch.setattr(outbox_test, "_send", broken)
    told = call("test", "good", "--config", sinks(tmp_path))
    assert told.out == "good (jsonl): failed: RuntimeError: oh\\n no\n"
    assert told.code == EX_UNAVAILABLE
    monkeypatch.setattr(outbox_test, "_send", lambda *_: (_ for _ in ()).throw(SendError("no")))
    assert "not accepted: no" in call("test", "good", "--config", sinks(tmp_path)).out


def test_an_alert_of_another_start_is_shown_by_the_wall_clock(call: Call, path: Path) -> None:
    now = system_clock()
    then = Moment(0.0, now.boot, "another")
    with closing(Outbox(OutboxConfig(str(path)), lambda: then)) as outbox:
        outbox.put(alert("a", "i"), ["desk"])
    assert "1970-01-01" in call("list", "--json").out
