"""The service for real, alert and all: whatever it writes or sends, no picture is among it.

Once under Python's audit hook, which sees every file opened and every address called; and, where
strace is installed, once with every byte that leaves the process, whoever in it sends them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue

import cv2
import numpy as np
import pytest

from edge.camera.demo import DemoCamera
from edge.snapshots import OURS
from edge.vision.detect import Detector

PATIENCE = 120  # seconds; a safety net, not a promise
SCENE, SIZE = "angry?loop=on", (640, 480)
RUN = 32  # bytes: 64 in a row of a frame hold one of its aligned pieces of 32
COMMAND = "import sys; from edge.cli import main; sys.exit(main(sys.argv[1:]))"
# Reports each file opened to be written and each address; sqlite3 opens its files itself.
AUDITED = (
    """
import os, sys
told = os.open(os.environ["TOLD"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) or set(mode or "") & set("wax+")
        if writes and path != os.devnull:
            os.write(told, f"open {os.fspath(path)}\\n".encode())
    elif event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        os.write(told, f"call {arguments[1]}\\n".encode())
    elif event in {"os.mkdir", "os.rename", "sqlite3.connect", "subprocess.Popen", "os.system"}:
        os.write(told, f"{event} {arguments[0]}\\n".encode())

sys.addaudithook(watch)
"""
    + COMMAND
)
CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,"
    "symlinkat,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,connect,mmap,"
    "sendfile,splice,tee,vmsplice,copy_file_range,io_uring_setup,memfd_create,execve"
)
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"WEBPVP8", b"/9j/", b"iVBORw0KGgo", b"UklGR")
LONG_WORD = re.compile(rb"[A-Za-z0-9+/]{86,}")  # base64 of 64 bytes


@dataclass
class Ran:
    """One run of the service.

    Attributes:
        folder: Its state.
        bodies: What the webhook was sent.
        told: What the supervisor was told.
        log: Its stderr.
        trace: What was traced.
    """

    folder: Path
    bodies: list[bytes] = field(default_factory=list)
    told: list[bytes] = field(default_factory=list)
    log: str = ""
    trace: str = ""
    server: int = 0
    broker: int = 0


@contextmanager
def webhook(bodies: SimpleQueue[bytes]) -> Iterator[int]:
    """A server that takes everything; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """A real mosquitto, if there is one; its port, else 0."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        yield 0
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    process = subprocess.Popen(
        [program, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def manager(folder: Path, told: list[bytes]) -> Iterator[Path]:
    """A socket as systemd gives one for notifications."""
    path = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        yield path
        listening.setblocking(False)
        while True:
            try:
                told.append(listening.recv(65536))
            except BlockingIOError:
                return


def configuration(ran: Ran, snapshots: bool) -> str:
    text = f"""
        [camera]
        source = "demo:{SCENE}"
        [rules.anger]
        seconds = 0.5
        on = 0.05
        off = 0.01
        [health]
        listen = "127.0.0.1:0"
        [outbox]
        path = "{ran.folder}/outbox.sqlite3"
        [snapshots]
        enabled = {str(snapshots).lower()}
        [sinks.desk]
        type = "webhook"
        url = "http://127.0.0.1:{ran.server}/alert"
    """
    if ran.broker:
        text += f'[sinks.house]\ntype = "mqtt"\nhost = "127.0.0.1"\nport = {ran.broker}\n'
    return text


def run(base: Path, snapshots: bool, command: Callable[[Path], list[str]]) -> Ran:
    """Run the service until it has raised and resolved an alert and ended as told.

    Args:
        command: From the file that the trace goes to, the words before `edge-run`'s own.
    """
    ran = Ran(base / "state")
    ran.folder.mkdir()
    (base / "home").mkdir()
    bodies: SimpleQueue[bytes] = SimpleQueue()
    config, trace, log = base / "config.toml", base / "trace", base / "log"
    with webhook(bodies) as ran.server, broker(base) as ran.broker, manager(base, ran.told) as path:
        config.write_text(configuration(ran, snapshots))
        places = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
        env = {"PATH": os.environ["PATH"], "TOLD": str(trace), "NOTIFY_SOCKET": str(path)}
        env |= dict.fromkeys(places, str(base / "home")) | {"PYTHONDONTWRITEBYTECODE": "1"}
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [*command(trace), "--config", str(config), "--service"],
                cwd=base / "home",
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
        try:
            ran.bodies.append(bodies.get(timeout=PATIENCE))
            os.killpg(process.pid, signal.SIGTERM)
            assert process.wait(PATIENCE) == 0, log.read_text()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    while not bodies.empty():
        ran.bodies.append(bodies.get())
    ran.log, ran.trace = log.read_text(), trace.read_text()
    return ran


# what a picture looks like among bytes


def pieces(rows: np.ndarray) -> np.ndarray:
    """A number for each piece of `RUN` bytes, (n, RUN) uint8; flat ones, as of zeros, left out."""
    busy = rows[(np.diff(np.sort(rows, axis=1), axis=1) > 0).sum(axis=1) >= 8]
    words = np.ascontiguousarray(busy).view(np.uint64)
    factors = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
    return (words * factors).sum(axis=1, dtype=np.uint64)


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """Whatever the camera can have shown."""
    camera = DemoCamera(SCENE.replace("?", "?pace=off&"), *SIZE)
    return [camera.read().gray for _ in range(280)]


@pytest.fixture(scope="module")
def shown(frames) -> np.ndarray:
    return np.unique(np.concatenate([pieces(frame.reshape(-1, RUN)) for frame in frames]))


def holds_pixels(content: bytes, shown: np.ndarray) -> bool:
    """Whether 64 bytes of a row of any frame are in there."""
    if len(content) < RUN:
        return False
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(content, np.uint8), RUN)
    found = pieces(windows)
    places = np.minimum(np.searchsorted(shown, found), len(shown) - 1)
    return bool((shown[places] == found).any())


def looks_like_a_picture(content: bytes) -> bool:
    return any(magic in content for magic in MAGIC) or LONG_WORD.search(content) is not None


def test_pixels_would_be_found_wherever_they_lie(frames, shown):
    row = frames[37][200].tobytes()
    assert holds_pixels(b"before" + row[5:69] + b"after", shown)
    assert holds_pixels(row[-64:], shown)
    assert not holds_pixels(bytes(range(256)) + b"a sentence about a visitor" * 9, shown)
    assert not holds_pixels(b"short", shown)
    assert looks_like_a_picture(cv2.imencode(".jpg", frames[37])[1].tobytes())
    assert looks_like_a_picture(b'{"picture": "' + b"QUJD" * 30 + b'"}')
    assert not looks_like_a_picture(b'{"id":"e37e91b1d6654949804e596702b05130"}')


# under the audit hook


@pytest.fixture(scope="module", params=[False, True], ids=["", "snapshots"])
def audited(request, tmp_path_factory) -> tuple[bool, Ran]:
    base = tmp_path_factory.mktemp("audited")
    return request.param, run(base, request.param, lambda _: [sys.executable, "-c", AUDITED])


def test_only_the_outbox_is_opened_and_only_the_sinks_are_called(audited):
    snapshots, ran = audited
    state = str(ran.folder)
    seen = set(ran.trace.splitlines())
    opened = {line.split(" ", 1)[1] for line in seen if line.startswith(("open ", "sqlite3"))}
    kept = {path for path in opened if path.startswith(f"{state}/snapshots/")}
    assert opened - kept <= {f"{state}/outbox.sqlite3", f"{state}/outbox.sqlite3.lock"}
    assert f"{state}/outbox.sqlite3" in opened
    assert bool(kept) is snapshots
    called = {line for line in seen if line.startswith("call ")}
    # also itself, by which MQTT's thread is woken
    assert all("('127.0.0.1', " in line or "notify" in line for line in called), called
    assert any(str(ran.server) in line for line in called)
    others = {line for line in seen if not line.startswith(("open ", "call ", "sqlite3"))}
    made = {f"os.mkdir {state}/snapshots"} if snapshots else set()
    renamed = {line for line in others if line.startswith(f"os.rename {state}/snapshots/")}
    assert bool(renamed) is snapshots
    assert others - renamed - {f"os.mkdir {state}"} == made


def test_what_lies_in_the_folder_and_was_sent_holds_no_pixels(audited, shown):
    snapshots, ran = audited
    files = [path for path in ran.folder.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} <= {"state", *(["snapshots"] * snapshots)}
    sent = [*ran.bodies, *ran.told, ran.log.encode()]
    assert {json.loads(body)["kind"] for body in ran.bodies} == {"firing", "resolved"}
    assert any(b"READY=1" in one for one in ran.told)
    for content in [*sent, *(path.read_bytes() for path in files if path.suffix != ".jpg")]:
        assert not holds_pixels(content, shown)
        assert not looks_like_a_picture(content)


def test_snapshots_are_kept_where_asked_for_and_show_nobody(audited, shown):
    snapshots, ran = audited
    kept = list((ran.folder / "snapshots").glob("*"))
    assert bool(kept) is snapshots
    for path in kept:
        assert OURS.fullmatch(path.name)
        assert path.stat().st_mode & 0o077 == 0
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        assert picture.shape == SIZE[::-1]
        assert Detector().thorough(picture) == []
        assert not holds_pixels(picture.tobytes(), shown)
    assert (ran.folder / "snapshots").exists() is snapshots


# every byte


@pytest.fixture(scope="module")
def traced(tmp_path_factory) -> Ran:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    can = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False)
    if can.returncode:
        pytest.skip("strace is not allowed to trace here")
    strace = (
        "strace",
        "-f",
        "-y",
        "-xx",
        "-s",
        "16000000",
        "--seccomp-bpf",
        "-e",
        f"trace={CALLS}",
    )
    return run(
        tmp_path_factory.mktemp("traced"),
        False,
        lambda trace: [*strace, "-o", str(trace), sys.executable, "-c", COMMAND],
    )


def strings(line: str) -> list[bytes]:
    """What a traced call was given, as bytes."""
    return [bytes.fromhex(one.replace("\\x", "")) for one in re.findall(r'"((?:\\x..)*)"', line)]


def paths(line: str) -> str:
    """The line with the names of files as they are."""
    return re.sub(r"\\x(..)", lambda found: chr(int(found[1], 16)), line)


def test_every_byte_that_left_the_process_is_seen(traced):
    written = b"".join(one for line in traced.trace.splitlines() for one in strings(line))
    for body in traced.bodies:
        assert body in written, "the trace holds what the webhook was sent"
    assert b"SQLite format 3" in written
    assert '"...' not in traced.trace, "nothing was cut short"


def test_no_byte_that_left_the_process_is_of_a_picture(traced, shown):
    for line in traced.trace.splitlines():
        content = b"|".join(strings(line))
        assert not holds_pixels(content, shown), paths(line)[:200]
        assert not looks_like_a_picture(content), paths(line)[:200]


def test_only_the_outbox_is_opened_to_be_written(traced):
    allowed = re.compile(
        rf"{re.escape(str(traced.folder))}/outbox\.sqlite3(\.lock|-wal|-shm|-journal)?"
    )
    opened = set()
    for line in traced.trace.splitlines():
        if re.search(r"\bopen(at2?)?\(|\bcreat\(", line) and re.search(
            r"O_WRONLY|O_RDWR|O_CREAT|creat\(", line
        ):
            opened.add(strings(line)[0].decode())
    assert {path for path in opened if not allowed.fullmatch(path)} <= {os.devnull}
    assert any(path.endswith("outbox.sqlite3") for path in opened)


def test_no_other_way_out_is_taken(traced):
    """Nothing is copied inside the kernel, mapped to be written elsewhere, or run."""
    ways = "sendfile|splice|tee|vmsplice|copy_file_range|io_uring_setup|rename|link|symlink"
    for line in map(paths, traced.trace.splitlines()):
        assert not re.search(rf"^\d+ +({ways}|renameat2?|linkat|symlinkat)\(", line), line
        if re.search(r" mkdir(at)?\(", line):
            assert f'"{traced.folder}"' in line, line
        if "mmap(" in line and "MAP_SHARED" in line and "PROT_WRITE" in line:
            assert "outbox.sqlite3-shm" in line, line
    ran = [line for line in traced.trace.splitlines() if " execve(" in line]
    assert len(ran) == 1, ran


def test_only_the_sinks_and_the_manager_are_called(traced):
    called = [line for line in map(paths, traced.trace.splitlines()) if " connect(" in line]
    assert any(f"htons({traced.server})" in line for line in called)
    for line in called:  # also itself, by which MQTT's thread is woken
        assert 'inet_addr("127.0.0.1")' in line or "/notify" in line, line
