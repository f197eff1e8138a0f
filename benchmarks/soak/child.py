"""The measured process: the service as `edge-run --json` runs it, which also tells how it does.

Beside the service's own events it prints `{"event": "window", ...}` every few seconds. Whoever
started it reads them; when nobody reads any more, it ends.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from benchmarks.soak.windows import Windows
from benchmarks.visitors import standing
from edge.camera.scenes import PLAYS, Play
from edge.command import parser, run_command
from edge.config import load
from edge.pipeline import Observation
from edge.service import Service
from edge.show import JsonPrinter

STANDING = "standing"  # name of the play that this process adds to the built-in ones


class TellingPrinter(JsonPrinter):
    """The service's JSON printer, which also tells of its frames.

    Args:
        windows: Gathers them.
        seconds: After this many the service is stopped.
        frames: After so many, too; 0 for no end.
    """

    def __init__(self, windows: Windows, seconds: float, frames: int) -> None:
        super().__init__()
        self._windows, self._seconds, self._most = windows, seconds, frames
        self._begun: float | None = None
        self._seen = 0
        self.stop: Callable[[str], None] = lambda _why: None

    def seen(self, observation: Observation) -> None:
        """Print what changed, and the window that this frame fills."""
        super().seen(observation)
        now = time.monotonic()
        self._begun = now if self._begun is None else self._begun
        self._seen += 1
        spent = 1000 * sum(observation.stages.values())
        if told := self._windows.frame(now, observation.time, spent):
            print(json.dumps({"event": "window", **told, **_cpu()}), flush=True)
        if now - self._begun >= self._seconds:
            self.stop("the time is up")
        elif self._seen == self._most:
            self.stop(f"{self._most} frames have been looked at")


def _cpu() -> dict[str, float]:
    """CPU seconds of this process so far, and of them the camera's, which draws its frames."""
    camera = [thread.ident for thread in threading.enumerate() if thread.name == "camera"]
    clocks = [time.pthread_getcpuclockid(ident) for ident in camera if ident is not None]
    drawing = sum(time.clock_gettime(clock) for clock in clocks)
    return {"cpu_s": time.process_time(), "camera_cpu_s": drawing}


def main(argv: list[str] | None = None) -> int:
    """Run the service as told; return its exit code."""
    made = parser("edge-bench service", __doc__)
    made.add_argument("--camera", required=True, metavar="SOURCE")
    made.add_argument("--standing", type=int, metavar="N", help="visitors of demo:standing")
    made.add_argument("--window", type=float, default=1.0, metavar="SECONDS")
    made.add_argument("--seconds", type=float, default=float("inf"), metavar="N")
    made.add_argument("--frames", type=int, default=0, metavar="N")
    made.set_defaults(run_it=_run)
    return run_command(made, argv)


def _run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    if arguments.standing is not None:
        cast(dict[str, Play], PLAYS)[STANDING] = standing(arguments.standing)
    config = load(environment={}, settings={"camera.source": json.dumps(arguments.camera)})
    windows = Windows(arguments.window, config.camera.fps)
    printer = TellingPrinter(windows, arguments.seconds, arguments.frames)
    service = Service(config, printer)
    printer.stop = service.stop
    service.run()
    return 0


def command(**flags: Any) -> list[str]:
    """The command line that starts this process: `command(camera="demo:", window=1)`."""
    words = [f"--{name}={value}" for name, value in flags.items() if value is not None]
    return [sys.executable, "-m", "benchmarks.soak.child", *words]


if __name__ == "__main__":
    sys.exit(main())
