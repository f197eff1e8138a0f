"""From findings to what the templates show: charts drawn, figures put into cells and sentences."""

from __future__ import annotations

from typing import Any

from train.report import charts, curves, figures, looks, words
from train.report.attention import ENOUGH
from train.report.findings import Findings
from train.report.made import made
from train.report.page import markdown_as_html
from train.report.style import LABEL_NAMES
from train.significance import RESAMPLES
from train.table import markdown_table

AUDIT_HINT = (
    "What is wrong with the data itself: edge-train audit --data DIR --out RUN puts its figures "
    "here the next time."
)
CONTENTS = (
    ("summary", "Summary"),
    ("curves", "Training"),
    ("confusion", "Confusion"),
    ("classes", "Classification report"),
    ("two-accuracies", "Two accuracies"),
    ("calibration", "Calibration"),
    ("anger", "Anger: precision and recall"),
    ("faces", "Faces"),
    ("gradcam", "Grad-CAM"),
    ("layers", "Feature maps"),
    ("angry", "When it says angry"),
    ("data", "The data"),
    ("made", "How it was made"),
)


def view(found: Findings) -> dict[str, Any]:
    """Everything that `report.html` and `report.md` ask for."""
    values = {
        **_summary(found),
        **_training(found),
        **_classes(found),
        **_calibration(found),
        **_anger(found),
        **looks.faces(found),
        **looks.network_view(found),
        "angry": looks.angry(found),
        **_data(found),
        **made(found),
    }
    absent = {
        "curves": not values["curves"],
        "anger": values["anger_curve"] is None,
        "faces": not found.options.with_faces,
        "gradcam": not values["gradcam"],
        "layers": not values["layers"],
        "angry": values["angry"] is None,
    }
    values["contents"] = [(key, name) for key, name in CONTENTS if not absent.get(key)]
    return values


def _names(found: Findings) -> list[str]:
    return [LABEL_NAMES[labels] for labels in found.measured.scores]


def _summary(found: Findings) -> dict[str, Any]:
    measured = found.measured
    rows = words.headline(measured.scores, measured.intervals)
    cells = [[row["name"], *map(words.with_interval, row["cells"])] for row in rows]
    facts = found.subject.facts
    return {
        "title": f"Report: {found.subject.name}",
        "under": f"{facts['architecture']}, {words.whole(facts['parameters'])} parameters, faces "
        f"of {facts['input']}x{facts['input']} pixels, on {measured.split}",
        "summary": words.summary(found.subject.name, measured.split, measured.scores),
        "headline": rows,
        "headline_md": markdown_table(["", *_names(found)], cells),
        "labels": _names(found),
        "faces": words.whole(len(measured.faces)),
        "split": measured.split,
        "classes": measured.faces.classes,
        "temperature": f"{measured.temperature:.2f}",
        "temperature_from": measured.temperature_from,
        "resamples": words.whole(RESAMPLES),
        "enough": ENOUGH,
        "with_faces": found.options.with_faces,
        "left_out": found.left_out,
    }


def _training(found: Findings) -> dict[str, Any]:
    log = found.subject.log
    return {"curves": curves.curves(log), "spread": curves.distributions(log)}


def _classes(found: Findings) -> dict[str, Any]:
    measured, scores = found.measured, found.measured.scores
    names = list(measured.faces.classes)
    reports = [
        (LABEL_NAMES[labels], words.report_rows(one, measured.intervals[labels]))
        for labels, one in scores.items()
    ]
    columns = ("name", "precision", "recall", "f1", "f1_95", "roc_auc", "average_precision", "n")
    head = ["class", "precision", "recall", "F1", "95%", "ROC AUC", "AP", "faces"]
    two = [
        [
            LABEL_NAMES[labels],
            words.percent(one["accuracy"]),
            words.percent(one["binary_accuracy"]),
            words.percent(one["binary_accuracy_never_yes"]),
        ]
        for labels, one in scores.items()
    ]
    return {
        "confusion": [
            charts.confusion(one, labels, normalised)
            for labels, one in scores.items()
            for normalised in (False, True)
        ],
        "confusion_md": [
            (LABEL_NAMES[labels], _confusion_table(names, one["confusion"]))
            for labels, one in scores.items()
        ],
        "mistakes": [
            (
                LABEL_NAMES[labels],
                [
                    [it["truth"], it["told"], words.whole(it["n"]), words.percent(it["share"], 0)]
                    for it in figures.confusions(one)
                ],
            )
            for labels, one in scores.items()
        ],
        "report": reports,
        "report_md": [
            (name, markdown_table(head, [[row[key] for key in columns] for row in rows]))
            for name, rows in reports
        ],
        "per_class": charts.per_class(measured),
        "two_accuracies": two,
        "two_accuracies_md": markdown_table(
            ["", "categorical", "binary at 0.5", "binary, never yes"], two
        ),
        "never_yes": words.percent(1 - 1 / len(names)),
    }


def _confusion_table(names: list[str], confusion: list[list[int]]) -> str:
    rows = [[name, *map(str, row)] for name, row in zip(names, confusion, strict=True)]
    return markdown_table(["is \\ called", *names], rows)


def _calibration(found: Findings) -> dict[str, Any]:
    told, temperature = figures.calibration(found.measured), found.measured.temperature
    rows = [
        [
            LABEL_NAMES[labels],
            words.plain(one["error"]),
            words.plain(one["error_at_temperature_1"]),
            f"{temperature:.2f}",
        ]
        for labels, one in told.items()
    ]
    head = ["", "error", "error at temperature 1", "temperature"]
    return {
        "calibration": [
            charts.reliability_diagram(one, labels, temperature) for labels, one in told.items()
        ],
        "calibration_rows": rows,
        "calibration_md": markdown_table(head, rows),
    }


def _anger(found: Findings) -> dict[str, Any]:
    points = figures.operating_points(found.measured)
    rows = [
        [
            name,
            LABEL_NAMES[labels],
            words.plain(point["threshold"]),
            words.percent(point["precision"]),
            words.percent(point["fpr"], 2),
        ]
        for labels, by_recall in points.items()
        for name, point in by_recall.items()
    ]
    head = ["operating point", "labels", "threshold", "precision", "false alarms on other faces"]
    return {
        "anger_curve": charts.anger_curve(found.measured, points),
        "point_rows": rows,
        "points_md": markdown_table(head, rows) if rows else "",
    }


def _data(found: Findings) -> dict[str, Any]:
    rows = [
        [name, words.whole(len(faces)), words.whole(int((faces.votes.sum(axis=1) > 0).sum()))]
        for name, faces in found.splits.items()
    ]
    return {
        "data_rows": rows,
        "data_md": markdown_table(["split", "faces", "with FER+ votes"], rows),
        "audit_md": found.audit,
        "audit_html": markdown_as_html(found.audit),
        "audit_hint": AUDIT_HINT,
        "leaked": _leaked(found),
    }


def _leaked(found: Findings) -> dict[str, Any] | None:
    without = found.without_copies
    if without is None:
        return None
    rows = []
    for labels, before in found.measured.scores.items():
        after = without["scores"].get(labels)
        for name, key in (("accuracy", "accuracy"), ("macro F1", "macro_f1")):
            if after is None or before[key] is None or after[key] is None:
                continue
            difference = 100 * (after[key] - before[key])
            rows.append(
                [
                    f"{name}, {LABEL_NAMES[labels]}",
                    words.percent(before[key]),
                    words.percent(after[key]),
                    f"{difference:+.1f} points",
                ]
            )
    out, faces = without["n_left_out"], len(found.measured.faces)
    return {
        "sentence": f"{words.whole(out)} of {words.whole(faces)} faces of {found.measured.split} "
        f"({out / max(faces, 1):.1%}) have an exact or near copy in Training, which the network "
        "may have learnt by heart.",
        "rows": rows,
        "table_md": markdown_table(["", "all faces", "without copies", "difference"], rows),
    }
