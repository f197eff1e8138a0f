"""How watching ends: by a signal, by the camera, by the clip; and that the camera is let go."""

from __future__ import annotations

import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import edge.service
from edge.alerts.rule import RuleConfig
from edge.camera.base import Frame
from edge.camera.demo import DemoCamera
from edge.cli import main
from edge.config import CameraConfig, Config
from edge.errors import CameraError, ConfigError, ModelError
from edge.labels import TASKS
from edge.service import Service
from edge.show import JsonPrinter
from edge.vision.card import DEFAULT_CARD, read_card
from edge.vision.expression import ExpressionModel
from edge.watch import check_rules

EDGE_RUN = Path(sys.executable).with_name("edge-run")
EAGER = RuleConfig(seconds=0.5, on=0.05, off=0.01)
DEADLINE = 30  # seconds; a safety net, not a promise


class ActedCamera:
    """The visitor in the demo's own time, until something happens to the camera."""

    def __init__(self, live: bool, frames: int, then: Exception | None = None) -> None:
        self.name, self.live = "acted", live
        self.closed = 0
        self._play = DemoCamera("angry?pace=off&loop=on")
        self._left, self._then = frames, then

    def read(self) -> Frame | None:
        assert not self.closed, "read after close"
        if self._left == 0:
            if self._then is not None:
                raise self._then
            return None
        self._left -= 1
        return self._play.read()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def watch(monkeypatch):
    """Watch a camera to its end; the objects printed."""

    def run(camera: object, printer: JsonPrinter | None = None, **options: float) -> list[dict]:
        monkeypatch.setattr(edge.service, "open_camera", lambda *_: camera)
        lines: list[str] = []
        config = Config(camera=CameraConfig(**options), rules={"anger": EAGER})
        try:
            Service(config, printer or JsonPrinter(lines.append)).run()
        finally:
            run.told = [json.loads(line) for line in lines]
        return run.told

    return run


def test_a_clip_that_ends_is_no_error(watch):
    camera = ActedCamera(live=False, frames=60)
    told = watch(camera)
    assert camera.closed == 1
    assert told[0]["event"] == "started"
    assert told[-1] | {"event": "ended", "why": "acted has ended", "frames": 60} == told[-1]


def test_an_alert_that_is_firing_at_the_end_is_resolved(watch):
    told = watch(ActedCamera(live=False, frames=60))
    assert [each["event"] for each in told] == ["started", "came", "firing", "resolved", "ended"]
    assert told[3]["reason"] == "ended"
    assert told[3]["incident"] == told[2]["incident"]
    assert told[4]["alerts"] == 1


@pytest.mark.parametrize("live", [True, False], ids=["live", "clip"])
@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (CameraError("acted: stopped giving frames"), "acted: stopped giving frames"),
        (RuntimeError("driver"), "driver"),
    ],
    ids=["camera error", "driver's own"],
)
def test_a_camera_that_stops_is_an_error_after_the_last_events(live, failure, said, watch):
    camera = ActedCamera(live, frames=60, then=failure)
    with pytest.raises((CameraError, RuntimeError), match=said):
        watch(camera)
    told = watch.told
    assert camera.closed == 1
    assert said in told[-1]["why"]
    names = [each["event"] for each in told]
    assert names[-1] == "ended"
    assert names.count("firing") == names.count("resolved")
    if not live:  # a live one hands out its newest frame only
        assert names[-2] == "resolved"


def test_a_camera_that_stops_costs_one_line_and_code_69(monkeypatch, capsys):
    camera = ActedCamera(False, frames=3, then=CameraError("acted: stopped; is it plugged in?"))
    monkeypatch.setattr(edge.service, "open_camera", lambda *_: camera)
    assert main(["--camera", "0", "--json"]) == 69
    told = capsys.readouterr()
    assert told.err == "edge-run: error: acted: stopped; is it plugged in?\n"
    assert json.loads(told.out.splitlines()[-1])["event"] == "ended"


class BlockedCamera(ActedCamera):
    """A driver that hangs."""

    def __init__(self) -> None:
        super().__init__(live=True, frames=0)
        self.released = threading.Event()

    def read(self) -> Frame | None:
        assert self.released.wait(DEADLINE)
        return None


def test_a_camera_that_hangs_is_given_up(watch, monkeypatch):
    monkeypatch.setattr(edge.service, "POLL", 0.01)
    camera = BlockedCamera()
    with pytest.raises(CameraError, match=r"no frame for 0.5\d* s; is it still plugged in"):
        watch(camera, timeout=0.5)
    assert camera.closed == 0, "closing under a blocked read() can crash the process"
    camera.released.set()


class FailingPrinter(JsonPrinter):
    def __init__(self, at: str) -> None:
        super().__init__(lambda _: None)
        setattr(self, at, self.fail)

    def fail(self, *_: object) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("at", "live"),
    # a live camera may overtake the rule, so that nothing is sent
    [("send", False), *itertools.product(("started", "seen", "ended"), (True, False))],
)
def test_the_camera_is_let_go_whatever_fails(at, live, watch):
    camera = ActedCamera(live, frames=60)
    with pytest.raises(BrokenPipeError):
        watch(camera, FailingPrinter(at))
    assert camera.closed == 1


def test_the_camera_is_not_opened_for_a_model_that_cannot_be_used(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(edge.service, "open_camera", lambda *source: opened.append(source))
    config = Config(model=edge.config.ModelConfig(path=str(tmp_path / "none.tflite")))
    with pytest.raises(ModelError):
        Service(config, JsonPrinter()).run()
    assert opened == []


def test_the_handlers_of_before_are_put_back(watch):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    watch(ActedCamera(live=False, frames=1))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_a_signal_ends_it_cleanly_with_the_alert_resolved(number):
    settings = [f"--set=rules.anger.{key}" for key in ("seconds=0.5", "on=0.05", "off=0.01")]
    with subprocess.Popen(
        [EDGE_RUN, "--camera", "demo:angry?loop=on", "--json", *settings],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        firing = next(each for each in map(json.loads, running.stdout) if each["event"] == "firing")
        running.send_signal(number)
        rest, complaint = running.communicate(timeout=DEADLINE)
        assert (running.returncode, complaint) == (0, "")
    *_, resolved, ended = map(json.loads, rest.splitlines())
    assert (resolved["event"], resolved["reason"]) == ("resolved", "ended")
    assert resolved["incident"] == firing["incident"]
    assert (ended["event"], ended["why"]) == ("ended", f"stopped by {number.name}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_a_signal_ends_it_while_an_address_does_not_answer(number):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/"
        with subprocess.Popen(
            [EDGE_RUN, "--camera", address, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            silent.settimeout(DEADLINE)
            connection, _ = silent.accept()  # it is waiting for an answer from now on
            with connection:
                running.send_signal(number)
                told, complaint = running.communicate(timeout=7)  # less than its own time-out
            assert (running.returncode, complaint) == (0, "")
            assert json.loads(told)["why"] == f"stopped by {number.name}"


def model_of(task: str) -> ExpressionModel:
    """A model that has the labels of a task and is never asked."""
    card = replace(read_card(DEFAULT_CARD), labels=TASKS[task])
    return ExpressionModel(card, Path("own.tflite"), "litert", lambda _: pytest.fail("asked"))


@pytest.mark.parametrize(
    ("task", "rule"),
    [
        ("emotions", RuleConfig()),
        ("emotions", RuleConfig(weights={"angry": 1.0, "disgust": 0.5})),
        ("valence", RuleConfig(emotion="negative")),
        ("valence", RuleConfig(emotion="angry", weights={"negative": 1.0})),
        ("happy-sad", RuleConfig(emotion="happy", absent=True)),
    ],
)
def test_a_rule_that_the_model_can_answer_is_good(task, rule):
    check_rules(Config(rules={"desk": rule}), model_of(task))


@pytest.mark.parametrize(
    ("task", "rule", "told"),
    [
        (
            "valence",
            RuleConfig(),
            r"rules\.desk watches for angry, but own\.tflite knows only negative, neutral, "
            r"positive; write .*\[rules\.desk\] emotion = \"negative\", or --set "
            r"rules\.desk\.emotion=negative",
        ),
        (
            "happy-sad",
            RuleConfig(weights={"angry": 1.0, "sad": 0.5, "fear": 0.5}),
            r"watches for angry, fear, but .* knows only happy, sad; write .*"
            r"\[rules\.desk\.weights\] sad = 1\.0 in place of its weights",
        ),
        (
            "emotions",
            RuleConfig(emotion="negative"),
            r"watches for negative, .* emotion = \"angry\", or --set rules\.desk\.emotion=angry",
        ),
    ],
)
def test_a_rule_that_can_never_fire_tells_how_to_write_one(task, rule, told):
    with pytest.raises(ConfigError, match=told):
        check_rules(Config(rules={"desk": rule}), model_of(task))
