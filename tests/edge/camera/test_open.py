"""One string names any source."""

from __future__ import annotations

import pytest

from edge.camera.clip import ClipCamera
from edge.camera.demo import DemoCamera
from edge.camera.open import open_camera
from edge.errors import CameraError, ConfigError


@pytest.mark.parametrize("source", ["demo:", "demo:calm", "demo:two?pace=off&loop=on"])
def test_a_scene_is_opened_by_its_name(source):
    camera = open_camera(source, width=80, height=60)
    assert isinstance(camera, DemoCamera)
    assert camera.name == source
    assert camera.live is ("pace=off" not in source)
    assert camera.read().gray.shape == (60, 80)
    camera.close()


def test_a_video_file_is_opened_by_its_path(clip):
    camera = open_camera(str(clip))
    assert isinstance(camera, ClipCamera)
    assert (camera.name, camera.live) == (str(clip), False)
    camera.close()


def test_a_file_whose_name_looks_like_an_index_can_be_named(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "7").symlink_to(clip)
    with pytest.raises(CameraError, match="/dev/video7 does not exist"):
        open_camera("7")
    camera = open_camera("./7")
    assert isinstance(camera, ClipCamera)
    camera.close()


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("77", CameraError, "camera 77: /dev/video77 does not exist; plug the camera in"),
        ("/dev/video77", CameraError, "camera /dev/video77: /dev/video77 does not exist"),
        ("/dev/v4l/by-id/usb-none", CameraError, "usb-none does not exist; plug the camera in"),
        ("/dev/null", CameraError, "camera /dev/null: cannot be opened; is /dev/null in use"),
        ("none.mp4", CameraError, "none.mp4: no such camera or file; --list-cameras shows"),
        ("-1", CameraError, "-1: no such camera or file"),
        ("demo", CameraError, "demo: no such camera or file"),
        (".", CameraError, ".: no such camera or file"),
        ("", ConfigError, "camera.source is empty; give an index such as 0"),
        ("demo:nope", ConfigError, "demo:nope: no such scene"),
    ],
)
def test_what_is_not_there_is_an_error_that_names_it(source, error, said):
    with pytest.raises(error) as caught:
        open_camera(source)
    assert said in str(caught.value)
