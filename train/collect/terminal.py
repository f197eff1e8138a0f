"""The camera's view as text: two grey pixels in each character, the lower and the upper half."""

from __future__ import annotations

import os
import select
import shutil
import sys
import termios
import tty
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.vision.face import Box, Gray
from train.collect.views import State, Wish, colour

HALF = "\N{UPPER HALF BLOCK}"
RESET = "\x1b[0m"
ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"  # a screen of its own, without a cursor
LEAVE = "\x1b[?25h\x1b[?1049l"
HOME, CLEAR_LINE, CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
KEYS = "space stops and goes on, u takes the last one back, q ends"
FEWEST = (20, 6)  # columns and lines below which there is nothing to see


class Terminal:
    """A view in the terminal that standard output writes to.

    Raises:
        UsageError: standard output is no terminal.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        if not self._out.isatty():
            raise UsageError("--view terminal: the output is no terminal; use --view page or none")
        self._deep = knows_all_colours(os.environ)
        self._running, self._open = True, True
        self._keys = Keys()
        self._write(ENTER)

    def show(self, gray: Gray, box: Box | None, face: Gray | None, state: State) -> None:  # noqa: ARG002
        """Draw the frame over the one before."""
        self._running = state.running
        columns, lines = shutil.get_terminal_size()
        text = (state.line(), KEYS if self._keys.readable else "Ctrl-C ends")
        picture = draw(mirrored(gray, box, state), columns, lines - len(text), self._deep)
        told = [line[: columns - 1] for line in text]
        screen = f"{CLEAR_LINE}\r\n".join([*picture, *told])
        self._write(HOME + screen + CLEAR_LINE + CLEAR_BELOW)

    def wishes(self) -> list[Wish]:
        """The keys pressed since the last call."""
        toggle = Wish.STOP if self._running else Wish.START
        meant = {" ": toggle, "u": Wish.UNDO, "q": Wish.END}
        return [meant[key] for key in self._keys.pressed() if key in meant]

    def close(self) -> None:
        """Bring back the screen and the keyboard as they were."""
        if self._open:
            self._open = False
            self._keys.close()
            self._write(LEAVE)

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


class Keys:
    """Single keys from standard input, where that is a terminal."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None
        with suppress(OSError, ValueError, termios.error):  # closed, or no terminal
            self._descriptor = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)

    @property
    def readable(self) -> bool:
        """Whether there is a keyboard."""
        return self._before is not None

    def pressed(self) -> str:
        """What was typed since the last call; waits for nothing."""
        typed = b""
        while self.readable and select.select([self._descriptor], [], [], 0)[0]:
            more = os.read(self._descriptor, 64)
            if not more:
                break
            typed += more
        return typed.decode(errors="ignore")

    def close(self) -> None:
        """Give the terminal back its line editing."""
        if self._before is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
            self._before = None


def knows_all_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says that it shows 24-bit colours; all others are given 256."""
    return environment.get("COLORTERM", "").lower() in {"truecolor", "24bit"}


def mirrored(gray: Gray, box: Box | None, state: State) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB of a (h, w) uint8 frame, as a mirror shows it, its face framed."""
    picture = np.repeat(gray[:, :, None], 3, axis=2)
    if box is not None:
        thick = max(2, gray.shape[1] // 60)  # so that the frame outlasts being shrunk
        corner = (box.x + box.w, box.y + box.h)
        cv2.rectangle(picture, (box.x, box.y), corner, colour(state), thick)
    return picture[:, ::-1]


def draw(picture: NDArray[np.uint8], columns: int, lines: int, deep: bool = True) -> list[str]:
    """Lines of text that show a (h, w, 3) uint8 RGB picture in its proportions.

    Args:
        columns, lines: Room in the terminal; a character is taken to be twice as high as wide.
        deep: 24-bit colours; otherwise the 256 of xterm.
    """
    if columns < FEWEST[0] or lines < FEWEST[1]:
        return []
    height, width = picture.shape[:2]
    scale = min(columns / width, 2 * lines / height)
    size = max(1, round(width * scale)), 2 * max(1, round(height * scale / 2))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    codes = _deep(small) if deep else _indexed(small)
    return [_line(codes[row], codes[row + 1]) for row in range(0, size[1], 2)]


def _line(upper: list[str], lower: list[str]) -> str:
    """One line of half blocks; a colour is named only where it changes."""
    told, before = [], ("", "")
    for pair in zip(upper, lower, strict=True):
        if pair != before:
            told.append(f"\x1b[38;{pair[0]};48;{pair[1]}m")
            before = pair
        told.append(HALF)
    return "".join([*told, RESET])


def _deep(picture: NDArray[np.uint8]) -> list[list[str]]:
    return [[f"2;{r};{g};{b}" for r, g, b in row] for row in picture.tolist()]


def _indexed(picture: NDArray[np.uint8]) -> list[list[str]]:
    """In 256 colours: 24 greys, and a cube of 6x6x6 for what is coloured."""
    rgb = picture.astype(int)
    grey = 232 + np.clip((rgb.mean(axis=2) - 3) // 10, 0, 23).astype(int)
    r, g, b = np.moveaxis((rgb * 5 + 127) // 255, 2, 0)
    coloured = rgb.max(axis=2) - rgb.min(axis=2) > 24
    return [
        [f"5;{code}" for code in row] for row in np.where(coloured, 16 + 36 * r + 6 * g + b, grey)
    ]
