"""One search: a folder with one run a trial, a table of them, and the recipe that did best.

`runs/<name>/` holds
- `search.json`: what is searched; --resume refuses any other
- `trials.json`: the trials that are over, written whole after each one
- `trials.csv`, `trials.md`: the same for people, best first
- `trial-001/`: the run of a trial, as `train.fit` leaves it
- `best.json`: the best recipe, and the command that trains it whole
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from edge.errors import DataError, OutputError, UsageError
from edge.files import write_text
from train.data import FaceSet
from train.digest import faces_digest
from train.evaluate import load_keras
from train.fit import fit
from train.progress import read as read_progress
from train.recipe import Recipe, recipe_from
from train.search.budget import Budget
from train.search.space import Values, as_json, space_of
from train.search.trials import Trial, best_first, read_trials, write_trials
from train.search.tuner import METHODS, run_trials

UNBOUND_EPOCHS = 10_000  # of a trial whose bound is its minutes
TRIAL_EMA = (
    0.9  # an average over as many steps as a whole training's would hold the start's weights
)
Say = Callable[[str], None]


def search(
    splits: dict[str, FaceSet],
    base: Recipe,
    run: Path,
    names: Sequence[str],
    budget: Budget,
    *,
    trial_minutes: float = 0.0,
    trial_epochs: int = 0,
    method: str = "bayesian",
    resume: bool = False,
    say: Say = print,
    now: Callable[[], float] = time.monotonic,
) -> tuple[list[Trial], str]:
    """Try recipes around `base` until the budget is used up.

    The first trial is `base` itself, so the table says what the search gained. Each is judged by
    the mean of both label sets' accuracies on PublicTest, by which a run chooses its best epoch;
    the highest of many is flattered by that choice, which PrivateTest will show. Trials average
    their weights over fewer steps than a whole training, of which they make a small part.

    Args:
        splits: As `train.data.load` returns them.
        names: Of the parameters to vary; see `train.search.space.PARAMETERS`.
        trial_minutes: CPU minutes of training a trial, along a whole cycle of the learning rate.
        trial_epochs: Or epochs; exactly one of the two is above 0.
        method: `bayesian` or `random`.
        resume: Go on with the search in this folder. The trial that was interrupted is run again;
            the time it took until then does not count.
        say: Called with one line a trial, and an epoch.
        now: A clock in seconds.

    Returns:
        The trials, best first, and why the search ended.

    Raises:
        UsageError: nothing to vary, or no bound for a trial.
        DataError: the folder holds another search, or three trials failed one after the other.
        OutputError: the folder cannot be written to.
        KeyboardInterrupt: passed on; finished trials are on disk.
    """
    if method not in METHODS:
        raise UsageError(f"--method {method}: must be one of {', '.join(METHODS)}")
    space = space_of(base, names)
    first = {one.name: getattr(base, one.name) for one in space}
    short = _bounded(base, trial_minutes, trial_epochs)
    wanted = {
        "method": method,
        "space": as_json(space),
        "trial": short.as_json(),
        "epochs": base.epochs,
        "faces": [faces_digest(splits[name]) for name in ("Training", "PublicTest")],
    }
    _prepare(run, wanted, resume)
    trials = read_trials(run / "trials.json")
    if trials:
        say(f"going on after {len(trials)} trials")
    earlier, start, session = sum(one.seconds for one in trials), now(), len(trials)

    def why_end() -> str:
        failures = _failed_last(trials[session:])
        return budget.why_end(trials, earlier + now() - start, failures)

    def judge(number: int, values: Values) -> Trial:
        begun = now()
        trial = _trial(number, values, short, splits, run, say)
        trial = replace(trial, seconds=now() - begun)
        trials.append(trial)
        write_trials(run, trials)
        _write_best(run, trials, base)
        say(_line(trial, best_first(trials)[0]))
        return trial

    ended = run_trials(method, space, first, list(trials), judge, why_end, base.seed)
    if _failed_last(trials[session:]) and not any(one.status == "done" for one in trials):
        raise DataError(f"{run}: {ended}; no trial was finished")
    return best_first(trials), ended


def best_recipe(trials: Sequence[Trial], base: Recipe) -> tuple[Trial, Recipe] | None:
    """The best trial and its recipe with the epochs of `base`; None if none was finished."""
    ordered = best_first(trials)
    if not ordered or ordered[0].score is None:
        return None
    return ordered[0], recipe_from({**vars(base), **ordered[0].values, "minutes": 0.0})


def _bounded(base: Recipe, minutes: float, epochs: int) -> Recipe:
    """`base` as a trial runs it."""
    if (minutes > 0) == (epochs > 0):
        raise UsageError("--trial-minutes and --trial-epochs: give one of them, above 0")
    bound = {
        "minutes": minutes,
        "epochs": epochs or UNBOUND_EPOCHS,
        "ema_momentum": min(base.ema_momentum, TRIAL_EMA),
    }
    return recipe_from({**vars(base), **bound})


def _prepare(run: Path, wanted: Mapping[str, Any], resume: bool) -> None:
    """Make the folder, or check that what it holds is this very search."""
    path = run / "search.json"
    if not path.exists():
        if resume:
            raise DataError(f"{run}: holds no search to resume; leave --resume out")
        write_text(path, json.dumps(wanted, indent=1))
        return
    if not resume:
        raise DataError(f"{run}: holds a search already; add --resume or take a new --run")
    try:
        found = dict(json.loads(path.read_text(encoding="utf-8")))
        before, asked = ({**told, **told["trial"]} for told in (found, wanted))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); take a new --run") from error
    if other := [name for name in asked if name != "trial" and before.get(name) != asked[name]]:
        shown = ", ".join(
            "other faces" if name == "faces" else f"{name} {before.get(name)!r}" for name in other
        )
        raise DataError(
            f"{path}: is another search ({shown}); resume with its values or take a new --run"
        )


def _trial(
    number: int,
    values: Values,
    short: Recipe,
    splits: dict[str, FaceSet],
    run: Path,
    say: Say,
) -> Trial:
    """Run one trial; what fails is told, not raised, unless every other would fail, too."""
    trial = Trial(number, "failed", dict(values), 0.0)
    folder = run / trial.name
    if folder.exists():  # of a session that was interrupted
        shutil.rmtree(folder)
    keras.utils.clear_session()  # or the graphs of all trials pile up
    shown = ", ".join(f"{name} {value:g}" for name, value in values.items())
    say(f"trial {number}: {shown}")
    try:
        recipe = recipe_from({**vars(short), **values})
        metrics = fit(splits, recipe, folder, say=lambda line: say(f"  {line}"), verbose=0)
        return replace(trial, status="done", **_outcome(metrics, folder))
    except (OutputError, UsageError):
        raise
    except Exception as error:  # whatever the backend raises when memory or numbers run out
        reason = str(error).strip().splitlines()[0] if str(error).strip() else ""
        return replace(trial, reason=f"{type(error).__name__}: {reason}".rstrip(": "))


def _outcome(metrics: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    both = metrics["PublicTest"]
    accuracies = {f"{labels}_accuracy": scores["accuracy"] for labels, scores in both.items()}
    score = sum(accuracies.values()) / len(accuracies)
    if not math.isfinite(score + metrics["temperature"]):
        raise ValueError(f"PublicTest {score}, temperature {metrics['temperature']}")
    results: dict[str, int | float] = {
        **accuracies,
        "faces_seen": read_progress(folder / "last.weights.h5").images,
        "parameters": int(load_keras(folder / "best.keras").count_params()),
    }
    recall = both.get("ferplus", both["original"]).get("anger_recall")
    if recall is not None:
        results["anger_recall"] = recall
    return {"score": score, "results": results}


def _failed_last(trials: Sequence[Trial]) -> int:
    """How many of the last trials failed, one after the other."""
    done = [index for index, one in enumerate(trials) if one.status == "done"]
    return len(trials) - 1 - done[-1] if done else len(trials)


def _write_best(run: Path, trials: Sequence[Trial], base: Recipe) -> None:
    found = best_recipe(trials, base)
    if found is not None:
        trial, recipe = found
        told = {"trial": trial.name, "score": trial.score, "recipe": recipe.as_json()}
        write_text(run / "best.json", json.dumps(told, indent=1))


def _line(trial: Trial, best: Trial) -> str:
    took = f"{trial.seconds / 60:.1f} min"
    if trial.score is None:
        return f"trial {trial.number}: failed after {took}: {trial.reason}"
    behind = "best so far" if best is trial else f"best is trial {best.number}, {best.score:.2%}"
    return f"trial {trial.number}: {trial.score:.2%} after {took} ({behind})"
