"""What the network looks at when it says angry, rightly and wrongly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from train.evaluate import predict
from train.metrics import ANGER, label_sets, softmax
from train.report.attention import BANDS, ENOUGH, Group, cover_bands, group, patch_map
from train.report.figures import Measured, Say
from train.report.gradcam import GradCam

MOST = 500  # faces; each is run eight times
MOST_PATCHED = 40  # faces of a group on which a patch is moved about; each is run 50 times


@dataclass(frozen=True)
class CalledAngry:
    """Faces that the network calls angry.

    Attributes:
        n: How many there are; `looked_at` is how many of them were looked at, evenly chosen.
        groups: By label set, the faces called so `rightly` and `wrongly`.
        patches: For the two groups of the last label set, what `patch_map` tells; a group
            without enough faces to show nobody has none.
    """

    n: int
    looked_at: int
    groups: Mapping[str, Mapping[str, Group]]
    patches: Mapping[str, NDArray[np.float32]]

    def as_json(self) -> dict[str, Any]:
        """The figures without the pictures."""
        return {
            "n": self.n,
            "looked_at": self.looked_at,
            "area": even_shares(),
            "patches": {name: lost.tolist() for name, lost in self.patches.items()},
            **{
                labels: {
                    name: {"n": one.n, "attention": one.shares, "probability": one.covered}
                    for name, one in both.items()
                }
                for labels, both in self.groups.items()
            },
        }


def called_angry(
    network: keras.Model, measured: Measured, cam: GradCam, say: Say
) -> CalledAngry | None:
    """Grad-CAM and covered bands of the faces called angry; None where there are none."""
    if ANGER not in measured.faces.classes:
        return None
    angry = measured.faces.classes.index(ANGER)
    called = np.flatnonzero(measured.told == angry)
    if len(called) == 0:
        return None
    chosen = called[np.unique(np.linspace(0, len(called) - 1, MOST).round().astype(int))]
    say(f"what makes {len(chosen)} faces angry ...")
    images = np.asarray(measured.faces.images[chosen])

    def probability(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = predict(network, faces)
        return np.asarray(softmax(logits, measured.temperature)[:, angry], np.float32)

    maps = cam(images, np.full(len(chosen), angry))
    probabilities = cover_bands(images, probability)
    groups, members = {}, {}
    for labels, (labelled, truth) in label_sets(measured.faces).items():
        known = np.isin(chosen, labelled)
        truly = np.isin(chosen, labelled[truth == angry])
        members = {"rightly": known & truly, "wrongly": known & ~truly}
        groups[labels] = {
            name: group(images, maps, probabilities, those) for name, those in members.items()
        }
    patches = {}
    for name, those in members.items():
        if those.sum() >= ENOUGH:
            say(f"covering patches of faces {name} called angry ...")
            patches[name] = patch_map(images[_evenly(those)], probability)
    return CalledAngry(len(called), len(chosen), groups, patches)


def _evenly(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """At most `MOST_PATCHED` of the chosen, spread over them."""
    found = np.flatnonzero(chosen)
    places = np.linspace(0, len(found) - 1, MOST_PATCHED).round().astype(np.int64)
    return np.asarray(found[np.unique(places)])


def even_shares() -> dict[str, float]:
    """Share of the face's area that each band covers."""
    return {name: end - start for name, (start, end) in BANDS.items()}
