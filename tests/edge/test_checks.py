"""How far is too far: pixels, boxes, logits, probabilities."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from edge.checks import (
    EXACT,
    FLOAT,
    OTHER_KERNELS,
    ROUNDED,
    Check,
    Limit,
    State,
    advice_for,
    compare_boxes,
    compare_faces,
    compare_logits,
    compare_pixels,
    limit_for,
)
from edge.golden import Answers
from edge.vision.face import Box

GRAY = np.full((3, 4, 4), 100, np.uint8)


@pytest.mark.parametrize(
    ("pixel", "off", "state"),
    [(100, 0, State.OK), (101, 1, State.OK), (99, 1, State.OK), (98, 2, State.FAILED)],
)
def test_pixels_may_be_off_by_one(pixel: int, off: int, state: State) -> None:
    made = GRAY.copy()
    made[1, 2, 3] = pixel
    check = compare_pixels("preprocessing", GRAY, made)
    assert (check.state, check.figure, check.limit) == (state, off, 1)
    assert bool(check.advice) == (state is State.FAILED)


def test_pixels_do_not_wrap_around() -> None:
    black, white = np.zeros((1, 2, 2), np.uint8), np.full((1, 2, 2), 255, np.uint8)
    assert compare_pixels("preprocessing", black, white).figure == 255
    assert compare_pixels("preprocessing", white, black).figure == 255


ONE, OTHER = Box(10, 10, 40, 40), Box(90, 20, 38, 38)


@pytest.mark.parametrize(
    ("found", "differ"),
    [
        ([ONE, OTHER], 0),
        ([OTHER, ONE], 2),
        ([ONE], 1),
        ([], 2),
        ([ONE, OTHER, ONE], 1),
        ([ONE, None], 1),
        ([ONE, Box(91, 20, 38, 38)], 1),
    ],
)
def test_boxes_must_be_the_same(found: list[Box | None], differ: int) -> None:
    check = compare_boxes("face search", [ONE, OTHER], found)
    assert check.figure == differ
    assert check.state is (State.FAILED if differ else State.OK)


LOGITS = np.random.default_rng(0).normal(0, 2, (20, 7)).astype(np.float32)
ANSWERS = Answers(LOGITS, np.full((2, 7), 1 / 7, np.float32), True)


@pytest.mark.parametrize(
    ("by", "limit", "state"),
    [
        (0.0, EXACT, State.OK),
        (1e-5, EXACT, State.FAILED),
        (0.9e-3, FLOAT, State.OK),
        (1.1e-3, FLOAT, State.FAILED),
    ],
)
def test_one_logit_that_is_too_far_off_fails(by: float, limit: Limit, state: State) -> None:
    made = LOGITS.copy()
    made[7, 3] += by
    check = compare_logits("m", ANSWERS, made, limit)
    assert check.state is state
    assert check.figure == pytest.approx(by, rel=0.1)


@pytest.mark.parametrize("limit", [ROUNDED, OTHER_KERNELS])
@pytest.mark.parametrize(("share", "state"), [(0.9, State.OK), (1.1, State.FAILED)])
def test_roundings_are_judged_by_the_spread_of_the_logits(
    limit: Limit, share: float, state: State
) -> None:
    signs = np.where(np.arange(LOGITS.size).reshape(LOGITS.shape) % 2, 1, -1)
    made = (LOGITS + signs * share * limit.logits * LOGITS.std()).astype(np.float32)
    check = compare_logits("m", ANSWERS, made, limit)
    assert check.figure == pytest.approx(share * limit.logits, rel=1e-3)
    assert check.state is state


def test_labels_must_agree_where_logits_lie_close_together() -> None:
    close = np.zeros((10, 2), np.float32)
    close[:, 0], close[0] = 1e-3, (900, -900)
    made = close.copy()
    made[1:4, 1] = 2e-3
    check = compare_logits("m", Answers(close, close, False), made, ROUNDED)
    assert check.figure is not None
    assert check.figure < ROUNDED.logits
    assert check.state is State.FAILED
    assert "7 labels agree (at least 8)" in check.told


@pytest.mark.parametrize("limit", [EXACT, FLOAT, ROUNDED])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_fails_and_is_json(limit: Limit, value: float) -> None:
    made = LOGITS.copy()
    made[0, 0] = value
    for check in (
        compare_logits("m", ANSWERS, made, limit),
        compare_faces("m", "abcdefg", ANSWERS, made[:2], limit),
    ):
        assert check.state is State.FAILED
        assert json.loads(json.dumps(check.as_json(), allow_nan=False))["figure"] is None


@pytest.mark.parametrize(("by", "state"), [(0.019, State.OK), (0.021, State.FAILED)])
def test_probabilities_of_faces_are_held_against_their_limit(by: float, state: State) -> None:
    made = ANSWERS.probabilities.copy()
    made[1, 4] += by
    check = compare_faces("m", "abcdefg", ANSWERS, made, EXACT)
    assert check.state is state
    assert check.told.startswith("a, e; ")


@pytest.mark.parametrize(
    ("precision", "exact", "runtime", "limit"),
    [
        ("int8", True, "litert", EXACT),
        ("int8", False, "litert", ROUNDED),
        ("int8", True, "tflite", OTHER_KERNELS),
        ("int8", False, "onnx", ROUNDED),
        ("dynamic", False, "litert", ROUNDED),
        ("float32", False, "litert", FLOAT),
        ("float32", False, "onnx", FLOAT),
        ("float16", False, "tflite", FLOAT),
    ],
)
def test_only_integers_through_xnnpack_are_exact(
    precision: str, exact: bool, runtime: str, limit: Limit
) -> None:
    assert limit_for(precision, exact, runtime) == limit


def test_int8_in_onnx_fails_with_its_known_reason() -> None:
    wrong = -LOGITS
    advice = advice_for("int8", "onnx")
    for check in (
        compare_logits("m", ANSWERS, wrong, ROUNDED, advice),
        compare_faces("m", "abcdefg", ANSWERS, wrong[:2], ROUNDED, advice),
    ):
        assert check.state is State.FAILED
        assert "AVX2 but no VNNI" in check.as_line()
        assert "use LiteRT there, which takes the .tflite file" in check.as_line()


@pytest.mark.parametrize(
    ("precision", "runtime"), [("float32", "onnx"), ("int8", "litert"), ("dynamic", "litert")]
)
def test_others_have_not_that_reason(precision: str, runtime: str) -> None:
    assert "VNNI" not in advice_for(precision, runtime)


def test_a_check_is_a_line_and_an_object() -> None:
    check = Check("m.tflite", State.NOT_CHECKED, "x is not installed", advice="pip install x")
    assert check.as_line() == "not checked  m.tflite: x is not installed; pip install x"
    told = check.as_json()
    assert (told["state"], told["figure"], told["limit"]) == ("not checked", None, None)
    failed = Check("m", State.FAILED, "far off", math.pi, 3.0, "logits")
    assert failed.as_line() == "FAILED       m: far off"
    assert failed.as_json()["figure"] == math.pi
