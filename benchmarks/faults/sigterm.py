"""SIGTERM at every stage of a start: while it imports, loads the model, opens the camera, tells.

The real service runs again and again on the same outbox, as a desk's does. Each time it must end
in time and without a complaint, leave no process, and an outbox that is whole.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks.faults.real_service import started
from benchmarks.progress import progress as bar

LONGEST = 4.0  # seconds after the start; a first alert comes after two to three
DEADLINE = 20.0  # seconds, TimeoutStopSec of the unit
SINK = "file"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


@dataclass(frozen=True)
class Ending:
    """How one run ended.

    Attributes:
        code: Its exit code, negative for a signal; None if it had to be killed.
        took: Seconds from the signal to the end.
        complained: A traceback, or an error, was printed.
        left: A process of its own went on.
    """

    code: int | None
    took: float
    complained: bool
    left: bool

    @property
    def early(self) -> bool:
        """It had not yet come to listen to signals; nothing was begun."""
        return self.code == -signal.SIGTERM

    @property
    def clean(self) -> bool:
        """As a manager wants it."""
        return (self.code == 0 or self.early) and not (self.complained or self.left)


def measure(
    times: int = 60,
    progress: Callable[[Iterable[int], str], Iterator[int]] = bar,
    seed: int = 6,
) -> dict[str, Any]:
    """Start the service and stop it after a random while, time and again.

    Args:
        times: How often.
        progress: Goes through them; a bar on standard error.
        seed: Of the moments.

    Returns:
        `rows`, as every module here, where whatever was not a clean end counts as lost, too;
        `early`, stopped before it listened; `unclean`; `slowest`, seconds to the end; `alerts`,
        in the outbox; `waiting`, deliveries that are still to come.
    """
    drawn = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = _settings(folder)
        ends = [
            stopped(settings, drawn.uniform(0.0, LONGEST))
            for _ in progress(range(times), "SIGTERM")
        ]
        kept = judged(folder)
    unclean, early = sum(not end.clean for end in ends), sum(end.early for end in ends)
    slowest = max((end.took for end in ends), default=0.0)
    row = {
        "fault": f"SIGTERM within {LONGEST:g} s of the start",
        "times": times,
        "lost": kept["lost"] + unclean,
        "doubled": kept["doubled"],
        "told": f"{kept['alerts']} alerts; {early} stopped before it listened; {unclean} ends "
        f"not clean; the slowest took {slowest:.1f} s",
    }
    found = {name: kept[name] for name in ("alerts", "waiting")}
    return {"rows": [row], "early": early, "unclean": unclean, "slowest": slowest, **found}


def stopped(settings: Mapping[str, str], after: float) -> Ending:
    """Run the service with such settings and stop it after so many seconds."""
    process = started(settings, dict.fromkeys(ONE_THREAD, "1"))
    try:
        said = _said(process, after)
        asked = monotonic()
        process.send_signal(signal.SIGTERM)
        said += _said(process, DEADLINE)
        took, code = monotonic() - asked, process.poll()
    finally:
        left = _kill_all(process)
        process.communicate()
    return Ending(code, took, "Traceback" in said or "error:" in said, left)


def judged(folder: Path) -> dict[str, int]:
    """What became of the alerts in `outbox.sqlite3` and `alerts.jsonl` of a folder.

    Returns:
        `alerts`; `waiting`; `lost`: raised and never resolved, or taken for sent and not in the
        file, or 1 for a damaged outbox; `doubled`: told again under another key.
    """
    path = folder / "outbox.sqlite3"
    if not path.exists():  # every run was stopped before it came so far
        return {"alerts": 0, "waiting": 0, "lost": 0, "doubled": 0}
    with closing(sqlite3.connect(path)) as outbox:
        whole = outbox.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        alerts = outbox.execute("SELECT incident, kind FROM alerts").fetchall()
        states = outbox.execute("SELECT alert, state FROM deliveries").fetchall()
    told = defaultdict(set)
    file = folder / "alerts.jsonl"
    for line in file.read_text().splitlines() if file.exists() else ():
        one = json.loads(line)
        told[one["incident"], one["kind"]].add(one["id"])
    arrived = set().union(*told.values())
    kinds = Counter(kind for _, kind in alerts)
    missing = sum(state == "sent" and alert not in arrived for alert, state in states)
    return {
        "alerts": kinds["firing"],
        "waiting": sum(state in ("pending", "waiting") for _, state in states),
        "lost": kinds["firing"] - kinds["resolved"] + missing + (not whole),
        "doubled": sum(len(keys) - 1 for keys in told.values()),
    }


def _settings(folder: Path) -> dict[str, str]:
    values = {
        "camera.source": "demo:angry?loop=on",
        "expression.baseline": "off",
        "rules.anger.emotion": "angry",
        "rules.anger.seconds": 0.3,  # so that there is something to tell
        "rules.anger.cap": 3600,
        "outbox.path": str(folder / "outbox.sqlite3"),
        "health.listen": "",
        f"sinks.{SINK}.type": "jsonl",
        f"sinks.{SINK}.path": str(folder / "alerts.jsonl"),
    }
    return {key: json.dumps(value) for key, value in values.items()}


def _said(process: subprocess.Popen[str], seconds: float) -> str:
    """What it says on stderr until it ends, or nothing if it goes on after so many seconds."""
    try:
        return process.communicate(timeout=seconds)[1] or ""
    except subprocess.TimeoutExpired:
        return ""


def _kill_all(process: subprocess.Popen[str]) -> bool:
    """End whatever is left of its session; was there anything?"""
    process.poll()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
