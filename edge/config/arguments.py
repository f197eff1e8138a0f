"""The flags that every `edge-run` command shares, and the configuration that they ask for."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import UsageError

if TYPE_CHECKING:
    from edge.config.sections import Config

_SETTINGS = "settings of "


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--config`, `--set`, `--json` and, where it is not there yet, `--debug`.

    To be added to a command's parser and to each of its subparsers, so that these flags may stand
    before or behind the subcommand.
    """
    parser.add_argument(
        "--config",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="a TOML file; see edge-run --print-config",
    )
    parser.add_argument(
        "--set",
        action="append",
        dest=_SETTINGS + parser.prog,  # a list of its own, or a subparser's would replace it
        default=argparse.SUPPRESS,
        metavar="KEY=VALUE",
        help="one configuration key, e.g. rules.anger.on=0.6; may be repeated",
    )
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="JSON, for programs"
    )
    if parser.get_default("debug") is None:
        parser.add_argument(
            "--debug",
            action="store_true",
            default=argparse.SUPPRESS,
            help="show a traceback with an error",
        )


def load_from(arguments: argparse.Namespace, flags: Mapping[str, str] | None = None) -> Config:
    """The configuration that these arguments ask for.

    Args:
        arguments: From a parser with `add_config_arguments`.
        flags: Further keys, as `edge.config.load` takes them; they win over `--set`.

    Raises:
        UsageError: a `--set` is not KEY=VALUE.
        ConfigError: see `edge.config.load`.
    """
    from edge.config.reading import load

    return load(config_path(arguments), settings=_settings(arguments) | dict(flags or {}))


def config_path(arguments: argparse.Namespace) -> Path | None:
    """The file that `--config` names."""
    path: Path | None = getattr(arguments, "config", None)
    return path


def wants_json(arguments: argparse.Namespace) -> bool:
    """Whether `--json` was given."""
    return getattr(arguments, "json", False)


def _settings(arguments: argparse.Namespace) -> dict[str, str]:
    settings = {}
    given = (pairs for name, pairs in vars(arguments).items() if name.startswith(_SETTINGS))
    for pair in (pair for pairs in given for pair in pairs):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {pair}: must be KEY=VALUE, e.g. --set rules.anger.on=0.6")
        settings[key.strip()] = value.strip()
    return settings
