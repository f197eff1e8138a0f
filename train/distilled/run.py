"""A whole run: teacher, predecessor, student, and the two models for the device.

`runs/<name>/` holds
- `recipe.json`: what was asked for; --resume refuses another recipe
- `teacher/`, `predecessor/`, `student/`: `last.pt`, the last epoch to resume from, and `log.csv`, a
  line an epoch
- `emotion.keras`: the student's best epoch on PublicTest with the head that learnt the FER+ votes
- `emotion-fer2013.keras`: the same with the head that learnt FER-2013's labels
- `metrics.json`: both, scored on PublicTest, with their temperatures
- `about.json`: the command, versions, hashes
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import torch
from torch import nn

from edge.files import replacing, sha256, write_text
from edge.labels import EMOTIONS
from train.about import about
from train.architectures import build
from train.data import SIDE, FaceSet
from train.digest import faces_digest
from train.distilled.batches import Batches
from train.distilled.course import LAST, Stage, groups, train
from train.distilled.front import learn_front
from train.distilled.judge import Judge
from train.distilled.keras_weights import give_to, take_backbone, take_shared
from train.distilled.kernels import Kernels
from train.distilled.losses import OUTPUTS, Loss, student_loss, teacher_loss
from train.distilled.mobilenet import FUSED, MOBILENETV2, MobileNet, Shape
from train.distilled.recipe import HEADS, LABELS_OF, DistilRecipe
from train.distilled.teacher import Teacher
from train.evaluate import evaluate, load_keras
from train.run_folder import prepare

TEACHER, PREDECESSOR, STUDENT, FRONT = range(4)  # told apart in the seeds
LOWEST_RATE = 0.01  # share of the highest, of predecessor and student


@dataclass(frozen=True)
class Run:
    """What all stages need to know."""

    splits: dict[str, FaceSet]
    recipe: DistilRecipe
    folder: Path
    kernels: Kernels | None
    say: Callable[[str], None]

    @property
    def training(self) -> FaceSet:
        """The faces to learn from."""
        return self.splits["Training"]

    def batches(self, name: str, number: int) -> Batches:
        """The batches of a stage, or of what its first blocks are begun with."""
        recipe = getattr(self.recipe, name)
        return Batches(
            self.training,
            recipe.batch,
            smoothing=(recipe.smoothing, recipe.ferplus_smoothing),
            cutmix_share=recipe.cutmix_share,
            plain_from=math.ceil((1 - recipe.plain_share) * recipe.epochs),
            augment=self.recipe.augment,
            seed=(self.recipe.seed, number),
            name=name,
        )

    def begun(self, name: str) -> bool:
        """Whether a stage has an epoch to go on from."""
        return (self.folder / name / LAST).is_file()

    def stage(
        self,
        name: str,
        number: int,
        network: nn.Module,
        optimizer: Any,
        lowest_rate: float,
        loss: Loss,
        size: int,
    ) -> Stage:
        """A stage; `number` tells its draws from the others', `size` is its network's input."""
        return Stage(
            folder=self.folder / name,
            recipe=getattr(self.recipe, name),
            network=network,
            optimizer=optimizer,
            lowest_rate=lowest_rate,
            batches=self.batches(name, number),
            loss=loss,
            judge=Judge(self.splits["PublicTest"], size, self.kernels),
            faces=faces_digest(self.training),
            say=self.say,
        )


def distil(
    splits: dict[str, FaceSet],
    recipe: DistilRecipe,
    folder: Path,
    resume: bool,
    kernels: Kernels | None,
    say: Callable[[str], None] = print,
) -> list[Path]:
    """Train all three on `Training`; write the student's best epoch on `PublicTest`.

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
    run = Run(splits, recipe, folder, kernels, say)
    prepare(folder, recipe, resume, epochs=f"teacher/{LAST}")
    predecessor = _predecessor(run)  # weights that cannot be had are told before the work
    teacher = _taught_teacher(run)
    predecessor = _taught_predecessor(run, predecessor, teacher)
    return _distilled(run, teacher, predecessor)


def _predecessor(run: Run) -> MobileNet:
    """MobileNetV2 with ImageNet's features."""
    begun = run.begun("predecessor")
    network = _keras_network(run, MOBILENETV2, "none" if begun else run.recipe.backbone_weights)
    predecessor = _new(run, MOBILENETV2, run.recipe.predecessor.dropout)
    take_backbone(predecessor, network)
    return predecessor


def _keras_network(run: Run, shape: Shape, weights: str) -> Any:
    keras.utils.set_random_seed(run.recipe.seed)  # features that start from nothing follow from it
    return build(
        shape.architecture,
        len(EMOTIONS),
        run.recipe.student.input_size,
        backbone_weights=weights,
        dropout=run.recipe.student.dropout,
    )


def _new(run: Run, shape: Shape, dropout: float) -> MobileNet:
    torch.manual_seed(run.recipe.seed)  # the heads follow from it, too
    return MobileNet(shape, OUTPUTS, dropout, run.kernels)


def _taught_teacher(run: Run) -> nn.Module:
    """The teacher with the weights averaged over its last steps."""
    recipe = run.recipe.teacher
    torch.manual_seed(run.recipe.seed)
    teacher = Teacher(recipe.width, recipe.blocks, OUTPUTS, recipe.dropout, run.kernels)
    optimizer = torch.optim.SGD(
        groups(teacher, recipe.weight_decay), lr=recipe.learning_rate, momentum=0.9, nesterov=True
    )
    loss = teacher_loss(teacher, run.kernels)
    done = train(run.stage("teacher", TEACHER, teacher, optimizer, 0.0, loss, SIDE))
    teacher.load_state_dict(done.average)
    return teacher.requires_grad_(False)


def _taught_predecessor(run: Run, predecessor: MobileNet, teacher: nn.Module) -> MobileNet:
    """The predecessor with its best epoch's weights."""
    loss = _loss(run, "predecessor", predecessor, teacher)
    stage = _stage(run, "predecessor", PREDECESSOR, predecessor, loss)
    predecessor.load_state_dict(train(stage).best_weights)
    predecessor.requires_grad_(False)
    return predecessor


def _distilled(run: Run, teacher: nn.Module, predecessor: MobileNet) -> list[Path]:
    recipe = run.recipe.student
    student = _new(run, FUSED, recipe.dropout)
    network = _keras_network(run, FUSED, "none")
    if not run.begun("student"):
        _begin(run, student, predecessor)
    loss = _loss(
        run,
        "student",
        student,
        teacher,
        predecessor=predecessor,
        predecessor_share=recipe.predecessor_share,
    )
    stage = _stage(run, "student", STUDENT, student, loss)
    stage.chosen = lambda: _save(run.folder, student, network)
    student.load_state_dict(train(stage).best_weights)
    return _finished(run, _save(run.folder, student, network))


def _begin(run: Run, student: MobileNet, predecessor: MobileNet) -> None:
    """Give the student what its predecessor learnt."""
    recipe = run.recipe.student
    take_shared(student, predecessor)
    if not recipe.front_steps:
        return
    run.say(f"student: its first blocks learn from its predecessor's, {recipe.front_steps} steps")
    missed = learn_front(
        student,
        predecessor,
        run.batches("student", FRONT),
        recipe.input_size,
        recipe.front_steps,
        run.kernels,
    )
    run.say(
        f"student: its first blocks answer as its predecessor's do, but for {missed:.0%} of the "
        "variance"
    )


def _loss(run: Run, name: str, mobilenet: MobileNet, teacher: nn.Module, **second: Any) -> Loss:
    recipe = getattr(run.recipe, name)
    return student_loss(
        mobilenet,
        teacher,
        size=run.recipe.student.input_size,
        alpha=recipe.distill_alpha,
        temperature=recipe.temperature,
        kernels=run.kernels,
        **second,
    )


def _stage(run: Run, name: str, number: int, mobilenet: MobileNet, loss: Loss) -> Stage:
    recipe = getattr(run.recipe, name)
    optimizer = torch.optim.AdamW(
        groups(mobilenet, recipe.weight_decay), lr=recipe.learning_rate, fused=True
    )
    size = run.recipe.student.input_size
    return run.stage(name, number, mobilenet, optimizer, LOWEST_RATE, loss, size)


def _save(folder: Path, student: MobileNet, network: Any) -> list[Path]:
    """Write both models with the student's present weights."""
    for name, labels in LABELS_OF.items():
        give_to(network, student, HEADS.index(labels))
        with replacing(folder / name) as beside:
            network.save(beside)
    return [folder / name for name in LABELS_OF]


def _finished(run: Run, models: list[Path]) -> list[Path]:
    """Score what lies on the disk, and write down what it was made with."""
    scored = {one.stem: evaluate(load_keras(one), run.splits, ("PublicTest",)) for one in models}
    write_text(run.folder / "metrics.json", json.dumps(scored, indent=1))
    told = about(run.splits, models[0])
    told["sha256"] = {one.name: sha256(one) for one in models}
    write_text(run.folder / "about.json", json.dumps(told, indent=1))
    return models
