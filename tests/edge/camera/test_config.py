"""The camera's table of the configuration."""

from __future__ import annotations

from dataclasses import fields

import pytest

from edge.camera.config import BOUNDS, CameraConfig
from edge.errors import ConfigError


def test_every_bounded_key_is_there_and_its_default_lies_within():
    values = vars(CameraConfig())
    for key, (low, high) in BOUNDS.items():
        assert low <= values[key] <= high, key


def test_every_number_is_bounded_and_every_key_explained():
    told = CameraConfig.__doc__ or ""
    for field in fields(CameraConfig):
        assert f"        {field.name}: " in told
        assert field.name in BOUNDS or isinstance(field.default, str | tuple)


def test_a_driver_is_not_abandoned_while_it_still_waits_by_itself():
    """OpenCV waits ten seconds for a V4L2 camera; ffmpeg, as told, eight."""
    assert CameraConfig().stuck > 10


def test_a_mask_that_cannot_be_read_is_refused_at_once():
    with pytest.raises(ConfigError, match=r"camera.mask: 'everything' is not four numbers"):
        CameraConfig(mask=("everything",))


@pytest.mark.parametrize("mask", [("0,0,1,1",), ("0,0,0.5,1", "0.5,0,0.5,1")])
def test_a_mask_over_everything_would_see_nothing_and_never_say_so(mask):
    with pytest.raises(ConfigError, match="whole picture"):
        CameraConfig(mask=mask)
