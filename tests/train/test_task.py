"""Tasks: which labels they have, and how a set of faces is relabelled for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import DataError, UsageError
from edge.labels import EMOTIONS, VALENCE
from edge.labels import TASKS as LABELS
from train.data import FaceSet
from train.task import TASKS, find_task, task_of

SIZES = {"emotions": 7, "valence": 3, "happy-sad": 2}


def faces_of(labels, votes=None) -> FaceSet:
    """One face an index; its pixels say which it was."""
    labels = np.asarray(labels, np.int64)
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None] * np.ones((48, 48), np.uint8)
    if votes is None:
        votes = np.zeros((len(labels), 7), np.float32)
    return FaceSet(images, labels, np.asarray(votes, np.float32))


all_labels = st.lists(st.integers(0, 6), min_size=1, max_size=40)


def test_tasks_have_the_labels_that_a_card_may_have():
    assert {name: task.labels for name, task in TASKS.items()} == dict(LABELS)
    assert {name: len(task.labels) for name, task in TASKS.items()} == SIZES


@pytest.mark.parametrize(("name", "outputs"), SIZES.items())
def test_the_number_of_outputs_tells_the_task(name, outputs):
    assert task_of(outputs) is TASKS[name] is find_task(name)


@pytest.mark.parametrize("outputs", [0, 1, 4, 1000])
def test_no_task_has_so_many_outputs(outputs):
    with pytest.raises(DataError, match=f"with {outputs} outputs fits no task; there are 7 for"):
        task_of(outputs)


def test_an_unknown_task_names_the_known_ones():
    with pytest.raises(UsageError, match=r"--task mood: unknown; known: emotions, valence, happy-"):
        find_task("mood")


@given(all_labels)
def test_valence_keeps_every_face(labels):
    told = TASKS["valence"].faces(faces_of(labels))
    assert told.classes == ("negative", "neutral", "positive")
    for before, after in zip(labels, told.labels, strict=True):
        assert EMOTIONS[before] in VALENCE[told.classes[after]]
    assert TASKS["valence"].outside(faces_of(labels)) == 0


@given(all_labels)
def test_happy_sad_leaves_the_others_out(labels):
    told = TASKS["happy-sad"].faces(faces_of(labels))
    kept = [i for i, label in enumerate(labels) if EMOTIONS[label] in ("happy", "sad")]
    assert told.images[:, 0, 0].tolist() == kept
    assert [told.classes[label] for label in told.labels] == [EMOTIONS[labels[i]] for i in kept]
    assert TASKS["happy-sad"].outside(faces_of(labels)) == len(labels) - len(kept)


@given(st.lists(st.integers(0, 10), min_size=7, max_size=7))
def test_votes_add_up_by_label(votes):
    by_emotion = dict(zip(EMOTIONS, votes, strict=True))
    told = TASKS["valence"].faces(faces_of([3], [votes])).votes
    expected = [sum(by_emotion[one] for one in members) for members in VALENCE.values()]
    assert told.tolist() == [expected]
    both = TASKS["happy-sad"].faces(faces_of([3], [votes])).votes
    assert both.tolist() == [[by_emotion["happy"], by_emotion["sad"]]]


def test_the_majority_is_that_of_the_task():
    """Four call it angry and three sad: nobody's majority, but seven of ten call it negative."""
    face = faces_of([0], [[4, 0, 0, 0, 3, 0, 3]])
    assert face.majority.tolist() == [-1]
    assert TASKS["valence"].faces(face).majority.tolist() == [0]


@pytest.mark.parametrize("name", ["emotions", "valence"])
def test_a_memory_map_is_not_copied(name, tmp_path):
    images = np.lib.format.open_memmap(
        tmp_path / "faces.npy", mode="w+", dtype=np.uint8, shape=(7, 48, 48)
    )
    faces = FaceSet(images, np.arange(7), np.zeros((7, 7), np.float32))
    assert TASKS[name].faces(faces).images is images


def test_where_faces_came_from_goes_with_them():
    names = np.array([f"fer2013.csv, line {i}" for i in range(7)], dtype=object)
    faces = faces_of(range(7))
    told = TASKS["happy-sad"].faces(
        FaceSet(faces.images, faces.labels, faces.votes, EMOTIONS, names)
    )
    assert [told.name(i) for i in range(2)] == ["fer2013.csv, line 3", "fer2013.csv, line 4"]


@pytest.mark.parametrize("name", TASKS)
def test_faces_of_the_task_stay_as_they_are(name):
    task = TASKS[name]
    told = task.faces(faces_of(range(7)))
    assert task.faces(told) is told
    assert task.outside(told) == 0


def test_faces_of_one_task_do_not_become_those_of_another():
    told = TASKS["valence"].faces(faces_of(range(7)))
    with pytest.raises(DataError, match="labelled negative, neutral, positive say nothing of angr"):
        TASKS["emotions"].faces(told)


def test_no_faces_at_all():
    empty = faces_of([0])[:0]
    for task in TASKS.values():
        told = task.faces(empty)
        assert len(told) == 0
        assert told.votes.shape == (0, len(task.labels))
