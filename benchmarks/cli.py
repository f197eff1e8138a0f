"""`edge-bench`: measures the shipped files and the pipeline on this machine.

Examples:
    edge-bench latency                          files, stages and whole frames, in milliseconds
    edge-bench accuracy --data data/fer2013     every file on FER-2013, both label sets
    edge-bench soak --minutes 10                the real service: does anything grow?
    edge-bench peers                            CPU time a frame beside the usual loops
    edge-bench report results/*.json --out report.html
"""

from __future__ import annotations

import argparse
from importlib import import_module

from benchmarks.registry import BENCHMARKS
from edge.command import parser, run_command

# each module registers one command; what a command needs is imported when it runs
COMMANDS = (*BENCHMARKS, "compare", "report")


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    top = parser("edge-bench", __doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"benchmarks.commands.{name}").add(commands)
    return top
