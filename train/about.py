"""What a run was made with: the exact command, versions, hashes; no path of the machine beside."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

from edge.files import sha256
from train.data import FaceSet
from train.digest import faces_digest

PACKAGES = (
    "edge-emotion",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "jax",
    "numpy",
    "opencv-python-headless",
)


def about(
    splits: dict[str, FaceSet], best: Path, command: Sequence[str] | None = None
) -> dict[str, Any]:
    """The content of `about.json`.

    Args:
        splits: As they were read, with the labels of the task.
        best: The model file.
        command: The words of the command; those of this process if None.
    """
    words = list(command if command is not None else sys.argv)
    return {
        "command": shlex.join([Path(words[0]).name, *words[1:]]),
        "commit": _commit(),
        "versions": {"python": platform.python_version(), **_versions()},
        "backend": keras.backend.backend(),
        "machine": f"{platform.machine()} {platform.system()}",
        "data": {
            name: {"faces": len(faces), "sha256": faces_digest(faces)}
            for name, faces in splits.items()
        },
        "sha256": {best.name: sha256(best)},
    }


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


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
