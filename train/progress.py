"""Where a run stands, kept inside the file of its weights, so that the two cannot disagree."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import keras

from edge.errors import DataError
from edge.files import replacing

ATTRIBUTE = "progress"
HDF5_OVERHEAD = 2048  # bytes for each variable, generously


@dataclass
class Progress:
    """What a resumed run must know beside weights and optimizer."""

    faces: str  # SHA-256 of the training faces
    epoch: int = 0  # finished
    best: float = -1.0
    stale: int = 0  # epochs since the best one
    waited: int = 0  # epochs since the best one or the last cut of the learning rate
    cuts: int = 0  # of the learning rate, with schedule 'plateau'
    images: int = 0
    cpu_seconds: float = 0.0  # spent in training steps
    ended: str = ""  # 'patience' or 'minutes' where one of these ended the run


def save(model: keras.Model, progress: Progress, path: Path) -> None:
    """Save weights, optimizer and progress as one file, if there is room.

    On a full disk HDF5 would crash the process.

    Raises:
        OutputError: there is no room; the file that was there is still there.
    """
    with replacing(path) as beside:
        variables = [*model.variables, *model.optimizer.variables]
        needed = sum(4 * math.prod(v.shape) + HDF5_OVERHEAD for v in variables)
        if shutil.disk_usage(beside.parent).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        model.save_weights(beside)
        with h5py.File(beside, "a") as file:
            file.attrs[ATTRIBUTE] = json.dumps(asdict(progress))


def read(path: Path) -> Progress:
    """The progress in a file that `save` wrote.

    Raises:
        DataError: it is missing or damaged.
    """
    try:
        with h5py.File(path) as file:
            return Progress(**json.loads(file.attrs[ATTRIBUTE]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from error


def load_weights(model: keras.Model, path: Path) -> None:
    """Give a compiled model the file's weights and optimizer.

    Raises:
        DataError: the file is damaged.
    """
    model.optimizer.build(model.trainable_variables)
    try:
        model.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path}: cannot be read ({error}); {path.with_name('best.keras')} is still the best "
        "epoch, start a new run for more"
    )
