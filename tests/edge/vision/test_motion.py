import numpy as np
import pytest
from numpy.typing import NDArray

from edge.vision.motion import MotionGate


def desk(height: int = 240, width: int = 320, level: int = 120) -> NDArray[np.uint8]:
    return np.full((height, width), level, np.uint8)


def test_the_first_frame_counts_as_motion() -> None:
    assert MotionGate().moved(desk()) is True


def test_a_still_desk_is_still() -> None:
    gate = MotionGate()
    assert [gate.moved(desk()) for _ in range(20)] == [True] + [False] * 19


def test_noise_of_a_sensor_is_no_motion() -> None:
    gate, rng = MotionGate(), np.random.default_rng(1)
    noisy = [desk() + rng.integers(-8, 9, (240, 320)).astype(np.uint8) for _ in range(20)]
    assert not any([gate.moved(frame) for frame in noisy][1:])


def test_daylight_is_no_motion() -> None:
    gate = MotionGate()
    assert not any([gate.moved(desk(level=60 + i)) for i in range(120)][1:])


@pytest.mark.parametrize("change", [-60, 60], ids=["darker", "brighter"])
def test_somebody_who_walks_up_is_motion_at_once(change: int) -> None:
    gate = MotionGate()
    for _ in range(10):
        gate.moved(desk())
    frame = desk()
    frame[80:160, 100:160] = 120 + change
    assert gate.moved(frame)


def test_what_stays_becomes_part_of_the_scene() -> None:
    gate = MotionGate()
    gate.moved(desk())
    frame = desk()
    frame[80:160, 100:160] = 200
    told = [gate.moved(frame) for _ in range(30)]
    assert told[0]
    assert not told[-1]
    assert told == sorted(told, reverse=True)


def test_a_speck_is_no_motion() -> None:
    gate = MotionGate()
    gate.moved(desk())
    frame = desk()
    frame[100:104, 100:104] = 255
    assert not gate.moved(frame)


@pytest.mark.parametrize("shape", [(1, 1), (48, 64), (480, 640), (1080, 1920)], ids=str)
def test_any_size_will_do_and_nothing_is_written_to_it(shape: tuple[int, int]) -> None:
    gate, frame = MotionGate(), desk(*shape)
    frame.flags.writeable = False
    assert gate.moved(frame)
    assert not gate.moved(frame)


def test_the_gate_looks_at_pictures_of_another_size_as_at_the_same_scene() -> None:
    gate = MotionGate()
    gate.moved(desk(240, 320))
    assert not gate.moved(desk(480, 640))
