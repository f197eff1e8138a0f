"""Runs side by side: what differs, what came of it, and whether it is luck."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.errors import UsageError
from train.cli import main
from train.evaluate import predict
from train.metrics import label_sets
from train.report import compare as side_by_side
from train.report.compare import as_markdown, compare
from train.report.subject import find
from train.significance import mcnemar

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def helper():
    spec = importlib.util.spec_from_file_location("report_run", HERE / "report_run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def runs(helper, small, splits, tmp_path_factory):
    """Two runs of one shape and other weights, of which the second calls more faces angry."""
    folder = tmp_path_factory.mktemp("runs")
    made = []
    for name, seed, share in (("first", 0, 0.2), ("second", 1, 0.6)):
        keras.utils.set_random_seed(seed)
        network = small.network(32)
        helper.call_angry(network, splits["PublicTest"], share)
        made.append(
            helper.write_run(folder / name, network, learning_rate=8e-4 / (seed + 1), seed=seed)
        )
    return made


@pytest.fixture(scope="module")
def comparison(runs, splits):
    return compare([find(one) for one in runs], splits, "PublicTest", lambda _: None)


def test_the_test_is_mcnemars_on_the_faces_of_each_label_set(comparison, splits):
    public = splits["PublicTest"]
    told = comparison.as_json()["second"]["against_first"]
    answers = [predict(one.network, public.images).argmax(axis=1) for one in comparison.subjects]
    for labels, (chosen, truth) in label_sets(public).items():
        first, second = (one[chosen] == truth for one in answers)
        expected = mcnemar(first, second)
        assert told[labels]["p"] == expected.p
        assert told[labels]["only_first"] == expected.only_first == (first & ~second).sum()
        assert told[labels]["only_this"] == expected.only_second == (second & ~first).sum()
        assert told[labels]["difference"] == pytest.approx(second.mean() - first.mean())


def test_a_run_against_itself_is_no_different(comparison):
    told = comparison.as_json()["first"]["against_first"]["original"]
    assert (told["difference"], told["only_first"], told["only_this"], told["p"]) == (0, 0, 0, 1)


def test_only_settings_that_differ_are_shown(comparison):
    rows = side_by_side.recipe_rows(comparison)
    assert [row[0] for row in rows] == ["learning_rate", "seed"]
    assert rows[0][1:] == ["0.0008", "0.0004"]


def test_a_model_without_a_recipe_makes_no_setting_differ(runs, splits, tmp_path):
    alone = shutil.copy(runs[0] / "best.keras", tmp_path / "alone.keras")
    subjects = [find(runs[0]), find(Path(alone))]
    told = compare(subjects, splits, "PublicTest", lambda _: None)
    assert side_by_side.recipe_rows(told) == []


def test_runs_of_one_name_are_told_apart(comparison):
    twice = side_by_side.Comparison([comparison.subjects[0]] * 2, [comparison.measured[0]] * 2)
    assert twice.names == ["first (1)", "first (2)"]
    assert list(twice.as_json()) == twice.names


def test_other_tasks_cannot_be_compared(runs, small, splits, tmp_path):
    small.network(32, classes=3).save(tmp_path / "three.keras")
    subjects = [find(runs[0]), find(tmp_path / "three.keras")]
    with pytest.raises(UsageError, match=r"first 7, three\.keras 3"):
        compare(subjects, splits, "PublicTest", lambda _: None)


def test_the_markdown_holds_the_figures(comparison):
    text = as_markdown(comparison)
    for one in comparison.measured:
        for scores in one.scores.values():
            assert f"{scores['accuracy']:.1%} (" in text
            assert f"{scores['anger_recall']:.1%}" in text
    assert "| setting | first | second |" in text
    assert "| against first | points | 95% |" in text


def test_a_p_value_is_never_nought():
    assert side_by_side.probability(1e-9) == "< 0.001"
    assert side_by_side.probability(0.0734) == "0.073"


def test_the_page_is_whole_and_has_a_curve_for_each_metric(comparison, helper, tmp_path):
    side_by_side.write(comparison, tmp_path, "edge-train compare <a>")
    page = helper.parse(tmp_path / "compare.html")
    assert page.ids == ["models", "original", "ferplus", "curves", "made"]
    assert page.links == [f"#{name}" for name in page.ids]
    # the loss, and five metrics under two label sets
    assert len(page.sources) == 11
    assert all("first" in alt and "second" in alt for alt in page.alts)
    assert "edge-train compare <a>" in page.text
    told = json.loads((tmp_path / "compare.json").read_text())
    p = told["second"]["against_first"]["original"]["p"]
    assert side_by_side.probability(p) in page.text
    assert as_markdown(comparison) in (tmp_path / "compare.md").read_text()


def test_runs_without_a_log_are_named(runs, splits, helper, tmp_path):
    alone = shutil.copy(runs[0] / "best.keras", tmp_path / "alone.keras")
    told = compare([find(Path(alone)), find(runs[1])], splits, "PrivateTest", lambda _: None)
    side_by_side.write(told, tmp_path, "")
    page = helper.parse(tmp_path / "compare.html")
    assert "Without a log: alone.keras." in page.text
    assert "No two recipes differ" in page.text
    assert np.all(["alone.keras" not in alt for alt in page.alts])


def test_the_command_prints_a_table(runs, data, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("train.denormals.flush_denormals", lambda: False)
    code = main(["compare", *map(str, runs), "--data", str(data), "--out", str(tmp_path)])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert "## FER+ majority, PublicTest" in out
    assert f"{tmp_path / 'compare.html'}: written" in out
    assert {one.name for one in tmp_path.iterdir()} == {
        "compare.html",
        "compare.json",
        "compare.md",
    }


def test_the_command_names_a_folder_without_a_model(data, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("train.denormals.flush_denormals", lambda: False)
    assert main(["compare", str(tmp_path), "--data", str(data)]) == 65
    assert "holds neither best.keras nor balanced.keras" in capsys.readouterr().err
