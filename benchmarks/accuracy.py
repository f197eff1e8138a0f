"""Every file a card names, on the faces kept out of training, as the device would read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Figure
from edge.vision.card import read_card
from edge.vision.expression import load_model
from train.data import TEST_SPLITS, FaceSet
from train.metrics import paired_difference, score_both
from train.table import accuracy_table


def measure(
    card_path: Path, splits: dict[str, FaceSet], say: Callable[[str], None]
) -> dict[str, Any]:
    """Score each file on both test splits under both label sets.

    Returns:
        `{"scores": {file: {split: ...}}, "against_float": {file: {split: ...}}}`; the second holds
        accuracy minus the float file's with its 95% interval, and the share of equal labels.
    """
    card = read_card(card_path)
    told: dict[tuple[str, str], NDArray[np.float32]] = {}
    for name in card.files:
        model = load_model(card_path.parent / name)
        for split in TEST_SPLITS:
            say(f"{name} on {model.runtime}: {len(splits[split])} faces of {split} ...")
            told[name, split] = model.predict(list(splits[split].images))
    scores = {
        name: {split: score_both(told[name, split], splits[split]) for split in TEST_SPLITS}
        for name in card.files
    }
    reference = card.pick("tflite", "float32").name
    against = {
        name: {
            split: _against(told[name, split], told[reference, split], splits[split])
            for split in TEST_SPLITS
        }
        for name in card.files
        if name != reference
    }
    return {"scores": scores, "against_float": against, "float": reference}


def _against(
    told: NDArray[np.float32], reference: NDArray[np.float32], faces: FaceSet
) -> dict[str, Any]:
    labels, expected = told.argmax(axis=1), reference.argmax(axis=1)
    agreed = faces.majority >= 0
    result: dict[str, Any] = {"same_label": float((labels == expected).mean())}
    for name, chosen, truth in (
        ("original", np.ones(len(faces), bool), faces.labels),
        ("ferplus", agreed, faces.majority),
    ):
        right, before = labels[chosen] == truth[chosen], expected[chosen] == truth[chosen]
        difference, interval = paired_difference(right, before)
        result[name] = {"difference": difference, "interval_95": list(interval)}
    return result


def as_text(measured: dict[str, Any]) -> str:
    """The scores as a table, and below it what int8 costs."""
    rows = [
        (name, split, measured["scores"][name][split])
        for name in measured["scores"]
        for split in TEST_SPLITS
    ]
    lines = [accuracy_table(rows), ""]
    for name, by_split in measured["against_float"].items():
        for split, found in by_split.items():
            costs = ", ".join(
                f"{labels} {100 * found[labels]['difference']:+.2f} points "
                f"({100 * found[labels]['interval_95'][0]:+.2f} to "
                f"{100 * found[labels]['interval_95'][1]:+.2f})"
                for labels in ("original", "ferplus")
            )
            lines.append(
                f"{name} against {measured['float']}, {split}: {costs}; "
                f"same label on {found['same_label']:.1%} of the faces"
            )
    return "\n".join(lines)


def figures(measured: dict[str, Any]) -> list[Figure]:
    """Accuracy of each file on PrivateTest, in percent."""
    return [
        Figure(f"{name}/{labels}", 100 * both[labels]["accuracy"], "%", "higher", timed=False)
        for name, by_split in measured["scores"].items()
        for both in [by_split["PrivateTest"]]
        for labels in ("original", "ferplus")
        if labels in both
    ]
