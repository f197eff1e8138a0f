"""The stages of a training: first the head on features as they came, then the features, too."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from train.architectures import first_layer
from train.recipe import Recipe

FEATURES_END = "pool"  # every architecture's features end in this layer


@dataclass(frozen=True)
class Stage:
    """Epochs `start` to `end` (counted from 0, `end` not included)."""

    name: str
    start: int
    end: int

    @property
    def epochs(self) -> int:
        """How many there are."""
        return self.end - self.start


def stages(recipe: Recipe) -> tuple[Stage, ...]:
    """What the recipe asks for, in order, no stage without epochs."""
    frozen = recipe.frozen_epochs
    made = (Stage("head", 0, frozen), Stage("fine-tune", frozen, recipe.epochs))
    return tuple(stage for stage in made if stage.epochs > 0)


def set_trainable(network: keras.Model, stage: Stage, recipe: Recipe) -> None:
    """Freeze what the stage does not train.

    A batch norm that is not trainable keeps its statistics and uses them (Keras runs it in
    inference mode), which is what features that are not trained need. `batch_norm` 'frozen' asks
    that of all of them: with small batches or few faces, new statistics would be worse than those
    the weights came with.

    Raises:
        UsageError: `unfreeze_from` names no layer or block.
    """
    end = network.layers.index(network.get_layer(FEATURES_END))
    begin = end
    if stage.name != "head":
        begin = first_layer(network, recipe.unfreeze_from) if recipe.unfreeze_from else 0
    for index, layer in enumerate(network.layers):
        norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = index >= begin and not (norm and recipe.batch_norm == "frozen")
    # compiled for the split into trained and frozen weights that was true before
    network.predict_function = None
