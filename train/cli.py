"""`edge-train`: from a folder of labelled faces to a float Keras model and its report.

Examples:
    edge-train audit --data data/fer2013
    edge-train fit --data data/fer2013 --run runs/first --backbone-weights imagenet
    edge-train fit --data data/fer2013 --run runs/first --resume
    edge-train balance runs/first/best.keras --data data/fer2013
    edge-train report runs/first --data data/fer2013
"""

from __future__ import annotations

import argparse
from importlib import import_module

from edge.command import parser, run_command

# each module registers one command; what a command needs is imported when it runs
COMMANDS = (
    "audit",
    "preview",
    "fit",
    "distil",
    "search",
    "folds",
    "balance",
    "evaluate",
    "report",
    "compare",
    "composites",
    "collect",
    "adapt",
)


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    return run_command(_parser(), argv)


def _parser() -> argparse.ArgumentParser:
    top = parser("edge-train", __doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name in COMMANDS:
        import_module(f"train.commands.{name}").add(commands)
    return top
