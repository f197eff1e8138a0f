"""The service as systemd runs it: a real process, a real notify socket, the built-in visitor."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge import supervisor
from edge.alerts.sight import STEADY, Change, Sight
from edge.config import Config, ServiceConfig
from edge.errors import CameraError, ConfigError
from edge.notify import Notifier
from edge.status import Status
from edge.supervisor import Supervisor

EDGE_RUN = Path(sys.executable).with_name("edge-run")
DEADLINE = 60  # seconds; a safety net, not a promise
EAGER = ("rules.anger.seconds=0.5", "rules.anger.on=0.05", "rules.anger.off=0.01")


class Running:
    """One service process and what it told its manager."""

    def __init__(self, folder: Path, *settings: str, environment: dict[str, str] | None = None):
        self.folder = folder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = folder / f"notify-{time.monotonic_ns()}"
        self._socket.bind(str(address))
        self._socket.settimeout(0.2)
        self.told: list[str] = []
        # should the tests run under nohup, the service does not
        command = ["/usr/bin/env", "--default-signal=HUP", str(EDGE_RUN), "--service"]
        wanted = (f"outbox.path={folder / 'outbox.sqlite3'}", 'health.listen=""', *settings)
        command += [f"--set={setting}" for setting in wanted]
        self.errors = folder / "stderr"
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={
                    "PATH": "/usr/bin:/bin",
                    "HOME": str(folder),
                    "NOTIFY_SOCKET": str(address),
                    "WATCHDOG_USEC": "3000000",
                    **(environment or {}),
                },
            )

    def until(self, there: Callable[[], object], what: str) -> None:
        """Listen until it is so."""
        end = time.monotonic() + DEADLINE
        while not there():
            assert time.monotonic() < end, f"{what}: {self.told[-5:]} {self.errors.read_text()}"
            try:
                self.told.append(self._socket.recv(4096).decode())
            except TimeoutError:
                assert self.process.poll() is None or there(), self.errors.read_text()

    def until_told(self, word: str) -> None:
        self.until(lambda: any(word in line for line in self.told), word)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(DEADLINE)
        self._socket.settimeout(0.05)
        try:
            while True:
                self.told.append(self._socket.recv(4096).decode())
        except TimeoutError:
            self._socket.close()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._socket.close()

    @property
    def status(self) -> list[str]:
        return [line.removeprefix("STATUS=") for line in self.told if line.startswith("STATUS=")]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*settings: str, **more: dict[str, str]) -> Running:
        started.append(Running(tmp_path, *settings, **more))
        return started[-1]

    yield start
    for one in started:
        one.close()


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    base = sqlite3.connect(f"file:{folder / 'outbox.sqlite3'}?mode=ro", uri=True)
    try:
        return base.execute(query).fetchall()
    finally:
        base.close()


def kept(folder: Path) -> list[dict[str, object]]:
    path = folder / "alerts.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def jsonl(folder: Path) -> tuple[str, ...]:
    return ("sinks.desk.type=jsonl", f"sinks.desk.path={folder / 'alerts.jsonl'}")


def test_it_says_that_it_is_ready_what_it_sees_and_that_it_lives_and_ends_when_told(run):
    service = run("camera.source=demo:calm?loop=on")
    service.until_told("WATCHDOG=1")
    service.until_told("STATUS=sees demo:calm?loop=on")
    assert service.end() == 0
    assert service.told[-1] == "STOPPING=1"
    ready = service.told.index("READY=1")
    assert ready > service.told.index("STATUS=loading the model")
    assert not any("WATCHDOG" in line for line in service.told[:ready])
    assert "Traceback" not in service.errors.read_text()


def test_an_alert_is_kept_and_sent_and_resolved_at_the_end(run, tmp_path):
    service = run("camera.source=demo:angry?loop=on", *map("{}".format, EAGER), *jsonl(tmp_path))
    service.until(lambda: kept(tmp_path), "an alert")
    assert service.end() == 0
    firing, *_, last = kept(tmp_path)
    assert (firing["kind"], firing["purpose"], firing["rule"]) == ("firing", "visitor", "anger")
    assert last["kind"] == "resolved"
    told = kept(tmp_path)
    assert len({one["id"] for one in told}) == len(told)
    assert {one["incident"] for one in told if one["kind"] == "firing"} == {
        one["incident"] for one in told if one["kind"] == "resolved"
    }
    assert set(rows(tmp_path, "select distinct state from deliveries")) == {("sent",)}


def test_killed_while_an_alert_is_out_the_next_process_takes_it_back(run, tmp_path):
    service = run("camera.source=demo:angry?loop=on", *EAGER, *jsonl(tmp_path))
    service.until(lambda: kept(tmp_path), "an alert")
    assert service.end(signal.SIGKILL) == -signal.SIGKILL
    before = kept(tmp_path)
    again = run("camera.source=demo:calm?loop=on", *jsonl(tmp_path))
    again.until(lambda: len(kept(tmp_path)) > len(before), "its end")
    assert again.end() == 0
    told = kept(tmp_path)
    firing = [one for one in told if one["kind"] == "firing"]
    resolved = [one for one in told if one["kind"] == "resolved"]
    assert [one["incident"] for one in firing] == [one["incident"] for one in resolved]
    assert resolved[-1]["about"]["reason"] == "restarted"


def test_without_its_camera_it_is_ready_and_says_that_it_cannot_see_and_tells_an_operator(
    run, tmp_path
):
    service = run("camera.source=/dev/video77", "service.cannot_see=1", *jsonl(tmp_path))
    service.until_told("STATUS=CANNOT SEE")
    service.until_told("WATCHDOG=1")
    service.until(lambda: kept(tmp_path), "an operator's alert")
    assert service.process.poll() is None
    assert service.end() == 0
    [told] = kept(tmp_path)
    assert (told["kind"], told["purpose"], told["rule"]) == ("firing", "operator", "camera")


def test_a_restart_does_not_tell_the_operator_again_and_seeing_takes_it_back_once(run, tmp_path):
    blind = ("camera.source=/dev/video77", "service.cannot_see=1", *jsonl(tmp_path))
    service = run(*blind)
    service.until(lambda: kept(tmp_path), "an operator's alert")
    service.end(signal.SIGKILL)
    again = run(*blind)
    again.until_told("STATUS=CANNOT SEE for 2 s")
    again.until_told("STATUS=CANNOT SEE for 4 s")
    again.end(signal.SIGKILL)
    assert len(kept(tmp_path)) == 1
    sees = run("camera.source=demo:calm?loop=on", "service.cannot_see=1", *jsonl(tmp_path))
    sees.until(lambda: len(kept(tmp_path)) > 1, "that it sees again")
    sees.end()
    firing, resolved = kept(tmp_path)
    assert (resolved["kind"], resolved["purpose"]) == ("resolved", "operator")
    assert resolved["incident"] == firing["incident"]


@pytest.mark.parametrize(
    "setting",
    ["rules.anger.on=7", "model.path=/no/such/model.tflite", "rules.anger.emotion=bored"],
)
def test_what_no_restart_mends_ends_with_78_before_it_is_ready(setting, run):
    service = run(setting)
    assert service.process.wait(DEADLINE) == 78
    service.end()
    assert "READY=1" not in service.told
    assert service.errors.read_text().count("\n") == 1


def test_a_camera_driver_that_hangs_again_and_again_ends_it_for_a_clean_start(run, tmp_path):
    service = run(
        "camera.source=demo:?fault=stuck&after=1",
        *("camera.timeout=0.5", "camera.stuck=1", "service.give_up=2"),
        *jsonl(tmp_path),
    )
    code = service.process.wait(DEADLINE)
    service.end()
    assert code not in {0, 78}
    assert "Traceback" not in service.errors.read_text()
    assert [one["purpose"] for one in kept(tmp_path)] == ["operator"]


def test_the_port_tells_how_it_is(run):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = run("camera.source=demo:calm?loop=on", f'health.listen="127.0.0.1:{port}"')
    service.until_told("STATUS=sees")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        told = json.load(answer)
    assert told["status"] == "ok"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    assert "edge_run_blind 0.0" in metrics
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/camera", timeout=10)
    assert service.end() == 0


def test_a_second_service_with_the_same_outbox_says_so(run):
    first = run("camera.source=demo:calm?loop=on")
    first.until_told("READY=1")
    second = run("camera.source=demo:calm?loop=on")
    assert second.process.wait(DEADLINE) != 0
    second.end()
    assert "outbox.path" in second.errors.read_text()
    assert first.end() == 0


def test_a_closed_terminal_leaves_no_alert_behind(run, tmp_path):
    service = run("camera.source=demo:angry?loop=on", *EAGER, *jsonl(tmp_path))
    service.until(lambda: kept(tmp_path), "an alert")
    assert service.end(signal.SIGHUP) == 0
    assert kept(tmp_path)[-1]["kind"] == "resolved"


@pytest.mark.parametrize("source", ["demo:nosuch", ""])
def test_a_camera_that_is_none_is_78_before_it_is_ready(source, run):
    service = run(f"camera.source={source}")
    assert service.process.wait(DEADLINE) == 78
    service.end()
    assert "READY=1" not in service.told


class Desk:
    """A supervisor whose parts are scripted, hours and minutes told by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, hours: str = "", told: bool = False):
        self.now, self.minute, self.status = 0.0, 0, Status(blind=False, camera_state="ok")
        self.told: list[tuple[Change, Status]] = []
        clock = SimpleNamespace(monotonic=lambda: self.now)
        monkeypatch.setattr(supervisor, "time", clock)
        monkeypatch.setattr(supervisor, "_minute", lambda: self.minute)
        monkeypatch.setattr(supervisor, "status_of", lambda _sources: self.status)
        self.parts = SimpleNamespace(
            dispatcher=SimpleNamespace(report=lambda _values: None),
            pictures=SimpleNamespace(turn=lambda: None),
            sight=Sight(60.0, told=told),
            sources=None,
            teller=SimpleNamespace(tell_operators=lambda *what: self.told.append(what)),
            watcher=SimpleNamespace(running=True, error=None),
        )
        config = Config(service=ServiceConfig(hours=hours))
        self.supervisor = Supervisor(config, Notifier({}))

    def look(self, seconds: float, *, blind: bool) -> list[str]:
        """What operators hear in that time."""
        before = len(self.told)
        self.status = Status(blind=blind, camera_state="black" if blind else "ok")
        for _ in range(round(seconds)):
            self.supervisor._look(self.parts)
            self.now += 1.0
        return [change for change, _ in self.told[before:]]

    def end(self, error: Exception) -> None:
        self.parts.watcher = SimpleNamespace(running=False, error=error)
        with pytest.raises(type(error)):
            self.supervisor._check_watcher(self.parts)


def test_a_blindness_out_of_hours_is_told_at_once_when_they_begin(monkeypatch):
    desk = Desk(monkeypatch, hours="08:00-20:00")
    assert desk.look(3600, blind=True) == []
    desk.minute = 8 * 60
    assert desk.look(1, blind=True) == ["cannot see"]
    assert desk.look(3600, blind=True) == []


def test_a_blindness_that_was_over_before_the_hours_is_never_told(monkeypatch):
    desk = Desk(monkeypatch, hours="08:00-20:00")
    desk.look(3600, blind=True)
    assert desk.look(STEADY + 2, blind=False) == []
    desk.minute = 8 * 60
    assert desk.look(3600, blind=False) == []


def test_a_flicker_out_of_hours_is_no_sight(monkeypatch):
    desk = Desk(monkeypatch, hours="08:00-20:00", told=True)
    for _ in range(20):
        assert desk.look(1, blind=False) == []
        assert desk.look(5, blind=True) == []
    assert desk.look(STEADY + 2, blind=False) == ["sees again"]


def test_hours_hold_for_a_process_that_gives_up(monkeypatch):
    desk = Desk(monkeypatch, hours="08:00-20:00")
    desk.look(10, blind=True)
    desk.end(CameraError("its driver hangs"))
    assert desk.told == []


@pytest.mark.parametrize("error", [RuntimeError("a bug"), ConfigError("no such scene")])
def test_the_camera_is_not_blamed_for_what_ended_the_watching(error, monkeypatch):
    desk = Desk(monkeypatch)
    desk.look(10, blind=False)
    desk.end(error)
    [(change, status)] = desk.told
    assert (change, status.camera_state) == ("cannot see", "failed")
    assert "log" in status.camera_sentence
