"""The commands behind `edge-run`, each with a command line of its own: `edge-run alerts list`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence


def subcommand(argv: Sequence[str]) -> tuple[Callable[[list[str]], int] | None, list[str]]:
    """The command that the first word names, if it does, and everything but that word.

    Only flags that all commands share may stand before it, so that a picture may be called
    `alerts`.
    """
    place = 0
    while place < len(argv) and argv[place] not in _COMMANDS:
        word = argv[place]
        if word not in {"--json", "--debug"} and not word.startswith(("--config", "--set")):
            return None, []
        place += 2 if word in {"--config", "--set"} else 1
    if place >= len(argv):
        return None, []
    return _COMMANDS[argv[place]], [*argv[:place], *argv[place + 1 :]]


def _alerts(argv: list[str]) -> int:
    from edge import outbox_cli

    return outbox_cli.main(argv)


def _doctor(argv: list[str]) -> int:
    from edge import doctor_cli

    return doctor_cli.main(argv)


_COMMANDS: Mapping[str, Callable[[list[str]], int]] = {"alerts": _alerts, "doctor": _doctor}
