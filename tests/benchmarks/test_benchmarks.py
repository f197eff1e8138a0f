"""The benchmarks measure; these tests only see that what they measure is the real thing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import accuracy, peers, startup
from benchmarks.cli import main
from benchmarks.machine import machine
from edge.camera.demo import FACES
from edge.labels import EMOTIONS
from edge.vision.card import DEFAULT_CARD, read_card
from train.data import FaceSet


def quiet(_line: str) -> None:
    pass


def visitor_faces() -> FaceSet:
    """The built-in visitors' faces as a split, each labelled with what it was averaged from."""
    names = sorted(path.stem for path in FACES.glob("*.png"))
    images = [cv2.imread(str(FACES / f"{name}.png"), cv2.IMREAD_GRAYSCALE) for name in names]
    labels = np.array([EMOTIONS.index(name) for name in names])
    votes = 10 * np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    return FaceSet(np.stack(images).astype(np.uint8), labels, votes)


def test_accuracy_scores_every_file_of_the_card_under_both_label_sets() -> None:
    faces = visitor_faces()
    splits = {"PublicTest": faces, "PrivateTest": faces}
    measured = accuracy.measure(DEFAULT_CARD, splits, quiet)
    assert set(measured["scores"]) == set(read_card(DEFAULT_CARD).files)
    for by_split in measured["scores"].values():
        for both in by_split.values():
            assert both["original"]["n"] == both["ferplus"]["n"] == len(faces)
            # the averages are clear faces: a model that misses most of them is not loaded right
            assert both["original"]["accuracy"] >= 0.6
    text = accuracy.as_text(measured)
    assert all(name in text for name in measured["scores"])
    assert "same label on" in text


def test_frames_show_one_visitor_and_time_goes_on() -> None:
    frames = peers.visitor_frames(12)
    assert [frame.index for frame in frames] == list(range(12))
    assert all(frame.gray.shape == (480, 640) for frame in frames)
    assert np.allclose(np.diff([frame.timestamp for frame in frames]), 0.1)


def test_peers_measure_all_three_loops_on_the_same_frames() -> None:
    measured = peers.measure(3, quiet)
    assert list(measured["loops"]) == ["edge-run", "package's path", "first loop"]
    assert all(found["cpu_ms"] > 0 for found in measured["loops"].values())
    assert peers.as_text(measured).count("\n") == 4


def test_startup_measures_a_process_of_its_own() -> None:
    measured = startup.measure(1, quiet)
    assert measured["first_frame_s"] > 0
    assert 0 < measured["rss_mib"] <= measured["peak_mib"]
    assert "first frame" in startup.as_text(measured)


def test_machine_names_what_matters() -> None:
    here = machine()
    assert here["machine"]
    assert here["numpy"] == np.__version__


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["peers", "--frames", "0"], 64, "--frames", id="no frames"),
        pytest.param(["startup", "--runs", "-1"], 64, "--runs", id="no runs"),
        pytest.param(["accuracy", "--data", "nowhere"], 65, "fer2013.csv", id="no data"),
    ],
)
def test_bad_arguments_cost_one_line(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    error = capsys.readouterr().err
    assert error.count("edge-bench: error: ") == 1
    assert told in error


def test_json_goes_to_stdout_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "measure", lambda count, _say: {"frames": count, "loops": {}})
    assert main(["peers", "--json", "--frames", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["measured"]["frames"] == 2


def test_a_card_elsewhere_can_be_measured(tmp_path: Path) -> None:
    assert main(["accuracy", "--data", str(tmp_path), "--card", str(tmp_path / "none.json")]) == 65
