"""The search: what is varied, when it ends, what a kill leaves, and what it recommends."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import train.search.run
from edge.errors import DataError, OutputError, UsageError
from train.cli import _parser
from train.commands.recipe import recipe_of
from train.commands.search import METHODS as OFFERED
from train.commands.search import SPACE, recipe_flags
from train.recipe import Recipe, recipe_from
from train.search import PARAMETERS, Budget, search
from train.search.run import best_recipe
from train.search.space import Choice, Range, possible, rounded, space_of
from train.search.trials import Trial, as_table, best_first, read_trials, write_trials
from train.search.tuner import METHODS, run_trials

HERE = Path(__file__).parent
BASE = Recipe(backbone_weights="none", batch=16, epochs=3, learning_rate=0.01)
NAMES = ("learning_rate", "dropout", "alpha")


def quiet(_line: str) -> None:
    pass


def trial(number: int, score: float | None = 0.5, seconds: float = 60.0) -> Trial:
    values = {"dropout": number / 100, "alpha": 1.0}
    status = "failed" if score is None else "done"
    return Trial(number, status, values, seconds, score, reason="" if score else "no number")


# what is varied


def test_the_command_offers_what_there_is():
    assert tuple(SPACE.split(",")) == PARAMETERS
    assert OFFERED == METHODS


def test_the_recipe_to_start_from_lies_in_its_space():
    odd = replace(BASE, dropout=0.77, learning_rate=0.02, alpha=0.6, input_size=56, head_units=32)
    for parameter in space_of(odd, PARAMETERS):
        own = getattr(odd, parameter.name)
        if isinstance(parameter, Choice):
            assert own in parameter.values
            assert list(parameter.values) == sorted(set(parameter.values))
        else:
            assert parameter.low <= own <= parameter.high


@pytest.mark.parametrize("arch", ["mobilenetv2", "mini", "mini-xception", "vgg16"])
def test_every_value_can_be_built(arch):
    from train.architectures import ARCHITECTURES

    architecture = ARCHITECTURES[arch]
    base = replace(BASE, arch=arch, input_size=architecture.input_size)
    names = [name for name in PARAMETERS if name != "alpha" or architecture.has_alpha]
    for parameter in space_of(base, names):
        ends = (
            parameter.values if isinstance(parameter, Choice) else (parameter.low, parameter.high)
        )
        for value in ends:
            recipe = recipe_from({**vars(base), parameter.name: value})
            architecture.check(recipe.input_size, recipe.alpha)


@pytest.mark.parametrize(
    ("base", "names", "told"),
    [
        (BASE, ["colour"], "--space colour: must be some of"),
        (BASE, [], "--space : must be some of"),
        (BASE, ["alpha", "alpha"], "each once"),
        (replace(BASE, arch="mini", input_size=48), ["alpha"], "mini has one width; leave alpha"),
        (replace(BASE, backbone_weights="w.h5"), ["dropout", "alpha"], "w.h5 fit one width"),
        (replace(BASE, start_from="a.keras"), ["head_units"], "a.keras fits one network"),
    ],
)
def test_what_cannot_be_varied_is_named(base, names, told):
    with pytest.raises(UsageError, match=told):
        space_of(base, names)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("learning_rate", 0.00083746, 0.000837),
        ("dropout", 0.15000000000000002, 0.15),
        ("alpha", 0.35, 0.35),
        ("input_size", 64, 64),
    ],
)
def test_values_are_rounded_to_what_a_person_would_type(name, value, expected):
    assert rounded(name, value) == expected
    assert type(rounded(name, value)) is type(expected)


# when it ends


@pytest.mark.parametrize(
    ("budget", "trials", "spent", "failures", "told"),
    [
        (Budget(10), [], 0, 0, ""),
        (Budget(10), [], 600, 0, "10 minutes are over"),
        (Budget(10), [trial(1, seconds=200)], 399, 0, ""),
        (Budget(10), [trial(1, seconds=200)], 401, 0, "199 s, is less than a trial takes, 200 s"),
        (Budget(10), [trial(1, None, seconds=900)], 401, 0, ""),
        (Budget(max_trials=2), [trial(1)], 1e9, 0, ""),
        (Budget(max_trials=2), [trial(1), trial(2, None)], 0, 1, "all 2 trials are done"),
        (Budget(), [trial(n, None) for n in (1, 2)], 0, 2, ""),
        (Budget(), [trial(n, None) for n in (1, 2, 3)], 0, 3, r"one after the other \(no number\)"),
    ],
)
def test_why_it_ends(budget, trials, spent, failures, told):
    reason = budget.why_end(trials, spent, failures)
    assert bool(reason) == bool(told)
    assert re.search(told, reason)


@given(st.floats(0.1, 100), st.lists(st.floats(1, 1000), max_size=5), st.floats(0, 1e4))
def test_no_trial_begins_that_would_not_be_over(minutes, seconds, spent):
    trials = [trial(number + 1, seconds=took) for number, took in enumerate(seconds)]
    if Budget(minutes).why_end(trials, spent) == "":
        usual = sum(seconds) / len(seconds) if seconds else 0
        assert spent + usual <= 60 * minutes * (1 + 1e-9)


# the table

FLOATS = st.floats(0, 1, allow_nan=False)
TRIALS = st.lists(
    st.tuples(st.one_of(st.none(), FLOATS), st.floats(0, 1e5), st.floats(0, 1), st.text(max_size=9))
)


@given(TRIALS)
def test_written_trials_are_read_back(tmp_path_factory, told):
    folder = tmp_path_factory.mktemp("trials")
    trials = [
        Trial(
            number,
            "failed" if score is None else "done",
            {"dropout": value},
            seconds,
            score,
            {} if score is None else {"original_accuracy": score, "faces_seen": number},
            reason,
        )
        for number, (score, seconds, value, reason) in enumerate(told, 1)
    ]
    write_trials(folder, trials)
    assert read_trials(folder / "trials.json") == trials
    with (folder / "trials.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["trial"]) for row in rows] == [one.number for one in best_first(trials)]
    scores = [float(row["score"]) for row in rows if row["score"]]
    assert scores == sorted(scores, reverse=True)
    assert len((folder / "trials.md").read_text().splitlines()) == 2 + len(trials)


def test_the_table_is_sorted_and_says_who_failed():
    told = [trial(1, 0.4), trial(2, None), trial(3, 0.6), trial(4, 0.4)]
    table = as_table(best_first(told)).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table]
    assert [row[0] for row in cells] == ["trial", "---", "3", "1", "4", "2"]
    assert [row[1] for row in cells[2:]] == ["60.00%", "40.00%", "40.00%", "failed"]
    assert cells[0][-2:] == ["dropout", "alpha"]
    assert len({len(row) for row in cells}) == 1


@pytest.mark.parametrize(
    "text",
    ["[{", '[{"number": 1}]', "[1]", "{}x", '[{"number": 2, "status": "done", "values": {}}]']
    + [
        json.dumps([{**vars(trial(1)), **broken}]) for broken in ({"status": "on"}, {"score": None})
    ],
)
def test_a_damaged_list_of_trials_is_refused(tmp_path, text):
    (tmp_path / "trials.json").write_text(text)
    with pytest.raises(DataError, match=r"trials.json: cannot be read .*take a new --run"):
        read_trials(tmp_path / "trials.json")


# who proposes


def scored(number: int, values: Any) -> Trial:
    """A hill over the learning rate, and no result where dropout is high."""
    if values["dropout"] > 0.55:
        return Trial(number, "failed", dict(values), 1.0, reason="no number")
    height = 0.6 - 0.1 * abs(math.log10(values["learning_rate"]) + 3) - 0.1 * values["dropout"]
    return Trial(number, "done", dict(values), 1.0, height)


def propose(
    method: str, total: int, over: list[Trial] | None = None, **options: Any
) -> list[Trial]:
    trials = list(over or [])

    def judge(number: int, values: Any) -> Trial:
        trials.append(options.get("judge", scored)(number, values))
        return trials[-1]

    space = options.get("space", space_of(BASE, NAMES))
    first = {one.name: getattr(BASE, one.name) for one in space}
    ended = run_trials(
        method, space, first, over or [], judge, lambda: "full" if len(trials) >= total else "", 0
    )
    assert ended == options.get("ended", "full")
    return trials


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_search_proposes_what_an_uninterrupted_one_would(method, capfd):
    whole = propose(method, 6)
    assert whole[0].values == {"learning_rate": 0.01, "dropout": 0.3, "alpha": 1.0}
    assert len({tuple(one.values.items()) for one in whole}) == 6
    for begun in (1, 5):  # the Gaussian process has the sixth
        assert propose(method, 6, whole[:begun]) == whole
    assert capfd.readouterr().out == "", "KerasTuner talks"


def test_proposals_stay_in_their_space():
    space = {one.name: one for one in space_of(BASE, NAMES)}
    for one in propose("random", 40):
        for name, value in one.values.items():
            parameter = space[name]
            if isinstance(parameter, Range):
                assert parameter.low <= value <= parameter.high
            else:
                assert value in parameter.values


def test_failed_trials_are_passed_over_quietly(capfd):
    def every_other(number: int, values: Any) -> Trial:
        return replace(scored(number, {**values, "dropout": 0.9 * (number % 2)}), values=values)

    trials = propose("bayesian", 7, judge=every_other)
    assert [one.status for one in trials] == ["failed", "done"] * 3 + ["failed"]
    told = capfd.readouterr()
    assert "Traceback" not in told.out + told.err


@pytest.mark.parametrize("method", METHODS)
def test_an_exhausted_space_ends_the_search(method):
    space = [Choice("dropout", (0.0, 0.3)), Choice("learning_rate", (0.01, 0.1))]
    trials = propose(method, 50, space=space, ended="there is nothing left to try")
    assert 2 <= len(trials) <= 4
    assert len({tuple(one.values.items()) for one in trials}) == len(trials)


@pytest.mark.parametrize(
    "error", [OutputError("disk full"), UsageError("--no-such"), KeyboardInterrupt()]
)
def test_what_would_stop_every_trial_stops_the_search(error):
    def judge(number: int, values: Any) -> Trial:
        if number == 2:
            raise error
        return scored(number, values)

    with pytest.raises(type(error)):
        propose("random", 5, judge=judge)


# the whole, with trials that cost nothing


@pytest.fixture
def clock() -> Iterator[Callable[[], float]]:
    """Half a minute at every look."""
    ticks = iter(range(10**6))
    return lambda: 30.0 * next(ticks)


@pytest.fixture
def cheap(monkeypatch) -> list[int]:
    """Trials that train nothing; the numbers of those that ran."""
    ran: list[int] = []

    def run(number: int, values: Any, *_: Any) -> Trial:
        ran.append(number)
        return scored(number, values)

    monkeypatch.setattr(train.search.run, "_trial", run)
    return ran


def searched(splits: Any, run: Path, **options: Any) -> tuple[list[Trial], str]:
    named: dict[str, Any] = {"trial_epochs": 1, "method": "random", "say": quiet, **options}
    budget = named.pop("budget", Budget(max_trials=4))
    return search(splits, named.pop("base", BASE), run, named.pop("names", NAMES), budget, **named)


def test_a_search_leaves_what_it_promises(splits, cheap, tmp_path):
    trials, ended = searched(splits, tmp_path / "run")
    assert ended == "all 4 trials are done"
    assert cheap == [1, 2, 3, 4]
    names = ["best.json", "search.json", "trials.csv", "trials.json", "trials.md"]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == names
    assert trials == best_first(read_trials(tmp_path / "run" / "trials.json"))
    best = json.loads((tmp_path / "run" / "best.json").read_text())
    assert best["trial"] == trials[0].name
    assert best["recipe"]["epochs"] == 3, "the whole training's, not the trial's"
    assert {name: best["recipe"][name] for name in NAMES} == trials[0].values


@pytest.mark.parametrize("stop", [1, 2, 4])
def test_interrupted_between_trials_it_ends_as_one_run_through(splits, cheap, tmp_path, stop):
    whole, _ = searched(splits, tmp_path / "whole", now=lambda: 0.0)

    def say(line: str) -> None:
        if line.startswith(f"trial {stop}:"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(splits, tmp_path / "run", say=say, now=lambda: 0.0)
    cheap.clear()
    resumed, _ = searched(splits, tmp_path / "run", resume=True, now=lambda: 0.0)
    assert resumed == whole
    assert cheap == list(range(stop + 1, 5))
    for name in ("trials.json", "trials.csv", "trials.md", "best.json"):
        written = (tmp_path / "run" / name).read_text()
        assert written == (tmp_path / "whole" / name).read_text()


def test_minutes_go_on_counting_after_a_resume(splits, cheap, tmp_path, clock):  # noqa: ARG001
    # a trial takes 30 s between its two looks at the clock, and each decision one look more
    first, ended = searched(splits, tmp_path, budget=Budget(minutes=3), now=clock)
    assert "of 3 minutes" in ended or "3 minutes are over" in ended
    assert 2 <= len(first) <= 4
    again, ended = searched(splits, tmp_path, budget=Budget(minutes=3), now=clock, resume=True)
    assert len(again) <= len(first) + 2, "time of the first session counts"
    more, _ = searched(splits, tmp_path, budget=Budget(minutes=9), now=clock, resume=True)
    assert len(more) > len(again)


def test_another_ones_folder_is_refused(splits, cheap, generated, tmp_path):  # noqa: ARG001
    searched(splits, tmp_path)
    before = (tmp_path / "trials.json").read_bytes()
    with pytest.raises(DataError, match="holds a search already; add --resume"):
        searched(splits, tmp_path)
    with pytest.raises(DataError, match=r"another search \(method 'random', batch 16\)"):
        searched(splits, tmp_path, resume=True, base=replace(BASE, batch=8), method="bayesian")
    other = {**splits, "Training": generated.face_set(8, 77)}
    with pytest.raises(DataError, match=r"another search \(other faces\)"):
        searched(other, tmp_path, resume=True)
    with pytest.raises(DataError, match="holds no search to resume"):
        searched(splits, tmp_path / "nowhere", resume=True)
    assert (tmp_path / "trials.json").read_bytes() == before


@pytest.mark.parametrize("bound", [{"trial_epochs": 0}, {"trial_minutes": 1.0}])
def test_a_trial_has_one_bound(splits, cheap, tmp_path, bound):  # noqa: ARG001
    with pytest.raises(UsageError, match="--trial-minutes and --trial-epochs"):
        searched(splits, tmp_path / "run", **bound)
    assert not (tmp_path / "run").exists()


def test_where_every_trial_fails_the_search_fails(splits, monkeypatch, tmp_path):
    def fails(*_args: Any, **_named: Any) -> None:
        raise ValueError("NaN\nand a long story")

    monkeypatch.setattr(train.search.run, "fit", fails)
    with pytest.raises(DataError, match=r"3 trials failed .*ValueError: NaN.* no trial was"):
        searched(splits, tmp_path, budget=Budget(max_trials=9))
    told = read_trials(tmp_path / "trials.json")
    assert [(one.status, one.reason) for one in told] == [("failed", "ValueError: NaN")] * 3
    assert not (tmp_path / "best.json").exists()


def test_nothing_is_best_where_nothing_was_finished():
    assert best_recipe([], BASE) is None
    assert best_recipe([trial(1, None)], BASE) is None


# the flags that it recommends


def parsed(words: list[str]) -> Recipe:
    return recipe_of(_parser().parse_args(["fit", "--data", "d", "--run", "r", *words]))


RECIPES = st.builds(
    Recipe,
    input_size=st.sampled_from([48, 64, 80]),
    alpha=st.sampled_from([0.35, 1.0]),
    head_units=st.sampled_from([0, 64]),
    backbone_weights=st.sampled_from(["none", "imagenet", "some file.h5"]),
    dropout=st.floats(0, 0.9),
    learning_rate=st.floats(1e-6, 0.9),
    teachers=st.sampled_from([(), ("a.keras", "b c.keras")]),
    deterministic=st.booleans(),
    labels=st.sampled_from(["both", "ferplus"]),
    seed=st.integers(0, 9),
)


@given(RECIPES)
def test_the_command_gives_the_recipe(recipe):
    words = shlex.split(shlex.join(recipe_flags(recipe)))
    assert parsed(words) == recipe


def test_the_command_of_another_network_and_a_start():
    mini = Recipe(arch="mini", input_size=48, backbone_weights="none")
    assert parsed(recipe_flags(mini)) == mini
    started = Recipe(start_from="before.keras", input_size=80)
    assert parsed(recipe_flags(started)) == started


# the whole, with trials that train


FLAGS = ["--backbone-weights", "none", "--batch", "16", "--input-size", "32", "--method", "random"]
FLAGS += ["--trial-epochs", "2", "--epochs", "7", "--space", "learning_rate,dropout"]

SMALL = f"""
import os, signal, sys
sys.path.insert(0, {str(HERE)!r})
import small_fit
import train.cli, train.commands.search, train.fit
train.fit.build = small_fit.build
say, before = train.commands.search.say, [""]
def say_and_die(line):
    say(line)
    if before[0].startswith("trial 2:") and os.environ.get("DIE"):
        os.kill(os.getpid(), signal.SIGKILL)
    before[0] = line
train.commands.search.say = say_and_die
sys.exit(train.cli.main())
"""


def edge_train_search(data: Path, run: Path, *flags: str, **environment: str):
    command = [sys.executable, "-c", SMALL, "search", "--data", str(data), "--run", str(run)]
    command += [*FLAGS, "--max-trials", "2", "--threads", "1", *flags]
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_killed_within_a_trial_and_resumed(data, tmp_path):
    run = tmp_path / "a search"
    killed = edge_train_search(data, run, DIE="1")
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout.splitlines()[-1].startswith("  epoch 1:")
    (first,) = read_trials(run / "trials.json")
    assert sorted(path.name for path in run.glob("trial-*")) == ["trial-001", "trial-002"]
    begun = json.loads((run / "trial-002" / "recipe.json").read_text())
    resumed = edge_train_search(data, run, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    trials = read_trials(run / "trials.json")
    assert trials[0] == first
    assert {**begun, **trials[1].values} == begun, "the unfinished trial itself is run again"
    assert {one.results["faces_seen"] for one in trials} == {2 * 48}
    assert "ended: all 2 trials are done" in resumed.stdout
    assert (run / "trials.md").read_text() in resumed.stdout
    best = json.loads((run / "best.json").read_text())
    assert resumed.stdout.rstrip().endswith(best["command"])
    words = shlex.split(best["command"])
    assert words[:2] == ["edge-train", "fit"]
    assert words[words.index("--run") + 1] == f"{run}-best"
    recipe = recipe_of(_parser().parse_args(words[1:]))
    assert recipe.as_json() == best["recipe"]
    assert recipe.epochs == 7


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ([], "--minutes or --max-trials: a search needs an end"),
        (["--minutes", "0"], "--minutes 0: must be above 0"),
        (["--minutes", "nan"], "--minutes nan: must be above 0"),
        (["--minutes", "1", "--max-trials", "-1"], "--max-trials -1: must be 0 or more"),
        (["--minutes", "1", "--trial-epochs", "0"], "--trial-epochs 0: must be above 0"),
        (["--minutes", "1", "--trial-epochs", "1", "--trial-minutes", "1"], "not allowed with"),
        (["--minutes", "1", "--method", "guess"], "--method"),
    ],
)
def test_flags_that_do_not_fit_cost_one_line(tmp_path, capsys, flags, told):
    from train.cli import main

    try:
        code = main(["search", "--data", "nowhere", "--run", str(tmp_path / "run"), *flags])
    except SystemExit as stop:
        code = int(stop.code or 0)
    assert code == 64
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("base", "varied"),
    [
        (Recipe(), ["head_units", "dropout", "learning_rate", "alpha", "input_size"]),
        (
            Recipe(arch="mini", backbone_weights="none"),
            ["head_units", "dropout", "learning_rate", "input_size"],
        ),
        (Recipe(start_from="best.keras"), ["dropout", "learning_rate", "input_size"]),
    ],
    ids=["mobilenetv2", "one width", "going on"],
)
def test_a_search_that_was_told_nothing_varies_what_can_be(base, varied):
    assert possible(base) == varied
    assert [one.name for one in space_of(base, varied)] == varied
