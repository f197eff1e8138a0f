"""What the commands of `edge-bench` share."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.commands.common import add_card
from edge.command import parser
from edge.vision.card import DEFAULT_CARD, MODELS, read_card


def card(*arguments: str) -> Path:
    made = parser("edge-bench", "")
    add_card(made)
    found: Path = made.parse_args(arguments).card
    return found


def test_labels_are_short_for_a_shipped_card() -> None:
    assert card() == card("--labels", "ferplus") == DEFAULT_CARD
    assert card("--labels", "fer2013") == MODELS / "emotion-fer2013.json"
    assert card("--card", "mine.json") == Path("mine.json")
    assert read_card(card("--labels", "fer2013")).pick("tflite").is_file()


@pytest.mark.parametrize("labels", ["ferplus", "fer2013"])
@pytest.mark.parametrize("first", [True, False])
def test_both_at_once_are_refused(
    labels: str, first: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = ("--labels", labels), ("--card", "mine.json")
    with pytest.raises(SystemExit, match="64"):
        card(*(one + other if first else other + one))
    assert "not allowed with argument" in capsys.readouterr().err


def test_unknown_labels_are_refused_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="64"):
        card("--labels", "affectnet")
    assert "affectnet: must be one of ferplus, fer2013" in capsys.readouterr().err
