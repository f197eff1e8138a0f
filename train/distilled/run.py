"""A whole run: teacher, predecessor, student, successor, and the two models for the device.

`runs/<name>/` holds
- `recipe.json`: what was asked for; --resume refuses another recipe
- `teacher/`, `predecessor/`, `student/`, `successor/`: `last.pt`, the last epoch to resume from,
  and `log.csv`, a line an epoch
- `emotion.keras`: the successor's best epoch on PublicTest with the head that learnt FER+ votes
- `emotion-fer2013.keras`: the same with the head that learnt FER-2013's labels
- `metrics.json`: both, scored on PublicTest, with their temperatures
- `about.json`: the command, versions, hashes
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.files import replacing, sha256, write_text
from train.about import about
from train.data import FaceSet
from train.distilled import stages
from train.distilled.course import LAST
from train.distilled.keras_weights import give_to
from train.distilled.kernels import Kernels
from train.distilled.mobilenet import FUSED, MobileNet
from train.distilled.recipe import HEADS, LABELS_OF, DistilRecipe
from train.evaluate import evaluate, load_keras
from train.run_folder import prepare


def distil(
    splits: dict[str, FaceSet],
    recipe: DistilRecipe,
    folder: Path,
    resume: bool,
    kernels: Kernels | None,
    say: Callable[[str], None] = print,
) -> list[Path]:
    """Train all four on `Training`; write the successor's best epoch on `PublicTest`.

    Args:
        splits: As `train.data.load` returns them, with votes.
        folder: For the run's files; made if missing.
        resume: Go on where the run in this folder stopped.
        kernels: None for PyTorch's own operations.
        say: Called with one line an epoch.

    Returns:
        The two `.keras` files.

    Raises:
        DataError: the folder holds another run, or nothing to resume; the ImageNet weights cannot
            be had; the loss is no number.
        KeyboardInterrupt: passed on; the last whole epoch is on disk.
    """
    run = stages.Run(splits, recipe, folder, kernels, say)
    prepare(folder, recipe, resume, epochs=f"teacher/{LAST}")
    predecessor = stages.new_predecessor(run)  # weights that cannot be had are told before the work
    teacher = stages.taught_teacher(run)
    stages.teach_predecessor(run, predecessor, teacher)
    student = stages.taught_student(run, teacher, predecessor)
    network = run.keras_network(FUSED, recipe.successor.input_size, "none")

    def save(successor: MobileNet) -> list[Path]:
        return _save(folder, successor, network)

    successor = stages.taught_successor(run, teacher, predecessor, student, chosen=save)
    return _finished(run, save(successor))


def _save(folder: Path, successor: MobileNet, network: Any) -> list[Path]:
    """Write both models with the successor's present weights."""
    for name, labels in LABELS_OF.items():
        give_to(network, successor, HEADS.index(labels))
        with replacing(folder / name) as beside:
            network.save(beside)
    return [folder / name for name in LABELS_OF]


def _finished(run: stages.Run, models: list[Path]) -> list[Path]:
    """Score what lies on the disk, and write down what it was made with."""
    scored = {one.stem: evaluate(load_keras(one), run.splits, ("PublicTest",)) for one in models}
    write_text(run.folder / "metrics.json", json.dumps(scored, indent=1))
    told = about(run.splits, models[0])
    told["sha256"] = {one.name: sha256(one) for one in models}
    write_text(run.folder / "about.json", json.dumps(told, indent=1))
    return models
