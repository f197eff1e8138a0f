"""A program is run with the notification, nothing else, and never for too long."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.alerts.notification import Notification
from edge.alerts.sinks.base import SendError
from edge.alerts.sinks.command import SLOWLY, CommandConfig, CommandSink, make
from edge.alerts.sinks.process import KEPT, LONGEST_LINE, run
from edge.errors import ConfigError

Notify = Callable[..., Notification]
SH = ("/bin/sh", "-c")


def sink(*command: str, **config: Any) -> CommandSink:
    return make("script", CommandConfig(command=command, **config), "pi")


def refused(notification: Notification, *command: str, **config: Any) -> SendError:
    with pytest.raises(SendError) as caught:
        sink(*command, **config).send(notification)
    assert str(caught.value).isprintable()
    return caught.value


def gone(pid: int) -> bool:
    """Whether it ends within some seconds; a zombie has ended."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        threading.Event().wait(0.01)
    return False


def test_it_reads_the_notification_in_an_environment_of_six(
    notification: Notify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3CRET", "x")
    code = (
        "import json,os,sys; file = open(sys.argv[1], 'w');"
        "json.dump([sys.stdin.read(), dict(os.environ), os.getcwd(), sys.argv[2]], file)"
    )
    out = tmp_path / "out.json"
    told = notification()
    sink(sys.executable, "-c", code, str(out), "$(id); *", timeout=60.0).send(told)
    given, environment, folder, word = json.loads(out.read_text())
    assert given == told.as_json() + "\n"
    assert environment.pop("PATH").startswith("/")
    assert {name: value for name, value in environment.items() if name != "LC_CTYPE"} == {
        "LANG": "C.UTF-8",
        "EDGE_RUN_ID": told.id,
        "EDGE_RUN_INCIDENT": told.incident,
        "EDGE_RUN_KIND": "firing",
        "EDGE_RUN_PURPOSE": "visitor",
    }
    assert (folder, word) == ("/", "$(id); *")  # no shell has looked at it


def test_it_may_accept_without_reading(notification: Notify) -> None:
    sink("true").send(notification(text="x" * 1_000_000))
    sink(*SH, "exec <&-; exit 0").send(notification())


def test_a_long_notification_comes_whole(notification: Notify) -> None:
    told = notification(text="x" * 1_000_000)
    size = len(told.as_json()) + 1
    sink(*SH, f'test "$(wc -c)" -eq {size}').send(told)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 1", "did not accept it (exit status 1)"),
        ("echo one >&2; echo 'two \033[2J' >&2; echo >&2; exit 75", r"(exit status 75): two \x1b"),
        ("kill -9 $$", "ended by signal 9"),
        ("echo lost; exit 2", "(exit status 2)"),
    ],
)
def test_it_says_no(notification: Notify, script: str, told: str) -> None:
    error = refused(notification(), *SH, script)
    assert (error.certain, error.permanent, error.retry_after) == (True, False, None)
    assert told in str(error)
    assert "lost" not in str(error)


def test_it_says_that_it_is_not_configured(notification: Notify) -> None:
    error = refused(notification(), *SH, "echo no number given >&2; exit 78")
    assert (error.certain, error.retry_after) == (True, SLOWLY)
    assert "says that it is not configured (exit status 78): no number given" in str(error)


def test_what_cannot_be_run(notification: Notify, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("exit 0")
    broken = tmp_path / "broken"
    broken.write_text("#!/absent/interpreter\n")
    broken.chmod(0o755)
    reasons = {
        str(tmp_path / "absent"): "No such file",
        str(plain): "Permission denied",
        str(broken): "No such file",
        "no-such-program-anywhere": "No such file",
    }
    for program, reason in reasons.items():
        error = refused(notification(), program)
        assert (error.certain, error.permanent, error.retry_after) == (True, False, SLOWLY)
        assert f"{program}: cannot be run ({reason}" in str(error)


def test_too_late_is_ended_with_all_that_it_started(notification: Notify, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; sleep 600 & echo $! >{pids}; echo $$ >>{pids}; wait; sleep 600"
    error = refused(notification(), *SH, script, timeout=0.5)
    assert (error.certain, error.permanent) == (False, False)
    assert "has not ended within 0.5 s and was killed" in str(error)
    child, leader = map(int, pids.read_text().split())
    assert gone(leader)
    assert gone(child)


def test_it_is_asked_to_end_before_it_is_killed(tmp_path: Path) -> None:
    farewell = tmp_path / "farewell"
    script = f"trap 'echo bye >&2; echo bye >{farewell}; exit' TERM; while :; do sleep 0.01; done"
    assert run((*SH, script), "", {"PATH": "/bin"}, 0.3) == (None, "bye")
    assert farewell.read_text() == "bye\n"


def test_what_it_leaves_running_holds_nobody_up(notification: Notify, tmp_path: Path) -> None:
    """A daemon that keeps standard error open, as careless ones do."""
    pid = tmp_path / "pid"
    sink(*SH, f"sleep 600 & echo $! >{pid}", timeout=60.0).send(notification())
    left = int(pid.read_text())
    os.kill(left, 15)  # it was left alone
    assert gone(left)


def test_a_flood_of_complaints_is_bounded() -> None:
    ended = run((*SH, "yes 'no paper' | head -n 300000 >&2; exit 3"), "", {"PATH": "/bin"}, 60)
    assert ended == (3, "no paper")
    line = f"printf a; head -c {3 * KEPT} /dev/zero | tr '\\0' y"
    ended = run((*SH, f"({line}) >&2"), "", {"PATH": "/bin"}, 60)
    assert ended == (0, "y" * LONGEST_LINE)


@pytest.mark.parametrize("command", [(), ("",), ("echo", "a\0b")])
def test_no_command(command: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"^sinks\.script: command"):
        sink(*command)


def test_it_may_be_closed_twice(notification: Notify) -> None:
    one = sink("true")
    one.close()
    one.close()
    one.send(notification())
