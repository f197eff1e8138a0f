"""`edge-bench latency`: that it times the real thing, and tells all that it timed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks import latency
from benchmarks.cli import main
from benchmarks.latency.plan import (
    FULL,
    SIZES,
    THREADS,
    Plan,
    default_threads,
    face_counts,
    numbers,
    sizes,
)
from benchmarks.latency.scenes import STAGES
from edge.errors import UsageError
from edge.vision.card import DEFAULT_CARD, read_card

TINY = Plan(processes=1, calls=20, seconds=0.0, drawn=4, frames=21, sustained=0.01)


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    return latency.measure(sizes=((320, 240), (640, 480)), faces=(0, 1), threads=(1,), plan=TINY)


def test_every_file_of_the_card_is_timed(measured: dict[str, Any]) -> None:
    rows = measured["files"]["rows"]
    assert {row["file"] for row in rows} == set(read_card(DEFAULT_CARD).files)
    for row in rows:
        assert row["calls"] == 20
        assert 0 < row["p50_ms"] <= row["p90_ms"] <= row["p99_ms"]
        assert min(row["load_ms"], row["first_ms"], row["cpu_ms"]) > 0


def test_every_size_is_timed_with_every_number_of_faces(measured: dict[str, Any]) -> None:
    scenes = measured["scenes"]
    assert [(scene["size"], scene["faces"]) for scene in scenes] == [
        ("320x240", 0),
        ("320x240", 1),
        ("640x480", 0),
        ("640x480", 1),
    ]
    assert all(scene["seen"] == scene["faces"] for scene in scenes)
    assert all(scene["frames_a_second"] > 0 for scene in scenes)


def test_the_result_is_json_and_text_names_all_of_it(measured: dict[str, Any]) -> None:
    assert json.loads(json.dumps(measured)) == measured
    text = latency.as_text(measured)
    for name in read_card(DEFAULT_CARD).files:
        assert name in text
    for stage in (*STAGES, "shrink"):
        assert stage.replace("_", " ") in text
    assert text.count("| 640x480 | 1 |") == 3
    assert re.search(r"tflite: not installed here|\| tflite \|", text)


def test_the_figures_are_few_and_have_names_of_their_own(measured: dict[str, Any]) -> None:
    figures = {figure.name: figure for figure in latency.figures(measured)}
    assert set(figures) == {
        *(f"{row['file']}/{row['runtime']}/{p}" for row in _rows(measured) for p in ("p50", "p99")),
        "320x240/1 face/cpu",
        "640x480/1 face/cpu",
        "640x480/0 faces/sustained",
        "640x480/1 face/sustained",
    }
    assert all(figure.timed for figure in figures.values())
    assert figures["640x480/1 face/sustained"].better == "higher"


def test_the_figures_are_those_of_one_thread(measured: dict[str, Any]) -> None:
    rows = _rows(measured)
    slow = {**rows[0], "threads": 2, "p50_ms": 99.0}
    again = {**measured, "files": {"rows": [*rows, slow], "skipped": []}}
    assert latency.figures(again) == latency.figures(measured)


def test_charts_show_files_stages_and_sizes(measured: dict[str, Any]) -> None:
    files, stages, cpu = latency.charts(measured)
    assert [series.name for series in files.series] == ["p50", "p90", "p99"]
    assert len(files.series[0].y) == len(_rows(measured))
    assert [series.name for series in stages.series] == [name.replace("_", " ") for name in STAGES]
    assert {tuple(series.x) for series in stages.series} == {("320x240", "640x480")}
    assert [series.name for series in cpu.series] == ["0 faces", "1 face"]
    assert list(cpu.series[0].x) == [0.0768, 0.3072]


def test_what_was_left_out_is_left_out_of_text_and_charts(measured: dict[str, Any]) -> None:
    nothing = {**measured, "files": {"rows": [], "skipped": ["onnx: gone"]}, "scenes": []}
    assert latency.charts(nothing) == []
    assert latency.figures(nothing) == []
    assert "Left out: onnx: gone." in latency.as_text(nothing)


def test_a_board_is_told_of(measured: dict[str, Any]) -> None:
    board = {"governor": "ondemand", "temperature": 50.0, "throttled": [], "load": 0.1}
    condition = {
        "before": {**board, "others": 0.0},
        "after": {**board, "temperature": 71.0, "throttled": ["throttled"], "others": 0.5},
        "warnings": [],
    }
    first = latency.as_text({**measured, "condition": condition}).splitlines()[0]
    assert "governor ondemand" in first
    assert "50 to 71 °C" in first
    assert "throttling: throttled" in first
    assert "0.50 cores" in first


@pytest.mark.parametrize(("cores", "threads"), [(1, (1,)), (2, (1, 2)), (3, (1, 2)), (8, THREADS)])
def test_threads_go_up_to_the_cores(cores: int, threads: tuple[int, ...]) -> None:
    assert default_threads(cores) == threads


def test_lists_of_numbers_and_sizes() -> None:
    assert numbers("4, 1,1", "--threads", 1, 64) == (1, 4)
    assert face_counts("5,0") == (0, 5)
    assert sizes("640x480,320x240") == SIZES[:2]


@pytest.mark.parametrize("text", ["640", "640x", "x480", "640x480x3", "0x480", "640x-1", "9999x9"])
def test_a_size_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match=r"--size .*: must be WIDTHxHEIGHT"):
        sizes(text)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--faces", "6"], "--faces 6"),
        (["--faces", "one"], "--faces one"),
        (["--threads", "0"], "--threads 0"),
        (["--threads", ""], "--threads : must be"),
        (["--size", ""], "--size : must be"),
        (["--faces", ""], "--faces : must be"),
        (["--threads", "1,,2"], "--threads 1,,2"),
        (["--size", "big"], "--size big"),
    ],
)
def test_bad_flags_cost_one_line(
    flags: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["latency", *flags]) == 64
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert told in error


def test_a_card_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["latency", "--card", str(tmp_path / "none.json")]) == 78
    assert "none.json" in capsys.readouterr().err


def test_a_file_that_is_not_there_costs_no_result(
    measured: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "measure", lambda *_: measured)
    card, out = tmp_path / "emotion.json", tmp_path / "latency.json"
    shutil.copy(DEFAULT_CARD, card)
    shutil.copy(read_card(DEFAULT_CARD).pick("tflite"), tmp_path)
    assert main(["latency", "--card", str(card), "--out", str(out)]) == 0
    assert list(json.loads(out.read_text())["files"]) == ["emotion-int8.tflite"]


def test_the_command_passes_flags_on_and_keeps_warnings(
    measured: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given: list[Any] = []

    def measure(*arguments: Any) -> dict[str, Any]:
        given.extend(arguments)
        condition = measured["condition"] | {"warnings": ["the governor is powersave"]}
        return measured | {"condition": condition}

    monkeypatch.setattr(latency, "measure", measure)
    out = tmp_path / "latency.json"
    assert main(["latency", "--threads", "2", "--faces", "1", "--out", str(out)]) == 0
    assert given == [DEFAULT_CARD, SIZES, (1,), (2,), FULL]
    kept = json.loads(out.read_text())
    assert kept["warnings"] == ["the governor is powersave"]
    assert set(kept["files"]) == set(read_card(DEFAULT_CARD).files)
    assert "warning: the governor is powersave" in capsys.readouterr().err


def _rows(measured: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = measured["files"]["rows"]
    return rows
