"""One bias per emotion, so that neither label set's habits decide alone what counts as neutral.

Trained towards both label sets, a network leans to where they agree least: what FER-2013 calls sad,
afraid or angry, the FER+ annotators often call neutral. A bias per class moves those borders and
nothing else (logit adjustment, Menon et al. 2021). It is the one that minimises cross-entropy on
PublicTest, which, unlike accuracy, has a single smooth minimum and hardly follows chance. It is
added to the last layer, so the files need not know of it.
"""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from edge.files import replacing, write_text
from train.border import bias_for
from train.data import FaceSet
from train.evaluate import predict

RIDGE = 1e-3  # keeps the bias of an emotion that hardly occurs from running away


def fit_bias(
    logits: NDArray[np.float32], faces: FaceSet, original_weight: float = 0.5
) -> NDArray[np.float32]:
    """The bias for which (n, 7) `logits` fit both label sets best, by Newton's method.

    Args:
        original_weight: Weight of FER-2013's labels; the strict FER+ majority has the rest.
            Without votes FER-2013's labels decide alone.

    Returns:
        (7,) float32 with mean 0.
    """
    agreed = faces.majority >= 0
    share = original_weight if agreed.any() else 1.0
    k = logits.shape[1]
    parts = [(share, logits, _frequencies(faces.labels, k))]
    if share < 1:
        parts.append((1 - share, logits[agreed], _frequencies(faces.majority[agreed], k)))
    return bias_for(parts, RIDGE)


def _frequencies(truth: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(truth, minlength=classes) / len(truth), dtype=np.float64)


def balance(
    model: keras.Model, public: FaceSet, original_weight: float, out: Path
) -> NDArray[np.float32]:
    """Choose the bias on `public`, add it to the model's last layer, save the model to `out`.

    What was chosen is written beside it, as `<name>.balance.json`, for the model card.

    Returns:
        (7,) the bias, in logits.
    """
    logits = predict(model, public.images)
    bias = fit_bias(logits, public, original_weight)
    layer = model.get_layer("logits")
    kernel, before = layer.get_weights()
    layer.set_weights([kernel, before + bias])
    with replacing(out) as beside:
        model.save(beside)
    told = {
        "chosen_on": "PublicTest",
        "original_weight": original_weight,
        "bias": {name: round(float(b), 3) for name, b in zip(public.classes, bias, strict=True)},
    }
    write_text(out.with_suffix(".balance.json"), json.dumps(told, indent=1))
    return bias
