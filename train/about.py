"""What a run was made with: the exact command, versions, hashes; no path of the machine beside."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras

from edge.files import sha256
from edge.versions import versions
from train.data import FaceSet
from train.digest import faces_digest

PACKAGES = (
    "edge-emotion",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "jax",
    "torch",
    "numpy",
    "opencv-python-headless",
)


def about(splits: dict[str, FaceSet], best: Path) -> dict[str, Any]:
    """The content of `about.json`; the command is that of this process.

    Args:
        splits: As they were read, with the labels of the task.
        best: The model file.
    """
    program, *words = sys.argv
    return {
        "command": shlex.join([Path(program).name, *words]),
        "commit": _commit(),
        "versions": versions(PACKAGES),
        "backend": keras.backend.backend(),
        "machine": f"{platform.machine()} {platform.system()}",
        "data": {
            name: {"faces": len(faces), "sha256": faces_digest(faces)}
            for name, faces in splits.items()
        },
        "sha256": {best.name: sha256(best)},
    }


def _commit() -> str:
    """The commit of this checkout, '+' behind it where files differ; empty outside of one."""
    here = Path(__file__).parent
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip() if told.returncode == 0 else ""
