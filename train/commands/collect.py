"""`edge-train collect`: own faces from a camera, one label at a time. Needs no Keras."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import EX_INTERRUPTED, UsageError
from edge.labels import TASKS
from train.commands.common import Commands, say

if TYPE_CHECKING:
    from types import FrameType

    from train.collect.views import View

MOST = 100_000


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "collect",
        help="take faces of one's own from a camera",
        description="Take faces from a camera into OUT/LABEL/, with the detector and the crop that "
        "the device uses. Only cropped faces are stored, only there; nothing leaves the machine.",
    )
    command.add_argument(
        "--camera", required=True, metavar="SOURCE", help="as edge-run takes it: 0, rtsp://, a clip"
    )
    command.add_argument("--label", required=True, help="what every face of this session shows")
    command.add_argument("--count", type=int, default=40, help="faces wanted (40)")
    command.add_argument(
        "--out", type=Path, default=Path("dataset"), metavar="DIR", help="(dataset)"
    )
    command.add_argument(
        "--task", choices=TASKS, default="emotions", help="whose labels are allowed (emotions)"
    )
    command.add_argument(
        "--view",
        choices=("terminal", "page", "none"),
        help="where to show what the camera sees (terminal, where there is one)",
    )
    command.add_argument("--port", type=int, default=0, help="of the page, 0 for any (0)")
    command.add_argument(
        "--delay", type=float, default=3.0, metavar="S", help="to get into place, in seconds (3)"
    )
    command.add_argument(
        "--model", type=Path, metavar="CARD", help="whose crop to use (the shipped model's)"
    )
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    _check(arguments)
    from edge.camera.open import open_camera
    from edge.vision.card import DEFAULT_CARD, read_card
    from edge.vision.detect import Detector
    from train.collect.files import Folder
    from train.collect.run import collect, shortfall
    from train.collect.session import Session

    session = Session(arguments.count, read_card(arguments.model or DEFAULT_CARD).crop_margin)
    session.running = arguments.view != "page"
    folder = Folder(arguments.out, arguments.label, datetime.now())
    detector, camera = Detector(), open_camera(arguments.camera)
    say(
        f"keeping up to {session.count} grey pictures of a face, labelled {folder.label}, in "
        f"{folder.path}; no other picture is stored, and none leaves this machine"
    )
    why, code = "", 0
    try:
        with _ended_by_signal(), closing(_view(arguments)) as view:
            why = collect(camera, detector, session, folder, view, arguments.delay)
    except KeyboardInterrupt:
        code = EX_INTERRUPTED
    if why:
        raise shortfall(why, session, folder)
    say(f"{folder.path}: {session.kept} of {session.count} faces kept")
    return code


def _check(arguments: argparse.Namespace) -> None:
    labels = TASKS[arguments.task]
    if arguments.label not in labels:
        raise UsageError(f"--label {arguments.label}: must be one of {', '.join(labels)}")
    if not 1 <= arguments.count <= MOST:
        raise UsageError(f"--count {arguments.count}: must lie in 1 to {MOST}")
    if not 0 <= arguments.delay <= 3600:
        raise UsageError(f"--delay {arguments.delay}: must lie in 0 to 3600 seconds")
    if arguments.view is None:
        arguments.view = "terminal" if sys.stdout is not None and sys.stdout.isatty() else "none"


def _view(arguments: argparse.Namespace) -> View:
    if arguments.view == "none":
        from train.collect.views import Lines

        return Lines(say)
    if arguments.view == "terminal":
        from train.collect.terminal import Terminal

        return Terminal()
    from train.collect.page import Page

    page = Page(arguments.port)
    say(f"open {page.address} in a browser on this machine, then press Start; Ctrl-C ends")
    return page


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Have SIGINT and SIGTERM end the command alike: the terminal is left as it was.

    SIGINT, too, as a shell that starts programs in the background has them ignore it.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
