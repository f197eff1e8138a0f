"""Writing the model card: what the files are, how they were made, how well they do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.files import sha256
from edge.labels import EMOTIONS
from train.data import SIDE, FaceSet
from train.metrics import ANGRY, Probabilities, at_recall

TERMS = {
    "weights": "Apache-2.0, as this repository",
    "backbone": "MobileNetV2 trained on ImageNet (Apache-2.0)",
    "data": "FER-2013 (Goodfellow et al. 2013), for research and education, with the FER+ votes "
    "(Barsoum et al. 2016, MIT); none of its pictures is in this repository",
    "cascade": "OpenCV's haarcascade_frontalface_default.xml, Intel licence, in the file itself",
}
RECALLS = (0.5, 0.8, 0.9)
KEPT = (
    "n",
    "accuracy",
    "accuracy_95",
    "macro_f1",
    "calibration_error",
    "anger_recall",
    "anger_precision",
    "anger_average_precision",
    "per_class",
    "confusion",
)


def card(
    name: str,
    input_size: int,
    temperature: float,
    files: Mapping[str, Mapping[str, str]],
    folder: Path,
) -> dict[str, Any]:
    """The card without its figures: enough for the device to load the files in `folder`."""
    return {
        "name": name,
        "labels": list(EMOTIONS),
        "task": "seven emotions from one grey face; probabilities, not feelings",
        "input": {
            "size": input_size,
            "source_size": SIDE,
            "planes": 1,
            "range": "0-255, scaled inside the graph; int8 files take pixel - 128",
        },
        "output": "logits; divide by temperature, then softmax",
        "crop_margin": 0.0,
        "temperature": round(temperature, 4),
        "terms": TERMS,
        "files": {
            file: {
                "sha256": sha256(folder / file),
                "bytes": (folder / file).stat().st_size,
                **about,
            }
            for file, about in files.items()
        },
    }


def shortened(both: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of `train.metrics.score_both` that a card keeps."""
    return {labels: {key: scores[key] for key in KEPT} for labels, scores in both.items()}


def operating_points(probabilities: Probabilities, faces: FaceSet) -> dict[str, Any]:
    """Thresholds on the probability of anger and what they cost, under both label sets.

    The thresholds reach their recall on the faces that FER+ calls angry, or on the original
    labels where there are no votes.
    """
    agreed = faces.majority >= 0
    told = probabilities[:, ANGRY]
    points: dict[str, Any] = {}
    for recall in RECALLS:
        point: dict[str, Any] = {"original": at_recall(told, faces.labels == ANGRY, recall)}
        if agreed.any():
            point["ferplus"] = at_recall(told[agreed], faces.majority[agreed] == ANGRY, recall)
        points[f"recall {recall}"] = point
    return points
