"""A real mosquitto that is stopped, restarted, killed, slow, or refuses, while alerts are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.faults.broker_desk import Desk
from benchmarks.faults.measure import NotHereError
from benchmarks.faults.mosquitto import PROGRAM
from benchmarks.faults.quiet import quiet
from benchmarks.progress import progress as shown

Progress = Callable[[Iterable[int]], Iterable[int]]


def _stopped(desk: Desk) -> None:
    desk.broker.stop()
    _fail(desk)
    desk.begin_again()
    desk.admit()


def _restarted(desk: Desk) -> None:
    desk.tell()
    desk.broker.stop()
    desk.begin_again()
    desk.admit()


def _refusing(desk: Desk) -> None:
    desk.broker.stop()
    desk.begin_again()
    _fail(desk)
    desk.admit()


def _slow(desk: Desk) -> None:
    desk.broker.pause()
    _fail(desk)
    desk.broker.resume()


def _killed(desk: Desk) -> None:
    desk.tell()
    desk.broker.kill()
    desk.begin_again()
    desk.admit()


def _fail(desk: Desk) -> None:
    before = desk.sink.failures
    desk.tell()
    desk.sink.wait_failure(before)


OUTAGES: Mapping[str, Callable[[Desk], None]] = {
    "mosquitto stopped": _stopped,
    "mosquitto restarted while alerts are sent": _restarted,
    "mosquitto refusing the password, then mended": _refusing,
    "mosquitto slow: stands still beyond the time-out": _slow,
    "mosquitto killed -9 while alerts are sent": _killed,
}


def measure(times: int, progress: Progress | None = None) -> dict[str, Any]:
    """Take the broker away in each way.

    Args:
        times: Outages, shared out evenly among the ways.
        progress: Passes on the numbers it is given, showing how far it is; a bar if None.

    Returns:
        `rows`, as every module here; of each also the `alerts` told and those `repeated`: heard
        again under the same key, as at-least-once promises.

    Raises:
        NotHereError: mosquitto is not installed.
    """
    if PROGRAM is None:
        raise NotHereError("mosquitto is not installed; apt install mosquitto")
    with quiet():  # a thousand outages are a thousand warnings
        return {"rows": _rows(times, progress)}


def _rows(times: int, progress: Progress | None) -> list[dict[str, Any]]:
    each = range(-(-times // len(OUTAGES)))
    rows = []
    for fault, outage in OUTAGES.items():
        rounds = progress(each) if progress else shown(each, fault, len(each))
        rows.append(_row(fault, outage, rounds))
    return rows


def _row(fault: str, outage: Callable[[Desk], None], rounds: Iterable[int]) -> dict[str, Any]:
    times = 0
    with TemporaryDirectory() as folder, Desk(Path(folder)) as desk:
        for _ in rounds:
            outage(desk)
            desk.sink.wait_accepted({one.id for one in desk.put})
            times += 1
        heard = desk.settle()
        keys = {one.id for one in desk.put}
        repeated = sum(heard[key] - 1 for key in keys if heard[key])
        words = Counter(desk.sink.words).most_common(1)
        return {
            "fault": fault,
            "times": times,
            "alerts": len(keys),
            "lost": sum(not heard[key] for key in keys),
            "doubled": doubled(desk, heard),
            "repeated": repeated,
            "told": f"{words[0][0] if words else 'nothing'}; {repeated} of {len(keys)} alerts were "
            "heard again under their key",
        }


def doubled(desk: Desk, heard: Counter[str]) -> int:
    """Messages that nothing accounts for: of no key that was told, or more than were tried.

    A try that was not confirmed may have been delivered, so each may repeat its key once.
    """
    keys = {one.id for one in desk.put}
    foreign = sum(times for key, times in heard.items() if key not in keys)
    return foreign + sum(
        max(0, heard[key] - 1 - desk.sink.unsure[key]) for key in keys if heard[key]
    )
