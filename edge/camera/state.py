"""What can be said of a camera: a word for STATUS, metrics and log, a sentence for people."""

from __future__ import annotations

from enum import Enum

from edge.errors import CameraError


class CameraState(Enum):
    """Each state with its sentence, and whether it is blind: nothing it gives may be judged."""

    OPENING = "opening", "the camera is being opened", True
    OK = "ok", "the camera sees", False
    UNPLUGGED = "unplugged", "the camera is not there; plug it in", True
    REFUSED = (
        "refused",
        "the camera is there but cannot be opened; is another program using it, "
        "or this user not in the group 'video'?",
        True,
    )
    UNREACHABLE = (
        "unreachable",
        "the camera does not answer over the network; is it on, and the address right?",
        True,
    )
    SILENT = "silent", "the camera is open but gives no frames", True
    STUCK = "stuck", "the camera's driver does not answer any more", True
    FROZEN = "frozen", "the camera repeats the same picture", True
    BLACK = "black", "the picture is black; is the lens covered, or the light off?", True
    COVERED = "covered", "the picture shows one even surface; is something before the lens?", True
    OVEREXPOSED = "overexposed", "the picture is burnt out; is a light shining into the lens?", True
    SLOW = "slow", "the camera gives fewer frames than faces can be judged by", False
    BROKEN = "broken", "the camera gives frames that are not pictures", True
    ENDED = "ended", "the video file has ended; there is nothing left to watch", True

    def __init__(self, word: str, sentence: str, blind: bool) -> None:
        self.word, self.sentence, self.blind = word, sentence, blind


class CameraFault(CameraError):  # noqa: N818 - it says which fault, its root says that it is one
    """A camera error whose back-end knows which state it means."""

    def __init__(self, message: str, state: CameraState) -> None:
        super().__init__(message)
        self.state = state
