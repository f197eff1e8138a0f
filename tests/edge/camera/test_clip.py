"""Video files: every frame, in the file's own time, whatever shape the file is in."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import edge.camera.clip
from edge.camera.clip import FALLBACK_FPS, ClipCamera
from edge.cli import main
from edge.errors import CameraError
from edge.vision.detect import Detector


def read_all(camera) -> list:
    return list(iter(camera.read, None))


def test_every_frame_is_read_with_the_files_time(clip, frames):
    camera = ClipCamera(clip)
    read = read_all(camera)
    camera.close()
    assert camera.live is False
    assert [frame.index for frame in read] == list(range(30))
    assert [frame.timestamp for frame in read] == pytest.approx([i / 10 for i in range(30)])
    for frame, written in zip(read, frames, strict=True):
        assert (frame.gray.shape, frame.gray.dtype) == ((240, 320), np.uint8)
        assert np.abs(frame.gray.astype(int) - written).mean() < 6


def test_the_end_stays_the_end_and_close_may_be_called_twice(clip):
    camera = ClipCamera(clip)
    read_all(camera)
    assert camera.read() is None
    camera.close()
    camera.close()


def test_the_visitor_is_found_in_a_clip(clip):
    camera = ClipCamera(clip)
    detector = Detector()
    seen = [bool(detector.full(frame.gray)) for frame in read_all(camera)]
    camera.close()
    assert sum(seen) >= 27


def test_a_clip_that_ends_is_code_0(clip, capsys):
    eager = ["--set", "rules.anger.seconds=0.5", "--set", "rules.anger.on=0.05"]
    off = ["--set", "rules.anger.off=0.01"]
    assert main(["--camera", str(clip), "--json", *eager, *off]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines = [json.loads(line) for line in told.out.splitlines()]
    names = [line["event"] for line in lines if line["event"] != "emotion"]
    assert names == ["started", "came", "firing", "resolved", "ended"]
    assert lines[-2]["reason"] == "ended"
    assert (lines[-1]["why"], lines[-1]["frames"]) == (f"{clip} has ended", 30)
    assert lines[-1]["seconds"] == pytest.approx(2.9)


def edge_run(clip: Path) -> tuple[int, list[dict], str]:
    """Exit code, objects and complaints of a process of its own: FFmpeg's noise is set once."""
    ended = subprocess.run(
        [Path(sys.executable).with_name("edge-run"), "--camera", clip, "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, list(map(json.loads, ended.stdout.splitlines())), ended.stderr


@pytest.mark.parametrize("share", [0.9, 0.1])
def test_a_cut_file_gives_what_is_left_or_one_error(clip, share, tmp_path):
    cut = tmp_path / clip.name
    cut.write_bytes(clip.read_bytes()[: int(clip.stat().st_size * share)])
    code, told, complaint = edge_run(cut)
    if clip.suffix == ".avi":
        assert (code, complaint) == (0, "")
        assert 0 < told[-1]["frames"] < 30
    else:  # the index of an mp4 stands at its end
        hint = "it is not a video, or damaged"
        assert (code, told) == (69, [])
        assert complaint == f"edge-run: error: {cut}: cannot be opened; {hint}\n"


def test_a_damaged_file_is_watched_to_its_end_without_noise(clip, tmp_path):
    content = bytearray(clip.read_bytes())
    rng = np.random.default_rng(0)
    for place in rng.integers(8000, len(content) - 4000, 300):
        content[place] ^= int(rng.integers(1, 256))
    damaged = tmp_path / clip.name
    damaged.write_bytes(content)
    code, told, complaint = edge_run(damaged)
    assert (code, complaint) == (0, "")
    assert told[-1]["frames"] > 0


class TapedCapture:
    """What OpenCV's capture returns for a file with these stamps, in milliseconds."""

    def __init__(self, stamps: list[float], fps: float) -> None:
        self._stamps, self._fps, self._index = stamps, fps, -1
        self.released = False

    def get(self, prop: int) -> float:
        return self._fps if prop == edge.camera.clip.cv2.CAP_PROP_FPS else self._stamps[self._index]

    def read(self) -> tuple[bool, np.ndarray | None]:
        self._index += 1
        if self._index == len(self._stamps):
            return False, None
        return True, np.full((24, 32, 3), self._index, np.uint8)

    def release(self) -> None:
        self.released = True


@pytest.mark.parametrize(
    ("stamps", "fps", "seconds"),
    [
        ([0, 40, 200, 210], 25, [0, 0.04, 0.2, 0.21]),
        ([0, 0, 0, 0], 10, [0, 0.1, 0.2, 0.3]),
        ([0, 100, 50, 300], 10, [0, 0.1, 0.2, 0.3]),
        ([-500, 0, 100, 200], 10, [0, 0.1, 0.2, 0.3]),
        ([0, 0], 0, [0, 1 / FALLBACK_FPS]),
        ([0, 0], math.nan, [0, 1 / FALLBACK_FPS]),
        ([0, 0], 90_000, [0, 1 / FALLBACK_FPS]),
        ([5000, 5100], 10, [5, 5.1]),
    ],
    ids=[
        "variable",
        "without stamps",
        "jumps back",
        "starts before 0",
        "without a rate",
        "rate is no number",
        "rate of a clock",
        "starts late",
    ],
)
def test_time_goes_on_whatever_the_file_says(stamps, fps, seconds, monkeypatch, tmp_path):
    capture = TapedCapture(stamps, fps)
    monkeypatch.setattr(edge.camera.clip, "open_capture", lambda *_: capture)
    camera = ClipCamera(tmp_path / "taped.avi")
    told = [frame.timestamp for frame in read_all(camera)]
    assert told == pytest.approx(seconds)
    assert all(before < after for before, after in itertools.pairwise(told))
    camera.close()
    assert capture.released


@pytest.mark.parametrize("content", [b"", b"a shopping list\n" * 9, b"RIFF\0\0\0\0AVI "])
def test_a_file_that_is_no_video_is_an_error_that_names_it(content, tmp_path):
    path = tmp_path / "list.avi"
    path.write_bytes(content)
    with pytest.raises(CameraError) as caught:  # noqa: PT012
        camera = ClipCamera(path)
        camera.read()
    assert str(caught.value).startswith(f"{path}: ")
    assert "it is not a video, or damaged" in str(caught.value)
