"""kill -9 at random moments while alerts are put and sent: nothing lost, nothing told twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.progress import progress as bar

SCRIPT = Path(__file__).with_name("killed.py")
ROOT = Path(__file__).parents[2]
LONGEST = 0.04  # seconds of a life; the first alert is put after about a tenth of it

Lead = Callable[[Path, str, float | None], dict[str, Any]]


def measure(
    alerts: int = 1000,
    kills: int = 10000,
    progress: Callable[[Iterable[int], str], Iterator[int]] = bar,
    seed: int = 6,
) -> dict[str, Any]:
    """Kill a process that puts and sends, time and again, and look what arrived.

    Args:
        alerts: Acknowledged puts after which a new outbox is begun.
        kills: How often.
        progress: Goes through the kills; a bar on standard error.
        seed: Of the moments.

    Returns:
        `rows` as every module here; `kills`, `put` (acknowledged), `arrived`, `repeated` (the
        same key again, which at-least-once promises), `damaged` (of the integrity checks after
        each kill), `early` (a resolve before its firing).
    """
    drawn = random.Random(seed)
    total: Counter[str] = Counter()
    with _kennel() as lead, tempfile.TemporaryDirectory() as place:
        folder = _new(Path(place), 0)
        for number in progress(range(kills), "kill -9"):
            told = lead(folder, f"{seed}-{number}", drawn.uniform(0.0, LONGEST))
            _note(total, told, -signal.SIGKILL)
            if _lines(folder / "kept", 33) >= alerts:
                total += _drained(lead, folder, total)
                folder = _new(Path(place), number + 1)
        total += _drained(lead, folder, total)
    row = {
        "fault": "kill -9 while alerts are put and sent",
        "times": kills,
        "lost": total["lost"],
        "doubled": total["doubled"],
        "told": f"{total['put']:,} alerts to 2 sinks, {total['repeated']:,} repeated under the "
        f"same key; {total['checked']:,} integrity checks, {total['damaged']} failed",
    }
    names = ("put", "arrived", "repeated", "damaged", "early")
    return {"rows": [row], "kills": kills, **{name: total[name] for name in names}}


def _drained(lead: Lead, folder: Path, total: Counter[str]) -> Counter[str]:
    _note(total, lead(folder, "drain", None), 0)
    kept = (folder / "kept").read_text().split() if (folder / "kept").exists() else []
    found: Counter[str] = Counter(put=len(kept))
    for sink in ("good", "bad"):
        path = folder / f"at_{sink}"
        lines = path.read_text().splitlines() if path.exists() else []
        found += judged(kept, lines)
    for file in folder.iterdir():
        file.unlink()
    return found


def judged(kept: Iterable[str], lines: Iterable[str]) -> Counter[str]:
    """What one sink got, against what was put.

    Args:
        kept: Keys of the acknowledged puts.
        lines: The notifications that arrived, as JSON, in order.
    """
    found: Counter[str] = Counter()
    bodies: dict[str, set[str]] = defaultdict(set)
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in lines:
        told = json.loads(line)
        found["arrived"] += 1
        found["repeated"] += told["id"] in bodies
        found["early"] += told["kind"] == "resolved" and (told["incident"], "firing") not in keys
        bodies[told["id"]].add(line)
        keys[told["incident"], told["kind"]].add(told["id"])
    found["doubled"] = sum(len(ids) - 1 for ids in keys.values())
    found["doubled"] += sum(len(texts) - 1 for texts in bodies.values())
    found["lost"] = len(set(kept) - set(bodies))
    # every incident must end for whoever was told of it, also where the process did not live to
    found["lost"] += sum(
        kind == "firing" and (incident, "resolved") not in keys for incident, kind in keys
    )
    return found


def _note(total: Counter[str], told: dict[str, Any], expected: int) -> None:
    if told["status"] != expected:
        raise RuntimeError(f"the process ended with {told['status']} by itself; see above")
    total["checked"] += 1
    total["damaged"] += told["integrity"] != "ok"


def _lines(path: Path, width: int) -> int:
    return path.stat().st_size // width if path.exists() else 0


def _new(place: Path, number: int) -> Path:
    folder = place / str(number)
    folder.mkdir()
    return folder


@contextmanager
def _kennel() -> Iterator[Lead]:
    """The process that forks those to be killed."""
    with subprocess.Popen(
        [sys.executable, SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def lead(folder: Path, life: str, seconds: float | None) -> dict[str, Any]:
            order = {"folder": str(folder), "life": life, "seconds": seconds}
            print(json.dumps(order), file=stdin, flush=True)
            answer: dict[str, Any] = json.loads(stdout.readline())
            return answer

        yield lead
        stdin.close()
