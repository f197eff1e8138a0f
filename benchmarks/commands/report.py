"""`edge-bench report`: results as one page."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.commands.common import Commands, new_file, say
from edge.errors import UsageError
from edge.files import is_special


def add(commands: Commands) -> None:
    """Register the command."""
    command = commands.add_parser(
        "report",
        help="results as one page",
        description="Results that --out kept, as one HTML page that loads nothing from anywhere; "
        "or, with --run, everything measured that can be measured here, and its page.",
    )
    command.add_argument("results", type=Path, nargs="*", metavar="RESULT.json")
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE.html|DIR",
        help="the page; with --run a folder for the results, the page and its Markdown",
    )
    command.add_argument("--markdown", type=new_file, metavar="FILE.md", help="for a README")
    run = command.add_argument_group("measure first")
    run.add_argument("--run", action="store_true", help="every benchmark that can run here")
    run.add_argument("--quick", action="store_true", help="a first look, no figures to quote")
    run.add_argument("--data", type=Path, metavar="DIR", help="FER-2013, for what needs it")
    command.set_defaults(run_it=_run)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks.report.needs import check_installed
    from benchmarks.report.report import report

    _check(arguments)
    check_installed()
    if not arguments.run:
        new_page = _page(arguments.out)
        report(arguments.results, new_page, arguments.markdown, say=say)
        return 0
    from benchmarks.report.run_all import run_all

    paths, left_out = run_all(arguments.out, arguments.data, arguments.quick, say)
    markdown = arguments.markdown or arguments.out / "report.md"
    report(paths, arguments.out / "report.html", markdown, left_out, say)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if arguments.run and arguments.results:
        raise UsageError("--run measures anew: give it no results")
    if not (arguments.run or arguments.results):
        raise UsageError("no results: name those that --out kept, or measure with --run")
    if not arguments.run and (arguments.quick or arguments.data):
        raise UsageError("--quick and --data go with --run")


def _page(path: Path) -> Path:
    if path.is_dir():
        raise UsageError(f"--out {path}: is a folder; name the page, or add --run")
    if is_special(path):
        raise UsageError(f"--out {path}: is no ordinary file; name one")
    return path
