"""More faces for training, under other names, and fewer faces, from a list."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import DataError, UsageError
from edge.labels import EMOTIONS
from train.data import SPLITS, class_of, load
from train.data.class_names import KNOWN

OTHER = {
    "angry": "anger",
    "disgust": "Disgusted",
    "fear": "fearful",
    "happy": "3_happiness",
    "sad": "SADNESS",
    "surprise": "surprised",
    "neutral": "neutrality",
}


@pytest.fixture
def more(generated, tmp_path):
    return generated.write_classes(tmp_path / "more", generated.face_set(3, seed=9), OTHER)


@pytest.fixture
def own(generated, splits, tmp_path):
    """A copy of the data that may be changed."""
    return generated.write(tmp_path / "data", splits)


def test_extra_faces_join_training_only(own, more, splits, generated):
    told = []
    read = load(own, extra=[more], say=told.append)
    assert [len(read[split]) for split in SPLITS] == [56 + 21, 56, 56]
    added = read["Training"][56:]
    assert np.bincount(added.labels).tolist() == [3] * 7
    assert not added.votes.any()
    assert added.name(0) == "../more/3_happiness/0003.png"
    assert (own / added.name(0)).is_file()
    np.testing.assert_array_equal(added.images[0], generated.face_set(3, seed=9).images[3])
    counts = ", ".join(f"3 {name}" for name in EMOTIONS)
    assert f"{more}: 21 faces added to Training ({counts})" in told
    np.testing.assert_array_equal(read["PublicTest"].images, splits["PublicTest"].images)


def test_extra_sets_may_have_any_layout_and_keep_their_test_faces(own, generated, tmp_path):
    other = generated.splits(2)
    table = generated.write(tmp_path / "table", other)
    folders = generated.write_folders(tmp_path / "folders", other)
    told = []
    read = load(own, extra=[table, folders], say=told.append)
    assert [len(read[split]) for split in SPLITS] == [56 + 14 + 14, 56, 56]
    assert read["Training"].name(56) == "../table/fer2013.csv, line 2"
    assert read["Training"].votes[56:70].sum() == 140
    assert f"{table / 'fer2013.csv'}: 28 test faces left out" in " ".join(told)
    assert f"{folders / 'test'}: left out, an extra set is trained on only" in told


def test_contempt_in_an_extra_set_is_left_out_and_told(own, more):
    (more / "fearful").rename(more / "8-Contempt")
    told = []
    assert len(load(own, extra=[more], say=told.append)["Training"]) == 56 + 18
    assert f"{more / '8-Contempt'}: 3 pictures left out" in told


def test_an_unknown_name_can_be_explained_or_dropped(own, more):
    (more / "fearful").rename(more / "Dread")
    with pytest.raises(DataError, match=r"more/Dread: 'Dread' is no emotion known here"):
        load(own, extra=[more])
    kept = load(own, extra=[more], class_map={"dread": "fear"})["Training"]
    assert np.bincount(kept.labels[56:]).tolist() == [3] * 7
    dropped = load(own, extra=[more], class_map={"Dread": "drop"})["Training"]
    assert EMOTIONS.index("fear") not in dropped.labels[56:]


@pytest.mark.parametrize(
    ("class_map", "told"),
    [
        ({"anger": "rage"}, "--map anger=rage: 'rage' is not one of angry, .*, neutral and drop"),
        ({"angre": "angry"}, "--map angre: no class folder has this name"),
    ],
)
def test_an_explanation_that_explains_nothing_is_refused(own, more, class_map, told):
    with pytest.raises(UsageError, match=told):
        load(own, extra=[more], class_map=class_map)


def test_the_test_faces_cannot_come_in_by_the_back_door(own, more):
    for extra in ([own], [own / "fer2013.csv"], [more, more / ".." / "more"]):
        with pytest.raises(UsageError, match="is given already, as --data or --extra"):
            load(own, extra=extra)


def test_an_empty_class_folder_in_an_extra_set_is_named(own, more):
    for picture in (more / "anger").iterdir():
        picture.unlink()
    with pytest.raises(DataError, match=r"more/anger: holds no pictures"):
        load(own, extra=[more])


def test_a_missing_extra_set_is_named(own, tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such file; --extra takes the folder"):
        load(own, extra=[tmp_path / "nowhere"])


@given(st.sampled_from(sorted(KNOWN)), st.sampled_from(["", "1_", "03-", "2. "]), st.booleans())
def test_known_names_are_known_in_any_dress(name, before, upper):
    told = class_of(before + (name.upper() if upper else name), {})
    assert told == KNOWN[name]


@given(st.text(max_size=12), st.sampled_from([*EMOTIONS, "drop"]))
def test_the_users_answer_goes_first(name, answer):
    assert class_of(name, {name: answer}) == answer


@given(st.text(max_size=12))
def test_any_other_name_is_nobodys_guess(name):
    told = class_of(name, {})
    letters = "".join(character for character in name.casefold() if character.isalpha())
    assert told is None or letters in KNOWN


@given(st.from_regex(r"[0-9_ .-]{0,6}", fullmatch=True))
def test_numbers_are_never_guessed_at(name):
    assert class_of(name, {}) is None


def write_list(path, kept, head=("split", "name")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *kept])
    return path


def everything(splits):
    return [(split, faces.name(i)) for split, faces in splits.items() for i in range(len(faces))]


def test_a_list_keeps_what_it_names(own, tmp_path):
    whole = load(own)
    kept = everything(whole)[::3]
    told = []
    read = load(own, only=write_list(tmp_path / "kept.csv", kept[::-1]), say=told.append)
    assert everything(read) == kept  # in the order of the data
    for split in SPLITS:
        assert isinstance(read[split].images, np.memmap)
        where = [i for i in range(len(whole[split])) if (split, whole[split].name(i)) in set(kept)]
        np.testing.assert_array_equal(read[split].images, whole[split].images[where])
        np.testing.assert_array_equal(read[split].labels, whole[split].labels[where])
        np.testing.assert_array_equal(read[split].votes, whole[split].votes[where])
    assert f"{tmp_path / 'kept.csv'}: 56 of 168 faces kept" in told


def test_a_list_reaches_into_extra_sets(own, more, tmp_path):
    whole = everything(load(own, extra=[more]))
    kept = [entry for entry in whole if entry != ("Training", "../more/anger/0000.png")]
    read = load(own, extra=[more], only=write_list(tmp_path / "kept.csv", kept))
    assert len(read["Training"]) == 56 + 20


def test_a_list_of_other_faces_is_refused(own, more, tmp_path):
    kept = everything(load(own, extra=[more]))
    path = write_list(tmp_path / "kept.csv", kept)
    with pytest.raises(DataError) as caught:
        load(own, only=path)
    assert str(caught.value).startswith(
        f"{path}: 21 of its 189 faces are not in the data, '../more/3_happiness/0003.png' of "
        "Training first"
    )


def test_a_face_of_another_split_is_another_face(own, tmp_path):
    kept = [("PublicTest" if s == "Training" else s, name) for s, name in everything(load(own))]
    with pytest.raises(DataError, match="56 of its 168 faces are not in the data"):
        load(own, only=write_list(tmp_path / "kept.csv", kept))


@pytest.mark.parametrize(
    ("rows", "head", "told"),
    [
        ([], ("split", "name"), "lists no faces"),
        ([("Training", "a")], ("split", "file"), "no column name in its first line"),
        ([("Train", "a")], ("split", "name"), "line 2: split 'Train' is not one of"),
        ([("Training", "")], ("split", "name"), "line 2: names no face"),
        (
            [("Training", "fer2013.csv, line 2")],
            ("split", "name"),
            "keeps no PublicTest faces; all three splits are needed",
        ),
    ],
)
def test_a_broken_list_is_named(own, tmp_path, rows, head, told):
    path = write_list(tmp_path / "kept.csv", rows, head)
    with pytest.raises(DataError) as caught:
        load(own, only=path)
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)


def test_a_missing_list_is_named(own, tmp_path):
    with pytest.raises(DataError, match=r"kept\.csv: no such file; edge-train audit --fix"):
        load(own, only=tmp_path / "kept.csv")
