"""Visits and their judging: chance and arithmetic on made-up readings, then the shipped file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import alerts
from benchmarks.alerts import judge, rates, sweep, traffic
from benchmarks.alerts.crops import BORDER, ON_CAMERA, jittered, read_faces
from benchmarks.alerts.desk import Desk
from benchmarks.alerts.watch import alerts as raised
from benchmarks.alerts.watch import taught, watch
from benchmarks.chart import Chart
from benchmarks.cli import main
from edge.alerts.rule import RuleConfig
from edge.camera.demo import FACES
from edge.errors import DataError, ModelError
from edge.labels import EMOTIONS
from edge.pipeline import ExpressionConfig
from edge.vision.expression import ExpressionModel, load_model
from train.data import FaceSet, read_face

PATIENT = settings(deadline=None, max_examples=60)  # other jobs may run beside the tests
ANGRY, NEUTRAL = EMOTIONS.index("angry"), EMOTIONS.index("neutral")
EVERY = ExpressionConfig().every


def readings(*angers: float, crops: int = 4) -> Any:
    """(n, 2, crops, 7): faces that are always read as this angry and otherwise neutral."""
    made = np.zeros((len(angers), 2, crops, 7), np.float32)
    made[..., ANGRY] = np.array(angers)[:, None, None]
    made[..., NEUTRAL] = 1 - made[..., ANGRY]
    return made


def steady(seconds: float) -> traffic.Visit:
    """A visit in which the face is never lost."""
    times = np.arange(0.1, seconds + 1e-9, EVERY)
    return traffic.Visit(times, np.ones(len(times), bool), np.zeros(len(times), np.int64))


def desk(classes: list[str], angers: list[float], **expression: Any) -> Desk:
    rng = np.random.default_rng(1)
    visits = [traffic.visit(rng, EVERY) for _ in range(3)]
    config = ExpressionConfig(**expression)
    return Desk(readings(*angers), np.array(classes), visits, config, RuleConfig())


def visitor_faces(times: int = 1) -> FaceSet:
    """The built-in visitors' faces, each with ten votes for what it was averaged from."""
    names = sorted(path.stem for path in FACES.glob("*.png")) * times
    images = [read_face(FACES / f"{name}.png") for name in names]
    labels = np.array([EMOTIONS.index(name) for name in names])
    votes = 10 * np.eye(len(EMOTIONS), dtype=np.float32)[labels]
    return FaceSet(np.stack(images).astype(np.uint8), labels, votes)


def quiet(_line: str) -> None:
    pass


def test_crops_differ_as_the_detector_s_do() -> None:
    side = ON_CAMERA + 2 * BORDER
    noise = np.zeros((1, side, side), np.float32)
    ramp = np.tile(np.linspace(0, 255, 48), (48, 1)).astype(np.uint8)
    made = jittered(ramp, np.random.default_rng(5), 200, noise)
    sides = np.array([crop.shape[0] for crop in made])
    assert all(crop.shape[0] == crop.shape[1] for crop in made)
    assert np.std(sides / sides.mean()) == pytest.approx(0.023, abs=0.006)
    assert 0.85 * ON_CAMERA < sides.mean() < 1.1 * ON_CAMERA
    assert np.std([crop.mean() for crop in made]) > 1


def test_crops_follow_from_the_seed_and_the_face_s_place() -> None:
    model, images = load_model(), visitor_faces().images
    all_of_them = read_faces(model, images, 7, count=2)
    assert all_of_them.shape == (len(images), 1, 2, 7)
    assert np.array_equal(read_faces(model, images[:2], 7, count=2), all_of_them[:2])
    assert not np.array_equal(read_faces(model, images[:2], 8, count=2), all_of_them[:2])


@pytest.mark.parametrize("count", [1, 4, 5])
def test_crops_and_their_mirror_images_cost_as_much(count: int) -> None:
    images, read = visitor_faces().images[:2], 0
    shipped = load_model()

    def network(face: Any) -> Any:
        nonlocal read
        read += 1
        return shipped._network(face)

    model = ExpressionModel(shipped.card, shipped.path, "litert", network)
    both = read_faces(model, images, 7, count, mirror=True)
    drawn = (count + 1) // 2
    assert both.shape == (2, 2, drawn, 7)
    assert read == 2 * 2 * drawn
    assert np.array_equal(both[:, 0], read_faces(model, images, 7, drawn)[:, 0])
    assert np.array_equal(both[:, 1], _read_mirrored(shipped, images, 7, drawn))


def _read_mirrored(model: ExpressionModel, images: Any, seed: int, count: int) -> Any:
    """The same crops, each turned around before it is read."""

    class Mirrored(ExpressionModel):
        def predict(self, faces: Any) -> Any:
            return super().predict([np.fliplr(face).copy() for face in faces])

    turned = Mirrored(model.card, model.path, model.runtime, model._network)
    return read_faces(turned, images, seed, count)[:, 0]


def test_faces_are_lost_as_often_and_as_long_as_stated() -> None:
    rng = np.random.default_rng(3)
    visits = [traffic.visit(rng, EVERY) for _ in range(300)]
    seen = np.concatenate([visit.seen for visit in visits])
    assert 1 - seen.mean() == pytest.approx(traffic.LOST, abs=0.01)
    ends = int((np.diff(seen.astype(int)) == 1).sum())
    assert (~seen).sum() / ends * EVERY == pytest.approx(traffic.BURST, abs=0.08)
    lengths = [visit.seconds for visit in visits]
    assert min(lengths) >= traffic.SHORTEST - EVERY
    assert max(lengths) <= traffic.LONGEST
    assert np.median(lengths) == pytest.approx(traffic.MEDIAN, rel=0.15)


def test_a_face_that_was_lost_for_long_is_somebody_else() -> None:
    times = np.arange(0.1, 8, EVERY)
    seen = (times < 1) | ((times > 2) & (times < 3)) | (times > 6)
    tracks = traffic._tracks(times, seen)
    assert set(tracks[times < 4]) == {0}
    assert set(tracks[(times > 4.6) & (times < 6)]) == {-1}
    assert set(tracks[times > 6]) == {1}


def test_a_visit_can_be_cut_short() -> None:
    whole = traffic.visit(np.random.default_rng(0), EVERY)
    part = whole.until(5.0)
    assert part.seconds == pytest.approx(4.9)
    assert len(part.times) == len(part.seen) == len(part.tracks) == 25


def test_a_reading_resembles_the_next() -> None:
    shown = np.array(list(traffic.draws(np.random.default_rng(0), 400, 50, 10, EVERY)))
    stays = float(np.exp(-EVERY / traffic.MEMORY))
    assert (shown[1:] == shown[:-1]).mean() == pytest.approx(stays + (1 - stays) / 10, abs=0.01)
    assert np.bincount(shown.ravel(), minlength=10).min() > 0.08 * shown.size


def test_the_mix_is_the_one_stated() -> None:
    classes = np.array(["angry"] * 9 + ["neutral"] * 4 + ["happy"] * 2 + ["sad"] * 3 + ["fear"])
    shares = traffic.shares(classes)
    assert shares == pytest.approx(
        {"neutral": 0.6, "happy": 0.25, "sad": 0.15 * 3 / 4, "fear": 0.15 / 4}
    )
    weight = rates.weights(classes)
    assert weight.sum() == pytest.approx(traffic.AN_HOUR)
    assert (weight[:9] == 0).all()
    assert weight[9] == pytest.approx(30 * 0.6 / 4)


def test_a_class_without_faces_leaves_its_share_to_the_others() -> None:
    assert traffic.shares(np.array(["neutral", "happy"])) == pytest.approx(
        {"neutral": 0.6 / 0.85, "happy": 0.25 / 0.85}
    )


def test_no_alert_still_has_an_upper_limit() -> None:
    # 3.69 is the exact Poisson limit for none
    found = rates.an_hour(np.zeros(1000), np.full(1000, 0.03))
    assert found["an_hour"] == 0
    assert found["interval_95"] == pytest.approx([0, 0.03 * 3.689], rel=0.02)


def test_ten_alerting_faces_have_the_interval_of_ten_counts() -> None:
    counts = np.zeros(1000)
    counts[:10] = 1
    found = rates.an_hour(counts, np.full(1000, 0.01))
    assert found["an_hour"] == pytest.approx(0.1)
    assert found["interval_95"] == pytest.approx([0.04795, 0.18390], rel=0.02)


@pytest.mark.parametrize("lost", [False, True])
def test_an_angry_face_alerts_once_the_rule_has_seen_it_long_enough(lost: bool) -> None:
    visit = steady(20)
    if lost:
        visit = replace(visit, seen=(visit.times < 1) | (visit.times > 3.2))
    one = watch(readings(0.9, 0.2), visit, np.random.default_rng(0), ExpressionConfig())
    config = RuleConfig(seconds=3.0, on=0.5, share=0.7)
    assert raised(config, visit, one.scores[:, 1]) == []
    (time,) = raised(config, visit, one.scores[:, 0])
    assert time == pytest.approx(7.5 if lost else 3.1, abs=0.5)


@pytest.mark.parametrize("mirror", [True, False])
def test_every_second_reading_of_a_track_is_of_the_other_view(mirror: bool) -> None:
    visit = steady(12)
    away = (visit.times > 4) & (visit.times < 8)  # somebody else comes then
    lost = away | np.isin(np.arange(len(visit.times)), [3, 6, 7])
    tracks = traffic._tracks(visit.times, ~lost)
    visit = replace(visit, seen=~lost, tracks=tracks)
    made = readings(0.0)
    made[:, 1, :, ANGRY] = 1  # the mirror image is angry
    as_read = ExpressionConfig(mirror=mirror, smoothing=0, baseline="off")
    (scores,) = watch(made, visit, np.random.default_rng(0), as_read).scores.T
    assert tracks.max() == 1
    for track in (0, 1):
        told = scores[~lost & (tracks == track)]
        assert len(told) > 10
        assert told.tolist() == [float(mirror and look % 2) for look in range(len(told))]


def test_a_site_learns_from_both_views() -> None:
    visits = [traffic.visit(np.random.default_rng(0), EVERY)]

    def correction(mirror: bool) -> float:
        made = readings(*[0.0] * 40)
        made[:, 1, :, ANGRY] = 1
        config = ExpressionConfig(mirror=mirror, baseline="site")
        return float(taught(made, visits, np.random.default_rng(0), config).correction[ANGRY])

    assert correction(True) != correction(False)


def test_a_turn_is_seen_through_smoothing() -> None:
    visit = steady(30)
    one = watch(
        readings(0.9), visit, np.random.default_rng(0), ExpressionConfig(smoothing=0.7), None,
        readings(0.05), turn=20.0,
    )  # fmt: skip
    assert (one.scores[visit.times < 20] < 0.1).all()
    (time,) = raised(RuleConfig(seconds=3.0, on=0.5), visit, one.scores[:, 0])
    assert 23.0 <= time <= 24.5


@st.composite
def watched_faces(draw: st.DrawFn) -> tuple[RuleConfig, traffic.Visit, Any]:
    seed, stays = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0.5, 0.9, 0.99]))
    rng = np.random.default_rng(seed)
    visit = traffic.visit(rng, EVERY)
    levels = rng.random((len(visit.times), 6)).astype(np.float32)
    for look in range(1, len(levels)):
        keep = rng.random(6) < stays
        levels[look, keep] = levels[look - 1, keep]
    config = RuleConfig(
        on=draw(st.sampled_from([0.1, 0.3, 0.6])),
        off=0.1,
        seconds=draw(st.sampled_from([0.0, 0.4, 1.0, 3.0])),
        share=draw(st.sampled_from([0.0, 0.7, 1.0])),
    )
    return config, visit, levels


@PATIENT
@given(watched_faces())
def test_the_rule_in_arrays_tells_the_first_alert_of_the_rule(
    case: tuple[RuleConfig, traffic.Visit, Any],
) -> None:
    config, visit, scores = case
    ons, seconds = (0.9, config.on), (9.0, config.seconds, 0.6)
    told = sweep.first_alerts(visit, scores, ons, seconds, config.share)[1, 1]
    expected = [raised(config, visit, scores[:, face], True) for face in range(scores.shape[1])]
    assert told.tolist() == [times[0] if times else np.inf for times in expected]


def test_the_best_setting_is_the_one_that_tells_most_within_the_bound() -> None:
    def point(on: float, within: float, an_hour: float) -> sweep.Setting:
        return sweep.Setting(on, 3.0, 0.7, within, an_hour)

    points = [point(0.4, 0.9, 0.3), point(0.5, 0.8, 0.1), point(0.6, 0.8, 0.05)]
    assert sweep.best(points, 0.2) == points[2]
    assert sweep.best(points, 1) == points[0]
    assert sweep.best(points, 0.01) is None


def test_curves_agree_with_the_rule_at_the_default() -> None:
    rule = RuleConfig()
    assert rule.on in sweep.ONS
    assert rule.seconds in sweep.SECONDS
    assert ExpressionConfig().smoothing in sweep.SMOOTHINGS
    told = judge.of_desk(desk(["angry"] * 3 + ["neutral"] * 2, [0.9, 0.4, 0.7, 0.05, 0.6]))
    (here,) = (
        one
        for one in told["curves"]
        if (one["on"], one["seconds"]) == (rule.on, rule.seconds)
        and one["smoothing"] == ExpressionConfig().smoothing
    )
    assert here["within_6s"] == pytest.approx(told["default"]["within_6s"]["share"])
    assert here["an_hour"] == pytest.approx(30 / 2)


def test_who_is_angry_is_told_of_and_who_is_calm_is_not() -> None:
    told = judge.of_desk(desk(["angry", "neutral", "happy"], [0.95, 0.02, 0.02]))
    for mode in ("off", "visit"):
        judged = told["baselines"][mode]
        assert judged["at_all"]["share"] == 1
        assert judged["false_alerts"]["an_hour"] == 0
        assert judged["turning"]["share"] >= 0.6
    assert (told["angry_faces"], told["calm_faces"]) == (1, 2)


def test_a_baseline_spares_the_resting_face_that_hovers_at_the_threshold() -> None:
    wandering = readings(0.95, 0.0, crops=12)
    wandering[1, ..., ANGRY] = np.linspace(0.36, 0.58, 12)
    wandering[1, ..., NEUTRAL] = 1 - wandering[1, ..., ANGRY]
    made = replace(desk(["angry", "neutral"], [0.9, 0.5]), readings=wandering)
    judged = judge.of_desk(made)["baselines"]
    off, visit = (judged[mode]["false_alerts"]["an_hour"] for mode in ("off", "visit"))
    assert off > visit


def test_resting_faces_are_neutral_ones_that_the_model_calls_angry() -> None:
    made = desk(["angry", "neutral", "neutral", "happy"], [0.9, 0.6, 0.4, 0.6])
    assert made.resting().tolist() == [False, True, False, False]


def test_what_cannot_alert_is_left_out_and_nothing_else() -> None:
    made = desk(["angry", "neutral", "neutral"], [0.9, 0.05, 0.6])
    assert made.able.tolist() == [0, 2]


def test_a_site_learns_from_arrivals() -> None:
    rng = np.random.default_rng(0)
    visits = [traffic.visit(rng, EVERY)]
    rare = taught(readings(*[0.01] * 40), visits, rng, ExpressionConfig(baseline="site"))
    common = taught(readings(*[0.9] * 40), visits, rng, ExpressionConfig(baseline="site"))
    assert rare.correction[ANGRY] > 0
    assert common.correction[ANGRY] == 0


def test_the_whole_on_the_built_in_visitors() -> None:
    model, faces = load_model(), visitor_faces()
    told = alerts.measure(model, faces, "PublicTest", quiet, visits=3, crops=3, tune=True)
    again = alerts.measure(model, faces, "PublicTest", quiet, visits=3, crops=3, tune=True)
    assert told == again
    assert told["default"]["at_all"]["share"] == 1
    assert set(told["best"]) == {"off", "visit", "site"}
    text = alerts.as_text(told)
    assert "1 angry and 4 calm faces" in text
    assert all(mode in text for mode in ("| off |", "| visit |", "| site |"))
    figures = alerts.figures(told)
    assert not any(figure.timed for figure in figures)
    assert {"within 6 s", "false alerts"} <= {figure.name for figure in figures}
    assert all(isinstance(chart, Chart) and chart.series for chart in alerts.charts(told))


def test_mirroring_is_told_and_can_be_left_out() -> None:
    model, faces = load_model(), visitor_faces()
    on, off = (
        alerts.measure(model, faces, "PublicTest", quiet, visits=1, crops=2, mirror=mirror)
        for mirror in (True, False)
    )
    assert (on["expression"]["mirror"], off["expression"]["mirror"]) == (True, False)
    assert "every second reading mirrored" in alerts.as_text(on)
    assert "mirrored" not in alerts.as_text(off)
    off["expression"].pop("mirror")  # as older versions wrote it
    assert "mirrored" not in alerts.as_text(off)


@pytest.mark.parametrize(
    ("flags", "mirror"), [([], True), (["--mirror"], True), (["--no-mirror"], False)]
)
def test_the_command_mirrors_as_it_is_told(
    flags: list[str], mirror: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AskedError(Exception):
        pass

    def measure(*_arguments: Any, **named: Any) -> None:
        raise AskedError(named["mirror"])

    monkeypatch.setattr(alerts, "measure", measure)
    monkeypatch.setattr("train.data.load", lambda _path: {"PrivateTest": visitor_faces()})
    with pytest.raises(AskedError, match=str(mirror)):
        main(["--debug", "alerts", "--data", "nowhere", *flags])


def test_a_sample_is_told_and_has_every_class() -> None:
    model, faces = load_model(), visitor_faces(times=4)
    told = alerts.measure(model, faces, "PublicTest", quiet, visits=1, crops=2, count=10)
    assert (told["faces"], told["angry_faces"], told["calm_faces"]) == (10, 2, 8)
    assert told["only"] == "10 of 20 faces of PublicTest only"
    whole = alerts.measure(model, faces, "PublicTest", quiet, visits=1, crops=2, count=99)
    assert (whole["faces"], whole["only"]) == (20, "")


def test_a_sample_without_angry_faces_is_refused() -> None:
    with pytest.raises(DataError, match=r"--faces 1: .* take more"):
        alerts.measure(load_model(), visitor_faces(), "PublicTest", quiet, count=1)


def test_faces_without_votes_are_refused() -> None:
    faces = visitor_faces()
    bare = FaceSet(faces.images, faces.labels, np.zeros_like(faces.votes))
    with pytest.raises(DataError, match=r"PublicTest: .*fer2013new\.csv"):
        alerts.measure(load_model(), bare, "PublicTest", quiet)


def test_a_model_of_another_task_is_refused() -> None:
    shipped = load_model()
    card = replace(shipped.card, labels=("happy", "sad"))
    other = ExpressionModel(card, shipped.path, "litert", lambda face: face)  # type: ignore[arg-type, return-value]
    with pytest.raises(ModelError, match="seven emotions"):
        alerts.measure(other, visitor_faces(), "PublicTest", quiet)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["--visits", "0"], 64, "--visits", id="no visits"),
        pytest.param(["--faces", "0"], 64, "--faces 0", id="no faces"),
        pytest.param(["--tune"], 64, "--split PublicTest", id="tuning on what is reported"),
        pytest.param([], 65, "fer2013.csv", id="no data"),
        pytest.param(["--card", "none.json"], 78, "none.json", id="no card"),
        pytest.param(["--labels", "fer"], 64, "fer: must be one of ferplus, fer2013", id="labels"),
        pytest.param(["--labels", "ferplus", "--card", "a"], 64, "not allowed", id="two cards"),
    ],
)
def test_bad_arguments_cost_one_line(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        ended = main(["alerts", "--data", "nowhere", *arguments])
    except SystemExit as usage:  # argparse's own
        ended = int(usage.code or 0)
    assert ended == code
    error = capsys.readouterr().err
    assert error.count("error: ") == 1
    assert told in error
