"""What all commands share: help with an example, one line for an error, the right exit code."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from edge import __version__
from edge.errors import EX_INTERRUPTED, EX_SOFTWARE, EX_UNAVAILABLE, EX_USAGE, EdgeError
from edge.message import one_line


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EX_USAGE, f"{self.prog}: error: {one_line(message)}; see {self.prog} --help\n")


def parser(program: str, description: str | None) -> argparse.ArgumentParser:
    """A parser with `--version` and `--debug`, whose errors are one line and exit code 64."""
    made = _Parser(
        prog=program,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=f"{program} {__version__}")
    made.add_argument("--debug", action="store_true", help="show a traceback with an error")
    return made


def run_command(made: argparse.ArgumentParser, argv: list[str] | None) -> int:
    """Parse `argv` and call the chosen `run_it(arguments) -> int`.

    An error becomes one line on stderr and its exit code; only `--debug` shows where it came from.
    """
    arguments = made.parse_args(argv)
    try:
        code: int = arguments.run_it(arguments)
        if sys.stdout is not None:  # started with it closed
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return EX_INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough; Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except EdgeError as error:
        if arguments.debug:
            raise
        print(f"{made.prog}: error: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        if arguments.debug:
            raise
        advice = "in the checkout: pip install -c requirements.lock -e '.[train]'"
        print(f"{made.prog}: error: {error.name} is not installed; {advice}", file=sys.stderr)
        return EX_UNAVAILABLE
    except Exception as error:
        if arguments.debug:
            raise
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        advice = f"run `{made.prog} --debug ...` and report it"
        print(f"{made.prog}: error: {one_line(what)}; {advice}", file=sys.stderr)
        return EX_SOFTWARE
