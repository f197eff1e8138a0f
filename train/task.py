"""What a network is asked: seven emotions, a valence, or only happy against sad.

A set of faces is read once with its seven emotions; a task joins them into its own labels. The
number of a network's outputs tells which task it was trained for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError, UsageError
from edge.labels import EMOTIONS, VALENCE
from edge.labels import TASKS as LABELS
from train.data import FaceSet

OUTSIDE = -1


@dataclass(frozen=True)
class Task:
    """One question to a face.

    Attributes:
        name: As `--task` takes it.
        labels: The answers, in the order of the network's outputs.
        members: For each label the emotions that it stands for. An emotion that is in none of
            them is outside the task.
    """

    name: str
    labels: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]

    def faces(self, faces: FaceSet) -> FaceSet:
        """The same faces with this task's labels, votes and classes, less those outside it.

        Votes are summed by label; votes for an emotion outside the task are dropped. Where no
        face is left out, the images are the very array that was given, memory-mapped or not.

        Raises:
            DataError: the faces are labelled for yet another task.
        """
        if faces.classes == self.labels:
            return faces
        if faces.classes != EMOTIONS:
            raise DataError(
                f"faces labelled {', '.join(faces.classes)} say nothing of {', '.join(self.labels)}"
            )
        wanted = self._label_of()[faces.labels]
        inside = np.flatnonzero(wanted != OUTSIDE)
        kept = faces if len(inside) == len(faces) else faces[inside]
        votes = kept.votes @ self._membership()
        return replace(kept, labels=wanted[inside], votes=votes, classes=self.labels)

    def outside(self, faces: FaceSet) -> int:
        """How many of these faces `faces` leaves out."""
        if faces.classes == self.labels:
            return 0
        return int((self._label_of()[faces.labels] == OUTSIDE).sum())

    def _membership(self) -> NDArray[np.float32]:
        """(7, k) 1 where the emotion belongs to the label."""
        rows = [[emotion in those for those in self.members] for emotion in EMOTIONS]
        return np.array(rows, dtype=np.float32)

    def _label_of(self) -> NDArray[np.int64]:
        """(7,) index of the label that each emotion belongs to, `OUTSIDE` where there is none."""
        membership = self._membership()
        return np.where(membership.any(axis=1), membership.argmax(axis=1), OUTSIDE)


def _alone(name: str) -> Task:
    return Task(name, LABELS[name], tuple((label,) for label in LABELS[name]))


TASKS: Mapping[str, Task] = {
    "emotions": _alone("emotions"),
    "valence": Task("valence", LABELS["valence"], tuple(VALENCE[one] for one in LABELS["valence"])),
    "happy-sad": _alone("happy-sad"),
}


def find_task(name: str) -> Task:
    """The task of this name.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    try:
        return TASKS[name]
    except KeyError:
        raise UsageError(f"--task {name}: unknown; known: {', '.join(TASKS)}") from None


def task_of(outputs: int) -> Task:
    """The task of a network with this many outputs.

    Raises:
        DataError: no task has as many labels.
    """
    for task in TASKS.values():
        if len(task.labels) == outputs:
            return task
    known = ", ".join(f"{len(task.labels)} for {name}" for name, task in TASKS.items())
    raise DataError(f"a network with {outputs} outputs fits no task; there are {known}")
