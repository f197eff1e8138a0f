"""No picture leaves the device: nothing is written, nothing is sent, no password is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import skimage.data

from edge.cli import main
from edge.message import one_line, without_password

# Reports, on stderr, every file opened to be written and every connection made.
AUDITED = """
import os, sys

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or set(mode or "") & set("wax+")
        if writes and path != os.devnull:
            os.write(2, f"WRITE {path!r}\\n".encode())
    elif event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.bind",
                   "os.mkdir", "os.rename", "subprocess.Popen", "os.system", "sqlite3.connect"}:
        os.write(2, f"{event} {arguments!r}\\n".encode())

sys.dont_write_bytecode = True
sys.addaudithook(watch)
from edge.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def empty_home(tmp_path) -> dict[str, str]:
    """An environment whose every place to write to lies in one empty folder.

    It holds nothing else, so that what is kept quiet is kept quiet by the product: libraries send
    no telemetry where a variable says that this is a test.
    """
    home = tmp_path / "home"
    home.mkdir()
    places = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    return {"PATH": os.environ["PATH"]} | dict.fromkeys(places, str(home))


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "astronaut.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR))
    return path


def audited(*arguments: object, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AUDITED, *map(str, arguments)],
        cwd=env["HOME"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


EAGER = ("--set=rules.anger.seconds=0.5", "--set=rules.anger.on=0.05", "--set=rules.anger.off=0.01")


@pytest.mark.parametrize("runtime", ["litert", "onnx"])
def test_pictures_are_read_and_nothing_is_written_or_sent(runtime, photo, empty_home):
    ended = audited("--image", photo, "--json", "--runtime", runtime, env=empty_home)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["faces"]
    assert list(Path(empty_home["HOME"]).rglob("*")) == []


@pytest.mark.parametrize("form", [["--json"], []], ids=["json", "lines"])
def test_an_alert_is_raised_and_nothing_is_written_or_sent(form, empty_home):
    ended = audited("--camera", "demo:angry?pace=off", *form, *EAGER, env=empty_home)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "firing" in ended.stdout or "ALERT" in ended.stdout
    assert list(Path(empty_home["HOME"]).rglob("*")) == []


def test_the_self_test_writes_and_sends_nothing(golden_card, empty_home):
    ended = audited("--self-test", "--model", golden_card(), "--json", env=empty_home)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {json.loads(line)["state"] for line in ended.stdout.splitlines()} <= {
        "ok",
        "not checked",
    }
    assert list(Path(empty_home["HOME"]).rglob("*")) == []


def test_the_audit_would_have_seen_it(photo, empty_home):
    """The tests above can fail."""
    ended = audited("--image", photo, "--annotate", "out", env=empty_home)
    assert ended.returncode == 0
    assert "WRITE" in ended.stderr
    ended = audited("--image", "http://127.0.0.1:9/a.jpg", env=empty_home)
    assert "socket.connect" in ended.stderr


def test_what_is_printed_holds_no_pixels(photo, capsys):
    """Numbers and names only; a base64 picture would be a long word."""
    assert main(["--image", str(photo), "--json"]) == 0
    assert main(["--camera", "demo:angry?pace=off", "--json", *EAGER]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert len(line) < 1000
        assert max(map(len, line.split(" "))) < 200


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://anna:secret@cam/1", "rtsp://anna:***@cam/1"),
        ("rtsp://anna:se@cret@cam:554/1", "rtsp://anna:***@cam:554/1"),
        ("rtsp://anna:se/cret@cam/1", "rtsp://anna:***@cam/1"),
        ("rtsp://anna@home:secret@cam/1", "rtsp://anna@home:***@cam/1"),
        ("rtsp://:secret@cam/1", "rtsp://:***@cam/1"),
        (
            "rtsp://cam/user=anna&password=secret&channel=1",
            "rtsp://cam/user=anna&password=***&channel=1",
        ),
        ("http://cam/video?usr=anna&pwd=secret", "http://cam/video?usr=anna&pwd=***"),
        ("rtsp://cam:554/live", "rtsp://cam:554/live"),
        ("rtsp://cam/live@home", "rtsp://cam/live@home"),
        ("demo:angry", "demo:angry"),
    ],
)
def test_a_password_is_masked_in_every_way_it_is_written(address, shown):
    assert without_password(address) == shown
    told = one_line(f"{address}: cannot be opened; try again")
    assert told == f"{shown}: cannot be opened; try again"


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://anna:secret@127.0.0.1:9/live",
        "rtsp://anna:@secret@127.0.0.1:9/live",
        "rtsp://127.0.0.1:9/user=anna&password=secret&channel=1",
        "http://anna:secret@127.0.0.1:9/video",
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [
        ["--camera", "ADDRESS", "--json"],
        ["--camera", "ADDRESS", "--verbose"],
        ["--set", "camera.source=ADDRESS"],
        ["--set", "camera.source=ADDRESS", "--check-config"],
        ["--set", "camera.source=ADDRESS", "--print-config"],
        ["--set", "camera.source=['ADDRESS']"],
        ["--set", "ADDRESS"],
        ["--image", "ADDRESS"],
        ["ADDRESS"],
    ],
    ids=["camera", "verbose", "set", "check", "print", "list", "no key", "image", "no flag"],
)
def test_a_password_is_never_printed(address, arguments, capfd):
    arguments = [part.replace("ADDRESS", address) for part in arguments]
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    told = capfd.readouterr()
    assert code in {0, 64, 66, 65, 69, 78}
    assert told.out + told.err
    if arguments[0] != "--image" or "anna:" in address:
        assert "secret" not in told.out + told.err
    assert "Traceback" not in told.err


def test_a_password_in_the_configuration_file_is_never_printed(tmp_path, capfd):
    config = tmp_path / "config.toml"
    config.write_text('[camera]\nsource = "rtsp://anna:secret@127.0.0.1:9/live"\n')
    for job in ([], ["--check-config"], ["--print-config"], ["--set", "rules.anger.on=7"]):
        main(["--config", str(config), *job])
    config.write_text('[camera]\nsource = ["rtsp://anna:secret@127.0.0.1:9/live"]\n')
    assert main(["--config", str(config)]) == 78
    told = capfd.readouterr()
    assert "anna" in told.err
    assert "secret" not in told.out + told.err
