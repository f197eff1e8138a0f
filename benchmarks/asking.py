"""A process of one's own that is asked once and answers in JSON."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

from edge.errors import EdgeError
from edge.message import one_line


class NoAnswerError(EdgeError, ChildProcessError):
    """The process did not do what it was started for; the message ends with its last words."""


def ask(code: str, *arguments: str) -> Any:
    """Run Python code in a fresh interpreter; what the last line it prints says in JSON.

    Args:
        code: As for `python -c`.
        arguments: Its `sys.argv[1:]`.

    Raises:
        NoAnswerError: it was killed, or ended with an error.
    """
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    if done.returncode < 0:  # as a library does that was built for another processor
        raise NoAnswerError(f"its process ended by {signal.Signals(-done.returncode).name}")
    if done.returncode:
        raise NoAnswerError(one_line((done.stderr.splitlines() or ["no reason told"])[-1]))
    return json.loads(done.stdout.splitlines()[-1])
