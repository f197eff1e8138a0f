"""The shipped card keeps what the project promises of its files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edge.vision.card import DEFAULT_CARD

LABELS = ["original", "ferplus"]
SPLITS = ["PublicTest", "PrivateTest"]
FLOORS = {"original": 0.65, "ferplus": 0.86}
MAX_LOSS = 0.005


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """By format and precision: split, label set, figures."""
    files = json.loads(DEFAULT_CARD.read_text())["files"].values()
    return {f"{file['precision']} {file['format']}": file["metrics"] for file in files}


@pytest.mark.parametrize("labels", LABELS)
def test_the_shipped_file_is_above_the_floor(figures: dict[str, Any], labels: str) -> None:
    assert figures["int8 tflite"]["PrivateTest"][labels]["accuracy"] >= FLOORS[labels]


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("split", SPLITS)
def test_int8_loses_little(figures: dict[str, Any], split: str, labels: str) -> None:
    accuracy = {name: by_split[split][labels]["accuracy"] for name, by_split in figures.items()}
    assert accuracy["int8 tflite"] >= accuracy["float32 tflite"] - MAX_LOSS
    assert abs(accuracy["int8 onnx"] - accuracy["int8 tflite"]) <= MAX_LOSS


def test_every_accuracy_has_its_interval(figures: dict[str, Any]) -> None:
    for by_split in figures.values():
        for both in by_split.values():
            for scores in both.values():
                low, high = scores["accuracy_95"]
                assert low < scores["accuracy"] < high
