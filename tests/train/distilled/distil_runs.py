"""Trainings of all four networks in a process of their own, as a process has one backend.

    distil_runs.py FOLDER KERNELS

Trains in FOLDER/whole, then in FOLDER/stopped with an interruption after each epoch and a crash
before one was saved; prints what the tests need to know as one JSON object.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

FOLDER, KERNELS = Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, str(Path(__file__).parents[1]))

from train.distilled.machine import prepare  # noqa: E402

prepare(1)

import generated  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from edge.errors import DataError  # noqa: E402
from edge.vision.face import normalise  # noqa: E402
from train.augment import RandomWarp  # noqa: E402
from train.distilled.checkpoint import Checkpoint  # noqa: E402
from train.distilled.distort import Distortions, Resize, SampledWarp  # noqa: E402
from train.distilled.kernels import load_kernels  # noqa: E402
from train.distilled.recipe import STAGES, recipe_from  # noqa: E402
from train.distilled.run import distil  # noqa: E402

RECIPE = recipe_from(
    {
        "backbone_weights": "none",
        "augment": 0.5,
        "teacher_width": 16,
        "teacher_blocks": (1, 1),
        "teacher_epochs": 4,
        "teacher_batch": 16,
        "teacher_learning_rate": 0.03,
        "teacher_warmup_epochs": 1.0,
        "predecessor_epochs": 2,
        "predecessor_batch": 16,
        "student_epochs": 2,
        "student_front_steps": 30,
        "student_batch": 16,
        "student_input_size": 32,
        "successor_epochs": 2,
        "successor_batch": 16,
        "successor_input_size": 48,
    }
)


SAID: set[str] = set()


def stop(line: str) -> None:
    """Once at each line: what is said again on the way to the next one is let pass."""
    if line not in SAID:
        SAID.add(line)
        raise KeyboardInterrupt(line)


def log_lines(stage: Path) -> int:
    return len((stage / "log.csv").read_text().splitlines()) - 1


def refusal(*arguments: object, **named: object) -> str:
    try:
        distil(*arguments, **named)  # type: ignore[arg-type]
    except DataError as error:
        return str(error)
    return "none"


def stopped(splits, kernels) -> None:
    """After each epoch but the last, before and after the front, and once before a save."""
    folder, resume = FOLDER / "stopped", False
    epochs = sum(getattr(RECIPE, stage).epochs for stage in STAGES)
    for _ in range(epochs - 1 + 2):
        try:
            distil(splits, RECIPE, folder, resume, kernels, stop)
        except KeyboardInterrupt:
            resume = True
    save = Checkpoint.save
    Checkpoint.save = lambda *_: stop("killed before it was saved")
    assert log_lines(folder / "successor") == 1
    with suppress(KeyboardInterrupt):
        distil(splits, RECIPE, folder, True, kernels)
    Checkpoint.save = save
    distil(splits, RECIPE, folder, True, kernels)


def distortions(faces: torch.Tensor) -> dict[str, object]:
    """How far the faster warp and the resize are from those that they stand for."""
    warp, sampled = RandomWarp(1.0), SampledWarp(1.0)
    matrix = warp.matrix(faces)
    slow = warp.moved(faces, matrix.clone())  # Keras writes into it
    fast = sampled.moved(faces, matrix)
    planes = faces.reshape(-1, 1, 48, 48)
    resized = Resize(96)(planes).numpy()[:, 0]
    device = np.stack([normalise(face.numpy().astype(np.uint8), 96) for face in planes[:, 0]])
    layers, drawn = Distortions(1.0), []
    for seed in (1, 1, 2):
        layers.start_epoch(np.random.default_rng(seed))
        drawn.append(layers(planes))
    return {
        "moved": float((fast - faces).abs().mean()),
        "warp": float((slow - fast).abs().max()),
        "resize": float(np.abs(resized - device).max()),
        "again": bool(torch.equal(drawn[0], drawn[1])),
        "anew": bool(torch.equal(drawn[0], drawn[2])),
        "range": [float(drawn[0].min()), float(drawn[0].max())],
    }


def main() -> None:
    splits, said = generated.splits(), []
    kernels = load_kernels(said.append) if KERNELS == "kernels" else None
    distil(splits, RECIPE, FOLDER / "whole", False, kernels, said.append)
    stopped(splits, kernels)
    whole = FOLDER / "whole"
    fewer = splits | {"Training": splits["Training"][:50]}
    other = replace(RECIPE, seed=1)
    told = {
        "said": said,
        "kernels": kernels is not None,
        "distortions": distortions(
            torch.from_numpy(splits["Training"].images.astype(np.float32))[..., None]
        ),
        "again": refusal(splits, RECIPE, whole, False, kernels),
        "other": refusal(splits, other, whole, True, kernels),
        "faces": refusal(fewer, RECIPE, whole, True, kernels),
        "nothing": refusal(splits, RECIPE, FOLDER / "empty", True, kernels),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
