"""Bad input: one line that says what, where and what to do; the right exit code; no traceback."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from edge.cli import main
from edge.vision.card import DEFAULT_CARD, MODELS

EDGE_RUN = Path(sys.executable).with_name("edge-run")


def png_of_zeros(width: int, height: int, rows: int) -> bytes:
    """A PNG of one bit a pixel that claims `height` rows and holds `rows`."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes((width + 7) // 8 + 1) * rows, 9))
    return b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Path:
    """A folder with one of everything that is wrong."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "text.jpg").write_text("a shopping list\n")
    (folder / "empty.jpg").touch()
    (folder / "huge.png").write_bytes(png_of_zeros(10_000, 10_000, 10_000))
    (folder / "bomb.png").write_bytes(png_of_zeros(100_000, 100_000, 1))
    (folder / "x.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    good = cv2.imencode(".png", cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR))[1]
    (folder / "cut.png").write_bytes(good.tobytes()[: good.size // 2])
    (folder / "text.mp4").write_text("a shopping list\n")
    (folder / "empty.avi").touch()
    (folder / "broken.toml").write_text("[camera\n")
    (folder / "misspelt.toml").write_text("[camera]\nsuorce = 1\n")
    (folder / "seven.toml").write_text("[rules.anger]\n\non = 7\n")
    (folder / "lonely.tflite").write_bytes(b"no card names me")
    (folder / "card.json").write_text("{}")
    (folder / "file").touch()
    return folder


# arguments, exit code, and what the line must say: the thing, then what to do
CASES = {
    "text named .jpg": (["--image", "text.jpg"], 65, ["text.jpg", ".png", "are read"]),
    "empty picture": (["--image", "empty.jpg"], 65, ["empty.jpg", "empty", "again"]),
    "100 megapixels": (["--image", "huge.png"], 65, ["huge.png", "10000x10000", "smaller"]),
    "bomb": (["--image", "bomb.png"], 65, ["bomb.png", "100000x100000", "smaller"]),
    "cut picture": (["--image", "cut.png"], 65, ["cut.png", "damaged", "are read"]),
    "no such picture": (["--image", "none.jpg"], 66, ["none.jpg", "check the path"]),
    "below a file": (["--image", "file/a.jpg"], 66, ["file/a.jpg", "check the path"]),
    "name too long": (["--image", "n" * 300], 65, ["nnn", "check the path"]),
    "no name": (["--image", ""], 66, ["--image", "give a picture"]),
    "empty folder named .jpg": (["--image", "x.jpg"], 66, ["x.jpg", "no pictures", ".png"]),
    "pipe": (["--image", "pipe.jpg"], 65, ["pipe.jpg", "not a file", "give a picture"]),
    "device": (["--image", "/dev/null"], 65, ["/dev/null", "not a file", "give a picture"]),
    "file address": (["--image", "file:///etc/passwd"], 65, ["file:///etc/passwd", "http://"]),
    "closed port": (["--image", "http://127.0.0.1:9/a.jpg"], 66, ["127.0.0.1:9", "check"]),
    "malformed address": (["--image", "http://[::1"], 66, ["http://[::1", "check the address"]),
    "address with a space": (["--image", "http://a b/"], 66, ["http://a b/", "check the address"]),
    "no port": (["--image", "http://localhost:x/"], 66, ["localhost:x", "check the address"]),
    "no such camera": (["--camera", "77"], 69, ["/dev/video77", "--list-cameras"]),
    "no such lasting path": (["--camera", "/dev/v4l/by-id/no"], 69, ["by-id/no", "plug"]),
    "not a camera": (["--camera", "/dev/null"], 69, ["/dev/null", "in use"]),
    "no such clip": (["--camera", "none.mp4"], 69, ["none.mp4", "--list-cameras"]),
    "folder as camera": (["--camera", "x.jpg"], 69, ["x.jpg", "--list-cameras"]),
    "text as clip": (["--camera", "text.mp4"], 69, ["text.mp4", "not a video"]),
    "empty clip": (["--camera", "empty.avi"], 69, ["empty.avi", "not a video"]),
    "pi camera": (["--camera", "picamera:0"], 69, ["picamera:0", "apt install python3-picamera2"]),
    "no camera named": (["--camera", ""], 78, ["camera.source", "give an index"]),
    "no such scene": (["--camera", "demo:nope"], 78, ["demo:nope", "demo:calm"]),
    "no such scene option": (["--camera", "demo:?speed=2"], 78, ["speed", "--help"]),
    "unknown flag": (["--no-such"], 64, ["--no-such", "--help"]),
    "abbreviated flag": (["--cam", "0"], 64, ["--cam", "--help"]),
    "two jobs": (["--camera", "0", "--image", "a"], 64, ["--image", "--camera", "--help"]),
    "no picture named": (["--image"], 64, ["--image", "--help"]),
    "threads in words": (["--threads", "two"], 64, ["--threads", "two", "--help"]),
    "no such runtime": (["--runtime", "torch"], 64, ["torch", "litert"]),
    "set without a value": (["--set", "rules.anger.on"], 64, ["rules.anger.on", "KEY=VALUE"]),
    "annotate what": (["--annotate", "out"], 64, ["--annotate", "give --image"]),
    "threshold of 7": (["--set", "rules.anger.on=7"], 78, ["rules.anger.on = 7", "0 to 1"]),
    "no threads": (["--threads", "0"], 78, ["model.threads = 0", "1 to 64"]),
    "unknown key": (["--set", "camera.suorce=1"], 78, ["suorce", "known: source"]),
    "unknown table": (["--set", "camra.source=1"], 78, ["camra", "--print-config"]),
    "no such file of keys": (["--config", "none.toml"], 78, ["none.toml", "check --config"]),
    "file of no keys": (["--config", "broken.toml"], 78, ["broken.toml", "line 1"]),
    "misspelt key": (["--config", "misspelt.toml"], 78, ["misspelt.toml, line 2", "source"]),
    "7 in a file": (["--config", "seven.toml"], 78, ["seven.toml, line 3", "7", "0 to 1"]),
    "no such model": (["--model", "none.tflite"], 78, ["none.tflite", "give a .json card"]),
    "no such labels": (["--labels", "fer2014"], 64, ["fer2014", "'ferplus', 'fer2013'"]),
    "labels and a model": (["--labels", "ferplus", "--model", "a"], 64, ["--labels", "--model"]),
    "labels set and a path": (
        ["--set", "model.labels=fer2013", "--set", "model.path=a.json"],
        78,
        ["[model] path and labels = fer2013", "leave one"],
    ),
    "no such labels set": (["--set", "model.labels=x"], 78, ["model.labels", "ferplus, fer2013"]),
    "model without a card": (["--model", "lonely.tflite"], 78, ["lonely.tflite", "edge-convert"]),
    "card of nothing": (["--model", "card.json"], 78, ["card.json", "edge-convert"]),
}


@pytest.mark.parametrize(("arguments", "code", "said"), CASES.values(), ids=CASES)
def test_bad_input_is_one_line_that_helps(arguments, code, said, here, capsys, monkeypatch):
    monkeypatch.chdir(here)
    # a usage error ends like argparse's do
    try:
        ended = main([*arguments, "--json"])
    except SystemExit as exit_:
        ended = exit_.code
    assert ended == code
    line = capsys.readouterr().err
    assert line.startswith("edge-run: error: ")
    assert line.count("\n") == 1
    for part in said:
        assert part in line


@pytest.mark.parametrize(
    "case",
    [
        "cut picture",
        "pipe",
        "bomb",
        "no such camera",
        "text as clip",
        "unknown flag",
        "7 in a file",
    ],
)
def test_the_installed_command_says_nothing_more_than_the_line(case, here):
    """In a process of its own, where C libraries would be heard as well."""
    arguments, code, said = CASES[case]
    ended = subprocess.run(
        [EDGE_RUN, *arguments, "--json"],
        cwd=here,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == code
    assert ended.stderr.startswith("edge-run: error: ")
    assert ended.stderr.count("\n") == 1
    assert all(part in ended.stderr for part in said)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 3000), (3000, 1), (2, 2), (23, 23), (24, 5000)], ids=str
)
def test_a_picture_of_an_odd_size_is_read(size, tmp_path, capsys):
    height, width = size
    path = tmp_path / "odd.png"
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))
    assert main(["--image", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["width"], told["height"], told["faces"]) == (width, height, [])


def test_one_bad_picture_does_not_cost_the_others(here, tmp_path, capsys):
    for name in ("b-text.jpg", "d-empty.jpg"):
        shutil.copy(here / f"{name[2:]}", tmp_path / name)
    for name in ("a.png", "c.png", "e.png"):
        cv2.imwrite(str(tmp_path / name), np.full((40, 40), 90, np.uint8))
    assert main(["--image", str(tmp_path), "none.jpg", "--json"]) == 65, "of the first that failed"
    told = capsys.readouterr()
    read = [Path(json.loads(line)["image"]).name for line in told.out.splitlines()]
    assert read == ["a.png", "c.png", "e.png"]
    said = told.err.splitlines()
    assert len(said) == 3
    for line, name in zip(said, ("b-text.jpg", "d-empty.jpg", "none.jpg"), strict=True):
        assert line.startswith("edge-run: error: ")
        assert name in line


def test_a_model_whose_hash_is_wrong_is_refused(tmp_path, capsys):
    for name in ("emotion-int8.tflite", DEFAULT_CARD.name):
        shutil.copy(MODELS / name, tmp_path / name)
    model = tmp_path / "emotion-int8.tflite"
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(content)
    for job in (["--image", "a.jpg"], ["--check-config"], ["--camera", "demo:"]):
        assert main([*job, "--model", str(model)]) == 78
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.count("\n") == 1
        for part in (str(model), "sha256 differs from emotion.json", "reinstall"):
            assert part in told.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_picture_without_permission(tmp_path, capsys):
    path = tmp_path / "secret.jpg"
    path.write_bytes(b"")
    path.chmod(0)
    assert main(["--image", str(path)]) == 65
    assert "permission" in capsys.readouterr().err
