import io
import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.rule import Event, Firing, Resolved
from edge.labels import EMOTIONS
from edge.pipeline import Observation, Reading
from edge.show import SETTLED, JsonPrinter, LinePrinter, Printer, Summary
from edge.vision.face import Box

PATIENT = settings(deadline=None)  # other jobs may run beside the tests

SUMMARY = Summary(12.34567, 120, 3, 2, 1, 4.56789, 5.67891, {"motion": 0.123456, "track": 0.2})
START = 1000.0  # a camera's clock starts anywhere


def reading(visitor: int, emotion: str | None, seen: bool = True) -> Reading:
    probabilities = None
    if emotion is not None:
        probabilities = MappingProxyType(dict.fromkeys(EMOTIONS, 0.05) | {emotion: 0.7})
    return Reading(visitor, Box(10, 20, 30, 30), seen, probabilities)


def observations(*letters: str, fps: int = 8) -> list[Observation]:
    """By visitor, a text of `n`eutral, `a`ngry, `?` not read yet, or a blank for away."""
    meaning = {"n": "neutral", "a": "angry", "h": "happy", "?": None}
    return [
        Observation(
            START + i / fps,
            tuple(
                reading(number, meaning[letter])
                for number, letter in enumerate(moment, start=1)
                if letter != " "
            ),
        )
        for i, moment in enumerate(zip(*letters, strict=True))
    ]


def lines(told: Sequence[Observation | Event]) -> list[str]:
    written: list[str] = []
    show(LinePrinter(written.append), told)
    return written


def objects(told: Sequence[Observation | Event]) -> list[dict[str, Any]]:
    written: list[str] = []
    show(JsonPrinter(written.append), told)
    assert not any("\n" in line for line in written)
    return [json.loads(line) for line in written]


def show(printer: Printer, told: Sequence[Observation | Event]) -> None:
    for one in told:
        if isinstance(one, Observation):
            printer.seen(one)
        else:
            printer.send(one)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        pytest.param(["n" * 50], ["0.0 came neutral"], id="nothing changes"),
        pytest.param(["?????nnnn"], ["0.6 came neutral"], id="comes when read"),
        pytest.param(["?????    "], [], id="leaves unread"),
        pytest.param(["nnnnnaaaaaaaaa"], ["0.0 came neutral", "1.1 angry"], id="a change settles"),
        pytest.param(["nnnnnaaannnnnn"], ["0.0 came neutral"], id="a syllable is no change"),
        pytest.param(["nanananananana"], ["0.0 came neutral"], id="flicker is no change"),
        pytest.param(["nn  "], ["0.0 came neutral", "0.2 left"], id="leaves"),
    ],
)
def test_a_line_a_change(letters: list[str], expected: list[str]) -> None:
    told = [
        re.sub(r"visitor 1 |looks |,| \d+%", "", line).strip().replace(" s  ", " ")
        for line in lines(observations(*letters))
    ]
    assert told == expected


def test_the_words_for_people() -> None:
    assert lines(observations("nnnnnaaaaaaa ", "    hhhhhhhhh")) == [
        "    0.0 s  visitor 1 came, looks neutral 70%",
        "    0.5 s  visitor 2 came, looks happy 70%",
        "    1.1 s  visitor 1 looks angry 70%",
        "    1.5 s  visitor 1 left",
    ]


moments = st.lists(st.text("na? ", min_size=3, max_size=3), min_size=1, max_size=60)


@PATIENT
@given(moments)
def test_lines_tell_changes_not_frames(told: list[str]) -> None:
    stream = observations(*("".join(column) for column in zip(*told, strict=True)))
    worn: dict[int, str] = {}
    last: dict[int, float] = {}
    for one in objects(stream):
        visitor, seconds = one["visitor"], one["seconds"]
        if one["event"] == "left":
            del worn[visitor]
            continue
        assert (one["event"] == "came") == (visitor not in worn)
        if one["event"] == "emotion":
            assert worn[visitor] != one["emotion"]
            assert seconds - last[visitor] >= SETTLED - 1e-6
        worn[visitor], last[visitor] = one["emotion"], seconds
    assert len(lines(stream)) == len(objects(stream))


FIRING = Firing("anger", 1, 4, START + 3.5, START, "angry", 0.625, 0.87654321, 0)
HELD = Firing("anger", 1, 4, START + 3.5, START, "angry", 0.625, 1.0, 2)
CALM = Resolved("anger", 1, 4, START + 9, "angry", 9.0, 0.75, "calm")
GONE = Resolved("anger", 1, 4, START + 9, "angry", 9.0, 0.75, "gone")
ENDED = Resolved("anger", 1, 4, START + 9, "angry", 9.0, 0.75, "ended")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (FIRING, "    3.5 s  ALERT 1: visitor 4 has looked angry for 3.5 s (score 0.62)"),
        (
            HELD,
            "    3.5 s  ALERT 1: visitor 4 has looked angry for 3.5 s (score 0.62); "
            "2 more were held back by the cap",
        ),
        (CALM, "    9.0 s  alert 1 resolved: visitor 4 has calmed down (9.0 s in all, peak 0.75)"),
        (GONE, "    9.0 s  alert 1 resolved: visitor 4 is gone (9.0 s in all, peak 0.75)"),
        (ENDED, "    9.0 s  alert 1 resolved: watching has ended (9.0 s in all, peak 0.75)"),
    ],
    ids=["firing", "held back", "calm", "gone", "ended"],
)
def test_alerts_for_people(event: Event, text: str) -> None:
    assert lines([*observations("n"), event])[-1] == text


def test_alerts_for_machines() -> None:
    _, firing, resolved = objects([*observations("n"), FIRING, CALM])
    assert datetime.fromisoformat(firing.pop("at")).tzinfo is not None
    assert firing == {
        "event": "firing",
        "seconds": 3.5,
        "rule": "anger",
        "incident": 1,
        "visitor": 4,
        "label": "angry",
        "score": 0.625,
        "seen": 0.8765,
        "swallowed": 0,
        "held": 3.5,
    }
    del resolved["at"]
    assert resolved == {
        "event": "resolved",
        "seconds": 9.0,
        "rule": "anger",
        "incident": 1,
        "visitor": 4,
        "label": "angry",
        "duration": 9.0,
        "peak": 0.75,
        "reason": "calm",
    }


def test_a_visitor_for_machines() -> None:
    came, left = objects(observations("a "))
    del came["at"], left["at"]
    assert came == {
        "event": "came",
        "seconds": 0.0,
        "visitor": 1,
        "box": [10, 20, 30, 30],
        "emotion": "angry",
        "probabilities": dict.fromkeys(EMOTIONS, 0.05) | {"angry": 0.7},
        "valence": {"negative": 0.85, "neutral": 0.1, "positive": 0.05},
    }
    assert left == {"event": "left", "seconds": 0.125, "visitor": 1}


def test_start_and_end_for_people() -> None:
    written: list[str] = []
    printer = LinePrinter(written.append)
    printer.started("demo:", "emotion.tflite on litert")
    printer.ended("demo: has ended", SUMMARY)
    assert written == [
        "watching demo: with emotion.tflite on litert; Ctrl-C ends",
        "demo: has ended: 120 frames in 12.3 s, 3 dropped; visitors: 2, alerts: 1",
        "a frame took 4.57 ms (motion 0.12, track 0.20); 5.68 ms of CPU with capture",
    ]


def test_start_and_end_for_machines() -> None:
    written: list[str] = []
    printer = JsonPrinter(written.append)
    printer.started('a "camera"\nof two lines', "emotion.tflite on litert")
    printer.ended("stopped by SIGINT", SUMMARY)
    started, ended = map(json.loads, written)
    assert (started["event"], started["camera"]) == ("started", 'a "camera"\nof two lines')
    assert (ended["event"], ended["why"], ended["frames"]) == ("ended", "stopped by SIGINT", 120)
    assert ended["stages_ms"] == {"motion": 0.1235, "track": 0.2}
    assert ended["frame_ms"] == 4.5679


@pytest.mark.parametrize("printer", [LinePrinter, JsonPrinter])
def test_each_line_goes_to_standard_output_at_once(
    printer: type[LinePrinter | JsonPrinter], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    with io.TextIOWrapper(written, encoding="utf-8") as buffered:
        monkeypatch.setattr(sys, "stdout", buffered)
        told = printer()
        told.started("0", "model")
        assert written.getvalue().count(b"\n") == 1
        told.seen(observations("n")[0])
        assert written.getvalue().count(b"\n") == 2
        told.send(FIRING)
        assert written.getvalue().count(b"\n") == 3
