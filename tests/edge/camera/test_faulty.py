"""Cameras that fail on purpose, for whoever sets one up to see what the service says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import edge.camera.faulty
from benchmarks.faults.camera import LivePlay, pictures
from benchmarks.virtual_time import VirtualClockwork
from edge.camera.demo import DemoCamera
from edge.camera.faulty import FAULTS, SILENT, SLOW, Fault, FaultyCamera, open_demo
from edge.camera.open import open_camera
from edge.camera.state import CameraFault, CameraState
from edge.errors import CameraError, ConfigError


@pytest.fixture
def time() -> Iterator[VirtualClockwork]:
    with VirtualClockwork() as clockwork:
        yield clockwork


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    return pictures()


def camera(time, drawn, kind: str, after: float = 1.0, lasts: float = 3.0) -> FaultyCamera:
    return FaultyCamera(LivePlay(drawn, time), Fault(kind, after, lasts), time.now(), time)


def means(camera, count: int) -> list[float]:
    return [float(camera.read().gray.mean()) for _ in range(count)]


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("black", 0, 8), ("covered", 60, 80), ("overexposed", 250, 255)]
)
def test_pictures_are_spoilt_for_a_while_and_only_then(time, drawn, kind, low, high):
    seen = means(camera(time, drawn, kind), 60)
    healthy = [float(each.mean()) for each in drawn]
    assert seen[:9] == healthy[:9]
    assert all(low <= mean <= high for mean in seen[11:38])
    assert seen[41:] == healthy[41:60]


def test_a_frozen_camera_repeats_its_last_frame_at_new_times(time, drawn):
    frames = [each.read() for each in [camera(time, drawn, "frozen")] for _ in range(60)]
    assert all(np.array_equal(frames[12].gray, each.gray) for each in frames[12:38])
    assert not np.array_equal(frames[12].gray, frames[45].gray)
    assert [each.index for each in frames] == list(range(60))
    stamps = [each.timestamp for each in frames]
    assert stamps == sorted(set(stamps))


def test_a_slow_camera_is_slow(time, drawn):
    each = camera(time, drawn, "slow", lasts=20)
    stamps = [each.read().timestamp - 1000 for _ in range(16)]
    assert np.diff(stamps[10:]).min() >= SLOW


def test_a_broken_camera_gives_no_pictures(time, drawn):
    each = camera(time, drawn, "broken")
    sizes = [each.read().gray.size for _ in range(60)]
    assert (max(sizes[11:38]), min(sizes[:9] + sizes[41:])) == (0, 160 * 120)


def test_a_silent_camera_says_so_after_its_drivers_patience(time, drawn):
    each = camera(time, drawn, "silent", lasts=25)
    for _ in range(10):
        each.read()
    began = time.now()
    with pytest.raises(CameraError, match="gave no frame for 10 s"):
        each.read()
    assert time.now() - began == pytest.approx(SILENT, abs=0.2)


def test_a_stuck_camera_returns_when_its_fault_is_over_and_not_before(time, drawn):
    each = camera(time, drawn, "stuck", lasts=500)
    for _ in range(10):
        each.read()
    assert each.read() is not None
    assert time.now() - 1000 == pytest.approx(501, abs=0.2)


def test_an_unplugged_camera_cannot_be_opened_either(time, drawn):
    begun = time.now()
    each = camera(time, drawn, "unplugged")
    with pytest.raises(CameraFault, match="pulled out") as caught:
        means(each, 20)
    assert caught.value.state is CameraState.UNPLUGGED
    again = LivePlay(drawn, time)
    with pytest.raises(CameraFault, match="pulled out"):
        FaultyCamera(again, Fault("unplugged", 1, 3), begun, time)
    time.sleep(5)
    assert FaultyCamera(again, Fault("unplugged", 1, 3), begun, time).read() is not None


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_is_opened_by_its_name(kind):
    source = f"demo:angry?fault={kind}&after=60&for=10"
    each = open_camera(source, 80, 60)
    assert isinstance(each, FaultyCamera)
    assert (each.name, each.live) == (source, True)
    assert each.read().gray.shape == (60, 80)
    each.close()


def test_a_demo_without_a_fault_is_the_demo():
    assert isinstance(open_demo("calm", 80, 60, 10.0), DemoCamera)


def test_a_fault_is_the_cameras_and_not_one_openings(time, monkeypatch):
    monkeypatch.setattr(edge.camera.faulty, "_BEGUN", {})
    scene = "?fault=unplugged&after=10&for=inf"
    open_demo(scene, 80, 60, 10.0, time).close()
    time.sleep(11)
    with pytest.raises(CameraFault):
        open_demo(scene, 80, 60, 10.0, time)


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("?fault=rain", "fault=rain: no such fault; there are unplugged, frozen, black"),
        ("?fault=", "fault=: no such fault"),
        ("?fault=black&after=soon", "after=soon: must be a number of seconds"),
        ("?fault=black&for=", "for=: must be a number of seconds"),
        ("?fault=black&after=-1", "are seconds; for=inf lasts for ever"),
        ("?fault=black&after=inf", "are seconds"),
        ("?fault=black&for=0", "are seconds"),
        ("?fault=black&for=nan", "are seconds"),
        ("?fault=black&pace=off", "a fault needs time to pass; leave out pace=off"),
        ("?fault=black&speed=2", "unknown option speed"),
        ("nope?fault=black", "demo:nope: no such scene"),
        ("?after=3", "unknown option after"),
    ],
)
def test_what_there_is_not_is_refused_by_name(scene, said):
    with pytest.raises(ConfigError) as caught:
        open_demo(scene, 80, 60, 10.0)
    assert said in str(caught.value)
