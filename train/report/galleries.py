"""Single faces to look at: the most confident right and wrong ones, Grad-CAM, feature maps.

All of them are pictures of people from the data; `--no-faces` leaves them out.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from train.data import FaceSet
from train.report.attention import mean_attention, mean_face
from train.report.figures import Measured
from train.report.gradcam import GradCam, Maps
from train.report.style import Picture, enlarged, overlay, png

SIDE = 96  # pixels of a face on the page
PER_CLASS = 3  # right faces of each class
MOST_WRONG = 21
CAM_FACES = 5  # of each class
CAM_MEAN = 200  # faces of each class in its mean map, at most
CHANNELS = 16  # of a feature map, those that vary most
TILE = 64  # pixels of one channel


def most_confident_right(measured: Measured, each: int = PER_CLASS) -> NDArray[np.int64]:
    """Indices of the `each` most confident right faces of each class, class by class.

    Overall the most confident would nearly all be happy.
    """
    right = measured.told == measured.faces.labels
    order = _by_confidence(measured)
    found = [
        order[right[order] & (measured.faces.labels[order] == index)][:each]
        for index in range(len(measured.faces.classes))
    ]
    return np.concatenate(found)


def most_confident_wrong(
    measured: Measured, most: int = MOST_WRONG
) -> dict[str, NDArray[np.int64]]:
    """Indices of the most confident wrong faces, from the most confident.

    Returns:
        `by both`: wrong under every label the face has; `by its label only`: wrong under the
        set's own label while the FER+ majority agrees with the network, where the label is the
        likelier mistake. The second is empty where there are no votes.
    """
    told, faces = measured.told, measured.faces
    order = _by_confidence(measured)
    wrong = told != faces.labels
    backed = wrong & (told == faces.majority)
    return {
        "by both": order[(wrong & ~backed)[order]][:most],
        "by its label only": order[backed[order]][:most],
    }


def _by_confidence(measured: Measured) -> NDArray[np.int64]:
    return np.argsort(-measured.probabilities.max(axis=1), kind="stable")


def gallery(measured: Measured, indices: NDArray[np.int64]) -> list[Picture]:
    """One picture a face, with what it was called, what it is, and where it came from."""
    return [_face(measured, int(index)) for index in indices]


def _face(measured: Measured, index: int) -> Picture:
    faces, told = measured.faces, int(measured.told[index])
    called = f"{faces.classes[told]} {measured.probabilities[index, told]:.0%}"
    lines = [called, f"label {faces.classes[faces.labels[index]]}", *_votes(faces, index)]
    name = faces.name(index)
    alt = f"{name}: called {', '.join(lines)}"
    return png(np.asarray(faces.images[index]), alt, name, *lines)


def _votes(faces: FaceSet, index: int) -> list[str]:
    votes = faces.votes[index]
    if votes.sum() == 0:
        return []
    top = int(votes.argmax())
    return [f"FER+ {faces.classes[top]} {votes[top]:.0f}/{votes.sum():.0f}"]


def class_attention(
    measured: Measured, cam: GradCam, with_faces: bool
) -> list[tuple[str, list[Picture]]]:
    """By class: the mean Grad-CAM of faces rightly called so, then that of the surest of them."""
    order = _by_confidence(measured)
    right = measured.told == measured.faces.labels
    rows = []
    for index, name in enumerate(measured.faces.classes):
        chosen = order[right[order] & (measured.faces.labels[order] == index)][:CAM_MEAN]
        images = np.asarray(measured.faces.images[chosen])
        maps = cam(images, np.full(len(chosen), index))
        pictures = mean_picture(images, maps, f"mean of {len(chosen)}", f"called {name}, rightly")
        if with_faces:
            for image, attention, one in list(zip(images, maps, chosen, strict=True))[:CAM_FACES]:
                pictures.append(_attended(image, attention, measured, int(one), index))
        rows.append((name, pictures))
    return rows


def mean_picture(images: NDArray[np.uint8], maps: Maps, title: str, what: str) -> list[Picture]:
    """The mean map over the mean face; nothing where the faces are too few to show nobody."""
    face, attention = mean_face(images), mean_attention(maps)
    if face is None or attention is None:
        return []
    drawn = overlay(enlarged(face, SIDE), attention)
    return [png(drawn, f"Mean Grad-CAM over the mean of {len(images)} faces {what}", title)]


def _attended(
    image: NDArray[np.uint8], attention: Maps, measured: Measured, index: int, told: int
) -> Picture:
    name, confidence = measured.faces.name(index), measured.probabilities[index, told]
    called = f"{measured.faces.classes[told]} {confidence:.0%}"
    drawn = overlay(enlarged(np.asarray(image), SIDE), attention)
    return png(drawn, f"Grad-CAM of {name}, called {called}", called)


def example(measured: Measured, with_faces: bool) -> tuple[NDArray[np.uint8] | None, str]:
    """A face for the feature maps: the surest right one of the first class, or an average.

    Without single faces it is the average of that class; None where there is neither.
    """
    name = measured.faces.classes[0]
    first = np.flatnonzero(measured.faces.labels == 0)
    if not with_faces:
        average = mean_face(np.asarray(measured.faces.images[first]))
        return average, f"the average of {len(first)} faces labelled {name}"
    right = most_confident_right(measured, 1)
    if len(right) == 0:
        return None, ""
    index = int(right[0])
    called = measured.faces.classes[int(measured.told[index])]
    return np.asarray(measured.faces.images[index]), f"{measured.faces.name(index)}, {called}"


def feature_maps(layer: str, maps: Maps, of: str) -> Picture:
    """The channels of (h, w, c) `maps` that vary most over the face, each stretched to be seen."""
    spread = maps.std(axis=(0, 1))
    chosen = np.argsort(-spread, kind="stable")[:CHANNELS]
    tiles = [_stretched(maps[..., channel]) for channel in chosen]
    across = min(len(tiles), 8)
    blank = np.full_like(tiles[0], 255)
    tiles += [blank] * (-len(tiles) % across)
    rows = [np.hstack(tiles[i : i + across]) for i in range(0, len(tiles), across)]
    height, width, channels = maps.shape
    about = f"{width}x{height}, {channels} channels, {int((spread < 1e-6).sum())} of them flat"
    alt = f"Feature maps of layer {layer} for {of}: the {len(chosen)} channels that vary most"
    return png(np.vstack(rows), alt, layer, about)


def _stretched(channel: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = float(channel.min()), float(channel.max())
    grey = 255 * (channel - low) / max(high - low, 1e-9)
    large = cv2.resize(grey, (TILE - 2, TILE - 2), interpolation=cv2.INTER_NEAREST)
    return np.pad(large.astype(np.uint8), 1, constant_values=255)
