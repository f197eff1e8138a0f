"""The log: one line an event, its priority for the journal, and never a flood."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from edge.errors import EdgeError
from edge.health.flood import Flood
from edge.message import one_line

PRIORITIES = ((50, 2), (40, 3), (30, 4), (20, 6), (0, 7))  # of Python's levels, as in syslog(3)
FRAMES = 3  # of a bug's traceback that its line names


def setup(
    service: bool,
    verbose: bool = False,
    debug: bool = False,
    environment: Mapping[str, str] | None = None,
    stream: TextIO | None = None,
) -> None:
    """Log to standard error.

    Args:
        service: Tell what an operator wants to read, and nothing of other libraries' but their
            warnings; else errors alone, unless `verbose`.
        debug: Tell everything, with whole tracebacks.
        environment: The process's own if None.
        stream: Standard error if None.
    """
    stream = stream or sys.stderr
    environment = os.environ if environment is None else environment
    handler = (
        _Silent()  # started with it closed
        if stream is None
        else Handler(stream, in_journal(stream, environment), debug, limited=service and not debug)
    )
    level = logging.INFO if service or verbose else logging.ERROR
    root, own = logging.getLogger(), logging.getLogger("edge")
    for old in [one for one in root.handlers if isinstance(one, (Handler, _Silent))]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if debug else max(level, logging.WARNING) if service else level)
    own.setLevel(logging.DEBUG if debug else level)
    if service:
        logging.captureWarnings(True)
        threading.excepthook = _thread_died


def in_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether the stream is the one that systemd gave: see JOURNAL_STREAM in systemd.exec(5)."""
    device, _, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    try:
        about = os.fstat(stream.fileno())
    except (OSError, ValueError):  # no file, or closed
        return False
    return (device, inode) == (str(about.st_dev), str(about.st_ino))


class Handler(logging.StreamHandler[TextIO]):
    """Writes one line a record; what repeats itself too often is counted instead.

    Args:
        stream: Where to.
        journal: With the priority in front that journald takes from it.
        debug: With whole tracebacks.
        limited: Leave out what repeats itself.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        stream: TextIO,
        journal: bool = False,
        debug: bool = False,
        limited: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stream)
        self._journal, self._debug, self._clock = journal, debug, clock
        self._flood = Flood() if limited else None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, and what is to be said of those left out before it."""
        try:
            if self._flood is None:
                self._write(record.levelno, self.format(record))
                return
            now = self._clock()
            self._tell(self._flood.ended(now))
            if self._flood.admit((record.name, record.levelno, str(record.msg)), now):
                self._write(record.levelno, self.format(record))
        except OSError:  # a journal that is just being restarted is no reason to stop watching
            return
        except Exception as error:  # %d of a text
            self._write(record.levelno, one_line(f"{record.msg!r} cannot be told: {error}"))

    def close(self) -> None:
        """Say what was left out."""
        if self._flood is not None:
            try:
                self._tell(self._flood.ended(float("inf")))
            except (OSError, ValueError):  # nobody listens any more
                self._flood = None
        super().close()

    def format(self, record: logging.LogRecord) -> str:
        """One line; several only of a traceback that was asked for with --debug."""
        text = one_line(record.getMessage())
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and self._debug:
            text += "\n" + "".join(traceback.format_exception(error)).rstrip()
        elif error is not None:
            text += ": " + one_line(told(error))
        return text if self._journal else f"{record.levelname} {record.name}: {text}"

    def _tell(self, left_out: Mapping[tuple[str, int, str], int]) -> None:
        for (name, level, template), number in left_out.items():
            text = f"{number} more like this were left out: {one_line(template)}"
            shown = text if self._journal else f"{logging.getLevelName(level)} {name}: {text}"
            self._write(level, shown)

    def _write(self, level: int, text: str) -> None:
        if self._journal:
            mark = f"<{next(number for least, number in PRIORITIES if level >= least)}>"
            text = "\n".join(mark + line for line in text.split("\n"))
        self.stream.write(text + "\n")
        self.flush()


class _Silent(logging.NullHandler):
    """Takes the place of `Handler` where there is nowhere to write to."""


def told(error: BaseException) -> str:
    """An error in a few words; of one that nobody raised on purpose also where it came from."""
    if isinstance(error, EdgeError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = ", ".join(
        f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in reversed(frames)
    )
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{text} (at {places})" if places else text


def _thread_died(about: threading.ExceptHookArgs) -> None:
    error = about.exc_value
    name = about.thread.name if about.thread is not None else "a thread"
    if error is not None:
        logging.getLogger(__name__).error("thread %s has ended", name, exc_info=error)
