import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.vision.smooth import Smoother

PATIENT = settings(deadline=None)  # other jobs may run beside the tests

Probabilities = NDArray[np.float32]


def certain(index: int) -> Probabilities:
    return np.eye(7, dtype=np.float32)[index]


@st.composite
def readings(draw: st.DrawFn) -> Probabilities:
    shares = np.array(draw(st.lists(st.floats(0, 1), min_size=7, max_size=7))) + 1e-3
    return (shares / shares.sum()).astype(np.float32)


steps = st.sampled_from([0.0, 1e-9, 0.03, 0.2, 1.0, 1e6])
streams = st.lists(st.tuples(steps, readings()), min_size=1, max_size=40)


@PATIENT
@given(st.sampled_from([0.0, 1e-3, 0.7, 60.0]), streams)
def test_an_average_of_probabilities_is_one(
    seconds: float, stream: list[tuple[float, Probabilities]]
) -> None:
    smoother, time = Smoother(seconds), 1e5
    seen: list[Probabilities] = []
    for step, probabilities in stream:
        time += step
        seen.append(probabilities)
        average = smoother.add(probabilities, time)
        assert average.dtype == np.float32
        assert average.shape == (7,)
        assert average.sum() == pytest.approx(1, abs=1e-4)
        assert (average >= np.min(seen, axis=0) - 1e-5).all()
        assert (average <= np.max(seen, axis=0) + 1e-5).all()


def test_the_first_reading_stands_as_it_is() -> None:
    assert np.array_equal(Smoother(0.7).add(certain(3), 12.0), certain(3))


def test_without_a_time_constant_each_reading_stands() -> None:
    smoother = Smoother(0)
    for i in range(7):
        assert np.array_equal(smoother.add(certain(i), i * 0.1), certain(i))


@pytest.mark.parametrize("fps", [1, 2, 5, 10, 30, 100])
def test_a_step_takes_as_long_at_any_frame_rate(fps: int) -> None:
    smoother = Smoother(0.7)
    smoother.add(certain(6), 0.0)
    average = certain(6)
    for i in range(1, 2 * fps + 1):
        average = smoother.add(certain(0), i / fps)
    assert average[0] == pytest.approx(1 - np.exp(-2 / 0.7), abs=1e-4)
    assert average[6] == pytest.approx(np.exp(-2 / 0.7), abs=1e-4)


def test_a_second_reading_at_the_same_time_changes_nothing() -> None:
    smoother = Smoother(0.7)
    smoother.add(certain(1), 5.0)
    assert np.array_equal(smoother.add(certain(2), 5.0), certain(1))


def test_averages_handed_out_do_not_change_later() -> None:
    smoother = Smoother(0.7)
    given_in = certain(1)
    first = smoother.add(given_in, 0.0)
    kept = first.copy()
    smoother.add(certain(2), 1.0)
    assert np.array_equal(first, kept)
    assert np.array_equal(given_in, certain(1))
