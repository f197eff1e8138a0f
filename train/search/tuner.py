"""KerasTuner proposes what to try next. This is the only module that knows it.

KerasTuner's own way of going on after an interruption is not used: it writes several files one
after the other, none of them whole or not at all. Instead the trials that are over are told to a
fresh tuner, which is asked for each of them again, and so stands where the interrupted one stood.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras_tuner
import numpy as np
from threadpoolctl import threadpool_limits

from edge.errors import EdgeError, OutputError, UsageError
from train.search.space import Choice, Parameter, Values, rounded
from train.search.trials import Trial

METHODS = ("bayesian", "random")
NOISE = 1e-2  # of a trial's score, as a share of the variance between trials
ALL_TRIALS = 10**6  # who ends a search is its budget
COLLISIONS = 20  # after as many values that were tried before, the space is taken to be exhausted
SEEDS_A_TRIAL = 1000  # more than a proposal draws
STOP = {"status": "STOPPED", "values": None}

Judge = Callable[[int, Values], Trial]  # the number of a trial and what to try in
WhyEnd = Callable[[], str]


def run_trials(
    method: str,
    space: Sequence[Parameter],
    first: Values,
    over: Sequence[Trial],
    judge: Judge,
    why_end: WhyEnd,
    seed: int,
) -> str:
    """Try one set of values after the other until `why_end` gives a reason; return the reason.

    Args:
        method: `bayesian` (a Gaussian process with an upper confidence bound) or `random`.
        first: What the first trial tries: the values that the search starts from.
        over: Trials of an earlier session, to go on from.
        judge: Runs a trial that is not in `over`.

    Raises:
        EdgeError: passed on where `judge` raises it: it ends the search, unlike a failed trial.
    """
    hyperparameters = keras_tuner.HyperParameters()
    for parameter in space:
        _declare(hyperparameters, parameter)
    oracle = _ORACLES[method](
        first,
        over,
        why_end,
        objective=keras_tuner.Objective("score", "max"),
        max_trials=ALL_TRIALS,
        max_consecutive_failed_trials=ALL_TRIALS,
        hyperparameters=hyperparameters,
        allow_new_entries=False,
        seed=seed + 1,  # 0 would mean any
        **({"num_initial_points": len(space) + 2, "alpha": NOISE} if method == "bayesian" else {}),
    )
    with tempfile.TemporaryDirectory() as unused:
        tuner = _Tuner(oracle, over, judge, directory=unused, project_name="search")
        try:
            tuner.search(verbose=0)
        except keras_tuner.errors.FatalError as error:
            if isinstance(error.__cause__, EdgeError):
                raise error.__cause__ from None
            raise
    return str(oracle.ended)


def _declare(hyperparameters: Any, parameter: Parameter) -> None:
    if isinstance(parameter, Choice):
        hyperparameters.Choice(parameter.name, list(parameter.values), ordered=True)
    elif parameter.step:
        hyperparameters.Float(parameter.name, parameter.low, parameter.high, step=parameter.step)
    else:
        hyperparameters.Float(parameter.name, parameter.low, parameter.high, sampling="log")


class _Tuner(keras_tuner.Tuner):  # type: ignore[misc]
    def __init__(self, oracle: Any, over: Sequence[Trial], judge: Judge, **named: Any) -> None:
        super().__init__(oracle, **named)
        self._told, self._judge = list(over), judge

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> float:
        """The score of one trial, from the earlier session or a run."""
        number = len(self.oracle.trials)
        if number > len(self._told):
            try:
                self._told.append(self._judge(number, trial.hyperparameters.values))
            except (OutputError, UsageError) as error:
                raise keras_tuner.errors.FatalError(str(error)) from error
        return self._told[number - 1].score or 0.0

    def on_trial_end(self, trial: Any) -> None:
        """Mark a failed trial, of which the proposer then makes nothing."""
        told = self._told[len(self.oracle.trials) - 1]
        if told.status == "failed":  # raised as an error, it would be printed with its traceback
            trial.status, trial.message = "FAILED", told.reason
        super().on_trial_end(trial)


class _Proposer(keras_tuner.Oracle):  # type: ignore[misc]
    """What both oracles have in common: the values of earlier trials, and when to end."""

    def __init__(self, first: Values, over: Sequence[Trial], why_end: WhyEnd, **named: Any) -> None:
        super().__init__(**named)
        self._first, self._over, self._why_end = first, over, why_end
        self.ended = ""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """What is known before it is asked, or else KerasTuner's proposal."""
        number = len(self.trials)
        if number < len(self._over):
            return _go(self._over[number].values)
        self.ended = self._why_end()
        if self.ended:
            return STOP
        if number == 0:
            return _go(self._first)
        values = self._proposal(trial_id, number)
        if values is None:
            self.ended = "there is nothing left to try"
            return STOP
        return _go(values)

    def _proposal(self, trial_id: str, number: int) -> Values | None:
        """Values that were not tried before; they follow from seed, number and earlier trials.

        So a resumed search proposes what an uninterrupted one would.
        """
        self._seed_state = self.seed + SEEDS_A_TRIAL * number
        self._random_state = np.random.RandomState(self._seed_state)
        tried = [trial.hyperparameters.values for trial in self.trials.values()]
        values = _asked(super().populate_space, trial_id)
        for _ in range(COLLISIONS):
            if values not in tried:
                return values
            # a Gaussian process would ask for the same again and again
            by_chance = keras_tuner.oracles.RandomSearchOracle.populate_space
            values = _asked(partial(by_chance, self), trial_id)
        return None


def _go(values: Values) -> dict[str, Any]:
    return {"status": "RUNNING", "values": dict(values)}


def _asked(populate: Callable[[str], dict[str, Any]], trial_id: str) -> Values | None:
    # its matrices are so small that threads would only wait for each other
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        warnings.simplefilter("ignore")  # the Gaussian process complains of its length scales
        values = populate(trial_id)["values"]
    return values and {name: rounded(name, value) for name, value in values.items()}


class _Bayesian(_Proposer, keras_tuner.oracles.BayesianOptimizationOracle):  # type: ignore[misc]
    pass


class _Random(_Proposer, keras_tuner.oracles.RandomSearchOracle):  # type: ignore[misc]
    pass


_ORACLES = {"bayesian": _Bayesian, "random": _Random}
