"""The rule, held against a second computation from each visitor's whole history.

All times and settings are multiples of 1/16, which floats hold exactly, so that no comparison
needs a tolerance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.rule import HOUR, LOOK, Event, Firing, Resolved, Rule, RuleConfig
from edge.labels import EMOTIONS

THOROUGH = settings(max_examples=300, deadline=None)  # other jobs may run beside the tests

Scores = Mapping[int, float | None]  # by visitor; None where the frame does not show the face
Script = Sequence[tuple[float, Scores]]  # (time, scores)
SLOTS = 3


def face(score: float | None) -> dict[str, float] | None:
    """Seven probabilities of which anger has `score`."""
    if score is None:
        return None
    return dict.fromkeys(EMOTIONS, (1 - score) / 6) | {"angry": score}


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Stretches of frames in which each of three visitors stays, is out of view, or is gone."""
    state = st.sampled_from(["gone", None, 0.125, 0.25, 0.375, 0.5, 0.75, 0.75, 1.0, 1.0])
    step = st.sampled_from([0.0625, 0.25, 0.5, 1.0, 2.0, 1800.0])
    stretch = st.tuples(st.integers(1, 16), step, st.tuples(*[state] * SLOTS))
    script: list[tuple[float, Scores]] = []
    time, numbers, present = 0.0, list(range(1, SLOTS + 1)), set[int]()
    for frames, seconds, states in draw(st.lists(stretch, min_size=3, max_size=12)):
        for slot, told in enumerate(states):
            if told == "gone" and numbers[slot] in present:
                numbers[slot] += SLOTS  # who comes back is somebody new
        seen = {numbers[i]: told for i, told in enumerate(states) if told != "gone"}
        present.update(seen)
        for _ in range(frames):
            time += seconds
            script.append((time, seen))
    return script


@st.composite
def configs(draw: st.DrawFn) -> RuleConfig:
    on = draw(st.sampled_from([0.375, 0.5, 0.75]))
    return RuleConfig(
        on=on,
        off=draw(st.sampled_from([0.25, 0.375, on])),
        seconds=draw(st.sampled_from([0.0, 0.25, 1.0, 3.0])),
        share=draw(st.sampled_from([0.0, 0.5, 0.75, 1.0])),
        clear=draw(st.sampled_from([0.0, 0.5, 2.0])),
        repeat=draw(st.sampled_from([0.0, 2.0, 60.0])),
        cap=draw(st.sampled_from([0, 1, 2, 12])),
    )


def replay(config: RuleConfig, script: Script) -> list[list[Event]]:
    """The events of each frame, and those of closing as a last element."""
    rule = Rule("anger", config)
    events = [rule.step(t, {v: face(score) for v, score in seen.items()}) for t, seen in script]
    return [*events, rule.close(script[-1][0])]


def flat(events: Sequence[Sequence[Event]]) -> list[Event]:
    return [event for frame in events for event in frame]


@dataclass
class History:
    """What the second computation remembers of one visitor."""

    last: float
    start: float | None = None
    vouched: float = 0.0
    quiet_until: float = 0.0

    def due(self, config: RuleConfig, time: float, score: float | None) -> bool:
        """Take in one frame outside of an incident; tell whether an alert is due."""
        passed, self.last = min(time - self.last, LOOK), time
        if score is None:
            return False
        if score < config.on:
            self.start = None
            return False
        if self.start is None:
            self.start, self.vouched = time, 0.0
            return False
        self.vouched += passed
        lasted = time - self.start
        enough = lasted >= config.seconds and self.vouched >= config.share * lasted
        return enough and time >= self.quiet_until


def moments_due(
    config: RuleConfig, script: Script, events: Sequence[Sequence[Event]]
) -> Iterator[tuple[float, Firing | None]]:
    """Every (time, alert) at which one is due; None where it was held back."""
    known: dict[int, History] = {}
    firing: set[int] = set()
    for (time, seen), told in zip(script, events, strict=False):
        over = {event.visitor for event in told if isinstance(event, Resolved)}
        fired = {event.visitor: event for event in told if isinstance(event, Firing)}
        for visitor, score in seen.items():
            history = known.setdefault(visitor, History(last=time))
            if visitor in firing:
                history.last, history.start = time, None
            elif history.due(config, time, score):
                history.start, history.quiet_until = None, time + config.repeat
                yield time, fired.pop(visitor, None)
        assert not fired, "an alert on less evidence than asked for"
        firing = (firing - over) | {e.visitor for e in told if isinstance(e, Firing)}


@THOROUGH
@given(configs(), scripts())
def test_alerts_are_raised_when_due_and_only_the_cap_holds_them_back(
    config: RuleConfig, script: Script
) -> None:
    raised: list[float] = []
    held_back = 0
    for time, firing in moments_due(config, script, replay(config, script)):
        within_the_hour = sum(before > time - HOUR for before in raised)
        if firing is None:
            assert within_the_hour == config.cap
            held_back += 1
        else:
            assert within_the_hour < config.cap
            assert firing.swallowed == held_back
            raised.append(time)
            held_back = 0


@THOROUGH
@given(configs(), scripts())
def test_every_alert_is_resolved_once(config: RuleConfig, script: Script) -> None:
    events = flat(replay(config, script))
    firings = {event.incident: event for event in events if isinstance(event, Firing)}
    resolved = [event for event in events if isinstance(event, Resolved)]
    assert sorted(event.incident for event in resolved) == sorted(firings)
    assert list(firings) == list(range(1, len(firings) + 1))
    for event in resolved:
        firing = firings[event.incident]
        assert (event.rule, event.visitor, event.label) == ("anger", firing.visitor, "angry")
        assert event.time >= firing.time
        assert event.duration == event.time - firing.since >= config.seconds
        assert event.peak >= firing.score >= config.on
        scores = [seen.get(event.visitor) for t, seen in script if firing.since <= t <= event.time]
        assert event.peak == pytest.approx(max(score for score in scores if score is not None))


@THOROUGH
@given(configs(), scripts())
def test_one_open_incident_a_visitor_and_no_event_before_another(
    config: RuleConfig, script: Script
) -> None:
    is_open: dict[int, int] = {}
    last = 0.0
    for event in flat(replay(config, script)):
        assert event.time >= last
        last = event.time
        if isinstance(event, Firing):
            assert event.visitor not in is_open
            is_open[event.visitor] = event.incident
        else:
            assert is_open.pop(event.visitor) == event.incident
    assert not is_open


@THOROUGH
@given(configs(), scripts())
def test_a_visitor_is_told_of_again_only_after_repeat(config: RuleConfig, script: Script) -> None:
    last: dict[int, float] = {}
    for event in flat(replay(config, script)):
        if isinstance(event, Firing):
            assert event.time >= last.get(event.visitor, -HOUR) + config.repeat
            last[event.visitor] = event.time


@THOROUGH
@given(configs(), scripts())
def test_a_frame_that_does_not_show_a_face_says_nothing_of_it(
    config: RuleConfig, script: Script
) -> None:
    for (_, seen), events in zip(script, replay(config, script), strict=False):
        for event in events:
            if event.visitor in seen:
                assert seen[event.visitor] is not None


@THOROUGH
@given(configs(), scripts())
def test_firing_tells_what_is_open(config: RuleConfig, script: Script) -> None:
    rule = Rule("anger", config)
    expected: dict[int, int] = {}
    for time, seen in script:
        for event in rule.step(time, {v: face(score) for v, score in seen.items()}):
            if isinstance(event, Firing):
                expected[event.visitor] = event.incident
            else:
                del expected[event.visitor]
        assert rule.firing == expected
    rule.close(script[-1][0])
    assert rule.firing == {}


def steady(scores: str, fps: int = 8) -> list[tuple[float, Scores]]:
    """One visitor by letters: `!` angry, `~` between off and on, `.` calm, `?` out of view."""
    meaning = {"!": 0.75, "~": 0.4375, ".": 0.125, "?": None}
    return [((i + 1) / fps, {1: meaning[letter]}) for i, letter in enumerate(scores)]


def kinds(config: RuleConfig, script: Script) -> list[str]:
    """Firing or the reason of the end, with the number of the frame."""
    return [
        f"{'firing' if isinstance(event, Firing) else event.reason} {index}"
        for index, events in enumerate(replay(config, script))
        for event in events
    ]


ONE_SECOND = RuleConfig(on=0.5, off=0.375, seconds=1.0, share=0.75, clear=0.5, repeat=0.0)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param("!" * 8, [], id="one frame too short"),
        pytest.param("!" * 9, ["firing 8", "ended 9"], id="just long enough"),
        pytest.param("!!!!.!!!!!!!!", [], id="a calm look starts anew"),
        pytest.param("!!!!~!!!!!!!!!", ["firing 13", "ended 14"], id="below on starts anew"),
        pytest.param("!" * 9 + "~" * 20, ["firing 8", "ended 29"], id="between does not calm"),
        pytest.param("!" * 9 + ".....", ["firing 8", "calm 13"], id="calm for long enough"),
        pytest.param("!" * 9 + "....~....", ["firing 8", "ended 18"], id="calm starts anew"),
        pytest.param("!" * 9 + ".???????.", ["firing 8", "ended 18"], id="unseen does not calm"),
        pytest.param(
            "!" * 9 + ".??????.???.???.???.", ["firing 8", "calm 28"], id="seen calm adds"
        ),
        pytest.param("!!???????!!!", [], id="unseen does not count"),
        pytest.param("!!!!??!!!!!!", ["firing 8", "ended 12"], id="a blink is bridged"),
        pytest.param("!?" * 40, [], id="seen half of the time"),
        pytest.param("?" * 40, [], id="never seen"),
    ],
)
def test_hysteresis(scores: str, expected: list[str]) -> None:
    assert kinds(ONE_SECOND, steady(scores)) == expected


def test_a_long_gap_is_no_evidence() -> None:
    script = [(0.0, {1: 0.9}), (30.0, {1: 0.9}), (30.5, {1: 0.9})]
    assert kinds(ONE_SECOND, script) == []


def test_share_one_fires_in_spite_of_rounding() -> None:
    script = [(0.3 + i / 24, {1: 0.9}) for i in range(80)]
    assert kinds(RuleConfig(share=1.0, seconds=3.0), script)[:1] == ["firing 72"]


@pytest.mark.parametrize(
    ("repeat", "expected"), [(0.0, [8, 21]), (2.0, [8, 24]), (60.0, [8])], ids=str
)
def test_the_same_visitor_is_told_of_again_after_repeat(repeat: float, expected: list[int]) -> None:
    script = steady("!" * 9 + "." * 4 + "!" * 30)
    told = kinds(replace(ONE_SECOND, clear=0.375, repeat=repeat), script)
    assert [int(text.split()[1]) for text in told if text.startswith("firing")] == expected


@pytest.mark.parametrize(("later", "alerts"), [(HOUR - 0.125, 1), (HOUR, 2)])
def test_an_hour_after_the_first_the_cap_lets_the_next_through(later: float, alerts: int) -> None:
    config = replace(ONE_SECOND, cap=1)
    script = [*steady("!" * 9), (2.0, {})]
    script += [(later + time, {2: 0.9}) for time, _ in script[:9]]
    firings = [event for event in flat(replay(config, script)) if isinstance(event, Firing)]
    assert len(firings) == alerts


def test_a_visitor_who_leaves_is_resolved_as_gone() -> None:
    script = [*steady("!" * 10), (2.0, {})]
    assert kinds(ONE_SECOND, script) == ["firing 8", "gone 10"]


def test_the_next_alert_tells_how_many_were_held_back() -> None:
    crowd = dict.fromkeys(range(1, 6), 0.9)
    later = HOUR + 10
    script = [*((i / 8, crowd) for i in range(9)), (later, {})]
    script += [(later + i / 8, {9: 0.9}) for i in range(9)]
    config = RuleConfig(seconds=1.0, cap=2)
    firings = [event for event in flat(replay(config, script)) if isinstance(event, Firing)]
    assert [(event.visitor, event.swallowed) for event in firings] == [(1, 0), (2, 0), (9, 3)]


@pytest.mark.parametrize(
    ("config", "score", "label"),
    [
        (RuleConfig(), 0.5, "angry"),
        (RuleConfig(emotion="happy"), 0.125, "happy"),
        (RuleConfig(emotion="happy", absent=True), 0.875, "no happy"),
        (RuleConfig(weights={"angry": 1.0, "disgust": 0.5}), 0.625, "angry+disgust"),
        (RuleConfig(weights={"angry": 1.0, "fear": 1.0}, absent=True), 0.5, "no angry+fear"),
        (RuleConfig(weights=dict.fromkeys(EMOTIONS, 1.0)), 1.0, "+".join(EMOTIONS)),
    ],
    ids=["default", "one emotion", "absent", "weights", "weights absent", "all"],
)
def test_score_and_label(config: RuleConfig, score: float, label: str) -> None:
    probabilities = dict.fromkeys(EMOTIONS, 0.0) | {"angry": 0.5, "disgust": 0.25, "happy": 0.125}
    probabilities["neutral"] = 0.125
    assert config.score(probabilities) == pytest.approx(score)
    assert config.label == label


@THOROUGH
@given(
    weights=st.dictionaries(st.sampled_from(EMOTIONS), st.floats(0, 1)),
    shares=st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(any),
    absent=st.booleans(),
)
def test_a_score_lies_between_nought_and_one(
    weights: dict[str, float], shares: list[float], absent: bool
) -> None:
    config = RuleConfig(weights=weights, absent=absent)
    total = sum(shares)
    told = config.score({e: share / total for e, share in zip(EMOTIONS, shares, strict=True)})
    assert 0 <= told <= 1
