"""One row of the table of architectures, in a process of its own: train, convert, measure.

A process of its own gives back all its memory, and its CPU time is its own alone. This is the one
module that stands on the trainer and the converter; `benchmarks.architectures` starts it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine

WITHOUT_END = 10_000  # epochs; the minutes end a run
BATCH = 64
EMA_MOMENTUM = 0.9  # the shipped recipe's averages over more steps than a large network makes here
WARM_UP = 20
TIMED = 200
SCORES = ("accuracy", "accuracy_95", "macro_f1", "anger_recall", "anger_precision", "n")


def child() -> None:
    """Make the row that the JSON in `sys.argv[1]` asks for; end with whoever started this."""
    asked = json.loads(sys.argv[1])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the converter is TensorFlow's
    from train.commands.common import prepare_backend

    prepare_backend(asked["threads"])
    from train.data import load

    splits = load(Path(asked["data"]), say=_say)
    row = measure_one(asked, splits, Path(asked["out"]))
    from edge.files import write_text

    write_text(Path(asked["out"]) / "rows" / f"{asked['architecture']}.json", as_json(row))


def as_json(row: dict[str, Any]) -> str:
    """A row as its file holds it."""
    return json.dumps(row, indent=1) + "\n"


def _end_with_parent() -> None:
    """Wait for the end of stdin, which comes when the parent is gone, however it went."""
    sys.stdin.read()
    os._exit(1)


def measure_one(asked: dict[str, Any], splits: dict[str, Any], out: Path) -> dict[str, Any]:
    """Train one architecture for its minutes, convert it, score both; PublicTest only.

    Args:
        asked: `architecture`, `weights` (`none`, `imagenet` or a path), `minutes` (CPU, of
            training steps), `threads`, `seed`.
        splits: As `train.data.load` returns them.
        out: The run goes to the folder `<architecture>` in it, the int8 file to `int8` there.

    Returns:
        The row; see `benchmarks.architectures.as_table` for what is shown of it.
    """
    from train.architectures import ARCHITECTURES
    from train.architectures.cost import multiply_adds, parameters
    from train.evaluate import load_keras
    from train.fit import fit
    from train.progress import read
    from train.recipe import Recipe

    architecture = ARCHITECTURES[asked["architecture"]]
    recipe = Recipe(
        arch=architecture.name,
        input_size=architecture.input_size,
        backbone_weights=asked["weights"],
        epochs=WITHOUT_END,
        batch=min(BATCH, len(splits["Training"]) // 2),
        ema_momentum=EMA_MOMENTUM,
        minutes=asked["minutes"],
        seed=asked["seed"],
    )
    run = out / architecture.name
    # of a session that was interrupted
    begun = (run / "last.weights.h5").is_file()
    metrics = fit(splits, recipe, run, resume=begun, say=_say, verbose=0)
    progress, network = read(run / "last.weights.h5"), load_keras(run / "best.keras")
    return {
        "architecture": architecture.name,
        "status": "done",
        "asked": asked,
        "about": architecture.about,
        "source": architecture.source,
        "input_size": recipe.input_size,
        "start": _start(asked["weights"]),
        "parameters": parameters(network),
        "multiply_adds": multiply_adds(network),
        "faces_seen": progress.images,
        "epochs": progress.images / len(splits["Training"]),
        "training_cpu_minutes": progress.cpu_seconds / 60,
        "float": _short(metrics["PublicTest"]),
        **_int8(network, metrics["temperature"], splits, recipe.as_json(), run / "int8"),
        "machine": machine(),
    }


def _start(weights: str) -> str:
    return "scratch" if weights == "none" else "ImageNet"


def _int8(
    network: Any,
    temperature: float,
    splits: dict[str, Any],
    recipe: dict[str, Any],
    folder: Path,
) -> dict[str, Any]:
    """Convert as `edge-convert` does, then read the file as the device does."""
    from convert import tflite
    from convert.card import card
    from convert.representative import representative_faces
    from edge.files import replacing, write_text
    from edge.vision.expression import load_model
    from train.metrics import score_both
    from train.task import task_of

    size, task = network.input_shape[1], task_of(network.output_shape[1])
    name = f"{recipe['arch']}-int8.tflite"
    _say("quantising ...")
    content = tflite.int8(network, representative_faces(splits["Training"], size))
    with replacing(folder / name) as beside:
        beside.write_bytes(content)
    files = {name: {"format": "tflite", "precision": "int8"}}
    # without the path of anybody's machine
    told = {**recipe, "backbone_weights": Path(recipe["backbone_weights"]).name}
    about = card(recipe["arch"], task, size, temperature, files, folder, {"recipe": told})
    write_text(folder / f"{recipe['arch']}.json", json.dumps(about, indent=1))
    model, public = load_model(folder / name), splits["PublicTest"]
    _say(f"reading {len(public)} faces of PublicTest with it ...")
    scores = score_both(model.predict(list(public.images)), public)
    times = latency_ms(model, list(public.images[:TIMED]))
    return {
        "int8": _short(scores),
        "int8_bytes": len(content),
        "int8_latency_ms": {
            "p50": float(np.percentile(times, 50)),
            "p95": float(np.percentile(times, 95)),
            "faces": len(times),
        },
    }


def latency_ms(model: Any, faces: list[Any]) -> list[float]:
    """Milliseconds for each of `TIMED` faces, one at a time, the resize to the input included."""
    for index in range(WARM_UP):
        model.predict([faces[index % len(faces)]])
    times = []
    for index in range(TIMED):
        start = time.perf_counter()
        model.predict([faces[index % len(faces)]])
        times.append(1000 * (time.perf_counter() - start))
    return times


def _short(both: dict[str, Any]) -> dict[str, Any]:
    return {
        labels: {name: scores[name] for name in SCORES if name in scores}
        for labels, scores in both.items()
    }


def _say(line: str) -> None:
    print(line, flush=True)
