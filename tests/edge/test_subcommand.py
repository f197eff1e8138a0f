import pytest

from edge.cli import main


@pytest.mark.parametrize(
    ("arguments", "command", "rest"),
    [
        ("alerts", "outbox", ""),
        ("alerts list --csv", "outbox", "list --csv"),
        ("--config F alerts list", "outbox", "--config F list"),
        ("--set a.b=c --config=F --json --debug alerts show 1", "outbox", None),
        ("--set alerts doctor", "doctor", "--set alerts"),
        ("doctor --json --config F", "doctor", "--json --config F"),
        ("--config alerts --print-config", None, None),
        ("--image alerts doctor", None, None),
        ("--camera demo: alerts", None, None),
        ("--config", None, None),
        ("", None, None),
    ],
)
def test_the_first_word_that_is_no_flag_names_a_command(arguments, command, rest, monkeypatch):
    told = []
    for name in ("outbox", "doctor"):
        module = f"edge.{name}_cli.main"
        monkeypatch.setattr(module, lambda given, name=name: told.append((name, given)) or 7)
    monkeypatch.setattr("edge.cli.run_command", lambda *_: 8)
    assert main(arguments.split()) == (8 if command is None else 7)
    if command is None:
        assert told == []
    else:
        expected = arguments.replace(" alerts", "") if rest is None else rest
        assert told == [(command, expected.split())]
