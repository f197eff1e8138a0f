"""Repeated stratified cross-validation over Training and PublicTest; PrivateTest is not looked at.

The folder of a cross-validation holds
- `plan.json`: recipe, folds, repeats and a hash of the faces; --resume refuses any other
- `repeat-1-fold-3/`: the run of one fold, as `train.fit` leaves it, and `held_out.npz`, the logits
  of the part it did not train on
- `oof.npz`: those of all folds put together: every face judged by networks that never saw it
- `cv.json`, `cv.md`: figures by fold, their mean, spread and interval
- `best.keras` or `ensemble.keras`: what is kept

Each fold chooses its best epoch on the part held out, as a plain run does on PublicTest, so the
figures are as slightly flattering as that run's.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError, UsageError
from edge.files import replacing, write_text
from train.data import FaceSet, soft_targets
from train.digest import faces_digest
from train.ensemble import save_ensemble
from train.evaluate import load_keras, predict
from train.fit import fit
from train.fold_plan import Fold, Pool, copies, plan
from train.fold_summary import fold_table, summarise
from train.metrics import fit_temperature
from train.recipe import Recipe
from train.task import find_task

KEEP = ("best", "ensemble")
POOLED = ("Training", "PublicTest")
Say = Callable[[str], None]
Logits = NDArray[np.float32]


def cross_validate(
    splits: Mapping[str, FaceSet],
    recipe: Recipe,
    run: Path,
    folds: int = 5,
    repeats: int = 1,
    keep: str = "best",
    resume: bool = False,
    say: Say = print,
    verbose: int = 2,
) -> dict[str, Any]:
    """Train once a fold, judge each on the part it did not see, keep the best or all of them.

    Args:
        splits: As `train.data.load` returns them.
        recipe: For every fold; the n-th (from 1) is trained with seed `recipe.seed` + n.
        run: The folder for everything; made if missing.
        keep: `best` keeps the network with the highest mean accuracy on its held-out part (some of
            which is its luck with that part); `ensemble` keeps all, their logits averaged.
        resume: Go on with the fold that was not finished.
        say: Called with one line a fold, and an epoch.
        verbose: Keras' own progress, as `fit` takes it.

    Returns:
        The content of `cv.json`.

    Raises:
        UsageError: `folds`, `repeats` or `keep` make no sense.
        DataError: too few faces, or the folder holds another cross-validation.
        KeyboardInterrupt: passed on; finished folds are on disk.
    """
    if keep not in KEEP:
        raise UsageError(f"--keep {keep}: must be one of {', '.join(KEEP)}")
    task = find_task(recipe.task)
    parts = [task.faces(splits[name]) for name in POOLED]
    pool = Pool(parts)
    same = copies(pool.images())
    divided = plan(pool.labels, same, pool.classes, folds, repeats, recipe.seed)
    wanted = {"folds": folds, "repeats": repeats, "recipe": recipe.as_json()}
    _prepare(run, wanted | {"faces": [faces_digest(part) for part in parts]}, resume)
    told, logits = [], []
    for index, fold in enumerate(divided):
        say(
            f"{fold.name}: fold {index + 1} of {len(divided)}, {len(fold.training)} faces to train "
            f"on, {len(fold.held_out)} held out"
        )
        of_fold = {
            "Training": pool.take(fold.training),
            "PublicTest": pool.take(fold.held_out),
            "PrivateTest": splits["PrivateTest"],  # not looked at, but a run has all three
        }
        seeded = replace(recipe, seed=recipe.seed + index + 1)
        metrics, of_held = _one(of_fold, seeded, run / fold.name, resume, say, verbose)
        told.append(metrics)
        logits.append(of_held)
    result = {
        "folds": folds,
        "repeats": repeats,
        "faces": len(pool),
        "distinct_faces": len(set(same.tolist())),
        "interval": "95% over folds, widened because folds share training faces "
        "(Nadeau and Bengio 2003)",
        "summary": summarise(told, folds),
        "out_of_fold_temperature": out_of_fold(run, pool, divided, logits),
        "runs": {fold.name: one["PublicTest"] for fold, one in zip(divided, told, strict=True)},
        "kept": _keep(run, divided, told, keep),
    }
    write_text(run / "cv.json", json.dumps(result, indent=1))
    write_text(run / "cv.md", as_text(result) + "\n")
    return result


def as_text(result: Mapping[str, Any]) -> str:
    """The table of folds in Markdown, and below it what its figures are."""
    runs = [{"PublicTest": one} for one in result["runs"].values()]
    kept = result["kept"]
    return "\n".join(
        [
            fold_table(list(result["runs"]), runs, result["summary"]),
            "",
            f"In percent, on the part that each fold held out, of {result['faces']} faces of "
            f"Training and PublicTest ({result['distinct_faces']} distinct ones; copies stay "
            "together), on which it also chose its best epoch.",
            f"The interval is {result['interval']}, not over faces.",
            f"{kept['file']}: {kept['what']}",
        ]
    )


def _prepare(run: Path, wanted: dict[str, Any], resume: bool) -> None:
    """Make the folder, or check that what it holds is this very cross-validation."""
    path = run / "plan.json"
    if not path.exists():
        if resume:
            raise DataError(f"{run}: holds no cross-validation to resume; leave --resume out")
        write_text(path, json.dumps(wanted, indent=1))
        return
    if not resume:
        raise DataError(
            f"{run}: holds a cross-validation already; add --resume to go on or take a new --run"
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        flat = {**found, **found["recipe"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); take a new --run") from error
    asked = {**wanted, **wanted["recipe"]}
    if other := [name for name in asked if name != "recipe" and flat.get(name) != asked[name]]:
        shown = ", ".join(
            "other faces" if one == "faces" else f"{one} {flat.get(one)!r}" for one in other
        )
        raise DataError(
            f"{path}: is another cross-validation ({shown}); resume with its values or take a new "
            "--run"
        )


def _one(
    splits: dict[str, FaceSet],
    recipe: Recipe,
    folder: Path,
    resume: bool,
    say: Say,
    verbose: int,
) -> tuple[dict[str, Any], Logits]:
    """Train one fold, or take it up where it stopped; its metrics and its held-out logits."""
    kept, done = folder / "held_out.npz", folder / "metrics.json"
    if resume and kept.is_file():  # the last file of a fold
        say(f"{folder.name}: was finished")
        return _read(done, kept)
    keras.utils.clear_session()  # or the graphs of all folds pile up
    begun = resume and (folder / "last.weights.h5").is_file()
    metrics = fit(splits, recipe, folder, resume=begun, say=say, verbose=verbose)
    logits = predict(load_keras(folder / "best.keras"), splits["PublicTest"].images)
    with replacing(kept) as beside:
        np.savez_compressed(beside, logits=logits)
    return metrics, logits


def _read(metrics: Path, held_out: Path) -> tuple[dict[str, Any], Logits]:
    try:
        with np.load(held_out) as file:
            return dict(json.loads(metrics.read_text(encoding="utf-8"))), file["logits"]
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(
            f"{held_out.parent}: cannot be read ({error}); remove this folder, --resume trains the "
            "fold again"
        ) from error


def out_of_fold(run: Path, pool: Pool, divided: Sequence[Fold], logits: Sequence[Logits]) -> float:
    """Write `oof.npz`; return the temperature that fits its logits.

    `logits` (repeats, n, k) float32, `fold` (repeats, n) from 1, `labels` (n,), `votes` (n, k),
    `split` (n,) and `index` (n,) in that split, `classes` (k,). Faces themselves are not in it.
    """
    repeats = divided[-1].repeat
    together = np.empty((repeats, len(pool), len(pool.classes)), np.float32)
    number = np.empty((repeats, len(pool)), np.int64)
    for fold, told in zip(divided, logits, strict=True):
        together[fold.repeat - 1, fold.held_out] = told
        number[fold.repeat - 1, fold.held_out] = fold.number
    part, index = pool.origin()
    with replacing(run / "oof.npz") as beside:
        np.savez_compressed(
            beside,
            logits=together,
            fold=number,
            labels=pool.labels,
            votes=pool.votes,
            split=np.array(POOLED)[part],
            index=index,
            classes=np.array(pool.classes),
        )
    nothing = np.zeros((len(pool), 1, 1), np.uint8)  # targets need no pictures
    targets = soft_targets(FaceSet(nothing, pool.labels, pool.votes, pool.classes))
    flat = together.reshape(-1, together.shape[-1])
    return fit_temperature(flat, np.tile(targets, (repeats, 1)))


def _keep(
    run: Path, divided: Sequence[Fold], told: Sequence[Mapping[str, Any]], keep: str
) -> dict[str, str]:
    folders = [run / fold.name for fold in divided]
    if keep == "ensemble":
        save_ensemble([folder / "best.keras" for folder in folders], run / "ensemble.keras")
        what = (
            f"the mean of {len(folders)} networks' logits, at {len(folders)} times the time and "
            "memory of one; every face but PrivateTest's has been trained on by some of them"
        )
        return {"file": "ensemble.keras", "what": what}
    best = max(range(len(told)), key=lambda index: mean_accuracy(told[index]))
    for name in ("recipe.json", "best.keras"):
        with replacing(run / name) as beside:
            shutil.copyfile(folders[best] / name, beside)
    what = f"the network of {divided[best].name}, the best on its own held-out part"
    return {"file": "best.keras", "what": what}


def mean_accuracy(metrics: Mapping[str, Any]) -> float:
    """Mean of the label sets' accuracies on PublicTest, by which `fit` chooses its best epoch."""
    both = metrics["PublicTest"]
    return float(np.mean([scores["accuracy"] for scores in both.values()]))
