"""Every file a card names, on the faces kept out of training, as the device would read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import end_to_end, robustness
from benchmarks.accuracy import float_model
from benchmarks.accuracy.files import Files, in_task, open_files
from benchmarks.accuracy.scores import against, scored
from benchmarks.shares import read, sample
from edge.alerts.rule import RuleConfig
from edge.vision.card import ModelCard, read_card
from train.data import TEST_SPLITS, FaceSet
from train.metrics import Probabilities
from train.subgroups import subgroups

Say = Callable[[str], None]
PUBLIC = TEST_SPLITS[0]  # what may be chosen on


@dataclass(frozen=True)
class Asked:
    """What is measured beside each file's accuracy.

    Attributes:
        splits: Of the test faces.
        float_model: A Keras model in place of the float file.
        end_to_end: Faces through the whole chain; 0 for none.
        robustness: Faces at every level of every distortion; 0 for none.
    """

    splits: tuple[str, ...] = TEST_SPLITS
    float_model: Path | None = None
    end_to_end: int = 0
    robustness: int = 0


def measure(
    card_path: Path, splits: Mapping[str, FaceSet], say: Say, asked: Asked | None = None
) -> dict[str, Any]:
    """Score each file on the test splits under both label sets.

    Returns:
        `scores` by file and split; `float`, what the files are held against, and `about_float`;
        `against_float` by file and split; `subgroups` of the file that a device takes; `left_out`,
        a line for each file that cannot be read here; `end_to_end` and `robustness` where asked.

    Raises:
        ModelError: the card or a file is not what it should be, or no file can be read.
        DataError: the Keras model cannot be read.
    """
    asked = asked or Asked()
    card = read_card(card_path)
    files = open_files(card)
    for line in files.left_out:
        say(line)
    faces = {name: in_task(splits[name], card) for name in asked.splits}
    told = _told(files, faces, say)
    reference, about_float = _add_float(told, asked.float_model, card, files, faces)
    say(about_float)
    measured: dict[str, Any] = {
        "scores": {
            name: {split: scored(rows, faces[split]) for split, rows in by_split.items()}
            for name, by_split in told.items()
        },
        "float": reference,
        "about_float": about_float,
        "against_float": _against_float(told, reference, faces),
        "left_out": files.left_out,
        "subgroups": _subgroups(files, told, faces),
    }
    return measured | _through_more(files, faces, asked, say)


def _told(
    files: Files, faces: Mapping[str, FaceSet], say: Say
) -> dict[str, dict[str, Probabilities]]:
    told: dict[str, dict[str, Probabilities]] = {}
    for name, model in files.models.items():
        for split, those in faces.items():
            say(f"{name} on {model.runtime}: {len(those)} faces of {split} ...")
            rows = read(model, list(those.images), f"{name}, {split}")
            told.setdefault(name, {})[split] = rows
    return told


def _add_float(
    told: dict[str, dict[str, Probabilities]],
    keras_file: Path | None,
    card: ModelCard,
    files: Files,
    faces: Mapping[str, FaceSet],
) -> tuple[str | None, str]:
    """Read the Keras model if it is asked for and can be; say what the files are held against."""
    instead = ""
    if keras_file is not None:
        if float_model.is_possible():
            told[keras_file.name] = dict(float_model.read_keras(keras_file, card, faces))
            return keras_file.name, f"Held against the Keras model {keras_file.name}"
        instead = f"TensorFlow is not installed here, so {keras_file.name} is not read. "
    if files.float_file is None:
        return None, f"{instead}The card's float file is not here: nothing is held against it"
    name = files.float_file.path.name
    return name, f"{instead}Held against the float file {name}"


def _against_float(
    told: Mapping[str, Mapping[str, Probabilities]],
    reference: str | None,
    faces: Mapping[str, FaceSet],
) -> dict[str, Any]:
    if reference is None:
        return {}
    return {
        name: {
            split: against(rows, told[reference][split], faces[split])
            for split, rows in by_split.items()
        }
        for name, by_split in told.items()
        if name != reference
    }


def _subgroups(
    files: Files, told: Mapping[str, Mapping[str, Probabilities]], faces: Mapping[str, FaceSet]
) -> dict[str, Any]:
    shipped, threshold = files.shipped.path.name, RuleConfig().on
    return {
        "file": shipped,
        "splits": {
            split: subgroups(told[shipped][split], those, threshold)
            for split, those in faces.items()
        },
    }


def _through_more(
    files: Files, faces: Mapping[str, FaceSet], asked: Asked, say: Say
) -> dict[str, Any]:
    """The file that a device takes, through the chain and under distortions."""
    more: dict[str, Any] = {}
    if asked.end_to_end:
        more["end_to_end"] = {
            split: end_to_end.measure(
                files.shipped,
                sample(those, asked.end_to_end),
                say,
                margins=end_to_end.MARGINS if split == PUBLIC else (),
            )
            for split, those in faces.items()
        }
    if asked.robustness:
        split = asked.splits[-1]
        those = sample(faces[split], asked.robustness)
        more["robustness"] = {split: robustness.measure(files.shipped, those, say)}
    return more
