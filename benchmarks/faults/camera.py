"""Each camera fault, played again and again through the real keeper by a clock that never waits.

What it was called, after how long, and how long until the camera saw again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.faults.quiet import quiet
from benchmarks.usb_tree import UsbTree
from benchmarks.virtual_time import VirtualClockwork
from edge.camera.base import Camera, Frame
from edge.camera.config import CameraConfig
from edge.camera.demo import DemoCamera
from edge.camera.device import Device
from edge.camera.faulty import FAULTS, Fault, FaultyCamera
from edge.camera.keeper import Keeper
from edge.camera.state import CameraState

SIZE = (160, 120)
FPS = 10.0
LASTS = 30.0  # seconds of the fault
PATIENCE = 120.0  # seconds after the fault within which it must see again
TURN = 0.25  # seconds that the service waits for a frame

# Beyond what can be played with `demo:?fault=`: what only a device node shows.
NODES = {
    "replugged": "pulled out, and plugged in under another index",
    "lying": "pulled out, while the driver repeats its last picture",
}
PLAYS = {**FAULTS, **NODES}
NAMES = {kind: {kind} for kind in FAULTS} | {
    "stuck": {"silent", "stuck"},  # a driver that does not return is silent first
    "replugged": {"unplugged"},
    "lying": {"unplugged"},
}


class LivePlay:
    """A camera that gives drawn frames at its pace, by a clockwork's time."""

    live = True

    def __init__(self, pictures: list[NDArray[np.uint8]], clockwork: VirtualClockwork) -> None:
        self.name = "play"
        self._pictures, self._clockwork = pictures, clockwork
        self._index = 0

    def read(self) -> Frame | None:
        """The next frame; see `Camera.read`."""
        self._clockwork.sleep(1 / FPS)
        # not in step with the scene, so that no two frames in a row are the same
        picture = self._pictures[self._index % len(self._pictures)]
        frame = Frame(picture, self._clockwork.now(), self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Nothing to release."""


@dataclass
class Played:
    """One fault, played once.

    Attributes:
        names: States that it went through, by their words.
        named, again: Seconds from its beginning until it was named, from its end until the camera
            saw again; None if never.
        unfit: Frames handed on as fit while it was named.
        threads: Left over after the camera was closed.
    """

    names: list[str] = field(default_factory=list)
    named: float | None = None
    again: float | None = None
    unfit: int = 0
    threads: int = 0


def pictures() -> list[NDArray[np.uint8]]:
    """Seven seconds of the built-in visitor."""
    play = DemoCamera("calm?pace=off", width=SIZE[0], height=SIZE[1], fps=FPS)
    return [frame.gray for frame in (play.read() for _ in range(70)) if frame is not None]


def play(kind: str, drawn: list[NDArray[np.uint8]], random: Random) -> Played:
    """Play one fault at a random moment through a keeper."""
    told = Played()
    after = random.uniform(5, 20)
    with VirtualClockwork() as clockwork, TemporaryDirectory() as folder:
        begun = clockwork.now()
        fault = Fault({"replugged": "unplugged", "lying": "frozen"}.get(kind, kind), after, LASTS)

        def opener(_source: str) -> Camera:
            return FaultyCamera(LivePlay(drawn, clockwork), fault, begun, clockwork)

        device = Device("demo:", opener)
        if kind in {"unplugged", *NODES}:
            tree = UsbTree(Path(folder))
            tree.plug("video0", "1-1")
            device = Device("0", opener, tree.sysfs, tree.dev)
            clockwork.start(lambda: _pull(clockwork, tree, kind, after), "hand")
        keeper = Keeper(
            device.open, CameraConfig(), device.present, clockwork=clockwork, chance=random.random
        )
        _follow(keeper, clockwork, (begun + after, begun + after + LASTS), told)
        keeper.close()
        clockwork.sleep(LASTS + PATIENCE)  # what was abandoned comes back by then
        told.threads = clockwork.threads
    return told


def _pull(clockwork: VirtualClockwork, tree: UsbTree, kind: str, after: float) -> None:
    """The hand that pulls the plug, and puts it into another port."""
    clockwork.sleep(after)
    tree.unplug("video0")
    clockwork.sleep(LASTS)
    tree.plug("video2" if kind == "replugged" else "video0", "1-2")


def _follow(
    keeper: Keeper, clockwork: VirtualClockwork, during: tuple[float, float], told: Played
) -> None:
    """Take frames until it sees again, or never will."""
    start, end = during
    while (now := clockwork.now()) < end + PATIENCE:
        frame = keeper.get(TURN)
        state = keeper.state
        if keeper.since < start:
            continue
        if state is CameraState.OK and clockwork.now() >= end:
            told.again = keeper.since - end
            return
        if not told.names or told.names[-1] != state.word:
            told.names.append(state.word)
        told.named = keeper.since - start if told.named is None else told.named
        told.unfit += frame is not None and state.blind and now > keeper.since


def measure(times: int, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Play each fault `times` times.

    Returns:
        `{"rows": [...]}` with what the faults' table needs: `lost` are plays that were not
        recognised or after which the camera did not see again, `doubled` frames that were handed
        on although the fault had been named; and the medians behind it.
    """
    drawn, rows = pictures(), []
    with quiet("edge.camera.keeper"):
        for number, kind in enumerate(PLAYS):
            random = Random(number)
            rows.append(_row(kind, [play(kind, drawn, random) for _ in range(times)]))
            if progress is not None:
                progress(str(rows[-1]["fault"]))
    return {"rows": rows}


def _row(kind: str, plays: list[Played]) -> dict[str, Any]:
    named = [each.named for each in plays if each.named is not None]
    again = [each.again for each in plays if each.again is not None]
    right = [set(each.names) and set(each.names) <= NAMES[kind] for each in plays]
    seen = [bool(good and each.again is not None) for good, each in zip(right, plays, strict=True)]
    names = Counter(name for each in plays for name in dict.fromkeys(each.names))
    called = ", ".join(f"{name} {count}" for name, count in names.most_common())
    seconds = f"{_middle(named):.1f} s until named, {_middle(again):.1f} s until it sees again"
    threads = sum(each.threads for each in plays)
    return {
        "fault": f"camera {kind}: {PLAYS[kind]}",
        "times": len(plays),
        "lost": len(plays) - sum(seen),
        "doubled": sum(each.unfit for each in plays),
        "told": f"{called}; {seconds}; {threads} threads left over",
        "named_s": _middle(named),
        "named_most_s": max(named, default=float("nan")),
        "again_s": _middle(again),
        "again_most_s": max(again, default=float("nan")),
        "threads": threads,
    }


def _middle(values: list[float]) -> float:
    return median(values) if values else float("nan")
