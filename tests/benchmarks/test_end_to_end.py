"""A face set into a frame is found where it was set, and what that costs is counted right."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import end_to_end
from benchmarks.end_to_end.chain import Readings, look, offsets
from benchmarks.end_to_end.scene import HEIGHT, WIDTH, Scene, fading
from benchmarks.end_to_end.summary import best_margin, by_margin, by_size, gains
from edge.camera.demo import NOISE_LEVELS
from edge.labels import EMOTIONS
from edge.vision.detect import Detector
from edge.vision.expression import load_model
from edge.vision.face import Box
from train.data import FaceSet

SCENE = Scene()


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.fixture(scope="module")
def measured(visitors: FaceSet) -> dict[str, object]:
    return end_to_end.measure(
        load_model(), visitors, lambda _: None, sizes=(40, 160), margins=(-0.35, 0.0, 0.9)
    )


def test_a_frame_follows_from_seed_size_and_number(visitors: FaceSet) -> None:
    face = visitors.images[0]
    first, truth = Scene(seed=1).frame(face, 120, 3)
    again, same = Scene(seed=1).frame(face, 120, 3)
    assert truth == same
    assert np.array_equal(first, again)
    assert Scene(seed=2).frame(face, 120, 3)[1] != truth
    assert Scene(seed=1).frame(face, 120, 4)[1] != truth


@settings(deadline=None, max_examples=30)  # a loaded machine is no mistake
@given(side=st.integers(48, 300), index=st.integers(0, 10_000))
def test_a_face_lies_in_the_frame_about_as_large_as_asked(side: int, index: int) -> None:
    frame, truth = SCENE.frame(np.full((48, 48), 90, np.uint8), side, index)
    assert frame.shape == (HEIGHT, WIDTH)
    assert frame.dtype == np.uint8
    assert truth.clipped(WIDTH, HEIGHT) == truth
    assert 0.9 * side <= truth.w == truth.h <= 1.1 * side + 1


def test_the_faces_pixels_are_kept_and_the_desk_far_from_them_too(visitors: FaceSet) -> None:
    face = visitors.images[1]
    frame, (x, y, w, h) = SCENE.frame(face, 160, 5)
    inside = cv2.resize(frame[y : y + h, x : x + w], (48, 48), interpolation=cv2.INTER_AREA)
    # enlarging, noise and shrinking again leave a face that differs by less than the noise
    assert np.abs(inside.astype(float) - face).mean() < NOISE_LEVELS
    black, _ = SCENE.frame(np.zeros_like(face), 160, 5)
    changed = np.argwhere(frame != black)
    reach = 0.3 * w + 1
    assert changed.min(axis=0)[0] >= y - reach
    assert changed.max(axis=0)[1] <= x + w + reach


def test_the_rim_fades_from_the_face_to_nothing() -> None:
    mask = fading(Box(0, 0, 20, 20), 10)
    assert mask.shape == (40, 40)
    assert np.all(mask[10:30, 10:30] == 1)
    across = mask[20, 30:]
    assert np.all(np.diff(across) < 0)
    assert across[-1] < 0.05
    assert mask[0, 0] == 0


def test_a_face_larger_than_the_frame_is_refused(visitors: FaceSet) -> None:
    with pytest.raises(ValueError, match="no room"):
        SCENE.frame(visitors.images[0], 800, 0)


@pytest.mark.parametrize("side", [96, 160, 240])
def test_found_boxes_lie_on_the_face(visitors: FaceSet, detector: Detector, side: int) -> None:
    for index, face in enumerate(visitors.images):
        gray, truth = SCENE.frame(face, side, index)
        found = look(detector, gray, truth)
        assert set(found.boxes) == {"true", "full", "near"}
        assert found.boxes["full"].iou(truth) > 0.5
        assert found.boxes["near"].iou(truth) > 0.5
        assert found.elsewhere == 0


def test_a_box_away_from_the_face_is_a_false_face(visitors: FaceSet, detector: Detector) -> None:
    gray, truth = SCENE.frame(visitors.images[2], 160, 2)
    elsewhere = Box((truth.x + WIDTH // 2) % WIDTH, truth.y, truth.w, truth.h)
    found = look(detector, gray, elsewhere)
    assert found.boxes == {"true": elsewhere}
    assert found.elsewhere == 1


def test_offsets_are_shares_of_the_true_side() -> None:
    class At:
        def __init__(self, boxes: dict[str, Box]) -> None:
            self.boxes = boxes

    truth = Box(100, 100, 100, 100)
    rows = offsets([At({"true": truth, "full": Box(110, 80, 120, 120)}), At({"true": truth})])  # type: ignore[list-item]
    assert rows == pytest.approx(np.array([[0.2, -0.1, 0.2]]))
    assert offsets([]).shape == (0, 3)


def test_visitors_are_found_and_read_through_the_chain(measured: dict[str, object]) -> None:
    near = measured["sizes"]["160"]  # type: ignore[index]
    assert near["found"]["value"] == near["kept"]["value"] == 1
    assert near["elsewhere"]["value"] == 0
    for told in near["labels"].values():
        assert told["ready"]["missed"]["n"] == 0
        assert told["near"]["accuracy"]["value"] >= 0.6


def test_a_face_below_the_detectors_floor_is_told_as_not_found(
    measured: dict[str, object],
) -> None:
    small = measured["sizes"]["40"]  # type: ignore[index]
    assert small["found"]["value"] == 0
    assert small["box"] is None
    assert small["labels"]["original"]["near"]["difference"]["value"] is None
    assert measured["smallest_sought"] == 67
    assert "| 40 | 0.0%" in end_to_end.as_text(measured)


def test_a_wrong_margin_costs_accuracy(measured: dict[str, object]) -> None:
    own = measured["crop_margin"]
    for labels in ("original", "ferplus"):
        lost = measured["margins"]["near"][labels]  # type: ignore[index]
        assert lost["-0.35"]["all"]["value"] < lost[str(own)]["all"]["value"]
        assert lost["0.9"]["all"]["value"] < lost[str(own)]["all"]["value"]
    assert measured["best_margin"] == own
    assert f"Least is lost at **{own:g}**" in end_to_end.as_text(measured)


def test_the_result_can_be_drawn_and_compared(measured: dict[str, object]) -> None:
    sizes, margins = end_to_end.charts(measured)
    assert {len(one.x) for one in sizes.series if one.name != "found"} == {1}  # 40 px has none
    assert [one.x for one in margins.series] == [[-0.35, measured["crop_margin"], 0.0, 0.9]] * 4
    names = [figure.name for figure in end_to_end.figures(measured)]
    assert "end-to-end/160 px/found" in names
    assert "end-to-end/40 px/original/chain less ready" not in names


def rows(*labels: int) -> np.ndarray:
    return np.eye(len(EMOTIONS), dtype=np.float32)[list(labels)]


def readings(found: list[bool], full: np.ndarray, near: np.ndarray | None = None) -> Readings:
    mask = np.array(found)
    told = {("full", 0.0): full, ("near", 0.0): full if near is None else near}
    return Readings(
        {"full": mask, "near": mask},
        np.zeros(len(found), int),
        np.zeros((int(mask.sum()), 3)),
        {**told, ("true", 0.0): full},  # type: ignore[dict-item]
    )


def faces(labels: list[int], majority: list[int] | None = None) -> FaceSet:
    votes = np.zeros((len(labels), len(EMOTIONS)), np.float32)
    for row, label in enumerate(majority or []):
        if label >= 0:
            votes[row, label] = 9
    return FaceSet(np.zeros((len(labels), 48, 48), np.uint8), np.array(labels), votes)


def test_the_chain_is_held_against_the_ready_crops_of_the_same_faces() -> None:
    """Of three found faces the ready crops get two right, the chain one; a missed one is out."""
    truth = faces([3, 3, 3, 3])
    told = by_size(
        rows(3, 3, 4, 3), truth, readings([True, True, True, False], rows(3, 4, 4, 3)), 0
    )
    labels = told["labels"]["original"]
    assert told["found"]["value"] == 0.75
    assert labels["ready"]["all"]["value"] == 0.75
    assert labels["ready"]["found"]["value"] == pytest.approx(2 / 3)
    assert labels["ready"]["missed"]["value"] == 1
    assert labels["near"]["accuracy"]["value"] == pytest.approx(1 / 3)
    assert labels["near"]["difference"]["value"] == pytest.approx(-1 / 3)


def test_faces_without_a_majority_are_left_out_of_its_figures() -> None:
    truth = faces([3, 3, 3], majority=[3, -1, 4])
    told = by_size(rows(3, 3, 3), truth, readings([True] * 3, rows(3, 3, 3)), 0.0)
    assert told["labels"]["original"]["near"]["accuracy"]["n"] == 3
    assert told["labels"]["ferplus"]["near"]["accuracy"]["n"] == 2
    assert told["labels"]["ferplus"]["near"]["accuracy"]["value"] == 0.5


def test_gains_tell_righted_spoilt_and_unread_faces_apart() -> None:
    one = readings([True, True, True, False], rows(0, 1, 2, 3))
    gain = gains(np.array([0, 0, 2, 3]), rows(1, 0, 2, 3), one, "near", 0.0)
    assert gain[:3].tolist() == [1, -1, 0]
    assert np.isnan(gain[3])


def test_a_face_counts_once_however_many_sizes_it_was_found_at() -> None:
    truth = faces([0, 0])
    by_side = {
        96: readings([True, False], rows(1, 1)),
        160: readings([True, True], rows(1, 0)),
    }
    lost = by_margin(rows(0, 0), truth, by_side, [0.0])["near"]["original"]["0.0"]
    assert (lost["all"]["n"], lost["all"]["value"]) == (2, -0.5)
    assert lost["96"]["n"] == 1


def test_nothing_found_says_nothing() -> None:
    lost = by_margin(rows(0, 0), faces([0, 0]), {96: readings([False] * 2, rows(0, 0))}, [0.0])
    assert lost["full"]["original"]["0.0"]["all"]["value"] is None
    assert best_margin(lost, 0.0) is None


@pytest.mark.parametrize(
    ("original", "ferplus", "expected"),
    [
        pytest.param(
            {"0.0": -0.02, "0.1": -0.01}, {"0.0": -0.02, "0.1": -0.02}, 0.1, id="least lost"
        ),
        pytest.param({"0.0": -0.03, "0.1": 0.0}, {"0.0": 0.0, "0.1": -0.04}, 0.0, id="both count"),
        pytest.param(
            {"-0.1": 0.0, "0.05": 0.0}, {"-0.1": 0.0, "0.05": 0.0}, 0.05, id="the nearest"
        ),
    ],
)
def test_the_best_margin_loses_least_under_both_label_sets(
    original: dict[str, float], ferplus: dict[str, float], expected: float
) -> None:
    table = {
        "near": {
            labels: {text: {"all": {"value": value}} for text, value in values.items()}
            for labels, values in (("original", original), ("ferplus", ferplus))
        }
    }
    assert best_margin(table, 0.0) == expected
