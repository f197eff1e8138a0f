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


def unfold(path: Path, network: keras.Model) -> None:
    """Give `network`, built with the architecture that `path` was made from, the file's weights.

    Every batch norm becomes the identity with the file's bias as its `beta`: right to predict with,
    to train the head of, or to hand to `recalibrate`.

    Raises:
        DataError: the file cannot be read, or is another network.
    """
    layers = [one for one in network.layers if _kind(one)]
    try:
        folded = list(_folded(path))
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{path}: is not a readable TFLite file ({error})") from error
    wrong = DataError(f"{path}: is not the float file of a network like {network.name}")
    if [kind for kind, _, _ in folded] != [_kind(one) for one in layers]:
        raise wrong
    for layer, (kind, kernel, bias) in zip(layers, folded, strict=True):
        try:
            _take_over(layer, kind, kernel, bias)
        except (ValueError, LookupError, AttributeError) as error:
            raise wrong from error


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
    interpreter = Interpreter(
        model_path=str(path),
        # a delegate would swallow the operations
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    for operation in interpreter._get_ops_details():  # the only way to them from Python
        if operation["op_name"] in (*KERNELS, DENSE):
            _, kernel, bias = (interpreter.get_tensor(int(one)) for one in operation["inputs"])
            yield operation["op_name"], kernel, bias


def _take_over(
    layer: keras.Layer, kind: str, kernel: NDArray[np.float32], bias: NDArray[np.float32]
) -> None:
    kernel = kernel.transpose((1, 2, 3, 0) if kind in KERNELS else (1, 0))
    if layer.use_bias:
        layer.set_weights([kernel, bias])
        return
    layer.set_weights([kernel])
    norm = layer._outbound_nodes[0].operation
    one = np.ones_like(bias)
    norm.set_weights([one, bias, 0 * one, one - norm.epsilon])
