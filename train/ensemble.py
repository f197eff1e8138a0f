"""Several networks as one: the folds of a cross-validation, kept whole.

The members' logits are averaged, which is the geometric mean of their probabilities. Averaging the
probabilities themselves (Lakshminarayanan et al. 2017) would need a softmax and a logarithm inside
the graph, and eight bits round a small probability to zero; their accuracies hardly differ. Logits
also stay what a student's temperature divides (Hinton et al. 2015), so the file is a teacher too.

It costs what its members cost together: k networks take k times the time and the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras

from edge.errors import DataError
from edge.files import replacing
from train.evaluate import load_keras


def ensemble(members: Sequence[keras.Model]) -> keras.Model:
    """One network, (n, s, s, 1) values 0-255 to (n, k) logits: the mean of the members' logits.

    Args:
        members: At least one, all of one input size and one number of outputs.

    Raises:
        DataError: their inputs or outputs differ.
    """
    shapes = {(tuple(one.input_shape), tuple(one.output_shape)) for one in members}
    if len(shapes) != 1:
        raise DataError(
            f"an ensemble needs networks of one shape, not of {len(shapes)}: "
            + "; ".join(f"{taken} to {told}" for taken, told in sorted(shapes, key=str))
        )
    face = keras.Input(members[0].input_shape[1:], name="face")
    told = []
    for number, member in enumerate(members, 1):
        member.name = f"member_{number}"  # layers of one model need names of their own
        told.append(member(face, training=False))
    mean = told[0] if len(told) == 1 else keras.layers.Average(name="logits")(told)
    return keras.Model(face, mean, name="ensemble")


def save_ensemble(paths: Sequence[Path], out: Path) -> None:
    """Write the ensemble of the `.keras` files at `paths` to `out`.

    Raises:
        DataError: a file cannot be read, or the networks have different shapes.
        OutputError: `out` cannot be written.
    """
    together = ensemble([load_keras(path) for path in paths])
    with replacing(out) as beside:
        together.save(beside)
