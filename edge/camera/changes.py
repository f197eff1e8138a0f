"""One log line a change of state, and not a hundred from a loose plug."""

from __future__ import annotations

from collections import deque

from edge.camera.state import CameraState

SPAN = 60.0  # seconds
MOST = 4  # lines in them
CALM = 300.0  # seconds that a state holds once a flood is over; more than any backoff


class Changes:
    """Words the changes of one camera; what is too much is counted and told later in one line.

    Knows no clock and writes nothing: each call is told the time and returns the line to log.

    Args:
        state: What it is at `now`, in seconds.
    """

    def __init__(self, state: CameraState, now: float) -> None:
        self._state = state
        self._since = now
        self._held_back = 0
        self._flood = False
        self._lines: deque[float] = deque()
        self._detail = ""

    def change(self, now: float, state: CameraState, detail: str = "") -> str:
        """The state is another one; the line to log, or '' if there were too many."""
        held, before = now - self._since, self._state
        self._state, self._since, self._detail = state, now, detail
        self._flood = self._flood and held < CALM
        if not self._room(now):
            self._flood = True
            self._held_back += 1
            return ""
        return self._line(now, f"after {duration(held)} of {before.word}")

    def due(self, now: float) -> str:
        """The line that tells of the changes held back, once there is room for it; else ''."""
        if not self._held_back or not self._room(now):
            return ""
        return self._line(now, f"for {duration(now - self._since)}")

    def _room(self, now: float) -> bool:
        while self._lines and now - self._lines[0] >= SPAN:
            self._lines.popleft()
        # in a flood one line a minute
        return len(self._lines) < (1 if self._flood else MOST)

    def _line(self, now: float, when: str) -> str:
        self._lines.append(now)
        more = f"; {self._held_back} more changes before that" if self._held_back else ""
        self._held_back = 0
        why = self._detail or self._state.sentence
        return f"{self._state.word} {when}{more}: {why}"


def duration(seconds: float) -> str:
    """Seconds as people say them: 8 s, 12 min, 3 h 5 min, 2 d 4 h."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
