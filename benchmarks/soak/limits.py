"""How much may grow, and what a soak's record says of it; knows no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from benchmarks.soak.expected import angry_times, most_raised
from benchmarks.soak.slope import slope, verdict
from benchmarks.words import number
from edge.alerts.rule import RuleConfig
from edge.camera.scenes import PLAYS

WARM_UP = 60.0  # seconds of watching that are left out of the slopes,
WARM_UP_SHARE = 0.1  # but at most this share of the run


@dataclass(frozen=True)
class Limits:
    """The most that is let pass, by the hour of watching.

    Attributes:
        rss: MiB. The unit ends the service at 300 MiB, about 200 above what it takes: at 1 MiB an
            hour it lasts eight days, which the next restart for an update hides.
        files: Open files. A service that opens what it does not close ends at its limit of 1,024.
        threads: Threads.
        p99: Milliseconds. A frame has 100 at 10 frames a second: at 5 more an hour they are used
            up within a day.
        dropped: Frames that were overtaken, in percent of the camera's. A device that is fast
            enough drops none; 1% is a hiccup of something else on it.
    """

    rss: float = 1.0
    files: float = 0.0
    threads: float = 0.0
    p99: float = 5.0
    dropped: float = 1.0


class Watched(NamedTuple):
    """A series that must not grow.

    Attributes:
        name, unit: For people.
        limit: Which field of `Limits` it is held against.
        least: What must have come on top in all before it counts as growth.
        timed: Whether others on the machine can make it grow.
    """

    name: str
    unit: str
    limit: str
    least: float
    timed: bool = False


WATCHED = {
    # Python takes memory in steps of 1 MiB; what is less may be the last one being filled
    "rss_mib": Watched("RSS", "MiB", "rss", 1.0),
    "files": Watched("open files", "files", "files", 1.0),
    "threads": Watched("threads", "threads", "threads", 1.0),
    "p99_ms": Watched("p99 of a frame", "ms", "p99", 1.0, timed=True),
}
BUSY_WORDS = "others kept the machine busy"


def judge(record: Mapping[str, Any], limits: Limits, busy: bool = False) -> dict[str, Any]:
    """What a record says.

    Args:
        record: What `benchmarks.soak.record.Record.as_json` returned, with the `scene` that was
            played and the `rule` that watched it.
        busy: Whether others kept the machine busy, so that what takes time proves nothing.

    Returns:
        `slopes` by key of `WATCHED`, each with its 95% interval, limit and verdict; `dropped` in
        percent with its verdict; `alerts` expected and seen; `grew`, one line for each failure;
        `unclear`, one line for each series that was watched too short.
    """
    slopes = {key: _slope(record["series"], key, limits, busy) for key in WATCHED}
    dropped, alerts = _dropped(record, limits.dropped, busy), _alerts(record)
    failures = [_grew(WATCHED[key], found) for key, found in slopes.items()]
    return {
        "limits": asdict(limits),
        "slopes": slopes,
        "dropped": dropped,
        "alerts": alerts,
        "grew": [text for text in (*failures, _too_many(dropped), alerts["verdict"]) if text],
        "unclear": [
            text for key, found in slopes.items() if (text := _unclear(WATCHED[key], found))
        ],
    }


def rate(value: float | None) -> str:
    """A slope for people: three digits, thousandths at the finest, a question mark for none."""
    return "?" if value is None else number(round(value, 3) + 0.0, 3)  # -0.0 would show its sign


def warm(hours: Sequence[float]) -> int:
    """How many of the first points belong to the warm-up."""
    if not hours:
        return 0
    end = min(WARM_UP / 3600, WARM_UP_SHARE * hours[-1])
    return sum(hour <= end for hour in hours)


def _slope(
    series: Mapping[str, Sequence[float]], key: str, limits: Limits, busy: bool
) -> dict[str, Any]:
    watched = WATCHED[key]
    hours = series["hours"][warm(series["hours"]) :]
    found = slope(hours, series[key][-len(hours) :] if hours else [])
    limit = getattr(limits, watched.limit)
    word: str = verdict(found, limit)
    if found is None:
        return {**dict.fromkeys(("value", "low", "high")), "limit": limit, "verdict": word}
    if word == "grows" and busy and watched.timed:
        word = BUSY_WORDS
    elif word == "grows" and found.value * (hours[-1] - hours[0]) < watched.least:
        word = "too short to tell"
    return {**asdict(found), "limit": limit, "verdict": word}


def _dropped(record: Mapping[str, Any], limit: float, busy: bool) -> dict[str, Any]:
    given = record["frames"] + record["dropped"]
    percent = 100 * record["dropped"] / given if given else 0.0
    many = BUSY_WORDS if busy else "too many"
    return {"percent": percent, "limit": limit, "verdict": many if percent > limit else "steady"}


def _alerts(record: Mapping[str, Any]) -> dict[str, Any]:
    """The demo's visitor gets angry once a loop; whom the cap held back counts, too."""
    rule = RuleConfig(**record["rule"])
    low, high = angry_times(record["seconds"], PLAYS[record["scene"]], rule)
    raised, held_back = record["raised"], record["held_back"]
    told = {"expected": [low, high], "raised": raised, "held_back": held_back, "verdict": ""}
    if not low <= raised + held_back <= high:
        told["verdict"] = f"{raised + held_back} alerts where the play has {low} to {high}"
    elif raised > most_raised(record["seconds"], rule.cap):
        told["verdict"] = f"{raised} alerts in spite of the cap of {rule.cap} an hour"
    return told


def _grew(watched: Watched, found: Mapping[str, Any]) -> str:
    if found["verdict"] != "grows":
        return ""
    return (
        f"{watched.name}: {rate(found['value'])} {watched.unit} more an hour (95%: "
        f"{rate(found['low'])} to {rate(found['high'])}), above {found['limit']:g}"
    )


def _too_many(dropped: Mapping[str, Any]) -> str:
    if dropped["verdict"] != "too many":
        return ""
    return f"{dropped['percent']:.2f}% of the frames were dropped, above {dropped['limit']:g}%"


def _unclear(watched: Watched, found: Mapping[str, Any]) -> str:
    if found["verdict"] in ("steady", "grows"):
        return ""
    return (
        f"{watched.name}: {found['verdict']} whether more than {found['limit']:g} {watched.unit} "
        "come on top in an hour; watch for longer, on a quiet machine"
    )
