"""The result in words and tables."""

from __future__ import annotations

from typing import Any

from benchmarks.alerts.desk import RARE, TAUGHT
from train.table import markdown_table


def as_text(measured: dict[str, Any]) -> str:
    """The result as Markdown: how visits are made, the default rule, baselines, curves."""
    parts = [
        _head(measured),
        _how(measured["traffic"]),
        _baselines(measured),
        _classes(measured["default"]),
        _curves(measured),
    ]
    if measured["best"]:
        parts.append(_best(measured))
    return "\n\n".join(parts)


def _head(measured: dict[str, Any]) -> str:
    rule, expression, told = measured["rule"], measured["expression"], measured["default"]
    soon, false, delay = told["within_6s"], told["false_alerts"], told["delay"]
    waited = (
        f"the first alert comes after {delay['median_s']:.1f} s (median; p90 "
        f"{delay['p90_s']:.1f} s)"
        if delay["median_s"] is not None
        else "no angry visit raises one"
    )
    return (
        f"{measured['file']}, {measured['split']}: {measured['angry_faces']} angry and "
        f"{measured['calm_faces']} calm faces. The default rule (on {rule['on']:g}, "
        f"{rule['seconds']:g} s, share {rule['share']:g}, smoothing "
        f"{expression['smoothing']:g} s, baseline {expression['baseline']}{_mirrored(expression)}) "
        f"tells of {soon['share']:.1%} ({_shares(soon)}) of angry visits within 6 s and of "
        f"{told['at_all']['share']:.1%} at all; {waited}. It raises {false['an_hour']:.3f} "
        f"({_rates(false)}) false alerts in an hour of calm traffic."
    )


def _mirrored(expression: dict[str, Any]) -> str:
    """Results of older versions do not say."""
    return ", every second reading mirrored" if expression.get("mirror") else ""


def _how(traffic: dict[str, Any]) -> str:
    low, high = traffic["visit_range_s"]
    mix = ", ".join(f"{name} {share:.0%}" for name, share in traffic["mix"].items())
    return (
        "A visit is one held-out face seen again and again, cut as the detector cuts it, with its "
        f"light and noise; {traffic['visits_a_face']} visits a face. Calm traffic is "
        f"{traffic['calm_visits_an_hour']:g} visits an hour by FER+ majority (more than five of "
        f"ten votes): {mix}, the rest surprise, sad, fear and disgust as they are found. A visit "
        f"lasts {traffic['visit_median_s']:g} s (log-normal median, {low:g} to {high:g} s). The "
        f"face is lost for {traffic['lost_share']:.0%} of the looks, {traffic['lost_for_s']:g} s "
        f"at a time, and a reading resembles the next for {traffic['memory_s']:g} s. Angry visits "
        "show the angry face from arrival on. Intervals are 95%, over faces: visits of one face "
        "are not independent. A picture does not talk, turn or blink, so real visits err in ways "
        "that these do not."
    )


def _baselines(measured: dict[str, Any]) -> str:
    head = (
        "baseline", "within 6 s", "95%", "at all", "median s", "p90 s", "calm, then angry",
        "false an hour", "95%", "a visit of a resting face",
    )  # fmt: skip
    rows = [(mode, *_baseline_cells(told)) for mode, told in measured["baselines"].items()]
    faces = measured["default"]["resting"]["faces"]
    note = (
        "'Calm, then angry': alerts within 6 s of the turn, of visitors who wear a neutral face "
        f"for {measured['traffic']['turn_s']:g} s first. 'A resting face': false alerts a visit of "
        f"the {faces} neutral faces on which the model's mean reading has anger on top. A site "
        f"has learned from {TAUGHT} visitors of this traffic, {RARE:.0%} of them angry."
    )
    return markdown_table(head, rows) + "\n\n" + note


def _baseline_cells(told: dict[str, Any]) -> list[str]:
    soon, delay, false = told["within_6s"], told["delay"], told["false_alerts"]
    return [
        f"{soon['share']:.1%}",
        _shares(soon),
        f"{told['at_all']['share']:.1%}",
        *("" if delay[key] is None else f"{delay[key]:.1f}" for key in ("median_s", "p90_s")),
        f"{told['turning']['share']:.1%}",
        f"{false['an_hour']:.3f}",
        _rates(false),
        f"{told['resting']['alerts_a_visit']:.2f}",
    ]


def _classes(told: dict[str, Any]) -> str:
    head = ("calm face", "faces", "share of traffic", "faces with an alert", "false an hour")
    rows = [
        (
            name,
            str(part["faces"]),
            f"{part['traffic']:.1%}",
            str(part["faces_with_alert"]),
            f"{part['an_hour']:.3f}",
        )
        for name, part in told["by_class"].items()
    ]
    return "False alerts of the default rule by what the face shows:\n\n" + markdown_table(
        head, rows
    )


def _curves(measured: dict[str, Any]) -> str:
    smoothing = measured["expression"]["smoothing"]
    point = {
        (one["on"], one["seconds"]): f"{one['within_6s']:.0%} / {one['an_hour']:.2f}"
        for one in measured["curves"]
        if one["smoothing"] == smoothing
    }
    lengths = sorted({seconds for _, seconds in point})
    head = ("on", *(f"{seconds:g} s" for seconds in lengths))
    rows = [
        (f"{on:g}", *(point[on, seconds] for seconds in lengths))
        for on in sorted({on for on, _ in point})
    ]
    return (
        f"Angry visits told of within 6 s / calm visits with a false alert an hour, by `on` and "
        f"`seconds`, smoothing {smoothing:g} s:\n\n" + markdown_table(head, rows)
    )


def _best(measured: dict[str, Any]) -> str:
    head = ("baseline", "false an hour at most", "on", "seconds", "smoothing", "within 6 s", "has")
    rows = [
        (mode, bound, *_setting(one))
        for mode, by_bound in measured["best"].items()
        for bound, one in by_bound.items()
    ]
    return f"The best of the settings tried, on {measured['split']}:\n\n" + markdown_table(
        head, rows
    )


def _setting(one: dict[str, Any] | None) -> tuple[str, ...]:
    if one is None:
        return ("none",) + ("",) * 4
    return (
        f"{one['on']:g}",
        f"{one['seconds']:g}",
        f"{one['smoothing']:g}",
        f"{one['within_6s']:.1%}",
        f"{one['an_hour']:.3f}",
    )


def _shares(found: dict[str, Any]) -> str:
    low, high = found["interval_95"]
    return f"{low:.0%}-{high:.0%}"


def _rates(found: dict[str, Any]) -> str:
    low, high = found["interval_95"]
    return f"{low:.3f}-{high:.3f}"
