"""From results to what the page and the Markdown show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from benchmarks.bands import Bands, judged, verdicts
from benchmarks.chart import Chart
from benchmarks.registry import BENCHMARKS, module_of
from benchmarks.result import figures_of
from benchmarks.words import WAYS, number, ratio_text
from edge.message import one_line

MOST = 4  # figures of a result that stand in the summary
# what the words of a result that another version made can fail with
UNTELLABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)

T = TypeVar("T")
Told = Mapping[str, Any]  # a result that `benchmarks.result_file.read` returned
ReadBands = Callable[[str], Bands]


def view(results: Sequence[Told], left_out: Sequence[str], bands: ReadBands) -> dict[str, Any]:
    """All that is shown, each value still as it is: who shows it escapes it.

    Args:
        results: In any order.
        left_out: What could not be measured, and why.
        bands: The reference figures of a machine by its name.
    """
    ordered = sorted(results, key=lambda told: (_place(told["benchmark"]), told["taken"]))
    parts = [_part(told, bands(told["machine"]["machine"])) for told in ordered]
    _number_the_same(parts)
    machines = list(dict.fromkeys(told["machine"]["machine"] for told in ordered))
    days = sorted({told["taken"][:10] for told in ordered})
    return {
        "title": f"Benchmarks: {machines[0]}" if len(machines) == 1 else "Benchmarks",
        "under": _under(machines, days, ordered),
        "parts": parts,
        "left_out": list(left_out),
        "doubts": _doubts(parts),
        "contents": [("summary", "Summary"), *((part["id"], part["name"]) for part in parts)],
    }


def _doubts(parts: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Each warning once, with the results that have it."""
    lines = dict.fromkeys(line for part in parts for line in part["warnings"])
    return [(line, [part for part in parts if line in part["warnings"]]) for line in lines]


def _under(machines: Sequence[str], days: Sequence[str], ordered: Sequence[Told]) -> str:
    commits = list(dict.fromkeys(told["commit"] for told in ordered))
    of = commits[0] if len(commits) == 1 else f"{len(commits)} commits"
    on = f", on {len(machines)} machines" if len(machines) > 1 else ""
    count = f"{len(ordered)} result{'s' if len(ordered) != 1 else ''}"
    return f"{count} of edge-bench, {' to '.join(dict.fromkeys((days[0], days[-1])))}, {of}{on}"


def _place(benchmark: str) -> int:
    return list(BENCHMARKS).index(benchmark) if benchmark in BENCHMARKS else len(BENCHMARKS)


def _number_the_same(parts: Sequence[dict[str, Any]]) -> None:
    """Two results of one benchmark differ in name and address."""
    names = [part["benchmark"] for part in parts]
    for index, part in enumerate(parts):
        nth, many = names[: index + 1].count(part["benchmark"]), names.count(part["benchmark"])
        part["id"] = f"result-{index + 1}"
        part["name"] = f"{part['benchmark']} ({nth} of {many})" if many > 1 else part["benchmark"]


def _part(told: Told, bands: Bands) -> dict[str, Any]:
    known = BENCHMARKS.get(told["benchmark"])
    text, charts, trouble = _tell(told)
    rows = _rows(told, bands)
    *outside, within = verdicts(told, bands) or [""]
    return {
        "benchmark": told["benchmark"],
        "answers": known.answers if known else "A benchmark that this version does not know.",
        "machine": told["machine"]["machine"],
        "warnings": told["warnings"],
        "rows": rows,
        "headline": _headline(rows, known.headline if known else ()),
        "outside": outside,
        "within": within,
        "text": text,
        "charts": charts,
        "trouble": trouble,
        "details": _details(told),
    }


def _rows(told: Told, bands: Bands) -> list[dict[str, str]]:
    """The figures as text: `name`, `value`, `unit`, `better`, `against`, `verdict`."""
    known = {figure.name: (before, verdict) for figure, before, verdict in judged(told, bands)}
    rows = []
    for figure in figures_of(told):
        before, verdict = known.get(figure.name, (None, ""))
        against = "" if before is None else f"{ratio_text(figure.value, before)} {number(before)}"
        rows.append(
            {
                "name": one_line(figure.name),
                "value": number(figure.value),
                "unit": one_line(figure.unit),
                "better": WAYS[figure.better],
                "against": against,
                "verdict": verdict,
            }
        )
    return rows


def _headline(rows: Sequence[dict[str, str]], patterns: Sequence[str] = ()) -> list[dict[str, str]]:
    """What the benchmark wants there, else what comes first; `MOST` at most."""
    wanted = {
        row["name"]: row
        for pattern in patterns
        for row in rows
        if fnmatchcase(row["name"], pattern)
    }
    return list(wanted.values())[:MOST] or _first_of_each(rows)


def _first_of_each(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The first figures of the different things that were measured, a file or a loop each."""
    nth: dict[str, int] = {}
    ranks = []
    for row in rows:
        thing = row["name"].partition("/")[0]
        nth[thing] = nth.get(thing, 0) + 1
        ranks.append(nth[thing])
    chosen = sorted(range(len(rows)), key=lambda index: ranks[index])[:MOST]
    return [rows[index] for index in sorted(chosen)]


def _tell(told: Told) -> tuple[str, list[Chart], str]:
    """Text, charts, and why one of them is missing where this version cannot make it."""
    if told["benchmark"] not in BENCHMARKS:
        return "", [], ""
    module, measured = module_of(told["benchmark"]), dict(told["measured"])
    text, no_text = _attempt(lambda: module.as_text(measured), "")
    nothing: list[Chart] = []
    charts, no_charts = _attempt(lambda: module.charts(measured), nothing)
    if reason := no_text or no_charts:
        reason = f"This version cannot tell all that version {told['version']} kept ({reason})."
    return text, charts, reason


def _attempt(make: Callable[[], T], instead: T) -> tuple[T, str]:
    try:
        return make(), ""
    except UNTELLABLE as error:
        return instead, one_line(f"{type(error).__name__}: {error}")


def _details(told: Told) -> list[list[str]]:
    """On what and in what condition it was measured, as rows of name and value."""
    condition = {
        "governor": told["condition"].get("governor"),
        "temperature, °C": told["condition"].get("temperature"),
        "throttled": ", ".join(map(str, told["condition"].get("throttled") or [])),
        "load when the result was written": told["condition"].get("load"),
    }
    return [
        ["taken", told["taken"]],
        ["commit", told["commit"]],
        ["edge-emotion", told["version"]],
        *([name, value] for name, value in told["machine"].items()),
        *([name, str(value)] for name, value in condition.items() if value not in (None, "")),
        *([f"SHA-256 of {name}", value] for name, value in told["files"].items()),
    ]
