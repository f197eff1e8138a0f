"""Every benchmark that can run here, each in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.registry import BENCHMARKS, Benchmark
from edge.errors import DataError, OutputError

CHILD = "import sys; from benchmarks.cli import main; sys.exit(main())"
HEARD = 2.0  # seconds in which a command that was interrupted itself has ended
GRACE = 10.0  # seconds that it has otherwise; `soak` gives its service five

Start = Callable[[list[str]], int]  # a command of edge-bench; returns its exit code


def in_a_process(arguments: list[str]) -> int:
    """Run a command of `edge-bench`: what one leaves in memory must not slow the next."""
    return wait_for([sys.executable, "-c", CHILD, *arguments])


def wait_for(command: Sequence[str]) -> int:
    """Run a command to its end; return its exit code.

    Interrupted, it lets the command end what that has started itself: `soak` has the service in a
    session of its own, which would run on if the command were killed.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            _end(child)
            raise


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(HEARD)  # a terminal's Ctrl-C has reached it, too: a second would cut its end
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            child.kill()


def run_all(
    out: Path,
    data: Path | None,
    quick: bool,
    say: Callable[[str], None],
    start: Start | None = None,
) -> tuple[list[Path], list[str]]:
    """Measure, and keep each result as `<benchmark>.json` in `out`.

    Args:
        data: Where FER-2013 lies; without it, what needs it is left out.
        quick: A first look instead of figures to quote.
        start: Runs one command; a process of its own if None.

    Returns:
        The results of this run, and what was left out and why, a line each.

    Raises:
        DataError: nothing could be measured.
        OutputError: the folder cannot be written to.
    """
    chosen = {name: one for name, one in BENCHMARKS.items() if not _why_not(one, data)}
    left_out = [
        f"{name}: {why}" for name, one in BENCHMARKS.items() if (why := _why_not(one, data))
    ]
    _make(out)
    results = []
    for index, (name, one) in enumerate(chosen.items(), 1):
        say(f"{index} of {len(chosen)}: {name} ...")
        made, begun = out / f"{name}.json", time.monotonic()
        before = _stamp(made)
        code = (start or in_a_process)([name, *_flags(one, data, quick), "--out", str(made)])
        say(f"{name}: {time.monotonic() - begun:.0f} s, exit code {code}")
        if _stamp(made) != before:  # a soak that fails its bounds has a result, too
            results.append(made)
        else:
            left_out.append(f"{name}: ended with {code}; edge-bench {name} says why")
    if not results:
        raise DataError(f"{out}: nothing could be measured; {left_out[-1]}")
    return results, left_out


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written to ({error.strerror})") from error


def _stamp(path: Path) -> tuple[int, int] | None:
    """What tells a file from the one that lay there before; None if there is none."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns


def _why_not(one: Benchmark, data: Path | None) -> str:
    if one.alone:
        return one.alone
    return "needs FER-2013, see --data" if one.data == "must" and data is None else ""


def _flags(one: Benchmark, data: Path | None, quick: bool) -> list[str]:
    with_data = data is not None and one.data != "no"
    return [*(one.quick if quick else one.whole), *(("--data", str(data)) if with_data else ())]
