"""The seven emotions, their order, and the valence they add up to.

The order is FER-2013's (Goodfellow et al. 2013). Every array with a 7 in its shape, in every
package here, is in this order.
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


def valence(probabilities: Mapping[str, float]) -> dict[str, float]:
    """Add the seven probabilities up to `negative`, `neutral` and `positive`, summing to 1."""
    return {
        name: sum(probabilities[emotion] for emotion in members)
        for name, members in VALENCE.items()
    }
