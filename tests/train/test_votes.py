"""FER+'s votes beside folders: given to the right faces, or to none."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import DataError
from train.data import SPLITS, load
from train.data.ferplus import Votes, match_pictures

UNPACK = Path(__file__).parents[3] / "shared" / "data" / "unpack_fer2013.py"


def votes_by_number(faces):
    numbers = [int(faces.name(i)[:-4].rpartition("_")[2]) for i in range(len(faces))]
    return faces.votes[np.argsort(numbers)]


def test_pictures_that_bear_their_row_get_its_votes(generated, splits, tmp_path):
    read = load(generated.write_folders(tmp_path, splits, votes=True), votes_required=True)
    for split in SPLITS:
        np.testing.assert_array_equal(votes_by_number(read[split]), splits[split].votes)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("{split}_1{row:07d}.png", "only 0 of 168 picture names hold a row number of FER+"),
        ("im{row}.png", "none of 168 picture names holds a row number"),
        ("{emotion}{row}.png", "none of 168 picture names holds a row number"),
    ],
)
def test_random_numbers_match_nothing(generated, splits, tmp_path, name, reason):
    folder = generated.write_folders(tmp_path, splits, votes=True, name=name)
    told = []
    read = load(folder, say=told.append)
    assert not any(faces.votes.any() for faces in read.values())
    [line] = [line for line in told if "not used" in line]
    assert reason in line
    assert "fer2013.csv in place of the folders" in line
    with pytest.raises(DataError, match="not used"):
        load(folder, votes_required=True)


def test_numbers_that_start_anew_in_each_class_match_nothing(generated, splits, tmp_path):
    folder = generated.write_folders(tmp_path, splits, votes=True)
    for emotion in ("angry", "sad"):
        for index, path in enumerate(sorted((folder / "train" / emotion).iterdir())):
            path.rename(path.with_name(f"Training_{index}.png"))
    told = []
    assert not load(folder, say=told.append)["Training"].votes.any()
    assert "are not all different" in " ".join(told)


def test_numbers_in_another_order_match_nothing(generated, splits, tmp_path):
    """Within the range and all different, and yet not the rows: the labels give it away."""
    folder = generated.write_folders(tmp_path, splits, votes=True)
    for path in folder.glob("train/*/Training_*.png"):
        row = int(path.stem.rpartition("_")[2])
        path.rename(path.with_name(f"x{(row + 3) % 56:07d}.png"))
    for path in folder.glob("train/*/x*.png"):
        path.rename(path.with_name(f"Training_{path.stem[1:]}.png"))
    told = []
    assert not load(folder, say=told.append)["Training"].votes.any()
    assert "of the labels in Training would be the annotators' first choice" in " ".join(told)


def test_a_face_that_ferplus_leaves_unnamed_has_no_votes(generated, splits, tmp_path):
    folder = generated.write_folders(tmp_path, splits, votes=True)
    table = folder / "fer2013new.csv"
    table.write_text(table.read_text().replace("fer0000004.png", ""))
    told = []
    training = load(folder, say=told.append)["Training"]
    assert np.flatnonzero(~votes_by_number(training).any(axis=1)).tolist() == [4]
    assert f"{table}: 1 of 168 faces have no votes" in told


def test_a_broken_table_beside_folders_is_named(generated, splits, tmp_path):
    folder = generated.write_folders(tmp_path, splits, votes=True)
    table = folder / "fer2013new.csv"
    table.write_text(table.read_text().replace(",9,", ",nine,"))
    with pytest.raises(DataError, match=r"fer2013new\.csv, line 2: a vote is not a number"):
        load(folder)


@st.composite
def tables(draw):
    count = draw(st.integers(1, 30))
    usage = draw(st.lists(st.sampled_from(SPLITS), min_size=count, max_size=count))
    labels = np.array(draw(st.lists(st.integers(0, 6), min_size=count, max_size=count)))
    counts = 9 * np.eye(7, dtype=np.float32)[labels]
    order = draw(st.permutations(range(count)))
    return Votes(counts, tuple(usage), np.arange(count)), labels, order


@given(tables())
def test_a_match_by_name_does_not_depend_on_the_order(table):
    votes, labels, order = table
    names = [f"any/where/{votes.usage[i]}_{i:05d}.jpg" for i in order]
    rows = match_pictures(votes, names, [""] * len(order), labels[list(order)])
    np.testing.assert_array_equal(rows, order)


@given(tables(), st.data())
def test_a_picture_of_another_split_undoes_the_match(table, data):
    votes, labels, order = table
    names = [f"fer{i:07d}.png" for i in order]
    splits = [votes.usage[i] for i in order]
    wrong = data.draw(st.integers(0, len(order) - 1))
    splits[wrong] = "PrivateTest" if splits[wrong] == "Training" else "Training"
    told = match_pictures(votes, names, splits, labels[list(order)])
    assert isinstance(told, str)
    assert names[wrong] in told


@given(st.lists(st.text(max_size=20), min_size=1, max_size=20))
def test_any_names_get_rows_or_a_reason(names):
    votes = Votes(np.ones((3, 7), np.float32), ("Training",) * 3, np.arange(3))
    told = match_pictures(votes, names, [""] * len(names), np.zeros(len(names), np.int64))
    assert isinstance(told, str)


@pytest.fixture(scope="session")
def real_folders(real_data, tmp_path_factory) -> Path:
    if not UNPACK.is_file():
        pytest.skip("no FER-2013 in folders: ../shared/data is not here")
    folder = tmp_path_factory.mktemp("real_folders")
    subprocess.run([sys.executable, str(UNPACK), "--folders", str(folder)], check=True)
    for index, picture in enumerate(sorted(folder.glob("train/*/*.png"))):
        if index % 4:  # decoding all of them would take a minute
            picture.unlink()
    votes = real_data / "fer2013new.csv"
    (folder / votes.name).write_bytes(votes.read_bytes())
    return folder


def test_both_layouts_of_the_real_set_hold_the_same(real_data, real_folders):
    """Every face of the folders, found in the CSV by the number that FER+ gives its row."""
    with (real_data / "fer2013new.csv").open(newline="") as file:
        named = [row["Image name"][3:-4] for row in csv.DictReader(file)]
    read, start = load(real_folders, votes_required=True), 0
    assert [len(faces) for faces in read.values()] == [7_141, 3_589, 3_589]
    for split, rows in load(real_data).items():
        row_of = {number: row for row, number in enumerate(named[start:][: len(rows)]) if number}
        start += len(rows)
        numbers = [read[split].name(i)[:-4].rpartition("_")[2] for i in range(len(read[split]))]
        both = [(i, row_of[number]) for i, number in enumerate(numbers) if number in row_of]
        ours, theirs = (np.array(one) for one in zip(*both, strict=True))
        assert len(read[split]) - len(ours) <= 15  # those that FER+ left without a name
        np.testing.assert_array_equal(read[split].images[ours], rows.images[theirs])
        np.testing.assert_array_equal(read[split].labels[ours], rows.labels[theirs])
        np.testing.assert_array_equal(read[split].votes[ours], rows.votes[theirs])
        assert not np.delete(read[split].votes, ours, axis=0).any()
