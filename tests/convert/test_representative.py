"""The list of faces that ranges are taken from: balanced, the same every time, and held to."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace

import numpy as np
import pytest

from convert.representative import (
    COLUMNS,
    FACES,
    choose,
    prepared,
    read,
    representative_faces,
    write,
)
from edge.errors import DataError
from train.data import FaceSet

FEW = 20  # of each class


@pytest.fixture(scope="module")
def training(generated) -> FaceSet:
    return generated.face_set(FEW, 0)


@pytest.fixture
def listed(training, tmp_path):
    """A list of two faces of each class."""
    path = tmp_path / "faces.csv"
    write(path, training, np.arange(14))
    return path


def change(path, line: int, column: str, value: str) -> None:
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    rows[line - 1][COLUMNS.index(column)] = value
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_faces_are_balanced_and_always_the_same(generated):
    each = FACES // 7
    training = generated.face_set(each + 5, 0)
    lopsided = training[np.arange(len(training) - 7 * 10)]
    last = training[np.arange(len(training) - 70, len(training), 7)]
    lopsided = FaceSet(
        *(
            np.concatenate([getattr(lopsided, key), getattr(last, key)])
            for key in ("images", "labels", "votes")
        )
    )
    chosen = choose(lopsided)
    assert len(chosen) == 6 * (each - 5) + each
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, choose(lopsided))


def test_they_span_the_whole_range_of_pixels(training):
    faces = representative_faces(training, 32)
    assert (faces.shape, faces.dtype) == ((7 * FEW, 32, 32, 1), np.uint8)
    assert faces[0, 0, :2, 0].tolist() == [0, 255]
    np.testing.assert_array_equal(faces, prepared(training, choose(training), 32))


def test_a_list_names_label_and_pixels(training, listed):
    rows = list(csv.DictReader(listed.read_text().splitlines()))
    assert [row["index"] for row in rows] == [str(index) for index in range(14)]
    assert rows[3]["label"] == training.classes[training.labels[3]]
    assert rows[3]["sha256"] == hashlib.sha256(training.images[3].tobytes()).hexdigest()


def test_a_list_is_read_as_it_was_written(training, listed):
    np.testing.assert_array_equal(read(listed, training), np.arange(14))


def test_the_order_of_a_list_is_of_no_matter(training, listed):
    head, *lines = listed.read_text().splitlines()
    listed.write_text("\n".join([head, *reversed(lines)]) + "\n")
    np.testing.assert_array_equal(read(listed, training), np.arange(14))


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("index", "140", "line 3: face 140 of 140; give the --data it is of"),
        ("index", "-1", "line 3: index '-1' is not a number from 0"),
        ("index", "2", "line 3: face 2 is another; give the --data and --only it is of"),
        ("sha256", "0" * 64, "line 3: face 1 is another"),
        ("label", "happy", "line 3: face 1 is labelled disgust in the data, not happy"),
    ],
)
def test_a_face_that_is_not_there_is_refused(training, listed, column, value, told):
    change(listed, 3, column, value)
    with pytest.raises(DataError) as caught:
        read(listed, training)
    assert str(caught.value).startswith(f"{listed}, {told}")


def test_other_data_is_refused(listed, generated):
    with pytest.raises(DataError, match="line 2: face 0 is another"):
        read(listed, generated.face_set(FEW, 1))


def test_other_labels_are_refused(training, listed):
    with pytest.raises(DataError, match="is labelled"):
        read(listed, replace(training, labels=np.roll(training.labels, 1)))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda _: "", "no column index, label, sha256 in its first line"),
        (lambda text: text.splitlines()[0] + "\n", "lists no faces"),
        (lambda text: text.replace(",", ";"), "no column index, label, sha256"),
        (lambda text: text.replace("index,", "place,"), "no column index"),
        (lambda text: "\n".join(text.splitlines()[:7]), "lists no face labelled neutral"),
        (lambda text: text + text.splitlines()[1], "names a face twice"),
        (lambda text: text + "20\n", "line 16: face 20 is another"),
    ],
    ids=["nothing", "only the head", "semicolons", "columns", "no neutral", "twice", "short line"],
)
def test_a_list_that_is_none_is_refused(training, listed, spoil, told):
    listed.write_text(spoil(listed.read_text()))
    with pytest.raises(DataError, match=told) as caught:
        read(listed, training)
    assert str(caught.value).startswith(str(listed))


def test_a_list_that_is_missing_or_no_text_is_refused(training, tmp_path):
    with pytest.raises(DataError, match="no such file; edge-convert writes one"):
        read(tmp_path / "none.csv", training)
    (tmp_path / "photo.csv").write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match="cannot be read as CSV"):
        read(tmp_path / "photo.csv", training)
