"""ONNX files for several faces at a time, where a batch costs less a face.

Measured on one thread of an x86-64 server, CPU time for a face of eight beside one alone: ONNX
Runtime 0.5 in int8 and 0.6 in float32, LiteRT 0.85 and 0.5. A TFLite file needs no second one: any
of them takes n faces after `resize_tensor_input(0, (n, size, size, 1))`. An ONNX file keeps the
length that it was made with, hence this.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from convert.verify import PARITY, ConversionError
from edge.files import sha256
from edge.vision.expression import ExpressionModel


def batched(content: bytes, faces: int) -> bytes:
    """An ONNX file made for one face, for `faces` of them; weights and ranges are the same."""
    model = onnx.load_from_string(content)
    for tensor in (*model.graph.input, *model.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_value = faces
    del model.graph.value_info[:]  # lengths between, which no longer hold
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    for constant in model.graph.initializer:
        if constant.name in shapes:
            lengths = onnx.numpy_helper.to_array(constant).copy()
            if lengths[0] == 1:
                lengths[0] = faces
            constant.CopyFrom(onnx.numpy_helper.from_array(lengths, constant.name))
    return bytes(model.SerializeToString(deterministic=True))


def write(
    folder: Path, models: Mapping[str, ExpressionModel], some: NDArray[np.uint8], faces: int
) -> dict[str, Any]:
    """Write `<name>-<precision>-batch<n>.onnx` beside each ONNX file.

    Args:
        models: By file, loaded from `folder`.
        some: (m, size, size, 1), of which whole batches are compared with one face at a time.

    Returns:
        By file, what the card says of it.

    Raises:
        ConversionError: a file does not tell what the one for single faces tells.
    """
    told = {}
    for file, model in models.items():
        if file.endswith(".onnx"):
            path = folder / f"{Path(file).stem}-batch{faces}.onnx"
            path.write_bytes(batched((folder / file).read_bytes(), faces))
            told[path.name] = {
                "of": file,
                "faces": faces,
                "sha256": sha256(path),
                "bytes": path.stat().st_size,
                "largest_difference": _difference(path, model, some, faces),
            }
    return told


def _difference(path: Path, one: ExpressionModel, some: NDArray[np.uint8], faces: int) -> float:
    """The largest difference of a logit from the file for one face."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    whole = some[: len(some) // faces * faces]
    told = [
        session.run(None, {session.get_inputs()[0].name: batch.astype(np.float32)})[0]
        for batch in whole.reshape(-1, faces, *some.shape[1:])
    ]
    apart = np.abs(np.concatenate(told) - one.prepared_logits(list(whole[..., 0])))
    if not apart.max() <= PARITY:
        raise ConversionError(
            f"{path.name}: logits differ from {one.path.name} by up to {apart.max():.2g} "
            f"(allowed {PARITY:g}); leave out --batch"
        )
    return float(f"{apart.max():.3g}")
