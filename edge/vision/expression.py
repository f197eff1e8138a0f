"""The one way to read an expression, whatever interpreter does the arithmetic."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import InterpreterNotFoundError, ModelError
from edge.quiet import native_stderr_discarded
from edge.vision.card import DEFAULT_CARD, ModelCard, find_card, read_card
from edge.vision.face import Gray, normalise

RUNTIMES = ("litert", "tflite", "onnx")
MODULES = {  # what each runtime imports
    "litert": "ai_edge_litert.interpreter",
    "tflite": "tflite_runtime.interpreter",
    "onnx": "onnxruntime",
}
INSTALL = {
    "litert": "pip install ai-edge-litert",
    "tflite": "pip install tflite-runtime (Python 3.11 at the latest, with numpy below 2)",
    "onnx": "pip install onnxruntime",
}

# (1, size, size, 1) uint8 in, (k,) float32 logits of the card's k labels out
Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class ExpressionModel:
    """A loaded model.

    Example:
        model = load_model("models/emotion-int8.tflite")
        probabilities = model.predict([face])[0]
        print(model.labels[probabilities.argmax()])
    """

    def __init__(self, card: ModelCard, path: Path, runtime: str, network: Network) -> None:
        self.card, self.path, self.runtime = card, path, runtime
        self._network = network

    @property
    def labels(self) -> tuple[str, ...]:
        """The k labels of the outputs in their order: the seven emotions, or another task's."""
        return self.card.labels

    def logits(self, faces: Sequence[Gray]) -> NDArray[np.float32]:
        """(n, k) float32 logits of n grey (h, w) uint8 crops of any size."""
        size, source_size = self.card.input_size, self.card.source_size
        return self.prepared_logits(normalise(face, size, source_size) for face in faces)

    def prepared_logits(self, faces: Iterable[Gray]) -> NDArray[np.float32]:
        """(n, k) float32 logits of n grey (size, size) uint8 faces that `normalise` has made."""
        rows = [self._network(face[None, :, :, None]) for face in faces]
        return np.stack(rows) if rows else np.zeros((0, len(self.labels)), np.float32)

    def predict(self, faces: Sequence[Gray]) -> NDArray[np.float32]:
        """(n, k) float32 calibrated probabilities of n grey (h, w) uint8 crops of any size.

        Raises:
            ValueError: a crop is empty, not 2-D or not uint8.
        """
        scaled = self.logits(faces) / np.float32(self.card.temperature)
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def load_model(
    path: str | Path | None = None, threads: int = 1, runtime: str | None = None
) -> ExpressionModel:
    """Load a model whose hash agrees with its card.

    Args:
        path: A `.tflite` or `.onnx` file with its card beside it, or a card, from which the int8
            file for the runtime is taken; the shipped card if None.
        threads: For the interpreter. One is fastest for a model this small unless measured
            otherwise on the device.
        runtime: `litert`, `tflite` (tflite-runtime) or `onnx`; the first that fits if None.

    Raises:
        InterpreterNotFoundError: the file needs an interpreter that is not installed.
        ModelError: the file is missing, not the one its card names, or unusable.
    """
    if runtime is not None and runtime not in RUNTIMES:
        raise ModelError(f"runtime {runtime!r} is not one of {', '.join(RUNTIMES)}")
    path = Path(path) if path is not None else DEFAULT_CARD
    if path.suffix == ".json":
        card = read_card(path)
        path = card.pick("onnx" if runtime == "onnx" else "tflite")
    else:
        card = find_card(path)
    return load_file(card, path, threads, runtime)


def fitting_runtimes(file_format: str) -> tuple[str, ...]:
    """The runtimes that read files of this format, installed or not, the preferred first."""
    return ("onnx",) if file_format == "onnx" else ("litert", "tflite")


def load_file(
    card: ModelCard, path: Path, threads: int = 1, runtime: str | None = None
) -> ExpressionModel:
    """Load a file that `card` names; see `load_model`."""
    file_format = card.files[path.name]["format"]
    fitting = fitting_runtimes(file_format)
    if runtime is not None and runtime not in fitting:
        raise ModelError(f"{path}: is a {file_format} file, which runtime {runtime} cannot read")
    content = card.verified(path)
    for name in (runtime,) if runtime else fitting:
        try:
            with native_stderr_discarded():  # LiteRT tells of its delegate
                network = build_network(content, name, threads)
                told = network(np.zeros((1, card.input_size, card.input_size, 1), np.uint8))
        except ImportError:
            continue
        except Exception as error:  # each interpreter has its own idea of an error
            raise ModelError(f"{path}: {name} cannot run it ({error}); run edge-convert") from error
        if told.shape != (len(card.labels),):
            raise ModelError(
                f"{path}: tells {told.size} numbers where {card.path.name} has "
                f"{len(card.labels)} labels; run edge-convert"
            )
        return ExpressionModel(card, path, name, network)
    needed = " or ".join(INSTALL[name] for name in ((runtime,) if runtime else fitting))
    raise InterpreterNotFoundError(f"{path}: no interpreter for it is installed; {needed}")


def build_network(content: bytes, runtime: str, threads: int = 1) -> Network:
    """The interpreter of a model's bytes, ready for its first face; `load_file` also tries it.

    Args:
        content: Of a file in a format that the runtime reads; see `fitting_runtimes`.
        runtime: One of `RUNTIMES`.
        threads: For the interpreter.

    Raises:
        ImportError: the runtime is not installed.
        Exception: whatever the interpreter says of a file that it cannot run.
    """
    return _BUILDERS[runtime](content, threads)


def _tflite(module: str) -> Callable[[bytes, int], Network]:
    def build(content: bytes, threads: int) -> Network:
        interpreter = importlib.import_module(module).Interpreter(
            model_content=content, num_threads=threads
        )
        interpreter.allocate_tensors()
        given, told = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        to_input, to_float = _quantise(given), _dequantise(told)

        def run(face: NDArray[np.uint8]) -> NDArray[np.float32]:
            interpreter.set_tensor(given["index"], to_input(face))
            interpreter.invoke()
            return to_float(interpreter.get_tensor(told["index"])[0])

        return run

    return build


def _quantise(tensor: dict[str, Any]) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """From pixels to what the input tensor holds."""
    scale, zero_point = tensor["quantization"]
    if tensor["dtype"] != np.int8:
        return lambda face: face.astype(tensor["dtype"])
    # 0-255 in, so the scale is 1 and the table does in one look-up what rounding would
    levels = np.round(np.arange(256) / scale + zero_point)
    table = np.clip(levels, -128, 127).astype(np.int8)
    return lambda face: table[face]


def _dequantise(tensor: dict[str, Any]) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """From what the output tensor holds to logits."""
    scale, zero_point = tensor["quantization"]
    if tensor["dtype"] != np.int8:
        return lambda row: np.array(row, dtype=np.float32)
    return lambda row: ((row.astype(np.float32) - zero_point) * scale).astype(np.float32)


def _onnx(content: bytes, threads: int) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(face: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: face.astype(np.float32)})[0][0], np.float32)

    return run


_BUILDERS: dict[str, Callable[[bytes, int], Network]] = {
    "litert": _tflite(MODULES["litert"]),
    "tflite": _tflite(MODULES["tflite"]),
    "onnx": _onnx,
}
