"""The model card: what a model file is, and the proof that it is that file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from edge.errors import ModelError
from edge.labels import TASKS

MODELS = Path(__file__).parents[2] / "models"
DEFAULT_CARD = MODELS / "emotion.json"
# The shipped cards, by whose labels their model follows: what most of FER+'s ten annotators see, or
# the one label that FER-2013 itself gives a face.
SHIPPED: Mapping[str, Path] = {
    "ferplus": DEFAULT_CARD,
    "fer2013": MODELS / "emotion-fer2013.json",
}
_TOO_LARGE = (OverflowError, RecursionError)  # a number, or tables in each other without end


class GoldenFile(NamedTuple):
    """The file beside a card that says what its models must answer, and its SHA-256."""

    name: str
    sha256: str


@dataclass(frozen=True)
class ModelCard:
    """The part of `models/<name>.json` that the device needs.

    Attributes:
        path: Where the card lies; its files lie beside it.
        labels: Names of the outputs, in their order.
        input_size: Side of the square grey input, in pixels.
        source_size: Side of the faces the model was trained on, in pixels.
        crop_margin: Share of the detector's box to add on every side.
        temperature: What logits are divided by before the softmax.
        files: By file name: its `sha256`, `format` (tflite, onnx) and `precision`.
        golden: What `edge-run --self-test` compares with; None in cards of older versions.
    """

    path: Path
    labels: tuple[str, ...]
    input_size: int
    source_size: int
    crop_margin: float
    temperature: float
    files: dict[str, dict[str, Any]]
    golden: GoldenFile | None = None

    def pick(self, file_format: str, precision: str = "int8") -> Path:
        """The card's file of that format and precision.

        Raises:
            ModelError: the card has none.
        """
        for name, about in self.files.items():
            if (about["format"], about["precision"]) == (file_format, precision):
                return self.path.parent / name
        raise ModelError(f"{self.path}: names no {precision} {file_format} file; run edge-convert")

    def verified(self, path: Path) -> bytes:
        """The file's content, if it is the one the card was written for.

        Raises:
            ModelError: the file is missing or its SHA-256 differs.
        """
        return self._verified(path, self.files[path.name]["sha256"])

    def verified_golden(self) -> bytes:
        """The content of the golden file, if it is the one the card was written for.

        Raises:
            ModelError: the card names none, the file is missing, or its SHA-256 differs.
        """
        if self.golden is None:
            raise ModelError(
                f"{self.path}: names no golden file to compare with; run edge-convert, which "
                "writes one"
            )
        return self._verified(self.path.parent / self.golden.name, self.golden.sha256)

    def _verified(self, path: Path, digest: str) -> bytes:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror}); reinstall it") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise ModelError(
                f"{path}: sha256 differs from {self.path.name}; reinstall the model or run "
                "edge-convert"
            )
        return content


def read_card(path: Path) -> ModelCard:
    """Read a card.

    Raises:
        ModelError: it is missing, not JSON, or lacks something the device needs.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        card = ModelCard(
            path=path,
            labels=tuple(map(str, told["labels"])),
            input_size=int(told["input"]["size"]),
            source_size=int(told["input"]["source_size"]),
            crop_margin=float(told["crop_margin"]),
            temperature=float(told["temperature"]),
            files={
                str(name): {key: str(about[key]) for key in ("sha256", "format", "precision")}
                for name, about in told["files"].items()
            },
            golden=_golden(told.get("golden")),
        )
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); reinstall it") from error
    except (ValueError, LookupError, TypeError, AttributeError, *_TOO_LARGE) as error:
        raise ModelError(
            f"{path}: is not a model card ({type(error).__name__}: {error}); reinstall the model "
            "or run edge-convert"
        ) from error
    return _checked(card)


def _golden(told: Any) -> GoldenFile | None:
    return None if told is None else GoldenFile(str(told["file"]), str(told["sha256"]))


def _checked(card: ModelCard) -> ModelCard:
    wrong, named = "", () if card.golden is None else (card.golden.name,)
    if sorted(card.labels) not in map(sorted, TASKS.values()):
        wrong = "labels are not " + "; or ".join(", ".join(labels) for labels in TASKS.values())
    elif not 8 <= card.input_size <= 1024 or not 8 <= card.source_size <= 1024:
        wrong = "input sizes must lie in 8 to 1024"
    elif not 0.01 <= card.temperature <= 100:
        wrong = "temperature must lie in 0.01 to 100"
    elif not -0.4 <= card.crop_margin <= 2:
        wrong = "crop_margin must lie in -0.4 to 2"
    elif odd := [name for name in (*card.files, *named) if not _is_file_name(name)]:
        wrong = f"{odd[0]!r} is not the name of a file beside it"
    if wrong:
        raise ModelError(f"{card.path}: {wrong}; reinstall the model or run edge-convert")
    return card


def _is_file_name(name: str) -> bool:
    return name.isprintable() and name == Path(name).name != ""


def find_card(model: Path) -> ModelCard:
    """The card, in the same folder, that names this model file.

    Raises:
        ModelError: the file is missing, or no card names it.
    """
    if not model.is_file():
        raise ModelError(f"{model}: no such model file; give a .json card, a .tflite or an .onnx")
    for path in sorted(model.parent.glob("*.json")):
        try:
            card = read_card(path)
        except ModelError:
            continue
        if model.name in card.files:
            return card
    raise ModelError(
        f"{model}: no model card beside it names this file, so nothing says what it is; "
        "run edge-convert, which writes both"
    )
