"""`edge-run --self-test`: does this device compute what was computed at conversion?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edge.checks import (
    Check,
    State,
    advice_for,
    compare_boxes,
    compare_faces,
    compare_logits,
    compare_pixels,
    limit_for,
)
from edge.config import ModelConfig
from edge.errors import InterpreterNotFoundError, ModelError
from edge.golden import Golden, read_golden
from edge.message import one_line
from edge.vision.card import ModelCard, find_card, read_card
from edge.vision.detect import Detector
from edge.vision.expression import INSTALL, ExpressionModel, fitting_runtimes, load_file
from edge.vision.face import crop, normalise


def self_test(wanted: ModelConfig, as_json: bool) -> None:
    """Check preprocessing, detector, and every model file under every interpreter; print each.

    Args:
        wanted: A card means all its files, a model file itself alone; a runtime only this one.

    Raises:
        ModelError: a check failed, no model file could be checked, or there is nothing to compare
            with.
    """
    path = wanted.chosen
    card = read_card(path) if path.suffix == ".json" else find_card(path)
    names = list(card.files) if path.suffix == ".json" else [path.name]
    golden = read_golden(card)
    before = [_shown(check, as_json) for check in _before_models(golden, card)]
    files = [_shown(check, as_json) for check in _models(names, golden, card, wanted)]
    failed = sum(check.state is State.FAILED for check in (*before, *files))
    if failed:
        raise ModelError(
            f"{card.path}: {failed} of {len(before) + len(files)} checks failed; do what their "
            "lines say"
        )
    if not any(check.state is State.OK for check in files):
        raise ModelError(
            f"{card.path}: no model file could be checked; install one and its interpreter"
        )


def _shown(check: Check, as_json: bool) -> Check:
    print(json.dumps(check.as_json()) if as_json else one_line(check.as_line()), flush=True)
    return check


def _before_models(golden: Golden, card: ModelCard) -> Iterator[Check]:
    """The checks of what no interpreter has a part in."""
    made = [normalise(face, card.input_size, card.source_size) for face in golden.crops]
    yield compare_pixels("preprocessing", golden.prepared, np.stack(made))
    try:
        detector = Detector(golden.search)
    except ModelError as error:
        yield Check("face search", State.FAILED, str(error))
        return
    yield compare_boxes("face search", golden.full, detector.full(golden.frame))
    again = [detector.near(golden.frame, box) for box in golden.full]
    yield compare_boxes("face search around a known face", golden.near, again)


def _models(
    names: Sequence[str], golden: Golden, card: ModelCard, wanted: ModelConfig
) -> Iterator[Check]:
    for name in names:
        path = card.path.parent / name
        fitting = fitting_runtimes(card.files[name]["format"])
        runtimes = [one for one in fitting if wanted.runtime in {"", one}]
        if not runtimes:
            told = f"runtime {wanted.runtime} was asked for, which cannot read it"
            yield Check(name, State.NOT_CHECKED, told)
        elif not path.exists():
            yield Check(name, State.NOT_CHECKED, "the file is not on this device")
        elif name not in golden.answers:
            advice = "run edge-convert, which writes one for all files"
            yield Check(name, State.FAILED, "the golden file does not know it", advice=advice)
        else:
            yield from _file(path, golden, card, runtimes, wanted.threads)


def _file(
    path: Path, golden: Golden, card: ModelCard, runtimes: Sequence[str], threads: int
) -> Iterator[Check]:
    """The checks of one file under each of `runtimes` that is installed."""
    try:
        card.verified(path)
    except ModelError as error:
        yield Check(path.name, State.FAILED, str(error))
        return
    missing = []
    for runtime in runtimes:
        what = f"{path.name} on {runtime}"
        try:
            model = load_file(card, path, threads, runtime)
        except InterpreterNotFoundError:
            missing.append(runtime)
        except ModelError as error:
            yield Check(what, State.FAILED, str(error))
        else:
            yield from _model(what, model, golden)
    if len(missing) == len(runtimes):
        told = f"{_package(missing[0])} is not installed"
        advice = " or ".join(INSTALL[one] for one in missing)
        yield Check(path.name, State.NOT_CHECKED, told, advice=advice)


def _package(runtime: str) -> str:
    """The package that brings a runtime."""
    return INSTALL[runtime].split()[2]


def _model(what: str, model: ExpressionModel, golden: Golden) -> Iterator[Check]:
    answers = golden.answers[model.path.name]
    precision = model.card.files[model.path.name]["precision"]
    limit = limit_for(precision, answers.exact, model.runtime)
    advice = advice_for(precision, model.runtime)
    faces = [crop(golden.frame, box, model.card.crop_margin) for box in golden.full]
    try:
        logits, read = model.prepared_logits(list(golden.prepared)), model.predict(faces)
    except Exception as error:  # each interpreter has its own idea of an error
        yield Check(what, State.FAILED, f"cannot run it ({error})", advice="reinstall the model")
        return
    yield compare_logits(what, answers, logits, limit, advice)
    yield compare_faces(f"{what}, from frame to answer", model.labels, answers, read, limit, advice)
