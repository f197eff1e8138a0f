"""The camera's view as a page for a browser on this machine; pictures live in memory only.

It listens on 127.0.0.1, and its address holds a token that is drawn anew each time: other users of
the machine cannot look in, nor can a web page that happens to know the port.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np

from edge.errors import UsageError
from edge.vision.face import Box, Gray
from train.collect.views import State, Wish, colour

HOST = "127.0.0.1"
LOCAL_NAMES = (HOST, "localhost")
WAIT = 2.0  # seconds that a request for the next frame is held
FAREWELL = 1.0  # seconds in which a page that is open gets to know that it is over
QUALITY = 80
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src blob:; connect-src 'self'; "
    "script-src 'self'; style-src 'self'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
}
ASSETS = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}


@dataclass(frozen=True)
class _Shown:
    number: int
    gray: Gray | None
    box: Box | None
    state: State | None


class Page:
    """A view in the browser: a picture, how far it is, Start, Stop and Undo.

    Args:
        port: To listen on; 0 for any that is free.

    Attributes:
        address: What to open; whoever knows it may look and press.
        watching: Requests that wait for a frame just now.

    Raises:
        UsageError: the port is taken or not to be had.
    """

    def __init__(self, port: int = 0) -> None:
        self._token = secrets.token_urlsafe(24)
        self._changed = threading.Condition()
        self._shown = _Shown(0, None, None, None)
        self._last_face: Gray | None = None
        self._wishes: list[Wish] = []
        self._ended = False
        self.watching = 0
        try:
            self._server = _Server((HOST, port), self)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"--port {port}: cannot listen there ({reason}); try 0") from error
        self.address = f"http://{HOST}:{self._server.server_address[1]}/{self._token}/"
        thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="page", daemon=True
        )
        thread.start()

    def show(self, gray: Gray, box: Box | None, face: Gray | None, state: State) -> None:
        """Hand the frame to whoever is looking."""
        with self._changed:
            self._last_face = face.copy() if face is not None else self._last_face
            self._shown = _Shown(self._shown.number + 1, gray, box, state)
            self._changed.notify_all()

    def wishes(self) -> list[Wish]:
        """The buttons pressed since the last call."""
        with self._changed:
            pressed, self._wishes = self._wishes, []
            return pressed

    def close(self) -> None:
        """Tell the page that it is over, stop listening and forget the pictures."""
        with self._changed:
            if self._ended:
                return
            self._ended = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.watching == 0, FAREWELL)
            self._shown, self._last_face = _Shown(0, None, None, None), None
        self._server.shutdown()
        self._server.server_close()

    def press(self, wish: Wish) -> None:
        """A button was pressed."""
        with self._changed:
            self._wishes.append(wish)
            if wish is Wish.UNDO:
                self._last_face = None

    def allows(self, token: str) -> bool:
        """Whether this is the token, compared in a time that tells nothing."""
        return secrets.compare_digest(token.encode(), self._token.encode())

    def next_frame(self, after: int) -> tuple[dict[str, object], bytes]:
        """State and JPEG of a frame later than number `after`, waiting a little for it."""
        with self._changed:
            self.watching += 1
            try:
                self._changed.wait_for(lambda: self._shown.number > after or self._ended, WAIT)
                shown, ended = self._shown, self._ended
            finally:
                self.watching -= 1
                self._changed.notify_all()
        told: dict[str, object] = {"number": shown.number, "ended": ended}
        if shown.gray is None or shown.state is None:
            return told, b""
        told |= asdict(shown.state)
        return told, _jpeg(_framed(shown.gray, shown.box, shown.state))

    def last_face(self) -> bytes:
        """JPEG of the face kept last; empty before the first."""
        with self._changed:
            face = self._last_face
        return b"" if face is None else _jpeg(face)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], page: Page) -> None:
        self.page = page
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is closed in the middle of an answer is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds: whoever connects and says nothing does not hold a thread

    def do_GET(self) -> None:
        """The page, its style and script, the next frame, the face kept last."""
        path = self._path_within()
        if path is None:
            return
        page = cast(_Server, self.server).page
        if path in ASSETS:
            name, kind = ASSETS[path]
            self._answer(files(__package__).joinpath(name).read_bytes(), kind)
        elif path == "frame":
            after = parse_qs(urlsplit(self.path).query).get("after", ["0"])[0]
            state, picture = page.next_frame(int(after) if after.isdecimal() else 0)
            self._answer(picture, "image/jpeg", {"X-State": json.dumps(state)})
        elif path == "last":
            self._answer(page.last_face(), "image/jpeg")
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """A button."""
        path = self._path_within()
        if path is None:
            return
        if path not in set(Wish):
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        cast(_Server, self.server).page.press(Wish(path))
        self._answer(b"", "text/plain")

    def _path_within(self) -> str | None:
        """What is asked for below the token; None, and 403, for whoever does not know it.

        A page elsewhere that has its own name resolve to 127.0.0.1 is told by the host it names.
        """
        _, token, *rest = urlsplit(self.path).path.split("/", 2)
        host = self.headers.get("Host", "").rpartition(":")[0]
        if host not in LOCAL_NAMES or not cast(_Server, self.server).page.allows(token):
            self._refuse(HTTPStatus.FORBIDDEN)
            return None
        if not rest:
            self._refuse(HTTPStatus.NOT_FOUND)
            return None
        return rest[0]

    def _answer(self, content: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        headers = {"Content-Type": kind, "Content-Length": str(len(content)), **HEADERS}
        for name, value in (headers | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: the lines would hold the token."""

    def version_string(self) -> str:
        """Name neither Python nor its version."""
        return "edge-train"


def _framed(gray: Gray, box: Box | None, state: State) -> Gray:
    picture = np.repeat(gray[:, :, None], 3, axis=2)
    if box is not None:
        corner = (box.x + box.w, box.y + box.h)
        bgr = colour(state)[::-1]
        cv2.rectangle(picture, (box.x, box.y), corner, bgr, max(2, gray.shape[1] // 200))
    return picture


def _jpeg(picture: Gray) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
