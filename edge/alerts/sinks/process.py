"""A program run with a deadline, which it cannot outstay whatever it does."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

GRACE = 1.0  # seconds between the wish to end and the kill
GLANCE = 0.05  # seconds between two looks whether it has ended
CHUNK = 64 * 1024  # bytes read at once
KEPT = 4096  # bytes of the end of its standard error
LONGEST_LINE = 200  # letters


class Ended(NamedTuple):
    """How it ended.

    Attributes:
        status: Its exit status, minus the signal's number where a signal ended it; None where it
            had to be killed at the deadline.
        last_words: The last line of its standard error.
    """

    status: int | None
    last_words: str


def run(
    command: Sequence[str], given: str, environment: Mapping[str, str], timeout: float
) -> Ended:
    """Run a program in a process group of its own, until it ends or the deadline kills the group.

    What it left running in the background goes on if it ended in time, but is not waited for.

    Args:
        command: The program and its arguments.
        given: Its standard input.
        environment: All of its environment.
        timeout: Seconds until it is told to end; a second later it is killed.

    Raises:
        OSError: it cannot be started.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        cwd="/",
        start_new_session=True,
    )
    talk = _Talk(process, given.encode() + b"\n")
    try:
        ended = _wait(process, talk, timeout)
        if not ended:
            _end(process, talk)
        talk.go_on(0)  # what it said last
        return Ended(process.returncode if ended else None, talk.last_words())
    finally:
        talk.close()


def _wait(process: subprocess.Popen[bytes], talk: _Talk, seconds: float) -> bool:
    """Whether it ends in time."""
    until = time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() >= until:
            return False
        talk.go_on(GLANCE)
    return True


def _end(process: subprocess.Popen[bytes], talk: _Talk) -> None:
    """Ask the whole group to end, then kill what is left of it."""
    _signal(process.pid, signal.SIGTERM)
    _wait(process, talk, GRACE)
    _signal(process.pid, signal.SIGKILL)
    _wait(process, talk, GRACE)  # a hung driver may hold it even now


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it is gone, or another user's by now
        os.killpg(group, number)


class _Talk:
    """What a program is given and what it complains of; neither can block, whoever holds a pipe."""

    def __init__(self, process: subprocess.Popen[bytes], given: bytes) -> None:
        assert process.stdin
        assert process.stderr
        self._stdin, self._stderr = process.stdin, process.stderr
        self._given, self._tail = given, b""
        self._selector = selectors.DefaultSelector()
        for pipe, event in (
            (self._stdin, selectors.EVENT_WRITE),
            (self._stderr, selectors.EVENT_READ),
        ):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, event)

    def go_on(self, seconds: float) -> None:
        """Write and read what can be, after waiting for it no longer than this."""
        for key, _ in self._selector.select(seconds):
            go_on = self._write() if key.fileobj is self._stdin else self._read()
            if not go_on:
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]

    def _write(self) -> bool:
        try:
            self._given = self._given[os.write(self._stdin.fileno(), self._given) :]
        except BrokenPipeError:  # it may accept without reading
            return False
        return bool(self._given)

    def _read(self) -> bool:
        told = os.read(self._stderr.fileno(), CHUNK)
        self._tail = (self._tail + told)[-KEPT:]
        return bool(told)

    def last_words(self) -> str:
        lines = self._tail.decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:LONGEST_LINE]

    def close(self) -> None:
        self._selector.close()
        self._stdin.close()
        self._stderr.close()
