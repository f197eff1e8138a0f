"""The page: only this machine, only with the token, nothing stored; pressed in a real browser."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from edge.camera.demo import DemoCamera
from edge.errors import UsageError
from edge.vision.detect import Detector
from edge.vision.face import Box
from train.collect.files import Folder
from train.collect.page import Page
from train.collect.run import collect
from train.collect.session import Session
from train.collect.views import State, Wish

GRAY = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))


@pytest.fixture
def page():
    with closing(Page()) as opened:
        yield opened


def ask(page: Page, path: str = "", method: str = "GET", **headers: str):
    """Status, headers and content for a path below the token."""
    address = urlsplit(page.address)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    with closing(connection):
        connection.request(method, address.path + path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def raw(page: Page, request: str) -> str:
    """The first line of the answer to a request written by hand."""
    address = urlsplit(page.address)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request.encode())
        return connection.makefile("rb").readline().decode()


def test_the_next_frame_with_its_state(page):
    state = State("angry", 3, 40, True, "blurred", just_kept=False)
    page.show(GRAY, Box(10, 10, 20, 20), None, state)
    status, headers, content = ask(page, "frame?after=0")
    told = json.loads(headers["X-State"])
    assert status == 200
    assert (told["label"], told["kept"], told["count"], told["note"]) == ("angry", 3, 40, "blurred")
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (48, 64, 3)
    assert picture.max(axis=2).astype(int).sum() > picture.min(axis=2).astype(int).sum()  # the box


def test_a_later_frame_is_waited_for(page):
    state = State("angry", 0, 1, True)
    page.show(GRAY, None, None, state)
    told = []
    asking = threading.Thread(target=lambda: told.append(ask(page, "frame?after=1")))
    asking.start()
    page.show(GRAY, None, None, state)
    asking.join(10)
    assert json.loads(told[0][1]["X-State"])["number"] == 2


def test_the_face_kept_last_until_it_is_taken_back(page):
    assert ask(page, "last")[2] == b""
    page.show(GRAY, None, GRAY[:30, :30], State("sad", 1, 2, True, just_kept=True))
    face = cv2.imdecode(np.frombuffer(ask(page, "last")[2], np.uint8), cv2.IMREAD_GRAYSCALE)
    assert face.shape == (30, 30)
    ask(page, "undo", "POST")
    assert ask(page, "last")[2] == b""


def test_buttons_become_wishes_in_their_order(page):
    for name in ("start", "undo", "stop", "end"):
        assert ask(page, name, "POST")[0] == 200
    assert page.wishes() == [Wish.START, Wish.UNDO, Wish.STOP, Wish.END]
    assert page.wishes() == []


@pytest.mark.parametrize("path", ["", "frame", "last", "page.js"])
def test_nothing_is_to_be_kept_or_embedded(page, path):
    page.show(GRAY, None, None, State("sad", 0, 2, True))
    status, headers, _ = ask(page, path)
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Python" not in headers["Server"]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/", "/wrong/", "/wrong/frame", "/wrong/start", "/\u00e9/", "//"])
def test_a_wrong_token_is_refused(page, method, path):
    page.show(GRAY, None, None, State("sad", 0, 2, True))
    request = f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:1\r\n\r\n"
    assert " 403 " in raw(page, request)
    assert page.wishes() == []


@pytest.mark.parametrize("host", ["evil.example:80", "evil.example", "", "127.0.0.1.evil:80"])
def test_another_name_for_this_machine_is_refused(page, host):
    assert ask(page, Host=host)[0] == 403
    assert ask(page, "start", "POST", Host=host)[0] == 403
    assert page.wishes() == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "start"), ("POST", "frame"), ("GET", "../page.py"), ("POST", "")]
)
def test_what_is_not_there(page, method, path):
    assert ask(page, path, method)[0] == 404


@pytest.mark.parametrize(
    ("error", "told"), [(BrokenPipeError, False), (ConnectionResetError, False), (ValueError, True)]
)
def test_a_browser_that_is_closed_is_no_error(page, capsys, error, told):
    try:
        raise error("while answering")
    except error:
        page._server.handle_error(None, ("127.0.0.1", 1))
    assert bool(capsys.readouterr().err) == told


def test_it_listens_on_this_machine_only(page):
    port = urlsplit(page.address).port
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    if not tables[0].exists():
        pytest.skip("no /proc/net/tcp to read what is listened on")
    text = "".join(table.read_text() for table in tables if table.exists())
    rows = [row.split() for row in text.splitlines()]
    listening = [row[1] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"]
    assert listening == [f"0100007F:{port:04X}"]  # 127.0.0.1


def test_a_port_that_is_taken_or_is_none(page):
    with pytest.raises(UsageError, match="--port"):
        Page(urlsplit(page.address).port)
    with pytest.raises(UsageError, match="--port 70000"):
        Page(70000)


def test_after_the_end_a_waiting_page_is_told_and_nobody_listens():
    page = Page()
    told = []
    asking = threading.Thread(target=lambda: told.append(ask(page, "frame?after=9")))
    asking.start()
    while not page.watching:
        os.sched_yield()
    page.close()
    page.close()
    asking.join(10)
    assert json.loads(told[0][1]["X-State"])["ended"]
    with pytest.raises(OSError, match="refused"):
        ask(page)


def test_each_start_draws_another_token(page):
    with closing(Page()) as other:
        assert urlsplit(other.address).path != urlsplit(page.address).path
    assert len(urlsplit(page.address).path) > 30


# The protocol is spoken on these two; duplicates first, as one may be the other's number.
ON_3_AND_4 = """
import os, sys
there, back = (os.dup(os.dup(int(number))) for number in sys.argv[1:3])
os.dup2(there, 3)
os.dup2(back, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """Chromium without a window, driven over a pipe with its debugging protocol."""

    def __init__(self, binary: str, profile: Path) -> None:
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        command = [binary, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += ["--disable-background-networking", f"--user-data-dir={profile}"]
        command += ["--remote-debugging-pipe", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", ON_3_AND_4, str(read_in), str(write_out), *command],
            pass_fds=(read_in, write_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_in)
        os.close(write_out)
        self._to, self._from = os.fdopen(write_in, "wb"), os.fdopen(read_out, "rb")
        self._numbers = itertools.count(1)
        self._session: dict[str, str] = {}

    def attach(self) -> None:
        """Turn to the one tab there is."""
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    def call(self, method: str, **parameters: object):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters, **self._session}
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while (answer := json.loads(self._message())).get("id") != number:
            pass
        return answer["result"]

    def _message(self) -> bytes:
        parts = iter(lambda: self._from.read(1), b"\0")
        return b"".join(itertools.takewhile(bool, parts))

    def until(self, condition: str) -> str:
        """Wait in the page until the condition holds; the page's text then."""
        script = (
            "new Promise((done, late) => { const look = () => { if (" + condition + ") "
            "done(document.body.innerText); else setTimeout(look, 20); }; look(); "
            "setTimeout(() => late(document.body.innerText), 30000); })"
        )
        told = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in told, f"never: {condition}: {told}"
        return told["result"]["value"]

    def press(self, button: str) -> None:
        self.call("Runtime.evaluate", expression=f"document.getElementById('{button}').click()")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()


@pytest.fixture
def browser(tmp_path):
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        pytest.skip("no chromium on this machine to press the buttons of the page with")
    with closing(Browser(binary, tmp_path / "profile")) as opened:
        opened.attach()
        yield opened


@contextmanager
def collecting(page: Page, session: Session, out: Path):
    camera = DemoCamera("angry?pace=off&loop=on")
    folder = Folder(out, "angry", datetime.now())

    def run() -> None:
        collect(camera, Detector(), session, folder, page, delay=0)
        page.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        page.press(Wish.END)
        thread.join(30)


def test_start_stop_undo_and_finish_in_a_browser(page, browser, tmp_path):
    session = Session(count=10_000, running=False)
    out = tmp_path / "set"
    with collecting(page, session, out) as thread:
        browser.call("Page.navigate", url=page.address)
        text = browser.until("document.getElementById('label')?.textContent === 'angry'")
        assert "stopped: press Start" in text
        assert not out.exists()
        browser.press("toggle")
        browser.until("parseInt(document.getElementById('done').textContent) >= 2")
        browser.until("document.getElementById('view').naturalWidth === 640")
        browser.press("toggle")
        browser.until("document.getElementById('toggle').textContent === 'Start'")
        kept = session.kept
        assert len(list((out / "angry").iterdir())) == kept
        browser.press("undo")
        browser.until(f"document.getElementById('done').textContent.startsWith('{kept - 1} of')")
        assert len(list((out / "angry").iterdir())) == session.kept == kept - 1
        browser.press("end")
        text = browser.until("document.getElementById('toggle').disabled")
        assert "The command has ended" in text
        thread.join(30)
        assert not thread.is_alive()
