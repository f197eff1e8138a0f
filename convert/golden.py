"""The golden file: the answers here, that `edge-run --self-test` compares the device's with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from convert.golden_inputs import choose
from convert.verify import ConversionError
from edge.camera.demo import Stage
from edge.camera.scenes import PLAYS
from edge.files import replacing, sha256
from edge.golden import Answers, Golden, pack
from edge.vision.detect import DetectionConfig, Detector
from edge.vision.expression import ExpressionModel
from edge.vision.face import Box, Gray, crop, normalise

# Two visitors, one of them smiling and one angry, in a frame as small as a full search makes it.
PLAY, SECOND = PLAYS["two"], 9.5
WIDTH, HEIGHT = 320, 240


def write(folder: Path, name: str, models: Mapping[str, ExpressionModel]) -> dict[str, Any]:
    """Write `<name>-golden.npz` with the answers of all models to the same inputs.

    Args:
        models: By file name, at least one; all of one card.

    Returns:
        What the card says of it: `file`, `sha256`, `bytes`, the number of `inputs` and of `faces`
        in the frame, and `labels`, how often each is the answer to an input.

    Raises:
        ConversionError: no face is found in the frame.
        OutputError: the file cannot be written.
    """
    frame = Stage(PLAY, WIDTH, HEIGHT).render(SECOND, 0)
    full, near = _found(frame)
    exact = {file: _is_exact(model.path) for file, model in models.items()}
    # a file that answers the same everywhere gets the same inputs everywhere
    chooser = max(models, key=exact.__getitem__)
    asked = models[chooser]
    crops = choose(asked)
    size, source_size = asked.card.input_size, asked.card.source_size
    prepared = np.stack([normalise(face, size, source_size) for face in crops])
    faces = [crop(frame, box, asked.card.crop_margin) for box in full]
    answers = {
        file: Answers(model.prepared_logits(list(prepared)), model.predict(faces), exact[file])
        for file, model in models.items()
    }
    search = DetectionConfig()
    golden = Golden(tuple(crops), prepared, frame, search, full, near, answers, asked.labels)
    path = folder / f"{name}-golden.npz"
    with replacing(path) as beside:
        beside.write_bytes(pack(golden))
    top = answers[chooser].logits.argmax(axis=1)
    counts = np.bincount(top, minlength=len(asked.labels))
    return {
        "file": path.name,
        "sha256": sha256(path),
        "bytes": path.stat().st_size,
        "inputs": len(crops),
        "faces": len(full),
        "labels": dict(zip(asked.labels, counts.tolist(), strict=True)),
    }


def _found(frame: Gray) -> tuple[tuple[Box, ...], tuple[Box, ...]]:
    """The faces of a search of the whole frame, and of one around each of them."""
    detector = Detector(DetectionConfig())
    full = tuple(detector.full(frame))
    near = tuple(box for known in full if (box := detector.near(frame, known)))
    if not full or len(near) != len(full):
        raise ConversionError(
            "the visitors in the golden frame are not found; run edge-run --camera demo:two and "
            "reinstall edge-emotion if nobody comes"
        )
    return full, near


def _is_exact(path: Path) -> bool:
    """Whether every tensor of a file is an integer, so that nothing depends on the order of sums.

    ONNX files hold integers between float operations, and each processor has its own way there.
    """
    if path.suffix != ".tflite":
        return False
    tensors = Interpreter(model_path=str(path), num_threads=1).get_tensor_details()
    return all(np.issubdtype(tensor["dtype"], np.integer) for tensor in tensors)
