"""Pictures in class folders: which split, which label, what is passed over, what is refused."""

from __future__ import annotations

from collections import Counter

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import DataError
from edge.labels import EMOTIONS
from edge.vision.face import normalise
from train.data import SPLITS, TEST_SPLITS, list_pictures, load
from train.data.folder_layout import read_face
from train.data.spread import spread


@pytest.fixture
def folders(generated, splits, tmp_path):
    return generated.write_folders(tmp_path / "set", splits)


@pytest.fixture
def classes(generated, tmp_path):
    """Thirty pictures of each emotion, in no split."""
    return generated.write_classes(tmp_path / "set", generated.face_set(30, seed=5))


def by_name(faces):
    return {faces.name(i): (faces.images[i].tobytes(), faces.labels[i]) for i in range(len(faces))}


def test_the_folders_hold_what_the_csv_holds(folders, data):
    read, expected = load(folders), load(data)
    for split in SPLITS:
        names = [read[split].name(i).rpartition("_")[2] for i in range(len(read[split]))]
        order = np.argsort(names)
        np.testing.assert_array_equal(read[split].images[order], expected[split].images)
        np.testing.assert_array_equal(read[split].labels[order], expected[split].labels)
    assert read["Training"].name(0) == "train/angry/Training_0000000.png"


def test_names_without_a_split_leave_test_whole_and_take_a_tenth_of_train(
    generated, splits, tmp_path
):
    folder = generated.write_folders(tmp_path, splits, name="{split[1]}{row}.png")
    told = []
    read = load(folder, say=told.append)
    assert {name: len(faces) for name, faces in read.items()} == {
        "Training": 49,
        "PublicTest": 7,
        "PrivateTest": 112,
    }
    assert np.bincount(read["PublicTest"].labels).tolist() == [1] * 7
    assert "a tenth of each class held back as PublicTest" in told


def test_a_folder_val_is_publictest(generated, splits, tmp_path):
    folder = generated.write_folders(tmp_path, splits, name="{split[1]}{row}.png")
    generated.write_classes(folder / "val", splits["PublicTest"])
    read = load(folder)
    assert [len(read[split]) for split in SPLITS] == [56, 56, 112]


def test_class_folders_alone_are_divided_by_class(classes):
    read = load(classes)
    assert [np.bincount(read[split].labels).tolist() for split in SPLITS] == [
        [24] * 7,
        [3] * 7,
        [3] * 7,
    ]
    names = [faces.name(i) for faces in read.values() for i in range(len(faces))]
    assert len(set(names)) == 210


def test_the_division_stays_when_faces_are_added(classes):
    before = {picture.file: picture.split for picture in list_pictures(classes)}
    for index in range(3):
        assert cv2.imwrite(str(classes / "sad" / f"new{index}.png"), np.full((48, 48), 9, np.uint8))
    after = {picture.file: picture.split for picture in list_pictures(classes)}
    assert sum(after[name] != split for name, split in before.items()) <= 3
    assert all(after[n] == s for n, s in before.items() if not n.startswith("sad/"))


@given(
    st.sets(st.text(max_size=8), max_size=60).map(sorted),
    st.sampled_from([(), TEST_SPLITS[:1], TEST_SPLITS[1:], TEST_SPLITS]),
)
def test_each_face_is_in_one_split_and_each_split_has_its_share(names, missing):
    told = spread(names, missing)
    count = Counter(told)
    assert len(told) == len(names)
    assert set(count) <= {"Training", *missing}
    for split in missing:
        if len(names) > len(missing):
            assert abs(count[split] - len(names) / 10) <= 1
            assert count[split] >= 1
    assert not names or count["Training"] >= 1
    backwards = spread(names[::-1], missing)
    assert dict(zip(names, told, strict=True)) == dict(zip(names[::-1], backwards, strict=True))


def test_other_ways_to_call_the_folders_are_understood(generated, tmp_path):
    faces = generated.face_set(3, seed=1)
    names = {"angry": "1_Anger", "happy": "HAPPINESS", "fear": "afraid", "neutral": "Neutrality"}
    plain = load(generated.write_classes(tmp_path / "plain", faces))
    read = load(generated.write_classes(tmp_path / "other", faces, names))
    for split in SPLITS:
        assert np.bincount(read[split].labels).tolist() == np.bincount(plain[split].labels).tolist()


@pytest.mark.parametrize("ending", [".png", ".bmp", ".jpg", ".JPEG", ".webp"])
@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3), (200, 120, 3), (20, 31), (48, 48, 4)])
def test_any_size_and_colour_becomes_what_the_device_would_see(tmp_path, ending, shape):
    rng = np.random.default_rng(1)
    # blocks, for noise is what JPEG is worst at
    picture = cv2.resize(rng.integers(0, 256, (4, 4), dtype=np.uint8), shape[1::-1])
    if len(shape) == 3:
        colour = {3: cv2.COLOR_GRAY2BGR, 4: cv2.COLOR_GRAY2BGRA}[shape[2]]
        picture = cv2.cvtColor(picture, colour)
    path = tmp_path / f"face{ending}"
    assert cv2.imwrite(str(path), picture)
    gray = picture if picture.ndim == 2 else picture[..., 0]
    face = read_face(path)
    assert (face.shape, face.dtype) == ((48, 48), np.uint8)
    lossless = ending in (".png", ".bmp")
    expected = normalise(np.ascontiguousarray(gray), 48).astype(int)
    assert np.abs(face - expected).mean() <= (0 if lossless else 4)


def test_names_beyond_ascii_are_read(classes):
    (classes / "sad" / "0004.png").rename(classes / "sad" / "schön 悲.png")
    names = [faces.name(i) for faces in load(classes).values() for i in range(len(faces))]
    assert "sad/schön 悲.png" in names


def test_what_is_no_picture_is_passed_over_and_told(classes):
    (classes / "sad" / "list.txt").write_text("one\n")
    (classes / "sad" / "Thumbs.db").write_bytes(b"\0")
    (classes / "sad" / ".DS_Store").write_bytes(b"\0")
    (classes / "sad" / "._0001.png").write_bytes(b"\0")
    (classes / "__MACOSX").mkdir()
    (classes / "README.md").write_text("faces\n")
    told = []
    assert sum(map(len, load(classes, say=told.append).values())) == 210
    [line] = [line for line in told if "no pictures" in line]
    assert line.startswith(f"{classes / 'sad'}: 2 files that are no pictures passed over (")
    assert "1 .txt" in line
    assert "1 .db" in line


def test_contempt_is_left_out_with_its_count(classes):
    (classes / "sad").rename(classes / "contempt")
    told = []
    read = load(classes, say=told.append)
    assert f"{classes / 'contempt'}: 30 pictures left out" in told
    assert EMOTIONS.index("sad") not in read["Training"].labels


def test_what_was_left_out_is_told_again_when_the_pack_is_read(classes):
    (classes / "sad").rename(classes / "contempt")
    first, second = [], []
    load(classes, say=first.append)
    load(classes, say=second.append)
    assert second == first
    assert second


def test_one_damaged_picture_in_many_is_passed_over_and_named(classes):
    broken = classes / "sad" / "0004.png"
    broken.write_bytes(broken.read_bytes()[:60])
    told = []
    read = load(classes, say=told.append)
    assert sum(map(len, read.values())) == 209
    [line] = [line for line in told if "passed over" in line]
    assert line.startswith(f"{classes}: 1 pictures passed over: {broken}: is not a picture")


def test_many_damaged_pictures_are_an_error_that_names_one(classes):
    for index in (4, 11, 18):
        (classes / "sad" / f"{index:04d}.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"0018\.png: is not a picture.*up to 1% of 210 pictures"):
        load(classes)


def test_an_empty_class_folder_is_named(folders):
    for picture in (folders / "test" / "fear").iterdir():
        picture.unlink()
    with pytest.raises(DataError, match=r"test/fear: holds no pictures"):
        load(folders)


def test_an_unknown_class_is_named_with_those_known(classes):
    (classes / "sad").rename(classes / "gloomy")
    with pytest.raises(DataError) as caught:
        load(classes)
    assert str(caught.value).startswith(f"{classes / 'gloomy'}: 'gloomy' is no emotion known here")
    assert "sadness" in str(caught.value)
    assert "--map gloomy=CLASS" in str(caught.value)


@pytest.mark.parametrize("inside", ["", "archive/angry"])
def test_a_folder_that_is_no_data_set_is_refused(tmp_path, inside):
    (tmp_path / inside).mkdir(parents=True, exist_ok=True)
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "fer2013.csv" in str(caught.value) or "'archive' is no emotion" in str(caught.value)


def test_too_few_faces_for_three_splits_are_refused(generated, tmp_path):
    folder = generated.write_classes(tmp_path, generated.face_set(2, seed=1))
    with pytest.raises(DataError, match="holds no PrivateTest faces"):
        load(folder)


def test_two_folders_for_one_split_are_refused(folders):
    (folders / "training").mkdir()
    with pytest.raises(DataError, match="are both Training"):
        load(folders)
