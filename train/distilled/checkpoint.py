"""Where a stage stands, as one file: whole, or not there."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from edge.errors import DataError
from edge.files import replacing

Weights = dict[str, Any]


@dataclass
class Checkpoint:
    """A stage after a whole epoch."""

    faces: str  # SHA-256 of the training faces
    epoch: int  # finished
    network: Weights
    optimizer: dict[str, Any]
    average: Weights
    best: float  # what the best epoch was chosen by
    best_weights: Weights  # the average of that epoch

    def save(self, path: Path) -> None:
        """Write it.

        Raises:
            OutputError: it cannot be written; the file that was there is still there.
        """
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        with replacing(path) as beside:
            try:
                torch.save(told, beside)
            except RuntimeError as error:  # what PyTorch's writer makes of a full disk
                raise OSError(str(error).partition("\n")[0]) from error


def read(path: Path, faces: str) -> Checkpoint:
    """What `save` wrote.

    Args:
        faces: SHA-256 of the faces to go on with.

    Raises:
        DataError: it is damaged, or of a training on other faces.
    """
    try:
        told = Checkpoint(**torch.load(path, weights_only=True))
    except Exception as error:  # zip, pickle and PyTorch each raise their own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path}: cannot be read ({reason}); take a new --run") from error
    if told.faces != faces:
        raise DataError(
            f"{path}: was trained on other faces; resume with its --data or take a new --run"
        )
    return told
