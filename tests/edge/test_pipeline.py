"""How often the costly steps run: real cascade, real model, a clock of our own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count, pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.camera.base import Frame
from edge.camera.demo import DemoCamera
from edge.labels import EMOTIONS
from edge.pipeline import EARLY, ExpressionConfig, Observation, Pipeline
from edge.vision.detect import DetectionConfig, Detector
from edge.vision.expression import ExpressionModel, load_model
from edge.vision.face import Box, Gray
from edge.vision.track import Track, Tracker

FPS = 10
EMPTY_UNTIL = 5  # the first frames of each play show an empty desk


@cache
def frames_of(scene: str) -> tuple[Frame, ...]:
    """A play, read once; nobody may write into its frames."""
    camera = DemoCamera(f"{scene}?pace=off", fps=FPS)
    frames = tuple(iter(camera.read, None))
    for frame in frames:
        assert frame is not None
        frame.gray.flags.writeable = False
    return frames  # type: ignore[return-value]


@cache
def real_model() -> ExpressionModel:
    return load_model()


class CountingDetector(Detector):
    """The real one; notes what it is asked."""

    def __init__(self, config: DetectionConfig | None = None) -> None:
        super().__init__(config)
        self.full_searches: list[Gray] = []
        self.near_searches: list[Box] = []

    def full(self, gray: Gray) -> list[Box]:
        self.full_searches.append(gray)
        return super().full(gray)

    def near(self, gray: Gray, known: Box) -> Box | None:
        self.near_searches.append(known)
        return super().near(gray, known)


class CountingModel:
    """The real one; notes what it is asked."""

    def __init__(self) -> None:
        self.card, self.labels = real_model().card, real_model().labels
        self.faces: list[Gray] = []

    def predict(self, faces: Sequence[Gray]) -> NDArray[np.float32]:
        self.faces += faces
        return real_model().predict(faces)


@dataclass
class Step:
    """What one step was given, did and told."""

    frame: Frame
    before: tuple[Track, ...]
    observation: Observation
    full: int
    near: int
    faces: list[Gray] = field(repr=False)


def steps(
    frames: Sequence[Frame],
    detection: DetectionConfig | None = None,
    expression: ExpressionConfig | None = None,
) -> Iterator[Step]:
    detector, model, tracker = CountingDetector(detection), CountingModel(), Tracker()
    as_model: Any = model
    pipeline = Pipeline(detector, as_model, tracker, expression)
    for frame in frames:
        before = tracker.tracks
        full, near, read = (
            len(detector.full_searches),
            len(detector.near_searches),
            len(model.faces),
        )
        observation = pipeline.step(frame)
        assert all(gray is frame.gray for gray in detector.full_searches[full:])
        yield Step(
            frame,
            before,
            observation,
            len(detector.full_searches) - full,
            len(detector.near_searches) - near,
            model.faces[read:],
        )


@cache
def whole_play(scene: str) -> tuple[Step, ...]:
    return tuple(steps(frames_of(scene)))


SCENES = pytest.mark.parametrize("scene", ["", "two"], ids=["one", "two"])


@SCENES
def test_a_face_is_read_once_a_step_at_most(scene: str) -> None:
    told = whole_play(scene)
    assert sum(len(step.faces) for step in told) > 0
    for step in told:
        assert len(step.faces) <= sum(reading.seen for reading in step.observation.readings)


@pytest.mark.parametrize("every", [0.0, 0.2, 0.5])
def test_a_face_is_not_read_again_before_its_time(every: float) -> None:
    play = frames_of("")[:60]
    told = list(steps(play, expression=ExpressionConfig(every=every)))
    times = [step.frame.timestamp for step in told for _ in step.faces]
    assert len(times) > 5
    assert min(b - a for a, b in pairwise(times)) == pytest.approx(max(every, 1 / FPS))


@SCENES
def test_known_faces_are_searched_for_around_their_place_only(scene: str) -> None:
    last_full = -np.inf
    near_only = 0
    for step in whole_play(scene):
        time = step.frame.timestamp
        fresh = step.before and all(track.seen for track in step.before)
        if fresh and time - last_full < DetectionConfig().full_every - EARLY:
            assert step.full == 0
            assert step.near == len(step.before)
            near_only += 1
        if step.full:
            last_full = time
    assert near_only > 50


@SCENES
def test_a_step_makes_one_full_search_at_most(scene: str) -> None:
    for step in whole_play(scene):
        assert step.full <= 1
        assert step.near <= len(step.before)


@SCENES
def test_newcomers_are_searched_for_while_somebody_is_there(scene: str) -> None:
    times = [step.frame.timestamp for step in whole_play(scene) if step.full]
    occupied = [b - a for a, b in pairwise(times) if 3 < a < 15]
    assert max(occupied) == pytest.approx(DetectionConfig().full_every, abs=2 * EARLY)


def still(seconds: float) -> list[Frame]:
    """An empty desk that looks the same all the time."""
    gray = frames_of("")[0].gray
    return [Frame(gray, 100 + i / 8, i) for i in range(int(seconds * 8))]


@pytest.mark.parametrize("idle_every", [1.0, 2.0, 5.0])
def test_an_idle_desk_is_searched_now_and_then(idle_every: float) -> None:
    told = steps(still(20), DetectionConfig(idle_every=idle_every))
    times = [step.frame.timestamp - 100 for step in told if step.full]
    assert times == list(np.arange(0, 20, idle_every))


def test_sensor_noise_on_an_empty_desk_is_idle() -> None:
    empty = frames_of("")[: EMPTY_UNTIL - 1]
    assert [step.full for step in steps(empty)] == [1] + [0] * (len(empty) - 1)


def test_an_idle_desk_costs_no_reading_and_no_near_search() -> None:
    for step in steps(still(5)):
        assert (step.near, step.faces, step.observation.readings) == (0, [], ())
        assert set(step.observation.stages) <= {"motion", "track", "detect_full"}


def test_motion_is_searched_at_once() -> None:
    play = [*still(1), *(Frame(f.gray, 101 + i / 8, i) for i, f in enumerate(frames_of("")[30:33]))]
    told = list(steps(play, DetectionConfig(idle_every=60)))
    assert [step.full for step in told[:10]] == [1, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert [len(step.observation.readings) for step in told[-3:]] == [0, 1, 1]


def test_nothing_is_written_into_a_frame_and_faces_are_views_of_it() -> None:
    play = frames_of("")[25:40]
    copies = [frame.gray.copy() for frame in play]
    told = list(steps(play))  # the frames are not writeable
    assert sum(len(step.faces) for step in told) > 3
    for step, copy in zip(told, copies, strict=True):
        assert np.array_equal(step.frame.gray, copy)
        assert all(np.shares_memory(face, step.frame.gray) for face in step.faces)


def test_a_visitor_who_blinks_out_keeps_number_and_reading() -> None:
    shown, empty = frames_of("")[30], frames_of("")[0]
    order = [shown] * 4 + [empty] * 3 + [shown] * 2
    play = [Frame(frame.gray, i / FPS, i) for i, frame in enumerate(order)]
    told = [step.observation.readings for step in steps(play)]
    assert [len(readings) for readings in told] == [0] + [1] * 8
    readings = [visitor for (visitor,) in told[1:]]
    assert {reading.visitor for reading in readings} == {1}
    assert [reading.seen for reading in readings] == [True] * 3 + [False] * 3 + [True] * 2
    assert readings[3].probabilities == readings[2].probabilities


class SeeingDouble(CountingDetector):
    """Finds each face twice, as a cascade now and then does."""

    def full(self, gray: Gray) -> list[Box]:
        return [found for box in super().full(gray) for found in (box, box.grown(0.05))]


def test_a_face_that_is_found_twice_is_one_visitor() -> None:
    pipeline = Pipeline(SeeingDouble(DetectionConfig(full_every=0)), real_model())
    told = [pipeline.step(frame).readings for frame in frames_of("")[30:34]]
    assert [len(readings) for readings in told] == [0, 1, 1, 1]


def test_a_lost_face_is_searched_for_everywhere() -> None:
    shown, empty = frames_of("")[30], frames_of("")[0]
    play = [Frame(f.gray, i / FPS, i) for i, f in enumerate([shown] * 4 + [empty] * 4)]
    assert [step.full for step in steps(play)] == [1, 0, 0, 0, 0, 1, 1, 1]


def test_a_visitor_who_leaves_is_forgotten() -> None:
    last = whole_play("")[-1]
    assert last.observation.readings == ()
    assert last.before == ()


def test_readings_are_probabilities_with_an_emotion_and_a_valence() -> None:
    readings = [r for step in whole_play("two") for r in step.observation.readings]
    for reading in readings:
        assert reading.probabilities is not None
        assert reading.valence is not None
        assert sorted(reading.probabilities) == sorted(EMOTIONS)
        assert sum(reading.probabilities.values()) == pytest.approx(1, abs=1e-4)
        assert sum(reading.valence.values()) == pytest.approx(1, abs=1e-4)
        assert reading.emotion is not None
        assert reading.probabilities[reading.emotion] == max(reading.probabilities.values())


def views(scene: str, every_one: int, mirror: bool = True) -> dict[int, list[bool]]:
    """By visitor, whether each of its readings was of the mirror image; `every_one` th frame."""
    told: dict[int, list[bool]] = {}
    for step in steps(frames_of(scene)[::every_one], expression=ExpressionConfig(mirror=mirror)):
        if len(step.faces) == len(step.observation.readings):
            for reading, face in zip(step.observation.readings, step.faces, strict=True):
                told.setdefault(reading.visitor, []).append(face.strides[1] < 0)
    return told


@pytest.mark.parametrize("every_one", [1, 3], ids="every {} frames".format)
def test_every_second_reading_of_a_visitor_is_of_the_mirror_image(every_one: int) -> None:
    told = views("two", every_one)
    assert len(told) == 2
    for mirrored in told.values():
        assert len(mirrored) > 10
        assert mirrored == [reading % 2 == 1 for reading in range(len(mirrored))]


def test_a_face_is_read_as_it_is_where_mirroring_is_off() -> None:
    told = views("two", 1, mirror=False)
    assert len(told) == 2
    assert not any(mirrored for readings in told.values() for mirrored in readings)


def test_the_mirror_image_is_that_of_the_same_crop() -> None:
    play = frames_of("")[25:45]
    plain, mirrored = (
        [step.faces for step in steps(play, expression=ExpressionConfig(mirror=mirror))]
        for mirror in (False, True)
    )
    read = [pair for step in zip(plain, mirrored, strict=True) for pair in zip(*step, strict=True)]
    assert len(read) > 4
    for number, (face, seen) in enumerate(read):
        assert np.array_equal(seen, face[:, ::-1] if number % 2 else face)
        assert not np.array_equal(face, face[:, ::-1])


def test_the_average_is_of_both_views() -> None:
    """A model that tells anger of a face lit from the left only."""

    class OneSided(CountingModel):
        def predict(self, faces: Sequence[Gray]) -> NDArray[np.float32]:
            told = np.zeros((len(faces), len(EMOTIONS)), np.float32)
            for row, face in zip(told, faces, strict=True):
                left = face[:, : face.shape[1] // 2].mean() > face[:, face.shape[1] // 2 :].mean()
                row[EMOTIONS.index("angry" if left else "neutral")] = 1
            return told

    gray = frames_of("")[30].gray
    lit = (gray * np.linspace(1, 0.5, gray.shape[1])).astype(np.uint8)

    def anger(mirror: bool) -> float:
        model: Any = OneSided()
        config = ExpressionConfig(mirror=mirror, baseline="off", smoothing=5.0, every=0.1)
        pipeline = Pipeline(Detector(), model, expression=config)
        for index in range(60):
            readings = pipeline.step(Frame(lit, index / FPS, index)).readings
        assert readings[0].probabilities is not None
        return readings[0].probabilities["angry"]

    assert anger(False) == 1
    assert 0.5 < anger(True) < 0.75  # after 6 s, of an average over 5 s that began at 1


def emotions(scene: str) -> dict[int, list[str | None]]:
    """By visitor, the emotions in their order."""
    told: dict[int, list[str | None]] = {}
    for step in whole_play(scene):
        for reading in step.observation.readings:
            worn = told.setdefault(reading.visitor, [])
            if not worn or worn[-1] != reading.emotion:
                worn.append(reading.emotion)
    return told


@pytest.mark.parametrize(("scene", "visitors"), [("", 1), ("calm", 1), ("two", 2)])
def test_visitors_of_the_play_arrive_neutral_and_keep_their_number(
    scene: str, visitors: int
) -> None:
    told = emotions(scene)
    assert sorted(told) == list(range(1, visitors + 1))
    assert {worn[0] for worn in told.values()} == {"neutral"}


def test_a_smile_is_seen() -> None:
    worn = emotions("calm")[1]
    assert (worn[0], worn[-1]) == ("neutral", "neutral")
    assert "happy" in worn


def anger_of(scene: str, baseline: str) -> list[float]:
    """Of the first visitor, reading by reading."""
    told = steps(frames_of(scene), expression=ExpressionConfig(baseline=baseline))
    readings = [step.observation.readings for step in told]
    return [r[0].probabilities["angry"] for r in readings if r and r[0].probabilities]


def test_what_a_visitor_shows_all_along_is_taken_off_slowly() -> None:
    off, visit = anger_of("angry", "off"), anger_of("angry", "visit")
    assert len(off) == len(visit)
    assert visit[0] == off[0]
    assert all(corrected <= raw for raw, corrected in zip(off, visit, strict=True))
    lost = [raw - corrected for raw, corrected in zip(off, visit, strict=True)]
    assert 0 < lost[3 * FPS] < lost[9 * FPS] < 0.2


def test_who_is_calm_before_loses_no_anger_when_it_comes() -> None:
    # the play turns angry at 5 s; three seconds later a rule may alert
    off, visit = anger_of("", "off"), anger_of("", "visit")
    assert max(off) > 0.45
    assert visit[8 * FPS] > off[8 * FPS] - 0.1


def test_a_site_learns_from_who_has_left() -> None:
    model: Any = CountingModel()
    pipeline = Pipeline(Detector(), model, expression=ExpressionConfig(baseline="site"))
    before = [f for f in frames_of("calm") if f.timestamp < 13]
    for frame in before:
        pipeline.step(frame)
    assert pipeline._site is not None
    assert (pipeline._site.correction == 0).all()
    for frame in frames_of("calm")[len(before) :]:
        pipeline.step(frame)
    assert pipeline._site.correction[EMOTIONS.index("angry")] > 0


def test_the_same_frames_tell_the_same() -> None:
    again = [step.observation.readings for step in steps(frames_of("")[:60])]
    assert again == [step.observation.readings for step in whole_play("")[:60]]


def test_stages_are_timed_by_the_given_clock() -> None:
    ticks = count()
    pipeline = Pipeline(Detector(), real_model(), timer=lambda: float(next(ticks)))
    told = [pipeline.step(frame) for frame in frames_of("")[30:33]]
    assert set(told[0].stages) == {"motion", "detect_full", "track"}
    assert set(told[1].stages) == {"motion", "detect_near", "track", "crop", "classify"}
    assert {seconds for observation in told for seconds in observation.stages.values()} == {1.0}


class Standing(Detector):
    """Finds one face, always in one place."""

    def full(self, gray: Gray) -> list[Box]:  # noqa: ARG002
        return [Box(20, 20, 60, 60)]

    def near(self, gray: Gray, known: Box) -> Box | None:  # noqa: ARG002
        return known


def in_light(burnt: Sequence[float], limit: float = 0.5) -> tuple[list[Observation], int]:
    """What is told of a face of which these shares are burnt out, and how often it was read."""
    model: Any = CountingModel()
    pipeline = Pipeline(Standing(), model, expression=ExpressionConfig(overexposed=limit))
    told = []
    for number, share in enumerate(burnt):
        gray = np.full((100, 100), 90, np.uint8)
        gray[20 : 20 + round(60 * share), 20:80] = 252
        told.append(pipeline.step(Frame(gray, number / 5, number)))
    return told, len(model.faces)


def test_a_face_that_the_light_burns_out_is_no_data() -> None:
    """It is not read; what was read before counts no further, and is not forgotten."""
    told, read = in_light([0.0] * 6 + [0.6] * 4 + [0.4] * 3)
    before, burnt, after = told[2:6], told[6:10], told[10:]
    assert read == 8  # the first frame only finds it
    for observation in before + after:
        assert all(observation.evidence.values())
        assert not observation.readings[0].overexposed
    for observation in burnt:
        (reading,) = observation.readings
        assert (reading.seen, reading.overexposed) == (False, True)
        assert reading.probabilities == before[-1].readings[0].probabilities
        assert list(observation.evidence.values()) == [None]


def test_a_face_that_is_burnt_out_from_the_start_was_never_read() -> None:
    told, read = in_light([0.9] * 6)
    assert read == 0
    assert told[-1].readings[0].probabilities is None


def test_every_face_is_read_where_the_limit_is_1() -> None:
    told, read = in_light([1.0] * 6, limit=1.0)
    assert read == 5
    assert not any(reading.overexposed for one in told for reading in one.readings)
