"""A soak in words, figures and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.chart import Chart, Series
from benchmarks.result import Figure
from benchmarks.soak.limits import WATCHED, rate, warm
from train.table import markdown_table


def as_text(measured: dict[str, Any]) -> str:
    """What ran, a table of what may grow, the alerts, and the verdict."""
    return "\n\n".join((_ran(measured), _table(measured), _levels(measured), _verdict(measured)))


def figures(measured: dict[str, Any]) -> list[Figure]:
    """Memory and its slope, CPU, p99, what was written, what was dropped."""
    series = measured["series"]
    found = [Figure("dropped", measured["dropped"]["percent"], "%", timed=False)]
    for key, (name, unit, *_) in WATCHED.items():
        if (value := measured["slopes"][key]["value"]) is not None:
            # around zero, so it is never the same twice: the limits judge it, not another run
            unit_an_hour = f"{unit} an hour"
            found.append(Figure(f"{name}/slope", value, unit_an_hour, "none", timed=False))
    for key, name, unit in (
        ("rss_mib", "RSS", "MiB"),
        ("cpu_percent", "CPU", "%"),
        ("watching_cpu_percent", "CPU without the drawn camera", "%"),
        ("p50_ms", "p50 of a frame", "ms"),
        ("p99_ms", "p99 of a frame", "ms"),
    ):
        if series[key]:
            found.append(Figure(name, _settled(series, key), unit))
    if (written := _written(series)) is not None:
        found.append(Figure("written", written, "MiB an hour", timed=False))
    return found


def charts(measured: dict[str, Any]) -> list[Chart]:
    """Memory, CPU, time a frame, and files with threads, over minutes of watching."""
    series = measured["series"]
    if not series["hours"]:
        return []

    def over_time(title: str, y_label: str, note: str, **lines: str) -> Chart:
        minutes = [60 * hour for hour in series["hours"]]
        drawn = [Series(name, minutes, series[key]) for key, name in lines.items()]
        kept = [one for one in drawn if None not in one.y]
        marks = [(minutes[skip - 1], "warm-up ends")] if (skip := warm(series["hours"])) else []
        return Chart(title, "line", "minutes of watching", y_label, kept, note, marks=marks)

    return [
        over_time(
            "Does memory grow?", "MiB", _note(measured, "rss_mib"), rss_mib="RSS", pss_mib="PSS"
        ),
        over_time(
            "How busy is the service?",
            "% of one core",
            "The built-in visitor is drawn by the same process; a real camera is not.",
            cpu_percent="all",
            watching_cpu_percent="without drawing the visitor",
        ),
        over_time(
            "Does a frame take longer?", "ms", _note(measured, "p99_ms"), p50_ms="p50", p99_ms="p99"
        ),
        over_time(
            "Is anything left open?",
            "count",
            _note(measured, "files"),
            files="open files",
            threads="threads",
        ),
    ]


def _ran(measured: Mapping[str, Any]) -> str:
    pace = "a camera's pace" if measured["pace"] == "live" else "full speed"
    return (
        f"The service on `demo:` at {pace}: {measured['frames']:,} frames, "
        f"{measured['seconds'] / 60:.1f} minutes of the camera's time: {measured['why']}."
    )


def _table(measured: Mapping[str, Any]) -> str:
    rows = []
    for key, (name, unit, *_) in WATCHED.items():
        found = measured["slopes"][key]
        value, low, high = (rate(found[one]) for one in ("value", "low", "high"))
        rows.append(
            (f"{name}, {unit}", value, f"{low} to {high}", f"{found['limit']:g}", found["verdict"])
        )
    dropped = measured["dropped"]
    return (
        markdown_table(("grows by, an hour", "slope", "95%", "limit", "verdict"), rows)
        + f"\n\nDropped: {dropped['percent']:.2f}% of the camera's frames, limit "
        f"{dropped['limit']:g}%: {dropped['verdict']}."
    )


def _levels(measured: Mapping[str, Any]) -> str:
    series, alerts = measured["series"], measured["alerts"]
    low, high = alerts["expected"]
    expected = f"{low}" if low == high else f"{low} to {high}"
    lines = [
        f"Alerts: {alerts['raised']} raised and {alerts['held_back']} held back by the cap, of "
        f"{expected} that the play has."
    ]
    if series["hours"]:
        lines.append(
            f"After the warm-up (medians): RSS {_settled(series, 'rss_mib'):.0f} MiB, "
            f"{series['files'][-1]:.0f} open files, {series['threads'][-1]:.0f} threads, CPU "
            f"{_settled(series, 'cpu_percent'):.1f}% of a core "
            f"({_settled(series, 'watching_cpu_percent'):.1f}% without drawing the visitor), "
            f"{_settled(series, 'switches_a_second'):.0f} context switches a second; a frame "
            f"{_settled(series, 'p50_ms'):.2f} ms (p50), {_settled(series, 'p99_ms'):.2f} ms (p99)."
        )
    if (written := _written(series)) is not None:
        lines.append(f"Written to disk: {written:.2f} MiB an hour.")
    return " ".join(lines)


def _verdict(measured: Mapping[str, Any]) -> str:
    if measured["grew"]:
        return "**Failed:** " + "; ".join(measured["grew"]) + "."
    if measured["unclear"]:
        return "Nothing was seen to grow, but the run was too short to be sure of all of it."
    return "Nothing grows."


def _note(measured: Mapping[str, Any], key: str) -> str:
    name, unit, *_ = WATCHED[key]
    found = measured["slopes"][key]
    if found["value"] is None:
        return f"Too few points for a slope of {name}."
    return (
        f"{name}: {rate(found['value'])} {unit} an hour (95%: {rate(found['low'])} to "
        f"{rate(found['high'])}), limit {found['limit']:g}."
    )


def _settled(series: Mapping[str, Sequence[float]], key: str) -> float:
    """The median after the warm-up."""
    return float(median(series[key][warm(series["hours"]) :] or series[key]))


def _written(series: Mapping[str, Sequence[Any]]) -> float | None:
    """MiB an hour of watching between the first window and the last; None if not told."""
    told, hours = series["written_mib"], series["hours"]
    if len(told) < 2 or None in told or hours[-1] <= hours[0]:
        return None
    return float((told[-1] - told[0]) / (hours[-1] - hours[0]))
