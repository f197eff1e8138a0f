"""Cameras that fail, through the real keeper and its real threads, by a clock that never waits."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.faults.camera import LivePlay, pictures
from benchmarks.usb_tree import UsbTree
from benchmarks.virtual_time import VirtualClockwork
from edge.camera.base import Camera, Frame
from edge.camera.clip import ClipCamera
from edge.camera.config import CameraConfig
from edge.camera.device import Device
from edge.camera.faulty import FAULTS, Fault, FaultyCamera
from edge.camera.keeper import Keeper, open_keeper
from edge.camera.state import CameraFault, CameraState
from edge.errors import EX_UNAVAILABLE, CameraError, ConfigError

TURN = 0.25


@pytest.fixture
def time() -> Iterator[VirtualClockwork]:
    with VirtualClockwork() as clockwork:
        yield clockwork


class Lines(logging.Handler):
    """What was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def text(self) -> list[str]:
        return [record.getMessage() for record in self.records]


@pytest.fixture(autouse=True)
def logged(monkeypatch) -> Iterator[Lines]:
    """The keeper's own log, whatever a command that ran before has set up."""
    logger, lines = logging.getLogger("edge.camera.keeper"), Lines()
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [lines])
    before = logger.level
    logger.setLevel(logging.INFO)
    yield lines
    logger.setLevel(before)


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    return pictures()


class Bench:
    """A keeper, what it said, and how long to watch it."""

    def __init__(self, time, opener, config=None, present=lambda: None, give_up=3) -> None:
        self.time, self.opened = time, 0
        self._opener = opener
        self.keeper = Keeper(
            self._open, config or CameraConfig(), present, give_up, time, lambda: 0.0
        )
        self.states: list[tuple[str, float]] = []
        self.fit: list[Frame] = []

    def _open(self) -> Camera:
        self.opened += 1
        return self._opener()

    def watch(self, seconds: float) -> list[str]:
        """States that it goes through from now on, by their words."""
        begun = self.time.now()
        first = len(self.states)
        while self.time.now() < begun + seconds:
            frame = self.keeper.get(TURN)
            word = self.keeper.state.word
            if not self.states or self.states[-1][0] != word:
                self.states.append((word, self.keeper.since))
            if frame is not None:
                assert not self.keeper.state.blind
                self.fit.append(frame)
        return [word for word, _ in self.states[first:]]


def faulty(time, drawn, kind: str, after: float, lasts: float, **how) -> Bench:
    begun = time.now()
    fault = Fault(kind, after, lasts)
    return Bench(time, lambda: FaultyCamera(LivePlay(drawn, time), fault, begun, time), **how)


@pytest.mark.parametrize("kind", sorted(set(FAULTS) - {"stuck"}))
def test_each_fault_has_its_name_and_is_got_over(time, drawn, kind, logged):
    bench = faulty(time, drawn, kind, after=20, lasts=40)
    assert bench.watch(100) == ["ok", kind, "ok"]
    named = bench.states[1][1] - bench.states[0][1]
    assert 19.8 <= named <= 36
    assert bench.keeper.abandoned == 0
    lines = logged.text
    assert len(lines) == 3, "one a change"
    assert lines[1].startswith(f"camera play: {kind} after ")
    assert [record.levelname for record in logged.records] == ["INFO", "WARNING", "INFO"]
    assert time.threads == 1
    assert bench.keeper.close()


@pytest.mark.parametrize("kind", ["frozen", "broken", "silent", "unplugged"])
def test_what_opening_it_anew_may_mend_is_opened_anew(time, drawn, kind):
    bench = faulty(time, drawn, kind, after=5, lasts=120)
    bench.watch(120)
    assert 2 < bench.opened < 15
    bench.watch(100)
    assert bench.keeper.state is CameraState.OK
    assert bench.keeper.reconnects >= 1


@pytest.mark.parametrize("kind", ["black", "covered", "overexposed", "slow"])
def test_what_opening_it_anew_does_not_mend_is_left_open(time, drawn, kind):
    bench = faulty(time, drawn, kind, after=5, lasts=120)
    bench.watch(120)
    assert (bench.opened, bench.keeper.reconnects) == (1, 0)


def test_a_healthy_camera_is_ok_for_a_day_and_says_so_once(time, drawn, logged):
    bench = Bench(time, lambda: LivePlay(drawn, time))
    assert bench.watch(600) == ["ok"]
    assert len(bench.fit) > 5900
    assert [frame.index for frame in bench.fit] == list(range(len(bench.fit)))
    assert (bench.keeper.dropped, bench.opened, len(logged.records)) == (0, 1, 1)


def test_a_watcher_that_is_slow_gets_the_newest_and_is_not_blamed_on_the_camera(time, drawn):
    bench = Bench(time, lambda: LivePlay(drawn, time))
    for _ in range(100):
        bench.watch(TURN)
        time.sleep(3)
    assert bench.keeper.state is CameraState.OK
    assert bench.keeper.dropped > 2000


def test_a_thread_in_a_driver_is_left_behind_and_the_camera_opened_beside_it(time, drawn):
    bench = faulty(time, drawn, "stuck", after=10, lasts=30)
    assert bench.watch(60) == ["ok", "silent", "stuck", "ok"]
    assert (bench.keeper.abandoned, bench.keeper.reconnects) == (1, 1)
    assert time.threads == 1, "the one left behind came back and cleaned up"


def test_after_three_in_a_row_only_a_new_process_helps(time, drawn):
    bench = faulty(time, drawn, "stuck", after=10, lasts=1e6)
    begun = time.now()
    with pytest.raises(CameraError, match="its driver hangs again and again; 3 threads") as caught:
        bench.watch(1000)
    assert caught.value.exit_code == EX_UNAVAILABLE
    assert (bench.keeper.abandoned, bench.keeper.state) == (3, CameraState.STUCK)
    assert 70 < time.now() - begun < 90
    assert time.threads == 3


def test_seeing_in_between_begins_the_count_anew(time, drawn):
    """It hangs every two minutes, each time for long: ten threads are too many all the same."""

    class Hanging(LivePlay):
        def read(self) -> Frame | None:
            if self._index == 600:
                time.sleep(1e6)
            return super().read()

    bench = Bench(time, lambda: Hanging(drawn, time))
    with pytest.raises(CameraError, match="10 threads"):
        bench.watch(3000)


def test_opening_that_does_not_return_counts_too(time):
    bench = Bench(time, lambda: time.sleep(1e6), give_up=2)
    with pytest.raises(CameraError, match="2 threads"):
        bench.watch(100)
    assert bench.states == [("opening", 1000.0), ("stuck", pytest.approx(1020, abs=0.5))]


def test_a_back_end_that_says_that_it_hangs_is_given_up_too(time):
    def opener() -> Camera:
        raise CameraFault("hung in stop()", CameraState.STUCK)

    bench = Bench(time, opener)
    with pytest.raises(CameraError, match="3 threads"):
        bench.watch(100)


class Refusing:
    """Raises until it is told not to."""

    def __init__(self, error: Exception, camera: Camera) -> None:
        self.error: Exception | None = error
        self._camera = camera

    def __call__(self) -> Camera:
        if self.error is not None:
            raise self.error
        return self._camera


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (CameraError("camera 0: in use"), "refused"),
        (CameraFault("no route", CameraState.UNREACHABLE), "unreachable"),
        (RuntimeError("what the driver says"), "refused"),
    ],
)
def test_a_camera_that_cannot_be_opened_is_tried_again_ever_more_rarely(time, drawn, error, word):
    opener = Refusing(error, LivePlay(drawn, time))
    bench = Bench(time, opener)
    assert bench.watch(600) == ["opening", word] or bench.states[0][0] == word
    assert 10 < bench.opened < 20
    assert str(error).removeprefix("camera 0: ") in bench.keeper.detail
    opener.error = None
    assert bench.watch(70) == ["ok"]
    assert bench.keeper.reconnects == 0, "it was never open before"


def test_a_configuration_that_cannot_work_is_not_tried_again(time):
    def opener() -> Camera:
        raise ConfigError("demo:nope: no such scene")

    with pytest.raises(ConfigError, match="no such scene"):
        Bench(time, opener).watch(10)


def plugged(time, tmp_path, camera) -> tuple[UsbTree, Bench]:
    usb = UsbTree(tmp_path)
    usb.plug("video0", "1-1", serial="A")
    device = Device("0", lambda _source: camera(), usb.sysfs, usb.dev)
    return usb, Bench(time, device.open, CameraConfig(), device.present)


def test_a_camera_under_another_index_is_found_again(time, tmp_path, drawn):
    sources = []
    usb = UsbTree(tmp_path)
    usb.plug("video0", "1-1", serial="A")

    class Plugged(LivePlay):
        def read(self) -> Frame | None:
            if not usb.dev.joinpath(node).exists():
                raise CameraError("no such device")
            return super().read()

    node = "video0"

    def opener(source: str) -> Camera:
        sources.append(source)
        return Plugged(drawn, time)

    device = Device("0", opener, usb.sysfs, usb.dev)
    bench = Bench(time, device.open, CameraConfig(), device.present)
    assert bench.watch(20) == ["ok"]
    usb.unplug("video0")
    assert bench.watch(300)[-1] == "unplugged"
    assert bench.opened == 1 or sources == ["0"], "what is not there is not opened"
    node = "video5"
    usb.plug(node, "2-1", serial="A")
    assert bench.watch(5) == ["ok"]
    assert sources == ["0", str(usb.dev / "video5")]


def test_a_driver_that_goes_on_after_the_plug_was_pulled_is_not_believed(time, tmp_path, drawn):
    usb, bench = plugged(time, tmp_path, lambda: LivePlay(drawn, time))
    bench.watch(20)
    usb.unplug("video0")
    seen = len(bench.fit)
    assert bench.watch(60) == ["unplugged"]
    assert len(bench.fit) - seen <= 11, "of the second until the next look"
    usb.plug("video0", "1-1", serial="A")
    assert bench.watch(5) == ["ok"]


def test_a_camera_that_is_not_there_at_first_is_waited_for(time, tmp_path, drawn):
    usb, bench = plugged(time, tmp_path, lambda: LivePlay(drawn, time))
    usb.unplug("video0")
    assert bench.watch(3600)[-1] == "unplugged"
    assert bench.opened == 0
    usb.plug("video0", "1-1", serial="A")
    assert bench.watch(5) == ["ok"]


def test_a_loose_plug_does_not_flood_the_log(time, drawn, logged):

    class Loose(LivePlay):
        def read(self) -> Frame | None:
            if self._index == 20:
                raise CameraError("stopped giving frames")
            return super().read()

    bench = Bench(time, lambda: Loose(drawn, time))
    bench.watch(1200)
    assert len([1 for word, _ in bench.states if word == "silent"]) > 15
    assert len(logged.records) <= 4 + 1200 / 60 + 1
    told = [re.search(r"(\d+) more changes", line) for line in logged.text]
    assert sum(int(found[1]) for found in told if found) > 20, "and what is left out is counted"


def test_sizes_that_change_are_not_handed_on_until_they_hold(time, drawn):
    small, large = drawn, [np.kron(each, np.ones((2, 2), np.uint8)) for each in drawn]
    current = [small]

    class Changing(LivePlay):
        def read(self) -> Frame | None:
            self._pictures = current[0]
            return super().read()

    bench = Bench(time, lambda: Changing(drawn, time))
    bench.watch(10)
    current[0] = large
    assert bench.watch(30) == ["broken", "ok"]
    shapes = [frame.gray.shape for frame in bench.fit]
    assert shapes == sorted(shapes), "first the one, then the other"
    assert set(shapes) == {(120, 160), (240, 320)}


class Taped:
    """A clip of these pictures."""

    name, live = "taped", False

    def __init__(self, grays: list[np.ndarray], last: Exception | None = None) -> None:
        self._grays, self._last, self._index = grays, last, 0

    def read(self) -> Frame | None:
        if self._index == len(self._grays):
            if self._last is not None:
                raise self._last
            return None
        self._index += 1
        return Frame(self._grays[self._index - 1], self._index / 10, self._index - 1)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("last", [None, CameraError("a damaged block"), OSError("I/O error")])
def test_a_clip_is_seen_once_whatever_it_shows_and_however_it_ends(time, last):
    still = [np.zeros((60, 80), np.uint8)] * 400
    bench = Bench(time, lambda: Taped(still, last))
    bench.watch(300)
    assert bench.states[-1][0] == "ended"
    assert len(bench.fit) == 400, "a still, black clip is no fault, and none of it is skipped"
    assert (bench.opened, bench.keeper.live, bench.keeper.dropped) == (1, False, 0)
    assert str(last or "") in bench.keeper.detail


def test_a_real_clip_ends(clip):
    keeper = Keeper(lambda: ClipCamera(clip), CameraConfig(source=str(clip)))
    seen = []
    while keeper.state is not CameraState.ENDED:
        frame = keeper.get(0.05)
        if frame is not None:
            seen.append(frame.index)
    assert seen == list(range(30))
    assert keeper.get(0.01) is None
    assert keeper.close()


def test_get_returns_in_time_whatever_the_camera_does(time, drawn):
    bench = faulty(time, drawn, "stuck", after=0, lasts=1e6)
    for _ in range(20):
        before = time.now()
        assert bench.keeper.get(TURN) is None
        assert time.now() - before == pytest.approx(TURN)


def test_closing_waits_for_a_driver_only_so_long(time, drawn):
    bench = faulty(time, drawn, "stuck", after=5, lasts=1e6)
    bench.watch(10)
    before = time.now()
    assert bench.keeper.close(2.0) is False
    assert time.now() - before == pytest.approx(2.0)
    assert bench.keeper.get(10) is None


def test_a_password_is_never_shown(time, logged):
    def opener() -> Camera:
        raise CameraError("rtsp://anna:secret@10.0.0.1/live: cannot be opened")

    config = CameraConfig(source="rtsp://anna:secret@10.0.0.1/live")
    bench = Bench(time, opener, config)
    bench.watch(5)
    assert "secret" not in bench.keeper.name + bench.keeper.detail + str(logged.text)
    assert logged.text[0].startswith("camera rtsp://anna:***@10.0.0.1/live: refused after")


def test_open_keeper_keeps_what_the_configuration_names():
    config = CameraConfig(source="demo:calm", width=64, height=64, mask=("0,0,0.5,1",))
    keeper = open_keeper(config)
    frame = keeper.get(30.0)
    assert frame is not None
    assert frame.gray.shape == (64, 64)
    assert not frame.gray[:, :32].any()
    assert (keeper.name, keeper.state) == ("demo:calm", CameraState.OK)
    assert keeper.close(30)


def test_blindness_is_one_however_often_it_changes_its_name(time, drawn):
    there = [True]
    bench = faulty(time, drawn, "black", after=20, lasts=1e9, present=lambda: there[0])
    bench.watch(40)
    begun = bench.keeper.blind_since
    assert bench.keeper.state is CameraState.BLACK
    for _ in range(5):
        there[0] = not there[0]
        bench.watch(20)
    assert {word for word, _ in bench.states} > {"black", "unplugged"}
    assert bench.keeper.since > begun
    assert bench.keeper.blind_since == begun
