"""The four trainings of a run, one after the other, each taught by those before it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import torch
from torch import nn

from edge.labels import EMOTIONS
from train.architectures import build
from train.data import SIDE, FaceSet
from train.digest import faces_digest
from train.distilled.batches import Batches
from train.distilled.course import LAST, Stage, groups, train
from train.distilled.front import learn_front
from train.distilled.judge import Judge
from train.distilled.keras_weights import take_backbone, take_shared
from train.distilled.kernels import Kernels
from train.distilled.losses import OUTPUTS, Loss, Teaching, student_loss, teacher_loss
from train.distilled.mobilenet import FUSED, MOBILENETV2, MobileNet, Shape
from train.distilled.recipe import DistilRecipe
from train.distilled.teacher import Teacher

TEACHER, PREDECESSOR, STUDENT, FRONT, SUCCESSOR = range(5)  # told apart in the seeds
LOWEST_RATE = 0.01  # share of the highest, of all but the teacher


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
            glare_share=getattr(recipe, "glare_share", 0.0),
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
        chosen: Callable[[], object] = lambda: None,
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
            chosen=chosen,
        )

    def keras_network(self, shape: Shape, size: int, weights: str) -> Any:
        """Keras' network of one head; features that start from nothing follow from the seed."""
        keras.utils.set_random_seed(self.recipe.seed)
        return build(
            shape.architecture,
            len(EMOTIONS),
            size,
            backbone_weights=weights,
            dropout=self.recipe.successor.dropout,
        )

    def new(self, shape: Shape, dropout: float) -> MobileNet:
        """A network whose heads follow from the seed."""
        torch.manual_seed(self.recipe.seed)
        return MobileNet(shape, OUTPUTS, dropout, self.kernels)


def new_predecessor(run: Run) -> MobileNet:
    """MobileNetV2 with ImageNet's features."""
    weights = "none" if run.begun("predecessor") else run.recipe.backbone_weights
    network = run.keras_network(MOBILENETV2, run.recipe.student.input_size, weights)
    predecessor = run.new(MOBILENETV2, run.recipe.predecessor.dropout)
    take_backbone(predecessor, network)
    return predecessor


def taught_teacher(run: Run) -> nn.Module:
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


def teach_predecessor(run: Run, predecessor: MobileNet, teacher: nn.Module) -> None:
    """Leave it with its best epoch's weights."""
    size = run.recipe.student.input_size
    _teach(run, "predecessor", PREDECESSOR, predecessor, size, [Teaching(teacher, 1.0)])


def taught_student(run: Run, teacher: nn.Module, predecessor: MobileNet) -> MobileNet:
    """The network of the device, with its best epoch's weights."""
    recipe = run.recipe.student
    student = run.new(FUSED, recipe.dropout)
    if not run.begun("student"):
        _begin(run, student, predecessor)
    teachers = [
        Teaching(predecessor, recipe.predecessor_share, recipe.input_size),
        Teaching(teacher, 1 - recipe.predecessor_share),
    ]
    _teach(run, "student", STUDENT, student, recipe.input_size, teachers)
    return student


def taught_successor(
    run: Run,
    teacher: nn.Module,
    predecessor: MobileNet,
    student: MobileNet,
    chosen: Callable[[MobileNet], object],
) -> MobileNet:
    """The same once more at its own size, with its best epoch's weights.

    Args:
        chosen: Is called with it whenever an epoch is the best so far.
    """
    recipe, size = run.recipe.successor, run.recipe.student.input_size
    successor = run.new(FUSED, recipe.dropout)
    successor.load_state_dict(student.state_dict())
    teachers = [
        Teaching(teacher, 1 - recipe.predecessor_share - recipe.student_share),
        Teaching(predecessor, recipe.predecessor_share, size),
        Teaching(student, recipe.student_share, size, mirrored=True),
    ]
    _teach(
        *(run, "successor", SUCCESSOR, successor, recipe.input_size, teachers),
        fer2013_weight=recipe.fer2013_weight,
        chosen=lambda: chosen(successor),
    )
    return successor


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


def _teach(
    run: Run,
    name: str,
    number: int,
    mobilenet: MobileNet,
    size: int,
    teachers: Sequence[Teaching],
    fer2013_weight: float = 0.5,
    chosen: Callable[[], object] = lambda: None,
) -> None:
    """Train a stage's network, and leave it with its best epoch's weights, to teach others."""
    recipe = getattr(run.recipe, name)
    loss = student_loss(
        mobilenet,
        teachers,
        size=size,
        alpha=recipe.distill_alpha,
        temperature=recipe.temperature,
        kernels=run.kernels,
        fer2013_weight=fer2013_weight,
    )
    optimizer = torch.optim.AdamW(
        groups(mobilenet, recipe.weight_decay), lr=recipe.learning_rate, fused=True
    )
    stage = run.stage(name, number, mobilenet, optimizer, LOWEST_RATE, loss, size, chosen)
    mobilenet.load_state_dict(train(stage).best_weights)
    mobilenet.requires_grad_(False)
