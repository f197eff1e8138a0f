"""What a frame must never cost, counted under the pipeline: inferences, conversions, copies."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.camera.base import Frame
from edge.camera.demo import DemoCamera
from edge.camera.gray import to_gray
from edge.pipeline import EARLY, ExpressionConfig, Pipeline
from edge.vision.detect import DetectionConfig, Detector
from edge.vision.expression import ExpressionModel, load_model
from edge.vision.face import Box, Gray
from edge.vision.motion import MotionGate
from edge.vision.track import Tracker

FPS = 10
WIDTH, HEIGHT = 1280, 720


@cache
def frames() -> tuple[Frame, ...]:
    """Four seconds of two visitors at their places, larger than what is searched in."""
    camera = DemoCamera("two?pace=off", WIDTH, HEIGHT, FPS)
    read = [camera.read() for _ in range(70)][30:]
    shown = tuple(frame for frame in read if frame is not None)
    for frame in shown:
        frame.gray.flags.writeable = False
    return shown


@pytest.fixture
def inferences() -> tuple[ExpressionModel, list[NDArray[np.uint8]]]:
    """The shipped model, and each input that its network is run on."""
    real = load_model()
    run: list[NDArray[np.uint8]] = []

    def network(face: NDArray[np.uint8]) -> NDArray[np.float32]:
        run.append(face)
        return real._network(face)

    return ExpressionModel(real.card, real.path, real.runtime, network), run


def test_a_face_costs_one_inference_a_tick_at_most(
    inferences: tuple[ExpressionModel, list[NDArray[np.uint8]]],
) -> None:
    model, run = inferences
    pipeline = Pipeline(Detector(), model, expression=ExpressionConfig(every=0.0))
    for frame in frames()[:15]:
        before = len(run)
        seen = sum(reading.seen for reading in pipeline.step(frame).readings)
        assert len(run) - before == seen  # with every=0 each face is due at each tick
    assert len(run) > 20


def test_two_faces_are_read_half_as_often_as_there_are_ticks(
    inferences: tuple[ExpressionModel, list[NDArray[np.uint8]]],
) -> None:
    model, run = inferences
    pipeline = Pipeline(Detector(), model)
    for frame in frames():
        pipeline.step(frame)
    ticks = len(frames()) - 1  # nobody counts as a visitor at first sight
    assert len(run) == pytest.approx(2 * ticks * (1 / FPS) / ExpressionConfig().every, abs=2)


def noting(function: Callable[..., Any], noted: list[Any]) -> Callable[..., Any]:
    """The same function, its first argument noted."""

    def called(*arguments: Any, **named: Any) -> Any:
        noted.append(arguments[0])
        return function(*arguments, **named)

    return called


class Cascade:
    """A real cascade; notes what it searches."""

    def __init__(self, real: cv2.CascadeClassifier) -> None:
        self._real = real
        self.searched: list[Gray] = []

    def detectMultiScale(self, gray: Gray, **settings: Any) -> Any:  # noqa: N802
        self.searched.append(gray)
        return self._real.detectMultiScale(gray, **settings)


def counted(detector: Detector) -> list[Gray]:
    """What the detector's cascade searches from now on."""
    cascade = Cascade(detector._cascade)
    detector._cascade = cascade  # type: ignore[assignment]
    return cascade.searched


def test_no_search_of_everything_while_every_track_is_fresh() -> None:
    detector, tracker = Detector(), Tracker()
    searched = counted(detector)
    pipeline = Pipeline(detector, load_model(), tracker)
    whole = round(HEIGHT * DetectionConfig().width / WIDTH), DetectionConfig().width
    last, fresh_ticks = -np.inf, 0
    for frame in frames():
        fresh = bool(tracker.tracks) and all(track.seen for track in tracker.tracks)
        due = frame.timestamp - last >= DetectionConfig().full_every - EARLY
        known = len(tracker.tracks)
        searched.clear()
        pipeline.step(frame)
        everywhere = [gray for gray in searched if gray.shape == whole]
        if everywhere:
            last = frame.timestamp
        if fresh and not due:
            fresh_ticks += 1
            assert everywhere == []
            assert len(searched) <= known
            assert all(gray.size < whole[0] * whole[1] / 2 for gray in searched)
    assert fresh_ticks > 25


def test_colours_are_never_converted(monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[Any] = []
    monkeypatch.setattr(cv2, "cvtColor", noting(cv2.cvtColor, converted))
    gray = frames()[0].gray
    yuyv = np.dstack((gray, np.full_like(gray, 128)))
    jpeg = cv2.imencode(".jpg", gray)[1].reshape(1, -1)
    for raw in (gray, yuyv, jpeg):
        assert to_gray(np.asarray(raw, np.uint8)) is not None
    pipeline = Pipeline(Detector(), load_model())
    for frame in frames()[:12]:
        pipeline.step(frame)
    assert converted == []
    colour = np.dstack((gray, gray, gray))
    to_gray(colour)  # what has no grey plane must be converted, which shows that this test counts
    assert len(converted) == 1


def test_a_grey_camera_s_frame_reaches_every_step_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever looks at the picture looks at a view of the camera's own pixels."""
    given: list[Gray] = []
    monkeypatch.setattr(Detector, "full", _second(Detector.full, given))
    monkeypatch.setattr(Detector, "near", _second(Detector.near, given))
    monkeypatch.setattr(MotionGate, "moved", _second(MotionGate.moved, given))
    monkeypatch.setattr(ExpressionModel, "predict", _faces(ExpressionModel.predict, given))
    pipeline = Pipeline(Detector(), load_model())
    for frame in frames()[:12]:
        given.clear()
        raw = frame.gray
        gray = to_gray(raw)
        assert gray is not None
        pipeline.step(Frame(gray, frame.timestamp, frame.index))
        assert len(given) >= 2
        assert all(np.shares_memory(one, raw) for one in given)


def _second(method: Callable[..., Any], noted: list[Gray]) -> Callable[..., Any]:
    def called(self: Any, gray: Gray, *rest: Box) -> Any:
        noted.append(gray)
        return method(self, gray, *rest)

    return called


def _faces(method: Callable[..., Any], noted: list[Gray]) -> Callable[..., Any]:
    def called(self: Any, faces: list[Gray]) -> Any:
        noted.extend(faces)
        return method(self, faces)

    return called


def test_no_step_takes_memory_for_a_copy_of_the_frame() -> None:
    pipeline = Pipeline(Detector(), load_model())
    for frame in frames()[:3]:
        pipeline.step(frame)
    tracemalloc.start()
    try:
        for frame in frames()[3:15]:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            pipeline.step(frame)
            peak = tracemalloc.get_traced_memory()[1]
            assert peak - before < frame.gray.nbytes / 4
        before = tracemalloc.get_traced_memory()[0]
        cv2.flip(frames()[0].gray, 1)  # a copy by OpenCV is seen too
        assert tracemalloc.get_traced_memory()[1] - before >= frames()[0].gray.nbytes
    finally:
        tracemalloc.stop()
