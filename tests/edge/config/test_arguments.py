import argparse
from pathlib import Path

import pytest

from edge.command import parser
from edge.config.arguments import add_config_arguments, config_path, load_from, wants_json
from edge.errors import UsageError


@pytest.fixture
def made() -> argparse.ArgumentParser:
    """A command with a subcommand, each with the flags."""
    command = parser("edge-run alerts", "About alerts.")
    add_config_arguments(command)
    listing = command.add_subparsers(required=True).add_parser("list")
    add_config_arguments(listing)
    return command


@pytest.mark.parametrize(
    "words",
    ["--config FILE --set model.threads=2 --json --debug list --set camera.fps=5",
     "list --set camera.fps=5 --set model.threads=2 --debug --json --config FILE",
     "--json list --set=camera.fps=5 --config=FILE --set=model.threads=2 --debug"],
)  # fmt: skip
def test_flags_stand_before_or_behind_the_subcommand(
    made: argparse.ArgumentParser, tmp_path: Path, words: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[camera]\nwidth = 320\n")
    arguments = made.parse_args(words.replace("FILE", str(path)).split())
    config = load_from(arguments)
    assert (config.camera.width, config.camera.fps, config.model.threads) == (320, 5.0, 2)
    assert config_path(arguments) == path
    assert wants_json(arguments)
    assert arguments.debug


def test_nothing_given(made: argparse.ArgumentParser) -> None:
    arguments = made.parse_args(["list"])
    assert config_path(arguments) is None
    assert not wants_json(arguments)
    assert not arguments.debug
    assert load_from(arguments, {"model.threads": "3"}).model.threads == 3


def test_flags_of_the_command_win_over_set(made: argparse.ArgumentParser) -> None:
    arguments = made.parse_args(["list", "--set", "model.threads=2"])
    assert load_from(arguments, {"model.threads": "3"}).model.threads == 3


@pytest.mark.parametrize("pair", ["model.threads", "=2", " =2"])
def test_what_is_not_key_and_value_is_told(made: argparse.ArgumentParser, pair: str) -> None:
    with pytest.raises(UsageError, match="must be KEY=VALUE"):
        load_from(made.parse_args(["list", "--set", pair]))
