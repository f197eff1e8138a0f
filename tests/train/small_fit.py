"""`edge-train` with a network of two layers, so that a training can be killed and resumed often.

Run as a program it takes the arguments of `edge-train`; with DIE_AFTER_EPOCH=n in its environment
it is killed as the system kills, without a chance to clean up, when it has told of epoch n.
"""

from __future__ import annotations

import os
import signal
import sys

import keras


def network(
    input_size: int = 64,
    alpha: float = 1.0,  # noqa: ARG001
    backbone_weights: str = "none",  # noqa: ARG001
    dropout: float = 0.3,
) -> keras.Model:
    """A stand-in for `train.model.mobilenetv2` with all that a resume must bring back."""
    inputs = keras.Input((input_size, input_size, 1), name="face")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    features = keras.layers.Conv2D(8, 5, strides=4, use_bias=False)(scaled)
    features = keras.layers.ReLU()(keras.layers.BatchNormalization()(features))
    features = keras.layers.Dropout(dropout)(keras.layers.Flatten()(features))
    return keras.Model(inputs, keras.layers.Dense(7, name="logits")(features))


def main() -> int:
    import train.cli
    import train.fit

    # a shell that starts programs in the background has them ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    train.fit.mobilenetv2 = network
    last = f"epoch {os.environ.get('DIE_AFTER_EPOCH', 'never')}:"
    say = train.cli._say

    def say_and_die(line: str) -> None:
        say(line)
        if line.startswith(last):
            os.kill(os.getpid(), signal.SIGKILL)

    train.cli._say = say_and_die
    return train.cli.main()


if __name__ == "__main__":
    sys.exit(main())
