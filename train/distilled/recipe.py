"""What decides how the four networks of a run come out, and the limits it must lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from edge.errors import UsageError

# The models of a run, each with the labels that its head learns.
LABELS_OF = {"emotion.keras": "ferplus", "emotion-fer2013.keras": "fer2013"}
ARCHITECTURE = "mobilenetv2-fused"
STAGES = ("teacher", "predecessor", "student", "successor")
HEADS = ("fer2013", "ferplus")  # in the order of the outputs


@dataclass(frozen=True)
class TeacherRecipe:
    """A ResNet trained with SGD; the weights averaged over its last steps are what teaches."""

    width: int = 64  # channels of the first stage
    blocks: tuple[int, ...] = (2, 3, 3)  # of each stage
    epochs: int = 34
    batch: int = 128
    learning_rate: float = 0.1
    warmup_epochs: float = 2.0
    weight_decay: float = 5e-4
    smoothing: float = 0.1  # of FER-2013's labels
    ferplus_smoothing: float = 0.05  # of the FER+ votes, which are soft already
    cutmix_share: float = 0.5  # of the batches
    plain_share: float = 0.0  # of the epochs, the last ones, without cutmix
    dropout: float = 0.4
    ema_momentum: float = 0.998


@dataclass(frozen=True)
class PredecessorRecipe:
    """MobileNetV2 trained with AdamW from ImageNet's weights, at the student's input size."""

    epochs: int = 30
    batch: int = 64
    learning_rate: float = 1e-3
    warmup_epochs: float = 1.0
    weight_decay: float = 0.05
    smoothing: float = 0.05
    ferplus_smoothing: float = 0.05
    cutmix_share: float = 0.5
    plain_share: float = 0.15  # so that it ends on faces as the camera shows them
    dropout: float = 0.2
    ema_momentum: float = 0.999
    distill_alpha: float = 0.7  # weight of the teacher beside the labels
    temperature: float = 1.0  # at which student and teacher are compared


@dataclass(frozen=True)
class StudentRecipe(PredecessorRecipe):
    """The network of the device: its first blocks dense, all else from its predecessor."""

    input_size: int = 96
    epochs: int = 44
    learning_rate: float = 9e-4
    front_steps: int = 900  # in which the first blocks learn to answer as the predecessor's do
    predecessor_share: float = 0.5  # of the batches, those that it teaches in the teacher's place


@dataclass(frozen=True)
class SuccessorRecipe(PredecessorRecipe):
    """The student once more, at a larger input, taught by all three before it."""

    input_size: int = 112
    epochs: int = 30
    learning_rate: float = 7e-4
    fer2013_weight: float = 0.6  # of that head's loss; the other head's has the rest
    predecessor_share: float = 0.2  # of the batches, those that it teaches
    student_share: float = 0.2  # those that the student teaches; the teacher has the rest
    glare_share: float = 0.1  # of the faces, those in a light that may burn them out


@dataclass(frozen=True)
class DistilRecipe:
    """What `runs/<name>/recipe.json` holds: the same recipe and data give the same models.

    The defaults are the shipped models'. Another number of threads adds in another order.
    """

    teacher: TeacherRecipe = field(default_factory=TeacherRecipe)
    predecessor: PredecessorRecipe = field(default_factory=PredecessorRecipe)
    student: StudentRecipe = field(default_factory=StudentRecipe)
    successor: SuccessorRecipe = field(default_factory=SuccessorRecipe)
    backbone_weights: str = "imagenet"
    augment: float = 1.0  # how strongly faces are distorted; 0 for not at all
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values, each stage's under its name; and the network in `train.recipe`'s words."""
        told: dict[str, Any] = {
            "command": "edge-train distil",
            "labels_of": LABELS_OF,
            "arch": ARCHITECTURE,
            "alpha": 1.0,
            "input_size": self.successor.input_size,
            "dropout": self.successor.dropout,
            "backbone_weights": self.backbone_weights,
            "augment": self.augment,
            "seed": self.seed,
        }
        for name in STAGES:
            values = asdict(getattr(self, name))
            told |= {f"{name}_{key}": value for key, value in values.items()}
        return told | {"teacher_blocks": list(self.teacher.blocks)}


NUMBERS: dict[str, tuple[float, float]] = {
    "width": (8, 512),
    "input_size": (32, 224),
    "epochs": (1, 10_000),
    "batch": (2, 4096),
    "learning_rate": (1e-7, 10.0),
    "warmup_epochs": (0.0, 1000.0),
    "weight_decay": (0.0, 1.0),
    "smoothing": (0.0, 0.9),
    "ferplus_smoothing": (0.0, 0.9),
    "cutmix_share": (0.0, 1.0),
    "plain_share": (0.0, 1.0),
    "dropout": (0.0, 0.95),
    "ema_momentum": (0.0, 0.99999),
    "distill_alpha": (0.0, 1.0),
    "temperature": (0.1, 100.0),
    "front_steps": (0, 1_000_000),
    "predecessor_share": (0.0, 1.0),
    "student_share": (0.0, 1.0),
    "fer2013_weight": (0.0, 1.0),
    "glare_share": (0.0, 1.0),
    "augment": (0.0, 3.0),
    "seed": (0, 2**32 - 1),
}
COMMON = ("backbone_weights", "augment", "seed")
MOST_STAGES, MOST_BLOCKS = 4, 50  # 48 pixels are 24 behind the stem, 3 in a fourth stage
# What the inputs' sides must be multiples of. Keras' MobileNetV2, which has the student's input,
# pads odd sides differently; the last map of the successor may do without its odd row.
SHRINKS_BY = {"student": 32, "successor": 16}


def recipe_from(values: Mapping[str, Any]) -> DistilRecipe:
    """A recipe of the given values, with its own for those that are missing or None.

    Args:
        values: By flag, with underlines: `teacher_epochs`, `seed`.

    Raises:
        UsageError: a value lies outside its limits; names its flag.
    """
    given = {name: value for name, value in values.items() if value is not None}
    recipe = DistilRecipe(
        TeacherRecipe(**_of(TeacherRecipe, given, "teacher_")),
        PredecessorRecipe(**_of(PredecessorRecipe, given, "predecessor_")),
        StudentRecipe(**_of(StudentRecipe, given, "student_")),
        SuccessorRecipe(**_of(SuccessorRecipe, given, "successor_")),
        **{name: given[name] for name in COMMON if name in given},
    )
    _check(recipe, "")
    for stage in STAGES:
        _check(getattr(recipe, stage), f"{stage}_")
    blocks = recipe.teacher.blocks
    if not 1 <= len(blocks) <= MOST_STAGES or not all(1 <= one <= MOST_BLOCKS for one in blocks):
        raise UsageError(
            f"--teacher-blocks {','.join(map(str, blocks))}: must be 1 to {MOST_STAGES} numbers of "
            f"1 to {MOST_BLOCKS}"
        )
    if recipe.teacher.width % 2:
        raise UsageError(f"--teacher-width {recipe.teacher.width}: must be even")
    for stage, factor in SHRINKS_BY.items():
        size = getattr(recipe, stage).input_size
        if size % factor:
            raise UsageError(f"--{stage}-input-size {size}: must be a multiple of {factor}")
    shares = recipe.successor.predecessor_share + recipe.successor.student_share
    if shares > 1 + 1e-9:  # 0.7 and 0.3 are more than 1, by their last bit
        raise UsageError(
            "--successor-predecessor-share and --successor-student-share: must be 1 or less "
            f"together, not {shares:g}"
        )
    return recipe


def _of(stage: type, given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    names = [one.name for one in fields(stage) if prefix + one.name in given]
    return {name: given[prefix + name] for name in names}


def _check(recipe: object, prefix: str) -> None:
    for name, (low, high) in NUMBERS.items():
        value = getattr(recipe, name, low)
        if not low <= value <= high:
            flag = "--" + (prefix + name).replace("_", "-")
            raise UsageError(f"{flag} {value}: must lie in {low:g} to {high:g}")
