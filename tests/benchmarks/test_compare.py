"""Two results side by side."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cli import main
from benchmarks.compare import OF_THE_MACHINE, compare
from benchmarks.result import Figure, envelope
from benchmarks.result_file import write
from edge.errors import DataError

HASH = 64 * "a"


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    """A result of everything that can change."""
    figures = [
        Figure("int8/p50", 0.2, "ms"),
        Figure("float/p50", 0.7, "ms"),
        Figure("rate", 30, "frames a second", "higher"),
        Figure("accuracy", 65.4, "%", "higher", timed=False),
        Figure("faces", 3589, "faces", "none", timed=False),
        Figure("drops", 0, "frames"),
    ]
    told = envelope("latency", {}, figures)
    told["machine"] = {"machine": "Board 4", "cores": "4", "numpy": "2.4.6"}
    told["condition"] = {"governor": "performance", "temperature": 45.1, "load": 0.1}
    return told | {"files": {"int8.tflite": HASH}, "commit": "c0ffee"}


def changed(before: dict[str, Any], **values: float) -> dict[str, Any]:
    """The same result with other values of figures, `_` standing for `/`."""
    after = copy.deepcopy(before)
    for figure in after["figures"]:
        figure["value"] = values.get(figure["name"].replace("/", "_"), figure["value"])
    return after


def verdicts(before: dict[str, Any], after: dict[str, Any], band: float = 0.3) -> dict[str, str]:
    """By figure."""
    return {row.figure.name: row.verdict for row in compare(before, after, band).rows}


def test_a_result_is_the_same_as_itself(before: dict[str, Any]) -> None:
    found = compare(before, before, 0.0)
    assert {row.verdict for row in found.rows} == {"same"}
    assert (found.differences, found.only) == ((), ())
    assert found.verdict == "latency, band 0%: 0 worse, 0 better, 0 changed, 6 of 6 the same"


def test_each_figure_has_its_own_way(before: dict[str, Any]) -> None:
    now = changed(before, int8_p50=0.3, float_p50=0.4, rate=20, accuracy=65.2, faces=3590, drops=2)
    assert verdicts(before, now) == {
        "int8/p50": "worse",
        "float/p50": "better",
        "rate": "worse",
        "accuracy": "worse",
        "faces": "same",
        "drops": "worse",
    }
    assert verdicts(before, now, 0.6)["int8/p50"] == "same"
    # what no clock decides has its own tolerance
    assert verdicts(before, now, 0.6)["accuracy"] == "worse"


@given(factor=st.floats(1.01, 10), band=st.floats(0, 2))
def test_slower_is_never_better(factor: float, band: float) -> None:
    old = {"benchmark": "latency", "machine": {"machine": "a"}, "condition": {}, "files": {}}
    old |= {"version": "1", "commit": "1", "warnings": []}
    one = {"name": "p50", "unit": "ms", "better": "lower", "timed": True}
    slow = old | {"figures": [one | {"value": 2 * factor}]}
    fast = old | {"figures": [one | {"value": 2.0}]}
    assert verdicts(fast, slow, band)["p50"] in ("same", "worse")
    assert verdicts(slow, fast, band)["p50"] in ("same", "better")
    row = compare(fast, slow, band).rows[0]
    assert row.ratio == pytest.approx(factor)


def test_what_makes_it_another_question_is_told_first(before: dict[str, Any]) -> None:
    other = changed(before) | {
        "machine": {"machine": "Board 5", "cores": "4", "numpy": "2.5.0", "onnxruntime": "1.31"},
        "condition": {"governor": "ondemand", "temperature": 60.0, "load": 3.0, "throttled": []},
        "files": {"int8.tflite": 64 * "b"},
        "commit": "beef",
        "warnings": ["busy"],
    }
    found = compare(before, other, 0.3)
    assert found.differences == (
        f"machine differs: Board 4, then Board 5: {OF_THE_MACHINE}",
        "numpy differs: 2.4.6, then 2.5.0",
        "onnxruntime differs: nothing, then 1.31",
        "int8.tflite differs: SHA-256 aaaaaaaaaaaa, then SHA-256 bbbbbbbbbbbb",
        "governor differs: performance, then ondemand",
        "commit differs: c0ffee, then beef",
        "warning of after: busy",
    )
    assert found.verdict.startswith("latency on different machines, band 30%: ")


def test_figures_of_one_side_are_named(before: dict[str, Any]) -> None:
    other = changed(before)
    other["figures"] = [
        other["figures"][0],
        other["figures"][1] | {"unit": "s"},  # another unit is another figure
        other["figures"][2] | {"name": "new"},
    ]
    found = compare(before, other, 0.3)
    assert [row.figure.name for row in found.rows] == ["int8/p50"]
    assert ("after", "new") in found.only
    assert {("before", "float/p50"), ("after", "float/p50")} <= set(found.only)
    assert found.verdict.endswith("1 of 1 the same, 7 in one of them only")


def test_two_benchmarks_are_not_compared(before: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="first result is of latency, the second of peers"):
        compare(before, before | {"benchmark": "peers"}, 0.3)


def test_nothing_in_common_is_not_compared(before: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="no figure in common"):
        compare(before, before | {"figures": []}, 0.3)


# -- the command


@pytest.fixture
def files(before: dict[str, Any], tmp_path: Path) -> list[str]:
    odd = changed(before, int8_p50=0.5)
    for figure in odd["figures"]:
        figure["name"] = figure["name"].replace("float/p50", "a | b\n<b>")
    old = changed(before)
    old["figures"][1]["name"] = "a | b\n<b>"
    write(tmp_path / "a.json", old)
    write(tmp_path / "b.json", odd | {"commit": "beef"})
    return [str(tmp_path / name) for name in ("a.json", "b.json")]


def test_a_table_for_a_terminal(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "commit differs: c0ffee, then beef"
    assert lines[1].split() == ["figure", "before", "after", "unit", "better", "change", "verdict"]
    assert lines[2].split() == ["int8/p50", "0.2", "0.5", "ms", "lower", "x", "2.50", "worse"]
    assert lines[3].startswith("a | b\\n<b>  ")
    assert lines[-1] == "latency, band 30%: 1 worse, 0 better, 0 changed, 5 of 6 the same"
    assert len(lines) == 9
    # columns stand below each other
    assert {line.index("ms") for line in lines[2:4]} == {lines[1].index("unit")}


def test_a_table_for_a_readme(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files, "--markdown"]) == 0
    before, table, after = capsys.readouterr().out.strip().split("\n\n")
    assert before == "- commit differs: c0ffee, then beef"
    assert [line.replace("\\|", "").count("|") for line in table.splitlines()] == [8] * 8
    assert after.startswith("- latency, band 30%")


def test_all_of_it_for_machines(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"][0]["ratio"] == pytest.approx(2.5)
    assert told["rows"][0]["figure"]["name"] == "int8/p50"
    assert told["rows"][-1]["ratio"] is None
    assert told["verdict"].startswith("latency, band 30%: 1 worse")


@pytest.mark.parametrize(
    ("flags", "code"),
    [([], 0), (["--fail-on-worse"], 1), (["--fail-on-worse", "--band", "2"], 0)],
    ids=["told only", "fails", "within"],
)
def test_the_exit_code_is_for_ci(files: list[str], flags: list[str], code: int) -> None:
    assert main(["compare", *files, *flags]) == code


def test_better_does_not_fail(files: list[str]) -> None:
    assert main(["compare", *reversed(files), "--fail-on-worse"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--band", "-1"], 64, "--band -1: must be 0 or more"),
        (["--band", "nan"], 64, "--band nan: must be 0 or more"),
    ],
)
def test_a_band_that_is_none_is_refused(
    files: list[str],
    arguments: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["compare", *files, *arguments]) == code
    assert capsys.readouterr().err == f"edge-bench: error: {message}\n"


def test_a_file_that_is_no_result_is_named(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.json").write_text("{")
    assert main(["compare", files[0], str(tmp_path / "c.json")]) == 65
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "c.json: is no result of edge-bench" in said
