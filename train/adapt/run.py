"""One adaptation: read, split, train, judge, and write only what is better.

`runs/<name>/` then holds
- `best.keras`: the adapted network
- `adapt.json`: how it came about, on which faces it was judged, before and after
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge.errors import DataError, UsageError
from edge.files import replacing, sha256, write_text
from train.adapt.base import Base
from train.adapt.learner import Head, Learner, Logits, Say, Whole
from train.adapt.own import OwnFaces
from train.adapt.split import GAP, Split, split
from train.adapt.tune import Examples, Schedule, Targets, uniformly
from train.adapt.verdict import Change, Verdict, change, changes
from train.batches import prepared
from train.data import FaceSet, soft_targets
from train.metrics import softmax
from train.unfold import recalibrate

# Chosen on PublicTest faces under another light and tilt, 24 a class to learn from.
HEAD = Schedule(epochs=10, steps=60, batch=128, own_share=0.15, learning_rate=1e-3, pull=0.1)
ALL = Schedule(epochs=3, steps=40, batch=64, own_share=0.15, learning_rate=6e-5, pull=1e-3)
SCHEDULES = {"head": HEAD, "all": ALL}
SMOOTHING = 0.05
KEEP, KEEP_ALONE = 0.7, 0.5  # see `Plan.keep`; alone, more would leave nothing to learn
CALIBRATED = 512  # anchor faces from which batch norms get their statistics back


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes:
        train: `head`, the last layer, or `all`.
        holdout: Share of each class to judge by.
        gap: Seconds within which two shots are one moment.
        anchor_faces: Of the base data, to train on.
        keep: Weight of the base model's own answers in the targets: of the anchor faces, or of
            the own faces where there is no anchor. None for 0.7 and 0.5.
        max_loss: Points that may be lost on the base data.
        seed: Of everything drawn.
        schedule: How long and how strongly; that of `train` if None.
    """

    train: str = "head"
    holdout: float = 0.2
    gap: float = GAP
    anchor_faces: int = 3000
    keep: float | None = None
    max_loss: float = 0.5
    seed: int = 0
    schedule: Schedule | None = field(default=None)


def adapt(
    base: Base, own: OwnFaces, anchor: Mapping[str, FaceSet] | None, plan: Plan, say: Say
) -> Verdict:
    """Train `base.network` in place on one's own faces, and judge it before and after.

    Args:
        anchor: The base data's splits, with the labels of the model's task: Training holds the
            model to what it knew, PublicTest tells whether it did. Without them the model's
            own answers hold it, and nothing can tell.

    Raises:
        DataError: a class of the own faces cannot be divided.
    """
    keras.utils.set_random_seed(plan.seed)
    parts = divided(own, plan)
    say(
        f"{len(parts.training)} own faces to train on, {len(parts.held_out)} held out, "
        f"{len(parts.left_out)} left out for being within {plan.gap:g} s of those"
    )
    faces = {"own": own.faces[parts.training], "held": own.faces[parts.held_out]}
    if anchor is not None:
        faces |= {
            "anchor": _drawn(anchor["Training"], plan.anchor_faces, plan.seed),
            "public": anchor["PublicTest"],
        }
        if base.folded:  # so that the adapted file can be trained on with `edge-train fit`, too
            _recalibrate(base.network, faces["anchor"])
    learner = (Head if plan.train == "head" else Whole)(base.network, say)
    before = {name: learner.answers(name, one) for name, one in faces.items()}
    say(f"training {plan.train} ...")
    learner.train(*_examples(learner, faces, before, base, plan), _schedule(plan), plan.seed)
    after = {name: learner.answers(name, faces[name]) for name in faces if name in JUDGED}
    return Verdict(
        own=change(faces["held"].labels, before["held"], after["held"]),
        anchor=_anchor_changes(faces, before, after),
        max_loss=plan.max_loss,
    )


JUDGED = ("held", "public")


def divided(own: OwnFaces, plan: Plan) -> Split:
    """Own faces to train on and to judge by.

    Raises:
        DataError: a class has but one moment, so one side would have none of it.
    """
    faces = own.faces
    parts = split(faces.labels, own.times, faces.images, plan.holdout, plan.gap, plan.seed)
    for label in np.unique(faces.labels):
        for side in (parts.training, parts.held_out):
            if not (faces.labels[side] == label).any():
                raise DataError(
                    f"--data: all faces of {faces.classes[label]} are of one moment, so none "
                    "can be held out; take more at another time"
                )
    return parts


def _anchor_changes(
    faces: Mapping[str, FaceSet], before: Mapping[str, Logits], after: Mapping[str, Logits]
) -> dict[str, Change]:
    if "public" not in faces:
        return {}
    return changes(faces["public"], before["public"], after["public"])


def _drawn(faces: FaceSet, count: int, seed: int) -> FaceSet:
    order = np.random.default_rng(seed).permutation(len(faces))
    return faces[np.sort(order[:count])]


def _recalibrate(network: keras.Model, faces: FaceSet) -> None:
    recalibrate(network, prepared(faces.images[:CALIBRATED], network.input_shape[1]))


def _schedule(plan: Plan) -> Schedule:
    return plan.schedule or SCHEDULES[plan.train]


def _examples(
    learner: Learner,
    faces: Mapping[str, FaceSet],
    before: Mapping[str, Logits],
    base: Base,
    plan: Plan,
) -> tuple[Examples, Examples | None]:
    """What to train on: own faces with their labels, anchor faces with theirs and with answers.

    Own faces are drawn as often as their class occurs in the base data, or the number of shots
    taken of each would shift what the model takes for common.
    """
    targets = soft_targets(faces["own"], smoothing=SMOOTHING)
    if "anchor" not in faces:
        targets = _mixed(targets, before["own"], _keep(plan, KEEP_ALONE))
        return learner.own_examples(faces["own"], targets, None, plan.seed), None
    known = soft_targets(faces["anchor"], base.recipe.ferplus_share, labels=base.recipe.labels)
    own = learner.own_examples(faces["own"], targets, known.mean(axis=0), plan.seed)
    held = _mixed(known, before["anchor"], _keep(plan, KEEP))
    return own, uniformly(learner.inputs("anchor", faces["anchor"]), held)


def _keep(plan: Plan, default: float) -> float:
    return default if plan.keep is None else plan.keep


def _mixed(targets: Targets, logits: Logits, keep: float) -> Targets:
    return np.asarray((1 - keep) * targets + keep * softmax(logits), dtype=np.float32)


def check_run(run: Path) -> None:
    """Refuse a folder that holds a run already; before the work, not after it.

    Raises:
        UsageError: it does.
    """
    taken = [name for name in ("best.keras", "recipe.json", "adapt.json") if (run / name).exists()]
    if taken:
        raise UsageError(f"--run {run}: holds {taken[0]} already; choose another folder")


def write(run: Path, base: Base, own: OwnFaces, plan: Plan, verdict: Verdict) -> Path:
    """Write the run's folder; return the model's path.

    Raises:
        OutputError: it cannot be written to.
    """
    path = run / "best.keras"
    with replacing(path) as beside:
        base.network.save(beside)
    counts = np.bincount(own.faces.labels, minlength=len(own.faces.classes)).tolist()
    told: dict[str, Any] = {
        "command": "edge-train adapt",
        "base": base.about(),
        "base_recipe": base.recipe.as_json(),
        "plan": asdict(plan) | {"schedule": asdict(_schedule(plan))},
        "own_faces": dict(zip(own.faces.classes, counts, strict=True)),
        "sha256": sha256(path),
        **verdict.as_json(),
    }
    write_text(run / "adapt.json", json.dumps(told, indent=1))
    return path
