"""The energy of watching in words, figures and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.chart import Chart, Series
from benchmarks.energy.boards import OTHER_TIMES_REFERENCE, REFERENCE
from benchmarks.result import Figure
from train.table import markdown_table

SURE = 2.0  # standard errors from nothing


def as_text(measured: dict[str, Any]) -> str:
    """Power where something tells it, CPU time, and what that means on a few boards."""
    parts = [_power(measured), _cpu(measured), _boards(measured)]
    return "\n\n".join(part for part in parts if part)


def figures(measured: dict[str, Any]) -> list[Figure]:
    """CPU seconds an hour and joules a frame, with and without a visitor."""
    found = []
    for name, phase in measured["phases"].items():
        watching = phase["watching_cpu_s_an_hour"]
        found.append(Figure(f"{name}/CPU of watching", watching, "s an hour"))
        found.append(Figure(f"{name}/CPU with drawing", phase["cpu_s_an_hour"], "s an hour"))
        for sensor, told in phase["joules_a_frame"].items():
            found.append(Figure(f"{name}/{sensor}", told["joules"], "J a frame"))
    return found


def charts(measured: dict[str, Any]) -> list[Chart]:
    """Watts by phase where something tells them; shares of a core by board."""
    drawn = []
    for sensor, about in measured["sensors"].items():
        watts = {"idle": measured["idle"][sensor]} | {
            name: phase["watts"][sensor] for name, phase in measured["phases"].items()
        }
        drawn.append(_bars(f"What does {sensor} tell?", "W", about.capitalize() + ".", watts))
    series = [
        Series(
            name,
            [_short(one["board"]) for one in phase["boards"]],
            [sum(one["share"]) / 2 for one in phase["boards"]],
            [tuple(one["share"]) for one in phase["boards"]],
        )
        for name, phase in measured["phases"].items()
    ]
    note = "Estimated from published figures; the bars end in the middle of their ranges."
    title = "How much of one core would watching take on a board?"
    return [*drawn, Chart(title, "bar", "share of one core", "", series, note)]


def _bars(title: str, unit: str, note: str, watts: Mapping[str, Mapping[str, float]]) -> Chart:
    values = [told["watts"] for told in watts.values()]
    reach = [SURE * told["error"] for told in watts.values()]
    spread = [(value - far, value + far) for value, far in zip(values, reach, strict=True)]
    return Chart(title, "bar", unit, "", [Series("power", list(watts), values, spread)], note)


def _power(measured: Mapping[str, Any]) -> str:
    if not measured["sensors"]:
        why = "".join(f" {line}." for line in measured["refused"])
        return f"Nothing here tells its power.{why}"
    rows = []
    for sensor, about in measured["sensors"].items():
        rows.append((sensor, about, "idle", _watts(measured["idle"][sensor]), "", ""))
        for name, phase in measured["phases"].items():
            joules = phase["joules_a_frame"][sensor]
            more = phase["watts"][sensor]["watts"] - measured["idle"][sensor]["watts"]
            rows.append(
                (sensor, "", name, _watts(phase["watts"][sensor]), f"{more:+.3f}", _joules(joules))
            )
    head = ("sensor", "sees", "while", "W", "W above idle", "mJ a frame")
    return markdown_table(head, rows)


def _cpu(measured: Mapping[str, Any]) -> str:
    rows = [
        (
            name,
            f"{phase['watching_cpu_s_an_hour']:.0f}",
            f"{phase['share']:.1%}",
            f"{phase['cpu_s_an_hour']:.0f}",
        )
        for name, phase in measured["phases"].items()
    ]
    head = ("service on", "CPU s an hour", "of one core", "with drawing the visitor")
    return markdown_table(head, rows) + (
        "\n\nThe built-in visitor is drawn by the same process. A camera does not take that, but a "
        "USB camera's JPEGs must be decoded: `edge-bench latency` tells what that costs."
    )


def _boards(measured: Mapping[str, Any]) -> str:
    rows = []
    for index, first in enumerate(next(iter(measured["phases"].values()))["boards"]):
        told = [phase["boards"][index] for phase in measured["phases"].values()]
        cells = [cell for one in told for cell in (_share(one["share"]), _added(one["watts"]))]
        rows.append((first["board"], _range(first["idle"]), *cells))
    heads = [
        head for name in measured["phases"] for head in (f"{name}: of one core", "W above idle")
    ]
    return (
        f"**Estimated** for a few boards from published figures{_how(measured)}; the sources stand "
        "in `benchmarks/energy/boards.py`:\n\n" + markdown_table(("board", "idle W", *heads), rows)
    )


def _how(measured: Mapping[str, Any]) -> str:
    if measured["is_board"]:
        return ", from the CPU time of this board and 7-zip's speed on one core"
    low, high = OTHER_TIMES_REFERENCE
    return (
        f", assuming that a core of this machine is {low:g} to {high:g} times as fast as one of a "
        f"{REFERENCE}"
    )


def _watts(told: Mapping[str, float]) -> str:
    return f"{told['watts']:.3f} ± {SURE * told['error']:.3f}"


def _joules(told: Mapping[str, float]) -> str:
    text = f"{1000 * told['joules']:.2f} ± {1000 * SURE * told['error']:.2f}"
    return text if told["joules"] > SURE * told["error"] else f"{text} (not told from nothing)"


def _share(share: Sequence[float]) -> str:
    text = f"{share[0]:.0%} to {share[1]:.0%}" if share[0] < share[1] else f"{share[0]:.0%}"
    return text if share[1] <= 1 else f"{text}: may not keep up"


def _added(watts: Sequence[float] | None) -> str:
    return "not published" if watts is None else _range(watts)


def _range(both: Sequence[float]) -> str:
    return f"{both[0]:.2g} to {both[1]:.2g}"


def _short(board: str) -> str:
    return board.removeprefix("Raspberry ")
