"""One odd frame changes nothing: what is wrong must last to be said, and so must what is right."""

from __future__ import annotations

from edge.camera.state import CameraState

OK = CameraState.OK


class Hysteresis:
    """Seconds of what is wrong fill a bucket, seconds of what is right empty it.

    A full bucket names what is wrong, an empty one clears it; so a lone frame of the other kind
    only delays, and a picture that is wrong half of the time is not called so.

    Args:
        wrong: Seconds of nothing else after which what is wrong is named.
        right: Seconds of nothing else after which it is cleared.
    """

    def __init__(self, wrong: float, right: float) -> None:
        self.state = OK
        self._wrong, self._right = wrong, right
        self._filled = 0.0  # 0 to 1
        self._last: float | None = None
        self._seen, self._since = OK, 0.0

    def restart(self) -> None:
        """What comes next does not follow on what was: the time between counts for nothing."""
        self._last = None

    def step(self, now: float, symptom: CameraState) -> CameraState:
        """Take what a frame shows, `OK` or what is wrong, at `now` in seconds; return the state."""
        spent = 0.0 if self._last is None else max(0.0, now - self._last)
        self._last = now
        # at a few frames a minute, still no single one decides
        share = spent / (self._right if symptom is OK else self._wrong)
        share = min(share, 0.5)
        self._filled = min(1.0, max(0.0, self._filled + (-share if symptom is OK else share)))
        self._rename(now, symptom)
        return self.state

    def _rename(self, now: float, symptom: CameraState) -> None:
        if symptom is not OK and symptom is not self._seen:
            self._seen, self._since = symptom, now
        if self._filled == 0:
            self.state, self._seen = OK, OK
        elif (self.state is OK and self._filled == 1) or (
            self.state not in (OK, self._seen) and now - self._since >= self._right
        ):
            self.state = self._seen
