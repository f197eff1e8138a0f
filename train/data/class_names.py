"""What other data sets call the seven emotions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from edge.errors import UsageError
from edge.labels import EMOTIONS

DROP = "drop"

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "angry": ("anger",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
    "happy": ("happiness", "joy"),
    "sad": ("sadness",),
    "surprise": ("surprised",),
    "neutral": ("neutrality",),
}
# An eighth emotion that some sets have; FER-2013 has no class it would belong to.
LEFT_OUT = ("contempt", "contemptuous")
KNOWN: Mapping[str, str] = {
    **{name: emotion for emotion, names in SYNONYMS.items() for name in (emotion, *names)},
    **dict.fromkeys(LEFT_OUT, DROP),
}


def class_of(name: str, class_map: Mapping[str, str]) -> str | None:
    """What a folder called `name` holds: one of `EMOTIONS`, or `DROP`; None if nobody can tell.

    Case does not matter, nor do digits and punctuation around the word ("3_Anger"). A bare number
    is never guessed at, since each set counts its classes in its own order.

    Args:
        class_map: The user's own answers, which go first: the folder's name, as it is or in
            lower case, to an emotion or `DROP`.
    """
    for own in (name, name.casefold()):
        if own in class_map:
            return class_map[own]
    return KNOWN.get(re.sub(r"^[\W\d_]+|[\W\d_]+$", "", name).casefold())


def check_class_map(class_map: Mapping[str, str]) -> None:
    """Refuse answers that are no class.

    Raises:
        UsageError: a name is mapped to something that is neither an emotion nor `DROP`.
    """
    for name, told in class_map.items():
        if told not in (*EMOTIONS, DROP):
            raise UsageError(
                f"--map {name}={told}: {told!r} is not one of {', '.join(EMOTIONS)} and {DROP}"
            )
