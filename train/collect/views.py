"""What every view of the camera is told and may ask for; and the view that shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from edge.vision.face import Box, Gray

GOOD = (90, 200, 90)  # RGB of the box around a face that is kept
POOR = (240, 190, 60)  # and around one that is refused, or while nothing is taken


class Wish(StrEnum):
    """What the person at the camera asks for."""

    START = "start"
    STOP = "stop"
    UNDO = "undo"
    END = "end"


@dataclass(frozen=True)
class State:
    """How far the session is.

    Attributes:
        label: Of the faces taken.
        kept, count: Faces taken so far, and wanted.
        running: Whether faces are being taken.
        note: Why the last shot was refused, or what is waited for; '' where all is well.
        just_kept: Whether this very frame was kept.
    """

    label: str
    kept: int
    count: int
    running: bool
    note: str = ""
    just_kept: bool = False

    def line(self) -> str:
        """The state in one line."""
        done = f"{self.label}: {self.kept} of {self.count} kept"
        note = self.note if self.running else "stopped"
        return f"{done} - {note}" if note else done


class View(Protocol):
    """Shows what the camera sees to the person in front of it; keeps none of it."""

    def show(self, gray: Gray, box: Box | None, face: Gray | None, state: State) -> None:
        """Show one (h, w) uint8 frame, its face, and the crop if it was just kept."""

    def wishes(self) -> list[Wish]:
        """What was asked for since the last call."""

    def close(self) -> None:
        """End the view and leave everything as it was. May be called twice."""


class Lines:
    """No picture: one line for each face kept and for each new reason to refuse."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._told = ("", 0)

    def show(self, gray: Gray, box: Box | None, face: Gray | None, state: State) -> None:  # noqa: ARG002
        """Say what has changed."""
        now = (state.note, state.kept)
        if now != self._told and (state.note or state.just_kept):
            self._say(state.line())
        self._told = now

    def wishes(self) -> list[Wish]:
        """None: nobody is asked."""
        return []

    def close(self) -> None:
        """There is nothing to end."""


def colour(state: State) -> tuple[int, int, int]:
    """RGB of the box around the face."""
    return GOOD if state.running and not state.note else POOR
