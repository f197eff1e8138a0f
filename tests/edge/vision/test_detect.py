"""The real cascade on real pictures."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.data import astronaut

from edge.camera.demo import DemoCamera
from edge.errors import ModelError
from edge.vision.detect import DetectionConfig, Detector, shrunk
from edge.vision.face import Box

Gray = NDArray[np.uint8]
ASTRONAUT = Box(174, 64, 101, 101)  # marked by hand
VISITOR = Box(229, 120, 182, 182)  # where the play puts the face, give or take its sway
EMPTY, PRESENT = 0, 30  # frames of the play


@pytest.fixture(scope="module")
def photograph() -> Gray:
    return np.asarray(cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY), dtype=np.uint8)


@pytest.fixture(scope="module")
def play() -> list[Gray]:
    """The first four seconds of the built-in visitor."""
    camera = DemoCamera("?pace=off")
    frames = [camera.read() for _ in range(40)]
    return [frame.gray for frame in frames if frame is not None]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def test_a_full_search_finds_the_astronaut(detector: Detector, photograph: Gray) -> None:
    boxes = detector.full(photograph)
    assert boxes
    assert boxes[0].iou(ASTRONAUT) > 0.6


def test_a_thorough_search_finds_the_astronaut(detector: Detector, photograph: Gray) -> None:
    assert max(box.iou(ASTRONAUT) for box in detector.thorough(photograph)) > 0.6


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (15, 0), (-15, 10), (0, -15)])
def test_a_near_search_finds_a_face_that_moved(
    detector: Detector, photograph: Gray, dx: int, dy: int
) -> None:
    known = Box(ASTRONAUT.x + dx, ASTRONAUT.y + dy, ASTRONAUT.w, ASTRONAUT.h)
    found = detector.near(photograph, known)
    assert found is not None
    assert found.iou(ASTRONAUT) > 0.6


def test_a_near_search_does_not_wander(detector: Detector, photograph: Gray) -> None:
    assert detector.near(photograph, Box(340, 340, 100, 100)) is None


def test_the_built_in_visitor_is_found(detector: Detector, play: list[Gray]) -> None:
    (box,) = detector.full(play[PRESENT])
    assert box.iou(VISITOR) > 0.6
    near = detector.near(play[PRESENT + 2], box)
    assert near is not None
    assert near.iou(box) > 0.7


def test_an_empty_desk_shows_nobody(detector: Detector, play: list[Gray]) -> None:
    assert detector.full(play[EMPTY]) == []
    assert detector.near(play[EMPTY], VISITOR) is None


def test_two_visitors_are_found_largest_first(detector: Detector) -> None:
    camera = DemoCamera("two?pace=off")
    frame = [camera.read() for _ in range(61)][-1]
    assert frame is not None
    boxes = detector.full(frame.gray)
    assert len(boxes) == 2
    assert boxes[0].area >= boxes[1].area
    assert boxes[0].iou(boxes[1]) == 0


@pytest.mark.parametrize("width", [160, 320, 640, 4000])
def test_boxes_are_in_pixels_of_the_frame(width: int, photograph: Gray) -> None:
    (box, *_) = Detector(DetectionConfig(width=width)).full(photograph)
    assert box.iou(ASTRONAUT) > 0.5


def test_faces_below_the_floor_are_not_searched(photograph: Gray) -> None:
    assert Detector(DetectionConfig(min_face=0.5)).full(photograph) == []


@pytest.mark.parametrize("search", ["full", "near", "thorough"])
def test_a_search_writes_nothing_into_the_frame(
    detector: Detector, photograph: Gray, search: str
) -> None:
    frame = photograph.copy()
    frame.flags.writeable = False
    job: Callable[..., object] = getattr(detector, search)
    job(frame, ASTRONAUT) if search == "near" else job(frame)
    assert np.array_equal(frame, photograph)


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 10000), (10000, 1), (3, 5000), (23, 23), (24, 24), (25, 999)],
    ids=lambda shape: f"{shape[1]}x{shape[0]}",
)
def test_odd_sizes_show_nobody(detector: Detector, shape: tuple[int, int]) -> None:
    frame = np.full(shape, 128, np.uint8)
    assert detector.full(frame) == []
    assert detector.thorough(frame) == []
    assert detector.near(frame, Box(0, 0, shape[1], shape[0])) is None


@pytest.mark.parametrize(
    "known",
    [
        Box(0, 0, 4000, 4000),
        Box(-5000, 0, 4000, 4000),
        Box(600, 440, 80, 80),
        Box(9000, 9000, 80, 80),
        Box(5, 5, 0, 0),
    ],
    ids=["huge", "beside", "corner", "far away", "empty"],
)
def test_a_known_place_may_be_anywhere(detector: Detector, known: Box) -> None:
    assert detector.near(np.full((480, 640), 128, np.uint8), known) is None


def test_shrinking_means_over_what_becomes_one_pixel() -> None:
    picture = np.array([[0, 100, 8, 8], [100, 200, 8, 8]], np.uint8)
    small = shrunk(picture, 0.5)
    assert (small.tolist(), small.dtype) == ([[100, 8]], np.uint8)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_nothing_is_enlarged_or_copied(factor: float) -> None:
    picture = np.zeros((4, 4), np.uint8)
    assert shrunk(picture, factor) is picture


def test_a_missing_cascade_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.xml: the face cascade is missing"):
        Detector(cascade=tmp_path / "none.xml")


def test_what_is_no_cascade_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cascade.xml"
    path.write_text('<?xml version="1.0"?>\n<opencv_storage></opencv_storage>\n')
    with pytest.raises(ModelError, match=r"cascade\.xml: is not a face cascade"):
        Detector(cascade=path)
    capfd.readouterr()


@pytest.mark.parametrize("content", ["", "not XML", "<?xml"], ids=["empty", "text", "cut off"])
def test_a_broken_cascade_is_told(
    tmp_path: Path, content: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cascade.xml"
    path.write_text(content)
    with pytest.raises(ModelError, match="reinstall"):
        Detector(cascade=path)
    capfd.readouterr()
