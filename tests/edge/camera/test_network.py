"""Cameras on the network: a real stream from a real server on this machine, and what goes wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

import edge.camera.network
from edge.camera.network import NetworkCamera
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError

COUNT = 12


class Stream(BaseHTTPRequestHandler):
    """Motion JPEG, as cheap cameras send it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        for jpeg in self.server.pictures:
            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def address(frames) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stream) as server:
        server.pictures = [cv2.imencode(".jpg", gray)[1].tobytes() for gray in frames[:COUNT]]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}/video"
        server.shutdown()
        thread.join()


def test_a_stream_is_read_until_the_camera_stops(address, frames):
    camera = NetworkCamera(f"http://{address}")
    assert camera.live
    read = [camera.read() for _ in range(COUNT)]
    with pytest.raises(CameraError, match="the stream ended or timed out; is the camera on"):
        camera.read()
    camera.close()
    camera.close()
    assert [frame.index for frame in read] == list(range(COUNT))
    stamps = [frame.timestamp for frame in read]
    assert stamps == sorted(stamps)
    for frame, sent in zip(read, frames, strict=False):
        assert np.abs(frame.gray.astype(int) - sent).mean() < 3


def test_the_password_opens_the_stream_and_is_not_in_its_name(address):
    camera = NetworkCamera(f"http://anna:secret@{address}")
    assert camera.name == f"http://anna:***@{address}"
    assert camera.read().gray.shape == (240, 320)
    camera.close()


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_closed_port_is_an_error_without_the_password(scheme):
    with pytest.raises(CameraError) as caught:
        NetworkCamera(f"{scheme}://anna:se@cret@127.0.0.1:9/live")
    assert str(caught.value) == (
        f"{scheme}://anna:***@127.0.0.1:9/live: cannot be opened; "
        "does the address answer in a video player on this machine?"
    )
    assert "cret" not in repr(caught.value.__cause__)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_camera_that_accepts_and_never_answers_is_given_up(scheme, monkeypatch):
    monkeypatch.setattr(edge.camera.network, "TIMEOUT_MS", 100)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(CameraError, match="cannot be opened"),
    ):
        NetworkCamera(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/live")


def test_a_camera_that_does_not_answer_is_unreachable_not_refused():
    with pytest.raises(CameraFault) as caught:
        NetworkCamera("rtsp://127.0.0.1:9/live")
    assert caught.value.state is CameraState.UNREACHABLE
