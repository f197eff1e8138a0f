import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.labels import EMOTIONS, TASKS
from edge.vision.baseline import BOUND, EXPECTED, FALL, RISE, START, TYPICAL, Baseline, Site

PATIENT = settings(deadline=None)  # other jobs may run beside the tests
ANGRY, NEUTRAL = EMOTIONS.index("angry"), EMOTIONS.index("neutral")
NEGATIVE = np.array([label in EXPECTED for label in EMOTIONS])

Probabilities = NDArray[np.float32]


def angry(share: float) -> Probabilities:
    """So much anger, the rest neutral."""
    made = np.zeros(7, np.float32)
    made[ANGRY], made[NEUTRAL] = share, 1 - share
    return made


def after(baseline: Baseline, share: float, seconds: float, start: float = 0.0) -> float:
    """What is told of anger once it has been read at this level for so long."""
    times = np.arange(start, start + seconds + 0.1, 0.2)
    return float([baseline.add(angry(share), float(time)) for time in times][-1][ANGRY])


def odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


@st.composite
def readings(draw: st.DrawFn) -> Probabilities:
    shares = np.array(draw(st.lists(st.floats(0, 1), min_size=7, max_size=7))) ** 4 + 1e-5
    return np.asarray(shares / shares.sum(), np.float32)


steps = st.sampled_from([0.0, 1e-9, 0.03, 0.2, 1.0, 1e6])
streams = st.lists(st.tuples(steps, readings()), min_size=1, max_size=40)


def a_site(rare: bool) -> Site | None:
    if not rare:
        return None
    site = Site(EMOTIONS)
    for _ in range(500):
        site.learn(angry(0.0))
    return site


@PATIENT
@given(streams, st.booleans())
def test_negative_labels_are_lowered_within_the_bound_and_neutral_gains(
    stream: list[tuple[float, Probabilities]], rare: bool
) -> None:
    baseline, time = Baseline(EMOTIONS, a_site(rare)), 1e5
    for step, probabilities in stream:
        time += step
        told = baseline.add(probabilities, time)
        assert told.dtype == np.float32
        assert told.sum() == pytest.approx(1, abs=1e-5)
        assert (told[NEGATIVE] <= probabilities[NEGATIVE]).all()
        least = 1 / (1 + np.exp(BOUND) * (1 / np.maximum(probabilities, 1e-9) - 1))
        assert (told[NEGATIVE] >= least[NEGATIVE] * (1 - 1e-4) - 1e-7).all()
        others = ~NEGATIVE & (np.arange(7) != NEUTRAL)
        assert np.array_equal(told[others], probabilities[others])
        assert told[NEUTRAL] >= probabilities[NEUTRAL] - 1e-6


@PATIENT
@given(st.lists(st.tuples(steps, readings(), readings()), min_size=1, max_size=20))
def test_many_visitors_at_once_are_each_as_alone(
    stream: list[tuple[float, Probabilities, Probabilities]],
) -> None:
    together, one, other, time = Baseline(EMOTIONS), Baseline(EMOTIONS), Baseline(EMOTIONS), 7.0
    for step, first, second in stream:
        time += step
        told = together.add(np.stack((first, second)), time)
        expected = np.stack((one.add(first, time), other.add(second, time)))
        assert told == pytest.approx(expected, abs=1e-6)


def test_the_first_reading_stands_as_it_is() -> None:
    reading = angry(0.9)
    assert np.array_equal(Baseline(EMOTIONS).add(reading, 12.0), reading)
    assert np.array_equal(reading, angry(0.9))


@pytest.mark.parametrize("share", [0.0, 0.05, TYPICAL])
def test_an_ordinary_face_is_left_alone(share: float) -> None:
    assert after(Baseline(EMOTIONS), share, 120) == pytest.approx(share, abs=1e-6)


def test_a_face_that_always_looks_a_little_angry_falls_below_the_threshold() -> None:
    baseline = Baseline(EMOTIONS)
    assert after(baseline, 0.55, 2) > 0.5
    assert after(baseline, 0.55, 120, 2) == pytest.approx(
        1 / (1 + np.exp(BOUND - odds(0.55))), abs=0.01
    )


def test_who_is_clearly_angry_from_arrival_stays_so() -> None:
    baseline = Baseline(EMOTIONS)
    assert after(baseline, 0.9, 6) > 0.85
    assert after(baseline, 0.9, 600, 6) > 0.7


def test_it_learns_as_slowly_as_it_says() -> None:
    baseline = Baseline(EMOTIONS)
    taken_off = odds(0.9) - odds(after(baseline, 0.9, RISE))
    assert taken_off == pytest.approx(BOUND * (1 - np.exp(-1)), abs=0.02)


def test_a_calm_stretch_undoes_what_a_spell_of_anger_taught() -> None:
    baseline = Baseline(EMOTIONS)
    spoilt = after(baseline, 0.9, 60)
    after(baseline, 0.02, 3 * FALL, 60)
    again = after(baseline, 0.9, 0, 60 + 3 * FALL + 0.2)
    assert spoilt < again - 0.05
    assert again == pytest.approx(0.9, abs=0.01)


def test_seconds_out_of_view_teach_nothing() -> None:
    away, near = Baseline(EMOTIONS), Baseline(EMOTIONS)
    away.add(angry(0.9), 0.0)
    near.add(angry(0.9), 0.0)
    assert away.add(angry(0.9), 500.0)[ANGRY] == near.add(angry(0.9), 1.0)[ANGRY]


def test_a_new_visitor_starts_anew() -> None:
    after(Baseline(EMOTIONS), 0.6, 60)
    assert after(Baseline(EMOTIONS), 0.6, 0) == pytest.approx(0.6)


def test_arrival_is_the_mean_of_the_first_seconds() -> None:
    assert Baseline(EMOTIONS).arrival is None
    baseline = Baseline(EMOTIONS)
    after(baseline, 0.1, START)
    after(baseline, 0.9, 30, START + 1)
    assert baseline.arrival is not None
    assert baseline.arrival[ANGRY] == pytest.approx(0.1, abs=1e-6)


def test_a_new_site_corrects_nothing_and_may_forget() -> None:
    site = Site(EMOTIONS)
    assert (site.correction == 0).all()
    site.learn(angry(0.0))
    assert site.correction[ANGRY] > 0
    site.reset()
    assert (site.correction == 0).all()


def test_one_visitor_moves_a_site_little_and_many_as_far_as_the_bound() -> None:
    site = Site(EMOTIONS)
    site.learn(angry(0.0))
    assert site.correction[ANGRY] < 0.02
    for _ in range(2000):
        site.learn(angry(0.0))
        assert (site.correction <= BOUND).all()
    assert site.correction[ANGRY] == BOUND
    assert (site.correction[~NEGATIVE] == 0).all()


def test_a_desk_where_anger_is_common_is_left_alone() -> None:
    site = Site(EMOTIONS)
    for _ in range(300):
        site.learn(angry(0.5))
    assert site.correction[ANGRY] == 0
    assert after(Baseline(EMOTIONS, site), 0.6, 0) == pytest.approx(0.6)


def test_a_site_is_counted_together_with_the_visitor_within_one_bound() -> None:
    rare = a_site(True)
    told = Baseline(EMOTIONS, rare)
    assert odds(after(told, 0.9, 0)) == pytest.approx(odds(0.9) - BOUND, abs=1e-3)
    assert odds(after(told, 0.9, 120, 1)) == pytest.approx(odds(0.9) - BOUND, abs=1e-3)


def test_the_model_of_valence_is_corrected_too() -> None:
    baseline, reading = Baseline(TASKS["valence"]), np.array([0.6, 0.3, 0.1], np.float32)
    for time in range(60):
        told = baseline.add(reading, float(time))
    assert told[0] < 0.45
    assert told[2] == reading[2]


def test_a_model_without_a_neutral_face_stays_as_it_is() -> None:
    labels = TASKS["happy-sad"]
    site, reading = Site(labels), np.array([0.2, 0.8], np.float32)
    for _ in range(300):
        site.learn(np.array([1.0, 0.0]))
    baseline = Baseline(labels, site)
    for time in range(60):
        assert np.array_equal(baseline.add(reading, float(time)), reading)
