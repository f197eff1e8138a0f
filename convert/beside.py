"""What lies beside a model's files: the faces behind its ranges, its layers, its golden answers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert import batch, golden, layers, layers_told, representative
from convert.edge_tpu import edge_tpu
from convert.formats import FORMATS
from convert.operators import tflite_operators
from edge.files import sha256
from edge.vision.expression import ExpressionModel
from train.data import FaceSet

FLOAT32, INT8 = FORMATS[0], FORMATS[3]
LAYER_FACES = 60  # more change no figure of a layer by 0.5 dB
NOISIEST = 3


def write_beside(
    folder: Path,
    name: str,
    training: FaceSet,
    chosen: representative.Indices,
    ranges: NDArray[np.uint8],
    models: Mapping[str, ExpressionModel],
    faces: int = 0,
) -> tuple[dict[str, Any], list[str]]:
    """Write the files that are no models, as far as these models allow them.

    Args:
        chosen: Indices of the representative faces in `training`.
        ranges: The same faces, (n, size, size, 1) uint8.
        models: By file, loaded from `folder`.
        faces: At a time, in second ONNX files; 0 for none.

    Returns:
        What the card says of them, and their names.

    Raises:
        ConversionError: a second ONNX file tells other logits than the first.
        OutputError: one cannot be written.
    """
    listed = f"{name}-representative.csv"
    representative.write(folder / listed, training, chosen)
    told: dict[str, Any] = {
        "representative": {
            "file": listed,
            "sha256": sha256(folder / listed),
            "faces": len(chosen),
        },
        "golden": golden.write(folder, name, models),
    }
    names = [listed, str(told["golden"]["file"])]
    float32, int8 = (folder / one.file(name) for one in (FLOAT32, INT8))
    if int8.name in models:
        content = int8.read_bytes()
        told["edge_tpu"] = edge_tpu(tflite_operators(content), len(content))
        if float32.name in models:
            told["layers"] = _layers(folder, name, float32, int8, ranges)
            names += told["layers"]["files"]
    if faces:
        told["batches"] = batch.write(folder, models, ranges, faces)
        names += told["batches"]
    return told, names


def _layers(
    folder: Path, name: str, float32: Path, int8: Path, ranges: NDArray[np.uint8]
) -> dict[str, Any]:
    some = ranges[:: max(1, len(ranges) // LAYER_FACES)]
    measured = layers.measure(float32.read_bytes(), int8.read_bytes(), some)
    return {
        "files": layers_told.write(measured, folder, name),
        "faces": len(some),
        "noisiest_db": {
            one.layer: round(one.snr, 1)
            for one in layers_told.worst(measured, NOISIEST)
            if math.isfinite(one.snr)  # JSON has no word for a layer that is always 0
        },
    }
