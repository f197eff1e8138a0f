"""Distortions leave a face alone where they say so, and the curves count what the model reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks import robustness
from benchmarks.robustness.distortions import DISTORTIONS, lit, noisy, tilted
from edge.vision.expression import load_model
from train.data import FaceSet
from train.shares import accuracies

WITH_PLAIN = sorted(name for name, one in DISTORTIONS.items() if one.plain is not None)


@pytest.fixture(scope="module")
def measured(visitors: FaceSet) -> dict[str, Any]:
    few = {
        name: replace(one, levels=(one.plain or one.levels[0], one.levels[-1]))
        for name, one in DISTORTIONS.items()
    }
    return robustness.measure(load_model(), visitors, lambda _: None, few)


@pytest.mark.parametrize("name", WITH_PLAIN)
def test_the_plain_level_changes_nothing(visitors: FaceSet, name: str) -> None:
    one = DISTORTIONS[name]
    assert one.plain in one.levels
    for index, face in enumerate(visitors.images):
        assert np.array_equal(one.apply(face, one.plain or 0.0, index), face)


@pytest.mark.parametrize("name", sorted(DISTORTIONS))
def test_a_stronger_level_takes_a_face_further_from_itself(visitors: FaceSet, name: str) -> None:
    one = DISTORTIONS[name]
    plain = one.levels.index(one.plain) if one.plain is not None else 0
    for levels in (one.levels[: plain + 1][::-1], one.levels[plain:]):
        away = [
            np.mean([_distance(one.apply(face, level, 1), face) for face in visitors.images])
            for level in levels
        ]
        assert np.all(np.diff(away) > 0), (name, levels, away)


def _distance(made: np.ndarray, face: np.ndarray) -> float:
    assert made.dtype == np.uint8
    made = cv2.resize(made, face.shape[::-1])
    return float(np.abs(made.astype(float) - face).mean())


def test_light_is_cut_off_and_not_wrapped_round() -> None:
    face = np.array([[0, 100, 200]], np.uint8)
    assert lit(face, 2.0).tolist() == [[0, 200, 255]]


def test_noise_is_a_faces_own_and_the_same_every_time(visitors: FaceSet) -> None:
    face = visitors.images[0]
    assert np.array_equal(noisy(face, 10, 3), noisy(face, 10, 3))
    assert not np.array_equal(noisy(face, 10, 3), noisy(face, 10, 4))
    flat = np.full((200, 200), 128, np.uint8)
    assert noisy(flat, 10, 0).std() == pytest.approx(10, rel=0.05)


def test_faces_are_tilted_to_both_sides() -> None:
    face = np.zeros((48, 48), np.uint8)
    face[4:8, 22:26] = 255
    left, right = (np.argwhere(tilted(face, 30, index) > 100).mean(axis=0) for index in (0, 1))
    assert left[1] - 23.5 == pytest.approx(23.5 - right[1], abs=0.6)
    assert abs(left[1] - 23.5) > 5


def test_an_undistorted_level_equals_plain_accuracy(
    measured: dict[str, Any], visitors: FaceSet
) -> None:
    told = load_model().predict(list(visitors.images))
    assert measured["plain"]["accuracy"] == accuracies(told, visitors)
    for name in WITH_PLAIN:
        point = measured["curves"][name][0]
        assert {key: point[key] for key in measured["plain"]} == measured["plain"]


def test_faces_that_the_device_leaves_unread_are_not_told_angry(measured: dict[str, Any]) -> None:
    burnt = measured["curves"]["brightness"][-1]
    assert measured["plain"]["unread"]["value"] == 0
    assert burnt["unread"]["value"] > 0
    assert burnt["calm_as_angry"]["original"]["value"] in (0, None)


def test_what_nobody_could_read_is_not_read(measured: dict[str, Any]) -> None:
    """At the ends of the scales at least one of the clear faces is lost, somewhere most of them."""
    ends = [points[-1]["accuracy"]["original"]["value"] for points in measured["curves"].values()]
    assert min(ends) < measured["plain"]["accuracy"]["original"]["value"]


def test_the_curves_can_be_read_drawn_and_compared(measured: dict[str, Any]) -> None:
    text = robustness.as_text(measured)
    charts = robustness.charts(measured)
    assert len(charts) == len(DISTORTIONS)
    for name, chart in zip(DISTORTIONS, charts, strict=True):
        assert f"**{name}.**" in text
        assert len(chart.series) == 4  # accuracy and false anger, both label sets
        assert all(len(one.x) == len(one.y) == len(one.spread) == 2 for one in chart.series)
    assert len(robustness.figures(measured)) == 2 * len(DISTORTIONS)
    assert not any(figure.timed for figure in robustness.figures(measured))


def test_faces_without_votes_have_one_label_set(visitors: FaceSet) -> None:
    faces = replace(visitors, votes=np.zeros_like(visitors.votes))
    blur = {"blur": replace(DISTORTIONS["blur"], levels=(0.0,))}
    measured = robustness.measure(load_model(), faces, lambda _: None, blur)
    assert set(measured["plain"]["accuracy"]) == {"original"}
    assert "FER+" not in robustness.as_text(measured)
    assert len(robustness.charts(measured)[0].series) == 2
