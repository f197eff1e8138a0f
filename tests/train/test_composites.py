"""Average faces for the built-in visitor, from faces that the annotators agree on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.errors import DataError, OutputError
from edge.labels import EMOTIONS
from train.composites import FACES, SHOWN, composites, write
from train.data import FaceSet


@pytest.fixture(scope="module")
def many(generated) -> FaceSet:
    """Fifty faces of each class, made different enough to be fifty people."""
    faces = generated.face_set(50, seed=5)
    noise = np.random.default_rng(0).normal(0, 45, faces.images.shape)
    images = np.clip(faces.images + noise, 0, 255).astype(np.uint8)
    return FaceSet(images, faces.labels, faces.votes)


@pytest.fixture(scope="module")
def made(many):
    return composites(many, say=lambda _: None)


def test_composites_are_faces_of_every_shown_emotion(made):
    assert tuple(made) == SHOWN
    for face in made.values():
        assert (face.shape, face.dtype) == ((48, 48), np.uint8)
        assert face.std() > 30


def test_each_looks_like_its_class_and_like_no_single_face(made, many):
    means = {
        emotion: many.images[many.labels == EMOTIONS.index(emotion)].mean(axis=0)
        for emotion in SHOWN
    }
    for emotion, face in made.items():
        likeness = {
            other: np.corrcoef(face.ravel(), mean.ravel())[0, 1] for other, mean in means.items()
        }
        assert max(likeness, key=likeness.get) == emotion
        single = [np.corrcoef(face.ravel(), one.ravel())[0, 1] for one in many.images]
        assert max(single) < likeness[emotion]


def test_composites_are_the_same_every_time(made, many):
    lines: list[str] = []
    again = composites(many, say=lines.append)
    for emotion, face in made.items():
        np.testing.assert_array_equal(again[emotion], face)
    assert lines[1] == f"angry: the average of {FACES} of 50 faces"


def test_faces_without_agreement_are_not_taken(many):
    divided = FaceSet(many.images, many.labels, np.minimum(many.votes, 8))
    with pytest.raises(DataError, match=r"0 faces are called neutral .* needs 40"):
        composites(divided)


def test_too_few_faces(generated):
    with pytest.raises(DataError, match=r"39 faces are called neutral .* needs 40"):
        composites(generated.face_set(39, seed=0))


@pytest.mark.parametrize("turn", [lambda f: f, lambda f: f[:, :, ::-1]], ids=["same", "mirrored"])
def test_copies_of_one_picture_count_once(many, turn):
    few = np.flatnonzero(np.arange(len(many)) < 30 * 7)
    images = np.concatenate([many.images[few], turn(many.images[few])])
    doubled = FaceSet(images, np.tile(many.labels[few], 2), np.tile(many.votes[few], (2, 1)))
    with pytest.raises(DataError, match="only 30 different faces are called neutral"):
        composites(doubled)


def test_a_flat_picture_does_no_harm(many, made):
    flat = FaceSet(np.zeros((1, 48, 48), np.uint8), np.array([6]), 10 * np.eye(7)[[6]])
    images = np.concatenate([flat.images, many.images])
    votes = np.concatenate([flat.votes, many.votes]).astype(np.float32)
    labels = np.concatenate([flat.labels, many.labels])
    face = composites(FaceSet(images, labels, votes), say=lambda _: None)["neutral"]
    assert np.corrcoef(face.ravel(), made["neutral"].ravel())[0, 1] > 0.95


def test_write_makes_one_picture_an_emotion(made, tmp_path):
    write(made, tmp_path / "visitor")
    assert sorted(file.stem for file in (tmp_path / "visitor").iterdir()) == sorted(SHOWN)
    read = cv2.imread(str(tmp_path / "visitor" / "angry.png"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(read, made["angry"])


def test_write_into_a_file_is_refused(made, tmp_path):
    (tmp_path / "visitor").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        write(made, tmp_path / "visitor")
