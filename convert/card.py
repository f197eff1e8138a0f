"""Writing the model card: what the files are, how they were made, how well they do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.files import sha256
from train.architectures import ARCHITECTURES
from train.data import SIDE, FaceSet
from train.metrics import Probabilities, at_recall, label_sets
from train.task import Task

TERMS = {
    "weights": "Apache-2.0, as this repository",
    "data": "FER-2013 (Goodfellow et al. 2013), for research and education, with the FER+ votes "
    "(Barsoum et al. 2016, MIT); none of its pictures is in this repository",
    "cascade": "OpenCV's haarcascade_frontalface_default.xml, Intel licence, in the file itself",
}
TASKS = {
    "emotions": "seven emotions from one grey face",
    "valence": "negative, neutral or positive from one grey face",
    "happy-sad": "happy or sad from one grey face that is one of both",
}
# What a desk would watch for, and what the card calls it; the first that a model tells.
WATCHED = {"angry": "anger", "negative": "negative", "sad": "sad"}
RECALLS = (0.5, 0.8, 0.9)
IN_THE_GRAPH = "pixels from 0-255 to the range that the first layer takes"
ON_THE_DEVICE = (
    "the crop to `source_size`, then to `size` (edge.vision.face.normalise)",
    "for int8 TFLite files pixel - 128; a table look-up, since the input's scale is 1",
    "logits from the int8 output, by its scale and zero point",
    "division by `temperature`, then softmax",
)
# Of the detector's box, on every side: a little less than the cascade draws lost least with two
# networks (`edge-bench accuracy --end-to-end`, PublicTest).
CROP_MARGIN = -0.05
BATCH = (
    "one face; a TFLite file takes more after resize_tensor_input, an ONNX file for more is what "
    "edge-convert --batch makes"
)
KEPT = (
    "n",
    "accuracy",
    "accuracy_95",
    "balanced_accuracy",
    "macro_f1",
    "calibration_error",
    "votes_calibration_error",
    "anger_recall",
    "anger_precision",
    "anger_average_precision",
    "per_class",
    "confusion",
)


def card(
    name: str,
    task: Task,
    input_size: int,
    temperature: float,
    files: Mapping[str, Mapping[str, str]],
    folder: Path,
    trained: Mapping[str, Any],
    fitted_to: str = "both",
) -> dict[str, Any]:
    """The card without its figures: enough for the device to load the files in `folder`.

    Args:
        files: By name, what is said of each.
        trained: How the model came about, as `convert.cli` tells it.
        fitted_to: The labels by which `temperature` was chosen; see `convert.plan.Plan`.
    """
    return {
        "name": name,
        "labels": list(task.labels),
        "task": f"{TASKS[task.name]}; probabilities, not feelings",
        "input": {
            "size": input_size,
            "source_size": SIDE,
            "planes": 1,
            "range": "0-255, scaled inside the graph; int8 files take pixel - 128",
        },
        "output": "logits; divide by temperature, then softmax",
        "in_the_graph": IN_THE_GRAPH,
        "on_the_device": list(ON_THE_DEVICE),
        "batch": BATCH,
        "crop_margin": CROP_MARGIN,
        "temperature": round(temperature, 4),
        "temperature_fitted_to": f"{fitted_to}, PublicTest",
        "terms": TERMS | _backbone_terms(trained),
        "files": {
            file: {
                "sha256": sha256(folder / file),
                "bytes": (folder / file).stat().st_size,
                **about,
            }
            for file, about in files.items()
        },
    }


def _backbone_terms(trained: Mapping[str, Any]) -> dict[str, str]:
    """Whose weights the first training of all started from, where it did."""
    while "before" in trained:
        trained = trained["before"]
    recipe = trained.get("recipe")
    if not isinstance(recipe, Mapping):
        return {"backbone": "unknown"}
    if recipe.get("backbone_weights", "none") == "none":
        return {}
    # recipes of the first version name no network: there was one
    architecture = ARCHITECTURES.get(str(recipe.get("arch", "mobilenetv2")))
    if architecture is None:
        return {"backbone": "unknown"}
    made_for = architecture.weights_of or architecture.name
    return {"backbone": f"{made_for} trained on ImageNet ({architecture.imagenet})"}


def shortened(both: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of `train.metrics.score_both` that a card keeps."""
    return {
        labels: {key: scores[key] for key in KEPT if key in scores}
        for labels, scores in both.items()
    }


def operating_points(probabilities: Probabilities, faces: FaceSet) -> dict[str, Any]:
    """Thresholds on what a desk would watch for and what they cost, under each label set.

    That is anger, or what comes closest to it among the labels of the model. The thresholds reach
    their recall on the faces that FER+ calls so, or on the original labels where there are no
    votes.

    Returns:
        `{"anger": {"recall 0.5": {"original": {...}, "ferplus": {...}}, ...}}` with `threshold`,
        `precision`, `fpr` and `fpr_by_class`, the share of each other class that is told so.
    """
    watched = next(name for name in WATCHED if name in faces.classes)
    label = faces.classes.index(watched)
    told = probabilities[:, label]
    points: dict[str, Any] = {f"recall {recall}": {} for recall in RECALLS}
    for labels, (chosen, truth) in label_sets(faces).items():
        for recall in RECALLS:
            point: dict[str, Any] = at_recall(told[chosen], truth == label, recall)
            threshold = point["threshold"]
            point["fpr_by_class"] = {
                name: _share_told(told[chosen][truth == other], threshold)
                for other, name in enumerate(faces.classes)
                if other != label
            }
            points[f"recall {recall}"][labels] = point
    return {WATCHED[watched]: points}


def _share_told(told: Probabilities, threshold: float | None) -> float | None:
    """None where there is no threshold, or no face of the class."""
    return None if threshold is None or not len(told) else float((told >= threshold).mean())
