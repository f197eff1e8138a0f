"""`edge-train collect` as a person runs it: what it stores, says, loads and ends with."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.camera.demo import DemoCamera
from train.cli import main

ROOT = Path(__file__).parents[2]
ANGRY = "demo:angry?pace=off"
EDGE_TRAIN = (sys.executable, "-c", "import sys; from train.cli import main; sys.exit(main())")

# Reports, on stderr, every file opened to be written and every connection; then what was loaded.
AUDITED = """
import os, sys

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or set(mode or "") & set("wax+")
        if writes and path != os.devnull:
            os.write(2, f"WRITE {path!s}\\n".encode())
    elif event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.bind",
                   "subprocess.Popen", "os.system", "sqlite3.connect"}:
        os.write(2, f"{event} {arguments!r}\\n".encode())

sys.dont_write_bytecode = True
sys.addaudithook(watch)
from train.cli import main
code = main(sys.argv[1:])
heavy = {"keras", "tensorflow", "torch", "jax", "sklearn", "matplotlib"} & set(sys.modules)
print("loaded:", *sorted(heavy))
sys.exit(code)
"""


def collect(*arguments: object, label: str = "angry", camera: str = ANGRY) -> int:
    return main(["collect", "--camera", camera, "--label", label, *map(str, arguments)])


def stored(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_enough_faces_and_nothing_else(tmp_path, capsys):
    assert collect("--count", 3, "--out", tmp_path / "set", "--view", "none") == 0
    names = stored(tmp_path)
    assert len(names) == 3
    for name in names:
        assert re.fullmatch(r"set/angry/angry-\d{8}-\d{6}-00[123]\.png", name)
        face = cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED)
        assert face.ndim == 2
        assert min(face.shape) > 100  # in the camera's own resolution
    told = capsys.readouterr().out.splitlines()
    assert "labelled angry" in told[0]
    assert str(tmp_path / "set" / "angry") in told[0]
    assert "none leaves this machine" in told[0]
    assert told[-1] == f"{tmp_path / 'set' / 'angry'}: 3 of 3 faces kept"


def test_no_keras_no_network_no_other_file(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    places = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    command = [sys.executable, "-c", AUDITED, "collect", "--camera", ANGRY, "--label", "angry"]
    ended = subprocess.run(
        [*command, "--count", "2"],
        cwd=home,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        | dict.fromkeys(places, str(home)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "loaded:"
    for line in ended.stderr.splitlines():
        assert re.fullmatch(r"WRITE dataset/angry/\.\d+\.part", line)
    assert len(ended.stderr.splitlines()) == 2
    assert [Path(name).parent for name in stored(home)] == [Path("dataset/angry")] * 2


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Three seconds of the built-in visitor as a video file."""
    path = tmp_path_factory.mktemp("clip") / "visit.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
    camera = DemoCamera("angry?pace=off")
    for _ in range(30):
        frame = camera.read()
        assert frame is not None
        writer.write(np.repeat(frame.gray[:, :, None], 3, axis=2))
    writer.release()
    return path


def test_a_clip_that_ends_too_early_keeps_what_there_is(clip, tmp_path, capsys):
    assert collect("--out", tmp_path, camera=str(clip)) == 65
    kept = len(stored(tmp_path))
    assert 1 <= kept < 40
    error = capsys.readouterr().err
    assert f"has ended with {kept} of 40 faces kept in {tmp_path / 'angry'}; " in error
    assert re.search(r"\d+ shots were refused, \d+ of them: ", error)


def test_a_clip_with_enough(clip, tmp_path):
    assert collect("--out", tmp_path, "--count", 1, camera=str(clip)) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--camera", "/nowhere.mp4", "--label", "sad"], 69, "no such camera or file"),
        (["--camera", "/dev/video77", "--label", "sad"], 69, "does not exist"),
        (["--camera", ANGRY, "--label", "cross"], 64, "must be one of angry, disgust"),
        (["--camera", ANGRY, "--label", "../sad"], 64, "must be one of"),
        (["--camera", ANGRY, "--label", "sad", "--task", "valence"], 64, "negative, neutral"),
        (["--camera", ANGRY, "--label", "sad", "--count", "0"], 64, "--count 0"),
        (["--camera", ANGRY, "--label", "sad", "--delay", "nan"], 64, "--delay nan"),
        (["--camera", ANGRY, "--label", "sad", "--view", "terminal"], 64, "no terminal"),
        (["--camera", ANGRY, "--label", "sad", "--view", "page", "--port", "99999"], 64, "--port"),
        (["--camera", ANGRY, "--label", "sad", "--model", "no.json"], 78, "no.json"),
        (["--camera", "demo:nobody", "--label", "sad"], 78, "no such scene"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments, code, told, tmp_path, capsys):
    assert main(["collect", *arguments, "--out", str(tmp_path / "set")]) == code
    error = capsys.readouterr().err
    assert error.startswith("edge-train: error: ")
    assert error.count("\n") == 1
    assert told in error
    assert not (tmp_path / "set").exists()


def test_another_task_s_labels(tmp_path):
    out = ("--out", tmp_path, "--task", "valence", "--count", 1)
    assert collect(*out, label="negative") == 0
    assert stored(tmp_path)[0].startswith("negative/negative-")


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_hand_it_keeps_what_there_is(way, tmp_path):
    camera = ("--camera", "demo:angry?pace=off&loop=on")
    started = subprocess.Popen(
        [
            *EDGE_TRAIN,
            "collect",
            *camera,
            "--label",
            "angry",
            "--count",
            "90000",
            "--out",
            tmp_path,
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in started.stdout:
        lines.append(line)
        if "2 of 90000 kept" in line:
            started.send_signal(way)
    assert started.wait(30) == 130
    started.stdout.close()
    kept = len(stored(tmp_path))
    assert kept >= 2
    assert lines[-1] == f"{tmp_path / 'angry'}: {kept} of 90000 faces kept\n"


def in_a_terminal(keys: bytes, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run it in a terminal of 80 columns, press `keys` once it draws; what it wrote."""
    parent, child = pty.openpty()
    started = subprocess.Popen(
        [*EDGE_TRAIN, "collect", *arguments],
        cwd=ROOT,
        stdin=child,
        stdout=child,
        stderr=child,
        env=os.environ | {"COLUMNS": "80", "LINES": "24", "COLORTERM": ""} | environment,
    )
    os.close(child)
    written = b""
    try:
        while part := os.read(parent, 65536):
            written += part
            if keys and b"\x1b[H" in written:
                os.write(parent, keys)
                keys = b""
    except OSError:  # how Linux tells that the other side is closed
        pass
    os.close(parent)
    return started.wait(30), written.decode(errors="replace")


def test_the_terminal_shows_the_camera_and_is_left_as_it_was(tmp_path):
    out = ("--camera", ANGRY, "--label", "angry", "--count", "2", "--out", str(tmp_path))
    code, written = in_a_terminal(b"", *out, COLORTERM="truecolor")
    assert code == 0
    before, _, rest = written.partition("\x1b[?1049h")
    screens, _, after = rest.partition("\x1b[?25h\x1b[?1049l")
    assert "none leaves this machine" in before
    assert "2 of 2 faces kept" in after
    assert "\N{UPPER HALF BLOCK}" in screens
    colours = {tuple(map(int, found)) for found in re.findall(r"38;2;(\d+);(\d+);(\d+)", screens)}
    assert any(green - max(red, blue) > 40 for red, green, blue in colours)  # the face that is kept
    assert "angry: 2 of 2 kept" in screens
    assert len(stored(tmp_path)) == 2


def test_keys_stop_it_and_end_it(tmp_path):
    source = "demo:angry?pace=off&loop=on"
    out = ("--camera", source, "--label", "angry", "--count", "9999", "--out", str(tmp_path))
    code, written = in_a_terminal(b" q", *out)
    assert code == 0
    assert "\x1b[?25h\x1b[?1049l" in written
    assert "stopped" in written
    assert "38;5;" in written
    assert "38;2;" not in written
