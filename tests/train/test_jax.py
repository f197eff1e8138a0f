"""The same training on JAX, the backend for accelerators, on one device and shared among two."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest

from train.distribute import share_batches

SCRIPT = Path(__file__).parent / "jax_fit.py"

needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


@needs_jax
@pytest.mark.parametrize("devices", [1, 2])
def test_a_run_on_jax_stops_and_resumes(tmp_path, devices):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), str(devices)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    shared = "each batch of 16 is shared among 2 devices"
    assert (shared in done.stdout) == (devices == 2)
    assert log(tmp_path / "stopped") == log(tmp_path / "whole")
    # what JAX saved, this process's backend reads
    whole, stopped = (
        keras.saving.load_model(tmp_path / name / "best.keras") for name in ("whole", "stopped")
    )
    for ours, theirs in zip(stopped.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_sharing_needs_jax():
    if keras.backend.backend() == "jax":
        pytest.skip("this is JAX")
    with pytest.raises(ValueError, match="--distribute: needs KERAS_BACKEND=jax"):
        share_batches(64)
