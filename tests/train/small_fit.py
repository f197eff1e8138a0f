"""`edge-train` with a network of two layers, so that a training can be killed and resumed often.

Run as a program it takes the arguments of `edge-train`; with DIE_AFTER_EPOCH=n in its environment
it is killed as the system kills, without a chance to clean up, when it has told of epoch n.
"""

from __future__ import annotations

import os
import signal
import sys

import keras


def network(input_size: int = 64, dropout: float = 0.3, classes: int = 7) -> keras.Model:
    """A stand-in for the architectures, with all that a resume must bring back."""
    inputs = keras.Input((input_size, input_size, 1), name="face")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(inputs)
    features = keras.layers.Conv2D(8, 5, strides=4, use_bias=False, name="conv")(scaled)
    features = keras.layers.BatchNormalization(name="norm")(features)
    features = keras.layers.ReLU(name="relu")(features)
    features = keras.layers.Conv2D(16, 3, strides=2, activation="relu", name="last")(features)
    features = keras.layers.GlobalAveragePooling2D(name="pool")(features)
    features = keras.layers.Dropout(dropout, name="dropout")(features)
    logits = keras.layers.Dense(classes, dtype="float32", name="logits")(features)
    return keras.Model(inputs, logits)


def build(
    arch: str,  # noqa: ARG001
    classes: int,
    input_size: int,
    alpha: float = 1.0,  # noqa: ARG001
    backbone_weights: str = "none",  # noqa: ARG001
    dropout: float = 0.3,
    head_units: int = 0,  # noqa: ARG001
) -> keras.Model:
    """As `train.architectures.build`."""
    return network(input_size, dropout, classes)


def main() -> int:
    import train.cli
    import train.commands.fit
    import train.fit

    # a shell that starts programs in the background has them ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    train.fit.build = build
    last = f"epoch {os.environ.get('DIE_AFTER_EPOCH', 'never')}:"
    say = train.commands.fit.say

    def say_and_die(line: str) -> None:
        say(line)
        if line.startswith(last):
            os.kill(os.getpid(), signal.SIGKILL)

    train.commands.fit.say = say_and_die
    return train.cli.main()


if __name__ == "__main__":
    sys.exit(main())
