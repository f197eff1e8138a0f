"""The thread that looks: what it does with the built-in visitor, and with no frame at all."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from edge.alerts.rule import Event, Firing, Resolved, RuleConfig
from edge.camera.base import Frame
from edge.camera.demo import DemoCamera
from edge.camera.state import CameraState
from edge.config import Config
from edge.vision.card import DEFAULT_CARD
from edge.vision.expression import ExpressionModel, load_model
from edge.watch import Watch
from edge.watcher import BLIND, Watcher

EAGER = RuleConfig(seconds=0.5, on=0.05, off=0.01)
DEADLINE = 30  # seconds; a safety net, not a promise


class Keeper:
    """Plays the angry visitor, with the spells of blindness that the test asks for."""

    def __init__(self) -> None:
        self.state, self.blind_since, self.now = CameraState.OK, 0.0, 0.0
        self._play = DemoCamera("angry?pace=off&loop=on")
        self.error: Exception | None = None

    def get(self, timeout: float) -> Frame | None:
        if self.error is not None:
            raise self.error
        if self.state.blind:
            self.now += timeout
            return None
        frame = self._play.read()
        assert frame is not None
        self.now += 0.1
        return Frame(frame.gray, self.now, frame.index)

    def turn(self, state: CameraState) -> None:
        self.blind_since = self.blind_since if self.state.blind else self.now
        self.state = state


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    return load_model(DEFAULT_CARD)


@pytest.fixture
def made(model: ExpressionModel) -> tuple[Keeper, Watcher, list[Event], list[Firing]]:
    keeper, events, kept = Keeper(), [], []
    watch = Watch(Config(rules={"anger": EAGER}), model)
    watcher = Watcher(
        keeper,
        watch,
        events.append,
        lambda event, _gray, boxes: kept.append((event, len(boxes))),
        lambda: None,
        lambda: keeper.now,
    )
    return keeper, watcher, events, kept


def turn_until(watcher: Watcher, there: Callable[[], object], most: int = 2000) -> None:
    for _ in range(most):
        if there():
            return
        watcher.turn()
    pytest.fail("it did not happen")


def test_an_alert_is_told_and_its_picture_offered_once(made) -> None:
    _, watcher, events, kept = made
    turn_until(watcher, lambda: events)
    [event] = events
    assert isinstance(event, Firing)
    assert kept == [(event, 1)]
    assert watcher.recorder.at(0).visitors == 1


def test_while_the_camera_is_blind_nothing_is_raised_and_nothing_calms_down(made) -> None:
    keeper, watcher, events, _ = made
    turn_until(watcher, lambda: events)
    keeper.turn(CameraState.FROZEN)
    turn_until(watcher, lambda: keeper.now >= keeper.blind_since + BLIND - 1)
    assert len(events) == 1
    assert watcher.recorder.at(keeper.now).visitors == 0


def test_after_half_a_minute_of_blindness_the_alert_is_taken_back_once(made) -> None:
    keeper, watcher, events, _ = made
    turn_until(watcher, lambda: events)
    keeper.turn(CameraState.UNPLUGGED)
    turn_until(watcher, lambda: keeper.now >= keeper.blind_since + 10 * BLIND)
    assert [type(event) for event in events] == [Firing, Resolved]
    assert events[1].reason == "blind"
    assert events[1].incident == events[0].incident


def test_a_blindness_of_many_faults_is_as_long_as_all_of_them(made) -> None:
    keeper, watcher, events, _ = made
    turn_until(watcher, lambda: events)
    for state in (CameraState.UNPLUGGED, CameraState.REFUSED) * 3:
        keeper.turn(state)
        began = keeper.now
        turn_until(watcher, lambda: keeper.now >= began + BLIND / 3)  # noqa: B023
    assert [type(event) for event in events] == [Firing, Resolved]


def test_when_it_sees_again_it_raises_again(made) -> None:
    keeper, watcher, events, _ = made
    turn_until(watcher, lambda: events)
    keeper.turn(CameraState.STUCK)
    turn_until(watcher, lambda: len(events) == 2)
    keeper.turn(CameraState.OK)
    turn_until(watcher, lambda: len(events) == 3)
    assert isinstance(events[2], Firing)
    assert events[2].incident != events[0].incident


def test_waiting_for_a_slow_frame_is_not_blindness(made) -> None:
    keeper, watcher, events, _ = made
    turn_until(watcher, lambda: events)
    keeper.turn(CameraState.SLOW)
    keeper.get = lambda timeout: setattr(keeper, "now", keeper.now + timeout)
    turn_until(watcher, lambda: keeper.now >= keeper.blind_since + 2 * BLIND)
    assert len(events) == 1


def test_what_ends_it_is_kept_and_what_fires_is_resolved(made) -> None:
    keeper, watcher, events, _ = made
    turn_until(watcher, lambda: events)
    keeper.error = RuntimeError("the pipeline broke")
    watcher.start()
    assert watcher.stop(DEADLINE)
    assert watcher.error is keeper.error
    assert [type(event) for event in events] == [Firing, Resolved]
    assert events[1].reason == "ended"


def test_it_stops_when_told(made) -> None:
    keeper, watcher, _, _ = made
    asked = threading.Event()
    keeper.get = lambda _: asked.set()
    watcher.start()
    assert asked.wait(DEADLINE)
    assert watcher.running
    assert watcher.stop(DEADLINE)
    assert watcher.error is None
