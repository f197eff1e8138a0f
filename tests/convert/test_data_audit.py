"""What the card says of the data."""

from __future__ import annotations

import json

import numpy as np
import pytest

from convert.data_audit import KEPT, summary, with_originals_only
from edge.errors import DataError
from edge.vision.card import DEFAULT_CARD
from train.audit import audit, examine
from train.data import FaceSet
from train.metrics import score_both


def labelled(labels: list[int], majority: list[int]) -> FaceSet:
    votes = np.zeros((len(labels), 7), np.float32)
    for row, label in enumerate(majority):
        if label >= 0:
            votes[row, label] = 10
    return FaceSet(np.zeros((len(labels), 48, 48), np.uint8), np.array(labels), votes)


def test_faces_with_a_copy_are_left_out_of_the_second_figure():
    faces = labelled([0, 1, 2, 3], [0, 1, -1, -1])
    read = np.eye(7, dtype=np.float32)[[0, 1, 2, 0]]  # the last is wrong
    copied = np.array([True, False, True, False])
    told = with_originals_only(score_both(read, faces), read, faces, copied)
    assert told["original"]["accuracy"] == 0.75
    assert told["original"]["accuracy_without_copies"] == 0.5
    assert told["original"]["with_copy_in_training"] == 2
    assert told["ferplus"]["accuracy_without_copies"] == 1.0
    assert told["ferplus"]["with_copy_in_training"] == 1


def test_all_copied_leaves_nothing_to_be_right_on():
    faces = labelled([0, 1], [-1, -1])
    read = np.eye(7, dtype=np.float32)[[0, 1]]
    told = with_originals_only(score_both(read, faces), read, faces, np.ones(2, bool))
    assert told["original"]["accuracy_without_copies"] is None


def test_the_summary_names_no_face(splits, tmp_path):
    made = audit(examine(splits, cascade=False), None)
    (tmp_path / "audit.json").write_text(made.to_json())
    told = summary(tmp_path / "audit.json")
    assert set(told) == set(KEPT)
    assert "line" not in json.dumps(told)


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json"])
def test_what_is_no_audit_is_refused(tmp_path, content):
    (tmp_path / "audit.json").write_text(content)
    with pytest.raises(DataError, match=r"audit\.json: is not what edge-train audit --out writes"):
        summary(tmp_path / "audit.json")
    with pytest.raises(DataError, match=r"missing\.json: is not what"):
        summary(tmp_path / "missing.json")


def test_the_shipped_card_tells_of_copies():
    card = json.loads(DEFAULT_CARD.read_text())
    assert card["data_audit"]["leak"]["PrivateTest"]["any"] == 502
    for about in card["files"].values():
        for both in about["metrics"].values():
            for scores in both.values():
                assert scores["accuracy_without_copies"] < scores["accuracy"]
