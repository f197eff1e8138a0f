"""Sharing each batch among several accelerators."""

from __future__ import annotations

import keras

from edge.errors import UsageError


def share_batches(batch: int) -> str:
    """Let every model made from now on train on all devices, data parallel.

    Returns:
        What was done, for people.

    Raises:
        UsageError: Keras' backend cannot, there is one device, or the batch does not divide.
    """
    if keras.backend.backend() != "jax":
        raise UsageError("--distribute: needs KERAS_BACKEND=jax; see the README")
    devices = keras.distribution.list_devices()
    if len(devices) < 2:
        raise UsageError(f"--distribute: there is one device, {devices[0]}; leave the flag out")
    if batch % len(devices):
        raise UsageError(
            f"--distribute: --batch {batch} cannot be shared among {len(devices)} devices evenly"
        )
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    return f"each batch of {batch} is shared among {len(devices)} devices"
