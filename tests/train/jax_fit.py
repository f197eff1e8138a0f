"""A training on JAX, whole and interrupted; a program of its own, as a process has one backend.

    jax_fit.py FOLDER DEVICES

Trains in FOLDER/whole, then in FOLDER/stopped with an interruption after each epoch.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

FOLDER, DEVICES = Path(sys.argv[1]), int(sys.argv[2])
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={DEVICES}"
sys.path.insert(0, str(Path(__file__).parent))

import generated  # noqa: E402
import small_fit  # noqa: E402

import train.fit  # noqa: E402
from train.distribute import share_batches  # noqa: E402
from train.recipe import Recipe  # noqa: E402

RECIPE = Recipe(
    input_size=32, alpha=0.35, backbone_weights="none", epochs=3, batch=16, frozen_epochs=1
)


def stop(line: str) -> None:
    raise KeyboardInterrupt(line)


def main() -> None:
    train.fit.build = small_fit.build
    splits = generated.splits()
    splits["PublicTest"] = splits["PublicTest"][:53]  # which no number of devices divides
    if DEVICES > 1:
        print(share_batches(RECIPE.batch))
    train.fit.fit(splits, RECIPE, FOLDER / "whole", verbose=0)
    for epoch in range(RECIPE.epochs):
        try:
            train.fit.fit(splits, RECIPE, FOLDER / "stopped", epoch > 0, say=stop, verbose=0)
        except KeyboardInterrupt as stopped:
            print(stopped)
    train.fit.fit(splits, RECIPE, FOLDER / "stopped", resume=True, verbose=0)


if __name__ == "__main__":
    main()
