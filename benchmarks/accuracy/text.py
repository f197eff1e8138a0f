"""Accuracy as Markdown, and the few figures that runs are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks import end_to_end, robustness
from benchmarks.result import Figure
from benchmarks.shares import LABEL_NAMES, percent, points
from train.table import markdown_table

HEAD_SCORES = (
    "file",
    "split",
    "labels",
    "n",
    "accuracy",
    "macro F1",
    "anger recall",
    "anger precision",
    "anger average precision",
    "false positives at recall 0.8",
    "at recall 0.5",
    "calibration error",
)
HEAD_AGAINST = (
    "file",
    "split",
    "same label",
    "KL, nats",
    "labels",
    "accuracy, points (95%)",
    "right only here",
    "only float",
    "McNemar p",
)


def as_text(measured: Mapping[str, Any]) -> str:
    """All that was measured, section by section."""
    parts = [
        "95% intervals in brackets.",
        markdown_table(HEAD_SCORES, _score_rows(measured["scores"])),
        *(f"Left out: {line}." for line in measured["left_out"]),
        f"{measured['about_float']}.",
    ]
    if measured["against_float"]:
        parts.append(markdown_table(HEAD_AGAINST, _against_rows(measured["against_float"])))
    for split, told in measured["subgroups"]["splits"].items():
        parts.append(f"### On whom {measured['subgroups']['file']} fails, {split}")
        parts += _subgroups(told)
    for split, told in measured.get("end_to_end", {}).items():
        parts += [f"### Through the whole chain, {split}", end_to_end.as_text(told)]
    for split, told in measured.get("robustness", {}).items():
        parts += [f"### Robustness, {split}", robustness.as_text(told)]
    return "\n\n".join(parts)


def _score_rows(scores: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            name,
            split,
            LABEL_NAMES[labels],
            str(told["n"]),
            percent({"value": told["accuracy"], "interval_95": told["accuracy_95"]}),
            *(
                _decimal(told.get(key), told["intervals"].get(key))
                for key in (
                    "macro_f1",
                    "anger_recall",
                    "anger_precision",
                    "anger_average_precision",
                )
            ),
            *(_false_positives(told, recall) for recall in ("0.8", "0.5")),
            f"{told['calibration_error']:.3f}",
        ]
        for name, by_split in scores.items()
        for split, both in by_split.items()
        for labels, told in both.items()
    ]


def _decimal(value: float | None, interval: list[float] | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" + ("" if interval is None else f" ({interval[0]:.3f}-{interval[1]:.3f})")


def _false_positives(told: Mapping[str, Any], recall: str) -> str:
    point = told.get(f"anger_at_recall_{recall}", {"fpr": None, "fpr_95": None})
    return percent({"value": point["fpr"], "interval_95": point["fpr_95"]})


def _against_rows(against: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            name,
            split,
            f"{found['same_label']:.1%}",
            f"{found['kl']:.2g}",
            LABEL_NAMES[labels],
            points({**found[labels], "value": found[labels]["difference"]}),
            str(found[labels]["only_this"]),
            str(found[labels]["only_float"]),
            f"{found[labels]['p']:.2g}",
        ]
        for name, by_split in against.items()
        for split, found in by_split.items()
        for labels in LABEL_NAMES
        if labels in found
    ]


def _subgroups(told: Mapping[str, Any]) -> list[str]:
    parts = ["Faces in thirds by what their pixels tell:", _aspects_table(told["aspects"])]
    if told["as_angry"]:
        parts += [
            "Read as angry, by what they are: as the top label, and with a probability from the "
            f"default rule's threshold of {told['threshold']:g} on.",
            _as_angry_table(told["as_angry"]),
        ]
    return [*parts, told["not_measured"]]


def _aspects_table(aspects: Mapping[str, Any]) -> str:
    columns = _columns(next(iter(aspects.values()))["groups"])
    words = {"accuracy": "accuracy", "calm_as_angry": "neutral read as angry"}
    head = [
        "",
        "third",
        "edges",
        *(f"{words[what]}, {LABEL_NAMES[labels]}" for what, labels in columns),
    ]
    rows = []
    for name, aspect in aspects.items():
        low, high = (f"{edge:.3g}" for edge in aspect["edges"])
        edges = (f"to {low}", f"{low} to {high}", f"from {high}")
        for (group, found), between in zip(aspect["groups"].items(), edges, strict=True):
            cells = (percent(found[what][labels]) for what, labels in columns)
            rows.append([name, group, between, *cells])
    return markdown_table(head, rows)


def _columns(groups: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What all the groups can tell: a third may hold no face with a majority."""
    return [
        (what, labels)
        for what in ("accuracy", "calm_as_angry")
        for labels in LABEL_NAMES
        if all(labels in found[what] for found in groups.values())
    ]


def _as_angry_table(as_angry: Mapping[str, Any]) -> str:
    head = ["true label"]
    head += [f"{word}, {LABEL_NAMES[one]}" for one in as_angry for word in ("top", "above")]
    rows = [
        [name, *(percent(as_angry[one][name][key]) for one in as_angry for key in ("top", "above"))]
        for name in next(iter(as_angry.values()))
    ]
    return markdown_table(head, rows)


def figures(measured: Mapping[str, Any]) -> list[Figure]:
    """Accuracy and anger's average precision of each file on each split, and what was asked for."""
    found = [
        Figure(f"{name}/{split}/{labels}/{word}", 100 * told[key], "%", "higher", timed=False)
        for name, by_split in measured["scores"].items()
        for split, both in by_split.items()
        for labels, told in both.items()
        for key, word in (("accuracy", "accuracy"), ("anger_average_precision", "anger AP"))
        if told.get(key) is not None
    ]
    for part, section in (("end_to_end", end_to_end), ("robustness", robustness)):
        for split, told in measured.get(part, {}).items():
            found += [
                Figure(f"{split}/{one.name}", one.value, one.unit, one.better, timed=False)
                for one in section.figures(told)
            ]
    return found
