"""A source as a thing that comes and goes."""

from __future__ import annotations

import pytest

from benchmarks.usb_tree import UsbTree
from edge.camera.demo import DemoCamera
from edge.camera.device import Device
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError


@pytest.fixture
def usb(tmp_path) -> UsbTree:
    return UsbTree(tmp_path)


class Opener:
    """Remembers what it was asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self.error = error

    def __call__(self, source: str) -> DemoCamera:
        self.asked.append(source)
        if self.error is not None:
            raise self.error
        return DemoCamera("?pace=off", 64, 64)


def device(usb: UsbTree, opener: Opener, source: str = "0") -> Device:
    proc = usb.dev.parent / "proc"
    proc.mkdir(exist_ok=True)
    return Device(source, opener, usb.sysfs, usb.dev, proc)


def test_an_index_is_there_while_its_node_is(usb):
    opener = Opener()
    mine = device(usb, opener)
    assert mine.present() is False
    usb.plug("video0", "1-1")
    assert mine.present() is True
    mine.open()
    assert opener.asked == ["0"]
    usb.unplug("video0")
    assert mine.present() is False
    assert mine.present() is False


def test_it_is_followed_to_another_index_and_back(usb):
    opener = Opener()
    mine = device(usb, opener)
    usb.plug("video0", "1-1", serial="A")
    assert mine.present()
    usb.unplug("video0")
    assert mine.present() is False
    usb.plug("video3", "1-4", serial="A")
    assert mine.present() is True
    mine.open()
    assert opener.asked == [str(usb.dev / "video3")]
    usb.unplug("video3")
    assert mine.present() is False
    usb.plug("video0", "1-1", serial="A")
    assert mine.present() is True
    mine.open()
    assert opener.asked[1:] == ["0"]


def test_it_is_not_taken_for_gone_when_another_one_comes(usb):
    mine = device(usb, Opener())
    usb.plug("video0", "1-1", serial="A")
    assert mine.present()
    usb.plug("video1", "1-2", serial="B")
    assert mine.present()


def test_a_new_camera_in_place_of_a_broken_one_is_used(usb):
    opener = Opener()
    mine = device(usb, opener)
    usb.plug("video0", "1-1", serial="A")
    mine.present()
    usb.unplug("video0")
    mine.present()
    usb.plug("video0", "1-1", serial="B", make="0c45:6366")
    assert mine.present() is True
    mine.open()
    assert opener.asked == ["0"]


def test_a_node_that_was_replaced_between_two_looks_was_gone(usb, tmp_path):
    mine = device(usb, Opener())
    usb.plug("video0", "1-1")
    assert mine.present()
    (tmp_path / "new").touch()  # before the old one goes, so that it cannot get its inode
    (tmp_path / "new").rename(usb.dev / "video0")
    assert mine.present() is False
    assert mine.present() is True


def test_a_link_of_udevs_is_not_followed_elsewhere(usb):
    """A by-path link means the port, and udev moves a by-id link by itself."""
    opener = Opener()
    usb.plug("video0", "1-1", serial="A")
    link = usb.dev / "v4l" / "by-path" / "port-1"
    link.parent.mkdir(parents=True)
    link.symlink_to(usb.dev / "video0")
    mine = device(usb, opener, str(link))
    assert mine.present()
    usb.unplug("video0")
    assert mine.present() is False
    usb.plug("video1", "1-2", serial="A")
    assert mine.present() is False
    link.unlink()
    link.symlink_to(usb.dev / "video1")
    assert mine.present()
    mine.open()
    assert opener.asked == [str(link)]


@pytest.mark.parametrize("source", ["demo:", "demo:calm", "picamera:0", "rtsp://10.0.0.1/live"])
def test_nobody_knows_whether_an_address_is_there(usb, source):
    assert device(usb, Opener(), source).present() is None


def test_a_file_is_there_or_not(usb, tmp_path):
    path = tmp_path / "clip.mp4"
    mine = device(usb, Opener(), str(path))
    assert mine.present() is False
    path.touch()
    assert mine.present() is True


def test_a_refusal_is_told_from_an_absence(usb):
    opener = Opener(CameraError("camera 0: cannot be opened; is it in use?"))
    mine = device(usb, opener)
    with pytest.raises(CameraFault) as caught:
        mine.open()
    assert caught.value.state is CameraState.UNPLUGGED
    usb.plug("video0", "1-1")
    mine.present()
    with pytest.raises(CameraFault, match=r"is it in use\?") as caught:
        mine.open()
    assert caught.value.state is CameraState.REFUSED
    assert opener.asked == ["0", "0"], "once each"


def test_who_has_the_camera_is_named(usb):
    node = usb.plug("video0", "1-1")
    mine = device(usb, Opener(CameraError("in use")))
    mine.present()
    other = usb.dev.parent / "proc" / "312"
    (other / "fd").mkdir(parents=True)
    (other / "fd" / "7").symlink_to(node)
    (other / "comm").write_text("motion\n")
    with pytest.raises(CameraFault, match=r"video0: is in use by motion \(process 312\)"):
        mine.open()


def test_what_a_back_end_knows_is_left_as_it_is(usb):
    fault = CameraFault("gone", CameraState.UNREACHABLE)
    with pytest.raises(CameraFault) as caught:
        device(usb, Opener(fault), "rtsp://10.0.0.1/live").open()
    assert caught.value is fault
    plain = CameraError("no idea")
    with pytest.raises(CameraError) as caught:
        device(usb, Opener(plain), "picamera:0").open()
    assert caught.value is plain
