"""The benchmark itself: faces read once, then visits, rules and baselines on virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from benchmarks.alerts import rates, sweep, traffic
from benchmarks.alerts.crops import CROPS, read_faces
from benchmarks.alerts.desk import SEED, Desk
from benchmarks.alerts.traffic import ANGRY
from benchmarks.alerts.watch import alerts, watch
from benchmarks.progress import progress
from benchmarks.shares import sample
from edge.config import Config
from edge.errors import DataError, ModelError
from edge.labels import EMOTIONS
from edge.pipeline import ExpressionConfig
from edge.vision.baseline import MODES, Site
from edge.vision.expression import ExpressionModel
from train.data import FaceSet

VISITS = 20  # of each face; all faces are lost at the same moments, so there must be many
TURN = 20.0  # seconds for which a visitor is calm who then gets angry
BOUNDS = (0.1, 0.02)  # false alerts an hour: the floor and the goal of this project


def measure(
    model: ExpressionModel,
    faces: FaceSet,
    split: str,
    say: Callable[[str], None],
    *,
    tune: bool = False,
    visits: int = VISITS,
    crops: int = CROPS,
    count: int | None = None,
    mirror: bool = ExpressionConfig.mirror,
) -> dict[str, Any]:
    """Judge the default rule on the faces of one split.

    Args:
        model: Reads the faces.
        split: Its name, for the report.
        tune: Also look for the best settings with each baseline.
        visits: Of each face.
        crops: Readings of each face, that its visits draw from.
        count: Of the faces with FER+ votes, only so many, each class with its share; all if None.
        mirror: Whether every second reading is of the face's mirror image.

    Raises:
        DataError: the faces have no FER+ votes for angry or for calm ones, or `count` is so small
            that one of the two is missing.
        ModelError: the model does not tell the seven emotions.
    """
    if model.labels != EMOTIONS:
        raise ModelError(
            f"{model.path}: alerts are measured on the seven emotions; name such a model"
        )
    voted = faces[np.flatnonzero(faces.majority >= 0)]
    if not _has_both(voted):
        raise DataError(
            f"{split}: visits need angry and calm faces by the FER+ votes; put fer2013new.csv "
            "beside fer2013.csv"
        )
    chosen = voted if count is None else sample(voted, count)
    if not _has_both(chosen):
        raise DataError(
            f"--faces {count}: not both angry and calm ones are among so few; take more"
        )
    classes = np.array(EMOTIONS)[chosen.majority]
    who = f"{len(chosen)} faces of {split}, {crops} readings each"
    say(f"{model.path.name} on {model.runtime}: {who}")
    config = Config()
    expression = replace(config.expression, mirror=mirror)
    rng = np.random.default_rng(SEED)
    desk = Desk(
        read_faces(model, chosen.images, SEED, crops, mirror),
        classes,
        [traffic.visit(rng, expression.every) for _ in range(visits)],
        expression,
        config.rules["anger"],
    )
    few = f"{len(chosen)} of {len(voted)} faces of {split} only" if len(chosen) < len(voted) else ""
    about = {"file": model.path.name, "split": split, "faces": len(chosen), "only": few}
    return about | of_desk(desk, tune)


def _has_both(faces: FaceSet) -> bool:
    return 0 < int((faces.majority == EMOTIONS.index(ANGRY)).sum()) < len(faces)


def of_desk(desk: Desk, tune: bool = False) -> dict[str, Any]:
    """All that is measured once the faces have been read."""
    default = desk.expression.baseline
    sites = {mode: desk.site(mode) for mode in MODES}
    judged = {mode: _judge(desk, mode, sites[mode]) for mode in progress(MODES, "visits")}
    wanted = MODES if tune else (default,)
    curves = {mode: _curves(desk, mode, sites[mode]) for mode in wanted}
    return {
        "traffic": traffic.told() | {"visits_a_face": len(desk.visits), "turn_s": TURN},
        "rule": asdict(desk.rule),
        "expression": asdict(desk.expression),
        "angry_faces": int(desk.angry.sum()),
        "calm_faces": int((~desk.angry).sum()),
        "default": judged[default],
        "baselines": judged,
        "curves": [sweep.as_json(one) for one in curves[default]],
        "best": {
            mode: {f"{bound:g}": sweep.as_json(sweep.best(found, bound)) for bound in BOUNDS}
            for mode, found in (curves.items() if tune else ())
        },
    }


def _judge(desk: Desk, mode: str, site: Site | None) -> dict[str, Any]:
    """One baseline under the default rule: the rule itself, on every visit."""
    watched = list(desk.watched(replace(desk.expression, baseline=mode), site))
    delays = [[float("inf")] * len(watched) for _ in desk.classes]
    counts = np.zeros(len(desk.classes))
    for column, face in enumerate(desk.able):
        angry = bool(desk.angry[face])  # its first alert is all that is asked for
        raised = [alerts(desk.rule, one.visit, one.scores[:, column], angry) for one in watched]
        delays[face] = [_first(times) for times in raised]
        counts[face] = np.mean([len(times) for times in raised])
    delays = [delays[face] for face in np.flatnonzero(desk.angry)]
    return {
        "within_6s": rates.share_told(delays, rates.SOON),
        "at_all": rates.share_told(delays, traffic.LONGEST),
        "delay": rates.delay(delays),
        "false_alerts": rates.an_hour(counts, desk.weight),
        "by_class": rates.by_class(counts, desk.classes),
        "resting": _resting(counts[desk.resting()]),
        "turning": _turning(desk, mode, site),
    }


def _resting(counts: rates.Floats) -> dict[str, Any]:
    """Alerts of the neutral faces that the model calls angry."""
    return {"faces": len(counts), "alerts_a_visit": float(counts.mean()) if len(counts) else 0.0}


def _turning(desk: Desk, mode: str, site: Site | None) -> dict[str, Any]:
    """Visitors who are calm for `TURN` seconds and then angry: alerted within 6 s of the turn?

    One picture has one expression, so the calm face is somebody else's, drawn among the neutral.
    An alert that the calm face has already raised does not count.
    """
    rng = np.random.default_rng((SEED, 3))
    angry, neutral = desk.readings[desk.angry], desk.readings[desk.classes == "neutral"]
    if len(neutral) == 0:
        return rates.share_told([], rates.SOON)
    expression = replace(desk.expression, baseline=mode)
    delays: list[list[float]] = [[] for _ in angry]
    for _ in desk.visits:
        before = neutral[rng.integers(len(neutral), size=len(angry))]
        visit = traffic.visit(rng, expression.every, TURN + rates.SOON).until(TURN + rates.SOON)
        one = watch(angry, visit, rng, expression, site, before, TURN)
        for face, told in enumerate(delays):
            raised = alerts(desk.rule, visit, one.scores[:, face])
            told.append(_first([time - TURN for time in raised if time > TURN]))
    return rates.share_told(delays, rates.SOON)


def _curves(desk: Desk, mode: str, site: Site | None) -> list[sweep.Setting]:
    found = []
    share = desk.angry[desk.able] / desk.angry.sum()
    for smoothing in progress(sweep.SMOOTHINGS, f"curves, baseline {mode}"):
        expression = replace(desk.expression, baseline=mode, smoothing=smoothing)
        watched = list(desk.watched(expression, site))
        found += sweep.settings(watched, smoothing, desk.rule, share, desk.weight[desk.able])
    return found


def _first(times: Sequence[float]) -> float:
    return min(times, default=float("inf"))
