"""Opening pictures without trust: formats, orientation, damage, and web servers of every kind."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import example, given, settings
from hypothesis import strategies as st

import edge.fetch
import edge.pictures
from edge.errors import PictureError, PictureNotFoundError
from edge.pictures import SUFFIXES, find_pictures, read_faces, read_picture
from edge.vision.detect import Detector
from edge.vision.expression import load_model

ASTRONAUT = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
# wider than high, dark on the left: enough to see which way up it is
WEDGE = np.repeat(np.linspace(20, 220, 60).astype(np.uint8)[None, :, None], 30, 0).repeat(3, 2)


def encoded(suffix: str, picture: np.ndarray) -> bytes:
    return cv2.imencode(suffix, picture)[1].tobytes()


@pytest.fixture(scope="module")
def eyes():
    return Detector(), load_model()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_ending_that_is_promised_is_read(suffix, tmp_path):
    grey = suffix == ".pgm"
    path = tmp_path / f"wedge{suffix}"
    path.write_bytes(encoded(suffix, WEDGE[:, :, 0] if grey else WEDGE))
    read = read_picture(str(path))
    assert (read.shape, read.dtype) == (WEDGE.shape, np.uint8)
    assert np.abs(read.astype(int) - WEDGE).max() < 12


@pytest.mark.parametrize(
    "stored",
    [
        WEDGE.astype(np.uint16) * 257,
        WEDGE[:, :, 0],
        WEDGE[:, :, 0].astype(np.uint16) * 257,
        np.dstack([WEDGE, np.full(WEDGE.shape[:2], 128, np.uint8)]),
    ],
    ids=["16 bit", "grey", "16-bit grey", "alpha"],
)
def test_every_depth_of_png_becomes_8_bit_colour(stored, tmp_path):
    path = tmp_path / "wedge.png"
    path.write_bytes(encoded(".png", stored))
    read = read_picture(str(path))
    assert (read.shape, read.dtype) == (WEDGE.shape, np.uint8)
    assert np.abs(read.astype(int) - WEDGE).max() <= 1


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF block that says how the camera was held."""
    tag = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0\x2a" + struct.pack(">IH", 8, 1) + tag + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


TURNS = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}


@pytest.mark.parametrize("orientation", [1, *TURNS])
def test_a_photograph_is_turned_the_way_the_camera_was_held(orientation, tmp_path):
    path = tmp_path / "held.jpg"
    path.write_bytes(with_orientation(encoded(".jpg", WEDGE), orientation))
    upright = cv2.rotate(WEDGE, TURNS[orientation]) if orientation in TURNS else WEDGE
    read = read_picture(str(path))
    assert read.shape == upright.shape
    assert np.abs(read.astype(int) - upright).max() < 12


@pytest.mark.parametrize(
    "name", ["Größe 猫.png", "two  spaces.png", "-dash.png", "100%.png", "a:b.png"]
)
def test_a_file_may_be_called_anything(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(encoded(".png", WEDGE))
    assert list(find_pictures(name)) == [name]
    assert read_picture(name).shape == WEDGE.shape


def test_what_the_content_is_counts_and_not_its_name(tmp_path):
    path = tmp_path / "png.jpg"
    path.write_bytes(encoded(".png", WEDGE))
    assert np.array_equal(read_picture(str(path)), WEDGE)


@pytest.mark.parametrize("suffix", [".pam", ".hdr"])
def test_a_format_whose_size_cannot_be_told_beforehand_is_refused(suffix, tmp_path):
    """It could be a bomb."""
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(encoded(suffix, WEDGE.astype(np.float32) if suffix == ".hdr" else WEDGE))
    with pytest.raises(PictureError, match="are read"):
        read_picture(str(path))


def test_a_file_of_too_many_bytes_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "long.png"
    path.write_bytes(encoded(".png", WEDGE))
    monkeypatch.setattr(edge.pictures, "MAX_BYTES", path.stat().st_size)
    assert read_picture(str(path)).shape == WEDGE.shape
    monkeypatch.setattr(edge.pictures, "MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(PictureError, match="make it smaller"):
        read_picture(str(path))


def test_a_chunk_that_claims_gigabytes_is_not_allotted_them(tmp_path):
    """In a process of its own, so that its highest use of memory can be told."""
    path = tmp_path / "claims.png"
    content = encoded(".png", WEDGE)
    place = content.index(b"IDAT") - 4
    path.write_bytes(content[:place] + b"\x7f\xff\xff\xf0" + content[place + 4 :])
    program = """if True:
        import sys
        from pathlib import Path
        from edge.errors import PictureError
        from edge.pictures import read_picture
        try:
            read_picture(sys.argv[1])
        except PictureError:
            print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
        """
    told = subprocess.check_output([sys.executable, "-c", program, path], text=True, timeout=60)
    assert int(told) < 1_000_000, "kB; Python and OpenCV need about a tenth of that"


@pytest.mark.parametrize(
    "picture",
    [ASTRONAUT, cv2.resize(ASTRONAUT, (2048, 2048)), ASTRONAUT[70:160, 180:270].copy()],
    ids=["as it is", "larger than is searched", "nothing but the face"],
)
def test_faces_lie_inside_the_picture_largest_first(picture, eyes):
    boxes = [face.box for face in read_faces(picture, *eyes)]
    height, width = picture.shape[:2]
    assert boxes
    assert boxes == [box.clipped(width, height) for box in boxes]
    assert boxes == sorted(boxes, key=lambda box: -box.area)
    assert all(box.area > 0 for box in boxes)


def test_a_picture_without_a_face_has_none(eyes):
    assert read_faces(cv2.cvtColor(skimage.data.coffee(), cv2.COLOR_RGB2BGR), *eyes) == []


PNG, JPEG = encoded(".png", WEDGE), encoded(".jpg", WEDGE)


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(b"BM")
@example(b"GIF89a")
@example(b"<?xml version='1.0'?><svg/>")
@example(b"P6 1 1 255 \0\0\0")
def test_random_bytes_are_a_picture_or_an_error(content):
    outcome(content)


@settings(deadline=None)
@given(st.sampled_from([PNG, JPEG]), st.data())
def test_a_damaged_picture_is_a_picture_or_an_error(whole, data):
    content = bytearray(whole[: data.draw(st.integers(1, len(whole)), "length")])
    for _ in range(data.draw(st.integers(0, 8), "changes")):
        content[data.draw(st.integers(0, len(content) - 1), "place")] = data.draw(
            st.integers(0, 255)
        )
    outcome(bytes(content))


def outcome(content: bytes) -> None:
    with suppress(PictureError):
        picture = edge.pictures._decoded(content, "fuzz")
        assert (picture.ndim, picture.shape[2], picture.dtype) == (3, 3, np.uint8)


# path: status, headers, body
ANSWERS = {
    "/good": (200, {"Content-Length": str(len(PNG))}, PNG),
    "/breaks-off": (200, {"Content-Length": str(len(PNG))}, PNG[:50]),
    "/nothing": (200, {"Content-Length": "0"}, b""),
    "/page": (200, {}, b"<html>Please log in</html>"),
    "/missing": (404, {}, b""),
    "/broken": (500, {}, b""),
    "/moved": (302, {"Location": "/good"}, b""),
    "/round": (302, {"Location": "/round"}, b""),
    "/to-ftp": (302, {"Location": "ftp://127.0.0.1:9/a.png"}, b""),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/gibberish":
            self.wfile.write(b"\0\1\2 what?\r\n\r\n")
        elif self.path == "/to-file":
            self.answer(302, {"Location": self.server.secret.as_uri()}, b"")
        elif self.path in ("/endless", "/drips"):
            self.answer(200, {}, b"")
            self.go_on(*{"/endless": (0, 65536), "/drips": (0.01, 1)}[self.path])
        else:
            self.answer(*ANSWERS[self.path])

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for header in headers.items():
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def go_on(self, pause: float, size: int) -> None:
        with suppress(OSError):
            while not self.server.over.wait(pause):
                self.wfile.write(bytes(size))

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def server(tmp_path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        web.over = threading.Event()
        web.secret = tmp_path / "secret.png"
        web.secret.write_bytes(PNG)
        thread = threading.Thread(target=web.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.over.set()
        web.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["good", "moved"])
def test_a_picture_is_read_from_the_web(path, server):
    assert list(find_pictures(f"{server}/{path}")) == [f"{server}/{path}"]
    assert np.array_equal(read_picture(f"{server}/{path}"), WEDGE)


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("missing", PictureNotFoundError, "answered 404 Not Found; check the address"),
        ("broken", PictureNotFoundError, "answered 500 Internal Server Error"),
        ("round", PictureNotFoundError, "302"),
        ("to-file", PictureNotFoundError, "file:"),
        ("to-ftp", PictureNotFoundError, "unknown url type: ftp"),
        ("breaks-off", PictureNotFoundError, "broke off after 50 of"),
        ("gibberish", PictureNotFoundError, "does not answer"),
        ("nothing", PictureError, "is empty"),
        ("page", PictureError, "is not a picture"),
        ("endless", PictureError, "is larger than"),
        ("drips", PictureNotFoundError, "not sent within 0.1 s"),
    ],
)
def test_a_bad_answer_is_an_error_that_names_the_address(path, error, said, server, monkeypatch):
    monkeypatch.setattr(edge.fetch, "DEADLINE", 0.1 if path == "drips" else 30)
    with pytest.raises(PictureError) as caught:
        read_picture(f"{server}/{path}")
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"{server}/{path}: ")
    assert said in str(caught.value)


def test_a_server_that_accepts_and_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(edge.fetch, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a.png"
        with pytest.raises(PictureNotFoundError, match=r"timed out.*check the address"):
            read_picture(address)
