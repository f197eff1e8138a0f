"""Reading FER-2013 as it is published, and what is said of files that are not."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.errors import DataError, UsageError
from edge.labels import EMOTIONS
from train.data import LABELS, FaceSet, load, soft_targets
from train.data.csv_layout import _face


def test_load_returns_what_was_written(data, splits):
    read = load(data)
    assert list(read) == ["Training", "PublicTest", "PrivateTest"]
    for name, faces in read.items():
        np.testing.assert_array_equal(faces.images, splits[name].images)
        np.testing.assert_array_equal(faces.labels, splits[name].labels)
        np.testing.assert_array_equal(faces.votes, splits[name].votes)
        assert (faces.images.dtype, faces.labels.dtype, faces.votes.dtype) == (
            np.uint8,
            np.int64,
            np.float32,
        )


def test_the_file_itself_may_be_given(data):
    assert len(load(data / "fer2013.csv")["Training"]) == 56


def test_without_votes_the_labels_stand_alone(table):
    faces = load(table(votes=False))["Training"]
    assert not faces.votes.any()
    assert faces.majority.tolist() == [-1]
    assert soft_targets(faces, ferplus_share=1.0)[0, faces.labels[0]] == 1


def test_a_byte_order_mark_and_blank_lines_are_read_over(table):
    folder = table(edit=lambda text: "\ufeff" + text.replace("\n", "\n\n"))
    assert len(load(folder)["Training"]) == 1


def cell(column: int, value: str, line: int = 3):
    """Replace one cell of one line, both counted as a person does."""

    def edit(text: str) -> str:
        lines = text.splitlines()
        cells = lines[line - 1].split(",")
        cells[column] = value
        lines[line - 1] = ",".join(cells)
        return "\n".join(lines) + "\n"

    return edit


def pixels(first: str, count: int = 2304) -> str:
    return " ".join([first, *["7"] * (count - 1)])


BROKEN = {
    "empty file": ("fer2013.csv", lambda _: "", "no column Usage, emotion, pixels"),
    "only a head": ("fer2013.csv", lambda t: t.splitlines()[0] + "\n", "holds no faces"),
    "no pixels column": (
        "fer2013.csv",
        lambda t: t.replace("pixels", "image"),
        "no column pixels in its first line",
    ),
    "2303 pixels": ("fer2013.csv", cell(1, pixels("7", 2303)), "line 3: 2303 pixels where 2304"),
    "no pixels": ("fer2013.csv", cell(1, ""), "line 3: 0 pixels where 2304"),
    "pixel of 300": ("fer2013.csv", cell(1, pixels("300")), "line 3: a pixel outside 0-255"),
    "pixel of -1": ("fer2013.csv", cell(1, pixels("-1")), "line 3: a pixel outside 0-255"),
    "pixel of 65537": ("fer2013.csv", cell(1, pixels("65537")), "line 3: a pixel outside"),
    "pixel beyond 64 bits": (
        "fer2013.csv",
        cell(1, pixels("9" * 30)),
        "line 3: pixels are not whole numbers",
    ),
    "pixel of 1.5": ("fer2013.csv", cell(1, pixels("1.5")), "line 3: pixels are not whole"),
    "label 7": ("fer2013.csv", cell(0, "7"), "line 3: label '7' is not one of 0-6"),
    "label -1": ("fer2013.csv", cell(0, "-1"), "line 3: label '-1' is not one of 0-6"),
    "no label": ("fer2013.csv", cell(0, ""), "line 3: label '' is not one of 0-6"),
    "unknown Usage": ("fer2013.csv", cell(2, "Test"), "line 3: Usage 'Test' is not one of"),
    "cut off in a row": ("fer2013.csv", lambda t: t[: len(t) - 40], "line 4: Usage None"),
    "line after a blank one": (
        "fer2013.csv",
        lambda t: cell(0, "9")(t).replace("Usage\n", "Usage\n\n"),
        "line 4: label '9'",
    ),
    "fewer votes": (
        "fer2013new.csv",
        lambda t: "\n".join(t.splitlines()[:-1]),
        "2 rows of votes beside 3 faces",
    ),
    "another Usage": (
        "fer2013new.csv",
        cell(0, "Training"),
        "Usage of row 2 is 'Training', in fer2013.csv it is 'PublicTest'",
    ),
    "no votes at all": ("fer2013new.csv", lambda _: "", "no column anger, disgust"),
    "vote missing": ("fer2013new.csv", cell(6, ""), "line 3: a vote is not a number"),
    "vote cut off": ("fer2013new.csv", lambda t: t.rstrip()[:-8], "line 4: a vote is not"),
    "vote of nan": ("fer2013new.csv", cell(6, "nan"), "line 3: a vote is not a count"),
    "vote of inf": ("fer2013new.csv", cell(6, "inf"), "line 3: a vote is not a count"),
    "vote of -1": ("fer2013new.csv", cell(6, "-1"), "line 3: a vote is not a count"),
}


@pytest.mark.parametrize(("file", "edit", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_its_line(table, file, edit, told):
    folder = table(file, edit)
    with pytest.raises(DataError) as caught:
        load(folder)
    assert str(caught.value).startswith(str(folder / file))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text_is_refused(table):
    folder = table()
    (folder / "fer2013.csv").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        load(folder)


def test_a_set_without_one_of_the_splits_is_refused(table):
    folder = table(edit=lambda text: text.replace("PrivateTest", "PublicTest"), votes=False)
    with pytest.raises(DataError, match="holds no PrivateTest faces"):
        load(folder)


@pytest.mark.parametrize("name", ["nowhere", "nowhere/fer2013.csv"])
def test_a_missing_file_says_what_is_wanted(tmp_path, name):
    with pytest.raises(DataError, match=r"no such file; --data takes the folder"):
        load(tmp_path / name)


def test_a_face_is_named_by_its_line(data):
    splits = load(data)
    assert splits["Training"].name(0) == "fer2013.csv, line 2"
    assert splits["PublicTest"].name(3) == "fer2013.csv, line 61"
    assert splits["PublicTest"][2:].name(1) == "fer2013.csv, line 61"


def test_votes_are_asked_for_only_when_they_are_needed(table):
    folder = table(votes=False)
    assert len(load(folder)["Training"]) == 1
    with pytest.raises(DataError, match=r"fer2013new.csv: no votes there"):
        load(folder, votes_required=True)
    assert load(table(votes=True), votes_required=True)["PublicTest"].votes.sum() == 10


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=64), st.sampled_from(["{}", "{:03d}", "+{}", " {}"]))
def test_pixels_are_read_however_they_are_written(some, form):
    values = np.resize(np.frombuffer(some, np.uint8), 2304).tolist()
    row = {"emotion": "3", "pixels": " ".join(map(form.format, values)), "Usage": "Training"}
    image, label, split = _face(row, "here")
    np.testing.assert_array_equal(image.ravel(), values)
    assert (image.shape, image.dtype, label, split) == ((48, 48), np.uint8, 3, "Training")


@given(st.lists(st.text(" 0123456789-+.e_", max_size=4), max_size=12), st.integers(2300, 2306))
def test_other_pixels_are_refused_with_their_place(words, sevens):
    """Whatever is there: 2,304 whole numbers of 0 to 255, or a DataError."""
    text = " ".join([*words, *["7"] * sevens])
    row = {"emotion": "0", "pixels": text, "Usage": "Training"}
    good = [word for word in text.split() if re.fullmatch(r"[+-]?\d+(_\d+)*", word)]
    if len(good) == len(text.split()) == 2304 and all(0 <= int(word) <= 255 for word in good):
        assert _face(row, "here")[0].ravel().tolist() == list(map(int, good))
    else:
        with pytest.raises(DataError, match=r"^here: "):
            _face(row, "here")


def test_faces_without_names_are_counted():
    faces = FaceSet(np.zeros((2, 48, 48), np.uint8), np.zeros(2, np.int64), np.zeros((2, 7)))
    assert faces.name(1) == "face 1"
    assert faces[np.array([True, False])].names is None


def test_majority_asks_for_more_than_five_of_ten():
    votes = np.zeros((3, 7), np.float32)
    votes[0, 2], votes[1, 2], votes[1, 3] = 6, 5, 5
    faces = FaceSet(np.zeros((3, 48, 48), np.uint8), np.zeros(3, np.int64), votes)
    assert faces.majority.tolist() == [2, -1, -1]


@st.composite
def labelled(draw) -> FaceSet:
    count = draw(st.integers(1, 6))
    labels = draw(hnp.arrays(np.int64, count, elements=st.integers(0, 6)))
    votes = draw(hnp.arrays(np.float32, (count, 7), elements=st.integers(0, 10).map(float)))
    return FaceSet(np.zeros((count, 48, 48), np.uint8), labels, votes)


@given(labelled(), st.floats(0, 1), st.floats(0, 1), st.sampled_from(LABELS))
def test_soft_targets_are_distributions(faces, share, smoothing, labels):
    targets = soft_targets(faces, share, smoothing, labels)
    assert (targets.shape, targets.dtype) == ((len(faces), 7), np.float32)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
    assert targets.min() >= 0
    assert targets.max() <= 1 + 1e-6


@given(labelled())
def test_a_share_of_zero_is_the_label_alone(faces):
    np.testing.assert_array_equal(soft_targets(faces, 0.0), np.eye(7)[faces.labels])


@given(labelled(), st.floats(0, 1), st.floats(0, 1))
def test_labels_choose_one_end_of_the_mixture(faces, share, smoothing):
    for labels, end in (("fer2013", 0.0), ("ferplus", 1.0)):
        told = soft_targets(faces, share, smoothing, labels)
        np.testing.assert_array_equal(told, soft_targets(faces, end, smoothing))


def test_targets_have_as_many_columns_as_classes():
    votes = np.array([[6, 4], [0, 0]], np.float32)
    faces = FaceSet(np.zeros((2, 48, 48), np.uint8), np.array([1, 0]), votes, ("happy", "sad"))
    mixed = soft_targets(faces, 0.5)
    np.testing.assert_allclose(mixed, [[0.3, 0.7], [1, 0]], atol=1e-6)
    smooth = soft_targets(faces, 0.5, 0.1)
    np.testing.assert_allclose(smooth, 0.9 * mixed + 0.05, atol=1e-6)


def test_other_labels_are_refused(splits):
    with pytest.raises(UsageError, match="--labels fer: must be one of fer2013, ferplus, both"):
        soft_targets(splits["Training"], labels="fer")


@given(labelled())
def test_a_share_of_one_is_the_votes_where_there_are_any(faces):
    targets = soft_targets(faces, 1.0)
    for target, votes, label in zip(targets, faces.votes, faces.labels, strict=True):
        expected = votes / votes.sum() if votes.any() else np.eye(7)[label]
        np.testing.assert_allclose(target, expected, atol=1e-6)


def test_the_real_set_is_read_whole(real_data):
    splits = load(real_data)
    assert {name: len(faces) for name, faces in splits.items()} == {
        "Training": 28_561,
        "PublicTest": 3_589,
        "PrivateTest": 3_589,
    }
    private = splits["PrivateTest"]
    assert int((private.majority >= 0).sum()) == 2_720
    assert int((private.labels == EMOTIONS.index("angry")).sum()) == 491
    assert private.images.shape == (3_589, 48, 48)
