"""A shipped float TFLite file back into a Keras model that can be trained on.

The converter folds each batch norm into the convolution before it, so the file is a third of the
`.keras` file it came from and loses nothing: the same function can be rebuilt. To train all of it,
each batch norm must be given its statistics back, or its moving averages start from nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from edge.errors import DataError

KERNELS = {"CONV_2D": keras.layers.Conv2D, "DEPTHWISE_CONV_2D": keras.layers.DepthwiseConv2D}
DENSE = "FULLY_CONNECTED"
BATCH = 256
TOLERANCE = 1e-3  # of the largest logit
ABSENT = -1  # the index of a bias that was all zeros


def unfold(path: Path, network: keras.Model) -> None:
    """Give `network`, built with the architecture that `path` was made from, the file's weights.

    Every batch norm becomes the identity with the file's bias as its `beta`: right to predict with,
    to train the head of, or to hand to `recalibrate`.

    Layers are matched by their order. Where branches run side by side, as in a residual network
    with convolutions on its shortcuts, that may go wrong, so the result is held against the file.

    Raises:
        DataError: the file cannot be read, is another network, or has such branches.
    """
    layers = [one for one in network.layers if _kind(one)]
    try:
        folded = list(_folded(path))
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{path}: is not a readable TFLite file ({error})") from error
    wrong = DataError(f"{path}: is not the float file of a network like {network.name}")
    if [kind for kind, _, _ in folded] != [_kind(one) for one in layers]:
        raise wrong
    if any(kernel.dtype != np.float32 for _, kernel, _ in folded):
        raise DataError(f"{path}: its weights are quantised; give the float32 file")
    for layer, (kind, kernel, bias) in zip(layers, folded, strict=True):
        try:
            _take_over(layer, kind, kernel, bias)
        except (ValueError, LookupError, AttributeError) as error:
            raise wrong from error
    face = np.random.default_rng(0).integers(0, 256, (1, *network.input_shape[1:]))
    told, wanted = network.predict_on_batch(face.astype(np.uint8)), _told_by(path, face)
    if not np.abs(np.asarray(told) - wanted).max() <= TOLERANCE * max(1.0, np.abs(wanted).max()):
        raise DataError(
            f"{path}: its branches cannot be told apart, so {network.name} cannot be rebuilt from "
            "it; give the .keras file"
        )


def recalibrate(network: keras.Model, faces: NDArray[np.uint8]) -> None:
    """Split each batch norm that `unfold` left as the identity into statistics and their inverse.

    Args:
        faces: (n, size, size, 1) training faces, from which the statistics are taken.
    """
    norms = [one for one in network.layers if isinstance(one, keras.layers.BatchNormalization)]
    watched = keras.Model(network.inputs, [one.input for one in norms])
    sums = [np.zeros(one.gamma.shape, np.float64) for one in norms]
    squares = [np.zeros_like(total) for total in sums]
    values = [0] * len(norms)
    for start in range(0, len(faces), BATCH):
        for index, told in enumerate(watched.predict_on_batch(faces[start : start + BATCH])):
            flat = np.asarray(told, np.float64).reshape(-1, told.shape[-1])
            sums[index] += flat.sum(axis=0)
            squares[index] += (flat**2).sum(axis=0)
            values[index] += len(flat)
    for norm, total, square, count in zip(norms, sums, squares, values, strict=True):
        mean = total / count
        variance = np.maximum(square / count - mean**2, 0)
        _, beta, _, _ = norm.get_weights()
        norm.set_weights([np.sqrt(variance + norm.epsilon), beta + mean, mean, variance])


def _kind(layer: keras.Layer) -> str:
    for kind, keras_class in KERNELS.items():
        if type(layer) is keras_class:
            return kind
    return DENSE if isinstance(layer, keras.layers.Dense) else ""


def _folded(path: Path) -> Iterator[tuple[str, NDArray[np.float32], NDArray[np.float32]]]:
    """Kind, kernel and bias of every layer with weights, in the order of execution."""
    interpreter = _interpreter(path)
    for operation in interpreter._get_ops_details():  # the only way to them from Python
        kind = operation["op_name"]
        if kind not in (*KERNELS, DENSE):
            continue
        _, weights, *rest = (int(index) for index in operation["inputs"])
        kernel = interpreter.get_tensor(weights)
        outputs = kernel.shape[-1] if kind == "DEPTHWISE_CONV_2D" else kernel.shape[0]
        given = [interpreter.get_tensor(index) for index in rest if index != ABSENT]
        yield kind, kernel, given[0] if given else np.zeros(outputs, np.float32)


def _told_by(path: Path, face: NDArray[np.int64]) -> NDArray[np.float32]:
    """(1, k) logits of the file itself."""
    interpreter = _interpreter(path)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face.astype(np.float32))
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))


def _interpreter(path: Path) -> Interpreter:
    interpreter = Interpreter(
        model_path=str(path),
        num_threads=1,
        # a delegate would swallow the operations
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return interpreter


def _take_over(
    layer: keras.Layer, kind: str, kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> None:
    kernel = kernel.transpose((1, 2, 3, 0) if kind in KERNELS else (1, 0))
    if layer.use_bias:
        layer.set_weights([kernel, bias])
        return
    layer.set_weights([kernel])
    norm = layer._outbound_nodes[0].operation
    if not isinstance(norm, keras.layers.BatchNormalization):
        if bias.any():
            raise ValueError(f"{layer.name} has no place for a bias")
        return
    one = np.ones_like(bias)
    norm.set_weights([one, bias, 0 * one, one - norm.epsilon])
