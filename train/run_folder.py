"""The folder of a run: made for one recipe, taken up again for that recipe only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from edge.errors import DataError
from edge.files import write_text
from train import progress as progress_file
from train.data import FaceSet
from train.digest import faces_digest
from train.evaluate import load_keras
from train.keeper import BEST, LAST
from train.progress import Progress


class AnyRecipe(Protocol):
    """What a run is asked for, in whichever words."""

    def as_json(self) -> dict[str, Any]:
        """The content of `recipe.json`."""


def prepare(run: Path, recipe: AnyRecipe, resume: bool, epochs: str = LAST) -> None:
    """Make the run's folder, or check that it holds this recipe and an epoch to resume from.

    Args:
        epochs: The file that is there once an epoch is finished.

    Raises:
        DataError: the folder holds a run and `resume` is false; or none, or that of another recipe.
    """
    saved, last = run / "recipe.json", run / epochs
    if not resume:
        if last.exists():
            raise DataError(
                f"{run}: holds a run already; add --resume to go on or take a new --run"
            )
        write_text(saved, json.dumps(recipe.as_json(), indent=1))
        return
    if not last.is_file():
        raise DataError(f"{run}: holds no finished epoch to resume from; leave --resume out")
    asked, told = recipe.as_json(), _read_json(saved)
    other = [f"{name} {told.get(name)!r}" for name in asked if told.get(name) != asked[name]]
    if other:
        raise DataError(
            f"{saved}: is another recipe ({', '.join(other)}); resume with its values or take a "
            "new --run"
        )


def resumed(run: Path, training: FaceSet) -> Progress:
    """Where the run stands.

    Raises:
        DataError: it cannot be told, its best epoch is lost, or it was trained on other faces.
    """
    progress = progress_file.read(run / LAST)
    _check_best(run)
    if progress.faces != faces_digest(training):
        raise DataError(
            f"{run}: was trained on other faces; resume with its --data or take a new --run"
        )
    return progress


def _check_best(run: Path) -> None:
    """Refuse to go on if the best epoch is lost: a later one may not beat it and take its place."""
    try:
        load_keras(run / BEST)
    except DataError as error:
        raise DataError(
            f"{error}; the best epoch is lost, so the run cannot go on: take a new --run"
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error}); take a new --run") from error
    if not isinstance(told, dict):
        raise DataError(f"{path}: holds no JSON object; take a new --run")
    return told
