"""The same camera under another name, by what sysfs says."""

from __future__ import annotations

import pytest

from benchmarks.usb_tree import UsbTree
from edge.camera.identity import find, identify


@pytest.fixture
def usb(tmp_path) -> UsbTree:
    return UsbTree(tmp_path)


def test_a_usb_camera_is_known_by_make_serial_and_port(usb):
    node = usb.plug("video0", "1-1.2", serial="A1B2")
    found = identify(node, usb.sysfs)
    assert (found.vendor, found.product, found.serial, found.port) == (
        "046d",
        "082d",
        "A1B2",
        "1-1.2",
    )
    assert found.taken == frozenset()
    assert find(found, usb.sysfs, usb.dev) == node


def test_it_is_found_again_under_another_index_and_in_another_port(usb):
    mine = identify(usb.plug("video0", "1-1", serial="A"), usb.sysfs)
    usb.unplug("video0")
    assert find(mine, usb.sysfs, usb.dev) is None
    usb.plug("video4", "1-1", serial="A")
    assert find(mine, usb.sysfs, usb.dev) == usb.dev / "video4"
    usb.unplug("video4")
    usb.plug("video1", "2-3", serial="A")
    assert find(mine, usb.sysfs, usb.dev) == usb.dev / "video1"


def test_the_node_that_gives_no_pictures_is_not_taken_for_it(usb):
    mine = identify(usb.plug("video0", "1-1"), usb.sysfs)
    usb.unplug("video0")
    usb.plug("video1", "1-1", index="1")
    assert find(mine, usb.sysfs, usb.dev) is None
    usb.plug("video2", "1-1", index="0")
    assert find(mine, usb.sysfs, usb.dev) == usb.dev / "video2"


@pytest.mark.parametrize(("make", "serial"), [("046d:0001", ""), ("046d:082d", "B")])
def test_another_camera_is_not_taken_for_it(usb, make, serial):
    mine = identify(usb.plug("video0", "1-1", serial="A"), usb.sysfs)
    usb.unplug("video0")
    usb.plug("video0", "1-1", serial=serial, make=make)
    assert find(mine, usb.sysfs, usb.dev) is None


def test_its_twin_that_was_beside_it_is_not_taken_for_it(usb):
    """Two desks with the same cheap camera, whose serial numbers are the same."""
    mine = identify(usb.plug("video0", "1-1", serial="0"), usb.sysfs)
    usb.plug("video2", "1-2", serial="0")
    mine = identify(usb.dev / "video0", usb.sysfs)
    assert mine.taken == {"1-2"}
    usb.unplug("video0")
    assert find(mine, usb.sysfs, usb.dev) is None
    usb.plug("video1", "1-3", serial="0")
    assert find(mine, usb.sysfs, usb.dev) == usb.dev / "video1"


def test_two_that_may_be_it_are_none(usb):
    mine = identify(usb.plug("video0", "1-1"), usb.sysfs)
    usb.unplug("video0")
    usb.plug("video1", "1-2")
    usb.plug("video2", "1-3")
    assert find(mine, usb.sysfs, usb.dev) is None


def test_a_camera_that_is_not_on_usb_has_no_identity(usb):
    (usb.sysfs / "video0").mkdir()
    (usb.dev / "video0").touch()
    assert identify(usb.dev / "video0", usb.sysfs) is None
    assert identify(usb.dev / "video9", usb.sysfs) is None


def test_sysfs_that_is_ahead_of_dev_is_waited_for(usb):
    mine = identify(usb.plug("video0", "1-1"), usb.sysfs)
    (usb.dev / "video0").unlink()
    assert find(mine, usb.sysfs, usb.dev) is None
