"""Raspberry Pi cameras, on a stand-in for picamera2 and, where there is one, on the real thing."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.camera import picamera
from edge.camera.open import open_camera
from edge.camera.pi_device import BUFFERS
from edge.camera.pi_library import find, load
from edge.camera.picamera import OPENINGS, REOPENS, PicameraCamera
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError

PATIENCE = 30  # seconds; a safety net, not a promise
SILENCE, BAD, LATE = "no frame comes in time", "a damaged frame", "it comes after the time-out"


@pytest.fixture
def hurried(monkeypatch) -> None:
    """Give up soon on what never comes."""
    monkeypatch.setattr(picamera, "STOP", 0.05)
    monkeypatch.setattr(picamera, "OPEN", 0.05)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a Path would open one more


# the contract of every camera: the same tests on the stand-in and on a Raspberry Pi


@pytest.fixture(params=["stand-in", "picamera2"])
def opened(request) -> Iterator[type[PicameraCamera]]:
    """Opens a camera; it is closed in the end."""
    if request.param == "stand-in":
        request.getfixturevalue("pi")
    else:
        module = pytest.importorskip("picamera2", reason="picamera2 is not installed")
        if not module.Picamera2.global_camera_info():
            pytest.skip("no Raspberry Pi camera is there")
    cameras = []

    def opened(*arguments: object) -> PicameraCamera:
        cameras.append(PicameraCamera(*arguments))
        return cameras[-1]

    yield opened
    for camera in cameras:
        camera.close()


# 704 and 456 are padded, to 768 and 512
@pytest.mark.parametrize("size", [(640, 480), (704, 576), (456, 342), (320, 240)])
def test_frames_are_grey_of_the_size_asked_for_and_in_order(opened, size):
    camera = opened("", *size, 10.0)
    frames = [camera.read() for _ in range(8)]
    assert [frame.gray.shape for frame in frames] == [(size[1], size[0])] * 8
    assert {frame.gray.dtype for frame in frames} == {np.dtype(np.uint8)}
    assert [frame.index for frame in frames] == list(range(8))
    times = [frame.timestamp for frame in frames]
    assert times == sorted(times)


def test_a_frame_stays_as_it_was_when_the_next_ones_come(opened):
    camera = opened()
    first = camera.read().gray
    before = first.copy()
    for _ in range(2 * BUFFERS):
        assert not np.shares_memory(first, camera.read().gray)
    assert np.array_equal(first, before)
    assert first.flags["OWNDATA"] or first.base.flags["OWNDATA"]


def test_closed_it_is_free_for_others_and_may_be_closed_again(opened):
    camera = opened()
    camera.read()
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match="is closed"):
        camera.read()
    other = opened("0")
    assert other.read().index == 0


def test_a_camera_in_use_is_refused_in_words(opened):
    opened()
    with pytest.raises(CameraError, match="is another program using it"):
        opened()


def test_it_is_live_and_named_as_it_was_asked_for(opened):
    camera = opened("0")
    assert camera.live
    assert camera.name == "picamera:0"


# what the stand-in lets us see


def test_the_pixels_are_those_of_the_frame_without_the_padding(pi):
    camera = open_camera("picamera:", 704, 576)
    assert isinstance(camera, PicameraCamera)
    for index in range(5):
        assert np.array_equal(camera.read().gray, pi.given[index])
    assert pi.devices[0].camera_config["main"]["stride"] == 768


def test_an_odd_size_is_made_even(pi):
    assert PicameraCamera("", 321, 241).read().gray.shape == (240, 320)
    assert len(pi.given) == 1


def test_every_request_is_released_and_no_more_are_out_than_one(pi):
    camera = PicameraCamera()
    for _ in range(100):
        camera.read()
    assert (pi.held, pi.most_held) == (0, 1)
    assert len(pi.devices[0]._free) == BUFFERS


def test_little_memory_is_asked_for_and_the_frames_wanted(pi):
    PicameraCamera("", 640, 480, 8.0)
    config = pi.devices[0].camera_config
    assert config["main"]["format"] == "YUV420"
    assert config["lores"] is None
    assert config["raw"] is None
    assert config["buffer_count"] == BUFFERS
    assert config["queue"] is False
    assert config["controls"] == {"FrameDurationLimits": (125000, 125000)}, (
        "exposure stays automatic"
    )
    assert config["sensor"] == {"output_size": (2304, 1296)}, "all that the sensor sees"


def test_a_frame_larger_than_half_the_sensor_has_all_of_it_read_out(pi):
    PicameraCamera("", 2592, 1944)
    assert pi.devices[0].camera_config["sensor"] == {"output_size": (4608, 2592)}


def test_a_frame_is_waited_for_three_times_as_long_as_it_takes(pi):
    for fps in (10.0, 0.5):
        camera = PicameraCamera("", 64, 64, fps)
        camera.read()
        camera.close()
    assert pi.waits == [2.0, 6.0]


def test_damaged_frames_are_passed_over(pi):
    camera = PicameraCamera()
    pi.script = [BAD, BAD, BAD]
    assert camera.read().index == 0
    assert len(pi.devices) == 1


# faults


@pytest.mark.parametrize("fault", [SILENCE, LATE])
def test_a_frame_that_does_not_come_is_answered_by_opening_anew(pi, fault):
    camera = PicameraCamera()
    camera.read()
    before = descriptors()
    pi.script, pi.calls = [fault], []
    frame = camera.read()
    assert frame.index == 1
    assert np.array_equal(frame.gray, pi.given[-1])
    assert pi.calls == [
        *("cancel_all_and_flush", "close", "stop"),
        *("global_camera_info", "open", "global_camera_info", "configure", "start"),
    ]
    assert [device.is_open for device in pi.devices] == [False, True]
    assert descriptors() == before


def test_a_camera_that_gives_nothing_anew_either_is_an_error(pi):
    camera = PicameraCamera()
    pi.script = [SILENCE, SILENCE]
    with pytest.raises(CameraFault, match="gives no frames, opened anew either; is its") as caught:
        camera.read()
    assert caught.value.state is CameraState.SILENT
    assert len(pi.devices) == 2


def test_a_camera_that_stops_again_and_again_is_not_opened_for_ever(pi):
    camera = PicameraCamera()
    for _ in range(REOPENS):
        pi.script = [SILENCE]
        camera.read()
    pi.script = [SILENCE]
    with pytest.raises(CameraError, match=f"has stopped {REOPENS + 1} times; is its cable loose"):
        camera.read()
    assert len(pi.devices) == 1 + REOPENS
    assert pi.owner is None
    with pytest.raises(CameraError, match="is closed"):
        camera.read()


def test_a_process_that_has_opened_it_too_often_is_to_be_replaced(pi):
    for _ in range(OPENINGS):
        PicameraCamera().close()
    with pytest.raises(CameraFault, match=f"was opened {OPENINGS} times; it takes a new") as caught:
        PicameraCamera()
    assert caught.value.state is CameraState.STUCK
    assert len(pi.devices) == OPENINGS


@pytest.mark.usefixtures("hurried")
def test_a_driver_that_does_not_let_go_is_left_behind(pi):
    camera = PicameraCamera()
    pi.hangs, pi.script = threading.Event(), [SILENCE]
    with pytest.raises(CameraFault, match="does not let go; it takes a new process") as caught:
        camera.read()
    assert caught.value.state is CameraState.STUCK
    camera.close()
    with pytest.raises(CameraFault, match="has not let go of it yet; it takes a new") as caught:
        PicameraCamera()
    assert caught.value.state is CameraState.STUCK, "not 'in use by another program'"
    (left,) = [thread for thread in threading.enumerate() if thread.name == "stop picamera"]
    assert left.daemon
    pi.hangs.set()
    left.join(PATIENCE)
    assert pi.owner is None
    assert PicameraCamera().read().index == 0, "once it has let go after all, the camera is free"


@pytest.mark.usefixtures("hurried")
def test_closing_waits_for_a_driver_no_longer_than_told(pi):
    camera = PicameraCamera()
    pi.hangs = threading.Event()
    camera.close()
    camera.close()
    (left,) = [thread for thread in threading.enumerate() if thread.name == "close picamera"]
    pi.hangs.set()
    left.join(PATIENCE)
    assert pi.owner is None


@pytest.mark.usefixtures("hurried")
def test_a_camera_that_opens_too_late_is_let_go_again(pi):
    pi.opening_hangs = threading.Event()
    with pytest.raises(CameraFault, match=r"picamera:: has not opened in 0.05 s") as caught:
        PicameraCamera()
    assert caught.value.state is CameraState.STUCK
    (left,) = [thread for thread in threading.enumerate() if thread.name == "open picamera"]
    pi.opening_hangs.set()
    left.join(PATIENCE)
    assert pi.owner is None


@pytest.mark.parametrize("step", ["busy", "no_configuration", "no_start"])
def test_a_step_that_fails_is_told_and_leaves_nothing_open(pi, step):
    before = descriptors()
    setattr(pi, step, "Device or resource busy")
    for _ in range(5):
        with pytest.raises(CameraFault) as caught:
            PicameraCamera("0")
    assert caught.value.state is CameraState.REFUSED
    assert str(caught.value) == (
        "picamera:0: cannot be opened (Device or resource busy); is another program using it, or "
        "this user not in the group 'video'?"
    )
    assert pi.owner is None
    assert descriptors() == before
    setattr(pi, step, "")
    assert PicameraCamera("0").read() is not None


def test_an_error_of_the_driver_while_reading_is_one_of_the_camera(pi, monkeypatch):
    camera = PicameraCamera()
    camera.read()
    monkeypatch.setattr(type(pi.devices[0]), "_capture", lambda *_: 1 / 0)
    with pytest.raises(CameraError, match=r"stopped giving frames .ZeroDivisionError"):
        camera.read()


# which camera


def test_without_a_camera_it_says_what_to_look_at(pi):
    pi.cameras = []
    with pytest.raises(CameraFault) as caught:
        PicameraCamera("0")
    assert caught.value.state is CameraState.UNPLUGGED
    told = str(caught.value)
    for word in ("picamera:0: no Raspberry Pi camera", "cable", "rpicam-hello --list-cameras"):
        assert word in told
    assert "open" not in pi.calls


ID = "/base/soc/i2c0mux/i2c@1/imx708@1a"
CAMERAS = [
    {"Model": "imx708", "Id": ID, "Num": 1},
    {"Model": "ov5647", "Id": "/base/soc/i2c0mux/i2c@0/ov5647@36", "Num": 0},
]


@pytest.mark.parametrize(
    ("which", "place"), [("", 0), ("0", 0), ("1", 1), ("imx708", 0), (ID, 0), ("ov5647", 1)]
)
def test_a_camera_is_named_by_its_place_its_model_or_its_id(which, place):
    """The place in the list, not libcamera's own number: that is what picamera2 wants."""
    assert find(which, CAMERAS) == place


def test_by_its_id_a_camera_is_opened_through_the_one_string_that_names_any_source(pi):
    camera = open_camera(f"picamera:{ID}", 64, 64, 10.0)
    assert camera.name == f"picamera:{ID}"
    assert camera.read().gray.shape == (64, 64)
    assert len(pi.given) == 1


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("2", "'2' is none of the cameras; there are 0 (imx708, /base"),
        ("imx219", "'imx219' is none of the cameras"),
        ("-1", "'-1' is none of the cameras"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_those_that_are(which, said):
    with pytest.raises(CameraError) as caught:
        find(which, CAMERAS)
    assert said in str(caught.value)
    assert "1 (ov5647, " in str(caught.value)


def test_a_model_that_is_there_twice_must_be_named_otherwise():
    twins = [{"Model": "imx708", "Id": f"i2c@{bus}"} for bus in (0, 1)]
    with pytest.raises(CameraError, match=r"is the name of several; .* by its number or Id"):
        find("imx708", twins)
    assert find("i2c@1", twins) == 1


@given(st.text(), st.lists(st.fixed_dictionaries({"Model": st.text(), "Id": st.text()})))
def test_any_name_is_a_place_in_the_list_or_an_error(which, cameras):
    try:
        place = find(which, cameras)
    except CameraError:
        return
    assert (which or "0") in (str(place), cameras[place]["Model"], cameras[place]["Id"])


def test_a_usb_camera_that_libcamera_lists_is_to_be_opened_as_one(pi, fake_picamera2):
    pi.cameras = [fake_picamera2.USB_CAMERA]
    with pytest.raises(CameraError, match="gives MJPEG, not YUV420; a USB camera is --camera 0"):
        PicameraCamera()
    assert pi.owner is None


# a picamera2 that is not there, or not as it should be


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("import libcamera_not_here", "module libcamera_not_here is not installed: apt install"),
        (
            "raise ValueError('numpy.dtype size changed, may indicate binary incompatibility. "
            "Expected 96 from C header, got 88 from PyObject')",
            'pip install "numpy<2"',
        ),
        ("raise ImportError('numpy.core.multiarray failed to import')", 'pip install "numpy<2"'),
        ("raise AttributeError('_ARRAY_API not found')", "does not fit the numpy"),
        ("raise OSError('libcamera.so.0.5: wrong ELF class')", "cannot be loaded (libcamera.so"),
        ("class Picamera2: pass", "older than 0.3.21; apt update"),
    ],
    ids=["parts", "size", "multiarray", "array api", "library", "old"],
)
def test_a_picamera2_that_cannot_be_used_is_told_as_what_it_is(
    tmp_path, monkeypatch, content, said
):
    (tmp_path / "picamera2.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    importlib.invalidate_caches()
    try:
        with pytest.raises(CameraError) as caught:
            open_camera("picamera:0")
    finally:
        sys.modules.pop("picamera2", None)
    assert said in str(caught.value)
    assert str(caught.value).startswith("picamera:0: ")


def test_without_picamera2_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError) as caught:
        load()
    told = str(caught.value)
    assert "apt install python3-picamera2 --no-install-recommends" in told
    assert "--system-site-packages" in told


def test_nothing_of_it_is_imported_before_it_is_asked_for():
    for path in Path(picamera.__file__).parent.glob("pi*.py"):
        source = path.read_text(encoding="utf-8")
        assert "import picamera2" not in source
        assert "from picamera2" not in source
