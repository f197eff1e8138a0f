"""Labels and votes into the targets of a loss. Needs numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from train.data.faces import FaceSet

LABELS = ("fer2013", "ferplus", "both")


def soft_targets(
    faces: FaceSet, ferplus_share: float = 0.5, smoothing: float = 0.0, labels: str = "both"
) -> NDArray[np.float32]:
    """Turn the set's label, the FER+ votes or a mixture of both into one soft target a face.

    The votes are taken as a distribution (Barsoum et al. 2016, "probabilistic label drawing" in
    expectation); a face without votes keeps its label.

    Args:
        ferplus_share: Weight of the votes where `labels` is "both", 0 to 1.
        smoothing: Probability spread evenly over all classes (Szegedy et al. 2016), 0 to 1.
        labels: "fer2013" for the label alone, "ferplus" for the votes alone, or "both".

    Returns:
        (n, len(faces.classes)) float32, rows summing to 1.

    Raises:
        UsageError: `labels` is none of these.
    """
    if labels not in LABELS:
        raise UsageError(f"--labels {labels}: must be one of {', '.join(LABELS)}")
    share = {"fer2013": 0.0, "ferplus": 1.0, "both": ferplus_share}[labels]
    classes = len(faces.classes)
    label = np.eye(classes, dtype=np.float32)[faces.labels]
    total = faces.votes.sum(axis=1, keepdims=True)
    votes = np.where(total > 0, faces.votes / np.maximum(total, 1), label)
    mixed = (1 - share) * label + share * votes
    return np.asarray((1 - smoothing) * mixed + smoothing / classes, dtype=np.float32)
