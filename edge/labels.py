"""The labels that a model may have, their order, and the valence they add up to.

The order of the seven emotions is FER-2013's (Goodfellow et al. 2013). Every array with a 7 in its
shape, in every package here, is in this order.
"""

from __future__ import annotations

from collections.abc import Mapping

EMOTIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

VALENCE: Mapping[str, tuple[str, ...]] = {
    "negative": ("angry", "disgust", "fear", "sad"),
    # Surprise is as often pleasant as not, so it counts for neither side.
    "neutral": ("neutral", "surprise"),
    "positive": ("happy",),
}


# What models are made for, and their labels in the order of the outputs.
TASKS: Mapping[str, tuple[str, ...]] = {
    "emotions": EMOTIONS,
    "valence": tuple(VALENCE),
    "happy-sad": ("happy", "sad"),
}
# Every label that any of them has, once.
LABELS: tuple[str, ...] = tuple(dict.fromkeys(label for task in TASKS.values() for label in task))


def valence(probabilities: Mapping[str, float]) -> dict[str, float]:
    """Add the probabilities of any task up to `negative`, `neutral` and `positive`, summing to 1.

    A model of valence has said it itself; one that knows no neutral face says 0 of it.
    """
    if "negative" in probabilities:
        return {name: probabilities[name] for name in VALENCE}
    return {
        name: sum(probabilities.get(emotion, 0.0) for emotion in members)
        for name, members in VALENCE.items()
    }
