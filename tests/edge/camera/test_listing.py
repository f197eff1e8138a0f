"""Cameras as sysfs shows them."""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path

import pytest

from edge.camera.listing import Listed, list_picamera, list_v4l2


class Machine:
    """A `/sys/class/video4linux` and a `/dev` to plug cameras into."""

    def __init__(self, root: Path) -> None:
        self.sysfs, self.dev = root / "sys", root / "dev"
        (self.dev / "v4l" / "by-id").mkdir(parents=True)
        self.sysfs.mkdir()

    def plug(self, node: str, name: str | bytes = "", index: str = "0", by_id: str = "") -> None:
        entry = self.sysfs / node
        entry.mkdir()
        (entry / "name").write_bytes(name if isinstance(name, bytes) else f"{name}\n".encode())
        (entry / "index").write_text(f"{index}\n")
        (self.dev / node).touch()
        if by_id:
            (self.dev / "v4l" / "by-id" / by_id).symlink_to(f"../../{node}")

    def cameras(self) -> list[Listed]:
        return list_v4l2(self.sysfs, self.dev)


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


def test_a_camera_has_its_index_its_name_and_a_lasting_path(machine):
    machine.plug("video0", "HD Pro Webcam C920", by_id="usb-046d_C920-video-index0")
    by_id = machine.dev / "v4l" / "by-id" / "usb-046d_C920-video-index0"
    assert machine.cameras() == [Listed("0", "HD Pro Webcam C920", str(by_id))]


def test_the_node_that_gives_no_pictures_is_left_out(machine):
    machine.plug("video0", "Webcam")
    machine.plug("video1", "Webcam", index="1")
    assert [each.source for each in machine.cameras()] == ["0"]


def test_the_order_is_that_of_the_index_as_a_number(machine):
    for number in (10, 2, 0):
        machine.plug(f"video{number}", f"camera {number}")
    assert [each.source for each in machine.cameras()] == ["0", "2", "10"]


def test_a_camera_without_a_name_is_called_after_its_node(machine):
    machine.plug("video3")
    assert machine.cameras() == [Listed("3", "video3", "")]


def test_a_name_that_is_not_utf_8_is_no_reason_to_fail(machine):
    machine.plug("video0", b"Cam\xe9ra\n")
    (listed,) = machine.cameras()
    assert listed.name.startswith("Cam")


def test_a_camera_that_is_pulled_out_meanwhile_still_has_its_number(machine):
    (machine.sysfs / "video0").mkdir()
    assert machine.cameras() == [Listed("0", "video0", "")]


def test_what_is_no_camera_is_left_out(machine):
    machine.plug("video0", "Webcam")
    for node in ("vbi0", "radio0", "video", "video-codec"):
        machine.plug(node, "Webcam")
    assert [each.source for each in machine.cameras()] == ["0"]


def test_a_machine_without_cameras_has_none(tmp_path):
    assert list_v4l2(tmp_path / "sys", tmp_path / "dev") == []


def test_the_inner_nodes_of_a_raspberry_pi_are_left_out(machine):
    for number, name in enumerate(
        ("unicam-image", "bcm2835-codec-decode", "rp1-cfe-csi2_ch0", "pispbe-input", "Webcam")
    ):
        machine.plug(f"video{number}", name)
    assert [each.name for each in machine.cameras()] == ["Webcam"]


def test_a_raspberry_pis_cameras_are_listed_by_place_and_id_and_none_is_opened(pi, fake_picamera2):
    pi.cameras.append(fake_picamera2.USB_CAMERA)
    identity = pi.cameras[0]["Id"]
    assert list_picamera() == [Listed("picamera:0", "imx708", f"picamera:{identity}")]
    assert pi.calls == ["global_camera_info"]


def test_without_picamera2_no_such_camera_is_listed_and_nothing_said(monkeypatch, caplog):
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    monkeypatch.setattr("edge.camera.listing.find_spec", lambda _name: None)
    assert list_picamera() == []
    assert caplog.records == []


def test_a_picamera2_that_cannot_be_loaded_is_told_of(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.WARNING, logger="edge")
    (tmp_path / "picamera2.py").write_text("import libcamera_not_here")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    importlib.invalidate_caches()
    assert list_picamera() == []
    assert "cannot be listed: the Python module libcamera_not_here is not installed" in caplog.text
