"""What the card says of whom its file fails on."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from convert.subgroups import card_subgroups
from edge.alerts.rule import RuleConfig
from edge.vision.card import read_card
from edge.vision.expression import ExpressionModel, load_model
from train.data import FaceSet
from train.subgroups import ASPECTS, NOT_MEASURED, shrunk
from train.task import find_task


@pytest.fixture(scope="module")
def shipped() -> ExpressionModel:
    return load_model()


@pytest.fixture(scope="module")
def some(splits) -> FaceSet:
    faces: FaceSet = splits["PrivateTest"]
    return faces[np.arange(0, len(faces), 3)]


def of_task(model: ExpressionModel, name: str) -> ExpressionModel:
    """The shipped network, as if its first outputs were those of another task."""
    labels = find_task(name).labels
    card = replace(model.card, labels=labels)
    network = model._network
    return ExpressionModel(
        card, model.path, model.runtime, lambda face: network(face)[: len(labels)]
    )


def test_the_card_of_a_conversion_tells_of_private_test(made, splits):
    told = made.card["subgroups"]
    count = len(splits["PrivateTest"])
    assert (told["split"], told["file"]) == ("PrivateTest", "tiny-int8.tflite")
    assert told["file"] == made.card["operating_points"]["file"]
    assert set(told["aspects"]) == set(ASPECTS)
    for aspect in told["aspects"].values():
        for labels in ("original", "ferplus"):
            sizes = [group["accuracy"][labels]["n"] for group in aspect["groups"].values()]
            assert len(sizes) == 3
            assert sum(sizes) == count
    assert told["not_measured"] == NOT_MEASURED
    assert json.loads((made.folder / "tiny.json").read_text())["subgroups"] == told
    assert read_card(made.folder / "tiny.json").labels


def test_the_whole_agrees_with_the_metrics(made):
    told = made.card["subgroups"]
    metrics = made.card["files"][told["file"]]["metrics"]["PrivateTest"]
    for labels, scores in metrics.items():
        whole = told["face_size"]["48"]["accuracy"][labels]
        assert whole["value"] == pytest.approx(scores["accuracy"])
        assert whole["interval_95"] == pytest.approx(scores["accuracy_95"])
        calm = told["as_angry"][labels]["neutral"]["top"]
        row = scores["confusion"][6]
        assert (calm["n"], calm["value"]) == (sum(row), pytest.approx(row[0] / sum(row)))


def test_small_faces_are_read_by_the_file_itself(shipped, some):
    read = shipped.predict(list(some.images))
    told = card_subgroups(shipped, read, some, "PrivateTest")
    assert list(told["face_size"]) == ["48", "40", "32", "24"]
    assert told["threshold"] == RuleConfig().on
    for side in (48, 24):
        again = shipped.predict([shrunk(face, side) for face in some.images])
        found = told["face_size"][str(side)]["accuracy"]["original"]
        assert found["n"] == len(some)
        assert found["value"] == (again.argmax(axis=1) == some.labels).mean()
        assert (again == read).all() == (side == 48)
    json.dumps(told, allow_nan=False)


def test_without_votes_the_faces_own_labels_are_all(shipped, some):
    bare = FaceSet(some.images, some.labels, np.zeros_like(some.votes))
    told = card_subgroups(shipped, shipped.predict(list(bare.images)), bare, "PrivateTest")
    assert list(told["face_size"]["24"]["accuracy"]) == ["original"]
    assert list(told["as_angry"]) == ["original"]
    assert "ferplus" not in json.dumps(told)


@pytest.mark.parametrize("task", ["valence", "happy-sad"])
def test_a_model_that_tells_no_anger_is_not_asked_for_it(shipped, some, task):
    faces, other = find_task(task).faces(some), of_task(shipped, task)
    told = card_subgroups(other, other.predict(list(faces.images)), faces, "PrivateTest")
    assert set(told) == {"split", "file", "aspects", "face_size", "not_measured"}
    assert list(told["face_size"]["24"]) == ["accuracy"]
    assert all(
        list(group) == ["accuracy"]
        for aspect in told["aspects"].values()
        for group in aspect["groups"].values()
    )
