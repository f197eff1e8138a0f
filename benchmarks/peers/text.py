"""`edge-bench peers` in words and a table."""

from __future__ import annotations

from typing import Any

from train.table import markdown_table

ABOUT = (
    "{frames} frames of 640x480, 10 to a second, one visitor in each; the loops take turns in one "
    "process, on one thread. Faces told: in how many of the frames the loop tells that face's "
    "expression; false: boxes that hold no face, in all frames."
)
FACES = (
    "Accuracy, with its 95% interval, of each loop's network on the same {faces} faces of "
    "PrivateTest, given as ready crops."
)
NO_FACES = "Accuracy on the same faces is left out: it needs FER-2013, --data DIR."
HEAD = ("loop", "CPU ms a frame", "p50", "p90", "times edge-run", "faces told", "false")
LABELS = {"original": "FER-2013", "ferplus": "FER+"}


def as_text(measured: dict[str, Any]) -> str:
    """One table with the ratio to edge-run, and what is not in it."""
    loops = measured["loops"]
    scored = [labels for labels in LABELS if measured["faces"] and labels in _any_scores(loops)]
    head = (*HEAD, *(LABELS[labels] for labels in scored), "how")
    rows = [
        [name, *_cells(found), *(_accuracy(found, labels) for labels in scored), found["about"]]
        for name, found in loops.items()
    ]
    parts = [
        ABOUT.format(**measured),
        FACES.format(**measured) if measured["faces"] else NO_FACES,
        markdown_table(head, rows),
        *(f"{note[0].upper()}{note[1:]}." for note in measured["notes"]),
    ]
    return "\n\n".join(parts)


def _any_scores(loops: dict[str, Any]) -> dict[str, Any]:
    return next((found["scores"] for found in loops.values()), {})


def _cells(found: dict[str, Any]) -> list[str]:
    return [
        *(f"{found[key]:.2f}" for key in ("cpu_ms", "p50_ms", "p90_ms")),
        f"{found['times_ours']:.1f}",
        f"{found['found']:.0%}",
        str(found["false_faces"]),
    ]


def _accuracy(found: dict[str, Any], labels: str) -> str:
    scores = found["scores"][labels]
    low, high = scores["accuracy_95"]
    return f"{scores['accuracy']:.1%} ({low:.1%}-{high:.1%})"
