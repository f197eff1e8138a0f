"""A process of one's own that prints JSON lines: heard while it runs, ended whatever happens."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from edge.errors import EdgeError
from edge.message import one_line

PATIENCE = 60.0  # seconds without a line after which it counts as stuck
GRACE = 5.0  # seconds it has to end when told to, as the unit's TimeoutStopSec

Event = dict[str, Any]


class ChildError(EdgeError, ChildProcessError):
    """The measured process died, or says nothing any more."""


class Child:
    """Runs a command while the block lasts.

    Example:
        with Child([sys.executable, "-m", "benchmarks.soak.child", "--camera=demo:"]) as child:
            for event in child.events():
                print(event)

    Args:
        command: Prints one JSON object a line; anything else it prints is passed over.
    """

    def __init__(self, command: Sequence[str]) -> None:
        # a pipe that nobody reads would fill and stop the process
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            errors="replace",
            # Ctrl-C in a terminal reaches a whole group; here the parent passes it on
            start_new_session=True,
        )
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def events(self, patience: float = PATIENCE) -> Iterator[Event]:
        """What it prints, until it ends; may be called again after an interruption.

        Raises:
            ChildError: it failed; the message ends with the last line of its stderr.
        """
        while True:
            try:
                event = self.heard(patience)
            except TimeoutError:
                raise ChildError(
                    f"the measured process has told nothing for {patience:g} s; "
                    "is the machine overloaded?"
                ) from None
            if event is None:
                return
            yield event

    def heard(self, timeout: float) -> Event | None:
        """The next object it prints; None when it has ended well.

        Raises:
            ChildError: it failed.
            TimeoutError: it printed nothing in time.
        """
        while True:
            try:
                line = self._lines.get(timeout=timeout)
            except Empty:
                raise TimeoutError from None
            if line is None:
                self._lines.put(None)
                self._check()
                return None
            if (event := _event(line)) is not None:
                return event

    def interrupt(self) -> None:
        """Tell it to end; what it still prints can be heard."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_error: object) -> None:
        self.interrupt()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _check(self) -> None:
        code = self._process.wait()
        if code:
            self._errors.seek(0)
            said = [line for line in self._errors.read().splitlines() if line.strip()]
            last = one_line(said[-1]) if said else "it said nothing"
            how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            raise ChildError(f"the measured process died ({how}): {last}")


def _event(line: str) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
