import pytest

from edge.labels import EMOTIONS, LABELS, TASKS, VALENCE, valence


def test_emotions_are_in_the_order_of_fer2013() -> None:
    assert EMOTIONS == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def test_every_emotion_counts_for_exactly_one_valence() -> None:
    members = [emotion for names in VALENCE.values() for emotion in names]
    assert sorted(members) == sorted(EMOTIONS)


@pytest.mark.parametrize(
    ("emotion", "expected"),
    [
        *((name, "negative") for name in ("angry", "disgust", "fear", "sad")),
        ("happy", "positive"),
        ("surprise", "neutral"),
        ("neutral", "neutral"),
    ],
)
def test_a_certain_emotion_has_its_valence(emotion: str, expected: str) -> None:
    told = valence({name: float(name == emotion) for name in EMOTIONS})
    assert told == {name: float(name == expected) for name in ("negative", "neutral", "positive")}


def test_valence_sums_to_one() -> None:
    told = valence(dict(zip(EMOTIONS, (0.1, 0.05, 0.15, 0.3, 0.2, 0.15, 0.05), strict=True)))
    assert told == pytest.approx({"negative": 0.5, "neutral": 0.2, "positive": 0.3})


def test_a_model_of_valence_has_said_it_itself() -> None:
    told = {"positive": 0.5, "negative": 0.3, "neutral": 0.2}
    assert valence(told) == told
    assert list(valence(told)) == ["negative", "neutral", "positive"]


def test_a_model_that_knows_no_neutral_face_says_none_of_it() -> None:
    assert valence({"happy": 0.75, "sad": 0.25}) == {
        "negative": 0.25,
        "neutral": 0.0,
        "positive": 0.75,
    }


def test_the_tasks_differ_in_the_number_of_their_labels() -> None:
    """That is how a model file tells its task."""
    assert len({len(labels) for labels in TASKS.values()}) == len(TASKS)
    assert set(LABELS) == {label for labels in TASKS.values() for label in labels}
    assert len(LABELS) == len(set(LABELS))
