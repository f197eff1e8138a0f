"""Stages and whole frames: the pipeline's own pattern, and nothing counted twice."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest

from benchmarks.latency.looking import Looking
from benchmarks.latency.plan import Plan
from benchmarks.latency.scene import FPS, as_mjpeg, as_yuyv, back_and_forth, draw
from benchmarks.latency.scenes import STAGES, measure_scenes
from benchmarks.latency.text import shrink_ms
from edge.camera.gray import to_gray
from edge.vision.expression import ExpressionModel, load_model

PLAN = Plan(processes=1, calls=1, seconds=0.0, drawn=6, frames=40, sustained=0.01)


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    return load_model()


@pytest.fixture(scope="module")
def scenes(model: ExpressionModel) -> dict[int, dict[str, Any]]:
    return {row["faces"]: row for row in measure_scenes(model, [(640, 480)], (0, 2), PLAN)}


def test_a_camera_s_forms_hold_the_same_picture() -> None:
    (gray,) = draw(320, 240, 1, 1)
    jpeg = as_mjpeg(gray)
    assert jpeg.shape[0] == 1
    opened = to_gray(jpeg)
    assert opened is not None
    assert np.abs(opened.astype(int) - gray).mean() < 3
    assert np.array_equal(to_gray(as_yuyv(gray)), gray)


def test_frames_are_played_without_a_jump() -> None:
    assert list(islice(back_and_forth("abcd"), 9)) == list("abcdcbabc")
    assert list(islice(back_and_forth("a"), 3)) == list("aaa")


def test_stages_run_as_often_as_in_the_service(scenes: dict[int, dict[str, Any]]) -> None:
    shares = {name: stage["share"] for name, stage in scenes[2]["stages"].items()}
    assert list(shares) == list(STAGES)
    assert {shares[name] for name in ("decode", "motion", "track", "rule")} == {1.0}
    assert shares["classify"] == shares["crop"] == 0.5  # each face every 0.2 s
    assert shares["detect_full"] == 0.1  # once a second
    assert shares["detect_near"] == 0.9
    empty = {name: stage["share"] for name, stage in scenes[0]["stages"].items()}
    assert [empty[name] for name in ("crop", "classify", "detect_near")] == [0, 0, 0]
    assert empty["detect_full"] == 0.05  # every two seconds


def test_the_whole_is_more_than_the_sum_of_its_stages(scenes: dict[int, dict[str, Any]]) -> None:
    for scene in scenes.values():
        total = sum(stage["a_frame_ms"] for stage in scene["stages"].values())
        assert 0 < total <= scene["frame"]["mean_ms"]


def test_shrinking_is_told_by_the_frame(scenes: dict[int, dict[str, Any]]) -> None:
    scene = scenes[2]
    wanted = scene["shrink"]["motion"]["mean_ms"] + 0.1 * scene["shrink"]["full"]["mean_ms"]
    assert shrink_ms(scene) == pytest.approx(wanted)


def test_every_form_of_decoding_is_timed(scenes: dict[int, dict[str, Any]]) -> None:
    assert set(scenes[0]["decode"]) == {"mjpeg", "yuyv", "grey"}
    for scene in scenes.values():
        assert scene["cpu_ms"] > 0
        assert scene["cpu_yuyv_ms"] > 0


def test_a_look_sees_reads_and_judges(model: ExpressionModel) -> None:
    looking = Looking(model)
    sent = [as_mjpeg(gray) for gray in draw(640, 480, 1, 3)]
    looks = [looking.look(raw, index / FPS) for index, raw in enumerate(sent)]
    assert [look.seen for look in looks] == [0, 1, 1]  # a visitor is who was seen twice
    assert "classify" not in looks[0].stages
    assert {"decode", "classify", "rule"} <= set(looks[1].stages)
    for look in looks:
        assert sum(look.stages.values()) <= look.frame_ms
        assert 0 <= look.decode_cpu_ms <= look.cpu_ms
