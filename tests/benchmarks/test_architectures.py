"""The table of architectures: its rows, its refusals, and what an interruption leaves."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import architectures
from benchmarks.architectures import CHILD, HEAD, RowError, as_text, best_first, measure, read_row
from benchmarks.cli import main
from benchmarks.one_architecture import as_json, measure_one
from edge.errors import DataError, UsageError
from edge.files import sha256, write_text
from edge.vision.expression import load_model
from train.architectures import ARCHITECTURES

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

TRAIN = Path(__file__).parents[1] / "train"


def quiet(_line: str) -> None:
    pass


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TRAIN / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def splits() -> Any:
    return module("generated").splits()


@pytest.fixture(scope="module")
def data(splits: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(module("generated").write(tmp_path_factory.mktemp("data"), splits))


def row(name: str, accuracy: float = 0.5, minutes: float = 6.0, **other: Any) -> dict[str, Any]:
    both = {
        labels: {"accuracy": accuracy, "anger_recall": 0.25, "anger_precision": 0.75}
        for labels in ("original", "ferplus")
    }
    asked = {"minutes": minutes, "threads": 1, "weights": "none", "seed": 0}
    return {
        "architecture": name,
        "status": "done",
        "asked": asked,
        "input_size": 48,
        "start": "scratch",
        "parameters": 30511,
        "multiply_adds": 2686208,
        "faces_seen": 57122,
        "epochs": 2.0,
        "float": both,
        "int8": both,
        "int8_bytes": 59568,
        "int8_latency_ms": {"p50": 0.18, "p95": 0.2, "faces": 200},
        **other,
    }


class Starter:
    """Stands for the processes: writes rows, or does what it is told to for one of them."""

    def __init__(self, **trouble: BaseException) -> None:
        self.trouble, self.started = trouble, list[str]()

    def __call__(self, asked: dict[str, Any], say: Any) -> None:
        name = asked["architecture"]
        self.started.append(name)
        if name in self.trouble:
            raise self.trouble[name]
        say(f"{name}: made")
        made = row(name, 0.3 + len(name) / 100, asked["minutes"]) | {"asked": asked}
        write_text(Path(asked["out"]) / "rows" / f"{name}.json", as_json(made))


def run(out: Path, start: Starter, **options: Any) -> dict[str, Any]:
    named: dict[str, Any] = {"minutes": 6.0, "say": quiet, **options}
    return measure(out.parent, out, named.pop("minutes"), start=start, **named)


def test_every_architecture_has_a_row_and_the_best_is_first(tmp_path: Path) -> None:
    start = Starter()
    measured = run(tmp_path / "out", start)
    assert start.started == list(ARCHITECTURES)
    names = [one["architecture"] for one in measured["rows"]]
    assert sorted(names) == sorted(ARCHITECTURES)
    assert [len(name) for name in names] == sorted(map(len, names), reverse=True)
    written = json.loads((tmp_path / "out" / "architectures.json").read_text())
    assert written == measured
    text = (tmp_path / "out" / "architectures.md").read_text()
    assert as_text(measured) in text
    assert "6 CPU minutes each (1 thread)" in text
    assert "not the same epochs: a large network sees fewer faces" in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(ARCHITECTURES)
    assert {line.count("|") for line in table} == {len(HEAD) + 1}


def test_a_row_shows_what_was_measured() -> None:
    told = {"rows": [row("mini", 0.1234)], "minutes": 6, "threads": 1}
    cells = [cell.strip() for cell in as_text(told).splitlines()[2].split("|")[1:-1]]
    assert dict(zip(HEAD, cells, strict=True)) == {
        "architecture": "mini",
        "input": "48",
        "start": "scratch",
        "parameters": "30,511",
        "MACs": "2.7 M",
        "faces seen (epochs)": "57,122 (2)",
        "float FER-2013": "12.3%",
        "float FER+": "12.3%",
        "int8 FER-2013": "12.3%",
        "int8 FER+": "12.3%",
        "anger recall": "0.25 / 0.25",
        "anger precision": "0.75 / 0.75",
        "int8 KiB": "58",
        "int8 ms": "0.18",
    }


@given(st.lists(st.one_of(st.none(), st.floats(0, 1))))
def test_rows_are_sorted_by_what_the_device_runs(accuracies: list[float | None]) -> None:
    rows = [
        {"architecture": "x", "status": "failed"} if one is None else row("x", one)
        for one in accuracies
    ]
    ordered = [
        one["int8"]["original"]["accuracy"] if one["status"] == "done" else -1.0
        for one in best_first(rows)
    ]
    assert ordered == sorted(ordered, reverse=True)
    assert len(ordered) == len(rows)


def test_one_that_fails_is_a_row_that_says_so(tmp_path: Path) -> None:
    out = tmp_path / "out"
    measured = run(out, Starter(mini=RowError("the loss is nan")), only=["mini", "cnn3"])
    assert [one["status"] for one in measured["rows"]] == ["done", "failed"]
    text = as_text(measured)
    assert "| mini | failed |" in text
    assert "mini failed: the loss is nan" in text
    start = Starter()
    again = run(out, start, only=["mini", "cnn3"], resume=True)
    assert start.started == ["mini"]
    assert [one["status"] for one in again["rows"]] == ["done", "done"]


def test_a_process_that_writes_nothing_is_a_failed_row(tmp_path: Path) -> None:
    start = Starter()
    start.__class__ = type("Idle", (Starter,), {"__call__": lambda *_: None})
    measured = run(tmp_path / "out", start, only=["mini"])
    assert measured["rows"][0]["reason"] == "made no row"


def test_interrupted_it_goes_on_with_the_missing_rows(tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = run(tmp_path / "whole", Starter(), only=["cnn3", "mini", "cnn5"])
    with pytest.raises(KeyboardInterrupt):
        run(out, Starter(mini=KeyboardInterrupt()), only=["cnn3", "mini", "cnn5"])
    start = Starter()
    resumed = run(out, start, only=["cnn3", "mini", "cnn5"], resume=True)
    assert start.started == ["mini", "cnn5"]
    shown = [as_text(one) for one in (resumed, whole)]
    assert shown[0] == shown[1]


def test_rows_of_an_earlier_call_stay_in_the_table(tmp_path: Path) -> None:
    run(tmp_path / "out", Starter(), only=["mini"])
    measured = run(tmp_path / "out", Starter(), only=["cnn3"], resume=True)
    assert {one["architecture"] for one in measured["rows"]} == {"mini", "cnn3"}


def test_what_is_there_is_not_run_over_nor_mixed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out, Starter(), only=["mini"])
    before = (out / "rows" / "mini.json").read_bytes()
    with pytest.raises(DataError, match="holds rows already; add --resume"):
        run(out, Starter(), only=["mini"])
    with pytest.raises(DataError, match=r"mini.json: was made with minutes 6.0, not 3.0"):
        run(out, Starter(), only=["mini"], minutes=3.0, resume=True)
    assert (out / "rows" / "mini.json").read_bytes() == before
    (out / "rows" / "mini.json").write_text('{"status": "done"}')
    with pytest.raises(DataError, match=r"mini.json: cannot be read .*remove it"):
        run(out, Starter(), only=["mini"], resume=True)


def test_weights_are_for_those_that_have_some(tmp_path: Path) -> None:
    weights = tmp_path / "w.h5"
    weights.touch()
    asked: list[dict[str, Any]] = []

    def start(one: dict[str, Any], _say: Any) -> None:
        asked.append(one)
        raise RowError("enough")

    measure(
        tmp_path, tmp_path / "out", 1.0, only=["mobilenetv2", "vgg16"],
        weights={"mobilenetv2": str(weights)}, say=quiet, start=start,
    )  # fmt: skip
    assert [one["weights"] for one in asked] == [str(weights), "none"]
    for name, source, told in (
        ("mini", "imagenet", "there are weights for mobilenetv2, .* only"),
        ("nothing", "imagenet", "there are weights for"),
        ("mobilenetv2", str(tmp_path / "missing"), "no such file"),
    ):
        with pytest.raises(UsageError, match=told):
            run(tmp_path / "other", Starter(), weights={name: source})


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--minutes", "0"], "--minutes 0: must be above 0"),
        (["--minutes", "inf"], "--minutes inf: must be above 0"),
        (["--threads", "-1"], "--threads -1: must be 0 or more"),
        (["--only", "mini,paint"], "--only paint: unknown; known: mobilenetv2, "),
        (["--weights", "mobilenetv2"], "--weights 'mobilenetv2': must be NAME="),
    ],
)
def test_flags_that_do_not_fit_cost_one_line(
    flags: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["architectures", "--data", "nowhere", "--folder", str(tmp_path / "out"), *flags]
    assert main(command) == 64
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def asked(data: Path, out: Path, minutes: float) -> dict[str, Any]:
    return {
        "architecture": "mini",
        "data": str(data),
        "out": str(out),
        "minutes": minutes,
        "threads": 1,
        "weights": "none",
        "seed": 0,
    }


def test_one_row_is_measured_on_the_file_that_it_names(
    splits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.fit.build", module("small_fit").build)
    one = measure_one(asked(tmp_path, tmp_path, 0.001), splits, tmp_path)
    architectures._cells(one)
    file = tmp_path / "mini" / "int8" / "mini-int8.tflite"
    assert one["int8_bytes"] == file.stat().st_size
    card = json.loads(file.with_name("mini.json").read_text())
    assert card["files"][file.name]["sha256"] == sha256(file)
    told = load_model(file).predict(list(splits["PublicTest"].images)).argmax(axis=1)
    right = float((told == splits["PublicTest"].labels).mean())
    assert one["int8"]["original"]["accuracy"] == pytest.approx(right)
    assert one["faces_seen"] >= 28
    assert one["epochs"] == one["faces_seen"] / len(splits["Training"])
    # taken up where a killed process left it: trained already, so only measured again
    again = measure_one(asked(tmp_path, tmp_path, 0.001), splits, tmp_path)
    same = ("float", "int8", "faces_seen", "int8_bytes", "parameters", "multiply_adds")
    assert {key: again[key] for key in same} == {key: one[key] for key in same}


def test_the_command_trains_in_a_process_of_its_own(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ["architectures", "--data", str(data), "--folder", str(out), "--minutes", "0.001"]
    assert main([*command, "--only", "mini"]) == 0
    printed = capsys.readouterr()
    made = read_row(out / "rows" / "mini.json")
    assert made is not None
    assert made["status"] == "done", (out / "logs" / "mini.txt").read_text()
    assert "| mini | 48 | scratch |" in printed.out
    assert "  mini: epoch 1:" in printed.err


def test_a_process_that_fails_leaves_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(RowError, match=r"nowhere: .*; see .*mini.txt"):
        architectures.in_a_process(asked(tmp_path / "nowhere", tmp_path, 1.0), quiet)


def test_the_process_ends_when_nobody_waits_for_it(data: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(asked(data, tmp_path, 60.0))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline()  # it is at work
        process.stdin.close()  # as the system does when the parent is killed
        assert process.wait(timeout=60) == 1
    assert not (tmp_path / "rows").exists()
