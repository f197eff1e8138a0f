import pytest

from edge.pipeline import Observation, Reading
from edge.recent import Recorder
from edge.vision.face import Box

BOX = Box(0, 0, 10, 10)


def observation(time: float, *visitors: int, **stages: float) -> Observation:
    readings = tuple(Reading(visitor, BOX, True, None) for visitor in visitors)
    return Observation(time, readings, stages)


def test_before_the_first_frame_nothing_is_known() -> None:
    recent = Recorder().at(5.0)
    assert (recent.frames, recent.fps, recent.frame_age) == (0, 0.0, None)


def test_frames_a_second_follow_the_last_ten_seconds() -> None:
    recorder = Recorder()
    for number in range(1, 301):
        recorder.add(number / 10, observation(number / 10))
    assert recorder.at(30.0).fps == pytest.approx(10, rel=0.02)
    for number in range(20):
        recorder.add(31.0 + number, observation(31.0 + number))
    assert recorder.at(50.0).fps == pytest.approx(1, rel=0.02)


def test_a_camera_that_stops_is_seen_to_stop() -> None:
    recorder = Recorder()
    for number in range(100):
        recorder.add(number / 10, observation(number / 10))
    assert recorder.at(14.9).fps < 10
    later = recorder.at(3609.9)
    assert later.fps == 0
    assert later.frame_age == pytest.approx(3600)
    assert later.frames == 100


def test_visitors_are_counted_once_however_long_they_stay() -> None:
    recorder = Recorder()
    for time, present in enumerate([(1,), (1, 2), (2,), (), (3,)]):
        recorder.add(float(time), observation(time, *present))
    assert (recorder.at(5.0).visitors, recorder.at(5.0).visitors_total) == (1, 3)
    recorder.forget_visitors()
    assert recorder.at(5.0).visitors == 0
    recorder.add(6.0, observation(6.0, 3))
    assert (recorder.at(6.0).visitors, recorder.at(6.0).visitors_total) == (1, 3)


def test_faces_that_are_burnt_out_are_counted_frame_by_frame() -> None:
    recorder = Recorder()
    burnt, plain = Reading(1, BOX, False, None, True), Reading(2, BOX, True, None)
    for time, readings in enumerate([(burnt, plain), (burnt,), (plain,), ()]):
        recorder.add(float(time), Observation(time, readings, {}))
    assert recorder.at(5.0).overexposed_total == 2


def test_stages_are_the_mean_of_the_last_minute_s_frames() -> None:
    recorder = Recorder()
    for number in range(600):
        recorder.add(number / 10, observation(number, detect=0.004))
    for number in range(600):
        recorder.add(60 + number / 10, observation(number, detect=0.002, classify=0.001))
    told = recorder.at(120.0).stages_ms
    assert told == pytest.approx({"detect": 2.0, "classify": 1.0})
