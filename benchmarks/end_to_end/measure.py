"""The whole chain on labelled faces: set into frames, found, cropped, read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.end_to_end.chain import Readings, read_all
from benchmarks.end_to_end.scene import HEIGHT, WIDTH, Scene
from benchmarks.end_to_end.summary import best_margin, by_margin, by_size
from benchmarks.shares import read
from edge.vision.detect import Detector
from edge.vision.expression import ExpressionModel
from train.data import FaceSet

SIZES = (48, 64, 96, 160, 240)
MARGINS = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.2)


def measure(
    model: ExpressionModel,
    faces: FaceSet,
    say: Callable[[str], None],
    sizes: Sequence[int] = SIZES,
    margins: Sequence[float] = (),
    detector: Detector | None = None,
) -> dict[str, Any]:
    """Read every face at every size through the chain, with the card's crop margin and others.

    Args:
        faces: With the model's labels as classes, in their order.
        margins: Others to try; the card's is always among them.

    Returns:
        `{"file", "faces", "frame", "crop_margin", "smallest_sought" (pixels), "sizes": {side:
        see `by_size`}, "margins": see `by_margin`, "best_margin"}`; the last is None where there
        is nothing to compare.
    """
    detector, scene = detector or Detector(), Scene()
    margin = model.card.crop_margin
    asked = sorted({margin, *margins})
    images = list(faces.images)
    ready = read(model, images, "ready crops")
    by_side: dict[int, Readings] = {}
    for side in sizes:
        say(f"{len(faces)} faces of {side} pixels through detector, crop and {model.path.name} ...")
        by_side[side] = read_all(model, detector, scene, images, side, asked)
    lost = by_margin(ready, faces, by_side, asked)
    return {
        "file": model.path.name,
        "faces": len(faces),
        "frame": [WIDTH, HEIGHT],
        "crop_margin": margin,
        "smallest_sought": round(detector.config.min_face * HEIGHT),
        "sizes": {str(side): by_size(ready, faces, one, margin) for side, one in by_side.items()},
        "margins": lost,
        "best_margin": best_margin(lost, margin) if len(asked) > 1 else None,
    }
