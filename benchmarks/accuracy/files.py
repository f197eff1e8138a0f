"""Every file that a card names and this machine can read."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import ModelError
from edge.vision.card import ModelCard
from edge.vision.expression import ExpressionModel, load_file
from train.data import FaceSet
from train.task import task_of

# what a device takes if it can, first
SHIPPED = (("tflite", "int8"), ("onnx", "int8"), ("tflite", "float32"))
FLOAT = (("tflite", "float32"), ("onnx", "float32"))


@dataclass(frozen=True)
class Files:
    """What of a card can be measured here.

    Attributes:
        models: By file name, in the card's order; at least one.
        left_out: A line for each file that cannot be read, and why.
    """

    models: dict[str, ExpressionModel]
    left_out: list[str]

    @property
    def shipped(self) -> ExpressionModel:
        """The file that a device would take."""
        return self._first(SHIPPED) or next(iter(self.models.values()))

    @property
    def float_file(self) -> ExpressionModel | None:
        """The float file, where it is here."""
        return self._first(FLOAT)

    def _first(self, wanted: tuple[tuple[str, str], ...]) -> ExpressionModel | None:
        kinds = {
            (about["format"], about["precision"]): self.models[name]
            for name, about in reversed(self._card.files.items())
            if name in self.models
        }
        return next((kinds[kind] for kind in wanted if kind in kinds), None)

    @property
    def _card(self) -> ModelCard:
        return next(iter(self.models.values())).card


def open_files(card: ModelCard) -> Files:
    """Load every file of the card; one that is not here or has no interpreter is left out.

    Raises:
        ModelError: a file is not the one that the card names, or none can be read.
    """
    models: dict[str, ExpressionModel] = {}
    left_out: list[str] = []
    for name in card.files:
        path = card.path.parent / name
        if not path.is_file():
            left_out.append(f"{name}: is not here")
            continue
        try:
            models[name] = load_file(card, path)
        except ModelError as error:
            card.verified(path)  # the wrong content is no matter of interpreters
            left_out.append(str(error).replace(str(path), name))
    if not models:
        raise ModelError(f"{card.path}: none of its files can be read; {'; '.join(left_out)}")
    return Files(models, left_out)


def in_task(faces: FaceSet, card: ModelCard) -> FaceSet:
    """The faces with the card's labels as their classes.

    Raises:
        ModelError: the card has its labels in an order that the data has not.
    """
    asked = task_of(len(card.labels)).faces(faces)
    if asked.classes != card.labels:
        raise ModelError(
            f"{card.path}: its labels have another order than the data; run edge-convert"
        )
    return asked
